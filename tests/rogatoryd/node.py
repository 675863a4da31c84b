# SPDX-License-Identifier: EUPL-1.2
"""A rogatoryd for tests: a store, programs that stand in for its children, a service manager that listens, and what it says."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE = 30  # seconds after which something is not going to happen
IS_ROOT = os.geteuid() == 0

LISTENERS = """\
[exporter cgn]
address = 192.0.2.1
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = %d
[listener stream]
transport = tcp
content = flow
address = 127.0.0.1
port = %d
"""


def free_ports(kind, count):
    sockets = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Node:
    """One store and one rogatoryd on it. As root: the process runs as nobody, except with as_root."""

    def __init__(self, program, stand_in, rogatory, as_root=False):
        self.program = program
        self.as_root = as_root
        self.run_as = None if as_root or not IS_ROOT else pwd.getpwnam("nobody")
        self.top = tempfile.mkdtemp(prefix="rogatoryd-test-", dir="/tmp")
        os.chmod(self.top, 0o755)
        self.store = self.top + "/store"
        self.libexec = self.top + "/libexec"
        os.mkdir(self.libexec)
        for name in ("rogatory-collect", "rogatory-store"):
            shutil.copy(stand_in, "%s/%s" % (self.libexec, name))
        subprocess.run([rogatory, "init", self.store], check=True, stdout=subprocess.DEVNULL)
        self.udp, self.other_udp = free_ports(socket.SOCK_DGRAM, 2)
        self.tcp, self.metrics = free_ports(socket.SOCK_STREAM, 2)
        self.configure("[node]\n")
        self.told = []
        self.manager = None
        self.process = None
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for name in ("rogatory-collect", "rogatory-store"):
            pid = int(self.facts(name).get("pid", "0"))
            if pid and os.path.exists("/proc/%d" % pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if self.manager:
            self.manager.close()
        shutil.rmtree(self.top)

    def configure(self, node, listeners=None):
        text = (listeners or LISTENERS % (self.udp, self.tcp)) + node
        path = self.store + "/rogatory.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        owner = pwd.getpwnam("nobody") if IS_ROOT else None
        if owner:
            for path in (self.store, path):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            for path, folders, files in os.walk(self.store):
                for name in folders + files:
                    os.chown(os.path.join(path, name), owner.pw_uid, owner.pw_gid)

    def behave(self, child, how):
        path = "%s/behaviour-rogatory-%s" % (self.store, child)
        with open(path, "w", encoding="utf-8") as file:
            file.write(how)
        os.chmod(path, 0o644)

    def start(self, *options, watchdog=None, sockets=None, before=()):
        """sockets: [(name, socket)] as a service manager hands them over. before: a program that starts it."""
        environment = {"PATH": os.environ["PATH"], "SECRET_OF_TEST": "1"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = self.top + "/notify-%d" % len(os.listdir(self.top))
        self.manager.bind(address)
        os.chmod(address, 0o777)
        environment["NOTIFY_SOCKET"] = address
        threading.Thread(target=self.listen_to_notices, args=(self.manager,), daemon=True).start()
        if watchdog:
            environment["WATCHDOG_USEC"] = str(watchdog)
        command = [*before, self.program, "--config", self.store, "--libexec", self.libexec, *options]
        keep = []
        if sockets:
            # LISTEN_PID is that of the process itself, which only a shell in its place can know.
            environment.update(LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=":".join(name for name, _ in sockets))
            command = ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$0" "$@"', *command]
            keep = [one.fileno() for _, one in sockets]

        def prepare():
            for number, descriptor in enumerate(keep):
                os.dup2(descriptor, 3 + number)
            if self.run_as:
                os.setgroups([])
                os.setgid(self.run_as.pw_gid)
                os.setuid(self.run_as.pw_uid)
        self.lines = []
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        preexec_fn=prepare, pass_fds=[3 + n for n in range(len(keep))], text=True)
        self.reader = threading.Thread(target=self.read_lines, args=(self.process,), daemon=True)
        self.reader.start()

    def listen_to_notices(self, manager):
        while True:
            try:
                self.told.append(manager.recv(4096).decode())
            except OSError:
                return

    def read_lines(self, process):
        for line in process.stderr:
            self.lines.append(line.rstrip("\n"))

    def wait(self, what, condition):
        """Until condition() is true; its value."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError("%s did not happen; it said:\n%s" % (what, "\n".join(self.lines)))

    def said(self, event, times=1):
        return self.wait("event=%s (%d times)" % (event, times), lambda: (
            [line for line in self.lines if re.search(r"\bevent=%s\b(?!-)" % event, line)] * (self.count(event) >= times)))[-1]

    def count(self, event):
        return sum(1 for line in self.lines if re.search(r"\bevent=%s(?= |$)" % event, line))

    def facts(self, name):
        """What a child wrote down of itself: the first value of each fact, and lists of what comes often."""
        facts = {"argument": [], "environment": [], "descriptor": [], "status": {}}
        try:
            with open("%s/told-%s" % (self.store, name), encoding="utf-8") as file:
                for line in file:
                    kind, _, value = line.rstrip("\n").partition(" ")
                    if kind == "status":
                        key, _, number = value.partition(":")
                        facts["status"][key] = number.strip()
                    elif isinstance(facts.get(kind), list):
                        facts[kind].append(value)
                    else:
                        facts[kind] = value
        except FileNotFoundError:
            pass
        return facts

    def pid(self, name):
        return int(self.facts(name)["pid"])

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        """The exit code, and no child is left."""
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        for name in ("rogatory-collect", "rogatory-store"):
            pid = self.facts(name).get("pid")
            assert not pid or not os.path.exists("/proc/%s" % pid), "%s (%s) is left" % (name, pid)
        return code
