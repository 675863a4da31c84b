#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Holds every field of every record that the flow decoder walks against what tshark reads at the same place.

usage: tshark.py WALK_DUMP SOURCE_ROOT

Each group of raw messages is wrapped into a capture file; tshark's fields (position, length, bytes) and ours must be
the same, in both directions. The captures of real devices are used where they are present.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

UDP_PAYLOAD = 14 + 20 + 8  # Ethernet, IPv4 and UDP headers before each message
PORT = 2055
NOW = 1700000000

# What tshark calls the elements that NAT events are made of: the bytes alone would not show a wrong element.
NAMES = {
    8: "cflow.srcaddr", 12: "cflow.dstaddr", 27: "cflow.srcaddrv6", 225: "cflow.post_natsource_ipv4_address",
    226: "cflow.post_natdestination_ipv4_address", 4: "cflow.protocol", 7: "cflow.srcport", 11: "cflow.dstport",
    227: "cflow.post_naptsource_transport_port", 228: "cflow.post_naptdestination_transport_port",
    230: "cflow.nat_event", 234: "cflow.ingress_vrfid", 323: "cflow.observation_time_milliseconds",
    322: "cflow.observation_time_seconds",
}

# Shown by tshark otherwise than as one field: a time without its partner (it shows pairs, as a duration), and an
# application's id (it shows the parts). Their bytes are compared with those of tshark's whole record.
SHOWN_OTHERWISE = {21, 22, 95, 152, 153}


def content(kind, body):
    return struct.pack(">HH", kind, len(body) + 4) + body


def template(version, number, fields, options=False):
    body = struct.pack(">HH", number, len(fields))
    if options:
        body += struct.pack(">H", 1)
    for element, length, *enterprise in fields:
        body += struct.pack(">HH", element | (0x8000 if enterprise else 0), length)
        if enterprise:
            body += struct.pack(">I", enterprise[0])
    return content((3 if options else 2) if version == 10 else 0, body)


def message(version, number, *sets):
    body = b"".join(sets)
    if version == 10:
        return struct.pack(">HHIII", 10, 16 + len(body), NOW, number, 1) + body
    return struct.pack(">HHIIII", 9, len(sets), 3600000, NOW, number, 1) + body


def made_messages():
    """Groups that hold what the captures of real devices do not."""
    session = [(323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2), (12, 4), (226, 4), (11, 2), (228, 2), (234, 4)]
    block = [(323, 8), (230, 1), (8, 4), (225, 4), (361, 2), (362, 2), (363, 2), (364, 2)]

    def sessions(count):
        return b"".join(struct.pack(">QBIIBHHIIHHI", NOW * 1000 + i, 4 + i % 2, 0x64400001 + i, 0xc6336407, 6, 1000 + i,
                                    2000 + i, 0x08080808, 0x08080404, 53, 54, 9) for i in range(count))

    blocks = b"".join(struct.pack(">QBIIHHHH", NOW * 1000 + i, 16, 0x64400001 + i, 0xc6336407, 1024, 1535, 1, 512)
                      for i in range(5))
    variable = [(284, 65535), (323, 8), (93, 65535, 637), (230, 1), (8, 4), (225, 4), (7, 1)]
    tail = struct.pack(">QBIIB", NOW * 1000, 4, 0x64400001, 0xc6336407, 200)
    long_name = b"\xff\x01\x2c" + b"x" * 300
    variable_data = (b"\x04pool" + tail[:8] + b"\x04user" + tail[8:] + long_name + tail[:8] + b"\xff\x00\x03abc" + tail[8:])
    for version in (9, 10):
        first = [template(version, 256, session), template(version, 257, block)]
        yield "made-%d" % version, [message(version, 0, *first),
                                    message(version, 1, content(256, sessions(20)), content(257, blocks + b"\0\0\0"))]
    yield "made-variable", [message(10, 0, template(10, 258, variable), content(258, variable_data))]
    yield "made-options", [message(10, 0, template(10, 259, [(149, 4), (41, 8), (42, 4)], True),
                                   content(259, bytes(range(48))))]
    nat64 = [(323, 8), (230, 1), (27, 16), (225, 4), (4, 1), (7, 2), (227, 2)]
    yield "made-nat64", [message(10, 0, template(10, 260, nat64), content(260, struct.pack(
        ">QB16sIBHH", NOW * 1000, 6, bytes(range(16)), 0xc6336407, 17, 5, 6)))]


REAL = {
    "mikrotik": ["ipfix_test_mikrotik_tpl", "ipfix_test_mikrotik_data258", "ipfix_test_mikrotik_data259"],
    "juniper": ["ipfix_test_juniper_mx240_junos151r6s3_opttpl512", "ipfix_test_juniper_mx240_junos151r6s3_data512"],
    "zero-length": ["netflow9_test_0length_fields_tpl_data"],
    "asa": ["netflow9_test_cisco_asa_1_tpl", "netflow9_test_cisco_asa_1_data"],
    "fortigate": ["netflow9_test_fortigate_fortios_542_appid_tpl258-269",
                  "netflow9_test_fortigate_fortios_542_appid_data258_262"],
    "huawei": ["netflow9_test_huawei_netstream_tpl", "netflow9_test_huawei_netstream_data"],
    "iptnetflow": ["netflow9_test_iptnetflow_reduced_size_encoding_tpldata260"],
    "paloalto": ["netflow9_test_paloalto_81_tpl256-263",
                 "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet"],
    "panos": ["netflow9_test_paloalto_panos_tpl", "netflow9_test_paloalto_panos_data"],
}


