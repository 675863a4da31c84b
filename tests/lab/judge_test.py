#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Does the lab's judge notice every kind of wrong answer? Usage: judge_test.py LAB-FOLDER"""

import contextlib
import io
import os
import sys
import unittest

LAB = os.path.abspath(sys.argv.pop(1))
sys.dont_write_bytecode = True
sys.path.insert(0, LAB)
import judge  # noqa: E402
import statements  # noqa: E402

LINE = {"time": "2026-11-21T02:00:00.000Z", "address": "203.0.113.2", "port": "20001",
        "server": "198.51.100.1:443", "protocol": "tcp"}
TRUTH = {"subscriber": "customer-13", "inside": "100.64.2.1"}


def candidate(subscriber="customer-13", inside="100.64.2.1"):
    return {"subscriber": subscriber, "inside_address": inside}


def answer(verdict, *candidates):
    return {"question": {"address": LINE["address"], "port": 20001}, "verdict": verdict,
            "reasons": ["log-gap"], "candidates": list(candidates)}


class Judge(unittest.TestCase):
    def test_true_answers(self):
        for given in (answer("one", candidate()), answer("one", candidate(None)),
                      answer("one", candidate(), candidate()),
                      answer("several", candidate("customer-14", "100.64.2.2"), candidate()), answer("unknown")):
            self.assertIsNone(judge.fault(given, TRUTH), given)

    def test_wrong_answers(self):
        for given in (answer("one", candidate("customer-14")), answer("one", candidate(None, "100.64.2.2")),
                      answer("one", candidate(inside="100.64.2.2")), answer("one"),
                      answer("one", candidate(), candidate("customer-14")),
                      answer("several", candidate("customer-14"), candidate("customer-15")), answer("none")):
            self.assertIsNotNone(judge.fault(given, TRUTH), given)

    def test_tally(self):
        given = [answer("one", candidate()), answer("one", candidate("customer-14")), answer("unknown"),
                 answer("none"), answer("one", candidate(None)), answer("several", candidate())]
        counts, reasons, faults = judge.tally(given, [(LINE, TRUTH)] * 6)
        self.assertEqual({"questions": 6, "one, right": 2, "WRONG": 2, "several": 1, "none": 1, "unknown": 1,
                          "unnamed": 1}, dict(counts))
        self.assertEqual({"log-gap": 1}, dict(reasons))
        self.assertEqual(2, len(faults))

    def test_whole_program(self):
        """A recording answered with the truth is accepted; with one wrong name, one answer too few, or two swapped,
        it is not."""
        recording = os.path.join(LAB, "recording")
        lines = judge.truth_of_lines(recording)
        self.assertGreater(len(lines), 500)
        good = [{"question": {"address": line["address"], "port": int(line["port"])}, "verdict": "one", "reasons": [],
                 "candidates": [candidate(truth["subscriber"], truth["inside"])]} for line, truth in lines]
        wrong = [dict(each) for each in good]
        wrong[100] = dict(wrong[100], candidates=[candidate("customer-99", lines[100][1]["inside"])])
        swapped = [good[1], good[0]] + good[2:]
        for given, status in ((good, 0), (wrong, 1), (good[:-1], 2), (swapped, 2)):
            self.assertEqual(status, self.run_judge(recording, good, given))
            self.assertEqual(status, self.run_judge(recording, given, good))

    def run_judge(self, folder, plain, narrowed):
        import json
        import tempfile
        with tempfile.TemporaryDirectory() as work:
            paths = [os.path.join(work, name) for name in ("plain", "narrowed")]
            for path, answers in zip(paths, (plain, narrowed)):
                with open(path, "w", encoding="utf-8") as file:
                    file.writelines(json.dumps(each) + "\n" for each in answers)
            sys.argv = ["judge.py", folder, *paths, os.path.join(work, "examples")]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), \
                    self.assertRaises(SystemExit) as ended:
                judge.main()
            return ended.exception.code


class Statements(unittest.TestCase):
    def test_ages(self):
        log = ("[10.000000]\t    [NEW] udp 17 2 src=a id=1\n[12.500000]\t[DESTROY] udp 17 src=a id=1\n"
               "[13.000000]\t[DESTROY] udp 17 src=a id=2\n")
        self.assertEqual([2.5, -1.0], list(statements.ages(log)))


unittest.main()
