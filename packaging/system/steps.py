# SPDX-License-Identifier: EUPL-1.2
"""Under systemd, as an operator would: the package is installed, a node is configured, started, asked, reloaded, hurt, stopped,
started by its socket, removed and purged. Every service runs with the hardening of its unit."""

import os
import subprocess
import sys
import time
import urllib.request

PATIENCE = 30
NODE = """\
[exporter cgn]
address = 127.0.0.1
[listener syslog]
transport = udp
content = syslog
address = 127.0.0.1
port = 514
"""
USERS = """\
store-user = rogatory
collect-user = rogatory-collect
ask-group = rogatory-ask
ask-socket = /run/rogatory/ask.socket
metrics = 127.0.0.1:9464
"""
SETTINGS = "/var/lib/rogatory/rogatory.conf"
failures = 0


def check(condition, what):
    global failures
    failures += not condition
    print(("passed: " if condition else "FAILED: ") + what)
    return condition


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def wait(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return check(True, what)
        time.sleep(0.1)
    return check(False, what)


def processes():
    """{name: pid} of the node's three."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, encoding="utf-8") as file:
                name = os.path.basename(file.read().split("\0")[0])
        except OSError:
            continue
        if name in ("rogatoryd", "rogatory-collect", "rogatory-store"):
            found.setdefault(name, int(pid))
    return found


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return {key: value.split() for key, _, value in (line.partition(":") for line in file)}


def state():
    return run("systemctl", "is-active", "rogatoryd")[1].strip()


def is_ready():
    try:
        with urllib.request.urlopen("http://127.0.0.1:9464/readyz", timeout=2) as page:
            return page.status == 200
    except OSError:
        return False


def install():
    code, said = run("dpkg", "-i", "--force-depends", "/trial/rogatory.deb")
    check(code == 0, "the package is installed: " + said)
    code, said = run("systemctl", "start", "rogatoryd")
    check(code == 0 and state() == "inactive" and not processes(), "without a store nothing is started")
    code, said = run("runuser", "-u", "rogatory", "--", "rogatory", "init", "/var/lib/rogatory")
    check(code == 0, "the store is made: " + said)
    with open(SETTINGS, encoding="utf-8") as file:
        text = file.read()
    with open(SETTINGS, "w", encoding="utf-8") as file:
        file.write(text.replace("[node]\n", "[node]\n" + USERS, 1) + NODE)
    code, said = run("runuser", "-u", "rogatory", "--", "rogatory", "conf-check", "--config", "/var/lib/rogatory")
    check(code == 0, "its configuration is sound: " + said)


def start():
    code, said = run("systemctl", "start", "rogatoryd")
    check(code == 0 and state() == "active", "the node starts: " + said + run("systemctl", "status", "rogatoryd")[1])
    run("ip", "link", "set", "lo", "up")
    wait("it is ready", is_ready)
    found = processes()
    if not check(len(found) == 3, "it is three processes: %s" % found):
        return
    users = {name: run("id", "-un", status_of(pid)["Uid"][0])[1].strip() for name, pid in found.items()}
    check(users == {"rogatoryd": "rogatory", "rogatory-store": "rogatory", "rogatory-collect": "rogatory-collect"},
          "each is who it should be: %s" % users)
    check(all(status_of(found[name])["CapEff"] == ["0000000000000000"] for name in ("rogatory-store", "rogatory-collect")),
          "neither has a capability")


def live():
    before = processes()
    code, said = run("systemctl", "reload", "rogatoryd")
    check(code == 0, "it reloads: " + said)
    wait("both are started anew", lambda: len(processes()) == 3 and not set(processes().values()) &
         {before["rogatory-store"], before["rogatory-collect"]} and is_ready())
    before = processes()
    os.kill(before["rogatory-collect"], 9)
    wait("where one is killed both are started anew", lambda: len(processes()) == 3 and
         processes()["rogatory-store"] != before["rogatory-store"] and is_ready())
    check(processes()["rogatoryd"] == before["rogatoryd"], "the parent lives on")
    code, said = run("runuser", "-u", "nobody", "--", "rogatory", "info", "--store", "/var/lib/rogatory")
    check(code != 0 and "Permission denied" in said, "who is not in the group asks nothing: " + said)
    code, said = run("systemctl", "stop", "rogatoryd")
    check(code == 0 and not processes(), "it stops: " + said)
    journal = run("journalctl", "--no-pager", "-o", "cat", "-u", "rogatoryd")[1]
    last = [line for line in journal.splitlines() if "event=child-ended" in line][-2:]
    check(len(last) == 2 and all("code=" in line for line in last), "both ended by themselves: %s" % last)
    check("signal=31" not in journal, "nobody tried what it may not")


def by_socket():
    code, said = run("systemctl", "enable", "--now", "rogatory.socket")
    check(code == 0, "the socket is enabled: " + said)
    run("systemctl", "start", "rogatoryd")
    wait("the node takes the socket over", is_ready)
    check(os.stat("/run/rogatory/ask.socket").st_mode & 0o777 == 0o660, "who may ask is the same")


def remove():
    code, said = run("dpkg", "-r", "rogatory")
    check(code == 0 and not processes(), "removed while it runs, it is stopped: " + said)
    code, said = run("dpkg", "-P", "rogatory")
    check(code == 0 and "/var/lib/rogatory is left as it is" in said and os.path.exists(SETTINGS), "purged, it leaves the store: " + said)


def main():
    for part in (install, start, live, by_socket, remove):
        part()
    print("%d failed" % failures if failures else "all as expected")
    sys.exit(1 if failures else 0)


main()
