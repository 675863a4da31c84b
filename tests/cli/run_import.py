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


# One file of each kind that says who had an inside address; between them every flaw that is looked for.
DHCPD = """\
authoring-byte-order little-endian;

lease 100.64.0.3 {
  starts 6 2026/11/21 12:00:00;
  ends 6 2026/11/21 13:00:00;
  cltt 6 2026/11/21 12:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:01;
  option agent.remote-id "line-7";
}
lease 100.64.0.4 {
  starts 6 2026/11/21 12:10:00;
  ends 6 2026/11/21 13:10:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:02;
}
lease 100.64.0.4 {
  starts 6 2026/11/21 12:30:00;
  ends 6 2026/11/21 13:30:00;
  binding state active;
"""

DHCPD_LATER = """\
lease 100.64.0.3 {
  starts 6 2026/11/21 12:40:00;
  ends 6 2026/11/21 13:40:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:01;
  option agent.remote-id "line-7";
}
"""

KEA6 = """\
address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source
2001:db8:100::,00:03:00:01:02:00,3600,1795266000,8,30,2,7,56,0,0,,,0,,,
2001:db8:100::,00:03:00:01:02:00,0,1795262400,8,30,2,7,56,0,0,,,0,,,
2001:db8::5,00:03:00:01:02:09,3600,1795266600,8,30,0,7,128,0,0,,,0,,,
"""

CUSTOMERS = """\
IP Address,Prefix,Customer,Valid-From,Valid-To,Contract
100.64.0.9,,"M\u00fcller, Haus 3",2026-11-01T00:00:00Z,,4
100.64.0.9,,Schmidt,2026-11-10T00:00:00Z,2026-11-12T00:00:00Z,5
100.64.0.9,,Weber,2026-11-11T00:00:00Z,,6
,100.64.0.0/28,Wholesale,2026-11-01T00:00:00Z,,7
"""


def lease_files():
    """Each kind of file that carries leases: what the import says of it, and info of all together."""
    with Folder() as folder:
        for name, text in (("dhcpd.leases", DHCPD), ("dhcpd.leases.later", DHCPD_LATER), ("kea-leases6.csv", KEA6),
                           ("customers.csv", CUSTOMERS)):
            folder.write(name, text)
            expect("import-%s.txt" % name.replace(".", "-"), folder.run("import", "--store", "store", name), 0)
        run = folder.run("import", "--store", "store", "--json", "customers.csv")
        flaws = {flaw["kind"]: flaw for flaw in json.loads(run.stdout)["lease_flaws"]}
        check(sorted(flaws) == ["hole", "nested", "overlap"], "flaws: %s" % flaws)
        check(flaws["overlap"]["count"] == 1 and flaws["overlap"]["first"] == [
            {"prefix": "100.64.0.9", "vrf": 0, "from": "2026-11-11T00:00:00.000Z", "to": "2026-11-12T00:00:00.000Z"}],
            "overlap: %s" % flaws["overlap"])
        run = folder.run("info", "--store", "store", "--json")
        check({flaw["kind"]: flaw for flaw in json.loads(run.stdout)["realms"][0]["lease_flaws"]} == flaws,
              "info tells the same: " + run.stdout)
        expect("info-leases.txt", folder.run("info", "--store", "store"), 0)
        for name in ("line-7", "Weber", "Schmidt"):
            check(name not in run.stdout, "info names nobody: " + name)


def main():
    lease_files()

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
