#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""questions.py: turns a server's log into questions for `rogatory ask --batch`, one per line of the log.

Usage: questions.py SERVER-LOG [--dest] > QUESTIONS
Columns: address,port,protocol,time[,dest]"""

import csv
import gzip
import os
import sys


def open_text(path):
    """A file of the lab, or its compressed form in a recording."""
    if not os.path.exists(path):
        path += ".gz"
    return (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", newline="")


def main():
    with_destination = "--dest" in sys.argv[2:]
    output = csv.writer(sys.stdout, lineterminator="\n")
    output.writerow(["address", "port", "protocol", "time"] + (["dest"] if with_destination else []))
    with open_text(sys.argv[1]) as log:
        for row in csv.DictReader(log):
            output.writerow([row["address"], row["port"], row["protocol"], row["time"]]
                            + ([row["server"]] if with_destination else []))


if __name__ == "__main__":
    main()
