#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Holds leases and port ranges out of RADIUS accounting against what tshark reads in the same packets.

usage: radius.py RADIUS_DUMP

The packets are made here, turned into a capture by text2pcap, and read by tshark's own dissector. What tshark's fields say
must be what is delivered, and the other way round.
"""
import ipaddress
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

FIELDS = {
    "status": "radius.Acct_Status_Type", "user": "radius.User_Name", "ipv4": "radius.Framed-IP-Address",
    "time": "radius.Event_Timestamp", "prefix": "radius.Framed_IPv6_Prefix", "delegated": "radius.Delegated_IPv6_Prefix",
    "ipv6": "radius.Framed_IPv6_Address",
    "huawei_address": "radius.Huawei_NAT_Public_Address", "huawei_first": "radius.Huawei_NAT_Start_Port",
    "huawei_last": "radius.Huawei_NAT_End_Port",
}
STATUSES = {1: "start", 2: "stop", 3: "interim"}
NOW = 1700000000
PACKETS = 400


def attribute(kind, value):
    return bytes([kind, len(value) + 2]) + value


def number(kind, value):
    return attribute(kind, struct.pack(">I", value))


def vendor(enterprise, kind, value):
    return attribute(26, struct.pack(">I", enterprise) + attribute(kind, value))


def prefix(kind, text):
    network = ipaddress.ip_network(text)
    return attribute(kind, bytes([0, network.prefixlen]) + network.network_address.packed[:(network.prefixlen + 7) // 8])


def made(chance):
    status = chance.randint(1, 3)
    parts = [number(40, status), attribute(1, b"customer-%d@example.net" % chance.randint(1, 999)),
             number(55, NOW - chance.randint(0, 3000)), number(5, chance.getrandbits(32)), attribute(87, b"xe-0/0/1:100"),
             number(42, chance.getrandbits(32)), attribute(33, bytes(chance.getrandbits(8) for _ in range(9))),
             vendor(9, 1, b"disc-cause-ext=1"), attribute(245, b"\x01\x80" + b"x" * 20), attribute(245, b"\x01\x00yy")]
    if chance.random() < 0.8:
        parts.append(attribute(8, bytes([100, 64, chance.randint(0, 255), chance.randint(1, 254)])))
    if chance.random() < 0.5:
        parts.append(prefix(97, "2001:db8:0:%x::/64" % chance.randint(1, 65535)))
    if chance.random() < 0.5:
        parts.append(prefix(123, "2001:db8:%x00::/56" % chance.randint(1, 255)))
    if chance.random() < 0.3:
        parts.append(attribute(168, ipaddress.ip_address("2001:db8::%x" % chance.randint(1, 65535)).packed))
    first = chance.randint(1024, 60000)
    outside = bytes([198, 51, 100, chance.randint(1, 254)])
    if chance.random() < 0.5:
        parts += [vendor(2011, 161, outside), vendor(2011, 162, struct.pack(">I", first)),
                  vendor(2011, 163, struct.pack(">I", first + 1000))]
    head, rest = parts[0], parts[1:]
    chance.shuffle(rest)
    body = head + b"".join(rest)
    return struct.pack(">BBH", 4, chance.randint(0, 255), 20 + len(body)) + bytes(16) + body


def dump(packets):
    return "".join("000000 %s\n" % packet.hex(" ") for packet in packets)


def by_tshark(folder, packets):
    with open(folder + "/packets.txt", "w", encoding="ascii") as file:
        file.write(dump(packets))
    subprocess.run(["text2pcap", "-q", "-u", "40000,1813", folder + "/packets.txt", folder + "/packets.pcap"], check=True,
                   capture_output=True)
    run = subprocess.run(["tshark", "-r", folder + "/packets.pcap", "-T", "pdml"], check=True, capture_output=True,
                         env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    names = {field: name for name, field in FIELDS.items()}
    read = []
    for packet in xml.etree.ElementTree.fromstring(run.stdout).iter("packet"):
        read.append({names[field.get("name")]: bytes.fromhex(field.get("value")) for field in packet.iter("field")
                     if field.get("name") in names})
    return read


def network(value):
    return str(ipaddress.ip_network((value[2:].ljust(16, b"\0"), value[1])))


def said_by_tshark(fields):
    values = {name: int.from_bytes(value, "big") for name, value in fields.items()}
    status, instant = STATUSES[values["status"]], values["time"] * 1000
    held = [str(ipaddress.ip_address(fields[name])) for name in ("ipv4", "ipv6") if name in fields]
    held += [network(fields[name]) for name in ("prefix", "delegated") if name in fields]
    said = {"lease|%s|%s|%s|%d" % (each, fields["user"].decode(), status, instant) for each in held}
    if "huawei_address" in fields:
        action = {"start": 0, "stop": 1, "interim": 3}[status]
        said.add("range|%s|%s|%d|%d|0|%d|%d" % (
            held[0].split("/")[0] if held else "-", ipaddress.ip_address(fields["huawei_address"]), values["huawei_first"],
            values["huawei_last"], action, instant + (999 if action == 1 else 0)))
    return said


def main():
    for tool in ("tshark", "text2pcap"):
        if not shutil.which(tool):
            print("SKIP: no " + tool)
            sys.exit(77)
    chance = random.Random(8045)
    packets = [made(chance) for _ in range(PACKETS)]
    run = subprocess.run([sys.argv[1]], input=b"".join(struct.pack(">H", len(packet)) + packet for packet in packets),
                         capture_output=True, check=True)
    ours = [set(line.split(" ")[1:]) for line in run.stdout.decode().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        theirs = [said_by_tshark(fields) for fields in by_tshark(folder, packets)]
    if len(ours) != len(theirs) or len(ours) != PACKETS:
        sys.exit("%d packets, %d read here, %d by tshark" % (PACKETS, len(ours), len(theirs)))
    facts = 0
    for place, (left, right) in enumerate(zip(ours, theirs), 1):
        if left != right:
            sys.exit("packet %d: only here %s; only tshark %s" % (place, sorted(left - right), sorted(right - left)))
        facts += len(left)
    if facts < 2 * PACKETS:
        sys.exit("only %d facts were compared" % facts)
    print("%d packets, %d leases and port ranges: tshark reads the same" % (PACKETS, facts))


if __name__ == "__main__":
    main()
