# SPDX-License-Identifier: EUPL-1.2
"""A whole node (rogatoryd with its two processes) over a store of its own, for the runs of faults."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SKIPPED = 77
IS_ROOT = os.geteuid() == 0
READY_SECONDS = 60
SECRET = "a secret of both"
TICKS = os.sysconf("SC_CLK_TCK")
REALM = """\
[realm default]
mapping = endpoint-independent
clock-uncertainty = 1s
longest-session = 1h
longest-block = 1h
outside = 198.18.0.0/15
"""


class Failed(Exception):
    pass


def skip(why):
    print("SKIP: " + why)
    raise SystemExit(SKIPPED)


def programs(folder):
    """The programs in a build folder: the parent with little back-off, the one for people."""
    quick = os.path.join(folder, "tests", "fault", "rogatoryd_quick")
    return os.path.abspath(quick), os.path.abspath(os.path.join(folder, "rogatory")), os.path.abspath(folder)


def free_port(kind, address="127.0.0.1"):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def memory_of(pid):
    """Resident and highest resident size in MiB; (0, 0) where the process is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            text = file.read()
        return tuple(int(re.search(name + r":\s+(\d+)", text).group(1)) / 1024 for name in ("VmRSS", "VmHWM"))
    except (OSError, AttributeError):
        return 0, 0


