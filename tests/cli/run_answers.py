# SPDX-License-Identifier: EUPL-1.2
"""Every verdict, as text and as JSON, word by word; and that importing again changes none of them."""

import json

from cases import Folder, check, expect, finish

QUESTIONS = [
    # name, exit code, arguments
    ("one", 0, ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]),
    ("one-near-edge", 0, ["--proto", "tcp", "--at", "2026-10-25T10:20:01.250Z", "198.51.100.7:4711"]),
    ("one-without-lease", 0, ["198.51.100.7:4713", "--proto", "udp", "--at", "2026-10-25T10:50:30Z"]),
    ("one-icmp", 0, ["198.51.100.7:77", "--proto", "icmp", "--at", "2026-10-25T10:51:50Z"]),
    ("one-local-time-twice", 0, ["198.51.100.7:4720", "--proto", "6", "--at", "2026-10-25T02:30:00+02:00"]),
    ("one-small-skew", 0, ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z", "--skew", "500ms"]),
    ("one-by-destination", 0,
     ["203.0.113.5:5000", "--proto", "tcp", "--at", "2026-10-25T10:22:00Z", "--dest", "192.0.2.2:443"]),
    ("one-ipv6", 0, ["[2001:db8:17::5]:443", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]),
    ("several-in-time", 3, ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:25:00Z"]),
    ("several-by-destination", 3, ["203.0.113.5:5000", "--proto", "tcp", "--at", "2026-10-25T10:22:00Z"]),
    ("several-no-port", 3, ["198.51.100.7", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]),
    ("several-no-protocol", 3, ["198.51.100.7:4711", "--at", "2026-10-25T10:22:30Z"]),
    ("none", 4, ["198.51.100.7:4799", "--proto", "tcp", "--at", "2026-10-25T10:45:00Z"]),
    ("one-end-not-seen", 0, ["198.51.100.7:4712", "--proto", "tcp", "--at", "2026-10-25T10:55:00Z"]),
    ("unknown-end-not-seen", 5, ["198.51.100.7:4714", "--proto", "tcp", "--at", "2026-10-25T11:59:45Z"]),
    ("unknown-after-the-log", 5, ["198.51.100.7:4714", "--proto", "tcp", "--at", "2026-10-25T12:01:00Z"]),
    ("none-session-too-long", 4, ["198.51.100.7:4712", "--proto", "tcp", "--at", "2026-10-25T11:30:00Z"]),
    ("unknown-not-heard", 5, ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-26T12:00:00Z"]),
    ("unknown-not-ours", 5, ["192.0.2.200:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]),
    ("unknown-gre", 5, ["198.51.100.9", "--proto", "47", "--at", "2026-10-25T10:00:01Z"]),
]

BATCH = """\
address,port,protocol,time,dest
198.51.100.7,4711,tcp,2026-10-25T10:22:30Z,
198.51.100.7,4711,tcp,2026-10-25T10:22:30,
198.51.100.7,47110,tcp

"203.0.113.5",5000,TCP,2026-10-25T10:22:00Z,192.0.2.2:443
198.51.100.7,4,gre,2026-10-25T10:22:30Z,
"""


def single_answers(folder):
    answers = {}
    for name, code, arguments in QUESTIONS:
        expect("ask-%s.txt" % name, folder.ask(*arguments), code)
        run = folder.ask("--json", *arguments)
        expect("ask-%s.json" % name, run, code)
        answers[name] = run.stdout
    return answers


def batches(folder, answers):
    folder.write("questions.csv", BATCH)
    expect("batch.json", folder.ask("--batch", "questions.csv"), 1)
    expect("batch-bad-header.txt", folder.ask("--batch", "-", stdin="address,port,when\n"), 1)

    # A batch says the same as single questions, in order, with or without a header.
    rows = ["198.51.100.7,4711,tcp,2026-10-25T10:22:30Z", "198.51.100.7,4799,tcp,2026-10-25T10:45:00Z",
            "203.0.113.5,5000,tcp,2026-10-25T10:22:00Z,192.0.2.2:443"]
    run = folder.ask("--batch", "-", stdin="\n".join(rows * 700) + "\n")
    wanted = answers["one"] + answers["none"] + answers["one-by-destination"]
    check(run.returncode == 0 and run.stdout == wanted * 700, "2100 questions in a batch: the same as one by one")
    run = folder.ask("--batch", "-", stdin="")
    check(run.returncode == 0 and run.stdout == "", "an empty batch answers nothing")


def record_of_access(folder):
    """Each question stands in the record before its answer, the refused ones do not."""
    with open(folder.store + "/access.log", encoding="utf-8") as log:
        entries = [json.loads(line) for line in log]
    asked = [entry for entry in entries if entry["action"] == "ask"]
    batch = [entry for entry in entries if entry["action"] == "batch-ask"]
    check(len(asked) == 2 * len(QUESTIONS), "every single question is recorded: %d" % len(asked))
    check(len(batch) == 2 + 2100, "every question of a batch is recorded: %d" % len(batch))
    check(all(entry["case"] == "A-17/26" for entry in asked + batch), "the case is recorded")
    check(asked[0]["verdict"] == "one" and asked[0]["question"]["port"] == 4711, "the question and verdict are recorded")
    check([entry["entry"] for entry in entries] == list(range(1, len(entries) + 1)), "the entries are numbered")


def main():
    with Folder() as folder:
        imports = folder.fill()
        expect("import-nat.txt", imports[0], 0)
        expect("import-leases.txt", imports[2], 0)
        answers = single_answers(folder)
        batches(folder, answers)
        record_of_access(folder)

        # The same files again: other generations, the same answers.
        for exporter, name in (("cgn1", "nat.csv"), ("box", "linux.csv")):
            run = folder.run("import", "--store", "store", "--exporter", exporter, "--json", name)
            check(run.returncode == 0, "importing again: " + run.stderr)
        folder.run("import", "--store", "store", "--quiet", "leases.csv", "prefixes.csv")
        for name, _, arguments in QUESTIONS:
            run = folder.ask("--json", *arguments)
            same = run.stdout.replace(".000002.", ".000001.") == answers[name]
            check(same, "importing again changed %s:\n%s%s" % (name, answers[name], run.stdout))
    finish()


main()
