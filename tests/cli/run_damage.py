# SPDX-License-Identifier: EUPL-1.2
"""Damage costs what is damaged and nothing else, and is named by file and block; the record of access continues from run
to run, and no entry of it can be changed unseen."""

import glob
import json
import os

from cases import Folder, check, expect, finish

ASK_SEVEN = ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]
ASK_LINUX = ["203.0.113.5:5000", "--proto", "tcp", "--at", "2026-10-25T10:22:00Z", "--dest", "192.0.2.2:443"]


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x40]))


def first_bad_block(folder, path):
    """Flips single bytes until the damage lies in a block of 198.51.100.7, as `check` tells it."""
    for offset in range(0, os.path.getsize(path)):
        flip(path, offset)
        run = folder.run("check", "--store", "store", "--json")
        report = json.loads(run.stdout)
        check(run.returncode == 1 and not report["sound"], "a flipped byte at %d is found" % offset)
        if any(damage["address"] == "198.51.100.7" for damage in report["damages"]):
            return
        flip(path, offset)
    check(False, "no byte of the segment lies in a block of 198.51.100.7")


def damaged_block(folder):
    path = sorted(glob.glob(folder.store + "/realms/default/nat/202610/20261025T10Z.*.seg"))[0]
    sound = folder.ask("--json", "198.51.100.250:65000", "--proto", "tcp", "--at", "2026-10-25T10:30:00.500Z").stdout
    first_bad_block(folder, path)
    expect("check-damaged.txt", folder.run("check", "--store", "store"), 1)
    run = folder.ask(*ASK_SEVEN)
    expect("ask-damaged.txt", run, 1)
    check(run.stdout == "" and os.path.basename(path) in run.stderr, "no answer, but the file's name")
    run = folder.ask("--batch", "-", stdin="198.51.100.7,4711,tcp,2026-10-25T10:22:30Z\n"
                     "198.51.100.250,65000,tcp,2026-10-25T10:30:00.500Z\n")
    lines = run.stdout.splitlines()
    check(run.returncode == 1 and len(lines) == 2 and json.loads(lines[0])["row"] == 1, "a batch goes on behind damage")
    check(lines[1:] == sound.splitlines(), "other addresses of the same file answer as before")
    check(folder.ask(*ASK_LINUX).returncode == 0, "other realms answer as before")
    with open(folder.store + "/access.log", encoding="utf-8") as log:
        entries = [json.loads(line) for line in log]
    check(any(entry["action"] == "ask" and "failed" in (entry["detail"] or {}) for entry in entries),
          "the question that met damage is recorded")


def tampered_record(folder):
    path = folder.store + "/access.log"
    with open(path, encoding="utf-8") as log:
        lines = log.readlines()
    check(any('"case":"A-17/26"' in line for line in lines), "the record names the case")
    changed = [line.replace('"case":"A-17/26"', '"case":"A-18/26"', 1) for line in lines]
    for name, text in (("changed", changed), ("removed", lines[:2] + lines[3:]),
                       ("swapped", [lines[1], lines[0]] + lines[2:])):
        with open(path, "w", encoding="utf-8") as log:
            log.writelines(text)
        run = folder.run("check", "--store", "store", "--json")
        damages = json.loads(run.stdout)["damages"]
        check(run.returncode == 1 and any(each["file"] == "access.log" for each in damages),
              "an entry that was %s is found" % name)
    with open(path, "w", encoding="utf-8") as log:
        log.writelines(lines)


def failing_record(folder):
    """Where the question cannot be recorded, nothing is answered."""
    path = folder.store + "/access.log"
    kept = open(path, "rb").read()
    with open(path, "wb") as log:
        log.write(kept[:-5] + b"xxx}\n")
    for arguments in (ASK_LINUX, ["--json", *ASK_LINUX]):
        run = folder.ask(*arguments)
        check(run.returncode == 1 and run.stdout == "" and "access" in run.stderr,
              "no answer without its entry: %r" % run.stderr)
    run = folder.ask("--batch", "-", stdin="203.0.113.5,5000,tcp,2026-10-25T10:22:00Z\n")
    check(run.returncode == 1 and run.stdout == "", "no answer of a batch without its entry")
    with open(path, "wb") as log:
        log.write(kept)


def main():
    with Folder() as folder:
        folder.fill()
        expect("check-sound.txt", folder.run("check", "--store", "store"), 0)
        expect("info.txt", folder.run("info", "--store", "store"), 0)
        realms = json.loads(folder.run("info", "--store", "store", "--json").stdout)["realms"]
        check([realm["realm"] for realm in realms] == ["default", "linux"], "info names the realms")
        folder.ask(*ASK_LINUX)
        failing_record(folder)
        tampered_record(folder)
        run = folder.run("check", "--store", "store", "--json")
        check(run.returncode == 0, "the record is sound again, and went on from run to run: " + run.stdout)
        damaged_block(folder)

        folder.write("store/rogatory.conf", "[realm default]\nmapping = maybe\nzone = Mars\n")
        expect("settings-damaged.txt", folder.run("check", "--store", "store"), 1)
    finish()


main()
