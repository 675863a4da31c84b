# SPDX-License-Identifier: EUPL-1.2
"""What the tests of the command line share: a store made of fixed logs, running the program, comparing its output.

Every run_NAME.py is called with the program, the words program and the source folder. `--accept` as a fourth argument
writes what the program says into expected/ instead of comparing: read the difference before committing it."""

import datetime
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, WORDS, SOURCE = (os.path.abspath(path) for path in sys.argv[1:4])
ACCEPT = "--accept" in sys.argv[4:]
EXPECTED = os.path.join(SOURCE, "tests", "cli", "expected")
SKIPPED = 77

# One realm, endpoint-independent, whose log says when it loses events. A line every 30 seconds keeps the log heard: the
# heartbeat is a minute.
SETTINGS = """\
[realm default]
zone = Europe/Berlin
mapping = endpoint-independent
outside = 198.51.100.0/24
longest-session = 10m
lease-log = complete

[exporter cgn1]
loss = reported

[realm linux]
mapping = destination-dependent
destinations = keep
outside = 203.0.113.0/24
longest-session = 10m

[exporter box]
realm = linux
loss = reported
"""

LEASES = """\
inside_address,subscriber,start,end
100.64.0.17,customer-17,2026-10-01T00:00:00Z,2026-11-15T00:00:00Z
100.64.0.18,customer-18,2026-10-01T00:00:00Z,2026-11-15T00:00:00Z
"""

PREFIXES = """\
prefix,subscriber,start,end
2001:db8:17::/56,customer-17,2026-10-01T00:00:00Z,2026-11-15T00:00:00Z
"""

HEADER = "time,event,protocol,outside_address,outside_port,inside_address,inside_port,destination_address,destination_port,session\n"


def instant(second):
    """Seconds after 2026-10-25T10:00:00Z; below zero, of the night before, in which clocks in Europe are set back at
    01:00Z."""
    at = datetime.datetime(2026, 10, 25, 10) + datetime.timedelta(seconds=second)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def nat_rows(events, spans, address, inside):
    """Events (second, text) with a heartbeat among them: sessions of a port that no question asks for."""
    rows = list(events)
    for since, until in spans:
        for second in range(since, until, 30):
            for event, at in (("open", second), ("close", second + 1)):
                rows.append((at, "%s,tcp,%s,65000,%s,1,192.0.2.80,80,beat%d" % (event, address, inside, second)))
    rows.sort(key=lambda row: row[0])
    return HEADER + "".join("%s,%s\n" % (instant(second), text) for second, text in rows)


def event(second, what, protocol, port, inside, inside_port, session, address="198.51.100.7", dest="192.0.2.1,443"):
    return (second, "%s,%s,%s,%d,%s,%d,%s,%s" % (what, protocol, address, port, inside, inside_port, dest, session))


def nat_log():
    """Port 4711: customer-17 from 10:20 to 10:25, then customer-18 from 10:25:01 to 10:40. Port 4712: opened at 10:50 and
    never closed; port 4714 at 11:55, five minutes before the log ends. Port 4713: 100.64.0.99, who has no lease. ICMP
    identifier 77. Port 4720 in the night of the clocks."""
    night = -36000
    return nat_rows([
        event(night + 1200, "open", "tcp", 4720, "100.64.0.17", 40001, "n"),
        event(night + 2400, "close", "tcp", 4720, "100.64.0.17", 40001, "n"),
        event(1200, "open", "tcp", 4711, "100.64.0.17", 40001, "a"),
        event(1500, "close", "tcp", 4711, "100.64.0.17", 40001, "a"),
        event(1501, "open", "tcp", 4711, "100.64.0.18", 40002, "b"),
        event(2400, "close", "tcp", 4711, "100.64.0.18", 40002, "b"),
        event(3000, "open", "tcp", 4712, "100.64.0.18", 40003, "c"),
        event(3000, "open", "udp", 4713, "100.64.0.99", 40004, "d"),
        event(3060, "close", "udp", 4713, "100.64.0.99", 40004, "d"),
        event(3100, "open", "icmp", 77, "100.64.0.17", 77, "e"),
        event(3130, "close", "icmp", 77, "100.64.0.17", 77, "e"),
        event(6900, "open", "tcp", 4714, "100.64.0.18", 40005, "f"),
    ], [(night, night + 3600), (0, 7200)], "198.51.100.250", "100.64.0.250")


