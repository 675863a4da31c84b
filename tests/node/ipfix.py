# SPDX-License-Identifier: EUPL-1.2
"""An exporter of NAT events for tests: IPFIX (RFC 7011) with the records of RFC 8158, over UDP, TCP or TLS."""

import socket
import ssl
import struct
import time

OPEN, CLOSE = 8, 9  # natEvent (RFC 8158 section 5.3): NAT44 BIB create, delete

# observationTimeMilliseconds, natEvent, sourceIPv4Address, postNATSourceIPv4Address, protocolIdentifier, sourceTransportPort,
# postNAPTSourceTransportPort
FIELDS = ((323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2))
RECORD = struct.Struct("!QB4s4sBHH")


class Exporter:
    """As soon as it is made it is connected. TLS: a context that is its certificate's."""

    def __init__(self, source, port, transport="udp", template=256, refresh=20, context=None):
        self.transport, self.template, self.refresh = transport, template, refresh
        self.sequence = self.messages = self.events = 0
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="node.example.net")

    def template_set(self):
        body = struct.pack("!HH", self.template, len(FIELDS)) + b"".join(struct.pack("!HH", *field) for field in FIELDS)
        return struct.pack("!HH", 2, 4 + len(body)) + body

    def send(self, events):
        """events: (action, seconds, inside, inside port, outside, outside port); of TCP."""
        records = b"".join(RECORD.pack(int(at * 1000), action, socket.inet_aton(inside), socket.inet_aton(outside), 6, port,
                                       outside_port) for action, at, inside, port, outside, outside_port in events)
        with_template = self.messages % self.refresh == 0 if self.transport == "udp" else self.messages == 0
        sets = (self.template_set() if with_template else b"") + struct.pack("!HH", self.template, 4 + len(records)) + records
        message = struct.pack("!HHIII", 10, 16 + len(sets), int(time.time()), self.sequence, 1) + sets
        # Whether it arrives is not known to an exporter.
        self.sequence += len(events)
        self.messages += 1
        self.events += len(events)
        self.socket.sendall(message)

    def close(self):
        if isinstance(self.socket, ssl.SSLSocket):
            try:
                self.socket.unwrap()
            except (OSError, ssl.SSLError):
                pass
        self.socket.close()


class Nat:
    """What an exporter's NAT does, and the truth about it: each outside port is one inside host's. One outside address."""

    def __init__(self, outside, hosts):
        self.outside, self.hosts = outside, hosts  # hosts: a prefix like "100.64.1."
        self.next = 1024
        self.held = {}  # outside port: (inside, from, to)

    def open(self, count=1, at=None):
        at = at or time.time()
        events = []
        for _ in range(count):
            port, self.next = self.next, self.next + 1
            inside = self.hosts + str(1 + port % 250)
            self.held[port] = (inside, at, None)
            events.append((OPEN, at, inside, 40000, self.outside, port))
        return events

    def close(self, ports, at=None):
        at = at or time.time()
        events = []
        for port in ports:
            inside, begun, _ = self.held[port]
            self.held[port] = (inside, begun, at)
            events.append((CLOSE, at, inside, 40000, self.outside, port))
        return events

    def questions(self, after=0.05):
        """A little after each opening."""
        return [(self.outside, port, "tcp", begun + after) for port, (_, begun, _) in sorted(self.held.items())]

    def judge(self, answers):
        """(right, shown as possible, unknown, wrong): wrong is a list of sentences."""
        right, possible, unknown, wrong = 0, 0, 0, []
        for (port, (inside, _, _)), answer in zip(sorted(self.held.items()), answers):
            names = {one["inside_address"] for one in answer["candidates"]}
            maybe = {one["inside_address"] for one in answer["possible"]}
            if answer["verdict"] == "one" and names == {inside}:
                right += 1
            elif answer["verdict"] != "unknown":
                wrong.append("%s:%d: %s %s, and it was %s" % (self.outside, port, answer["verdict"], sorted(names), inside))
            elif inside in maybe:
                possible += 1
            else:
                unknown += 1
        return right, possible, unknown, wrong
