#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_network.py BUILD TURNS SECONDS: the network between exporters and node loses, doubles and reorders datagrams (tc netem,
in a network namespace of its own; where the kernel has no netem the test does the same to what it sends), again and again, with times between in which it is sound. Without the right to make such a
namespace the test is skipped."""

import os
import shutil
import socket
import subprocess
import sys
import time

from node_judge import Judge
from node_live import IS_ROOT, Failed, Node, free_port, result, skip
from node_load import Exporter, Load, Numbers, Road

LISTENER = "[listener flows]\ntransport = udp\ncontent = flow\naddress = 127.0.0.1\nport = %d\n"
# As words for tc, and as laws for a road of the test's own where the kernel has no netem.
FAULTS = (("loss 2% duplicate 5% delay 20ms 15ms reorder 30% 50%", (0.02, 0.05, 0.3, 0.2)), ("duplicate 30%", (0, 0.3, 0, 0)),
          ("delay 40ms 39ms", (0, 0, 1, 0.4)), ("loss 20%", (0.2, 0, 0, 0)))
SOUND = ("loss 0%", (0, 0, 0, 0))


def netem(words):
    return subprocess.run(["tc", "qdisc", "replace", "dev", "lo", "root", "netem"] + words.split() + ["limit", "100000"],
                          capture_output=True, text=True, check=False)


def lay(load, fault):
    if load.road:
        load.road.law = fault[1]
    elif netem(fault[0]).returncode:
        raise Failed("tc: " + netem(fault[0]).stderr)


def inside_namespace():
    if not IS_ROOT or not shutil.which("tc") or not shutil.which("unshare"):
        skip("needs root, tc and unshare")
    environment = dict(os.environ, ROGATORY_NETWORK_INSIDE="1")
    raise SystemExit(subprocess.run(["unshare", "--net", sys.executable, "-B"] + sys.argv, env=environment, check=False).returncode)


def main():
    build, turns, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if not os.environ.get("ROGATORY_NETWORK_INSIDE"):
        inside_namespace()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    by_kernel = netem(SOUND[0]).returncode == 0
    exporters = [Exporter(i, n) for n in [Numbers()] for i in range(4)]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    with Node(build, sections, LISTENER % port, "merge-delay = 1s\n") as node:
        node.start()
        load = Load(exporters, port, 20)
        load.road = None if by_kernel else Road(SOUND[1])
        load.start()
        judge = Judge(node, exporters)
        for turn in range(turns):
            time.sleep(18)
            lay(load, FAULTS[turn % len(FAULTS)])
            time.sleep(seconds)
            lay(load, SOUND)
            judge.quick(exporters[0].sent_ms[-1], 60)
        time.sleep(16)
        load.end()
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        facts = judge.all(at_least=0.5)
        node.merge()
        judge.all(at_least=0.5)
        node.stop()
        node.check()
        lost = sum(e["lost"] for e in metrics["exporters"])
        if bool(lost) != bool(facts["missing"]):
            raise Failed("%d records lost by the metrics, %d openings missing" % (lost, facts["missing"]))
        result("loss, duplicates, reordering on the network", by="tc netem" if by_kernel else "the test itself, as this kernel has no netem", turns=turns, seconds_each="%.0f" % seconds, messages=load.sent,
               received=metrics["listeners"][0]["received"], records_lost_by_the_metrics=lost, openings=facts["openings"],
               missing=facts["missing"], questions=judge.asked, wrong=0, whole=facts["whole"], of_these_not_one=0,
               verdicts=facts["verdicts"])


main()
