#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Holds what is found in captures against what tshark finds in them.

usage: capture.py ROGATORY

Export messages are wrapped into what operators carry and mirror them in: link layers, tags, tunnels, fragments, TCP.
Captures are made by this script and by text2pcap, and joined by mergecap and cut by editcap where these are there;
`rogatory decode` must show the flow messages that tshark shows, from the same exporters, in the same packets.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
NOW = 1793008800
A4, B4 = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
A6, B6 = bytes.fromhex("20010db8000000000000000000000001"), bytes.fromhex("20010db8000000000000000000000002")
PORT = 4739
failures = []


def check(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED: " + message)


# --- Messages ---

def content(kind, body):
    return struct.pack(">HH", kind, len(body) + 4) + body


def message(number, records):
    """An IPFIX message with its template and this many sessions, each with its own outside port."""
    fields = [(323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2)]
    template = struct.pack(">HH", 256, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)
    data = b"".join(struct.pack(">QBIIBHH", NOW * 1000, 4, 0x64400001, 0xc6336407, 6, 40000, 1000 + number + i)
                    for i in range(records))
    body = content(2, template) + content(256, data)
    return struct.pack(">HHIII", 10, 16 + len(body), NOW, number, 7) + body


# --- Packets ---

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(protocol, payload, identification=1, fragment=0):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0) + A4 + B4
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(following, payload):
    return struct.pack(">IHBB", 0x60000000, len(payload), following, 64) + A6 + B6 + payload


def udp(payload, ends=A4 + B4):
    head = struct.pack(">HHHH", 50000, PORT, 8 + len(payload), 0)
    total = checksum(ends + struct.pack(">HH", 17, 8 + len(payload)) + head + payload)
    return head[:6] + struct.pack(">H", total) + payload


def tcp(sequence, payload=b"", flags=0x18):
    return ipv4(6, struct.pack(">HHIIBBHHH", 50000, PORT, sequence & 0xffffffff, 1, 0x50, flags, 8192, 0, 0) + payload)


def ethernet(kind, payload):
    return bytes.fromhex("020000000001020000000002") + struct.pack(">H", kind) + payload


def fragments4(datagram, identification, size=512):
    return [ipv4(17, datagram[at:at + size], identification, at // 8 | (0x2000 if at + size < len(datagram) else 0))
            for at in range(0, len(datagram), size)]


def fragments6(datagram, identification, size=512):
    return [ipv6(44, struct.pack(">BBHI", 17, 0, at | (1 if at + size < len(datagram) else 0), identification) +
                 datagram[at:at + size]) for at in range(0, len(datagram), size)]


def gre(kind, payload, sequence=None):
    return ipv4(47, struct.pack(">HH", 0x1000 if sequence is not None else 0, kind) +
                (struct.pack(">I", sequence) if sequence is not None else b"") + payload)


def captures():
    """(name, link type, packets, how many messages)"""
    whole = ipv4(17, udp(message(0, 3)))
    whole6 = ipv6(17, udp(message(0, 3), A6 + B6))
    frame = ethernet(0x0800, whole)
    yield "ethernet", 1, [frame, ethernet(0x86dd, whole6)]
    yield "vlan", 1, [ethernet(0x8100, struct.pack(">HH", 5, 0x0800) + whole),
                      ethernet(0x88a8, struct.pack(">HHHH", 5, 0x8100, 6, 0x86dd) + whole6)]
    yield "mpls", 1, [ethernet(0x8847, struct.pack(">II", 0x00010040, 0x00011140) + whole)]
    yield "pppoe", 1, [ethernet(0x8864, struct.pack(">HHHH", 0x1100, 7, len(whole) + 2, 0x0021) + whole)]
    yield "gre", 1, [ethernet(0x0800, gre(0x0800, whole)), ethernet(0x0800, gre(0x6558, frame))]
    yield "erspan", 1, [ethernet(0x0800, gre(0x88be, struct.pack(">HHI", 0x1001, 0, 0) + frame, 9)),
                        ethernet(0x0800, gre(0x22eb, struct.pack(">HHIHH", 0x2001, 0, 0, 0, 0) + frame, 9))]
    yield "ip-in-ip", 101, [ipv4(4, whole), ipv4(41, whole6), ipv6(4, whole)]
    yield "vxlan", 101, [ipv4(17, struct.pack(">HHHHII", 50001, 4789, 16 + len(frame), 0, 0x08000000, 0x700) + frame)]
    yield "cooked", 113, [struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + whole]
    yield "cooked2", 276, [struct.pack(">HHIHBB8s", 0x86dd, 0, 1, 1, 0, 6, bytes(8)) + whole6]
    yield "ppp", 9, [b"\xff\x03\x00\x21" + whole]
    yield "hdlc", 104, [b"\x0f\x00\x08\x00" + whole]
    yield "loop", 108, [struct.pack(">I", 2) + whole]
    yield "nflog", 239, [struct.pack("<BBHHH", 2, 0, 0, 4 + len(whole), 9) + whole + bytes(-len(whole) % 4)]
    yield "radiotap", 127, [b"\x00\x00\x08\x00\0\0\0\0" + b"\x08\x01" + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\x00" + whole]
    long = message(10, 60)
    yield "fragments", 101, fragments4(udp(long), 77)
    yield "fragments-backwards", 101, fragments4(udp(long), 77)[::-1]
    yield "fragments6", 101, fragments6(udp(long, A6 + B6), 78)
    yield "fragments-missing", 101, fragments4(udp(long), 79)[:-1]
    pieces = message(0, 5) + message(5, 40) + message(45, 2)
    segments = [tcp(1000 + at, pieces[at:at + 300]) for at in range(0, len(pieces), 300)]
    syn = tcp(999, b"", 2)
    yield "tcp", 101, [syn, *segments]
    yield "tcp-reordered", 101, [syn, segments[1], segments[0], *segments[2:]]
    yield "tcp-again", 101, [syn, segments[0], segments[0], *segments[1:]]


def pcap(path, link, packets):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))
        for number, packet in enumerate(packets):
            out.write(struct.pack("<IIII", NOW, number * 1000, len(packet), len(packet)) + packet)