def groups(source_root):
    yield from made_messages()
    shared = os.environ.get("ROGATORY_SHARED", os.path.join(source_root, "..", "shared"))
    folder = os.path.join(shared, "data", "netflow")
    if not os.path.isdir(folder):
        print("SKIP the captures of real devices: no folder", folder)
        return
    for name, files in REAL.items():
        datagrams = []
        for file in files:
            with open(os.path.join(folder, file + ".dat"), "rb") as opened:
                datagrams.append(opened.read())
        yield name, datagrams


def capture(path, datagrams):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for datagram in datagrams:
            udp = struct.pack(">HHHH", 40000, PORT, 8 + len(datagram), 0) + datagram
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0xc0000201, 0xc0000202)
            packet = bytes(12) + b"\x08\x00" + ip + udp
            file.write(struct.pack("<IIII", NOW, 0, len(packet), len(packet)) + packet)


def ours(dump, paths):
    """{message: [(offset, length, element, enterprise, hex)]}"""
    found = {}
    text = subprocess.run([dump] + paths, check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if line.startswith("message"):
            found[int(line.split()[1])] = []
            continue
        number, offset, length, _, enterprise, element, *data = line.split()
        found[int(number)].append((int(offset), int(length), int(element), int(enterprise), data[0] if data else ""))
    return found


def theirs(path):
    """{message: ({(offset, length, hex): names}, [(offset, length, hex) of each record])}"""
    command = ["tshark", "-r", path, "-d", "udp.port==%d,cflow" % PORT, "-T", "pdml"]
    pdml = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for number, packet in enumerate(xml.etree.ElementTree.fromstring(pdml).iter("packet"), 1):
        fields, records = {}, []
        for proto in packet.iter("proto"):
            if proto.get("name") != "cflow":
                continue
            for field in proto.iter("field"):
                offset, size = int(field.get("pos")) - UDP_PAYLOAD, int(field.get("size"))
                shown = field.get("show") or ""
                if field.get("name") == "" and shown.split(" ")[0] in ("Flow", "DataRecord") and size > 0:
                    records.append((offset, size, field.get("value") or ""))
                key = (offset, size, field.get("unmaskedvalue") or field.get("value") or "")
                fields.setdefault(key, set()).add(field.get("name"))
        found[number] = (fields, records)
    return found


def in_record(records, offset, length, data):
    for start, size, value in records:
        if start <= offset and offset + length <= start + size:
            return value[2 * (offset - start):2 * (offset - start + length)] == data
    return False


def compare(name, mine, other):
    """Complaints, and how many fields were compared."""
    complaints, compared = [], 0
    for number, fields in mine.items():
        known, records = other[number]
        covered = set()
        for offset, length, element, enterprise, data in fields:
            covered.update(range(offset, offset + length))
            if length == 0:
                continue
            compared += 1
            names = known.get((offset, length, data))
            if names is None and element in SHOWN_OTHERWISE and in_record(records, offset, length, data):
                continue
            if names is None:
                complaints.append("%s message %d: element %d/%d at %d (%d bytes, %s) is not what tshark reads"
                                  % (name, number, enterprise, element, offset, length, data))
            elif enterprise == 0 and element in NAMES and NAMES[element] not in names:
                complaints.append("%s message %d: element %d is called %s by tshark" % (name, number, element, names))
        for offset, length, _ in records:
            for position in range(offset, offset + length):
                # A byte of a record that we did not read, unless it is the length of a variable-length field.
                if position not in covered and position + 1 not in covered and position + 3 not in covered:
                    complaints.append("%s message %d: tshark has a record at %d, and byte %d of it is not ours"
                                      % (name, number, offset, position))
                    break
    return complaints, compared


def main():
    dump, source_root = sys.argv[1:3]
    if not shutil.which("tshark"):
        print("SKIP tshark is not installed")
        return 77
    failed = False
    for name, datagrams in groups(source_root):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, datagram in enumerate(datagrams):
                paths.append(os.path.join(folder, "%03d" % number))
                with open(paths[-1], "wb") as file:
                    file.write(datagram)
            capture(os.path.join(folder, "capture.pcap"), datagrams)
            complaints, compared = compare(name, ours(dump, paths), theirs(os.path.join(folder, "capture.pcap")))
        for complaint in complaints[:10]:
            print(complaint)
        print("%s: %d fields compared, %d complaints" % (name, compared, len(complaints)))
        failed = failed or bool(complaints) or compared == 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
