#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""statements.py: checks in the kernel's own log that what rogatory.conf states about the lab is true.

Usage: statements.py CONNTRACK-LOG ROGATORY.CONF, or statements.py --longest ROGATORY.CONF: prints longest-session in s
Exit: 0; 3 where a statement does not hold for this run (a machine too busy for the lab): nothing may then be judged.
That the kernel dropped events spoils nothing: it says so in the log, and rogatory has to live with it."""

import gzip
import re
import sys

EVENT = re.compile(r"\[(\d+\.\d+) *\]\s+\[(NEW|DESTROY)\].* id=(\d+)")
LONGEST = re.compile(r"^longest-session = (\d+)([sm])$", re.MULTILINE)


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="ascii") as lines:
        return lines.read()


def longest_session(path):
    number, unit = LONGEST.search(read(path)).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


def ages(log):
    """The life of each session; -1 where the log has an end without a beginning."""
    begun = {}
    for instant, action, session in EVENT.findall(log):
        if action == "NEW":
            begun[session] = float(instant)
        else:
            yield float(instant) - begun[session] if session in begun else -1.0


def main():
    stated = longest_session(sys.argv[2])
    if sys.argv[1] == "--longest":
        print(stated)
        return
    log = read(sys.argv[1])
    lives = list(ages(log))
    problems = []
    if not lives:
        problems.append("the kernel reported no session")
    lossy = "losing events" in log
    if min(lives, default=0.0) < 0 and not lossy:
        problems.append("a session ended that the log never saw begin")
    if max(lives, default=0.0) > stated:
        problems.append(f"a session lived {max(lives):.1f} s, longer than the {stated} s of longest-session")
    for problem in problems:
        print(f"lab: {problem}", file=sys.stderr)
    if not problems:
        print(f"   {len(lives)} sessions in the kernel's log; the longest lived {max(lives):.1f} s; "
              + ("some events were lost, and the log says so" if lossy else "no event was lost"))
    sys.exit(3 if problems else 0)


if __name__ == "__main__":
    main()
