#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""rogatoryd and its children: what they are handed, what happens when they end, hang or are told to, and what the service
manager hears of it."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys

from node import IS_ROOT, LISTENERS, Node

FAST, PROGRAM, STAND_IN, ROGATORY = (os.path.abspath(path) for path in sys.argv[1:5])
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("FAILED: " + what)


def node(**more):
    return Node(FAST, STAND_IN, ROGATORY, **more)


def starts_and_ends():
    with node() as it:
        it.configure("[node]\nmetrics = 127.0.0.1:%d\n" % it.metrics)
        it.start(watchdog=200000)
        it.said("ready")
        collect, store = it.facts("rogatory-collect"), it.facts("rogatory-store")
        options = [word for word in collect["argument"] if word.startswith("--")]
        check(options == ["--config", "--relay", "--ready", "--listener", "--listener", "--metrics"],
              "the collector is handed the relay and the listeners: %s" % collect["argument"])
        check([word.split(":")[0] for word in collect["argument"] if ":" in word] == ["0", "1"], "listeners have their numbers")
        options = [word for word in store["argument"] if word.startswith("--")]
        check(options == ["--config", "--relay", "--ready", "--ask"], "the store is handed its own: %s" % store["argument"])
        for facts in (collect, store):
            handed = {word.split(":")[-1] for word in facts["argument"][2:] if not word.startswith("--")}
            open_ones = {line.split()[0] for line in facts["descriptor"] if line.endswith("socket")}
            check(handed == open_ones, "nothing else is open: handed %s, open %s" % (handed, open_ones))
            check(facts["status"]["SigBlk"].strip("0") == "", "signals are not blocked: %s" % facts["status"])
            check(facts["status"]["NoNewPrivs"] == "1" and facts["status"]["Seccomp"] == "2", "children are confined already")
            check(not any(line.startswith(("SECRET", "NOTIFY", "PATH")) for line in facts["environment"]),
                  "the environment stays: %s" % facts["environment"])
        ask = os.lstat(it.store + "/ask.socket")
        check(stat.S_ISSOCK(ask.st_mode) and ask.st_mode & 0o777 == 0o600, "the socket of questions is its owner's")
        it.wait("READY=1", lambda: any(text.startswith("READY=1\nSTATUS=Taking records at 2") for text in it.told))
        it.wait("three signs of life", lambda: sum(text.startswith("WATCHDOG=1") for text in it.told) > 2)
        it.signal(signal.SIGTERM)
        check(it.ended() == 0, "it ends when it is told to")
        check(any(text.startswith("STOPPING=1") for text in it.told), "the service manager hears that it ends")
        check(not os.path.exists(it.store + "/ask.socket"), "the socket of questions is removed")
        order = [line for line in it.lines if "child-ended" in line]
        check("rogatory-collect" in order[0] and "rogatory-store" in order[1], "the collector ends first: %s" % order)
        check(all(line.startswith("<") for line in it.lines), "each line has its priority: %s" % it.lines)


def is_started_again():
    with node() as it:
        it.start()
        it.said("ready")
        for number, name in enumerate(("rogatory-collect", "rogatory-store"), 2):
            before = (it.pid("rogatory-collect"), it.pid("rogatory-store"))
            os.kill(it.pid(name), signal.SIGKILL)
            it.said("ready", times=number)
            after = (it.pid("rogatory-collect"), it.pid("rogatory-store"))
            check(not set(before) & set(after), "where one ends both are started anew: %s %s" % (before, after))
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        before = it.pid("rogatory-store")
        os.kill(before, signal.SIGSTOP)
        it.said("child-halted")
        it.said("child-silent")
        sender.sendto(b"kept by the kernel", ("127.0.0.1", it.udp))
        os.kill(before, signal.SIGCONT)
        it.said("child-continued")
        it.said("child-heard-again")
        check(it.pid("rogatory-store") == before, "a halt that ends in time ends nothing")
        os.kill(before, signal.SIGSTOP)
        it.said("child-killed")
        it.said("ready", times=4)
        check(it.process.poll() is None, "it goes on")
        it.signal(signal.SIGINT)
        check(it.ended() == 0, "SIGINT ends it too")


def is_given_up():
    with node() as it:
        it.behave("store", "refuse")
        it.start()
        check(it.ended() == 1 and it.count("child-ended") == 6 and it.count("given-up") == 1,
              "what never was ready is given up after three starts: %s" % it.lines)
        check(not any(text.startswith("READY") for text in it.told), "and nobody heard that it was ready")
    with node() as it:
        it.behave("collect", "never-ready")
        it.start()
        it.said("started")
        it.wait("the store", lambda: it.facts("rogatory-store").get("pid"))
        it.signal(signal.SIGTERM)
        check(it.ended() == 0 and it.count("ready") == 0, "a start can be ended")
    with node() as it:
        it.behave("collect", "stubborn")
        it.behave("store", "mute")
        it.start()
        it.said("ready")
        it.said("child-silent")
        it.said("child-killed")
        it.signal(signal.SIGTERM)
        check(it.ended() == 0 and it.count("child-killed") >= 2, "what does not end is killed: %s" % it.lines)


