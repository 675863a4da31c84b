#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""radius_sessions.py [--without-time]: accounting requests for radclient, of sessions as access servers and NATs report
them. radius_sessions.py --compare FOLDER: holds what was imported from the capture against what was imported from the
detail file."""

import filecmp
import json
import os
import sys
import time

SESSIONS = 12


def request(status, number, when, *more):
    lines = [f"Acct-Status-Type = {status}", f'User-Name = "customer-{number}@example.net"', f'Acct-Session-Id = "{number:08X}"',
             "NAS-IP-Address = 192.0.2.1", f"Framed-IP-Address = 100.64.0.{number}", *more]
    if when:
        lines.append(f"Event-Timestamp = {when}")
    if status != "Start":
        lines.append(f"Acct-Session-Time = {100 * number}")
    return "\n".join(lines) + "\n"


def port_range(outside, first, last, alloc):
    return [f"IP-Port-Range-Range-Start = {first}", f"IP-Port-Range-Range-End = {last}",
            f"IP-Port-Range-Ext-IPv4-Addr = {outside}", f"IP-Port-Range-Alloc = {alloc}"]


def ranges(number, status):
    """Each way of writing a port range in its turn."""
    first, last, outside = 1024 * number, 1024 * number + 1023, f"198.51.100.{number}"
    return [
        [],
        port_range(outside, first, last, "Deallocation" if status == "Stop" else "Allocation"),
        [f'Alc-Nat-Port-Range = "{outside} {first}-{last} router base"', "Alc-Acct-Triggered-Reason = regular"],
        [f"Huawei-NAT-Public-Address = {outside}", f"Huawei-NAT-Start-Port = {first}", f"Huawei-NAT-End-Port = {last}"],
        [f"H3C-NAT-IP-Address = {outside}", f"H3C-NAT-Start-Port = {first}", f"H3C-NAT-End-Port = {last}"],
    ][number % 5]


def prefixes(number):
    return [[], [f"Delegated-IPv6-Prefix = 2001:db8:{number:x}00::/56"],
            [f"Framed-IPv6-Prefix = 2001:db8:0:{number:x}::/64", f"Framed-Interface-Id = 0:0:0:{number:x}"],
            [f"Framed-IPv6-Address = 2001:db8::{number:x}", "NAS-IPv6-Address = 2001:db8:ffff::1"]][number % 4]


def requests(with_time):
    now = int(time.time())
    made = []
    if not with_time:
        return [request(status, 100 + number, 0, "Acct-Delay-Time = 3", *ranges(number, status))
                for number in range(1, 4) for status in ("Start",)]
    for number in range(1, SESSIONS + 1):
        for status, before in (("Start", 100 * number), ("Interim-Update", 50 * number), ("Stop", 10 * number)):
            made.append(request(status, number, now - before, *prefixes(number), *ranges(number, status)))
    made.append("Acct-Status-Type = Accounting-On\nNAS-IP-Address = 192.0.2.1\n")
    made.append(f'Acct-Status-Type = Start\nUser-Name = "LSN44@100.64.9.9"\nAcct-Session-Id = "lsn"\nNAS-IP-Address = 192.0.2.2\n'
                f'Framed-IP-Address = 100.64.9.9\nEvent-Timestamp = {now}\n'
                'Alc-Nat-Port-Range = "198.51.100.200 2048-3071 router base"\n')
    made.append(f'Acct-Status-Type = Start\nCalling-Station-Id = "49301234567"\nAcct-Session-Id = "k\\"\\\\\\303\\274"\n'
                f'NAS-Identifier = "wlan"\nFramed-IP-Address = 100.64.9.10\nEvent-Timestamp = {now}\n')
    made.append(f'Acct-Status-Type = Start\nChargeable-User-Identity = "cui-4711"\nAcct-Session-Id = "cui"\nNAS-IP-Address = 192.0.2.3\n'
                f'Framed-IP-Address = 100.64.9.11\nEvent-Timestamp = {now}\n')
    return made


def stored(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(os.path.join(folder, "realms"))
                  for name in names)


def compare(work):
    counts = []
    for name in ("capture.pcapng", "radius-detail"):
        with open(os.path.join(work, name + ".json"), encoding="utf-8") as file:
            summary = json.load(file)
        counts.append(summary["counts"])
        if summary["refused"]:
            sys.exit(f"{name}: refused: {summary['refused']}")
    captured, detail = counts
    keys = ("events", "lease_events", "leases", "bindings_paired", "bindings_without_end", "bindings_without_beginning")
    for key in keys:
        if captured[key] != detail[key]:
            sys.exit(f"{key}: {captured[key]} from the capture, {detail[key]} from the detail file")
    if captured["lease_events"] < 3 * SESSIONS or captured["events"] < 2 * SESSIONS:
        sys.exit(f"too little was recorded: {captured}")
    folders = [os.path.join(work, "store-" + name) for name in ("capture.pcapng", "radius-detail")]
    files = stored(folders[0])
    if files != stored(folders[1]):
        sys.exit(f"other files: {files} and {stored(folders[1])}")
    for name in files:
        if not filecmp.cmp(os.path.join(folders[0], name), os.path.join(folders[1], name), shallow=False):
            sys.exit(f"{name} is not the same")
    print(f"{captured['accounting_packets']} packets, {captured['lease_events']} lease events, {captured['events']} NAT events: "
          f"{len(files)} stored files are the same, byte for byte")


if __name__ == "__main__":
    if "--compare" in sys.argv:
        compare(sys.argv[2])
    else:
        print("\n".join(requests("--without-time" not in sys.argv)))
