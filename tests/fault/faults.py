# SPDX-License-Identifier: EUPL-1.2
"""What the tests of faults share: a log of a few hours with known truth, in three files, and asking a store about it."""

import csv
import datetime
import io
import json
import os
import random
import subprocess

SKIPPED = 77
START = datetime.datetime(2026, 11, 20, 1)
HOURS = 5
PORTS = 40
SETTINGS = """\
[realm default]
mapping = endpoint-independent
longest-session = 12h
outside = 198.51.100.0/24

[exporter cgn1]
loss = reported
"""
HEADER = "time,event,protocol,outside_address,outside_port,inside_address,inside_port,kind\n"


def stamp(second):
    return (START + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Truth:
    """Who held which port when: (port, inside, from, to) in seconds after START, to None where it is still held."""

    def __init__(self, seed=20261120):
        rng = random.Random(seed)
        self.held = []
        for port in range(2000, 2000 + PORTS):
            at = rng.randrange(600)
            while at < HOURS * 3600:
                until = at + rng.choice((30, 200, 1500, 7000)) + rng.randrange(60)
                inside = rng.randrange(1, 9)
                self.held.append((port, inside, at, until if until < HOURS * 3600 else None))
                at = until + rng.choice((1, 20, 400))

    def rows(self):
        rows = []
        for port, inside, since, until in self.held:
            tail = "tcp,198.51.100.7,%d,100.64.0.%d,%d,mapping" % (port, inside, 40000 + inside)
            rows.append((since, 1, "open," + tail))
            if until is not None:
                rows.append((until, 0, "close," + tail))
        for at in range(0, HOURS * 3600 + 1, 30):
            rows.append((at, 2, "open,tcp,198.51.100.7,65000,100.64.0.250,1,mapping"))
            rows.append((at, 3, "close,tcp,198.51.100.7,65000,100.64.0.250,1,mapping"))
        return sorted(rows)

    def holders(self, port, since, until):
        return {inside for p, inside, a, b in self.held
                if p == port and a <= until and (b is None or b >= since)}


def write_files(truth, folder, pieces):
    """The log in consecutive files of about the same length; their paths."""
    rows = truth.rows()
    paths = []
    for piece in range(pieces):
        path = os.path.join(folder, "piece%d.csv" % piece)
        part = rows[len(rows) * piece // pieces:len(rows) * (piece + 1) // pieces]
        with open(path, "w", encoding="utf-8") as out:
            out.write(HEADER + "".join("%s,%s\n" % (stamp(at), text) for at, _, text in part))
        paths.append(path)
    return paths


def questions(number, seed=7):
    rng = random.Random(seed)
    return [(rng.randrange(2000, 2000 + PORTS), rng.randrange(10, HOURS * 3600 - 10)) for _ in range(number)]


class Store:
    def __init__(self, program, path):
        self.program, self.path = program, path

    def make(self):
        os.mkdir(self.path)
        with open(os.path.join(self.path, "rogatory.conf"), "w", encoding="utf-8") as out:
            out.write(SETTINGS)

    def arguments(self, *files):
        return [self.program, "import", "--store", self.path, "--exporter", "cgn1", *files]

    def run(self, *arguments, stdin=None):
        return subprocess.run(arguments, input=stdin, capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})

    def load(self, *files):
        return self.run(*self.arguments(*files))

    def check(self):
        return self.run(self.program, "check", "--store", self.path)

    def ask(self, asked):
        """(verdict, insides named, insides possible) of each question."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["address", "port", "protocol", "time"])
        for port, at in asked:
            rows.writerow(["198.51.100.7", port, "tcp", stamp(at)])
        path = self.path + ".questions.csv"
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.getvalue())
        run = self.run(self.program, "ask", "--store", self.path, "--case", "A-1", "--json", "--batch", path)
        if not run.stdout:
            raise SystemExit("no answers: %d %s" % (run.returncode, run.stderr))
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        if len(answers) != len(asked):
            raise SystemExit("%d answers to %d questions: %s" % (len(answers), len(asked), run.stderr))

        def names(candidates):
            return frozenset(int(c["inside_address"].rsplit(".", 1)[1]) for c in candidates)
        return [(a["verdict"], names(a["candidates"]), names(a["possible"])) for a in answers]


def wrong(truth, asked, answers):
    """Answers that the truth contradicts: a name that never held it, or a proof that leaves somebody out."""
    found = []
    for (port, at), (verdict, named, _) in zip(asked, answers):
        holders = truth.holders(port, at - 2, at + 2)
        # `one` may stand for a holder and nobody else; `several` names only holders; `none` means nobody.
        lie = (verdict == "one" and named != holders) or (verdict == "several" and not named <= holders) or \
              (verdict == "none" and holders)
        if lie:
            found.append("port %d at %s: %s %s, but held by %s" % (port, stamp(at), verdict, set(named), holders))
    return found
