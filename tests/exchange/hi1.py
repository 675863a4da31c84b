# SPDX-License-Identifier: EUPL-1.2
"""hi1.py DUMP SOURCE: holds the HI1 messages that we write against the JSON schemas of ETSI TS 103 120 V1.23.1.

The schemas are not in the project; they are looked for in ../shared/data/etsi-103120 beside it, or in the folder that
ROGATORY_SHARED names. Not all of them are there: the Core schema (header, action requests), the Task schema (LDTaskObject,
LPTaskObject) and TS 103 280 (simple types) are missing. For the types that the others refer to the definitions below stand in,
written from what the texts say and not from the missing files; the header and the tasks have no independent check here, and this
test says so."""

import base64
import copy
import glob
import hashlib
import json
import os
import subprocess
import sys

SKIPPED = 77
DUMP, SOURCE = sys.argv[1:3]
failures = []


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


def text(most, pattern=None):
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    if pattern:
        schema["pattern"] = pattern
    return schema


SECOND = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
MICROSECOND = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$"
UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"

# Stand-ins, as small as they can be.
SIMPLE = {
    "$id": "ts_103280_2017_07",
    "$defs": {
        "ShortString": text(255), "LongString": text(65535), "ISOCountryCode": text(2, "^[A-Z]{2}$"),
        "QualifiedDateTime": text(40, SECOND), "QualifiedMicrosecondDateTime": text(40, MICROSECOND), "UUID": text(36, UUID),
        "LDID": text(255, r"^[A-Z]{2}-.+-.+$"), "LIID": text(25), "InternationalE164": text(15, r"^\d+$"),
        "InternationalizedEmailAddress": text(320, "@"),
    },
}
CORE = {
    "$id": "ts_103120_Core_2019_10",
    "$defs": {
        "ObjectIdentifier": {"$ref": "ts_103280_2017_07#/$defs/UUID"},
        "AssociatedObjects": {
            "type": "object", "additionalProperties": False,
            "properties": {"AssociatedObject": {"type": "array", "items": {"$ref": "#/$defs/ObjectIdentifier"}}}},
        "NationalHandlingParameters": {"type": "object"},
        "ActionUnsuccesfulInformation": {"type": "object"},
        "EndpointID": {
            "type": "object", "additionalProperties": False, "required": ["CountryCode", "UniqueIdentifier"],
            "properties": {"CountryCode": {"$ref": "ts_103280_2017_07#/$defs/ISOCountryCode"},
                           "UniqueIdentifier": {"$ref": "ts_103280_2017_07#/$defs/ShortString"}}},
    },
}

# Which schema describes an object; the tasks have none at hand.
SCHEMAS = {"AuthorisationObject": "ts_103120_Authorisation_2020_09", "DocumentObject": "ts_103120_Document_2020_09",
           "NotificationObject": "ts_103120_Notification_2016_02", "DeliveryObject": "ts_103120_Delivery_2019_10"}
WITHOUT_SCHEMA = {"LDTaskObject", "LPTaskObject"}


def find_shared():
    for folder in (os.environ.get("ROGATORY_SHARED"), os.path.join(SOURCE, "..", "shared")):
        if folder and os.path.exists(os.path.join(folder, "data", "etsi-103120")):
            return os.path.join(folder, "data", "etsi-103120")
    print("SKIP: the schemas of ETSI TS 103 120 are not at hand")
    sys.exit(SKIPPED)


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def validators(folder):
    try:
        import jsonschema
    except ImportError:
        print("SKIP: no python3-jsonschema")
        sys.exit(SKIPPED)
    schemas = [load(folder, os.path.basename(path)) for path in glob.glob(folder + "/*.schema.json")] + [SIMPLE, CORE]
    store = {schema["$id"]: schema for schema in schemas}
    result = {}
    for name, schema in SCHEMAS.items():
        # The files refer to each other by $id, which is no address; the store has them all.
        resolver = jsonschema.RefResolver(base_uri=schema, referrer=store[schema], store=store)
        jsonschema.Draft202012Validator.check_schema(store[schema])
        result[name] = jsonschema.Draft202012Validator({"$ref": "%s#/$defs/%s" % (schema, name)}, resolver=resolver)
    return result


