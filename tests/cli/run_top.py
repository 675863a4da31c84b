# SPDX-License-Identifier: EUPL-1.2
"""`rogatory top`: what it makes of a node's numbers, on a pipe, as JSON and on a terminal; nodes that are gone, slow, or none. Called
with the program that says what a node would answer (tests/metrics/page.c) as a fourth argument."""

import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

from cases import PROGRAM, Folder, check, expect, finish

PAGE = os.path.abspath(sys.argv[4])


def page(kind, seconds=0):
    return subprocess.run([PAGE, kind, str(seconds)], capture_output=True, check=True).stdout


PAGES = [page("json", 10 * look) for look in range(3)]


class Answer(http.server.BaseHTTPRequestHandler):
    """Each look finds the numbers of ten seconds later, three looks far."""
    content, status, looks, paths = None, 200, 0, []

    def do_GET(self):
        Answer.paths.append((self.command, self.path))
        body = Answer.content if Answer.content is not None else PAGES[min(Answer.looks, len(PAGES) - 1)]
        Answer.looks += 1
        self.send_response(Answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass


class Node:
    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.name = "127.0.0.1:%d" % self.server.server_address[1]
        return self

    def __exit__(self, *ignored):
        self.server.shutdown()
        self.server.server_close()

    def top(self, folder, *arguments, content=None, status=200):
        Answer.content, Answer.status, Answer.looks = content, status, 0
        return self.mask(folder.run("top", "--node", self.name, *arguments))

    def mask(self, run):
        run.stdout, run.stderr = (text.replace(self.name, "127.0.0.1:9464") for text in (run.stdout, run.stderr))
        return run


def pages(folder, node):
    expect("top-once.txt", node.top(folder, "--once", "--interval", "100ms"), 0)
    expect("top-without-rates.txt", node.top(folder, "--once", "--interval", "0s"), 0)
    expect("top-limit.txt", node.top(folder, "--interval", "100ms", "--limit", "14"), 0)
    expect("top-quiet.txt", node.top(folder, "--once", "--interval", "0s", content=page("quiet")), 0)
    run = node.top(folder, "--json", "--interval", "100ms")
    expect("top-json.txt", run, 0)
    told = json.loads(run.stdout)
    check(told["sharing"]["over"] == 3 and told["sharing"]["limit"] == 16, "three addresses are over 16 users")
    rates = {each["name"]: each["events_per_second"] for each in told["exporters"]}
    check(rates["cgn-1"] == 1600 and rates["never-heard"] == 0, "rates are those of the ten seconds: %s" % rates)
    check("\x1b" not in run.stdout, "no colours on a pipe")
    check({each for each in Answer.paths} == {("GET", "/metrics.json")}, "nothing else is asked for: %s" % Answer.paths)


def changed(change):
    document = json.loads(PAGES[0])
    change(document)
    return json.dumps(document).encode()


def wrong_answers(folder, node):
    """Whatever listens there: it is said, nothing of it is shown."""
    steer = "\x1b]0;owned\x07"
    cases = [
        ("no JSON", b"<html></html>"), ("nothing", b""), ("a list", b"[]"), ("no node", b"{}"),
        ("too deep", b"[" * 50000 + b"]" * 50000),
        ("twice", b'{"now":1,"now":2}'),
        ("a name that steers a terminal", changed(lambda d: d["exporters"][0].update(name=steer))),
        ("a transport that does", changed(lambda d: d["listeners"][0].update(transport=steer))),
        ("an address that does", changed(lambda d: d["store"]["worst"][0].update(address=steer))),
        ("a count that is none", changed(lambda d: d["exporters"][0].update(messages=-1))),
        ("a count with a fraction", changed(lambda d: d["exporters"][0].update(messages=1.5))),
        ("an instant that cannot be", changed(lambda d: d.update(now=1e300))),
        ("refusals that are none", changed(lambda d: d["exporters"][0].update(refused={"bad-value": "x"}))),
        ("shares that are none", changed(lambda d: d["store"].update(shares=[[1]]))),
        ("too many worst", changed(lambda d: d["store"].update(worst=d["store"]["worst"] * 30))),
    ]
    for name, content in cases:
        run = node.top(folder, "--once", content=content)
        check(run.returncode == 1 and run.stdout == "", "%s: exit 1 and nothing shown, not %d %r" %
              (name, run.returncode, run.stdout[:200]))
        check(run.stderr.startswith("rogatory: 127.0.0.1:9464: ") and run.stderr.count("\n") == 1 and "\x1b" not in run.stderr,
              "%s: one sentence, not %r" % (name, run.stderr[:200]))
    expect("top-not-found.txt", node.top(folder, "--once", content=b"no", status=404), 1)
    expect("top-no-node.txt", node.top(folder, "--once", content=b"{}"), 1)


def not_there(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        name = "127.0.0.1:%d" % taken.getsockname()[1]
        run = folder.run("top", "--node", name, "--once")
        run.stderr = run.stderr.replace(name, "127.0.0.1:9464")
        expect("top-refused.txt", run, 1)


def by_configuration(folder, node):
    os.mkdir(folder.file("node"))
    folder.write("node/rogatory.conf", "[realm default]\n[node]\nmetrics = %s\n" % node.name)
    Answer.content, Answer.looks = None, 0
    for config in ("node", "node/rogatory.conf"):
        run = node.mask(folder.run("top", "--config", config, "--once", "--interval", "0s"))
        check(run.returncode == 0 and run.stdout.startswith("rogatory  127.0.0.1:9464"), "the address of %s" % config)
    # Where the node listens everywhere, it is asked here.
    folder.write("node/rogatory.conf", "[node]\nmetrics = 0.0.0.0:%s\n" % node.name.split(":")[1])
    run = node.mask(folder.run("top", "--config", "node", "--once", "--interval", "0s"))
    check(run.returncode == 0 and "127.0.0.1:9464" in run.stdout, "asked on this machine: %s" % run.stderr)
    folder.write("node/rogatory.conf", "[node]\norganisation = Example\n")
    expect("top-no-metrics.txt", folder.run("top", "--config", "node"), 1)
    folder.write("node/rogatory.conf", "[node]\nmetrics = 9464\n")
    expect("top-bad-conf.txt", folder.run("top", "--config", "node"), 1)
    expect("top-no-conf.txt", folder.run("top", "--config", "nowhere"), 1)


# --- On a terminal ---

class Terminal:
    def __init__(self, node, width, height, **environment):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, ["rogatory", "top", "--node", node.name, "--interval", "100ms"],
                      {"TERM": "xterm", "PATH": "/usr/bin:/bin", **environment})
        self.said = b""
        self.resize(width, height)

    def resize(self, width, height):
        self.width, self.height = width, height
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def wait(self, wanted):
        """Reads until wanted(the last whole page) holds. True where it does before a long time is over."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            frames = self.said.split(b"\x1b[H")
            if len(frames) > 2 and wanted(frames[-2].decode()):
                return True
            if select.select([self.file], [], [], 1)[0]:
                try:
                    self.said += os.read(self.file, 65536)
                except OSError:
                    return False
        return False

    def press(self, keys):
        os.write(self.file, keys)

    def end(self):
        """How it ended, and what it said last."""
        while True:
            try:
                got = os.read(self.file, 65536)
            except OSError:
                break
            if not got:
                break
            self.said += got
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.file)
        return os.waitstatus_to_exitcode(status), self.said


def plain(frame):
    return [line.rstrip("\r") for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).split("\n")]


def fits(terminal):
    """A page of the size that the terminal has now, which shows exporters and the keys."""
    def judge(frame):
        lines = plain(frame)
        return (len(lines) <= terminal.height and max(map(len, lines)) <= terminal.width and lines[-1].startswith("q quit") and
                any(line.lstrip("! ").startswith("cgn") for line in lines))
    return judge


def on_a_terminal(node):
    Answer.content, Answer.status, Answer.looks = None, 200, 0
    terminal = Terminal(node, 80, 24)
    check(terminal.wait(fits(terminal)), "a page of 80 by 24: %r" % terminal.said[-3000:])
    check(terminal.wait(lambda frame: "\x1b[33m" in frame), "what needs a look has a colour")
    for width, height in ((200, 60), (40, 14), (80, 16)):
        terminal.resize(width, height)
        check(terminal.wait(fits(terminal)), "a page of %d by %d: %r" % (width, height, terminal.said[-3000:]))
    terminal.press(b"s")
    check(terminal.wait(lambda frame: "sorted by rate" in frame), "s sorts otherwise")
    terminal.press(b"ss")
    terminal.resize(40, 12)
    terminal.press(b"\x1b[B")
    check(terminal.wait(lambda frame: "exporters 2 to" in " ".join(plain(frame)) or "up, down" in frame), "there are more exporters")
    # A node that goes away is said, and its last numbers stay.
    terminal.resize(80, 24)
    Answer.status, Answer.content = 503, b"later"
    check(terminal.wait(lambda frame: "no newer numbers: the answer is 503" in frame and "cgn-1" in frame), "it is said that it is gone: %r" % terminal.said[-3000:])
    Answer.status, Answer.content = 200, None
    check(terminal.wait(lambda frame: "no newer" not in frame and "cgn-1" in frame), "and comes back")
    terminal.press(b"q")
    code, said = terminal.end()
    check(code == 0, "q ends it: %d" % code)
    check(said.startswith(b"\x1b[?1049h") and said.endswith(b"\x1b[?25h\x1b[?1049l"), "the terminal is as before: %r" % said[-60:])


def endings(node):
    for name, act in (("the interrupt key", lambda t: t.press(b"\x03")), ("SIGTERM", lambda t: os.kill(t.pid, signal.SIGTERM))):
        terminal = Terminal(node, 80, 24)
        terminal.wait(fits(terminal))
        act(terminal)
        code, said = terminal.end()
        check(code == 0 and said.endswith(b"\x1b[?25h\x1b[?1049l"), "%s ends it in order: %d %r" % (name, code, said[-60:]))


def without_colour(node):
    terminal = Terminal(node, 80, 24, NO_COLOR="1")
    check(terminal.wait(fits(terminal)), "a page without colours")
    terminal.press(b"q")
    check(not re.search(rb"\x1b\[[0-9;]*m", terminal.end()[1]), "NO_COLOR: no colours")
    dumb = Terminal(node, 80, 24, TERM="dumb")
    code, said = dumb.end()
    check(code == 0 and b"\x1b" not in said and b"EXPORTER" in said, "a dumb terminal gets one page")


def main():
    with Folder() as folder, Node() as node:
        pages(folder, node)
        wrong_answers(folder, node)
        not_there(folder)
        by_configuration(folder, node)
        on_a_terminal(node)
        endings(node)
        without_colour(node)
    finish()


main()
