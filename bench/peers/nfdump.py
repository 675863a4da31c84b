# SPDX-License-Identifier: EUPL-1.2
"""nfcapd and nfdump: events as they come, unpaired, and a scan of everything for each question.

nfcapd(1): -y compresses with LZ4 ("recommended"), -B sets the socket buffer for high rates, -t the length of a file.
nfdump(1): nip and nport (later: src nat ip, src nat port) filter the translated source; one hour of files is read with
-R. NAT events need no option since 1.7: nfcapd takes in every element it knows.
"""
import ipaddress
import re
import signal
import subprocess
import time

from harness.process import drive_out, first_line, folder_bytes, waited
from peers import SCAN_QUESTIONS, NotMeasured, Peer, debian, free_port, send, surroundings

MESSAGES_PER_SECOND = 12000  # slow enough for it not to lose any on a shared machine


class Nfdump(Peer):
    name = "nfcapd, lz4"
    input = "ipfix"
    questions = SCAN_QUESTIONS
    note = "events unpaired; the sender's loss is counted"
    compression = ["-y"]
    filter = "nip {0.address} and nport {0.port} and proto {0.protocol}"
    instant = "Event time"

    def install(self):
        self.environment = surroundings(debian(self.cache, "nfdump"))
        self.version = first_line(["nfcapd", "-V"], env=self.environment)

    def ingest(self, path, sessions):
        self.empty()
        port = free_port()
        process = subprocess.Popen(["nfcapd", "-b", "127.0.0.1", "-p", str(port), "-w", self.folder, "-t", "3600", "-B",
                                    "16777216", *self.compression], env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        try:
            time.sleep(1)
            send(path, port, MESSAGES_PER_SECOND)
            time.sleep(2)
        finally:
            process.send_signal(signal.SIGINT)
            cost = waited(process)
        kept = self.dump("-o", "fmt:%ts").count("\n")
        if kept == 0:
            raise NotMeasured("it stored nothing")
        return cost | {"wall": time.monotonic() - begun - 3, "bytes": folder_bytes(self.folder), "sessions": kept / 2}

    def dump(self, *more):
        return subprocess.run(["nfdump", "-R", self.folder, "-q", *more], capture_output=True, text=True, check=True,
                              env=self.environment).stdout

    def ask(self, questions, cold):
        answers = []
        for question in questions:
            if cold:
                drive_out(self.folder)
            begun = time.monotonic()
            text = self.dump("-o", "raw", self.filter.format(question))
            answers.append(((time.monotonic() - begun) * 1000, self.holders(text, question.at_ms)))
        return answers

    def holders(self, text, at_ms):
        """Pairs the events found, which the person who asks has to do: not part of the time measured."""
        found = []
        for record in text.split("Flow Record:")[1:]:
            fields = dict(re.findall(r"^ *([a-zA-Z ]+?) *= *(\S+)", record, re.MULTILINE))
            found.append((int(fields[self.instant].split()[0]), fields["nat event"].startswith("4"), fields["src addr"]))
        held = set()
        for ms, opens, inside in sorted(found, key=lambda event: event[:2]):
            if ms <= at_ms:
                held = {inside} if opens else held - {inside}
        return [int(ipaddress.ip_address(inside)) for inside in held]


class NfdumpNewer(Nfdump):
    """The nfdump of the release after: zstd came to nfdump after the version of Debian 12."""
    name = "nfcapd of Debian 13, zstd"
    compression = ["-z=zstd"]
    filter = "src nat ip {0.address} and src nat port {0.port} and proto {0.protocol}"
    instant = "first"

    def install(self):
        self.environment = surroundings(debian(self.cache, "nfdump", "trixie"))
        self.version = first_line(["nfcapd", "-V"], env=self.environment).split("Version: ")[-1]
