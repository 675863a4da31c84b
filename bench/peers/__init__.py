# SPDX-License-Identifier: EUPL-1.2
"""What a provider would use instead of rogatory, one module each.

A peer is installed by the benchmark itself into a folder of its own (never into the system), configured as its own
manual recommends for this job, given the same sessions and the same questions, and its answers are compared with the
same truth. What cannot be installed raises NotMeasured and stands in the results with its reason.
"""
import os
import re
import shutil
import socket
import subprocess
import time

SCAN_QUESTIONS = 5  # of peers that read everything for each question
QUESTIONS = 1000
COLD_QUESTIONS = 5


class NotMeasured(Exception):
    pass


class Peer:
    name = ""
    input = "csv"           # the form of the sessions that it is given: csv (paired), ipfix or syslog
    questions = QUESTIONS   # warm ones
    note = ""
    version = ""

    def __init__(self, cache, folder):
        self.cache = cache                                 # of what was installed; stays
        self.folder = os.path.join(folder, "peer-" + re.sub(r"\W+", "-", self.name))  # of data; removed

    def install(self):
        """Makes the programs available; NotMeasured with the reason where they cannot be had."""

    def ingest(self, path, sessions):
        """Takes all sessions in, from nothing to durable: cpu, wall, memory, bytes, and sessions kept."""
        raise NotImplementedError

    def ask(self, questions, cold):
        """[(milliseconds, inside addresses as numbers)] for each question."""
        raise NotImplementedError

    def stop(self):
        """Ends whatever still runs."""

    def empty(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)


def all_peers():
    from peers import chdb, duckdb, nfdump, pmacct, postgresql, sqlite, zstd
    return [nfdump.Nfdump, nfdump.NfdumpNewer, pmacct.Pmacct, postgresql.Postgresql, sqlite.Sqlite, duckdb.Duckdb,
            chdb.Chdb, zstd.Zstd]


# --- Installing ---

def run_quietly(arguments, folder, seconds=600):
    try:
        run = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise NotMeasured(f"{arguments[0]}: {failure}") from failure
    if run.returncode != 0:
        lines = [line for line in (run.stderr or run.stdout).splitlines() if line.strip()]
        raise NotMeasured(f"{' '.join(arguments[:3])}: {lines[-1] if lines else 'failed'}")
    return run.stdout


def debian(cache, package, release=None):
    """Unpacks a Debian package, and those of its dependencies that this system lacks, into the cache; the root of what
    was unpacked. Nothing is installed into the system, and no maintainer script runs. Of another release of Debian
    everything is unpacked, down to its C library, and begun by that release's own loader (see `surroundings`)."""
    root = os.path.join(cache, "debian", f"{package}-{release}" if release else package)
    if os.path.exists(os.path.join(root, ".whole")):
        return root
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    apt = ["apt-get", "-o", "APT::Sandbox::User=root"] + (apt_of(root, release) if release else [])
    plan = run_quietly([*apt, "install", "--simulate", "--reinstall", "--no-install-recommends", package], root)
    names = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
    if package not in names:
        names.append(package)
    run_quietly([*apt, "download", *names], root)
    for name in sorted(os.listdir(root)):
        if name.endswith(".deb"):
            run_quietly(["dpkg", "-x", name, "."], root)
            os.unlink(os.path.join(root, name))
    if release:
        begin_by_own_loader(root)
    open(os.path.join(root, ".whole"), "w").close()
    return root


def apt_of(root, release):
    """Options for apt-get to look at one release, checked by the keys that Debian itself ships, and at a system on which
    nothing is installed yet."""
    folder = os.path.join(root, ".apt")
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "sources"), "w") as file:
        file.write("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                   f"http://deb.debian.org/debian {release} main\n")
    open(os.path.join(folder, "status"), "w").close()
    options = {"Dir::Etc::sourcelist": "sources", "Dir::State::lists": "lists", "Dir::Cache": "cache",
               "Dir::State::status": "status"}
    options = [word for key, value in options.items() for word in ("-o", f"{key}={os.path.join(folder, value)}")]
    options += ["-o", "Dir::Etc::sourceparts=-"]
    run_quietly(["apt-get", "-o", "APT::Sandbox::User=root", *options, "update"], root)
    return options


def begin_by_own_loader(root):
    """Puts a script in the place of each program: the C library of another release needs the loader that came with it."""
    libraries = os.path.join(root, "usr/lib", f"{os.uname().machine}-linux-gnu")
    loader = next((name for name in sorted(os.listdir(libraries)) if name.startswith("ld-linux")), None)
    if loader is None:
        raise NotMeasured(f"no loader among what was unpacked into {root}")
    folder = os.path.join(root, "usr/bin")
    for name in sorted(os.listdir(folder)):
        program = os.path.join(folder, name)
        with open(program, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        os.rename(program, program + ".elf")
        with open(program, "w") as file:
            file.write(f"#!/bin/sh\nexec {libraries}/{loader} --library-path {libraries} {program}.elf \"$@\"\n")
        os.chmod(program, 0o755)


def surroundings(root):
    """The environment of a program that was unpacked there."""
    folders = [os.path.join(root, name) for name in ("usr/sbin", "usr/bin")]
    found = os.environ | {"PATH": os.pathsep.join(folders + [os.environ["PATH"]]), "LC_ALL": "C.UTF-8"}
    if os.path.exists(os.path.join(root, ".apt")):
        return found  # libraries of another release must not meet this system's programs
    libraries = [os.path.join(root, "usr/lib", f"{os.uname().machine}-linux-gnu"), os.path.join(root, "usr/lib")]
    return found | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def npm(cache, package):
    """Installs an npm package into the cache; the folder that scripts find it from."""
    root = os.path.join(cache, "npm")
    if os.path.exists(os.path.join(root, "node_modules", package, "package.json")):
        return root
    os.makedirs(root, exist_ok=True)
    run_quietly(["npm", "install", "--no-audit", "--no-fund", "--prefix", root, package], root)
    return root


def npm_version(root, package):
    with open(os.path.join(root, "node_modules", package, "package.json")) as file:
        return re.search(r'"version":\s*"([^"]+)"', file.read()).group(1)


# --- Sending ---

def messages_of(path):
    with open(path, "rb") as file:
        while header := file.read(4):
            yield header + file.read(int.from_bytes(header[2:4], "big") - 4)


def send(path, port, messages_per_second):
    """Sends an IPFIX file over UDP, evenly."""
    begun, sent = time.monotonic(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for message in messages_of(path):
            out.sendto(message, ("127.0.0.1", port))
            sent += 1
            if sent % 50 == 0:
                time.sleep(max(0, begun + sent / messages_per_second - time.monotonic()))


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
