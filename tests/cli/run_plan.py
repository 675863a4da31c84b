# SPDX-License-Identifier: EUPL-1.2
"""Plans: shown, checked and made."""

import json
import os
import shutil
import subprocess

from cases import Folder, check, expect, finish

HEADER = "outside_address,port_first,port_last,inside,valid_from,valid_to\n"
SINCE = ("--valid-from", "2026-11-01T00:00:00+01:00")

WRONG = HEADER + """\
203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00Z,2026-11-20T00:00:00Z
203.0.113.9,2000,3071,100.64.0.4,2026-11-02T00:00:00Z,2026-11-20T00:00:00Z
203.0.113.9,3072,4095,100.64.0.3,2026-11-21T00:00:00Z,
203.0.113.9,9000,9999,100.64.0.5,2026-11-01T00:00:00,
203.0.113.9,60000,65535,dynamic,2026-11-01T00:00:00Z,
"""

CHANGED = HEADER + """\
203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00Z,
203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00Z,
203.0.113.9,1024,2047,100.64.0.4,2026-11-20T00:00:00Z,
203.0.113.10,1024,2047,100.64.0.3,2026-11-20T00:00:00Z,
203.0.113.10,60000,65535,dynamic,2026-11-01T00:00:00Z,
"""

# As nft 1.0.6 lists it.
LISTING = """\
table ip nat {
	map blocks {
		type ipv4_addr : interval ipv4_addr . inet_service
		flags interval
		elements = { 100.64.0.1 : 203.0.113.1 . 1024-2047, 100.64.0.2 : 203.0.113.1 . 2048-3071,
			     100.64.0.8/30 : 203.0.113.2 . 1024-2047 }
	}
}
"""
LISTING_JSON = json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}, {"map": {
    "family": "ip", "name": "blocks", "table": "nat", "type": "ipv4_addr", "map": "ipv4_addr . inet_service",
    "elem": [
        ["100.64.0.1", {"concat": ["203.0.113.1", {"range": [1024, 2047]}]}],
        [{"elem": {"val": "100.64.0.2", "comment": "x"}}, {"concat": ["203.0.113.1", {"range": [2048, 3071]}]}],
        [{"prefix": {"addr": "100.64.0.8", "len": 30}}, {"concat": ["203.0.113.2", {"range": [1024, 2047]}]}]]}}]})

SOFTWIRES = """\
b4_ipv6,ipv4,psid,psid_length,psid_offset
2001:db8::1,192.0.2.18,52,8,6
2001:db8::2,192.0.2.19,1,4,0
"""

USAGE = [
    ("plan-no-verb", ["plan"]),
    ("plan-bad-verb", ["plan", "chekc", "f"]),
    ("plan-show-no-file", ["plan", "show"]),
    ("plan-stray-option", ["plan", "show", "f", "--ea-bits", "3"]),
    ("plan-bad-limit", ["plan", "check", "f", "--limit", "0"]),
    ("plan-bad-address", ["plan", "show", "f", "--address", "203.0.113:1"]),
    ("plan-no-generator", ["plan", "make"]),
    ("plan-bad-generator", ["plan", "make", "det-44", *SINCE]),
    ("plan-no-valid-from", ["plan", "make", "det44", "--inside", "100.64.0.0/26", "--outside", "203.0.113.0/30"]),
    ("plan-no-zone", ["plan", "make", "det44", "--valid-from", "2026-11-01T00:00:00"]),
    ("plan-no-listing", ["plan", "make", "lw4o6", *SINCE]),
    ("plan-json-as", ["plan", "make", "det44", *SINCE, "--json", "--as", "vpp"]),
]

DET44 = ["make", "det44", "--inside", "100.64.0.0/29", "--outside", "203.0.113.0/31", *SINCE]


