# SPDX-License-Identifier: EUPL-1.2
"""A live node taking IPFIX over UDP from another process, at given rates: what is lost, what it costs, and what a question
costs meanwhile. Windows and journal are sealed."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

from harness.process import Failed, percentile

RATES = (30000, 60000, 120000, 160000, 200000)
SETTINGS = """[realm default]
mapping = endpoint-independent
key = file:{folder}/keys/default.key
[exporter cgn1]
address = 127.0.0.1
[listener flows]
transport = udp
content = flow
address = 127.0.0.1
port = {port}
buffer = 64MiB
[node]
metrics = 127.0.0.1:{metrics}
memory = 8GiB
merge-delay = 59m
journal-key = file:{folder}/keys/journal.key
"""
AS_ROOT = "store-user = nobody\ncollect-user = daemon\n"
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS, QUIET_SECONDS, MERGE_SECONDS = 20, 20, 300


def free_port(kind):
    import socket
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_of(pid):
    """CPU seconds of a process itself."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Node:
    """rogatoryd with its processes over a store of its own."""

    def __init__(self, bench, build):
        import socket
        self.bench, self.folder = bench, bench.path("node")
        self.port, self.metrics_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder + "/store", mode=0o700)
        os.makedirs(self.folder + "/keys", mode=0o700)
        os.chmod(self.folder, 0o711)
        with open(self.folder + "/store/rogatory.conf", "w") as file:
            file.write(SETTINGS.format(folder=self.folder, port=self.port, metrics=self.metrics_port) +
                       (AS_ROOT if os.geteuid() == 0 else ""))
        self.own(self.folder + "/store", "nobody")
        self.own(self.folder + "/keys", "nobody")
        # The journal's key belongs to whoever writes the journal, who has a folder of his own.
        if os.geteuid() == 0:
            os.makedirs(self.folder + "/journal-keys", mode=0o700)
            self.own(self.folder + "/journal-keys", "daemon")
            path = self.folder + "/store/rogatory.conf"
            with open(path) as file:
                text = file.read().replace("keys/journal.key", "journal-keys/journal.key")
            with open(path, "w") as file:
                file.write(text)
        self.log = open(self.folder + "/log", "w+")
        self.process = subprocess.Popen([os.path.join(build, "rogatoryd"), "--config", self.folder + "/store"],
                                        stderr=self.log, stdout=self.log)
        self.pids = self.wait_ready()

    @staticmethod
    def own(path, user):
        if os.geteuid() == 0:
            for where, _, names in os.walk(path):
                for name in [where] + [os.path.join(where, name) for name in names]:
                    shutil.chown(name, user)

    def said(self):
        with open(self.folder + "/log") as file:
            return file.read()

    def wait_ready(self):
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"event=ready collect=(\d+) store=(\d+)", self.said())
            if found:
                return {"collect": int(found.group(1)), "store": int(found.group(2))}
            time.sleep(0.05)
        self.stop()
        raise Failed(f"rogatoryd did not become ready: {self.said()[-400:]}")

    def numbers(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics.json", timeout=10) as answer:
            return json.load(answer)

    def wait_quiet(self):
        """Until everything that was received is with the store."""
        until, before = time.monotonic() + QUIET_SECONDS, None
        while time.monotonic() < until:
            numbers = self.numbers()
            now = (numbers["listeners"][0]["received"], numbers["store"].get("events", -1))
            if now == before and numbers["store"].get("events", -1) >= numbers["exporters"][0]["events"]:
                return numbers
            before = now
            time.sleep(1.2)  # the store tells its numbers once a second
        return self.numbers()

    def cpu(self):
        return {name: cpu_of(pid) for name, pid in self.pids.items()}

    def merge(self):
        """Seconds of merging all that is held."""
        os.kill(self.pids["store"], signal.SIGUSR1)
        until = time.monotonic() + MERGE_SECONDS
        while time.monotonic() < until:
            found = re.search(r"event=merged .*in (\d+) ms", self.said())
            if found:
                return int(found.group(1)) / 1000
            time.sleep(0.2)
        raise Failed("the node did not merge what it held")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def play(sender, file, node, rate):
    return subprocess.Popen([sender, file, "127.0.0.1", str(node.port), str(rate)], stdout=subprocess.PIPE, text=True)


def one_rate(bench, build, sender, file, rate):
    node = Node(bench, build)
    try:
        before = node.cpu()
        player = play(sender, file, node, rate)
        sent = json.loads(player.communicate()[0])
        numbers = node.wait_quiet()
        after = node.cpu()
        listener, exporter = numbers["listeners"][0], numbers["exporters"][0]
        result = {"asked": rate, "rate": sent["rate"], "sent": sent["messages"], "received": listener["received"],
                  "dropped": listener["kernel_drops"], "events": exporter["events"], "lost": exporter["lost"],
                  "stored": numbers["store"]["events"], "held": numbers["store"]["held_bytes"],
                  "sender": sent["cpu_seconds"]} | {name: after[name] - before[name] for name in after}
        result["merge"] = node.merge()
        return result
    finally:
        node.stop()
        shutil.rmtree(node.folder, ignore_errors=True)


def questions_meanwhile(bench, build, sender, file, rate, count):
    """Milliseconds of `rogatory ask` over the node's socket while it takes at this rate."""
    node, walls = Node(bench, build), []
    try:
        player = play(sender, file, node, rate)
        time.sleep(0.3)
        while player.poll() is None and len(walls) < count:
            begun = time.monotonic()
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
            run = subprocess.run([bench.program, "ask", "--store", node.folder + "/store", "--case", "bench", "--proto",
                                  "tcp", f"198.18.0.{len(walls) % 30}:{20000 + 97 * len(walls)}", "--at", at],
                                 stdout=subprocess.DEVNULL)
            if run.returncode not in (0, 3, 4, 5):
                raise Failed(f"rogatory ask: exit code {run.returncode}")
            walls.append(1000 * (time.monotonic() - begun))
        player.kill()
        player.wait()
        if not walls:
            return None  # a workload that is played within a moment
        return {"rate": rate, "questions": len(walls), "p50": percentile(walls, 0.5), "p99": percentile(walls, 0.99)}
    finally:
        node.stop()
        shutil.rmtree(node.folder, ignore_errors=True)


def measure(bench, build, sessions, say):
    """Every rate once; {"not measured": reason} where this machine runs no node."""
    sender = os.path.join(build, "bench", "sender")
    if not all(os.path.exists(os.path.join(build, name)) for name in ("rogatoryd", "rogatory-collect", "rogatory-store")):
        return {"not measured": "the node's programs were not built"}
    file = bench.path("live.ipfix")
    made = json.loads(subprocess.run([bench.workload_program, "--sessions", str(sessions), "--questions", "10", file,
                                      bench.path("live.q"), bench.path("live.t")], capture_output=True, text=True,
                                     check=True).stdout)
    result = {"made": made, "rates": []}
    try:
        for rate in RATES:
            say(f"live: {rate:,} packets a second")
            result["rates"].append(one_rate(bench, build, sender, file, rate))
        whole = [row for row in result["rates"] if row["received"] == row["sent"]]
        if whole:
            say("live: questions meanwhile")
            result["asks"] = questions_meanwhile(bench, build, sender, file, whole[-1]["asked"] // 2, 200)
    except (Failed, OSError) as failure:
        result = {"not measured": str(failure)}
    finally:
        os.unlink(file)
    return result
