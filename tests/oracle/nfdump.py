#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A second oracle: sends made messages to nfcapd over loopback and holds nfdump's records against ours.

usage: nfdump.py WALK_DUMP SOURCE_ROOT
"""
import glob
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import tshark  # noqa: E402 (what messages are made, and our own reading of them)

# nfdump's raw listing, by information element.
LABELS = {
    8: "src addr", 12: "dst addr", 225: "src xlt ip", 226: "dst xlt ip", 4: "proto", 7: "src port", 11: "dst port",
    227: "src xlt port", 228: "dst xlt port", 230: "nat event", 234: "ingress VRF", 323: "Event time",
    361: "pblock start", 362: "pblock end", 363: "pblock step", 364: "pblock size",
}
ADDRESSES = (8, 12, 225, 226)


def our_records(dump, datagrams, folder):
    """Each record as {element: number}; a record begins with its observation time (IE 323)."""
    paths = []
    for number, datagram in enumerate(datagrams):
        paths.append(os.path.join(folder, "%03d" % number))
        with open(paths[-1], "wb") as file:
            file.write(datagram)
    records = []
    for fields in tshark.ours(dump, paths).values():
        for _, _, element, _, data in fields:
            if element == 323:
                records.append({})
            records[-1][element] = int(data, 16)
    return records


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def waiting_bytes(port):
    """Bytes that wait on the UDP socket bound to this port; None where no such socket is open."""
    with open("/proc/net/udp") as table:
        for line in table:
            columns = line.split()
            if columns[1].endswith(":%04X" % port):
                return int(columns[4].split(":")[1], 16)
    return None


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def collect(datagrams, folder):
    """What nfdump lists of the datagrams; None where nfcapd does not run here."""
    port = free_port()
    log = open(os.path.join(folder, "nfcapd.log"), "w")
    daemon = subprocess.Popen(["nfcapd", "-b", "127.0.0.1", "-p", str(port), "-l", folder], stdout=log, stderr=log)
    try:
        wait_for(lambda: daemon.poll() is not None or waiting_bytes(port) is not None)
        if daemon.poll() is not None:
            return None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", port))
                wait_for(lambda: waiting_bytes(port) == 0)
    finally:
        daemon.terminate()
        daemon.wait()
        log.close()
    files = sorted(glob.glob(os.path.join(folder, "nfcapd.2*")))
    return "".join(subprocess.run(["nfdump", "-r", file, "-q", "-o", "raw"], check=True, capture_output=True,
                                  text=True).stdout for file in files)


def their_records(listing):
    records = []
    for part in listing.split("Flow Record:")[1:]:
        record = {}
        for line in part.splitlines():
            found = re.match(r"\s*(.+?)\s*=\s*(\S+)", line)
            if found:
                record[found.group(1)] = found.group(2).rstrip(":")
        records.append(record)
    return records


def number_of(element, text):
    return int(ipaddress.ip_address(text)) if element in ADDRESSES else int(text)


def main():
    dump, source_root = sys.argv[1:3]
    if not shutil.which("nfcapd") or not shutil.which("nfdump"):
        print("SKIP nfdump is not installed")
        return 77
    complaints = compared = 0
    for name, datagrams in tshark.made_messages():
        if name not in ("made-9", "made-10"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            mine = our_records(dump, datagrams, folder)
            listing = collect(datagrams, folder)
        if listing is None:
            print("SKIP nfcapd does not run here")
            return 77
        other = their_records(listing)
        if len(mine) != len(other):
            print("%s: %d records, nfdump has %d" % (name, len(mine), len(other)))
            complaints += 1
        for index, (left, right) in enumerate(zip(mine, other)):
            for element, value in left.items():
                label = LABELS[element]
                if label not in right:
                    continue
                compared += 1
                if number_of(element, right[label]) != value:
                    print("%s record %d: %s is %s by nfdump and %d by us" % (name, index, label, right[label], value))
                    complaints += 1
    print("%d values compared, %d complaints" % (compared, complaints))
    return 1 if complaints or compared < 400 else 0


if __name__ == "__main__":
    sys.exit(main())
