#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""check_units.py SERVICE SOCKET SYSUSERS TMPFILES JOURNAL EXCHANGE: what systemd itself says of the units, and whether they and the
accounts and folders speak of the same names. Skips visibly where systemd's tools are not there."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
EXPOSURE_MOST = 2.0
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("FAILED: " + what)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def exposure(name, service, *sockets):
    """The units under the names they are installed by, with a program where the service wants one."""
    with tempfile.TemporaryDirectory() as folder:
        with open(service, encoding="utf-8") as file:
            text = re.sub(r"^(ExecStart(?:Pre)?)=(?!\+)\S+", r"\1=/bin/true", file.read(), flags=re.M)
        for at, content in [(name, text)] + [(os.path.basename(path), open(path, encoding="utf-8").read()) for path in sockets]:
            with open(os.path.join(folder, at), "w", encoding="utf-8") as file:
                file.write(content)
        unit = os.path.join(folder, name)
        code, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
        match = re.search(r"Overall exposure level for " + re.escape(name) + r": ([0-9.]+)", said)
        check(match, "systemd-analyze security says a level: " + said[-400:])
        if match:
            print("%s: exposure %s" % (name, match.group(1)))
            check(float(match.group(1)) < EXPOSURE_MOST, "exposure %s is not below %s" % (match.group(1), EXPOSURE_MOST))
        check("gnoring" not in said, "everything is understood: " + said)
        code, said = run("systemd-analyze", "verify", "--man=no", unit, *[os.path.join(folder, os.path.basename(path)) for path in sockets])
        mine = [line for line in said.splitlines() if "rogatory" in line]
        check(code == 0 and not mine, "systemd-analyze verify: %d %s" % (code, said))


def accounts(services, sysusers, tmpfiles, journal):
    """In an empty system: the accounts are made, the folders belong to them."""
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(root + "/etc")
        code, said = run("systemd-sysusers", "--root=" + root, os.path.abspath(sysusers))
        check(code == 0, "systemd-sysusers: " + said)
        with open(root + "/etc/passwd", encoding="utf-8") as file:
            users = {line.split(":")[0]: line.split(":") for line in file}
        with open(root + "/etc/group", encoding="utf-8") as file:
            groups = {line.split(":")[0]: line.rstrip("\n").split(":")[3] for line in file}
        check({"rogatory", "rogatory-collect"} <= set(users), "both users: %s" % sorted(users))
        check(groups.get("rogatory-ask") == "rogatory", "the node may hand its socket to those who ask: %s" % groups)
        check(all(user[6].strip().endswith("nologin") for user in users.values()), "nobody logs in as them")
        named = set()
        for path in (tmpfiles, journal):
            with open(path, encoding="utf-8") as file:
                named |= {word for line in file if line[0] in "dz" for word in line.split()[3:5]}
        for service in services:
            with open(service, encoding="utf-8") as file:
                text = file.read()
            named |= set(re.findall(r"^(?:User|Group)=(\S+)", text, flags=re.M))
            for group in re.findall(r"^SupplementaryGroups=(\S+)", text, flags=re.M):
                check(group in groups, "the group %s is made: %s" % (group, groups))
        check(named <= set(users), "folders and units name accounts that are made: %s" % named)
        if os.geteuid() != 0:
            print("SKIP: not root, so the folders were not made")
            return
        os.makedirs(root + "/var/lib")
        for path in (tmpfiles, journal):
            code, said = run("systemd-tmpfiles", "--root=" + root, "--create", os.path.abspath(path))
            check(code == 0, "systemd-tmpfiles: " + said)
        store, folder = os.stat(root + "/var/lib/rogatory"), os.stat(root + "/var/lib/rogatory/journal")
        check(store.st_mode & 0o777 == 0o710 and store.st_uid == int(users["rogatory"][2]) and
              store.st_gid == int(users["rogatory-collect"][3]), "the store's folder: %s" % (store,))
        check(folder.st_mode & 0o777 == 0o700 and folder.st_uid == int(users["rogatory-collect"][2]), "the journal's: %s" % (folder,))


def main():
    missing = [tool for tool in ("systemd-analyze", "systemd-sysusers", "systemd-tmpfiles") if not shutil.which(tool)]
    if missing:
        print("SKIP: %s not found; the units were not looked at" % ", ".join(missing))
        sys.exit(SKIPPED)
    service, socket, sysusers, tmpfiles, journal, exchange = sys.argv[1:7]
    exposure("rogatoryd.service", service, socket)
    exposure("rogatory-exchange.service", exchange)
    accounts((service, exchange), sysusers, tmpfiles, journal)
    print("%d failed" % failures if failures else "all as expected")
    sys.exit(1 if failures else 0)


main()
