#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The three writings of evidence by independent eyes: the JSON against its schema (python3-jsonschema), the statement by
Python's HTML parser, the provenance against the terms of CASE examples where they are present.

Then evidence of a real store, whose windows stand in a real log, as rogatory-verify sees it.

usage: evidence.py EVIDENCE_DUMP SOURCE_ROOT ROGATORY ROGATORY_VERIFY
"""
import copy
import glob
import hashlib
import html.parser
import json
import os
import subprocess
import sys
import tempfile

DUMP, ROOT, ROGATORY, VERIFY = (os.path.abspath(word) for word in sys.argv[1:5])
HOSTILE = "<script>x</script>\" onload='x' \u202e &lt; \\ ]]> {{7*7}}"


def check_schema(text):
    import jsonschema
    with open(os.path.join(ROOT, "doc", "format", "evidence.schema.json")) as file:
        jsonschema.Draft202012Validator(json.load(file)).validate(json.loads(text))


def check_json(text, verdict):
    try:
        import jsonschema
    except ImportError:
        print("SKIP: no python3-jsonschema")
        return
    with open(os.path.join(ROOT, "doc", "format", "evidence.schema.json")) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    evidence = json.loads(text)
    validator.validate(evidence)
    # The schema can fail, and it knows every member.
    for spoil in (lambda e: e.pop("windows"), lambda e: e.update(extra=1),
                  lambda e: e["identifiers"][0].update(verdict="two"),
                  lambda e: e["identifiers"][0]["findings"][0].pop("coverage")):
        spoilt = copy.deepcopy(evidence)
        spoil(spoilt)
        assert not validator.is_valid(spoilt), "the schema takes anything"
    bindings = evidence["identifiers"][0]["findings"][0]["bindings"]
    assert len(bindings) == {"one": 1, "several": 2, "none": 0, "unknown": 0}[verdict]
    if bindings:
        assert bindings[0]["subscriber"] == HOSTILE


class Statement(html.parser.HTMLParser):
    ALLOWED = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "table", "tr", "th", "td", "ul",
               "li", "section", "br", "bdi", "span"}
    VOID = {"meta", "br"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        assert tag in self.ALLOWED, "the statement has a <%s>" % tag
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("href", "src", "style", "action"), name
            assert "url(" not in (value or ""), value
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "</%s> closes nothing" % tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError("the statement has a comment")


def check_statement(text, verdict):
    page = Statement()
    page.feed(text)
    page.close()
    assert not page.open, page.open
    assert "default-src 'none'" in text
    if verdict in ("one", "several"):
        assert HOSTILE.replace("\u202e", "[U+202E]") in page.text
        assert "as the user stated it, not verified" in page.text
    if verdict == "unknown":
        assert "no evidence against anybody" in page.text and "customer" not in page.text
    assert "\u202e" not in page.text
    assert "2026-11-11T08:40:00.000Z" in page.text and "2026-11-11T09:40:00.000+01:00" in page.text
    assert "2026-11-11T11:00:00+01:00" in page.text, "the source's own words are missing"


def terms(value, found):
    """Every term of the examples: types and the names of members."""
    if isinstance(value, dict):
        found.update(name for name in value if not name.startswith("@"))
        kinds = value.get("@type", [])
        found.update(kinds if isinstance(kinds, list) else [kinds])
        for one in value.values():
            terms(one, found)
    elif isinstance(value, list):
        for one in value:
            terms(one, found)
    return found


# Terms of UCO and CASE 1.x that the examples at hand do not use.
FURTHER = {"uco-observable:IPv6Address", "uco-observable:IPv6AddressFacet", "uco-observable:IPv4Address",
           "uco-vocabulary:HashNameVocab", "uco-core:startTime", "uco-core:endTime"}


def check_provenance(folder, verdict):
    with open(os.path.join(folder, "provenance.jsonld")) as file:
        bundle = json.load(file)
    names = {}

    def collect(value):
        if isinstance(value, dict):
            if "@type" in value and "@id" in value:
                assert value["@id"] not in names, "two things are named %s" % value["@id"]
                names[value["@id"]] = value
            for one in value.values():
                collect(one)
        elif isinstance(value, list):
            for one in value:
                collect(one)

    def resolve(value):
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                assert value["@id"] in names, "%s is nowhere" % value["@id"]
            for one in value.values():
                resolve(one)
        elif isinstance(value, list):
            for one in value:
                resolve(one)

    collect(bundle)
    resolve(bundle)
    assert bundle["@type"] == "uco-core:Bundle"
    prefixes = set(bundle["@context"])
    used = terms({name: value for name, value in bundle.items() if name != "@context"}, set())
    for term in used:
        assert term.split(":")[0] in prefixes, "%s has no prefix in the context" % term
    files = {one["uco-core:hasFacet"][0]["uco-observable:fileName"]: one["uco-core:hasFacet"]
             for one in names.values() if one["@type"] == "uco-observable:File"}
    for name in ("evidence.json", "statement.html"):
        with open(os.path.join(folder, name), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        assert files[name][1]["uco-observable:hash"][0]["uco-types:hashValue"]["@value"] == digest
    accounts = [one for one in names.values() if one["@type"] == "uco-observable:DigitalAccount"]
    assert len(accounts) == {"one": 1, "several": 2, "none": 0, "unknown": 0}[verdict]
    examples = glob.glob(os.path.join(ROOT, "..", "shared", "data", "case", "*.json"))
    if not examples:
        print("SKIP: no CASE examples")
        return
    known = set(FURTHER)
    for path in examples:
        with open(path) as file:
            terms(json.load(file), known)
    assert used <= known, "terms that nobody knows: %s" % sorted(used - known)


def real():
    """A store of fixed logs is asked, its windows stand in a log; what was changed afterwards is refused."""
    sys.argv[1:4] = [ROGATORY, DUMP, ROOT]
    sys.path.insert(0, os.path.join(ROOT, "tests", "cli"))
    import cases
    with cases.Folder() as folder:
        folder.fill()
        folder.run("log", "init", "--log", "log", "--origin", "node.example/log")
        assert folder.run("log", "seal-windows", "--log", "log", "--store", "store").returncode == 0

        def verify(name):
            return subprocess.run([VERIFY, "--log-key", folder.file("log/log.vkey"), folder.file(name)], capture_output=True,
                                  text=True, check=False)

        for port, second, verdict in ((4711, 1320, "one"), (4711, 1500, "several"), (4711, 2700, "none"), (4712, -20000, "unknown")):
            at = cases.instant(second)
            asked = folder.ask("--json", "198.51.100.7:%d" % port, "--at", at, "--proto", "tcp")
            said = json.loads(asked.stdout)
            assert said["verdict"] == verdict, (port, at, said["verdict"], said["reasons"])
            folder.write("answer.json", asked.stdout)
            subprocess.run([DUMP, folder.file("answer.json"), str(port), at, folder.file("log"), folder.path, verdict], check=True)
            with open(folder.file(verdict + "/evidence.json"), encoding="utf-8") as file:
                text = file.read()
            try:
                check_schema(text)
            except ImportError:
                print("SKIP: no python3-jsonschema")
            assert ("customer" in text) == (verdict == "one"), text
            run = verify(verdict + "/evidence.json")
            assert run.returncode == 0, run.stdout + run.stderr
            if verdict == "one":
                assert "window-logged" in run.stdout and "entry-included" in run.stdout, run.stdout
                digest = json.loads(text)["windows"][0]["sha256"]
                for spoilt in (text.replace(digest, "0" * 64, 1), text.replace("default/nat/", "other/nat/", 1)):
                    assert spoilt != text
                    folder.write("one/spoilt.json", spoilt)
                    assert verify("one/spoilt.json").returncode == 1, "changed evidence verifies"
            print("a real store's '%s' with its windows in a real log" % verdict)


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([DUMP, folder], check=True)
        for verdict in ("one", "several", "none", "unknown"):
            here = os.path.join(folder, verdict)
            with open(os.path.join(here, "evidence.json"), encoding="utf-8") as file:
                check_json(file.read(), verdict)
            with open(os.path.join(here, "statement.html"), encoding="utf-8") as file:
                check_statement(file.read(), verdict)
            check_provenance(here, verdict)
            print("evidence of '%s': JSON, statement and provenance are sound" % verdict)
    real()


main()
