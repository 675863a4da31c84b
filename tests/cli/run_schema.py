# SPDX-License-Identifier: EUPL-1.2
"""Real answers against doc/format/answer.schema.json, and the schema's words against the program's."""

import json
import os
import subprocess
import sys

from cases import SKIPPED, SOURCE, WORDS, Folder, check, finish

try:
    import jsonschema
except ImportError:
    print("SKIP: the Debian package python3-jsonschema is not installed")
    sys.exit(SKIPPED)

ROWS = """\
198.51.100.7,4711,tcp,2026-10-25T10:22:30Z
198.51.100.7,4711,tcp,2026-10-25T10:25:00Z
198.51.100.7,,tcp,2026-10-25T10:22:30Z
198.51.100.7,4799,tcp,2026-10-25T10:45:00Z
198.51.100.7,4714,tcp,2026-10-25T11:59:45Z
198.51.100.7,4711,tcp,2026-10-26T12:00:00Z
192.0.2.200,4711,tcp,2026-10-25T10:22:30Z
203.0.113.5,5000,tcp,2026-10-25T10:22:00Z,192.0.2.2
203.0.113.5,5000,tcp,2026-10-25T10:22:00Z,192.0.2.2:443
2001:db8:17::5,,,2026-10-25T10:22:30Z
198.51.100.9,,89,2026-10-25T10:22:30Z
not an address,,,2026-10-25T10:22:30Z
"""


def main():
    with open(os.path.join(SOURCE, "doc", "format", "answer.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    verdicts = set()
    with Folder() as folder:
        folder.fill()
        run = folder.ask("--batch", "-", stdin=ROWS)
        lines = run.stdout.splitlines()
        check(len(lines) == len(ROWS.splitlines()), "an answer per row: " + run.stderr)
        for line in lines:
            answer = json.loads(line)
            verdicts.add(answer.get("verdict"))
            errors = [error.message for error in validator.iter_errors(answer)]
            check(not errors, "%s\n%s" % (line, "\n".join(errors)))
        answer = json.loads(lines[0])
    check(verdicts == {"one", "several", "none", "unknown", None}, "every verdict was tried: %s" % verdicts)

    # The schema refuses what no answer may be.
    for spoil in ({"verdict": "probably"}, {"reasons": ["because"]}, {"candidates": None}, {"surprise": 1}):
        check(not validator.is_valid({**answer, **spoil}), "the schema refuses %s" % spoil)

    words = {}
    for line in subprocess.run([WORDS], capture_output=True, text=True, check=True).stdout.splitlines():
        kind, word = line.split(" ", 1)
        words.setdefault(kind, []).append(word)
    parts = schema["$defs"]
    check(parts["answer"]["properties"]["verdict"]["enum"] == words["verdict"], "the schema knows the verdicts")
    check(parts["reason"]["enum"] == words["reason"], "the schema knows the reasons")
    check(parts["edge"]["enum"] == words["edge"], "the schema knows the edges")
    gaps = parts["coverage"]["properties"]["exporters"]["items"]["properties"]["gaps"]["items"]["enum"]
    check(gaps == words["gap"], "the schema knows the gaps")
    finish()


main()
