"""Says what is against a Compose file, which comes as JSON: SCHEMA < FILE."""

import json
import sys

from jsonschema import validators

schema = json.load(open(sys.argv[1]))
validator = validators.validator_for(schema)
validator.check_schema(schema)
for wrong in validator(schema).iter_errors(json.load(sys.stdin)):
    print(f"{wrong.json_path}: {wrong.message}")
