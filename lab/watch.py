#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""watch.py: asks a node about connections while they are open, and notes how soon the customer is shown.

Usage: watch.py ROGATORY STORE SERVER-LOG OUTPUT
Follows the server's log. Each line is asked about as soon as it is there, again and again until the answer shows anybody;
lines that come meanwhile wait for `rogatory ask --batch` afterwards. OUTPUT: for each question a line of JSON: the number of the
line, milliseconds from the server's seeing the connection to the first answer, and to the first that showed somebody, how often
it was asked, and that answer. Ends by SIGTERM."""

import csv
import datetime
import json
import subprocess
import sys
import time

PATIENCE_SECONDS = 5.0
FRESH_SECONDS = 0.03   # older lines are left: they would measure the queue in this program


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ask(rogatory, store, line):
    told = subprocess.run([rogatory, "ask", "--store", store, "--case", "DEMO-LIVE", "--json", "--proto", line["protocol"],
                           "--dest", line["server"], f"{line['address']}:{line['port']}", "--at", line["time"]],
                          stdout=subprocess.PIPE, check=False)
    answer = json.loads(told.stdout)
    return answer, time.time()


def measure(rogatory, store, number, line):
    begun, first, asked = seconds(line["time"]), None, 0
    while True:
        answer, answered = ask(rogatory, store, line)
        asked += 1
        first = first or answered
        shown = bool(answer["candidates"] or answer["possible"])
        if shown or answered - begun > PATIENCE_SECONDS:
            return {"line": number, "asked": asked, "first": round((first - begun) * 1000), "answer": answer,
                    "shown": round((answered - begun) * 1000) if shown else None}


def main():
    rogatory, store, log_path, output_path = sys.argv[1:]
    with open(log_path, encoding="ascii") as log, open(output_path, "w", buffering=1, encoding="utf-8") as output:
        columns, number, rest = None, 0, ""
        while True:
            rest += log.read()
            lines = rest.split("\n")
            rest = lines.pop()
            if not lines:
                time.sleep(0.002)
                continue
            if columns is None:
                columns = lines.pop(0).split(",")
            number += len(lines)
            line = next(csv.DictReader(lines[-1:], columns), None)
            if line and time.time() - seconds(line["time"]) <= FRESH_SECONDS:
                output.write(json.dumps(measure(rogatory, store, number, line)) + "\n")


main()
