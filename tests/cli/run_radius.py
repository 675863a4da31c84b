# SPDX-License-Identifier: EUPL-1.2
"""A capture of RADIUS accounting is all there is: it names the subscriber behind a port, and the one with a prefix."""

import datetime
import json
import os
import socket
import struct

from cases import Folder, check, expect, finish

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 198.51.100.0/24
longest-block = 1h
longest-session = 1h
lease-log = complete

[exporter bng1]
address = 192.0.2.1
loss = reported
"""

BEGIN = int(datetime.datetime(2026, 10, 25, 9, tzinfo=datetime.timezone.utc).timestamp())
START, STOP, INTERIM = 1, 2, 3
HEADER = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)


def attribute(kind, value):
    return bytes([kind, len(value) + 2]) + value


def number(kind, value):
    return attribute(kind, struct.pack(">I", value))


def address(kind, text):
    return attribute(kind, socket.inet_aton(text))


def vendor(enterprise, kind, value):
    return attribute(26, struct.pack(">I", enterprise) + attribute(kind, value))


def port_range(outside, first, last, alloc):
    """241.6 of RFC 8045."""
    return attribute(241, b"\x06" + number(9, first) + number(10, last) + address(3, outside) + number(8, alloc))


def record(status, user, session, at, *more):
    body = b"".join((number(40, status), attribute(1, user.encode()), attribute(44, session.encode()), address(4, "192.0.2.1"),
                     number(55, at), *more))
    return struct.pack(">BBH", 4, at & 255, 20 + len(body)) + bytes(16) + body


def packet(at, payload, source="192.0.2.1", ports=(40000, 1813)):
    udp = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + socket.inet_aton(source) + bytes((192, 0, 2, 9))
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xffff) + (total >> 16)
    header = header[:10] + struct.pack(">H", 0xffff - ((total & 0xffff) + (total >> 16))) + header[12:]
    frame = bytes(12) + b"\x08\x00" + header + udp
    return struct.pack("<IIII", at, 100000, len(frame), len(frame)) + frame


def capture():
    """Interims of another customer every 30 seconds for three hours, so that the log is heard; customer-17 from 10:20 to
    10:40, customer-18 from 10:41 on, both with the same ports; a prefix of customer-17; things that are refused."""
    packets = [(second, record(INTERIM, "customer-99", "beat", BEGIN + second, address(8, "100.64.0.99")))
               for second in range(0, 10800, 30)]
    inside, ports = address(8, "100.64.0.17"), ("198.51.100.7", 1024, 2047)
    prefix = attribute(123, b"\x00\x38" + bytes.fromhex("20010db8001700"))
    packets += [
        (4800, record(START, "customer-17", "a", BEGIN + 4800, inside, prefix, port_range(*ports, 1))),
        (4805, record(START, "customer-17", "a", BEGIN + 4800, inside, prefix, port_range(*ports, 1))),
        (6000, record(STOP, "customer-17", "a", BEGIN + 6000, inside, prefix, number(46, 1200), port_range(*ports, 2))),
        (6060, record(START, "customer-18", "b", BEGIN + 6060, address(8, "100.64.0.18"),
                      vendor(6527, 121, b"198.51.100.7 1024-2047 router base"))),
        (6900, record(INTERIM, "customer-18", "b", BEGIN + 6900, address(8, "100.64.0.18"))),
    ]
    others = [packet(BEGIN + 10790, record(START, "customer-1", "c", BEGIN)[:-1]),
              packet(BEGIN + 10791, bytes([5, 1, 0, 20]) + bytes(16), ports=(1813, 40000)),
              packet(BEGIN + 10792, record(7, "customer-1", "c", BEGIN + 10792))]
    return HEADER + b"".join(packet(BEGIN + at, payload) for at, payload in sorted(packets)) + b"".join(others)


def hidden(name):
    """customer-17 from 10:00 to 12:00, and meanwhile somebody who chose the name by which he logs in."""
    prefixes = [attribute(123, b"\x00\x38" + bytes.fromhex("20010db80066%02x" % each)) for each in range(2)]
    told = ((3600, START, "customer-17", 0), (5000, START, name, 1), (7000, STOP, name, 1), (10800, STOP, "customer-17", 0))
    return HEADER + b"".join(packet(BEGIN + at, record(status, user, user, BEGIN + at, prefixes[prefix]))
                             for at, status, user, prefix in told)


def nobody_hides(name, verdict, subscriber):
    """Of a log of which records were refused, "lease-log = complete" is not believed: none would be a lie."""
    with Folder() as folder:
        os.mkdir(folder.store)
        with open(os.path.join(folder.store, "rogatory.conf"), "w", encoding="utf-8") as out:
            out.write("[realm default]\nlease-log = complete\noutside = 2001:db8::/32\n")
        with open(folder.file("hidden.pcap"), "wb") as out:
            out.write(hidden(name))
        folder.run("import", "--store", "store", "hidden.pcap")
        for at, wanted, who in (("10:40:00", verdict, subscriber), ("11:30:00", "none" if subscriber else "unknown", None)):
            answer = json.loads(folder.ask("2001:db8:66:100::5", "--at", "2026-10-25T%sZ" % at, "--json").stdout)
            named = [each.get("subscriber") for each in answer["candidates"]]
            check((answer["verdict"], named) == (wanted, [who] if who else []), "%r at %s: %s" % (name, at, answer))


def prefix_that_came_later():
    """A session from 10:00 to 13:00 that was given its prefix at 12:00, when another's use of it was long over: the session
    time in the stop tells nothing of the prefix before."""
    prefix = attribute(123, b"\x00\x38" + bytes.fromhex("20010db8003300"))
    told = ((3600, START, ()), (10800, INTERIM, (prefix,)), (14400, STOP, (prefix, number(46, 10800))))
    with Folder() as folder:
        with open(folder.file("late.pcap"), "wb") as out:
            out.write(HEADER + b"".join(packet(BEGIN + at, record(status, "customer-33", "s", BEGIN + at, *more))
                                        for at, status, more in told))
        folder.run("import", "--store", "store", "late.pcap")
        for at, verdict in (("10:30:00", "unknown"), ("12:30:00", "one")):
            answer = json.loads(folder.ask("2001:db8:33::5", "--at", "2026-10-25T%sZ" % at, "--json").stdout)
            check(answer["verdict"] == verdict, "a prefix that came later, at %s: %s" % (at, answer))


def main():
    with Folder() as folder:
        os.mkdir(folder.store)
        with open(os.path.join(folder.store, "rogatory.conf"), "w", encoding="utf-8") as out:
            out.write(SETTINGS)
        with open(folder.file("radius.pcap"), "wb") as out:
            out.write(capture())
        expect("radius-import.txt", folder.run("import", "--store", "store", "radius.pcap"), 0)
        for name, what, at, verdict, subscriber in (
                ("first", "198.51.100.7:1500", "10:30:00", "one", "customer-17"),
                ("second", "198.51.100.7:1500", "10:50:00", "one", "customer-18"),
                ("between", "198.51.100.7:1500", "10:40:30", "none", None),
                ("other-port", "198.51.100.7:3000", "10:30:00", "none", None),
                ("prefix", "2001:db8:17::5", "10:30:00", "one", "customer-17")):
            protocol = [] if name == "prefix" else ["--proto", "tcp"]
            run = folder.ask(what, "--at", "2026-10-25T%sZ" % at, *protocol, "--json")
            answer = json.loads(run.stdout)
            check(answer["verdict"] == verdict, "%s: %s" % (name, run.stdout))
            named = [each.get("subscriber") for each in answer["candidates"]]
            check(named == ([subscriber] if subscriber else []), "%s names %s" % (name, named))
    prefix_that_came_later()
    nobody_hides("mallory", "one", "mallory")
    nobody_hides("mallory\x01", "unknown", None)
    finish()


if __name__ == "__main__":
    main()