def linux_log():
    """Port 5000 is lent to two customers at once, towards two destinations."""
    here = {"address": "203.0.113.5"}
    return nat_rows([
        event(1200, "open", "tcp", 5000, "100.64.0.17", 50001, "p", dest="192.0.2.1,443", **here),
        event(1210, "open", "tcp", 5000, "100.64.0.18", 50002, "q", dest="192.0.2.2,443", **here),
        event(1500, "close", "tcp", 5000, "100.64.0.17", 50001, "p", dest="192.0.2.1,443", **here),
        event(1510, "close", "tcp", 5000, "100.64.0.18", 50002, "q", dest="192.0.2.2,443", **here),
    ], [(0, 7200)], "203.0.113.250", "100.64.0.250")


class Folder:
    """A temporary folder with the inputs, removed at the end; paths in output are shown below it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="rogatory-cli-")
        self.store = os.path.join(self.path, "store")
        self.write("nat.csv", nat_log())
        self.write("linux.csv", linux_log())
        self.write("leases.csv", LEASES)
        self.write("prefixes.csv", PREFIXES)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        with open(self.file(name), "w", encoding="utf-8") as out:
            out.write(text)
        return self.file(name)

    def run(self, *arguments, stdin=""):
        return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, cwd=self.path,
                              check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})

    def ask(self, *arguments, stdin=""):
        return self.run("ask", "--store", "store", "--case", "A-17/26", *arguments, stdin=stdin)

    def fill(self):
        os.mkdir(self.store)
        with open(os.path.join(self.store, "rogatory.conf"), "w", encoding="utf-8") as out:
            out.write(SETTINGS)
        runs = [
            self.run("import", "--store", "store", "--exporter", "cgn1", "nat.csv"),
            self.run("import", "--store", "store", "--exporter", "box", "linux.csv"),
            self.run("import", "--store", "store", "--realm", "default", "leases.csv", "prefixes.csv"),
            self.run("import", "--store", "store", "--realm", "linux", "leases.csv"),
        ]
        for run in runs:
            if run.returncode != 0:
                raise SystemExit("the store could not be made:\n" + run.stderr + run.stdout)
        return runs


failures = []


def normalise(text):
    """Takes out what differs from run to run, and sizes, which are the business of the store's own tests."""
    text = re.sub(r"Time taken: .*", "Time taken: TIME", text)
    text = re.sub(r"uid \d+ \([^)]*\)(, by sudo from uid \d+ \([^)]*\))?", "uid N (PERSON)", text)
    text = re.sub(r" +\d+  bytes written", "             N  bytes written", text)
    text = re.sub(r"(record of access +)\d+ entries", r"\1N entries", text)
    text = re.sub(r"^(  bytes  .*)$", lambda line: re.sub(r"\d+", "N", line.group(1)), text, flags=re.M)
    text = re.sub(r"^(  bytes per binding  )\S+(.*\n)(?:    .*\n)+", r"\1N\2", text, flags=re.M)
    return re.sub(r"rogatory-cli-\w+", "FOLDER", text)


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


def expect(name, run, code):
    """Output and exit code of a run against expected/NAME."""
    said = "exit %d\n--- standard output\n%s--- standard error\n%s" % (run.returncode, run.stdout, run.stderr)
    said = normalise(said)
    path = os.path.join(EXPECTED, name)
    check(run.returncode == code, "%s: exit code %d, wanted %d" % (name, run.returncode, code))
    if ACCEPT:
        with open(path, "w", encoding="utf-8") as out:
            out.write(said)
        return
    if not os.path.exists(path):
        check(False, "%s: no expected output" % name)
        return
    with open(path, encoding="utf-8") as wanted:
        lines = wanted.read().splitlines()
    difference = list(difflib.unified_diff(lines, said.splitlines(), "expected/" + name, "said", lineterm=""))
    check(not difference, "%s: other output\n%s" % (name, "\n".join(difference)))


def finish():
    if failures:
        raise SystemExit("%d failed" % len(failures))
    print("all as expected")
