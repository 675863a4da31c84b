# SPDX-License-Identifier: EUPL-1.2
"""Answers against the truth that bench/workload found by comparing each question with every session."""
import calendar
import csv
import ipaddress
import json
import time


def judge(answers, truth, leases=False):
    """Counts of verdicts of `rogatory ask --batch`, and of answers that the truth contradicts. With leases every name
    must be the present customer's, who bears the number of the inside address."""
    counts = {"one": 0, "several": 0, "none": 0, "unknown": 0, "wrong": 0}
    with open(answers) as answered, open(truth) as known:
        for line, row in zip(answered, csv.DictReader(known), strict=True):
            answer = json.loads(line)
            counts[answer["verdict"]] += 1
            if answer["verdict"] == "one":
                named = {candidate["inside_address"] for candidate in answer["candidates"]}
                wrong = row["near_holders"] != "1" or named != {row["near_holder"]}
                if leases and not wrong:
                    number = int(ipaddress.ip_address(row["near_holder"])) - int(ipaddress.ip_address("100.64.0.0"))
                    wrong = {candidate["subscriber"] for candidate in answer["candidates"]} != {f"customer-{number}-0"}
                counts["wrong"] += wrong
            elif answer["verdict"] == "none":
                counts["wrong"] += row["holders"] != "0"
    return counts


class Question:
    def __init__(self, row, truth):
        self.address, self.port, self.protocol = row["address"], int(row["port"]), int(row["protocol"])
        self.number = int(ipaddress.ip_address(self.address))
        whole, ms = row["time"].rstrip("Z").split(".")
        self.at_ms = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(ms)
        self.holder = int(ipaddress.ip_address(truth["holder"])) if truth["holder"] else None
        self.holders = int(truth["holders"])

    def wrong(self, found):
        """found: the inside addresses, as numbers, that a peer says held it at the very instant."""
        return set(found) != ({self.holder} if self.holder else set()) and self.holders < 2


def read_questions(questions, truth, most):
    with open(questions) as asked, open(truth) as known:
        rows = zip(csv.DictReader(asked), csv.DictReader(known), strict=True)
        return [Question(row, answer) for (row, answer), _ in zip(rows, range(most))]
