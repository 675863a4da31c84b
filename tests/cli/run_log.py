# SPDX-License-Identifier: EUPL-1.2
"""The transparency log on the command line: made, examined, shown, proven, erased from; changed, shortened and set back it is
not sound. Called with the program that writes a story into a log (tests/custody/make_log.c) as a fourth argument."""

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys

from cases import SOURCE, Folder, check, expect, finish

MAKE_LOG = os.path.abspath(sys.argv[4])


def mask(run):
    """Keys, hashes, salts and signatures are others at every run."""
    text = re.sub(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}", "+ID+KEY", run.stdout)
    text = re.sub(r"\(key [0-9a-f]{8}\)", "(key ID)", text)
    run.stdout = re.sub(r"(\d\d\d\d)-\d\d-\d\dT\S+Z(  opening-erased)", r"INSTANT\2", text)
    return run


def log(folder, verb, *arguments):
    return without_path(folder, folder.run("log", verb, "--log", "log", *arguments))


def without_path(folder, run):
    place = os.path.realpath(folder.path)
    run.stdout, run.stderr = run.stdout.replace(place, "FOLDER"), run.stderr.replace(place, "FOLDER")
    return run


def story(folder, count=8):
    run = subprocess.run([MAKE_LOG, folder.file("log"), str(count)], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit("no log could be made: " + run.stderr)


def commitment(content, salt):
    return b"\x01" + hashlib.sha256(b"rogatory custody log commitment 1\n" + salt + content).digest()


def root_of(proof):
    """The root that a proof as of c2sp.org/tlog-proof leads to, by RFC 6962 as it stands there; and the stated one."""
    lines = proof.split("\n")
    check(lines[0] == "c2sp.org/tlog-proof@v1", "the first line of a proof")
    extra = None
    if lines[1].startswith("extra "):
        extra = json.loads(base64.b64decode(lines.pop(1)[6:]))
    index = int(lines[1].split(" ")[1])
    end = lines.index("")
    hashes = [base64.b64decode(line) for line in lines[2:end]]
    size, root = int(lines[end + 2]), base64.b64decode(lines[end + 3])
    if extra is None:
        return None, root
    node = hashlib.sha256(b"\0" + commitment(extra["content"].encode(), bytes.fromhex(extra["salt"]))).digest()

    def climb(position, width, rest):
        if width == 1:
            check(not rest, "a proof is not too long")
            return node
        split = 1 << (width - 1).bit_length() - 1
        if position < split:
            return hashlib.sha256(b"\1" + climb(position, split, rest[:-1]) + rest[-1]).digest()
        return hashlib.sha256(b"\1" + rest[-1] + climb(position - split, width - split, rest[:-1])).digest()

    return climb(index, size, hashes), root


def kinds():
    """The kinds of entries stand in the document and in the completions as in the program."""
    found = []
    for parts, pattern in ((("src", "custody", "entry_kinds.c"), r'KIND\("([a-z-]+)"'),
                           (("doc", "format", "custody-log.md"), r"^\| `([a-z-]+)` \| [^|]+ \| `")):
        with open(os.path.join(SOURCE, *parts), encoding="utf-8") as file:
            found.append(set(re.findall(pattern, file.read(), flags=re.M)))
    check(len(found[0]) > 20 and found[0] == found[1], "kinds in the document: %s" % (found[0] ^ found[1]))
    for name in ("rogatory.bash", "_rogatory"):
        with open(os.path.join(SOURCE, "completions", name), encoding="utf-8") as file:
            words = set(re.findall(r"[a-z-]+", file.read()))
        check(found[0] <= words, "%s knows the kinds: %s" % (name, found[0] - words))


def windows():
    """The windows of a store enter the log, each once, with the digest of the file as it lies on the disk."""
    with Folder() as folder:
        folder.fill()
        folder.run("log", "init", "--log", "log", "--origin", "node.example/log")
        first = log(folder, "seal-windows", "--store", "store")
        expect("log-seal-windows.txt", first, 0)
        expect("log-seal-windows-again.txt", log(folder, "seal-windows", "--store", "store"), 0)
        entries = json.loads(log(folder, "show", "--json").stdout)["entries"]
        seen = set()
        for entry in entries:
            fields = entry["fields"]
            kind = {"seg": "nat", "lse": "leases", "pln": "plans"}[fields["file"].rsplit(".", 1)[1]]
            month = fields["file"][:6] if kind == "nat" else ""
            with open(os.path.join(folder.store, "realms", fields["realm"], kind, month, fields["file"]), "rb") as file:
                content = file.read()
            check(hashlib.sha256(content).hexdigest() == fields["digest"] and len(content) == fields["bytes"],
                  "the digest of %s" % fields["file"])
            seen.add((fields["realm"], fields["file"]))
        stored = sum(len(files) for _, _, files in os.walk(os.path.join(folder.store, "realms")))
        check(len(seen) == len(entries) == stored, "every stored window stands in the log once")
        # A window of another generation is another window.
        folder.write("more.csv", "inside_address,subscriber,start,end\n100.64.0.20,customer-20,2026-10-01T00:00:00Z,\n")
        folder.run("import", "--store", "store", "--realm", "default", "more.csv")
        said = json.loads(log(folder, "seal-windows", "--store", "store", "--json").stdout)
        check(said == {"entered": 1, "known": stored - 1}, "a new generation enters: %s" % said)
        found, root = root_of(log(folder, "prove", "0").stdout)
        check(found == root, "a window's proof leads to the signed root")
        expect("usage-log-no-store.txt", log(folder, "seal-windows"), 2)


def main():
    kinds()
    windows()
    with Folder() as folder:
        expect("log-init.txt", mask(log(folder, "init", "--origin", "node.example/log")), 0)
        expect("log-init-again.txt", mask(log(folder, "init", "--origin", "node.example/log")), 1)
        for name in ("log.key", "witness.key"):
            check(stat.S_IMODE(os.stat(folder.file("log/" + name)).st_mode) == 0o600, name + " is its owner's alone")
        expect("log-check-empty.txt", mask(log(folder, "check")), 0)
        story(folder)
        shutil.copytree(folder.file("log"), folder.file("older"))
        expect("log-check.txt", mask(log(folder, "check", "--key", "log/log.vkey")), 0)
        expect("log-show.txt", log(folder, "show"), 0)
        expect("log-show-one.json", log(folder, "show", "--json", "3"), 0)
        expect("log-show-order.txt", log(folder, "show", "--order", "7d1c2f4a-3b6e-4f05-8c9d-2a4e6f8b0c12", "--limit", "1"), 0)
        expect("log-show-beyond.txt", log(folder, "show", "8"), 1)
        expect("log-stats.txt", log(folder, "stats", "--year", "2026"), 0)
        expect("log-stats.json", log(folder, "stats", "--year", "2026", "--json"), 0)
        expect("log-stats-other-year.txt", log(folder, "stats", "--year", "2025"), 0)

        # A proof, checked by what stands in RFC 6962 and in our document alone.
        run = log(folder, "prove", "3")
        found, root = root_of(run.stdout)
        check(run.returncode == 0 and found == root, "a proof leads to the signed root")
        run = log(folder, "prove", "--output", "three.tlog-proof", "--without-opening", "3")
        with open(folder.file("three.tlog-proof"), encoding="utf-8") as file:
            check(run.stdout == "" and "extra" not in file.read(), "a proof without its opening, in a file")
        check(json.loads(log(folder, "prove", "--json", "3").stdout)["proof"].startswith("c2sp.org/"), "a proof as JSON")
        check(log(folder, "prove", "99").returncode == 1, "no proof of what is not there")

        # What is erased is gone, and the proof made before holds as the one made after.
        expect("log-erase.txt", log(folder, "erase", "--reason", "kept long enough", "3"), 0)
        expect("log-erase-again.txt", log(folder, "erase", "--reason", "again", "3"), 1)
        expect("log-erase-erasure.txt", log(folder, "erase", "--reason", "hide it", "8"), 1)
        expect("log-show-erased.txt", mask(log(folder, "show", "--from", "3", "--limit", "1")), 0)
        expect("log-show-erasure.txt", mask(log(folder, "show", "--kind", "opening-erased")), 0)
        found, root = root_of(log(folder, "prove", "3").stdout)
        check(found is None, "no opening of what was erased")
        found, root = root_of(log(folder, "prove", "4").stdout)
        check(found == root, "other proofs lead to the signed root")
        expect("log-check-erased.txt", mask(log(folder, "check")), 0)
        said = json.loads(log(folder, "check", "--json").stdout)
        check(said["sound"] and said["entries"] == 9 and said["erased"] == 1, "check as JSON: %s" % said)
        with open(folder.file("log/openings.db"), "rb") as file:
            check(b"to read the answer" not in file.read(), "what was erased is not in the file")

        # Another key, a changed entry, an older checkpoint.
        folder.run("log", "init", "--log", "other", "--origin", "node.example/log")
        expect("log-check-key.txt", mask(log(folder, "check", "--key", "other/log.vkey")), 1)
        with open(folder.file("log/tile/entries/000.p/9"), "r+b") as file:
            file.seek(20)
            file.write(b"\0\0\0\0")
        expect("log-check-changed.txt", mask(log(folder, "check")), 1)
        shutil.copy(folder.file("older/checkpoint"), folder.file("log/checkpoint"))
        shutil.copy(folder.file("older/tile/entries/000.p/8"), folder.file("log/tile/entries/000.p/8"))
        expect("log-set-back.txt", mask(log(folder, "erase", "--reason", "x", "1")), 1)
        check(log(folder, "check").returncode == 1, "a log that was set back is not sound")
        expect("log-no-log.txt", without_path(folder, folder.run("log", "check", "--log", ".")), 1)

        for name, arguments in (("verb", []), ("unknown-verb", ["proof"]), ("no-log", ["check"]), ("stray", ["check", "--year", "2026"]),
                                ("no-entry", ["prove", "--log", "log"]), ("bad-entry", ["prove", "--log", "log", "07"]),
                                ("two-entries", ["show", "--log", "log", "1", "2"]), ("no-reason", ["erase", "--log", "log", "1"]),
                                ("bad-year", ["stats", "--log", "log", "--year", "MMXXVI"]),
                                ("bad-kind", ["show", "--log", "log", "--kind", "plaintext"]),
                                ("no-origin", ["init", "--log", "third"])):
            expect("usage-log-%s.txt" % name, folder.run("log", *arguments), 2)
    finish()


main()
