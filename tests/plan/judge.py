#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""judge.py ROGATORY WORK: imports the plan, asks for everything that the server saw, and compares with the truth."""

import json
import os
import subprocess
import sys

rogatory, work = sys.argv[1:3]
store = os.path.join(work, "store")
failures = []


def run(*arguments):
    return subprocess.run([rogatory, *arguments], capture_output=True, text=True, check=False)


def ask(address, port, protocol, at):
    answer = run("ask", "--store", store, "--case", "test", "--json", "%s:%d" % (address, port), "--proto", protocol,
                 "--at", at, "--skew", "0s")
    if not answer.stdout:
        raise SystemExit("no answer: " + answer.stderr)
    return json.loads(answer.stdout)


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


def main():
    imported = run("import", "--store", store, os.path.join(work, "plan.csv"))
    check(imported.returncode == 0, "the plan is imported:\n" + imported.stdout + imported.stderr)
    seen = [line.rstrip("\n").split(",") for line in open(os.path.join(work, "seen.csv"), encoding="utf-8")]
    check(len(seen) == 6 * 12 * 2, "every connection reached the server: %d" % len(seen))
    used = set()
    for at, protocol, address, port, truth in seen:
        answer = ask(address, int(port), protocol, at)
        named = [candidate["inside_address"] for candidate in answer["candidates"]]
        used.add((address, port))
        check(answer["verdict"] == "one" and named == [truth],
              "%s port %s (%s): %s %s, truly %s; %s" % (address, port, protocol, answer["verdict"], named, truth,
                                                     answer["reasons"]))
    at = seen[0][0]
    for address in ("203.0.113.1", "203.0.113.2"):
        for port in (1, 1023, 9999, 10000 + 6 * 40, 10399, 65535):
            verdict = ask(address, port, "tcp", at)["verdict"]
            check(verdict == "none", "%s port %d is in no block: %s" % (address, port, verdict))
    verdict = ask("203.0.113.1", 10000, "tcp", "2020-01-01T00:00:00Z")["verdict"]
    check(verdict not in ("one", "several"), "before the plan held nobody is named: " + verdict)

    # What the kernel says it does is what the plan says.
    plan = open(os.path.join(work, "plan.csv"), encoding="utf-8").read().split("\n", 1)[1]
    since = plan.splitlines()[1].split(",")[4]
    for listing in ("listing", "listing.json"):
        again = run("plan", "make", "nftables", os.path.join(work, listing), "--valid-from", since)
        check(again.stdout.split("\n", 1)[-1] == plan, "the map of the kernel is the plan:\n" + again.stdout + again.stderr)
    if failures:
        raise SystemExit("%d failed" % len(failures))
    print("%d connections over %d outside endpoints: each named its host" % (len(seen), len(used)))


main()
