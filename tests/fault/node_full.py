#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_full.py BUILD SECONDS: the disk under a node fills up, three times: a foreign file leaves less than disk-reserve; one
leaves nothing at all; the node's own journal fills it. Each time taking stops, which log, metrics and readiness say and
coverage shows; with room again it resumes by itself. While the reserve is there questions are answered. Needs the right to
mount a small file system; without it the test is skipped."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error

from node_judge import Judge
from node_live import IS_ROOT, Failed, Node, free_port, result, skip
from node_load import Exporter, Load, Numbers

LISTENER = """\
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = %d
buffer = 64KiB
"""
MEBIBYTE = 1 << 20


def inside_namespace():
    """Runs this again in a mount namespace of its own, so that no mount is left behind whatever happens."""
    words = ["unshare", "--mount"]
    if not IS_ROOT or subprocess.run(words + ["mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        skip("a small file system cannot be mounted here")
    environment = dict(os.environ, ROGATORY_FULL_INSIDE="1")
    raise SystemExit(subprocess.run(words + [sys.executable, "-B"] + sys.argv, env=environment, check=False).returncode)


def free():
    room = os.statvfs("/mnt")
    return room.f_bavail * room.f_frsize


def fill(leave):
    """A foreign file takes all but so many bytes."""
    with open("/mnt/foreign", "wb") as out:
        try:
            while free() > leave:
                out.write(bytes(min(MEBIBYTE, max(4096, (free() - leave) // 4096 * 4096))))
                out.flush()
        except OSError:
            pass


def readiness(node):
    try:
        node.page("readyz")
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def stops(node, since):
    node.wait_numbers(lambda n: n["collector"]["taking"] == 0, "taking stops")
    node.wait_said("event=taking-stops", since=since)
    if readiness(node) != 503:
        raise Failed("it is ready and takes nothing")


def resumes(node, since):
    node.wait_numbers(lambda n: n["collector"]["taking"] == 1, "taking resumes by itself", 60)
    node.wait_said("event=taking-again", since=since)


def main():
    build, seconds = sys.argv[1], float(sys.argv[2])
    if not os.environ.get("ROGATORY_FULL_INSIDE"):
        inside_namespace()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=711", "none", "/mnt"], check=True)
    exporters = [Exporter(i, n, ports=400) for n in [Numbers()] for i in range(4)]
    port = free_port(socket.SOCK_DGRAM)
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    with Node(build, sections, LISTENER % port, "merge-delay = 1s\njournal-limit = 64MiB\n", folder="/mnt") as node:
        node.start()
        load = Load(exporters, port, 20)
        load.start()
        judge = Judge(node, exporters)
        time.sleep(seconds)

        mark = len(node.said())
        fill(8 * MEBIBYTE)
        stops(node, mark)
        time.sleep(seconds / 2)
        judge.quick(exporters[0].sent_ms[-1], 100)
        answered = judge.asked
        os.unlink("/mnt/foreign")
        resumes(node, mark)
        time.sleep(seconds)

        mark = len(node.said())
        fill(0)
        stops(node, mark)
        node.signal("store", signal.SIGUSR1)
        refused = ""
        try:
            judge.quick(exporters[0].sent_ms[-1], 20)
        except Failed as failure:  # nothing is answered that cannot be recorded
            if judge.wrong:
                raise
            refused = str(failure)
        time.sleep(seconds / 2)
        os.unlink("/mnt/foreign")
        resumes(node, mark)
        time.sleep(seconds)

        mark = len(node.said())
        fill(24 * MEBIBYTE)
        began = time.monotonic()
        while node.numbers()["collector"]["taking"] and time.monotonic() < began + 60:
            for exporter in exporters:  # much that says little
                for _ in range(50):
                    with load.lock:
                        load.send(exporter, exporter.wrap(exporter.template_set() * 35, 0))
            time.sleep(0.02)
        stops(node, mark)
        by_itself = time.monotonic() - began
        node.merge()  # what the journal holds stands in windows, and its room comes back
        resumes(node, mark)
        os.unlink("/mnt/foreign")
        time.sleep(8)
        load.end()
        if len(node.lives()) != 1:
            raise Failed("it was started anew: %s" % node.lives())
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        facts = judge.all(at_least=0.01)
        node.merge()
        judge.all(at_least=0.01)
        listener, collector = metrics["listeners"][0], metrics["collector"]
        node.stop()
        node.check()
        told = listener["kernel_drops"] + listener["refused"]
        if collector["stops"] < 3 or not told or not sum(e["gaps"] for e in metrics["exporters"]):
            raise Failed("%s %s" % (listener, collector))
        result("disk full (64 MiB): foreign file, no byte left, own journal", stops=collector["stops"],
               seconds_stopped=collector["stopped"], messages=load.sent, taken=listener["delivered"],
               dropped_or_refused_and_told=told, questions_below_the_reserve=answered,
               questions_with_no_byte_left="refused" if refused else "answered", filled_by_its_journal_in="%.1f s" % by_itself,
               openings=facts["openings"], missing=facts["missing"], questions=judge.asked, wrong=0, whole=facts["whole"],
               of_these_not_one=0)


main()
