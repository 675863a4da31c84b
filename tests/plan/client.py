#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""client.py: opens TCP connections and sends UDP from every inside host; each says who it is. All hosts take the same inside
ports in turn, so that the NAT has to choose."""

import socket

SERVER = ("198.51.100.1", 7000)

for round_number in range(6):
    for number in range(1, 13):
        host = "100.64.0.%d" % number
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            # An inside port that lies in the block of another host, one below all blocks, and any.
            port = (10000 + 40 * ((number + round_number) % 6) + round_number, 9000 + round_number, 0)[round_number % 3]
            with socket.socket(socket.AF_INET, kind) as line:
                line.settimeout(5)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                line.bind((host, port))
                line.connect(SERVER)
                line.send(host.encode("ascii") + b"\n")
                if line.recv(10) != b"heard":
                    raise SystemExit("%s got no answer" % host)
