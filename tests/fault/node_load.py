# SPDX-License-Identifier: EUPL-1.2
"""NATs whose truth is known: who held which port when, told over IPFIX (RFC 7011, events of RFC 8158), syslog and RADIUS.
Shares no code with the decoder. Times are milliseconds."""

import hashlib
import heapq
import random
import socket
import struct
import threading
import time

from node_live import SECRET

INSIDE = 0x64400000        # 100.64.0.0 + number of the opening
OUTSIDE = 0xC6120000       # 198.18.0.0 + number of the exporter
LEASED = 0xC6130000        # 198.19.0.0 + number of the lease
BIB_CREATE, BIB_DELETE = 8, 9
FIELDS = ((323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2))


def now_ms():
    return time.time_ns() // 1000000


def address_text(number):
    return socket.inet_ntoa(struct.pack(">I", number))


class Numbers:
    """Every opening of all exporters has its own number."""

    def __init__(self):
        self.next = 0
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            self.next += 1
            return self.next


class Held:
    """One holding of a port. Times are those of the exporter's clock, but for `real` and `real_until`."""
    __slots__ = ("number", "exporter", "port", "since", "until", "message", "closing", "real", "real_until")

    def __init__(self, number, exporter, port, since, message, real):
        self.number, self.exporter, self.port, self.since = number, exporter, port, since
        self.message, self.real = message, real
        self.until = self.closing = self.real_until = None


class Exporter:
    """A NAT with one outside address."""

    def __init__(self, number, numbers, ports=400, domain=1, seed=1):
        self.number, self.numbers, self.domain = number, numbers, domain
        self.name = "nat%d" % number
        self.outside = OUTSIDE + number
        self.rng = random.Random(seed * 100003 + number)
        self.free, self.open = list(range(2000, 2000 + ports)), []
        self.history = {}             # port: [Held]
        self.sequence = self.messages = 0
        self.template, self.fields = 256, FIELDS
        self.offset = 0               # its clock minus ours
        self.sent_ms = []             # when each message was made, by our clock
        self.broken_ms = []           # by our clock: nothing proves what was around these
        self.hold = (5000, 9000)

    def section(self, source, more=""):
        return "[exporter %s]\naddress = %s\ndialect = rfc8158\noutside = %s/32\n%s" % (
            self.name, source, address_text(self.outside), more)

    def clock(self):
        return now_ms() + self.offset

    # --- Messages ---

    def template_set(self, withdraw=False):
        if withdraw:
            return struct.pack(">HHHH", 2, 8, self.template, 0)
        body = struct.pack(">HH", self.template, len(self.fields))
        body += b"".join(struct.pack(">HH", *field) for field in self.fields)
        return struct.pack(">HH", 2, 4 + len(body)) + body

    def record(self, at, event, number, port):
        values = {323: struct.pack(">Q", at), 230: bytes([event]), 8: struct.pack(">I", INSIDE + number),
                  225: struct.pack(">I", self.outside), 4: b"\x06", 7: struct.pack(">H", port),
                  227: struct.pack(">H", port)}
        return b"".join(values[element] for element, _ in self.fields)

    def wrap(self, sets, records):
        """A message; `records` of data are in it."""
        message = struct.pack(">HHIII", 10, 16 + len(sets), self.clock() // 1000 & 0xFFFFFFFF, self.sequence & 0xFFFFFFFF,
                              self.domain) + sets
        self.sequence += records
        self.messages += 1
        self.sent_ms.append(now_ms())
        return message

    def step(self, count=4, template=None):
        """The next message: ends that are due, then openings. template: with its template in it; None: now and then."""
        at, real, records = self.clock(), now_ms(), []
        for held in [held for held in self.open if held.closing <= at][:count]:
            self.open.remove(held)
            held.until, held.real_until = at, real
            self.free.append(held.port)
            records.append(self.record(at, BIB_DELETE, held.number, held.port))
        while len(records) < count and self.free:
            port = self.free.pop(0)
            held = Held(self.numbers.take(), self, port, at, self.messages, real)
            held.closing = at + self.rng.randrange(*self.hold)
            self.history.setdefault(port, []).append(held)
            self.open.append(held)
            records.append(self.record(at, BIB_CREATE, held.number, port))
        sets = self.template_set() if template or template is None and self.messages % 20 == 0 else b""
        if records:
            body = b"".join(records)
            sets += struct.pack(">HH", self.template, 4 + len(body)) + body
        return self.wrap(sets, len(records))

    def jump(self, by):
        """Its clock is set; what is open is closed in due time."""
        self.offset += by
        for held in self.open:
            held.closing = self.clock() + self.rng.randrange(*self.hold)

    def restart(self):
        """Begins anew with an empty NAT and another template: what was open is no more, and nothing tells of it."""
        at = self.clock()
        for held in self.open:
            held.until, held.real_until = at, now_ms()
            self.free.append(held.port)
        self.open = []
        self.sequence = 0
        self.broken_ms.append(now_ms())

    def holders(self, port, since, until):
        """Who held it at some moment of these, by the exporter's clock."""
        return [held for held in self.history.get(port, ())
                if held.since <= until and (held.until is None or held.until >= since)]

    def real_holders(self, port, since, until):
        return [held for held in self.history.get(port, ())
                if held.real <= until and (held.real_until is None or held.real_until >= since)]