# --- What both find ---

def by_tshark(path):
    """Ports of NAT events, sorted."""
    command = ["tshark", "-r", path, "-d", "udp.port==%d,cflow" % PORT, "-d", "tcp.port==%d,cflow" % PORT,
               "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields", "-e",
               "cflow.post_napt_source_transport_port", "-e", "cflow.post_naptsource_transport_port"]
    for fields in (command, command[:-4] + command[-2:], command[:-2]):
        run = subprocess.run(fields, capture_output=True, text=True, check=False)
        if run.returncode == 0:
            return sorted(int(port) for port in run.stdout.replace(",", " ").split())
    raise SystemExit("tshark: " + run.stderr)


def by_us(path):
    run = subprocess.run([PROGRAM, "decode", "--json", path], capture_output=True, text=True, check=False)
    check(run.returncode == 0, "%s: %s" % (path, run.stderr))
    ports, damaged = [], 0
    for line in run.stdout.splitlines():
        shown = json.loads(line)
        damaged += "remark" in shown
        ports += [each["port_first"] for each in shown.get("result", []) if "event" in each]
    return sorted(ports), damaged


def by_import(path):
    """How many events an import takes, and how many packets it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([PROGRAM, "import", "--store", os.path.join(folder, "store"), "--json", path],
                             capture_output=True, text=True, check=False)
    check(run.returncode == 0, "%s: %s" % (path, run.stderr))
    summary = json.loads(run.stdout)
    return summary["counts"]["events"], sum(each["count"] for each in summary["refused"]
                                            if each["kind"] == "damaged-packet")


def compare(path, name):
    theirs, (ours, damaged) = by_tshark(path), by_us(path)
    lost = name == "fragments-missing"
    check(ours == theirs, "%s: %d events, tshark finds %d: %s %s" % (name, len(ours), len(theirs), ours[:5], theirs[:5]))
    check(bool(ours) != lost and damaged == (1 if lost else 0), "%s: %d events, %d lost" % (name, len(ours), damaged))
    if name == "joined":
        return len(ours)  # the same message many times: an import counts it once
    imported, refused = by_import(path)
    check(refused == damaged and len(set(ours)) <= imported <= len(ours),
          "%s: %d events imported, %d refused" % (name, imported, refused))
    return len(ours)


def joined(folder, paths):
    """Several captures in one file, with their link types and time resolutions."""
    if not shutil.which("mergecap"):
        print("SKIP: mergecap is not installed: captures of several interfaces are not made")
        return 0
    path = os.path.join(folder, "joined.pcapng")
    subprocess.run(["mergecap", "-a", "-I", "none", "-w", path, *paths], check=True)
    return compare(path, "joined")


def from_text(folder):
    if not shutil.which("text2pcap"):
        print("SKIP: text2pcap is not installed: its captures are not made")
        return 0
    dump = "".join("%06x %02x\n" % (at, byte) for at, byte in enumerate(message(0, 3)))
    total = 0
    for extra, ending in (([], "pcap"), (["-n"], "pcapng")):
        path = os.path.join(folder, "text." + ending)
        run = subprocess.run(["text2pcap", "-q", *extra, "-4", "192.0.2.1,192.0.2.2", "-u", "50000,%d" % PORT, "-", path],
                             input=dump, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            print("SKIP: this text2pcap cannot do that: " + run.stderr.strip().splitlines()[-1])
            continue
        total += compare(path, "text2pcap " + ending)
    return total


def cut_short(folder):
    """A snapshot length that cuts every message: refused, never read in part."""
    if not shutil.which("editcap"):
        print("SKIP: editcap is not installed: captures with a short snapshot length are not made")
        return
    path, cut = os.path.join(folder, "ethernet.pcap"), os.path.join(folder, "cut.pcap")
    subprocess.run(["editcap", "-s", "96", path, cut], check=True)
    ports, damaged = by_us(cut)
    check(ports == [] and damaged == 2, "cut: %s, %d lost" % (ports, damaged))


def main():
    if not shutil.which("tshark"):
        print("SKIP: tshark is not installed: nothing to compare with")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        total, paths = 0, []
        for name, link, packets in captures():
            path = os.path.join(folder, name + ".pcap")
            pcap(path, link, packets)
            total += compare(path, name)
            if not name.startswith(("tcp", "fragments")):
                paths.append(path)
        total += joined(folder, paths)
        total += from_text(folder)
        cut_short(folder)
    if failures:
        sys.exit("%d failed" % len(failures))
    print("%d events found as tshark finds them" % total)


main()