def made(folder):
    """Every generator, its rows whole; the first line names version and command."""
    runs = {
        "det44": DET44,
        "rfc7422": ["make", "rfc7422", "--inside", "100.64.0.1-100.64.0.6", "--outside", "203.0.113.1-203.0.113.2",
                    "--dynamic", "1", *SINCE, "--valid-to", "2027-01-01T00:00:00Z", "--vrf", "5"],
        "staggered": ["make", "rfc7422", "--inside", "100.64.0.1-100.64.0.3", "--outside", "203.0.113.1",
                      "--algorithm", "staggered", "--protocol", "udp", *SINCE],
        "juniper": ["make", "juniper", "--inside", "100.64.0.0/29", "--outside", "203.0.113.1-203.0.113.2", *SINCE],
        "a10": ["make", "a10", "--inside", "100.64.0.1-100.64.0.4", "--outside", "203.0.113.0/30", "--block-size",
                "30000", *SINCE],
        "map-e": ["make", "map-e", "--inside", "2001:db8::/40", "--outside", "192.0.2.0/31", "--ea-bits", "3", *SINCE],
        "lw4o6": ["make", "lw4o6", "softwires.csv", *SINCE],
        "nftables": ["make", "nftables", "listing", *SINCE],
    }
    for name, words in runs.items():
        run = folder.run("plan", *words)
        check(run.stdout.startswith("# rogatory "), name + ": the head of the table")
        run.stdout = run.stdout.split("\n", 1)[1]
        expect("plan-make-%s.csv" % name, run, 0)
    both = [folder.run("plan", "make", "nftables", name, *SINCE).stdout.split("\n", 1)[1]
            for name in ("listing", "listing.json")]
    check(both[0] == both[1], "nft and nft -j are the same plan")
    rows = json.loads(folder.run("plan", *DET44, "--json").stdout)["rows"]
    check(len(rows) == 8 and rows[5]["inside"] == "100.64.0.5", "rows as JSON")
    line = "Nov 1 00:00:00 cgn1 FIXED-NAT-PORTS 100.64.0.3->203.0.113.9:3000-3999\n"
    check("203.0.113.9,3000,3999,100.64.0.3," in folder.run("plan", "make", "a10", "-", *SINCE, stdin=line).stdout,
          "A10's listing is read")


def configurations(folder):
    run = folder.run("plan", *DET44, "--as", "vpp")
    expect("plan-as-vpp.txt", run, 0)
    run = folder.run("plan", *DET44, "--as", "nftables", "--interface", "outside")
    ruleset = run.stdout
    run.stdout = run.stdout.split("\n", 1)[1]
    expect("plan-as-nftables.txt", run, 0)
    if shutil.which("nft") and subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0:
        folder.write("ruleset", ruleset)
        nft = subprocess.run(["unshare", "-rn", "nft", "-c", "-f", folder.file("ruleset")], capture_output=True,
                             text=True, check=False)
        check(nft.returncode == 0, "nft takes the ruleset: " + nft.stderr)
    else:
        print("SKIP: no nft, or no network namespaces: the ruleset is compared and not loaded")
    refused = [
        ("nftables-dynamic", ["rfc7422", "--inside", "100.64.0.1-100.64.0.6", "--outside", "203.0.113.1", "--dynamic", "1"]),
        ("nftables-ranges", ["rfc7422", "--inside", "100.64.0.1-100.64.0.6", "--outside", "203.0.113.1", "--algorithm",
                             "staggered"]),
        ("nftables-ipv6", ["map-t", "--inside", "2001:db8::/40", "--outside", "192.0.2.0/31", "--ea-bits", "3"]),
        ("nftables-vrf", ["rfc7422", "--inside", "100.64.0.1", "--outside", "203.0.113.1", "--vrf", "2"]),
        ("vpp-other", ["juniper", "--inside", "100.64.0.0/29", "--outside", "203.0.113.1-203.0.113.2"]),
        ("juniper-pool", ["juniper", "--inside", "100.64.0.0/24", "--outside", "203.0.113.0/30"]),
        ("rfc7422-random", ["rfc7422", "--inside", "100.64.0.1", "--outside", "203.0.113.1", "--algorithm", "random"]),
        ("does-not-fit", ["det44", "--inside", "10.0.0.0/8", "--outside", "203.0.113.0/30"]),
    ]
    for name, words in refused:
        target = ["--as", name.split("-")[0]] if name.startswith(("nftables", "vpp")) else []
        run = folder.run("plan", "make", *words, *SINCE, *target)
        expect("plan-refused-%s.txt" % name, run, 1)
        check(run.stdout == "", name + ": nothing is written")


