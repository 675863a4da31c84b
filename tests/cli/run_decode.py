# SPDX-License-Identifier: EUPL-1.2
"""`rogatory decode`: every field beside its meaning, what is made of each record, and what it never does."""

import json
import os
import struct

from cases import HEADER, Folder, check, expect, finish

NOW = 1793008800  # 2026-10-26T10:00:00Z
SESSION = [(323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2), (12, 4), (11, 2), (284, 65535), (9999, 3)]
OPTIONS = [(149, 4), (41, 8)]


def content(kind, body):
    return struct.pack(">HH", kind, len(body) + 4) + body


def template(version, number, fields, scopes=0):
    body = struct.pack(">HH", number, len(fields)) + (struct.pack(">H", scopes) if scopes else b"")
    return content((3 if scopes else 2) if version == 10 else 0,
                   body + b"".join(struct.pack(">HH", *field) for field in fields))


def message(version, number, *sets):
    body = b"".join(sets)
    if version == 10:
        return struct.pack(">HHIII", 10, 16 + len(body), NOW, number, 7) + body
    return struct.pack(">HHIIII", 9, len(sets), 3600000, NOW, number, 7) + body


def session(event, port, pool=b"pool\x1b[1m"):
    return struct.pack(">QBIIBHHIH", NOW * 1000 - 1500, event, 0x64400011, 0xc6336407, 6, 40001, port, 0xc0000201, 443) + \
        bytes([len(pool)]) + pool + b"\x01\x02\x03"


# A relay's file: the year that one host states is no other's.
RELAY = """\
<14>1 2019-04-12T14:29:06Z nat-1 RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@2636.1.1.1.2.1 internal-ip="100.64.0.3" \
block-used="1" block-max-per-host="4" block-port-low="4608" block-port-high="5119" reflexive-ip="198.51.100.7" \
nat-pool-name="p" logical-system-id="0" epoch-time-64="5cb0a132"]
Jul  6 12:10:00 nat-2 fp-cgnat[4269]: USER 100.64.0.4 (matching rule 1): NEW BLOCK (pool "p", ip public 198.51.100.8, \
proto 6, port 4608 - 5119)
"""


def ipfix():
    first = message(10, 0, template(10, 256, SESSION), template(10, 257, OPTIONS, 1),
                    content(256, session(4, 4711) + session(5, 4711)), content(257, struct.pack(">IQ", 7, 5)))
    second = message(10, 9, template(10, 256, SESSION), content(300, b"x" * 20), content(256, session(77, 1)))
    return first + second + b"junk"


def netflow9():
    fields = [(22, 4), (1, 4), (8, 4), (56, 6), (33000, 12)]
    record = struct.pack(">III6s12s", 3599000, 77, 0x0a000001, bytes(range(1, 7)), b"z" * 12)
    return message(9, 5, template(9, 300, fields), content(300, record + b"\0\0"))


def ipv4(protocol, payload, source=0xc0000209):
    return struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, source, 0xc000020a) + payload


def udp(payload, port=4739):
    return struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload


def pcap(packets, link=101):
    text = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    for number, packet in enumerate(packets):
        text += struct.pack("<IIII", NOW + number, 0, len(packet), len(packet)) + packet
    return text


def radius():
    """An Accounting-Request that starts a session: customer-17 has 100.64.0.17."""
    attributes = b"".join(struct.pack(">BB", kind, 2 + len(value)) + value for kind, value in (
        (40, struct.pack(">I", 1)), (44, b"s1"), (1, b"customer-17"), (8, bytes([100, 64, 0, 17])),
        (4, bytes([192, 0, 2, 9])), (55, struct.pack(">I", NOW))))
    return struct.pack(">BBH16x", 4, 1, 20 + len(attributes)) + attributes


def main():
    with Folder() as folder:
        for name, text in (("a.ipfix", ipfix()), ("b.nf9", netflow9()),
                           ("c.pcap", pcap([ipv4(17, udp(netflow9())), ipv4(17, udp(netflow9(), 53), 0xc000020b),
                                            ipv4(17, udp(ipfix()))[:60]])),
                           ("radius.pcap", pcap([ipv4(17, udp(radius(), 1813))])),
                           ("link.pcap", pcap([b"x" * 20], 147))):
            with open(folder.file(name), "wb") as out:
                out.write(text)
        folder.write("d.csv", HEADER + "2026-10-25T10:00:00Z,open,tcp,198.51.100.7,4711,100.64.0.17,40001,192.0.2.1,443,a\n"
                                       "2026-10-25T10:00:00Z,open,tcp,198.51.100.777,4711,100.64.0.17,40001,192.0.2.1,443,b\x1b\n")
        expect("decode-ipfix.txt", folder.run("decode", "a.ipfix"), 0)
        expect("decode-netflow9.txt", folder.run("decode", "b.nf9"), 0)
        expect("decode-capture.txt", folder.run("decode", "c.pcap"), 0)
        expect("decode-radius.txt", folder.run("decode", "radius.pcap"), 0)
        expect("decode-lines.txt", folder.run("decode", "d.csv"), 0)
        expect("decode-leases.txt", folder.run("decode", "--limit", "2", "leases.csv"), 0)
        expect("decode-files.txt", folder.run("decode", "missing", "d.csv", "link.pcap"), 1)
        expect("decode-json.txt", folder.run("decode", "--json", "--limit", "1", "a.ipfix", "b.nf9"), 0)

        for name in ("a.ipfix", "b.nf9", "c.pcap", "radius.pcap", "d.csv", "leases.csv"):
            run = folder.run("decode", "--json", name)
            objects = [json.loads(line) for line in run.stdout.splitlines()]
            check(all(each["file"] == name for each in objects), "%s: every line is an object: %s" % (name, objects))
        shown = folder.run("decode", "a.ipfix", "d.csv").stdout
        check(all(byte == 10 or byte >= 32 for byte in shown.encode()), "no control byte reaches the terminal")
        run = folder.run("decode", "--exporter", "192.0.2.11", "c.pcap")
        check("packet 2" in run.stdout and "packet 1" not in run.stdout, "--exporter: " + run.stdout)
        run = folder.run("decode", "--dialect", "cisco-nel", "a.ipfix")
        check("NAT44 session create" not in run.stdout and "refused" in run.stdout, "--dialect: " + run.stdout)
        folder.write("relay.log", RELAY)
        expect("decode-syslog.txt", folder.run("decode", "--zone", "UTC", "--year", "2026", "relay.log"), 0)
        folder.write("plan.csv", "outside_address,port_first,port_last,inside,valid_from,valid_to\n"
                     "203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00Z,\n")
        run = folder.run("decode", "plan.csv")
        check("line 2" in run.stdout and "=> a row of a plan" in run.stdout, "plans: " + run.stdout + run.stderr)
        run = folder.run("decode", "--dialect", "nfware", "--limit", "1", "relay.log")
        check("refused (contradiction)" in run.stdout, "--dialect names a family of syslog: " + run.stdout + run.stderr)
        check(folder.run("decode", "-", stdin="").returncode == 1, "an empty input is an error")
        check(not os.path.exists(folder.store), "decode makes no store")
    finish()


main()