def is_reloaded():
    with node() as it:
        it.start()
        it.said("ready")
        before = it.pid("rogatory-collect")
        it.configure("[nodes]\n")
        it.signal(signal.SIGHUP)
        it.said("reload-refused")
        check(it.count("configuration-mistake") == 1 and it.pid("rogatory-collect") == before,
              "a configuration with a mistake changes nothing: %s" % it.lines)
        it.wait("READY=1 again", lambda: sum(text.startswith("READY=1") for text in it.told) == 2)
        it.configure("[node]\nask-socket = %s/other.socket\n" % it.top)
        it.signal(signal.SIGHUP)
        it.said("reload-refused", times=2)
        check("start the node anew" in it.lines[-1], "what holds for life cannot be reloaded: " + it.lines[-1])
        it.configure("", LISTENERS % (it.other_udp, it.tcp))
        it.signal(signal.SIGHUP)
        it.said("ready", times=2)
        check(it.pid("rogatory-collect") != before, "both are started with the new configuration")
        kinds = [text.split("\n")[0] for text in it.told if not text.startswith(("STATUS", "WATCHDOG"))]
        check(kinds == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"],
              "the service manager follows: %s" % kinds)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", it.udp))
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.bind(("127.0.0.1", it.udp))
        it.configure("", LISTENERS % (it.udp, it.tcp))
        it.signal(signal.SIGHUP)
        it.said("reload-refused", times=3)
        check("Address already in use" in it.lines[-1], "a port that somebody has: " + it.lines[-1])
        check(it.count("ready") == 2, "and the node goes on")
        it.signal(signal.SIGTERM)
        check(it.ended() == 0, "it ends")


def sockets_are_handed_over():
    flows = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flows.bind(("127.0.0.1", 0))
    unknown = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    unknown.bind(("127.0.0.1", 0))
    with node() as it:
        with socket.socket(socket.AF_UNIX) as ask:
            ask.bind(it.top + "/ask")
            ask.listen()
            it.start(sockets=[("flows", flows), ("ask", ask), ("nobody", unknown)])
            it.said("ready")
        check("nobody" in it.said("socket-unused"), "what nobody is configured for is said")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", it.udp))
        check(not os.path.exists(it.store + "/ask.socket"), "no other socket of questions is made")
        it.signal(signal.SIGTERM)
        check(it.ended() == 0 and os.path.exists(it.top + "/ask"), "what was handed over is not removed")
    with node() as it:
        it.start(sockets=[("stream", flows)])
        check(it.ended() == 1 and "no socket for streams" in it.lines[-1], "a socket of the wrong kind: %s" % it.lines)


def is_refused():
    with node() as it:
        it.configure("[node]\nmerge-delay = soon\n")
        it.start()
        check(it.ended() == 1 and "merge-delay" in it.said("configuration-mistake"), "a mistake starts nothing")
        it.start("--check")
        check(it.ended() == 1, "--check finds it too")
        it.configure("[node]\n")
        it.start("--check")
        check(it.ended() == 0 and it.lines == [], "--check says nothing where nothing is wrong: %s" % it.lines)
        os.rename(it.libexec + "/rogatory-store", it.libexec + "/other")
        it.start()
        check(it.ended() == 1 and "has no rogatory-collect and rogatory-store" in it.lines[-1], "its programs are missing")
        os.rename(it.libexec + "/other", it.libexec + "/rogatory-store")
        it.start()
        it.said("ready")
        second = Node(FAST, STAND_IN, ROGATORY)
        with second:
            second.configure("[node]\nask-socket = %s/ask.socket\n" % it.store)
            second.start()
            check(second.ended() == 1 and "another node listens here" in second.lines[-1],
                  "one store has one node: %s" % second.lines)
        it.signal(signal.SIGKILL)
        it.process.wait()
        it.start()
        it.said("ready")
        check(True, "what a killed node left does not hinder the next")
        it.signal(signal.SIGTERM)
        it.ended()


def command_line():
    for arguments, code, words in (([], 2, "--config PATH is missing"), (["--config"], 2, "its value is missing"),
                                   (["--config", "x", "y"], 2, "takes only options"),
                                   (["--config", "/nowhere"], 1, "configuration-unreadable")):
        run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
        check(run.returncode == code and words in run.stderr, "%s: %d %s" % (arguments, run.returncode, run.stderr))
    run = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False)
    check(run.returncode == 0 and "Usage: rogatoryd --config PATH" in run.stdout, "--help: " + run.stdout)
    run = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    check(run.returncode == 0 and run.stdout.startswith("rogatoryd "), "--version: " + run.stdout)


