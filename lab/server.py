#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""server.py: the websites. Logs what websites log: time (UTC, ms), peer address and port, own address:port, protocol.

Usage: server.py LOG TOKENS
TOKENS gets one line per line of LOG: the token the client sent, by which the answers can be judged. Nothing but LOG
is ever shown to rogatory."""

import asyncio
import re
import sys
import time

ADDRESSES = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
TCP_PORTS, UDP_PORTS = [443, 80, 8080], [443, 53]
REQUEST = re.compile(rb"GET /([0-9a-f]{16})\n")


class Websites:
    def __init__(self, log, tokens):
        self.log, self.tokens = log, tokens
        log.write("time,address,port,server,protocol\n")
        tokens.write("token\n")

    def write(self, request, seen, peer, own, protocol):
        match = REQUEST.fullmatch(request)
        if match is None:
            return
        instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seen)) + f".{int(seen * 1000) % 1000:03d}Z"
        self.log.write(f"{instant},{peer[0]},{peer[1]},{own[0]}:{own[1]},{protocol}\n")
        self.tokens.write(match[1].decode() + "\n")

    async def serve(self, reader, writer):
        seen = time.time()
        try:
            request = await asyncio.wait_for(reader.readline(), 10)
            self.write(request, seen, writer.get_extra_info("peername"), writer.get_extra_info("sockname"), "tcp")
            writer.write(b"200\n")
            await asyncio.wait_for(reader.read(), 15)
        except (OSError, asyncio.TimeoutError):
            pass  # the client is gone; what it did is logged
        finally:
            writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, websites, own):
        self.websites, self.own, self.transport = websites, own, None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.websites.write(data, time.time(), addr, self.own, "udp")
        self.transport.sendto(b"200\n", addr)


async def main():
    with open(sys.argv[1], "w", buffering=1, encoding="ascii") as log, \
            open(sys.argv[2], "w", buffering=1, encoding="ascii") as tokens:
        websites = Websites(log, tokens)
        for address in ADDRESSES:
            for port in TCP_PORTS:
                await asyncio.start_server(websites.serve, address, port)
            for port in UDP_PORTS:
                await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda own=(address, port): Datagrams(websites, own), local_addr=(address, port))
        await asyncio.Event().wait()


asyncio.run(main())
