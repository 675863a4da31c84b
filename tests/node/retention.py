# SPDX-License-Identifier: EUPL-1.2
"""Retention of a live node: records of three hours ago, one endpoint preserved for a case, then everything destroyed whose time is
up, key first; copies from before open nothing. Usage: retention.py SANDBOX ROGATORY"""

import os
import shutil
import signal
import subprocess
import sys
import time

import ipfix
import parts
from parts import check, say, shown, wait_for

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 203.0.113.0/24
longest-session = 10m
key = file:%(top)s/keys/default.key
retain = %(retain)s
[exporter nat]
address = 127.0.0.11
dialect = rfc8158
[listener datagrams]
transport = udp
content = flow
port = 4739
"""


def configure(node, retain):
    node.configure(SETTINGS % {"top": node.top, "retain": retain} + node.NODE + "merge-delay = 1s\n")


def as_owner(node, *words):
    """A command as the account that owns the store."""
    return subprocess.run(["setpriv", "--reuid", parts.STORE_USER, "--regid", parts.STORE_USER, "--clear-groups", node.rogatory,
                           *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def windows(store):
    return sorted(name for _, _, names in os.walk(store + "/realms") for name in names if name.endswith(".seg"))


def preserve(node, endpoint, protocol, at):
    return node.run("preserve", "--store", node.store, "--case", "C-7", "--proto", protocol, "--from", parts.stamp(at - 5), "--to",
                    parts.stamp(min(at + 5, time.time() - 0.1)), "--until", parts.stamp(time.time() + 30 * 86400), endpoint)


def main():
    parts.enter(sys.argv[1], ["setpriv"])
    node = parts.Node(sys.argv[2])
    os.mkdir(node.top + "/keys")
    node.own(node.top + "/keys", 0o700)
    configure(node, "unlimited")
    node.start()
    exporter, nat = ipfix.Exporter("127.0.0.11", 4739), ipfix.Nat("203.0.113.11", "100.64.1.")
    then = (time.time() // 3600 - 3) * 3600 + 600
    for number in range(100):
        exporter.send(nat.open(at=then + number))
    exporter.send(nat.close(range(1024, 1124), at=then + 200))
    new = nat.open()
    exporter.send(new)
    port, preserved = 1050, 1060
    questions = {one: ("203.0.113.11:%d" % one, "tcp", nat.held[one][1] + 10) for one in (port, preserved)}
    check(shown(node.ask(*questions[port])) == {nat.held[port][0]}, "a record of three hours ago is in answers")

    endpoint, protocol, at = questions[preserved]
    run = preserve(node, endpoint, protocol, at)
    check(run.returncode == 0, "preserved by the node: " + run.stdout + run.stderr)
    hour = time.strftime("%Y%m%dT%HZ", time.gmtime(then))
    check(any(name.startswith(hour) for name in windows(node.store)), "the hour is a window now: %s" % windows(node.store))
    say("%s; windows: %s" % (run.stdout.splitlines()[0] if run.stdout else "", ", ".join(windows(node.store))))

    copy = node.top + "/copy"
    shutil.copytree(node.store, copy, ignore=shutil.ignore_patterns("*.socket"))
    subprocess.run(["chown", "-R", parts.STORE_USER, copy], check=True)
    asked = as_owner(node, "ask", "--store", copy, "--case", "T-1", "--json", endpoint, "--proto", protocol, "--at", parts.stamp(at))
    check(nat.held[preserved][0] in asked.stdout, "a copy can be read as long as the key is there: " + asked.stdout[:500])

    before = node.said("event=ready")
    configure(node, "1h")
    node.process.send_signal(signal.SIGHUP)
    node.wait_ready(before)
    check("outside-retention" in node.ask(*questions[port])["reasons"], "what is due is not answered, also before it is destroyed")
    run = as_owner(node, "retain", "--store", node.store)
    check(run.returncode == 0, "retained beside the running node: " + run.stdout)
    say("\n".join("   " + line for line in run.stdout.splitlines()[:6]))

    answer = node.ask(*questions[port])
    check(answer["verdict"] == "unknown" and "outside-retention" in answer["reasons"] and not shown(answer), "gone: %s" % answer)
    check("outside-retention" in node.ask(*questions[preserved])["reasons"], "what is preserved is for its case alone")
    kept = node.ask(*questions[preserved], case="C-7")
    check(shown(kept) == {nat.held[preserved][0]}, "its case is answered out of the hold: %s" % kept)
    check(not shown(node.ask(*questions[port], case="C-7")), "and nothing else is in the hold")
    fresh = node.ask("203.0.113.11:%d" % new[0][5], "tcp", new[0][1])
    check(shown(fresh) == {new[0][2]}, "what is not due is there: %s" % fresh)
    with open(node.store + "/access.log", encoding="utf-8") as log:
        actions = log.read()
    check(all('"%s"' % action in actions for action in ("preserve", "retain")), "the record of access says so: " + actions[-600:])
    run = as_owner(node, "check", "--store", node.store)
    check(run.returncode == 0, "the store is whole: " + run.stdout)

    # The node still has these events in its journal, and in memory: what is gone stays gone.
    fresh = "203.0.113.11:%d" % new[0][5]
    run = preserve(node, fresh, "tcp", new[0][1])
    check(run.returncode == 0, "another is preserved, for which the node merges again: " + run.stdout + run.stderr)
    check(not any(name.startswith(hour) for name in windows(node.store)), "a destroyed hour came back: %s" % windows(node.store))

    asked = as_owner(node, "ask", "--store", copy, "--case", "T-1", "--json", endpoint, "--proto", protocol, "--at", parts.stamp(at))
    check(nat.held[preserved][0] not in asked.stdout, "a copy from before can be read: " + asked.stdout[:500])
    say("a copy of the store from before: " + asked.stdout.strip()[:200])

    exporter.send(nat.open())
    wait_for("the node goes on", lambda: shown(node.ask("203.0.113.11:%d" % (nat.next - 1), "tcp")) == {nat.held[nat.next - 1][0]})
    check(node.stop() == 0, "the node ends well")
    if parts.failures:
        say(open(node.log, encoding="utf-8").read())
    parts.finish()


main()
