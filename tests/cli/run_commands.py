# SPDX-License-Identifier: EUPL-1.2
"""What the program says of itself, and of a command line that it cannot use."""

import json
import os

from cases import PROGRAM, Folder, check, expect, finish

USAGE = [
    # name, arguments
    ("no-command", []),
    ("unknown-command", ["improt"]),
    ("unknown-word", ["frobnicate"]),
    ("unknown-option", ["ask", "--store", "s", "--prot", "tcp", "--cas", "x", "--jsno"]),
    ("far-option", ["ask", "--frobnicate"]),
    ("short-option", ["ask", "-x"]),
    ("option-twice", ["ask", "--store", "s", "--store", "t"]),
    ("option-without-value", ["ask", "--store"]),
    ("option-with-value", ["ask", "--json=yes"]),
    ("ask-no-store", ["ask", "--case", "A", "198.51.100.7:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-no-case", ["ask", "--store", "s", "198.51.100.7:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-empty-case", ["ask", "--store", "s", "--case", "", "198.51.100.7:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-no-address", ["ask", "--store", "s", "--case", "A", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-two-addresses", ["ask", "--store", "s", "--case", "A", "192.0.2.1", "192.0.2.2", "--at", "2026-10-25T10:00:00Z"]),
    ("ask-no-time", ["ask", "--store", "s", "--case", "A", "198.51.100.7:1"]),
    ("ask-no-offset", ["ask", "--store", "s", "--case", "A", "198.51.100.7:1", "--at", "2026-10-25T10:22:30"]),
    ("ask-bad-address", ["ask", "--store", "s", "--case", "A", "198.51.100:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-bad-port", ["ask", "--store", "s", "--case", "A", "198.51.100.7:70000", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-bad-protocol", ["ask", "--store", "s", "--case", "A", "--proto", "tpc", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-every-protocol", ["ask", "--store", "s", "--case", "A", "--proto", "0", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-gre-port", ["ask", "--store", "s", "--case", "A", "--proto", "47", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-esp-port", ["ask", "--store", "s", "--case", "A", "--proto", "50", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-bad-skew", ["ask", "--store", "s", "--case", "A", "--skew", "2", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-bad-dest", ["ask", "--store", "s", "--case", "A", "--dest", "::", "192.0.2.1:1", "--at", "2026-10-25T10:22:30Z"]),
    ("ask-batch-and-address", ["ask", "--store", "s", "--case", "A", "--batch", "f", "192.0.2.1:1"]),
    ("import-no-store", ["import", "f"]),
    ("import-no-file", ["import", "--store", "s"]),
    ("import-bad-dialect", ["import", "--store", "s", "--dialect", "klingon", "f"]),
    ("import-bad-format", ["import", "--store", "s", "--format", "pacp", "f"]),
    ("import-bad-zone", ["import", "--store", "s", "--zone", "Berlin", "f"]),
    ("import-bad-year", ["import", "--store", "s", "--year", "26", "f"]),
    ("import-bad-mapping", ["import", "--store", "s", "--mapping", "cone", "f"]),
    ("import-bad-loss", ["import", "--store", "s", "--loss", "some", "f"]),
    ("check-operand", ["check", "--store", "s", "t"]),
    ("info-no-store", ["info"]),
    ("dialects-operand", ["dialects", "rfc8158"]),
    ("decode-no-file", ["decode"]),
    ("decode-bad-limit", ["decode", "--limit", "0", "f"]),
    ("decode-bad-exporter", ["decode", "--exporter", "cgn1", "f"]),
    ("top-no-node", ["top"]),
    ("top-two-nodes", ["top", "--node", "127.0.0.1:9464", "--config", "s"]),
    ("top-no-port", ["top", "--node", "127.0.0.1"]),
    ("top-bad-node", ["top", "--node", "localhost:9464"]),
    ("top-bad-interval", ["top", "--node", "127.0.0.1:9464", "--interval", "2"]),
    ("top-long-interval", ["top", "--node", "127.0.0.1:9464", "--interval", "2h"]),
    ("top-bad-limit", ["top", "--node", "127.0.0.1:9464", "--limit", "0"]),
    ("top-operand", ["top", "--node", "127.0.0.1:9464", "s"]),
    ("verify-no-file", ["verify"]),
    ("verify-two-files", ["verify", "--log-key", "k", "f", "g"]),
    ("verify-unknown-option", ["verify", "--pined", "f"]),
    ("help-unknown", ["help", "aks"]),
]


def main():
    with Folder() as folder:
        for name, arguments in USAGE:
            run = folder.run(*arguments)
            expect("usage-%s.txt" % name, run, 2)
            check(run.stdout == "", "%s: nothing on standard output" % name)
        check(not os.path.exists(folder.file("s")), "wrong usage makes no store")

        expect("help.txt", folder.run("help"), 0)
        for words, code in ((["verify", "f"], 2), (["verify", "--log-key", "k", "--json", "f"], 3)):
            run = folder.run(*words)
            check(run.returncode == code and run.stderr.startswith("rogatory-verify: "), "%s is handed over" % words)
        check(folder.run("--help").stdout == folder.run("help").stdout, "--help is help")
        commands = [each["name"] for each in json.loads(folder.run("help", "--json").stdout)["commands"]]
        for command in commands:
            run = folder.run(command, "--help")
            expect("help-%s.txt" % command, run, 0)
            check(folder.run("help", command).stdout == run.stdout, "help %s is %s --help" % (command, command))
            check(all(len(line) <= 90 for line in run.stdout.splitlines()), "%s --help fits a terminal" % command)
        check(folder.run("--version").stdout == folder.run("version").stdout, "--version is version")
        check("version" in json.loads(folder.run("version", "--json").stdout), "version --json")
        check(json.loads(folder.run("dialects", "--json").stdout)["formats"], "dialects --json")
        listed = folder.run("dialects").stdout
        check("rfc8158" in listed and "conntrack" in listed, "dialects lists dialects and formats")

        # Failures: no store, no file, a full or closed output.
        expect("no-store.txt", folder.ask("192.0.2.1:1", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"), 1)
        expect("no-file.txt", folder.run("import", "--store", "store", "--quiet", "missing.csv"), 1)
        code = os.system("'%s' help > /dev/full 2>/dev/null" % PROGRAM)
        check(os.waitstatus_to_exitcode(code) == 1, "a result that cannot be written is a failure")
    finish()


main()
