#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""customer.py: one customer. Gets an address from the access server, opens connections, writes down what it did.

Usage: customer.py NUMBER block|dynamic SOCKET TRUTH
Environment (epoch seconds): LAB_MAIN: traffic becomes normal; LAB_END: nothing new is opened. LAB_QUIET_RATE and
LAB_RATE: connections per second before and after LAB_MAIN.
TRUTH receives one CSV line per connection: token, subscriber, inside address, inside port, destination, protocol,
opened, closed. The token travels in the connection; the server writes it beside its log."""

import asyncio
import os
import random
import secrets
import socket
import subprocess
import sys
import time

LONGEST_SECONDS = 5.0  # no connection is kept longer
SERVERS = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
TCP_PORTS, UDP_PORTS = [443, 443, 80, 8080], [443, 53]
TALK_SECONDS = 2.0     # for each step of a connection


def stamp(instant):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant)) + f".{int(instant * 1000) % 1000:03d}Z"


class Customer:
    def __init__(self, number, truth):
        self.subscriber, self.truth = f"customer-{number}", truth
        self.address, self.connections = None, set()

    def configure(self, address):
        for arguments in (["address", "add", address + "/32", "dev", "line"],
                          ["route", "add", "100.64.0.1", "dev", "line", "src", address],
                          ["route", "add", "default", "via", "100.64.0.1", "src", address]):
            subprocess.run(["ip", *arguments], check=True)
        self.address = address

    async def go_down(self):
        """Without farewell, as lines do: what was open stays in the NAT's table while another gets the address."""
        self.address = None
        for connection in list(self.connections):
            connection.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)
        subprocess.run(["ip", "address", "flush", "dev", "line"], check=True)

    def note(self, token, inside, destination, protocol, opened):
        self.truth.write(f"{token},{self.subscriber},{inside[0]},{inside[1]},{destination[0]}:{destination[1]},"
                         f"{protocol},{stamp(opened)},{stamp(time.time())}\n")

    async def tcp(self, destination, token, keep):
        opened, inside, writer = time.time(), None, None
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(*destination, local_addr=(self.address, 0)), TALK_SECONDS)
            inside = writer.get_extra_info("sockname")
            writer.write(f"GET /{token}\n".encode())
            await asyncio.wait_for(reader.readline(), TALK_SECONDS)
            await asyncio.sleep(keep)
        finally:
            if writer is not None:
                writer.close()
            if inside is not None:
                self.note(token, inside, destination, "tcp", opened)

    async def udp(self, destination, token):
        opened = time.time()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.setblocking(False)
            port.bind((self.address, 0))
            port.connect(destination)
            inside = port.getsockname()
            try:
                port.send(f"GET /{token}\n".encode())
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(port, 256), TALK_SECONDS)
            finally:
                self.note(token, inside, destination, "udp", opened)

    def open_one(self):
        token = secrets.token_hex(8)
        if random.random() < 0.2:
            work = self.udp((random.choice(SERVERS), random.choice(UDP_PORTS)), token)
        else:
            keep = min(random.expovariate(1 / 0.6), LONGEST_SECONDS)
            work = self.tcp((random.choice(SERVERS), random.choice(TCP_PORTS)), token, keep)
        task = asyncio.create_task(work)
        self.connections.add(task)
        task.add_done_callback(self.finished)

    def finished(self, task):
        self.connections.discard(task)
        if not task.cancelled():
            task.exception()  # taken note of: what failed is in the truth if it had a port, and asked if it was logged

    async def surf(self):
        normal, end = float(os.environ["LAB_MAIN"]), float(os.environ["LAB_END"])
        quiet_rate, rate = float(os.environ["LAB_QUIET_RATE"]), float(os.environ["LAB_RATE"])
        while True:
            now = time.time()
            pause = random.expovariate(rate if now >= normal else quiet_rate)
            await asyncio.sleep(pause if now >= normal else min(pause, normal - now))
            if time.time() >= end:
                return
            if self.address is not None and (now >= normal or time.time() < normal):
                self.open_one()


async def main():
    number, pool, path, truth_path = sys.argv[1:]
    with open(truth_path, "w", buffering=1, encoding="ascii") as truth:
        customer = Customer(number, truth)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(f"{number} {pool}\n".encode())
        surfing = asyncio.create_task(customer.surf())
        while command := (await reader.readline()).decode().split():
            if command[0] == "ADDRESS":
                customer.configure(command[1])
            elif command[0] == "DROP":
                await customer.go_down()
                writer.write(b"DOWN\n")
        surfing.cancel()


asyncio.run(main())
