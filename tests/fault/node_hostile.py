#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""node_hostile.py BUILD SECONDS: connections over TCP and TLS that send a byte now and then or never end their handshake, whole
crowds of them, of configured and unknown senders, and random bytes on every port (the one for metrics and the socket for
questions too), while good exporters send over UDP, TCP and TLS. The node does not end, its memory is bounded, and the good
ones are answered for without loss."""

import os
import random
import resource
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

from node_judge import Judge
from node_live import IS_ROOT, Failed, Node, free_port, memory_of, result, skip
from node_load import Exporter, Load, Numbers, udp_from

CONNECTIONS = 2000  # of each crowd
LISTENERS = """\
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = {udp}
buffer = 32MiB
[listener streams]
transport = tcp
content = flow
address = 127.0.0.1
port = {tcp}
[listener sealed]
transport = tls
content = flow
address = 127.0.0.1
port = {tls}
certificate = {{home}}/cert.pem
key = {{home}}/key.pem
[listener lines]
transport = tcp
content = syslog
address = 127.0.0.1
port = {lines}
[listener radius]
transport = radius
address = 127.0.0.1
port = {radius}
"""


def certificate(home):
    run = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                          "-subj", "/CN=node", "-keyout", home + "/key.pem", "-out", home + "/cert.pem"], capture_output=True, check=False)
    if run.returncode:
        skip("openssl makes no certificate")
    os.chmod(home + "/key.pem", 0o600)
    if IS_ROOT:
        shutil.chown(home + "/key.pem", "nobody")


class Stream:
    """In the place of a UDP socket: messages of one exporter over one connection."""

    def __init__(self, source, port, sealed):
        self.made = socket.create_connection(("127.0.0.1", port), 20, (source, 0))
        if sealed:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.made = context.wrap_socket(self.made)

    def sendto(self, message, _):
        self.made.sendall(message)

    def close(self):
        self.made.close()


class Crowd(threading.Thread):
    """Connections that are opened again whenever they are closed, and say a byte now and then. kind: "tls-hello": the
    beginning of a handshake, byte by byte; "begun": a message that never ends; "silent"."""

    def __init__(self, source, port, kind, count, ends):
        super().__init__(daemon=True)
        self.source, self.port, self.kind, self.count, self.ends = source, port, kind, count, ends
        self.opened = self.closed_by_node = self.failed = 0

    def run(self):
        rng, open_ones = random.Random(self.port), []
        words = {"tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
                 "begun": struct.pack(">HHIII", 10, 1400, int(time.time()), 0, 1) + bytes(1300), "silent": b""}[self.kind]
        while not self.ends.is_set():
            for _ in range(50):
                if len(open_ones) >= self.count:
                    break
                made = socket.socket()
                try:
                    made.bind((self.source, 0))
                    made.settimeout(0.2)
                    made.connect(("127.0.0.1", self.port))
                    made.setblocking(False)
                    open_ones.append([made, 0])
                    self.opened += 1
                except OSError:
                    self.failed += 1
                    made.close()
                    break
            for one in rng.sample(open_ones, min(100, len(open_ones))):
                try:
                    if words and one[1] < len(words):
                        one[0].send(words[one[1]:one[1] + 1])
                        one[1] += 1
                    if one[0].recv(1, socket.MSG_PEEK) == b"":
                        raise OSError
                except BlockingIOError:
                    pass
                except OSError:
                    one[0].close()
                    open_ones.remove(one)
                    self.closed_by_node += 1
            time.sleep(0.05)
        for one in open_ones:
            one[0].close()


class Noise(threading.Thread):
    """Random bytes, and bytes that begin well, to every port."""

    def __init__(self, ports, metrics, ask, source, ends):
        super().__init__(daemon=True)
        self.ports, self.metrics, self.ask, self.source, self.ends = ports, metrics, ask, source, ends
        self.sent = 0

    def run(self):
        rng = random.Random(7)
        beginnings = (b"", struct.pack(">HH", 10, 200), struct.pack(">HH", 9, 5), b"\x04\x01\x00\x50", b"<134>1 ", b"200 <13>",
                      b"\x16\x03\x01\x00\xff", b"GET /", b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        strange, known = udp_from("127.0.9.9"), udp_from(self.source)
        while not self.ends.is_set():
            for kind in ("udp", "radius"):
                for made in (strange, known):
                    for _ in range(10):
                        try:
                            made.sendto(rng.choice(beginnings) + rng.randbytes(rng.randrange(1400)), ("127.0.0.1", self.ports[kind]))
                            self.sent += 1
                        except OSError:
                            pass
            for port in (self.ports["tcp"], self.ports["tls"], self.ports["lines"], self.metrics):
                self.stream(socket.AF_INET, ("127.0.0.1", port), rng.choice(beginnings) + rng.randbytes(rng.randrange(6000)))
            self.stream(socket.AF_UNIX, self.ask, rng.choice(beginnings) + rng.randbytes(rng.randrange(3000)))
            time.sleep(0.01)

    def stream(self, family, where, words):
        with socket.socket(family) as made:
            try:
                made.settimeout(0.3)
                if family == socket.AF_INET:
                    made.bind((self.source, 0))
                made.connect(where)
                made.sendall(words)
                if select.select([made], [], [], 0.01)[0]:
                    made.recv(100)
                self.sent += 1
            except OSError:
                pass


def main():
    build, seconds = sys.argv[1], float(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 4 * CONNECTIONS + 200:
        skip("only %d files may be open" % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * CONNECTIONS + 200,) * 2)
    exporters = [Exporter(i, n) for n in [Numbers()] for i in range(4)]
    ports = {name: free_port(socket.SOCK_DGRAM if name in ("udp", "radius") else socket.SOCK_STREAM)
             for name in ("udp", "tcp", "tls", "lines", "radius")}
    sections = "".join(e.section("127.0.1.%d" % (e.number + 1)) for e in exporters)
    # Somebody who is configured and is hostile; he has no addresses that others lend.
    sections += "[exporter rogue]\naddress = 127.0.3.1\nsecret-file = {home}/secret\noutside = 198.19.0.0/16\n"
    with Node(build, sections, LISTENERS.format(**ports), "merge-delay = 1s\n") as node:
        certificate(node.home)
        node.start()
        load = Load(exporters, ports["udp"], 20)
        for exporter, name in ((exporters[2], "tcp"), (exporters[3], "tls")):
            load.sockets[exporter].close()
            load.sockets[exporter] = Stream("127.0.1.%d" % (exporter.number + 1), ports[name], name == "tls")
        load.start()
        judge = Judge(node, exporters)
        time.sleep(3)
        before = {name: memory_of(pid)[0] for name, pid in node.pids.items()}
        ends = threading.Event()
        crowds = [Crowd("127.0.3.1", ports["tcp"], "begun", CONNECTIONS, ends), Crowd("127.0.3.1", ports["tls"], "tls-hello", CONNECTIONS, ends),
                  Crowd("127.0.9.9", ports["tcp"], "silent", CONNECTIONS, ends), Crowd("127.0.3.1", ports["lines"], "silent", CONNECTIONS, ends)]
        noise = Noise(ports, node.metrics, node.store + "/ask.socket", "127.0.3.1", ends)
        for hostile in crowds + [noise]:
            hostile.start()
        until, pages = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            time.sleep(min(5, seconds / 3))
            judge.quick(exporters[0].sent_ms[-1], 30)
            node.numbers()
            pages += 1
        # Whoever connects now is let in too.
        late = Stream("127.0.1.3", ports["tls"], True)
        late.close()
        during = {name: memory_of(pid)[1] for name, pid in node.pids.items()}
        ends.set()
        for hostile in crowds + [noise]:
            hostile.join()
        time.sleep(2)
        load.end()
        if len(node.lives()) != 1:
            raise Failed("it was started anew: %s" % node.lives())
        metrics = node.wait_numbers(lambda n: n["store"]["events"] >= sum(e["events"] for e in n["exporters"]), "all is with the store")
        facts = judge.all(at_least=1)
        lost = sum(e["lost"] for e in metrics["exporters"][:4])
        if facts["missing"] or lost:
            raise Failed("good exporters lost %d records, %d openings" % (lost, facts["missing"]))
        if max(during.values()) > 400:
            raise Failed("memory: %s MiB" % during)
        node.merge()
        judge.all(at_least=1)
        node.stop()
        node.check()
        result("slow and half-open connections, unknown senders, random bytes on every port", seconds="%.0f" % seconds,
               connections_tried=sum(c.opened + c.failed for c in crowds), closed_by_the_node=sum(c.closed_by_node for c in crowds),
               random_messages=noise.sent, strangers_counted=sum(l["strangers"] for l in metrics["listeners"]),
               refused=sum(l["refused"] for l in metrics["listeners"]) + sum(sum(e["refused"].values()) for e in metrics["exporters"]),
               MiB_before="%.0f, %.0f" % (before["collect"], before["store"]), MiB_at_most="%.0f, %.0f" % (during["collect"], during["store"]),
               good_messages=load.sent, of_them_lost=0, openings=facts["openings"], wrong=0, whole=facts["whole"], of_these_not_one=0,
               questions=judge.asked)


main()
