# SPDX-License-Identifier: EUPL-1.2
"""The life of a node while an exporter goes on sending: settings read again, sound and broken, each of its processes killed, all of
it stopped and started. Nothing that reached it is lost, nobody is named wrongly. Usage: life.py SANDBOX ROGATORY"""

import os
import signal
import sys
import threading
import time

import ipfix
import parts
from parts import check, say, wait_for

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 203.0.113.0/24
longest-session = 1m
[exporter nat]
address = 127.0.0.11
dialect = rfc8158
outside = 203.0.113.11/32
[listener datagrams]
transport = udp
content = flow
port = 4739
"""

ANOTHER = """\
[exporter other]
address = 127.0.0.12
dialect = rfc8158
outside = 203.0.113.12/32
"""


class Traffic(threading.Thread):
    """Some 200 openings per second, each of another outside port."""

    def __init__(self):
        super().__init__(daemon=True)
        self.exporter = ipfix.Exporter("127.0.0.11", 4739)
        self.nat = ipfix.Nat("203.0.113.11", "100.64.1.")
        self.ending = threading.Event()
        self.unheard = 0  # messages to which nobody listened

    def run(self):
        while not self.ending.wait(0.02):
            try:
                self.exporter.send(self.nat.open(4))
            except ConnectionRefusedError:
                self.unheard += 1

    def finish(self):
        self.ending.set()
        self.join()


def look(node, traffic, name, since, whole=True):
    """Everything that was opened from then on, until now, is judged."""
    until = time.time()
    time.sleep(4)
    every = dict(traffic.nat.held)
    ports = [port for port, (_, begun, _) in sorted(every.items()) if since <= begun <= until]
    some = ipfix.Nat(traffic.nat.outside, "")
    some.held = {port: every[port] for port in ports}
    right, possible, unknown, wrong = some.judge(node.ask_batch(some.questions()))
    for text in wrong[:5]:
        say("   WRONG: " + text)
    check(not wrong, name + ": nobody is named wrongly")
    if whole:
        check(unknown == 0, "%s: %d of %d are lost" % (name, unknown, len(ports)))
    # A message to which nobody listened is told by the next one; a socket that is closed takes some with it.
    check(unknown <= 4 * (2 * traffic.unheard + 20), "%s: %d are lost, and %d messages were" % (name, unknown, traffic.unheard))
    say("%s: %d openings: %d one and right, %d possible, %d not there, %d wrong" % (name, len(ports), right, possible, unknown, len(wrong)))


def again(node, what):
    """Does something, and waits until the node is ready anew."""
    before = node.said("event=ready")
    begun = time.monotonic()
    what()
    node.wait_ready(before)
    return time.monotonic() - begun


def reload(node):
    node.configure(SETTINGS + ANOTHER + node.NODE)
    took = again(node, lambda: node.process.send_signal(signal.SIGHUP))
    say("settings read again: ready after %.2f s" % took)
    node.configure(SETTINGS + "[exporter nat]\nnonsense = 1\n" + node.NODE)
    processes = node.child("collect"), node.child("store")
    node.process.send_signal(signal.SIGHUP)
    wait_for("a refusal of broken settings", lambda: node.said("event=reload-refused"))
    time.sleep(0.3)
    check(processes == (node.child("collect"), node.child("store")) and all(map(parts.is_running, processes)),
          "broken settings change nothing")
    node.configure(SETTINGS + ANOTHER + node.NODE)


def main():
    parts.enter(sys.argv[1], [])
    node = parts.Node(sys.argv[2])
    node.configure(SETTINGS + node.NODE)
    node.start()
    traffic = Traffic()
    traffic.start()
    begun = time.time()
    time.sleep(3.5)
    since = time.time()
    reload(node)
    look(node, traffic, "settings read again", since)
    for name in ("collect", "store"):
        since = time.time()
        for _ in range(2):
            say("kill -9 of rogatory-%s: ready after %.2f s"
                % (name, again(node, lambda: os.kill(node.child(name), signal.SIGKILL))))
            time.sleep(0.3)
        look(node, traffic, "kill -9 of rogatory-" + name, since)
    # A stop with a start behind it: what is sent while nobody listens is lost, and that is told by the numbers of the exporter.
    since = time.time()
    check(node.stop() == 0, "a stop is a good end")
    node.start()
    look(node, traffic, "stop and start", since, whole=False)
    since = time.time()
    node.stop(signal.SIGKILL)
    wait_for("the end of its children", lambda: not any(parts.is_running(node.child(one)) for one in ("collect", "store")), 15)
    node.start()
    look(node, traffic, "kill -9 of rogatoryd", since, whole=False)
    traffic.finish()
    look(node, traffic, "all of it", begun, whole=False)
    check(node.stop() == 0, "the node ends well")
    if parts.failures:
        say(open(node.log, encoding="utf-8").read())
    parts.finish()


main()
