#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_kills.py BUILD KILLS: the processes of a node under load are killed (kill -9) at random instants. Whatever was
answered (RADIUS) or counted as taken (flows) is answered for afterwards; no answer is wrong at any time; where nothing was
lost around a moment it is answered `one`; and the same once all of it stands in windows."""

import os
import random
import signal
import socket
import sys
import time

from node_judge import Judge
from node_live import Failed, Node, free_port, result
from node_load import Exporter, Load, Numbers, RadiusLoad, now_ms

QUIET = 16  # so long nothing is killed
LISTENERS = """\
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = %d
buffer = 8MiB
[listener radius]
transport = radius
address = 127.0.0.1
port = %d
"""


def note_taken(node, lives):
    """What was counted as taken, of each life of the collector."""
    try:
        numbers = node.numbers()
    except OSError:
        return 0
    lives[node.pids["collect"]] = next(l for l in numbers["listeners"] if l["name"] == "flows")["delivered"]
    return sum(lives.values())


def main():
    build, kills = sys.argv[1], int(sys.argv[2])
    rng = random.Random(kills)
    numbers = Numbers()
    exporters = [Exporter(i, numbers) for i in range(4)]
    ports = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    sections += "[exporter server]\naddress = 127.0.2.1\nsecret-file = {home}/secret\noutside = 198.19.0.0/16\n"
    counts = {"collect": 0, "store": 0, "rogatoryd": 0}
    taken, lives = 0, {}
    with Node(build, sections, LISTENERS % ports, "merge-delay = 1s\n") as node:
        node.start()
        load, radius = Load(exporters, ports[0]), RadiusLoad(ports[1], "127.0.2.1", 30)
        load.start()
        radius.start()
        judge = Judge(node, exporters)
        began = time.monotonic()
        time.sleep(3)
        slowest, parents_ms = 0, None
        for turn in range(kills):
            which = "rogatoryd" if turn >= kills * 4 // 5 else ("collect", "store")[turn % 2]
            if which == "rogatoryd" and not parents_ms:
                time.sleep(QUIET)
                taken = note_taken(node, lives) or taken
                parents_ms, sent, taken_children = now_ms(), load.sent, taken
            time.sleep(rng.random() * 1.2)
            taken = note_taken(node, lives) or taken
            before = time.monotonic()
            if turn % 4 == 3:
                os.kill(node.pids["store"], signal.SIGUSR1)  # in the midst of a merge
                time.sleep(rng.random() * 0.1)
            node.kill(which)
            slowest = max(slowest, time.monotonic() - before)
            counts[which] += 1
            if turn % 10 == 0:
                latest = now_ms()
                judge.quick(latest, since_ms=latest - 30000)
        time.sleep(QUIET)
        load.end()
        radius.end()
        taken = note_taken(node, lives) or taken
        lasted = time.monotonic() - began
        live = judge.all()
        leases = judge.leases(radius)
        # The sockets outlive both children: what they lose is what they had read and not yet written down.
        of_children = sum(t < parents_ms for t in judge.missing_ms)
        if taken_children > sent - of_children:
            raise Failed("%d messages were counted as taken, and of %d %d are missing" % (taken_children, sent, of_children))
        node.merge()
        merged = judge.all()
        judge.leases(radius)
        if merged["missing"] != live["missing"]:
            raise Failed("%d openings were missing, and %d once merged" % (live["missing"], merged["missing"]))
        node.stop()
        node.check()
        after = judge.all()
        if after["missing"] != live["missing"]:
            raise Failed("%d openings were missing, and %d from the stopped node's store" % (live["missing"], after["missing"]))
        result("kill -9 at random instants under load", kills=sum(counts.values()), of=counts, seconds=int(lasted),
               outlived_their_parent_at_most="%.2f s" % node.outlived, ready_again_at_most="%.1f s" % slowest, messages_sent=load.sent, counted_as_taken=taken,
               openings=live["openings"], missing=live["missing"], messages_missing=live["missing_messages"], of_these_before_the_parent_was_killed=of_children,
               leases_answered=leases, lost_of_them=0,
               questions=judge.asked, wrong=0, in_whole_spans=live["whole"], of_these_not_one=live["whole_not_one"],
               verdicts=live["verdicts"])


main()
