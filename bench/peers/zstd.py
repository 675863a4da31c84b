# SPDX-License-Identifier: EUPL-1.2
"""Syslog lines compressed by zstd and searched by zstdgrep: what stands in many files of many providers. The daemon that
receives the lines is left out, in its favour. zstd(1): -3 is the level that it recommends by default."""
import ipaddress
import os
import re
import subprocess
import time

from harness.process import drive_out, first_line, measured
from peers import SCAN_QUESTIONS, Peer, debian, surroundings

LINE = re.compile(r"^\S+ (\S+)Z .* ([AD]) VRF 0 (\d+) INT ([\d.]+):\d+ EXT ", re.MULTILINE)


class Zstd(Peer):
    name = "syslog, zstd + zstdgrep"
    input = "syslog"
    questions = SCAN_QUESTIONS
    note = "lines unpaired"

    def install(self):
        self.environment = surroundings(debian(self.cache, "zstd"))
        self.version = first_line(["zstd", "--version"], env=self.environment)

    def file(self):
        return os.path.join(self.folder, "nat.log.zst")

    def ingest(self, path, sessions):
        self.empty()
        cost = measured(["zstd", "-q", "-3", "-o", self.file(), path], env=self.environment)
        return cost | {"bytes": os.path.getsize(self.file()), "sessions": sessions}

    def ask(self, questions, cold):
        answers = []
        for q in questions:
            if cold:
                drive_out(self.folder)
            begun = time.monotonic()
            text = subprocess.run(["zstdgrep", "-F", f" EXT {q.address}:{q.port} ", self.file()], capture_output=True,
                                  text=True, env=self.environment).stdout
            answers.append(((time.monotonic() - begun) * 1000, self.holders(text, q)))
        return answers

    @staticmethod
    def holders(text, q):
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(q.at_ms // 1000)) + f".{q.at_ms % 1000:03}"
        held = set()
        for moment, letter, protocol, inside in sorted(LINE.findall(text), key=lambda e: (e[0], e[1] == "A")):
            if int(protocol) == q.protocol and moment <= at:
                held = {inside} if letter == "A" else held - {inside}
        return [int(ipaddress.ip_address(inside)) for inside in held]
