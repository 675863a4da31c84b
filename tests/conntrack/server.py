#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""server.py READY: takes TCP connections on port 7000 and answers nobody's datagrams."""

import socket
import sys

line = socket.socket()
line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
line.bind(("198.51.100.1", 7000))
line.listen(100)
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("198.51.100.1", 7000))
open(sys.argv[1], "w", encoding="ascii").close()
while True:
    line.accept()[0].close()
