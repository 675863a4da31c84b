#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_beside.py BUILD TURNS: while a node takes and merges, `rogatory import` adds the log of another exporter to the same
store, `rogatory retain` destroys what is due, `rogatory check` looks at it, and processes of the node are killed. What is
live, what was merged and what was imported is answered for; what was due is gone; nothing is wrong."""

import random
import signal
import socket
import subprocess
import sys
import time

from node_judge import Judge
from node_live import IS_ROOT, REALM, Failed, Node, free_port, result, stamp
from node_load import Exporter, Load, Numbers, now_ms

LISTENER = "[listener flows]\ntransport = udp\ncontent = flow\naddress = 127.0.0.1\nport = %d\n"
HEADER = "time,event,protocol,outside_address,outside_port,inside_address,inside_port,kind\n"
PAST, KEPT = "198.18.200.1", 12 * 3600000  # whose log is imported; how long bindings are kept


def main():
    build, turns = sys.argv[1], int(sys.argv[2])
    rng = random.Random(turns)
    exporters = [Exporter(i, n) for n in [Numbers()] for i in range(4)]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    sections += "[exporter past]\nloss = reported\noutside = %s/32\n" % PAST
    realm = REALM + "retain = 12h\nretain-leases = 37h\n"
    with Node(build, sections, LISTENER % port, "merge-delay = 1s\n", realm=realm) as node:
        node.start()
        load = Load(exporters, port, 20)
        load.start()
        judge = Judge(node, exporters)
        waited = [0]

        def run(*words):
            """As the account that owns the store."""
            whole = [node.rogatory, words[0], "--store", node.store, *words[1:]]
            who = {"user": "nobody", "group": "nogroup", "extra_groups": []} if IS_ROOT else {}
            until = time.monotonic() + 30
            while True:
                done = subprocess.run(whole, capture_output=True, text=True, check=False, **who)
                if "is writing to this store" not in done.stderr or time.monotonic() > until:
                    break
                waited[0] += 1  # one writer at a time, and whoever comes second is told
                time.sleep(0.1)
            if done.returncode != 0:
                raise Failed("%s: %d %s%s" % (" ".join(words), done.returncode, done.stdout[-500:], done.stderr[-500:]))

        now = now_ms()
        kept, due, kills = [], [], 0
        for turn in range(turns):
            rows, recent = [], now - 2 * 3600000 + turn * 40000
            for begun, holdings in ((recent, kept), (now - KEPT - 20 * 60000 - turn * 40000, due)):
                number = turn * 2 + (holdings is due)
                holdings.append((2000 + turn, begun + 10000, "100.127.%d.%d" % (number // 250, number % 250)))
                for at in range(0, 40001, 20000):  # it lives
                    rows += [(begun + at, "open", 65000, "100.127.255.1"), (begun + at + 1, "close", 65000, "100.127.255.1")]
                rows += [(begun + 5000, "open", 2000 + turn, holdings[-1][2]), (begun + 15000, "close", 2000 + turn, holdings[-1][2])]
            path = node.home + "/past%d.csv" % turn
            with open(path, "w", encoding="utf-8") as out:
                out.write(HEADER + "".join("%s,%s,tcp,%s,%d,%s,1,mapping\n" % (stamp(at), event, PAST, p, inside)
                                           for at, event, p, inside in sorted(rows)))
            run("import", "--exporter", "past", path)
            node.signal("store", signal.SIGUSR1)  # it merges meanwhile
            time.sleep(rng.random() * 0.3)
            run("retain")
            if turn % 3 == 2:
                node.kill(("collect", "store")[turn // 3 % 2])
                kills += 1
            run("check")
            judge.quick(exporters[0].sent_ms[-1], 40)
        time.sleep(14)
        load.end()
        for merged in (False, True):
            if merged:
                node.merge()
            facts = judge.all(at_least=1)
            answers = node.ask([(PAST, p, "tcp", at) for p, at, _ in kept + due])
            for (_, _, inside), answer in zip(kept, answers):
                if answer["verdict"] != "one" or answer["candidates"][0]["inside_address"] != inside:
                    raise Failed("imported, and not answered by %s: %s" % (inside, answer))
            for answer in answers[len(kept):]:
                if answer["verdict"] != "unknown" or answer["candidates"] + answer["possible"] or "outside-retention" not in answer["reasons"]:
                    raise Failed("it was due: %s" % answer)
        node.stop()
        node.check()
        run("retain")
        if node.ask([(PAST, p, "tcp", at) for p, at, _ in kept])[0]["verdict"] != "one":
            raise Failed("what was imported is not answered for any more")
        result("rogatory import, retain and check beside the node", imports=turns, retains=turns + 1, kills=kills, told_to_try_again=waited[0],
               merges_tried_again=node.said().count("event=merge-failed"), messages=load.sent,
               openings=facts["openings"], missing=0, imported_answered_one=len(kept), due_outside_retention=len(due),
               questions=judge.asked, wrong=0, whole=facts["whole"], of_these_not_one=0)


main()