def cpu_of(pid):
    """CPU seconds of a process itself."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except OSError:
        return 0


class Node:
    def __init__(self, build, exporters, listeners, node="", realm=REALM, folder=None, around=()):
        """exporters, listeners, node, realm: text of rogatory.conf, with {home} for a folder of the test in which there
        is a file with a secret. folder: where the store is made. around: words
        that run the node elsewhere (ip netns exec ...)."""
        self.parent, self.rogatory, self.build = programs(build)
        self.around = list(around)
        self.home = tempfile.mkdtemp(prefix="rogatory-node-")
        os.chmod(self.home, 0o711)
        self.store = os.path.join(folder or self.home, "store")
        os.mkdir(self.store, 0o700)
        self.metrics = free_port(socket.SOCK_STREAM)
        users = "store-user = nobody\ncollect-user = daemon\n" if IS_ROOT else ""
        with open(self.store + "/rogatory.conf", "w", encoding="utf-8") as out:
            text = realm + exporters + listeners
            out.write(text.replace("{home}", self.home) + "[node]\nmetrics = 127.0.0.1:%d\ndisk-reserve = 16MiB\n%s%s"
                      % (self.metrics, node, users))
        self.own(self.store)
        with open(self.home + "/secret", "w", encoding="utf-8") as out:
            out.write(SECRET + "\n")
        os.chmod(self.home + "/secret", 0o600)
        if IS_ROOT:
            shutil.chown(self.home + "/secret", "nobody")
        self.log_path = self.home + "/log"
        self.process, self.pids, self.begun_at, self.outlived = None, {}, 0, 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind not in (None, SystemExit):
            sys.stderr.write("--- the node's last words\n%s\n" % self.said()[-4000:])
        self.stop()
        if os.environ.get("ROGATORY_FAULT_KEEP"):
            print("kept: " + self.home)
        else:
            shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def own(path):
        if IS_ROOT:
            for where, _, names in os.walk(path):
                for name in [where] + [os.path.join(where, name) for name in names]:
                    shutil.chown(name, "nobody")

    # --- Life ---

    def start(self):
        """Starts the parent and waits until the node is ready."""
        self.begun_at = len(self.said())
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.around + [self.parent, "--config", self.store, "--libexec", self.build], stdout=log, stderr=log,
                start_new_session=True)
        return self.ready()

    def lives(self):
        """(collect, store) of every time that it was ready, since the parent was started."""
        return [(int(a), int(b)) for a, b in re.findall(r"event=ready collect=(\d+) store=(\d+)", self.said(self.begun_at))]

    def ready(self, count=1):
        """Waits until it was ready so often since the parent was started."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            lives = self.lives()
            if len(lives) >= count:
                self.pids = dict(zip(("collect", "store"), lives[-1]))
                return len(lives)
            if self.process.poll() is not None:
                raise Failed("rogatoryd ended by itself (%s):\n%s" % (self.process.returncode, self.said(self.begun_at)[-1500:]))
            time.sleep(0.02)
        raise Failed("not ready within %d s:\n%s" % (READY_SECONDS, self.said(self.begun_at)[-1500:]))

    def kill(self, which):
        """kill -9 of one of its processes, found by its number; waits until it is ready again."""
        count = len(self.lives())
        if which == "rogatoryd":
            pid = self.process.pid if not self.around else self.parent_pid()
            os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.outlived = max(self.outlived, self.children_end())
            self.start()
        else:
            os.kill(self.pids[which], signal.SIGKILL)
            self.ready(count + 1)

    def children_end(self):
        """Without their parent the two end by themselves, and soon; a service manager would not wait. Seconds."""
        began = time.monotonic()
        while any(os.path.exists("/proc/%d" % pid) for pid in self.pids.values()):
            if time.monotonic() - began > 8:
                raise Failed("8 s after rogatoryd was killed its processes still live: %s" % self.pids)
            time.sleep(0.01)
        return time.monotonic() - began

    def parent_pid(self):
        with open("/proc/%d/stat" % self.pids["store"], encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])

    def signal(self, which, number):
        os.kill(self.pids[which], number)

    def stop(self):
        if self.process and self.process.poll() is None:
            for pid in self.pids.values():
                try:
                    os.kill(pid, signal.SIGCONT)
                except OSError:
                    pass
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise Failed("rogatoryd did not end within 30 s") from None

    # --- What it says ---

    def said(self, since=0):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                file.seek(since)
                return file.read()
        except OSError:
            return ""

    def wait_said(self, pattern, seconds=30, since=0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = re.search(pattern, self.said(since))
            if found:
                return found
            time.sleep(0.05)
        raise Failed("it does not say %s within %d s:\n%s" % (pattern, seconds, self.said(since)[-1500:]))

    def page(self, name):
        with urllib.request.urlopen("http://127.0.0.1:%d/%s" % (self.metrics, name), timeout=10) as answer:
            return answer.read()

    def numbers(self):
        return json.loads(self.page("metrics.json"))

    def wait_numbers(self, condition, what, seconds=30):
        until = time.monotonic() + seconds
        while True:
            numbers = self.numbers()
            if condition(numbers):
                return numbers
            if time.monotonic() > until:
                raise Failed("%s: not within %d s: %s" % (what, seconds, json.dumps(numbers)[:1500]))
            time.sleep(0.1)

    def merge(self, seconds=300):
        """All that is held goes into windows."""
        since, until = len(self.said()), time.monotonic() + seconds
        os.kill(self.pids["store"], signal.SIGUSR1)
        while "event=merged" not in self.said(since):
            if time.monotonic() > until:
                raise Failed("it does not merge within %d s:\n%s" % (seconds, self.said(since)[-1500:]))
            time.sleep(1.2)  # the store tells its numbers once a second
            if self.numbers()["store"]["held_events"] == 0:
                return  # as the end of an hour did it before

    # --- Asking ---

    def ask(self, rows):
        """Answers of (address, port, protocol, milliseconds) rows; port and protocol may be empty."""
        path = self.home + "/questions.csv"
        with open(path, "w", encoding="utf-8") as out:
            out.write("address,port,protocol,time\n")
            for address, port, protocol, at in rows:
                out.write("%s,%s,%s,%s\n" % (address, port, protocol, stamp(at)))
        run = subprocess.run([self.rogatory, "ask", "--store", self.store, "--case", "F-1", "--json", "--batch", path],
                             capture_output=True, text=True, check=False)
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        if len(answers) != len(rows):
            raise Failed("%d answers to %d questions: %d %s" % (len(answers), len(rows), run.returncode, run.stderr[-500:]))
        return answers

    def check(self):
        run = subprocess.run([self.rogatory, "check", "--store", self.store], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise Failed("check says %d: %s%s" % (run.returncode, run.stdout[-800:], run.stderr[-800:]))


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + ".%03dZ" % (ms % 1000)


# --- Results ---

def result(run, **facts):
    """One row of the table in doc/faults.md."""
    row = "| %s | %s |" % (run, "; ".join("%s %s" % (name.replace("_", " "), value) for name, value in facts.items()))
    print(row)
    path = os.environ.get("ROGATORY_FAULT_TABLE")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            out.write(row + "\n")
