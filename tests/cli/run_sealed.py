# SPDX-License-Identifier: EUPL-1.2
"""A sealed store answers as a plain one, says that it is sealed and by what, and says nothing without its key."""

import glob
import json
import os

from cases import SETTINGS, Folder, check, expect, finish

ASK = ["198.51.100.7:4711", "--proto", "tcp", "--at", "2026-10-25T10:22:30Z"]


def seal(folder, sources="file:%s"):
    """Gives the realm default a key beside the store; the other realm stays as it is."""
    os.makedirs(folder.file("secret"), exist_ok=True)
    os.chmod(folder.file("secret"), 0o700)
    text = SETTINGS.replace("[realm default]\n", "[realm default]\nkey = %s\n" % (
        sources % folder.file("secret/default.key") if "%s" in sources else sources))
    check(text != SETTINGS, "the settings have a realm default")
    folder.write("store/rogatory.conf", text)


def stored(folder):
    return sorted(path for path in glob.glob(folder.file("store/realms/*/*/**"), recursive=True) if os.path.isfile(path))


def again(folder):
    for arguments in (["--exporter", "cgn1", "nat.csv"], ["--exporter", "box", "linux.csv"],
                      ["--realm", "default", "leases.csv", "prefixes.csv"]):
        run = folder.run("import", "--store", "store", *arguments)
        check(run.returncode == 0, "importing again: " + run.stderr)


def main():
    with Folder() as plain, Folder() as folder:
        plain.fill()
        folder.fill()
        seal(folder)
        check(folder.ask(*ASK).stdout == plain.ask(*ASK).stdout, "a store that gets a key answers from its plain files")
        again(plain)
        again(folder)
        wanted = plain.ask(*ASK).stdout
        check(folder.ask(*ASK).stdout == wanted, "the sealed store answers the same")
        for path in stored(folder):
            with open(path, "rb") as file:
                content = file.read()
            check(content.startswith(b"ROGSLD") == ("/default/" in path), "sealed or not: " + path)
            check("/default/" not in path or b"customer" not in content, "a name stands in " + path)
        check(os.stat(folder.file("secret/default.key")).st_mode & 0o777 == 0o600, "the key is its owner's alone")
        expect("sealed-check.txt", folder.run("check", "--store", "store"), 0)
        info = folder.run("info", "--store", "store")
        lines = info.stdout.splitlines()
        at = next(i for i, line in enumerate(lines) if "default.key" in line)
        check("files are sealed by it" in lines[at + 1], "info says what is sealed: " + lines[at + 1])
        realms = {realm["realm"]: realm for realm in json.loads(folder.run("info", "--store", "store", "--json").stdout)["realms"]}
        check(realms["default"]["sealed_files"] == realms["default"]["files"] > 0, "info --json: %s" % realms["default"])
        check(realms["linux"]["key"] is None and realms["linux"]["sealed_files"] == 0, "info --json of the other realm")

        path = next(path for path in stored(folder) if "/default/nat/" in path)
        with open(path, "r+b") as file:
            file.seek(200)
            byte = file.read(1)
            file.seek(200)
            file.write(bytes([byte[0] ^ 1]))
        run = folder.run("check", "--store", "store")
        check(run.returncode == 1 and "damaged or changed under its seal" in run.stdout, "damage is said: " + run.stdout)
        with open(path, "r+b") as file:
            file.seek(200)
            file.write(byte)

        os.rename(folder.file("secret/default.key"), folder.file("secret/away"))
        run = folder.ask(*ASK)
        check(run.returncode != 0 and "the key of realm default is missing" in run.stderr, "without the key: " + run.stderr)
        check("customer" not in run.stdout + run.stderr, "without the key nobody is named")
        run = folder.run("import", "--store", "store", "--exporter", "cgn1", "nat.csv")
        check(run.returncode != 0 and not os.path.exists(folder.file("secret/default.key")), "no second key is made")
        os.rename(folder.file("secret/away"), folder.file("secret/default.key"))
        os.chmod(folder.file("secret/default.key"), 0o644)
        run = folder.ask(*ASK)
        check(run.returncode != 0 and "chmod 0600" in run.stderr, "a key that others may read: " + run.stderr)
        os.chmod(folder.file("secret/default.key"), 0o600)
        seal(folder, "none")
        run = folder.ask(*ASK)
        check(run.returncode != 0 and "names no key" in run.stderr, "without the line: " + run.stderr)
        seal(folder)
        check(folder.ask(*ASK).stdout == wanted, "with all in place again it answers as before")
    finish()


main()