def of_a_store(folder):
    """What is read from a store is in its record of access before it is shown."""
    run = folder.run("import", "--store", "store", "--quiet", "det44.csv")
    check(run.returncode == 0, "the plan is imported: " + run.stdout + run.stderr)
    expect("plan-show-store.txt", folder.run("plan", "show", "--store", "store", "--limit", "2"), 0)
    run = folder.run("plan", "show", "--store", "store", "--address", "100.64.0.5", "--json")
    realm = json.loads(run.stdout)["realms"][0]
    check(realm["matching"] == 1 and realm["rows"][0]["port_first"] == 17152, "one row, as JSON")
    with open(os.path.join(folder.store, "access.log"), encoding="utf-8") as log:
        entries = [json.loads(line) for line in log]
    looks = [entry["detail"] for entry in entries if entry["action"] == "plan"]
    check([look["rows"] for look in looks] == [8, 1] and looks[1]["address"] == "100.64.0.5", "both looks are recorded")
    expect("usage-plan-store-port.txt",
           folder.run("plan", "show", "--store", "store", "--address", "203.0.113.1:20000"), 2)
    folder.run("import", "--store", "doubtful", "--quiet", "wrong.csv")
    expect("plan-show-unproven.txt", folder.run("plan", "show", "--store", "doubtful"), 0)
    os.chmod(os.path.join(folder.store, "access.log"), 0)
    if os.geteuid() != 0:
        run = folder.run("plan", "show", "--store", "store")
        check(run.returncode == 1 and run.stdout == "", "what cannot be recorded is not shown")


def main():
    with Folder() as folder:
        folder.write("wrong.csv", WRONG)
        folder.write("changed.csv", CHANGED)
        folder.write("listing", LISTING)
        folder.write("listing.json", LISTING_JSON)
        folder.write("softwires.csv", SOFTWIRES)
        folder.write("cut", LISTING[:-60])
        for name, arguments in USAGE:
            run = folder.run(*arguments)
            expect("usage-%s.txt" % name, run, 2)
            check(run.stdout == "", name + ": nothing on standard output")
        made(folder)
        configurations(folder)

        expect("plan-make-cut.txt", folder.run("plan", "make", "nftables", "cut", *SINCE), 3)
        run = folder.run("plan", *DET44, "--output", "det44.csv")
        check(run.returncode == 0 and run.stdout == "", "--output prints nothing")
        expect("plan-show.txt", folder.run("plan", "show", "det44.csv", "--limit", "3"), 0)
        expect("plan-show-port.txt", folder.run("plan", "show", "det44.csv", "--address", "203.0.113.1:20000"), 0)
        expect("plan-show-nobody.txt", folder.run("plan", "show", "det44.csv", "--address", "203.0.113.1:1000"), 0)
        expect("plan-show-not-known.txt", folder.run("plan", "show", "wrong.csv", "--address", "203.0.113.9:9500"), 3)
        expect("plan-show-changed.txt", folder.run("plan", "show", "changed.csv"), 0)
        expect("plan-show.json", folder.run("plan", "show", "changed.csv", "--json"), 0)
        expect("plan-check-wrong.txt", folder.run("plan", "check", "wrong.csv"), 3)
        expect("plan-check-wrong.json", folder.run("plan", "check", "wrong.csv", "--json"), 3)
        expect("plan-check-changed.txt", folder.run("plan", "check", "changed.csv"), 0)
        expect("plan-check-limit.txt", folder.run("plan", "check", "det44.csv", "--limit", "3", "--inside",
                                                  "100.64.0.0/28"), 4)
        folder.write("empty.csv", "")
        folder.write("header.csv", HEADER)
        folder.write("unread.csv", HEADER + "203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00,\n")
        for name, code, word in (("empty", 1, "the file is empty"), ("header", 0, "EMPTY:"), ("unread", 3, "INCOMPLETE:")):
            run = folder.run("plan", "check", name + ".csv")
            check(run.returncode == code and word in run.stdout + run.stderr, "%s.csv: %s" % (name, run))
        expect("plan-no-file.txt", folder.run("plan", "check", "missing.csv"), 1)
        check(not os.path.exists(folder.store), "nothing here makes a store")
        of_a_store(folder)
    finish()


main()
