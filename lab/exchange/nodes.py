# SPDX-License-Identifier: EUPL-1.2
"""Nodes of an exchange on one machine, for the demo and for tests: who takes part, their folders, the processes that run
them, and people who act there. As root with accounts of their own (`accounts=True`); else one account plays everybody,
with the programs that tests have (tests/exchange/pretend.c)."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds; far longer than anything takes

ISSUING, COURT, ENFORCING, PROVIDER, OVERSIGHT = (
    "at-prosecution-vienna", "at-court-vienna", "de-enforcement-berlin", "de-provider", "at-oversight")
ROLES = {
    ISSUING: ("issuing-authority", "prosecutor", "Prosecution of Vienna (test)"),
    COURT: ("issuing-authority,validating-authority", "court", "Court of Vienna (test)"),
    ENFORCING: ("enforcing-authority", "-", "Enforcing authority in Berlin (test)"),
    PROVIDER: ("provider", "-", "Provider in Germany (test)"),
    OVERSIGHT: ("oversight", "-", "Oversight body (test)"),
}
PEOPLE = {
    ISSUING: {"officer": "officer", "validator": "validator", "second": "second-person", "overseer": "overseer"},
    COURT: {"officer": "officer", "validator": "validator", "second": "second-person", "overseer": "overseer"},
    ENFORCING: {"validator": "validator", "overseer": "overseer"},
    PROVIDER: {"desk": "desk", "second": "second-person", "overseer": "overseer"},
    OVERSIGHT: {"overseer": "overseer"},
}


class Failed(Exception):
    """Something did not do what it has to."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class World:
    """Everybody, in one new folder."""

    def __init__(self, programs, accounts=False, folder=None):
        self.programs, self.accounts = programs, accounts
        self.folder = folder or tempfile.mkdtemp(prefix="rogatory-exchange.")
        os.chmod(self.folder, 0o711)
        self.made, self.nodes = [], {}
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def run(self, *words, env=None, stdin=b"", user=None, check=True):
        command = [str(word) for word in words]
        if user:
            command = ["setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "--"] + command
        done = subprocess.run(command, input=stdin, capture_output=True, env=dict(self.environment, **(env or {})), cwd="/",
                              check=False, timeout=600)
        if check and done.returncode:
            raise Failed("%s: %d\n%s%s" % (" ".join(command), done.returncode, done.stdout.decode(), done.stderr.decode()))
        return done

    def make_keys(self, organisations, name="pki", ports=None):
        ports = ports or {each: free_port() for each in organisations}
        with open(self.path(name + ".list"), "w", encoding="utf-8") as file:
            for number, each in enumerate(organisations):
                roles, nature, words = ROLES.get(each, ("issuing-authority", "prosecutor", each))
                file.write("%s %s %s https://127.0.0.1:%d +43100000%02d %s\n" % (each, roles, nature, ports[each], number, words))
        self.run(self.programs["rogatory"], "pki", "--organisations", self.path(name + ".list"), self.path(name))
        return ports

    def account(self, name):
        """A system user of its own, made for this run and removed by close()."""
        if not self.accounts:
            return None
        try:
            pwd.getpwnam(name)
            raise Failed("there is an account %s already; remove it (userdel %s)" % (name, name))
        except KeyError:
            pass
        self.run("/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
        self.made.append(name)
        return name

    def close(self):
        for node in self.nodes.values():
            node.stop(signal.SIGKILL)
        for name in reversed(self.made):
            subprocess.run(["/usr/sbin/userdel", name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    """One organisation's node."""

    def __init__(self, world, organisation, short, port, pki="pki", store=None, confined=True):
        self.world, self.organisation, self.short, self.confined = world, organisation, short, confined
        self.folder = world.path(short)
        self.log = world.path(short + ".log")
        self.clock = world.path(short + ".clock")
        self.process = None
        self.logins = {}
        self.user = world.account("rogdemo-" + short)
        for person in PEOPLE[organisation]:
            self.logins[person] = world.account("rogdemo-%s-%s" % (short, person)) or person
        self.set_clock(0)
        words = [world.programs["rogatory"], "office", "init", "--from", world.path(pki, "organisations", organisation),
                 "--directory", world.path(pki, "directory"), "--organisation", organisation,
                 "--listen", "127.0.0.1:%d" % port,
                 "--people", " ".join("%s:%s" % (self.logins[person], roles) for person, roles in PEOPLE[organisation].items())]
        if store:
            words += ["--store", store]
        world.run(*words, self.folder)
        if self.user:
            for person in self.logins.values():
                world.run("/usr/sbin/usermod", "--append", "--groups", self.user, person)
            for folder, _, files in os.walk(self.folder):
                for path in [folder] + [os.path.join(folder, each) for each in files]:
                    shutil.chown(path, self.user, self.user)
            os.chmod(self.folder, 0o710)
        world.nodes[organisation] = self

    def limit(self, **limits):
        """What this node lets an order ask for, instead of what is laid down; before it is started."""
        with open(os.path.join(self.folder, "exchange.json"), "r+", encoding="utf-8") as file:
            settings = json.load(file)
            settings["limits"] = {**settings.get("limits", {}), **limits}
            file.seek(0)
            file.truncate()
            json.dump(settings, file, indent=2)

    def set_clock(self, ahead_ms):
        """Only the programs of tests look at it."""
        with open(self.clock, "r+" if os.path.exists(self.clock) else "w", encoding="ascii") as file:
            file.write("%-31d\n" % ahead_ms)

    def environment(self, person=None):
        env = {"ROGATORY_PRETEND_CLOCK": self.clock}
        if person and not self.user:
            env["ROGATORY_PRETEND_LOGIN"] = self.logins.get(person, person)
        return env

    def start(self, wait=True):
        words = [self.world.programs["exchange"], "--node", self.folder]
        words += ["--user", self.user] if self.user else []
        words += [] if self.confined else ["--without-landlock", "--without-seccomp"]
        begin = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                                            env=dict(self.world.environment, **self.environment()))
        if wait:
            self.wait_for(lambda: b"event=ready" in self.said(begin), "%s does not start" % self.short)

    def said(self, begin=0):
        with open(self.log, "rb") as file:
            file.seek(begin)
            return file.read()

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def wait_for(self, condition, words):
        until = time.monotonic() + PATIENCE
        while not condition():
            if self.process and self.process.poll() is not None:
                raise Failed("%s ended: %s" % (self.short, self.said().decode()[-2000:]))
            if time.monotonic() > until:
                raise Failed("%s\n%s" % (words, self.said().decode()[-3000:]))
            time.sleep(0.02)

    def act(self, person, *words, stdin=b"", check=True):
        """What a person of this node does, over its socket where it runs."""
        words = [word.encode() if isinstance(word, str) else word for word in words]
        words = [word.decode() for word in words]
        command = [self.world.programs["rogatory"], words[0]]
        rest = words[1:]
        if rest and not rest[0].startswith("-") and words[0] in ("order", "office", "answer", "inbox", "clear", "object"):
            command.append(rest.pop(0))
        command += ["--node", self.folder] + rest
        return self.world.run(*command, stdin=stdin, check=check, env=self.environment(person),
                              user=self.logins.get(person) if self.user else None)

    def ask(self, person, *words, **more):
        return json.loads(self.act(person, *words, "--json", **more).stdout)


def form(issuer, person, addressee=PROVIDER, **changes):
    """A lawful production order as an officer fills it in."""
    nature, name = ROLES[issuer][1], ROLES[issuer][2]
    filled = {
        "kind": "production",
        "issuing_file_number": "7 St 12/26",
        "addressee": {"kind": "designated-establishment", "country": "DE", "organisation": addressee, "name": ROLES[addressee][2]},
        "deadline": {"kind": "ten-days"},
        "has_earlier": "no",
        "data": {"categories": ["subscriber", "identify-only"], "subscriber": ["identity"], "identification": ["ip-logs"]},
        "grounds": {"proceedings": "criminal-proceedings", "offence": "Fraud", "provision": "section 146", "annex": ["fraud"],
                    "maximum_months": 36, "similar_domestic": "yes", "holder": "controller",
                    "necessity": "No other trace leads to the sender."},
        "information": {"delayed": "no"},
        "issuer": {"country": "AT", "organisation": issuer, "name": name, "nature": nature, "file_number": "7 St 12/26"},
        "delivery": {"recipient": "issuing-authority"},
    }
    del person
    for key, value in changes.items():
        if value is None:
            filled.pop(key, None)
        elif isinstance(value, dict) and isinstance(filled.get(key), dict):
            filled[key].update(value)
        else:
            filled[key] = value
    return json.dumps(filled).encode()
