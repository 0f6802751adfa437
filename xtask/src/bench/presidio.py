"""How fast Presidio's pattern recognisers are on the lines of a file: megabytes of text per second on one core.

python presidio.py FILE SECONDS
"""

import sys
import time

import tldextract
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    UsSsnRecognizer,
)

# The list of top-level domains that comes with it, instead of a new one from the network while the clock runs.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
with open(sys.argv[1], encoding="utf-8") as file:
    lines = file.read().splitlines()
seconds = float(sys.argv[2])
recognizers = [EmailRecognizer(), CreditCardRecognizer(), UsSsnRecognizer(), IbanRecognizer()]
start, size, found = time.perf_counter(), 0, 0
while time.perf_counter() - start < seconds:
    for line in lines:
        for recognizer in recognizers:
            found += len(recognizer.analyze(line, recognizer.supported_entities, None))
        size += len(line.encode())
        if time.perf_counter() - start > seconds:
            break
elapsed = time.perf_counter() - start
assert found > 0, "Presidio finds nothing: is it set up?"
print(f"{size / 1e6 / elapsed:.4f}")
