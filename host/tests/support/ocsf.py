"""Validates events, a JSON each line of the file that is named, by the schema of OCSF. Prints what is wrong, and ends with
1 where anything is. The generator knows the schema as its authors publish it.
"""

import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

amiss, seen, validators = False, set(), {}
with open(sys.argv[1]) as file:
    for number, line in enumerate(file, 1):
        event = json.loads(line)
        version, profiles = event["metadata"]["version"], tuple(event["metadata"]["profiles"])
        key = (version, event["class_uid"], profiles)
        if key not in validators:
            generator = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
            name = generator.lookup_class_name_from_uid(event["class_uid"])
            schema = generator.get_class_schema(class_name=name, profiles=list(profiles))
            validator_for(schema).check_schema(schema)
            validators[key] = Draft202012Validator(schema)
        seen.add(event["class_uid"])
        for error in validators[key].iter_errors(event):
            amiss = True
            path = "/".join(str(part) for part in error.absolute_path)
            print(f"event {number}, class {event['class_uid']}: `{path}`: {error.message[:500]}")
print("validated classes", *sorted(seen))
sys.exit(1 if amiss else 0)
