# SPDX-License-Identifier: EUPL-1.2
"""What an import says: the summary, what was refused and where, hints, and what a file that cannot be read costs."""

import json
import os

from cases import HEADER, SOURCE, Folder, check, expect, finish

BAD = HEADER + """\
2026-10-25T10:00:00Z,open,tcp,198.51.100.7,4711,100.64.0.17,40001,192.0.2.1,443,a
2026-10-25 10:00:01,open,tcp,198.51.100.7,4712,100.64.0.17,40002,192.0.2.1,443,b
2026-10-25T10:00:02Z,open,tcp,198.51.100.777,4713,100.64.0.17,40003,192.0.2.1,443,c
2026-10-25T10:00:03Z,opened,tcp,198.51.100.7,4714,100.64.0.17,40004,192.0.2.1,443,d
2026-10-25T10:00:04Z,close,tcp,198.51.100.7,4711,100.64.0.17,40001,192.0.2.1,443,a
"""


def readme(folder):
    """The example in README.md is what the program says."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        text = file.read()
    example = text.split("    $ rogatory import ", 1)[1].split("\n\n", 1)[0].splitlines()
    imported = folder.run("import", *example[0].split())
    check(imported.returncode == 0, "README: the import: " + imported.stderr)
    command = example[1].strip()
    check(command.startswith("$ rogatory ask "), "README: " + command)
    said = folder.run(*command.split()[2:]).stdout.splitlines()
    for line in example[2:]:
        if line.strip() != "...":
            check(line[4:] in said, "README shows what ask does not say: " + line)


def main():
    with Folder() as folder:
        readme(folder)

    with Folder() as folder:
        folder.write("bad.csv", BAD)
        folder.write("strange.bin", "nothing that is known\n" * 3)
        run = folder.run("import", "--store", "store", "--exporter", "cgn1", "bad.csv")
        expect("import-refused.txt", run, 0)
        run = folder.run("import", "--store", "store", "strange.bin", "missing.csv", "leases.csv")
        expect("import-not-read.txt", run, 1)
        check("3  leases" in folder.run("info", "--store", "store").stdout.replace("leases             2", "3  leases"),
              "the sound file beside them is imported")
        run = folder.run("import", "--store", "store", "--exporter", "cgn1", "--json", "bad.csv")
        summary = json.loads(run.stdout)
        check(summary["counts"]["lines"] == 6 and summary["counts"]["events"] == 2, "counts: " + run.stdout)
        check(sum(each["count"] for each in summary["refused"]) == 3, "refused: " + run.stdout)
        check(all(each["first_file"] == "bad.csv" for each in summary["refused"]), "where: " + run.stdout)
        run = folder.run("import", "--store", "store", "--exporter", "cgn1", "--quiet", "bad.csv")
        check(run.returncode == 0 and run.stdout == "" and run.stderr == "", "--quiet is quiet")

    with Folder() as folder:
        with open(folder.file("nat.csv"), encoding="utf-8") as file:
            run = folder.run("import", "--store", "new/store", "--exporter", "cgn1", "-", stdin=file.read())
        expect("import-no-folder.txt", run, 1)
        with open(folder.file("nat.csv"), encoding="utf-8") as file:
            run = folder.run("import", "--store", "store", "--exporter", "cgn1", "--realm", "north", "-", stdin=file.read())
        expect("import-hints.txt", run, 0)
        run = folder.ask("198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z")
        expect("ask-unknown-undeclared.txt", run, 5)
        with open(folder.store + "/access.log", encoding="utf-8") as log:
            entry = json.loads(log.readline())
        check(entry["action"] == "import" and entry["detail"]["files"] == ["-"], "the import is recorded: %s" % entry)
    finish()


main()