def as_root():
    if not IS_ROOT:
        print("SKIP: not root, so nothing of what root gives up was tested")
        return
    nobody, daemon = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
    with node(as_root=True) as it:
        it.start()
        check(it.ended() == 1 and "needs store-user and collect-user" in it.lines[-1], "root needs users: %s" % it.lines)
    with node(as_root=True) as it:
        it.configure("[node]\nstore-user = nobody\ncollect-user = daemon\nask-group = daemon\n")
        it.start()
        it.said("ready")
        with open("/proc/%d/status" % it.process.pid, encoding="utf-8") as file:
            own = dict(line.rstrip("\n").split(":", 1) for line in file)
        kept = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10  # kill, setgid, setuid, net_bind_service
        check(own["Uid"].split() == [str(nobody.pw_uid)] * 4, "the parent is the store-user: " + own["Uid"])
        check(int(own["CapEff"], 16) == kept and int(own["CapBnd"], 16) == kept, "and keeps little: %s" % own)
        check(own["NoNewPrivs"].strip() == "1" and own["Seccomp"].strip() == "2", "and is confined")
        collect, store = it.facts("rogatory-collect"), it.facts("rogatory-store")
        check(int(collect["status"]["CapEff"], 16) == 1 << 6 | 1 << 7, "the collector may become its user: %s" % collect["status"])
        check(int(store["status"]["CapEff"], 16) == 0, "the store may become nobody: %s" % store["status"])
        ask = os.lstat(it.store + "/ask.socket")
        check((ask.st_uid, ask.st_gid, ask.st_mode & 0o777) == (nobody.pw_uid, daemon.pw_gid, 0o660), "who may ask: %s" % (ask,))
        journal, folder = os.stat(it.store + "/journal"), os.stat(it.store)
        check(journal.st_uid == daemon.pw_uid and journal.st_mode & 0o777 == 0o700, "the journal is the collector's")
        check(folder.st_gid == daemon.pw_gid and folder.st_mode & 0o777 == 0o710, "which may pass through the store's folder")
        os.kill(it.pid("rogatory-collect"), signal.SIGKILL)
        it.said("ready", times=2)
        it.configure("[node]\nstore-user = nobody\ncollect-user = games\nask-group = daemon\n")
        it.signal(signal.SIGHUP)
        it.said("reload-refused")
        check("hold for the life of a node" in it.lines[-1], "users hold for life: " + it.lines[-1])
        it.signal(signal.SIGTERM)
        check(it.ended() == 0, "it ends")


def as_a_service():
    """The store-user from the start, with the capabilities that the unit gives: no root at any time."""
    if not IS_ROOT or not shutil.which("setpriv"):
        print("SKIP: not root, or no setpriv, so nothing was started as a service manager does")
        return
    kept = "+setuid,+setgid,+kill,+net_bind_service"
    manager = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=" + kept, "--ambient-caps=" + kept,
               "--bounding-set=-all," + kept, "--no-new-privs"]
    with node(as_root=True) as it:
        it.configure("[node]\nstore-user = nobody\ncollect-user = daemon\n")
        it.start(before=manager)
        check(it.ended() == 1 and "install -d -o daemon" in it.lines[-1], "it says what only root can do: %s" % it.lines)
        os.mkdir(it.store + "/journal", 0o700)
        os.chown(it.store + "/journal", pwd.getpwnam("daemon").pw_uid, -1)
        os.chown(it.store, -1, pwd.getpwnam("daemon").pw_gid)
        os.chmod(it.store, 0o710)
        it.start(before=manager)
        it.said("ready")
        collect, store = it.facts("rogatory-collect"), it.facts("rogatory-store")
        check(int(collect["status"]["CapEff"], 16) == 1 << 6 | 1 << 7, "the collector may become its user: %s" % collect["status"])
        check(int(store["status"]["CapEff"], 16) == 0, "the store may become nobody: %s" % store["status"])
        it.configure("[node]\nstore-user = nobody\ncollect-user = daemon\n", LISTENERS % (it.udp, 700 + os.getpid() % 300))
        os.chown(it.store + "/journal", pwd.getpwnam("daemon").pw_uid, -1)
        it.signal(signal.SIGHUP)
        it.said("ready", times=2)
        check(it.count("reload-refused") == 0, "a port below 1024 can be added: %s" % it.lines)
        it.signal(signal.SIGTERM)
        check(it.ended() == 0, "it ends")


def main():
    for part in (command_line, starts_and_ends, is_started_again, is_given_up, is_reloaded, sockets_are_handed_over, is_refused,
                 as_root, as_a_service):
        try:
            part()
        except AssertionError as error:
            check(False, "%s: %s" % (part.__name__, error))
    print("%d failed" % failures if failures else "all as expected")
    sys.exit(1 if failures else 0)


main()
