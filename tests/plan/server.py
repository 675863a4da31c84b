#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""server.py SEEN READY: answers TCP and UDP on port 7000 and writes down time, protocol, the address and port it saw, and
who it truly was: every client sends its own inside address."""

import datetime
import select
import socket
import sys

tcp = socket.create_server(("0.0.0.0", 7000), backlog=256)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", 7000))
seen = open(sys.argv[1], "w", encoding="utf-8", buffering=1)
open(sys.argv[2], "w", encoding="utf-8").close()


def write(protocol, peer, truth):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    seen.write("%s,%s,%s,%d,%s\n" % (now, protocol, peer[0], peer[1], truth.decode("ascii").strip()))


while True:
    for ready in select.select([tcp, udp], [], [])[0]:
        if ready is udp:
            truth, peer = udp.recvfrom(100)
            write("udp", peer, truth)
            udp.sendto(b"heard", peer)
        else:
            connection, peer = tcp.accept()
            connection.settimeout(5)
            write("tcp", peer, connection.recv(100))
            connection.sendall(b"heard")
            connection.close()
