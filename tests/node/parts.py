# SPDX-License-Identifier: EUPL-1.2
"""A live node for tests with real parts around it: its store, its processes, its socket, its numbers.

A test calls enter() first, which puts it into name spaces of its own (as root), or skips it, and then works with Node."""

import atexit
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 30          # seconds after which something is not going to happen
STORE_USER, COLLECT_USER = "daemon", "nobody"  # every Debian has these two
METRICS = "127.0.0.1:9464"
failures = 0


def check(right, what):
    global failures
    if not right:
        failures += 1
        print("FAILED: " + what, flush=True)
    return right


def say(text):
    print(text, flush=True)


def finish():
    say("%d failed" % failures if failures else "all is as it should be")
    sys.exit(1 if failures else 0)


def skip(why):
    say("SKIP: " + why)
    sys.exit(77)


def enter(sandbox, tools):
    """Runs the script anew in network, mount and PID name spaces of its own."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.environ.get("ROGATORY_TEST_INSIDE") == "1":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        return
    for tool in ["ip", "unshare", *tools]:
        if shutil.which(tool) is None:
            skip("no %s (build-aux/packages and lab/packages.txt list what is used)" % tool)
    if os.geteuid() != 0:
        skip("a node of separate accounts is started as root")
    probe = subprocess.run([sandbox, "--probe"], stdout=subprocess.PIPE, text=True, check=False)
    if probe.returncode != 0:
        skip("this kernel allows no network name spaces here: " + probe.stdout.strip())
    os.environ["ROGATORY_TEST_INSIDE"] = "1"
    os.execv(sandbox, [sandbox, sys.executable, "-B", *sys.argv])


def wait_for(what, condition, patience=PATIENCE):
    """What the condition gives when it is not false any more."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        given = condition()
        if given:
            return given
        time.sleep(0.02)
    check(False, "waited in vain for " + what)
    return None


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % (int(seconds * 1000) % 1000)


