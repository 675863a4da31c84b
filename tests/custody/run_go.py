#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""run_go.py ROGATORY MAKE_LOG SOURCE: logs of several sizes, their proofs, requests and cosignatures are held against
golang.org/x/mod (sumdb/note, sumdb/tlog), the implementation of the Go checksum database; and what was changed is refused by
it. Skips where Go or that package is not there (Debian: golang-go, golang-golang-x-mod-dev)."""

import os
import shutil
import subprocess
import sys
import tempfile

ROGATORY, MAKE_LOG, SOURCE = (os.path.abspath(path) for path in sys.argv[1:4])
GOPATH = "/usr/share/gocode"
SKIPPED = 77
# Around the edges of tiles: a partial one, a full one, one more, and several levels within.
SIZES = (20, 256, 257, 700)


def run(*command, **more):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        raise SystemExit("FAILED: %s\n%s%s" % (" ".join(command), result.stdout, result.stderr))
    return result.stdout


def build(folder):
    if not shutil.which("go") or not os.path.isdir(GOPATH + "/src/golang.org/x/mod/sumdb/tlog"):
        print("SKIP: Go and golang.org/x/mod are not here (golang-go, golang-golang-x-mod-dev)")
        sys.exit(SKIPPED)
    checker = os.path.join(folder, "check_log")
    environment = dict(os.environ, GOPATH=GOPATH, GO111MODULE="off", GOFLAGS="-mod=mod", GOCACHE=os.path.join(folder, "cache"),
                       CGO_ENABLED="0")
    run("go", "build", "-o", checker, os.path.join(SOURCE, "tests", "custody", "check_log.go"), env=environment)
    return checker


def one_line(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def make(folder, size):
    """A log, a copy of it from before, proofs of some entries, a request to a witness, and what a witness answered."""
    log, older, witness = (os.path.join(folder, name) for name in ("log", "older", "witness"))
    run(ROGATORY, "log", "init", "--log", log, "--origin", "node.example/log")
    run(ROGATORY, "log", "init", "--log", witness, "--origin", "witness.example/log")
    run(MAKE_LOG, log, "6")
    shutil.copytree(log, older)
    run(MAKE_LOG, log, str(size))
    os.mkdir(os.path.join(folder, "proofs"))
    for index in {0, 1, 5, size // 2, size - 1}:
        run(ROGATORY, "log", "prove", "--log", log, "--output", os.path.join(folder, "proofs", "%d.tlog-proof" % index), str(index))
    with open(os.path.join(folder, "request"), "w", encoding="utf-8") as file:
        file.write(run(MAKE_LOG, "--request", log, "6"))
    run(MAKE_LOG, "--witness", witness, older)
    with open(os.path.join(folder, "witnessed"), "w", encoding="utf-8") as file:
        file.write(run(MAKE_LOG, "--witness", witness, log))
    return log, older, witness


def check(checker, folder, log, older, witness):
    return subprocess.run([checker, one_line(log + "/log.vkey"), one_line(witness + "/witness.vkey"), log, older,
                           os.path.join(folder, "witnessed")], capture_output=True, text=True, check=False)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def main():
    with tempfile.TemporaryDirectory(prefix="rogatory-go-") as base:
        checker = build(base)
        for size in SIZES:
            folder = os.path.join(base, str(size))
            os.mkdir(folder)
            log, older, witness = make(folder, size)
            result = check(checker, folder, log, older, witness)
            if result.returncode != 0:
                raise SystemExit("FAILED: Go refuses a log of %d: %s" % (size, result.stderr))
            print(result.stdout.strip())
        # A checker that accepts everything would prove nothing.
        partial = "%s/tile/%%s/002.p/188" % log
        for path, at in ((log + "/checkpoint", 20), (partial % "0", 77), (partial % "entries", 77), (log + "/tile/1/000.p/2", 5),
                         (folder + "/request", 30), (folder + "/proofs/350.tlog-proof", -200), (folder + "/witnessed", 100),
                         (folder + "/witnessed", -20)):
            place = at if at >= 0 else os.path.getsize(path) + at
            flip(path, place)
            if check(checker, folder, log, older, witness).returncode == 0:
                raise SystemExit("FAILED: Go accepts %s with a changed byte at %d" % (path, place))
            flip(path, place)
        if check(checker, folder, log, older, witness).returncode != 0:
            raise SystemExit("FAILED: nothing is changed any more")


main()
