#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""judge_live.py: compares the answers that a node gave while connections were open with what the clients know.

Usage: judge_live.py FOLDER WATCHED
FOLDER: as for judge.py. WATCHED: what watch.py left. Exit: 0; 1 where an answer was wrong, or the customer was not shown; 2 where
nothing can be judged."""

import json
import statistics
import sys

from judge import fault, matches, truth_of_lines

GENEROUS_MS = 1000  # a test on a busy machine; what was measured is printed


def main():
    folder, watched_path = sys.argv[1:]
    lines = truth_of_lines(folder)
    with open(watched_path, encoding="utf-8") as watched:
        questions = [json.loads(line) for line in watched if line.endswith("\n")]
    if len(questions) < 10:
        print(f"lab: only {len(questions)} connections were asked about while they were open", file=sys.stderr)
        sys.exit(2)
    wrong, unseen, times, beside = [], [], [], 0
    for question in questions:
        line, truth = lines[question["line"] - 1]
        answer = question["answer"]
        what = f"{line['address']}:{line['port']} at {line['time']}"
        said = fault(answer, truth)
        # `several` does not claim that its list is complete, and here part of the time asked is still to come: the customer
        # may stand beside it as possible (doc/verdict.md, section 8).
        if said is not None and answer["verdict"] == "several" and any(matches(one, truth) for one in answer["possible"]):
            said, beside = None, beside + 1
        if said is not None:
            wrong.append(f"{what}: {said}; it was {truth['subscriber']}")
        elif not any(matches(one, truth) for one in answer["candidates"] + answer["possible"]):
            unseen.append(what)
        else:
            times.append(question["shown"])
    times.sort()
    print(f"   {len(questions)} connections asked about while they were open, {sum(one['asked'] for one in questions)} questions: "
          f"WRONG {len(wrong)}, customer not shown {len(unseen)}")
    if beside:
        print(f"   {beside} of them `several`, with the customer listed beside it as possible")
    if times:
        soon = sum(1 for one in times if one <= 100)
        print(f"   from the server's seeing it to an answer that shows the customer: {times[0]} ms at best, "
              f"{statistics.median(times):.0f} ms in the middle, {times[-1]} ms at worst; {soon} of {len(times)} within 100 ms")
    for text in wrong[:20]:
        print(f"   WRONG: {text}")
    for text in unseen[:20]:
        print(f"   not shown: {text}")
    sys.exit(1 if wrong or unseen or not times or statistics.median(times) > GENEROUS_MS else 0)


if __name__ == "__main__":
    main()