def is_running(process):
    """What has ended and was not waited for is not."""
    try:
        with open("/proc/%d/stat" % process, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Node:
    """Programs are taken from the folder of `rogatory`."""

    def __init__(self, rogatory):
        self.top = tempfile.mkdtemp(prefix="rogatory-parts-", dir="/tmp")
        atexit.register(shutil.rmtree, self.top, ignore_errors=True)
        os.chmod(self.top, 0o755)
        built = os.path.dirname(os.path.realpath(rogatory))
        self.programs = self.top + "/programs"
        os.mkdir(self.programs)
        for name in ("rogatory", "rogatoryd", "rogatory-collect", "rogatory-store"):
            shutil.copy(built + "/" + name, self.programs)
        self.rogatory = self.programs + "/rogatory"
        self.store = self.top + "/store"
        subprocess.run([self.rogatory, "init", self.store], check=True, stdout=subprocess.DEVNULL)
        self.process = None
        self.log = self.top + "/node.log"
        self.children = []

    def own(self, path, mode=0o600):
        account = pwd.getpwnam(STORE_USER)
        os.chown(path, account.pw_uid, account.pw_gid)
        os.chmod(path, mode)
        return path

    def write(self, name, text, mode=0o600):
        """A file of the node's in its test folder."""
        path = "%s/%s" % (self.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return self.own(path, mode)

    def configure(self, text):
        path = self.store + "/rogatory.conf"
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        self.own(path + ".new")
        os.rename(path + ".new", path)
        for folder, folders, files in os.walk(self.store):
            for name in [folder] if folder == self.store else []:
                os.chown(name, pwd.getpwnam(STORE_USER).pw_uid, -1)
            for name in files:
                if "journal" not in folder:
                    os.chown(os.path.join(folder, name), pwd.getpwnam(STORE_USER).pw_uid, -1)
            folders[:] = [name for name in folders if name != "journal"]

    NODE = "[node]\nstore-user = %s\ncollect-user = %s\nmetrics = %s\ndisk-reserve = 16MiB\n" % (STORE_USER, COLLECT_USER, METRICS)

    def start(self):
        checked = subprocess.run([self.rogatory, "conf-check", "--config", self.store], stdout=subprocess.PIPE, text=True, check=False)
        if not check(checked.returncode == 0, "the configuration is sound: " + checked.stdout):
            finish()
        before = self.said("event=ready")
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.programs + "/rogatoryd", "--config", self.store], stderr=log)
        self.wait_ready(before)

    def wait_ready(self, before):
        if not wait_for("a node that is ready", lambda: self.said("event=ready") > before or self.process.poll() is not None) or \
                self.process.poll() is not None:
            say(open(self.log, encoding="utf-8").read())
            check(False, "the node is ready")
            finish()

    def said(self, words):
        if not os.path.exists(self.log):
            return 0
        with open(self.log, encoding="utf-8") as log:
            return log.read().count(words)

    def child(self, name):
        """The process of that name, by the last event=ready."""
        with open(self.log, encoding="utf-8") as log:
            ready = re.findall(r"event=ready collect=(\d+) store=(\d+)", log.read())[-1]
        return int(ready[0 if name == "collect" else 1])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)

    def run(self, *words, **options):
        return subprocess.run([self.rogatory, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                              **options)

    def ask(self, endpoint, protocol=None, at=None, skew=None, case="T-1", more=()):
        words = ["ask", "--store", self.store, "--case", case, "--json", endpoint, "--at", stamp(at or time.time()), *more]
        if protocol:
            words += ["--proto", protocol]
        if skew:
            words += ["--skew", skew]
        run = self.run(*words)
        if not run.stdout.startswith("{"):
            return {"verdict": None, "candidates": [], "possible": [], "reasons": [run.stderr]}
        return json.loads(run.stdout)

    def ask_batch(self, rows):
        """rows: (address, port, protocol, seconds)."""
        path = self.top + "/questions.csv"
        with open(path, "w", encoding="ascii") as file:
            file.write("address,port,protocol,time\n")
            file.writelines("%s,%d,%s,%s\n" % (a, p, q, stamp(t)) for a, p, q, t in rows)
        run = self.run("ask", "--store", self.store, "--case", "T-1", "--json", "--batch", path)
        check(run.stderr == "", "a batch is asked: " + run.stderr)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def metrics(self):
        import urllib.request
        try:
            with urllib.request.urlopen("http://%s/metrics" % METRICS, timeout=5) as page:
                text = page.read().decode()
        except OSError:
            return {}
        return {key: float(value) for key, value in re.findall(r"^(\w+(?:\{[^}]*\})?) ([-+.\deE]+|NaN)$", text, re.M)}

    def metric(self, name, **labels):
        inside = ",".join('%s="%s"' % pair for pair in labels.items())
        return self.metrics().get("rogatory_%s%s" % (name, "{%s}" % inside if inside else ""), 0)


def shown(answer):
    """Whoever an answer shows, as possible or more."""
    return {one["subscriber"] or one["inside_address"] for one in answer["candidates"] + answer["possible"]}


def ask_until(node, what, names, endpoint, protocol=None, at=None, patience=5, **more):
    """Milliseconds until an answer shows exactly these names."""
    begun = time.time()
    while time.time() - begun < patience:
        answer = node.ask(endpoint, protocol, at or begun, **more)
        if shown(answer) == names:
            return round((time.time() - begun) * 1000)
        time.sleep(0.01)
    check(False, "%s: the answer shows %s, and not %s: %s" % (what, shown(answer), names, json.dumps(answer)[:1500]))
    return None


def ask_until_verdict(node, what, verdict, name, endpoint, protocol=None, at=None, patience=15, **more):
    """Seconds from `at` until the answer is this verdict with this name alone."""
    at = at or time.time()
    begun = time.time()
    while time.time() - begun < patience:
        answer = node.ask(endpoint, protocol, at, **more)
        if answer["verdict"] == verdict and shown(answer) == ({name} if name else set()):
            return time.time() - at
        if not check(answer["verdict"] != "one" or shown(answer) == {name}, "%s: WRONG NAME: %s" % (what, json.dumps(answer))):
            return None
        time.sleep(0.1)
    check(False, "%s: not %s %s but %s" % (what, verdict, name, json.dumps(answer)[:1800]))
    return None
