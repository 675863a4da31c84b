#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_halts.py BUILD TURNS SECONDS: the collector or the store of a node under load is halted (SIGSTOP) for up to so many
seconds and goes on (SIGCONT). The kernel and the journal keep what comes meanwhile; a last halt with a small kernel buffer
must lose messages, and says which span that was."""

import random
import signal
import socket
import sys
import time

from node_judge import Judge
from node_live import Failed, Node, free_port, result
from node_load import Exporter, Load, Numbers

LISTENER = """\
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = %d
buffer = %s
"""


def run(build, turns, seconds, buffer, rate):
    rng = random.Random(turns)
    numbers = Numbers()
    exporters = [Exporter(i, numbers, ports=20 * rate) for i in range(4)]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    with Node(build, sections, LISTENER % (port, buffer), "merge-delay = 1s\n") as node:
        node.start()
        load = Load(exporters, port, rate)
        load.start()
        judge = Judge(node, exporters)
        time.sleep(2)
        halted, answered = 0, 0
        for turn in range(turns):
            which = ("collect", "store")[turn % 2]
            lasts = seconds * (0.5 + rng.random() / 2)
            node.signal(which, signal.SIGSTOP)
            began = time.monotonic()
            if which == "collect" and turn % 4 == 2:  # what is with the store is answered
                judge.quick(load.exporters[0].sent_ms[-1] - 5000, 40)
                answered += 40
            time.sleep(max(0, lasts - (time.monotonic() - began)))
            node.signal(which, signal.SIGCONT)
            halted += lasts
            time.sleep(rng.random() * 2)
        time.sleep(2)
        load.end()
        if len(node.lives()) != 1:
            raise Failed("it was started anew: %s" % node.lives())
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        facts = judge.all(at_least=0.2)
        node.merge()
        judge.all(at_least=0.2)
        listener = metrics["listeners"][0]
        lost = sum(e["lost"] for e in metrics["exporters"])
        drops = listener["kernel_drops"]
        return load.sent, facts, listener["received"], drops, lost, halted, judge


def main():
    build, turns, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    sent, facts, received, drops, lost, halted, judge = run(build, turns, seconds, "16MiB", 20)
    if received != sent or drops or lost or facts["missing"]:
        raise Failed("of %d messages %d were received, %d dropped by the kernel, %d records lost, %d openings missing"
                     % (sent, received, drops, lost, facts["missing"]))
    result("SIGSTOP of collector and store under load, large kernel buffer", halts=turns, seconds_halted="%.0f" % halted,
           messages=sent, lost=0, openings=facts["openings"], missing=0, wrong=0, whole=facts["whole"], of_these_not_one=0)
    sent, facts, received, drops, lost, halted, judge = run(build, 2, seconds, "64KiB", 200)
    if not drops or not lost or received + drops != sent:
        raise Failed("of %d messages %d were received, %d dropped by the kernel, %d records lost: %s"
                     % (sent, received, drops, lost, facts))
    result("the same, kernel buffer far too small", halts=2, messages=sent, received=received, dropped_by_kernel_and_told=drops,
           records_missed_by_sequence=lost, openings=facts["openings"], missing=facts["missing"], wrong=0, whole=facts["whole"],
           of_these_not_one=0, questions=judge.asked)


main()
