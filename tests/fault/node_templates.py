#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_templates.py BUILD TURNS: exporters restart with other templates and a new source port, give a template number another
meaning without withdrawing it, and send data before its template; the collector is killed in between. Nothing is read by a
wrong template, and nobody is claimed to hold still what he held before a restart."""

import random
import socket
import sys
import time

from node_judge import Judge
from node_live import Failed, Node, free_port, result
from node_load import FIELDS, Exporter, Load, Numbers, address_text, udp_from

LISTENER = "[listener flows]\ntransport = udp\ncontent = flow\naddress = 127.0.0.1\nport = %d\n"


def other_fields(rng, fields):
    while True:
        some = list(FIELDS)
        rng.shuffle(some)
        if tuple(some) != tuple(fields):
            return tuple(some)


def main():
    build, turns = sys.argv[1], int(sys.argv[2])
    rng = random.Random(turns)
    exporters = [Exporter(i, n) for n in [Numbers()] for i in range(4)]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    counts = {"restarts": 0, "meanings changed": 0, "data before template": 0, "kills": 0}
    ended = []
    with Node(build, sections, LISTENER % port, "merge-delay = 1s\n") as node:
        node.start()
        load = Load(exporters, port, 20)
        load.start()
        judge = Judge(node, exporters)
        time.sleep(3)
        for turn in range(turns):
            exporter = exporters[1 + rng.randrange(3)]  # the first one is left in peace
            with load.lock:
                kind = turn % 3
                if kind == 0:
                    ended += [(h, h.exporter) for h in exporter.open]
                    exporter.restart()
                    load.sockets[exporter].close()
                    load.sockets[exporter] = udp_from("127.0.1.%d" % (exporter.number + 1))
                    exporter.template, exporter.fields = rng.randrange(256, 65536), other_fields(rng, exporter.fields)
                    load.send(exporter, exporter.step(template=True))
                    counts["restarts"] += 1
                elif kind == 1:
                    exporter.fields = other_fields(rng, exporter.fields)
                    load.send(exporter, exporter.step(template=True))
                    counts["meanings changed"] += 1
                else:
                    exporter.template, exporter.fields = 256 + (exporter.template - 255) % 60000, other_fields(rng, exporter.fields)
                    for _ in range(5):
                        load.send(exporter, exporter.step(template=False))
                    load.send(exporter, exporter.wrap(exporter.template_set(), 0))
                    counts["data before template"] += 1
            time.sleep(0.2 + rng.random())
            if turn % 6 == 5:
                node.kill("collect")
                counts["kills"] += 1
            if turn % 5 == 4:
                judge.quick(exporters[0].sent_ms[-1], 60)
        time.sleep(14)
        load.end()
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        for merged in (False, True):
            if merged:
                node.merge()
            facts = judge.all(at_least=0.95)
            if facts["missing"]:
                raise Failed("%d openings are missing: %s" % (facts["missing"], facts))
            # Ports that were in use at a restart, a little later.
            rows = [(h, h.until + 1500) for h, e in ended if h.until + 8000 < e.sent_ms[-1]]
            answers = node.ask([(address_text(h.exporter.outside), h.port, "tcp", at) for h, at in rows])
            for (held, at), answer in zip(rows, answers):
                judge.look(held, at, answer)
            judge.assert_right()
        node.stop()
        node.check()
        result("restarts with new templates, changed meanings, data before templates", **{k.replace(" ", "_"): v for k, v in counts.items()},
               messages=load.sent, openings=facts["openings"], missing=0, asked_behind_restarts=len(rows), questions=judge.asked,
               wrong=0, whole=facts["whole"], of_these_not_one=facts["whole_not_one"],
               restarts_told=sum(e["restarts"] for e in metrics["exporters"]), verdicts=facts["verdicts"])


main()
