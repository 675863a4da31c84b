#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""judge.py: compares rogatory's answers with what the clients know of themselves.

Usage: judge.py FOLDER ANSWERS ANSWERS-WITH-DESTINATION EXAMPLES
FOLDER holds server.csv, tokens.csv and truth.csv (or the same with .gz). EXAMPLES receives the arguments of two
questions worth showing, one per line. Exit: 0 where every answer was true, 1 where one was wrong, 2 where the
answers do not fit the questions.

Every line of the server's log has a customer behind it, so an answer is wrong when it
  - is `one` and names somebody else, or the wrong inside address;
  - is `several` and the customer is not among them;
  - is `none`."""

import collections
import csv
import json
import os
import sys

from questions import open_text

VERDICTS = ("one", "several", "none", "unknown")
COLUMNS = ("questions", "one, right", "WRONG", "several", "none", "unknown")


class Misfit(Exception):
    """The answers cannot be compared at all."""


def read_table(folder, name, columns=None):
    with open_text(os.path.join(folder, name)) as table:
        return list(csv.DictReader(table, fieldnames=columns))


def truth_of_lines(folder):
    """For each line of the server's log: the line, and the truth about it."""
    known = {row["token"]: row for row in read_table(folder, "truth.csv", ["token", "subscriber", "inside", "port",
                                                     "destination", "protocol", "opened", "closed"])}
    lines, tokens = read_table(folder, "server.csv"), read_table(folder, "tokens.csv")
    if len(lines) != len(tokens) or not lines:
        raise Misfit(f"the server logged {len(lines)} lines but {len(tokens)} tokens")
    pairs = []
    for line, token in zip(lines, tokens):
        if token["token"] not in known:
            raise Misfit(f"no client knows the token {token['token']} that the server saw")
        pairs.append((line, known[token["token"]]))
    return pairs


def matches(candidate, truth):
    """Is this candidate the customer? A missing name is no wrong name; a wrong inside address always is."""
    return candidate["subscriber"] in (None, truth["subscriber"]) and candidate["inside_address"] == truth["inside"]


def fault(answer, truth):
    """What is wrong with an answer; None where it is true."""
    candidates = answer["candidates"]
    if answer["verdict"] == "none":
        return "says nobody"
    if answer["verdict"] == "one" and not (candidates and all(matches(one, truth) for one in candidates)):
        return "names " + (", ".join(str(one["subscriber"]) for one in candidates) or "nobody")
    if answer["verdict"] == "several" and not any(matches(one, truth) for one in candidates):
        return "leaves the customer out"
    return None


def read_answers(path, lines):
    with open(path, encoding="utf-8") as answers:
        parsed = [json.loads(answer) for answer in answers]
    if len(parsed) != len(lines):
        raise Misfit(f"{len(parsed)} answers to {len(lines)} questions in {path}")
    for number, (answer, (line, _)) in enumerate(zip(parsed, lines), 1):
        asked = answer["question"]
        if (asked["address"], str(asked["port"])) != (line["address"], line["port"]):
            raise Misfit(f"answer {number} in {path} is to another question")
        if answer["verdict"] not in VERDICTS:
            raise Misfit(f"answer {number} in {path} has the verdict {answer['verdict']}")
    return parsed


def tally(answers, lines):
    counts, reasons, faults = collections.Counter(), collections.Counter(), []
    for answer, (line, truth) in zip(answers, lines):
        wrong = fault(answer, truth)
        if wrong is not None:
            faults.append(f"{line['address']}:{line['port']} at {line['time']}: {wrong}; it was {truth['subscriber']}")
        named = wrong is None and answer["verdict"] == "one"
        counts["questions"] += 1
        counts["WRONG"] += wrong is not None
        counts["one, right"] += named
        counts["unnamed"] += named and any(one["subscriber"] is None for one in answer["candidates"])
        for verdict in ("several", "none", "unknown"):
            counts[verdict] += answer["verdict"] == verdict
        if answer["verdict"] == "unknown":
            reasons.update(answer["reasons"])
    return counts, reasons, faults


def arguments(line, with_destination):
    return " ".join([f"--proto {line['protocol']}"] + ([f"--dest {line['server']}"] if with_destination else [])
                    + [f"{line['address']}:{line['port']} --at {line['time']}"])


def choose_examples(lines, plain, narrowed):
    """Best the same line twice: `several` at the very moment asked, and `one` once the destination is given."""
    def first(answers, verdict, where=lambda index: True):
        return next((index for index, answer in enumerate(answers)
                     if answer["verdict"] == verdict and where(index)), None)

    def at_once(index):
        begun = [one["from"] for one in plain[index]["candidates"]]
        return narrowed[index]["verdict"] == "one" and len(begun) == 2 and all(
            instant is not None and instant <= lines[index][0]["time"] for instant in begun)

    both = first(plain, "several", at_once)
    if both is not None:
        return [arguments(lines[both][0], False), arguments(lines[both][0], True)]
    chosen = []
    for answers, verdict, with_destination in ((plain, "several", False), (plain, "one", False),
                                               (narrowed, "one", True)):
        index = first(answers, verdict)
        if index is not None and len(chosen) < 2:
            chosen.append(arguments(lines[index][0], with_destination))
    return chosen


def show(results):
    print(f"   {'asked':<20}" + "".join(f"{column:>12}" for column in COLUMNS))
    for name, (counts, _, _) in results:
        print(f"   {name:<20}" + "".join(f"{counts[column]:>12}" for column in COLUMNS))
    for name, (counts, reasons, faults) in results:
        if counts["unnamed"]:
            print(f"   {name}: {counts['unnamed']} of the right ones give the inside address but no subscriber")
        for reason, count in reasons.most_common():
            print(f"   {name}: {count} unknown because of {reason}")
        for wrong in faults[:20]:
            print(f"   {name}: WRONG: {wrong}")
    if any(reasons["earlier-holder"] for _, (_, reasons, _) in results):
        print("   (earlier-holder: asked about the first minute. What was lent before the log began may still have been\n"
              "   in use then; `unknown` is the true answer.)")


def main():
    folder, plain_path, narrowed_path, examples_path = sys.argv[1:]
    try:
        lines = truth_of_lines(folder)
        plain, narrowed = read_answers(plain_path, lines), read_answers(narrowed_path, lines)
    except (Misfit, OSError, KeyError, ValueError) as problem:
        print(f"lab: the answers cannot be judged: {type(problem).__name__}: {problem}", file=sys.stderr)
        sys.exit(2)
    results = [("without destination", tally(plain, lines)), ("with destination", tally(narrowed, lines))]
    show(results)
    with open(examples_path, "w", encoding="ascii") as examples:
        examples.writelines(example + "\n" for example in choose_examples(lines, plain, narrowed))
    if not any(counts["one, right"] for _, (counts, _, _) in results):
        print("lab: not one question was answered with a name", file=sys.stderr)
        sys.exit(1)
    sys.exit(1 if any(counts["WRONG"] for _, (counts, _, _) in results) else 0)


if __name__ == "__main__":
    main()
