#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""client.py HOST tcp|udp|icmp COUNT PORT: so many connections, each from a port of its own (ICMP: an identifier)."""

import socket
import struct
import sys

SERVER = "198.51.100.1"


def echo(identifier):
    """An echo request (RFC 792) with its checksum (RFC 1071)."""
    words = [0x0800, identifier, 1]
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    return struct.pack(">BBHHH", 8, 0, ~total & 0xffff, identifier, 1)


host, kind, count, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for number in range(count):
    if kind == "icmp":
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as line:
            line.bind((host, 0))
            line.sendto(echo(4000 + number), (SERVER, 0))
        continue
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as line:
        line.settimeout(5)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind((host, 20000 + number))
        line.connect((SERVER, port))
        if kind == "udp":
            line.send(b"x")
