#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_clocks.py BUILD SECONDS: the clocks of exporters jump by minutes and days, forwards and back, and one runs away. No
answer about the time that it really was is wrong: whose clock is off has wider margins, and around a jump nothing is proven. An
exporter whose clock is sound is not touched by the others."""

import socket
import sys
import time

from node_judge import Judge
from node_live import Failed, Node, free_port, result
from node_load import Exporter, Load, Numbers

MINUTE, DAY = 60000, 86400000
LISTENER = "[listener flows]\ntransport = udp\ncontent = flow\naddress = 127.0.0.1\nport = %d\n"
# What is added to the clock of each exporter at each turn; the last one runs away by a fifth besides.
JUMPS = ((0, 0, 0, 0), (3 * MINUTE, -6 * MINUTE, 3 * MINUTE, 0), (-5 * MINUTE, 4 * MINUTE, MINUTE, 0),
         (-2 * DAY, 2 * DAY, 0, 0), (20 * DAY, -20 * DAY, 0, 0), (0, 0, 0, 0))


def main():
    build, seconds = sys.argv[1], float(sys.argv[2])
    exporters = [Exporter(i, n) for n in [Numbers()] for i in range(len(JUMPS))]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    with Node(build, sections, LISTENER % port, "merge-delay = 1s\n") as node:
        node.start()
        load = Load(exporters, port, 20)
        load.start()
        judge = Judge(node, exporters)
        jumps = 0
        for turn in range(4):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(0.1)
                with load.lock:
                    exporters[-1].offset += 20
            if turn == 3:
                break
            with load.lock:
                for exporter, steps in zip(exporters, JUMPS):
                    if steps[turn]:
                        exporter.jump(steps[turn])
                        jumps += 1
        load.end()
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        sound = Judge(node, exporters[:1])
        facts = sound.all()
        if facts["missing"]:
            raise Failed("%d openings of the exporter with a sound clock are missing" % facts["missing"])
        others = Judge(node, exporters[1:], by_real_time=True)
        before = others.all(at_least=0, whole_is_one=False, torn_is_failure=False)
        node.merge()
        after = others.all(at_least=0, whole_is_one=False, torn_is_failure=False)
        sound.all()
        node.stop()
        node.check()
        offsets = [(e["clock_offset_least"], e["clock_offset_most"]) for e in metrics["exporters"]]
        runaway = offsets[-1]
        if runaway[1] is None or runaway[1] < 1 or exporters[-1].offset < 2000:
            raise Failed("the clock that ran away by %d ms has offsets %s" % (exporters[-1].offset, offsets))
        refused = sum(sum(e["refused"].values()) for e in metrics["exporters"])
        result("exporters' clocks jump by minutes and days; one runs away", jumps=jumps, clock_steps_told=sum(e["clock_steps"] for e in metrics["exporters"]),
               sound_exporter_whole=facts["whole"], of_these_not_one=0, openings_of_the_others=before["openings"], wrong=0,
               their_verdicts=before["verdicts"], once_merged=after["verdicts"], refused_as_too_far_ahead=refused,
               offset_told_of_the_runaway="%s to %s s, it was %.1f s" % (*runaway, exporters[-1].offset / 1000),
               questions=judge.asked + sound.asked + others.asked)


main()