def actions(message):
    for action in message["Payload"]["RequestPayload"]["ActionRequests"]["ActionRequest"]:
        verbs = [verb for verb in action if verb != "ActionIdentifier"]
        check(len(verbs) == 1, "one verb in an action: %s" % verbs)
        if "HI1Object" in action[verbs[0]]:
            yield verbs[0], action[verbs[0]]["HI1Object"]


def entries(value):
    """All dictionary entries in a value."""
    if isinstance(value, dict):
        if "common:Owner" in value:
            yield value["common:Owner"], value["common:Name"], value["common:Value"]
        for inner in value.values():
            yield from entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from entries(inner)


def check_words(folder, message):
    dictionaries = dict(load(folder, "dictionaries-values.json")["dictionaries"])
    mapping = load(folder, "epoc-mapping.json")
    dictionaries.update({"EPOCLegalType": mapping["EPOCLegalType"], "EPOCPriority": mapping["EPOCPriority"],
                         "EPOCAuthorisationFlag": mapping["EPOCAuthorisationFlag"]})
    for owner, name, value in entries(message):
        if owner == "ETSI":
            check(value in dictionaries.get(name, ()), "the dictionary %s has no %s" % (name, value))
        else:
            check(owner == "rogatory", "whose dictionary is %s?" % owner)


def check_document(thing):
    """The document is what its checksum says, and is the certificate."""
    body = thing["doc:DocumentBody"]
    content = base64.b64decode(body["doc:Contents"], validate=True)
    check(hashlib.sha256(content).hexdigest() == body["doc:Checksum"], "the checksum of a document")
    check(json.loads(content)["format"] == "rogatory-message/1", "the format of a certificate")


def main():
    folder = find_shared()
    by_type = validators(folder)
    lines = subprocess.run([DUMP], capture_output=True, text=True, check=True).stdout.splitlines()
    counts, unchecked, mutations = {}, {}, 0
    for line in lines:
        message = json.loads(line)
        check_words(folder, message)
        for verb, thing in actions(message):
            kind = thing["@xsi:type"].split("}")[1]
            if kind in WITHOUT_SCHEMA:
                unchecked[kind] = unchecked.get(kind, 0) + 1
                continue
            problems = sorted(by_type[kind].iter_errors(thing), key=str)
            check(not problems, "%s %s: %s" % (verb, kind, problems[0] if problems else ""))
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "DocumentObject":
                check_document(thing)
            # The validator sees what is wrong: an unknown member, and one of another kind.
            for change in ({"unknown": 1}, {"ObjectIdentifier": "7"}):
                wrong = dict(copy.deepcopy(thing), **change)
                check(not by_type[kind].is_valid(wrong), "%s is accepted with %s" % (kind, change))
                mutations += 1
    # Our stand-ins let the standard's own examples pass too.
    for name in ("request4-Preservation-Link.json", "request_ee_config.json"):
        for verb, thing in actions(load(folder, name)):
            kind = thing["@xsi:type"].split("}")[1]
            if kind in by_type:
                check(by_type[kind].is_valid(thing), "the example %s" % name)
    check(set(counts) == set(SCHEMAS), "objects of every kind: %s" % counts)
    print("%d messages; valid: %s; %d changed ones refused" % (
        len(lines), ", ".join("%d %s" % (count, name) for name, count in sorted(counts.items())), mutations))
    print("SKIP: no schema is at hand for the header, the action requests and %s" % ", ".join(
        "%d %s" % (count, name) for name, count in sorted(unchecked.items())))
    return 1 if failures else 0


sys.exit(main())