def udp_from(source):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    made.bind((source, 0))
    return made


class Road:
    """Where the kernel has no netem: loses, doubles and delays datagrams. Laws: (lost, doubled, delayed, by at most so many
    seconds), the first three as shares."""

    def __init__(self, law, seed=1):
        self.law, self.rng = law, random.Random(seed)
        self.waiting, self.turn, self.lock = [], 0, threading.Lock()

    def send(self, made, message, to):
        lost, doubled, delayed, most = self.law
        for _ in range(2 if self.rng.random() < doubled else 1):
            if self.rng.random() < lost:
                continue
            due = time.monotonic() + (self.rng.random() * most if self.rng.random() < delayed else 0)
            with self.lock:
                self.turn += 1
                heapq.heappush(self.waiting, (due, self.turn, made, message, to))
        self.pump()

    def pump(self):
        with self.lock:
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, made, message, to = heapq.heappop(self.waiting)
                made.sendto(message, to)


class Load(threading.Thread):
    """Exporters that send to a port over UDP, each so many messages a second, until told to end. The last messages of
    all say nothing but that they live, so that coverage reaches what was said before."""

    def __init__(self, exporters, port, rate=20, records=4, host="127.0.0.1", source=None):
        super().__init__(daemon=True)
        self.exporters, self.to, self.rate, self.records = exporters, (host, port), rate, records
        self.sockets = {e: udp_from(source(e.number) if source else "127.0.1.%d" % (e.number + 1)) for e in exporters}
        self.ends = threading.Event()
        self.lock = threading.Lock()
        self.failure = None
        self.sent = 0
        self.road = None

    def send(self, exporter, message):
        self.sent += 1  # before it is: who counts what was taken may be quicker than this thread is back
        try:
            if self.road:
                self.road.send(self.sockets[exporter], message, self.to)
            else:
                self.sockets[exporter].sendto(message, self.to)
        except OSError:  # nobody listens: as on a network, nothing tells the sender for certain
            pass

    def run(self):
        try:
            pause = 1.0 / (self.rate * len(self.exporters))
            due = time.monotonic()
            while not self.ends.is_set():
                for exporter in self.exporters:
                    with self.lock:
                        self.send(exporter, exporter.step(self.records))
                    due += pause
                    late = due - time.monotonic()
                    if late > 0:
                        time.sleep(late)
                    elif late < -1:
                        due = time.monotonic()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self, seconds=4):
        """Ends; then each says for some seconds that it lives."""
        self.ends.set()
        self.join()
        if self.failure:
            raise self.failure
        for turn in range(seconds * 4):
            for exporter in self.exporters:
                self.send(exporter, exporter.wrap(exporter.template_set() if turn % 4 == 0 else b"", 0))
            time.sleep(0.25)

    def close(self):
        for made in self.sockets.values():
            made.close()


class RadiusLoad(threading.Thread):
    """Starts of leases of public addresses, one after the other; remembers which of them were answered."""

    def __init__(self, port, source, rate=50):
        super().__init__(daemon=True)
        self.to, self.rate = ("127.0.0.1", port), rate
        self.socket = udp_from(source)
        self.socket.setblocking(False)
        self.sent, self.answered = {}, set()  # number: ms
        self.waiting = {}                     # identifier: (number, authenticator)
        self.ends = threading.Event()
        self.failure = None

    def request(self, number, at):
        def attribute(kind, value):
            return bytes([kind, 2 + len(value)]) + value
        attributes = (attribute(40, struct.pack(">I", 1)) + attribute(1, b"user%d" % number) +
                      attribute(8, struct.pack(">I", LEASED + number)) + attribute(44, b"session%d" % number) +
                      attribute(4, bytes([127, 0, 2, 1])) + attribute(55, struct.pack(">I", at // 1000)))
        head = struct.pack(">BBH", 4, number % 256, 20 + len(attributes))
        authenticator = hashlib.md5(head + bytes(16) + attributes + SECRET.encode()).digest()
        return head + authenticator + attributes, authenticator

    def take_answers(self):
        while True:
            try:
                answer = self.socket.recv(4096)
            except OSError:
                return
            waiting = self.waiting.get(answer[1]) if len(answer) >= 20 and answer[0] == 5 else None
            if not waiting:
                continue
            number, authenticator = waiting
            if answer[4:20] == hashlib.md5(answer[:4] + authenticator + answer[20:] + SECRET.encode()).digest():
                self.answered.add(number)

    def run(self):
        try:
            number = 0
            while not self.ends.is_set():
                number += 1
                at = now_ms()
                request, authenticator = self.request(number, at)
                self.waiting[number % 256] = (number, authenticator)
                self.sent[number] = at
                try:
                    self.socket.sendto(request, self.to)
                except OSError:
                    pass
                time.sleep(1.0 / self.rate)
                self.take_answers()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self):
        self.ends.set()
        self.join()
        if self.failure:
            raise self.failure
        time.sleep(2)
        self.take_answers()
        self.socket.close()
