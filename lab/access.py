#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""access.py: the access server. Gives customers their inside address, routes it, and accounts for it by RADIUS.

Usage: access.py SOCKET SECONDS:LINE,LINE ...
At each SECONDS after LAB_BEGIN (environment, epoch) the two lines are dropped and get each other's address: the
recycling that has had innocent people named. A lease is started before the customer may use the address and stopped
after the customer has given it up, so the accounting is true."""

import asyncio
import os
import signal
import sys
import time

LAB = os.path.dirname(os.path.abspath(__file__))
INTERIM_SECONDS = 10
RADCLIENT = ["radclient", "-q", "-t", "3", "-r", "5", "-d", LAB + "/radius", "-D", "/usr/share/freeradius",
             "127.0.0.1:1813", "acct", "laboratory"]


class Line:
    def __init__(self, number, reader, writer):
        self.number, self.reader, self.writer = number, reader, writer
        self.address = self.session = self.started = None

    def subscriber(self):
        return f"customer-{self.number}"


class AccessServer:
    def __init__(self):
        # As many addresses as customers: whoever redials gets one that was somebody else's a moment ago.
        self.pools = {"block": [f"100.64.1.{n}" for n in range(12, 0, -1)],
                      "dynamic": [f"100.64.2.{n}" for n in range(12, 0, -1)]}
        self.lines, self.sessions = {}, 0
        self.begin = float(os.environ["LAB_BEGIN"])

    async def account(self, line, status):
        attributes = [f"Acct-Status-Type = {status}", f'User-Name = "{line.subscriber()}"',
                      f"Framed-IP-Address = {line.address}", f'Acct-Session-Id = "{line.session}"',
                      f'NAS-Port-Id = "line{line.number}"', "NAS-IP-Address = 100.64.0.1",
                      f"Event-Timestamp = {int(time.time())}"]
        if status != "Start":
            attributes.append(f"Acct-Session-Time = {int(time.time() - line.started)}")
        client = await asyncio.create_subprocess_exec(*RADCLIENT, stdin=asyncio.subprocess.PIPE,
                                                      stdout=asyncio.subprocess.DEVNULL)
        await client.communicate(("\n".join(attributes) + "\n").encode())
        if client.returncode != 0:
            raise RuntimeError(f"RADIUS {status} of {line.subscriber()} was not answered")

    async def route(self, *arguments):
        command = await asyncio.create_subprocess_exec("ip", "route", *arguments)
        if await command.wait() != 0:
            raise RuntimeError("ip route " + " ".join(arguments) + " failed")

    async def attach(self, line, address):
        self.sessions += 1
        line.address, line.session, line.started = address, f"{self.sessions:08X}", time.time()
        await self.account(line, "Start")
        await self.route("replace", address + "/32", "dev", "line" + line.number)
        line.writer.write(f"ADDRESS {address}\n".encode())

    async def drop(self, line):
        """Returns the address that is free now."""
        line.writer.write(b"DROP\n")
        if await line.reader.readline() != b"DOWN\n":
            raise RuntimeError(f"line {line.number} did not confirm that it is down")
        await self.account(line, "Stop")
        address, line.address = line.address, None
        return address

    async def swap(self, when, first, second):
        await asyncio.sleep(max(0.0, self.begin + when - time.time()))
        one, other = self.lines[first], self.lines[second]
        freed = await self.drop(one)
        freed_later = await self.drop(other)
        await self.attach(other, freed)
        await self.attach(one, freed_later)

    async def interims(self):
        while True:
            await asyncio.sleep(INTERIM_SECONDS)
            for line in list(self.lines.values()):
                if line.address is not None:
                    await self.account(line, "Interim-Update")

    async def welcome(self, reader, writer):
        number, pool = (await reader.readline()).decode().split()
        line = self.lines[number] = Line(number, reader, writer)
        await self.attach(line, self.pools[pool].pop())


async def main():
    server = AccessServer()
    stop = asyncio.Event()
    failures = []

    def guard(coroutine):
        async def run():
            try:
                await coroutine
            except Exception as problem:  # any failure spoils the truth: the whole lab must say so
                failures.append(problem)
                stop.set()
        return asyncio.create_task(run())

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.start_unix_server(lambda reader, writer: guard(server.welcome(reader, writer)), sys.argv[1])
    swaps = []
    for argument in sys.argv[2:]:
        when, lines = argument.split(":")
        swaps.append(guard(server.swap(float(when), *lines.split(","))))
    interims = guard(server.interims())
    await stop.wait()
    interims.cancel()
    for swap in swaps:
        swap.cancel()
    if not failures:
        await asyncio.gather(*(server.drop(line) for line in server.lines.values() if line.address))
    for problem in failures:
        print(f"access server: {problem}", file=sys.stderr)
    sys.exit(1 if failures else 0)


asyncio.run(main())
