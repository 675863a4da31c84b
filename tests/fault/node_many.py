#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_many.py BUILD EXPORTERS: very many exporters (each its own section and source address on the loopback network) send to
one node, over IPFIX and as syslog; then one floods it. All of them are answered for, the one is held to its rate and its loss
is told as its own; what the processes take is said."""

import random
import socket
import sys
import time

from node_judge import Judge
from node_live import Failed, Node, cpu_of, free_port, memory_of, result
from node_load import Exporter, Numbers, udp_from

LISTENERS = """\
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = %d
buffer = 64MiB
[listener lines]
transport = udp
content = syslog
address = 127.0.0.1
port = %d
buffer = 16MiB
"""
FLOOD_RATE = 100
ASKED = 400


def source_of(number):
    return "127.%d.%d.%d" % (1 + number // 62500, 1 + number // 250 % 250, 1 + number % 250)


def line(exporter, text):
    return ("<134>1 %s.000Z %s nat - - - %s" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), exporter.name, text)).encode()


def main():
    build, count = sys.argv[1], int(sys.argv[2])
    numbers = Numbers()
    exporters = [Exporter(i, numbers, ports=40) for i in range(count)]
    for exporter in exporters:
        exporter.hold = (4000, 9000)
    flows, lines = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section(source_of(e.number), "rate = %d\n" % FLOOD_RATE if e.number == 0 else "") for e in exporters)
    with Node(build, sections, LISTENERS % (flows, lines), "merge-delay = 1s\nmemory = 4GiB\n") as node:
        began = time.monotonic()
        node.start()
        starts = time.monotonic() - began
        idle = {name: memory_of(pid)[0] for name, pid in node.pids.items()}
        # Sockets for so many sources one after the other: a session is an address and a port.
        ports = {}

        def send(exporter, message, to):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((source_of(exporter.number), ports.get(exporter.number, 0)))
            ports[exporter.number] = made.getsockname()[1]
            try:
                made.sendto(message, ("127.0.0.1", to))
            finally:
                made.close()

        cpu = {name: cpu_of(pid) for name, pid in node.pids.items()}
        sent, began = 0, time.monotonic()
        for turn in range(4):
            for exporter in exporters:
                send(exporter, exporter.step(4 if count <= 1000 else 1, template=turn == 0), flows)
                sent += 1
                if sent % 100 == 0:
                    time.sleep(0.002)
            due = began + 5 * (turn + 1)
            time.sleep(max(0, due - time.monotonic()))
        for _ in range(3):
            for exporter in exporters:
                send(exporter, exporter.wrap(b"", 0), flows)
                sent += 1
            time.sleep(1.5)
        lasted = time.monotonic() - began
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]) and
                                    n["listeners"][0]["received"] + n["listeners"][0]["kernel_drops"] >= sent, "all is with the store", 60)
        spent = {name: cpu_of(pid) - cpu[name] for name, pid in node.pids.items()}
        with_flows = {name: memory_of(pid)[0] for name, pid in node.pids.items()}
        listener = metrics["listeners"][0]
        # All that some of them said: answers are slower the more exporters there are.
        judge = Judge(node, random.Random(count).sample(exporters, min(count, ASKED)))
        asking = time.monotonic()
        facts = judge.all()
        asking = (time.monotonic() - asking) / judge.asked
        if not listener["kernel_drops"] and facts["missing"]:
            raise Failed("nothing was dropped, and %d openings are missing" % facts["missing"])

        texts = exporters[:min(count, 1000)]
        for exporter in texts:
            send(exporter, line(exporter, "nothing of interest"), lines)
        node.wait_numbers(lambda n: n["listeners"][1]["received"] + n["listeners"][1]["kernel_drops"] >= len(texts), "lines are read")
        with_lines = {name: memory_of(pid)[0] for name, pid in node.pids.items()}

        flood, peaceful = exporters[0], exporters[1:5]
        sockets = {e: udp_from(source_of(e.number)) for e in [flood] + peaceful}
        flood.free = list(range(2000, 60000))
        flooded, until = 0, time.monotonic() + 5
        while time.monotonic() < until:
            for _ in range(50):
                sockets[flood].sendto(flood.step(2, template=False), ("127.0.0.1", flows))
                flooded += 1
            for exporter in peaceful:
                sockets[exporter].sendto(exporter.step(4, template=True), ("127.0.0.1", flows))
            time.sleep(0.05)
        for _ in range(12):
            for exporter in [flood] + peaceful:
                sockets[exporter].sendto(exporter.wrap(exporter.template_set(), 0), ("127.0.0.1", flows))
            time.sleep(0.5)
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store", 60)
        over = metrics["listeners"][0]["over_rate"]
        if over < flooded - 10 * FLOOD_RATE or not metrics["exporters"][0]["lost"]:
            raise Failed("%d of %d messages of a flood were above its rate, %s" % (over, flooded, metrics["exporters"][0]))
        peace = Judge(node, peaceful).all()
        late = sum(e["lost"] for e in metrics["exporters"][1:5])
        if late or peace["missing"]:
            raise Failed("the flood cost others %d records: %s" % (late, peace))
        storm = Judge(node, [flood])
        storm.quick(flood.sent_ms[-1], 3000)
        node.merge()
        Judge(node, peaceful).all()
        result("%d exporters, then one floods" % count, ready_after="%.1f s" % starts, messages=sent, seconds="%.0f" % lasted,
               received=listener["received"], dropped_by_the_kernel=listener["kernel_drops"], openings=facts["openings"],
               missing=facts["missing"], wrong=0, whole=facts["whole"], of_these_not_one=0, exporters_asked_about=len(judge.exporters), questions=judge.asked,
               milliseconds_for_each="%.1f" % (1000 * asking),
               CPU_seconds_of_collect_and_store="%.1f, %.1f" % (spent["collect"], spent["store"]),
               MiB_at_start="%.0f, %.0f" % (idle["collect"], idle["store"]),
               with_flows_of_all="%.0f, %.0f" % (with_flows["collect"], with_flows["store"]),
               with_lines_of_so_many="%d: %.0f, %.0f" % (len(texts), with_lines["collect"], with_lines["store"]),
               flood_messages=flooded, above_its_rate=over, records_of_it_told_as_lost=metrics["exporters"][0]["lost"], verdicts_about_it=storm.verdicts, others_lost=0)


main()
