# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL: one table with a btree that is kept up to date while rows come, as a log that never ends needs it.

Manual of version 15, section 14.4 (Populating a Database): COPY, and a larger max_wal_size while loading; section 20.4:
shared_buffers a quarter of the memory. The server runs as an account of its own in the folder of the benchmark, listens on no
network, and is stopped in any case.
"""
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

from harness.process import drive_out, first_line, waited
from peers import NotMeasured, Peer, debian, surroundings

TABLE = """CREATE TABLE session (outside bigint, port integer, port_last integer, protocol smallint, start_ms bigint,
  end_ms bigint, inside bigint, inside_port integer, destination bigint, destination_port integer);
CREATE INDEX endpoint ON session USING btree (outside, port, start_ms);
"""
PREPARE = """PREPARE q (bigint, integer, smallint, bigint) AS SELECT inside FROM session WHERE outside = $1 AND port = $2
  AND protocol = $3 AND start_ms <= $4 AND end_ms > $4;
"""
READY_SECONDS = 60


class Postgresql(Peer):
    name = "PostgreSQL"
    note = "paired input; rows in order of arrival, index live"
    server = None

    def install(self):
        root = debian(self.cache, "postgresql-15")
        self.account = None
        if os.geteuid() == 0:  # it refuses to run as root, and its account may not read root's cache
            for name in ("postgres", "nobody"):
                try:
                    self.account = pwd.getpwnam(name)
                    break
                except KeyError:
                    continue
            root = shutil.copytree(root, os.path.join(os.path.dirname(self.folder), "postgresql-program"),
                                   symlinks=True, dirs_exist_ok=True)
        self.programs = os.path.join(root, "usr/lib/postgresql/15/bin")
        self.environment = surroundings(root)
        self.version = first_line([os.path.join(self.programs, "postgres"), "-V"], env=self.environment)

    def as_account(self):
        more = {"env": self.environment, "cwd": self.folder}
        if self.account:
            more |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return more

    def data(self):
        return os.path.join(self.folder, "data")

    def start(self):
        with open("/proc/meminfo") as file:
            buffers = int(file.readline().split()[1]) // 4 // 1024
        options = {"listen_addresses": "", "unix_socket_directories": self.folder, "max_wal_size": "8GB",
                   "shared_buffers": f"{min(buffers, 4096)}MB"}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.server = subprocess.Popen([os.path.join(self.programs, "postgres"), "-D", self.data(), *words],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.as_account())
        for _ in range(READY_SECONDS * 10):
            if self.psql("SELECT 1;", wanted=False) is not None:
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        raise NotMeasured("the server did not start")

    def psql(self, words, wanted=True):
        run = subprocess.run([os.path.join(self.programs, "psql"), "-h", self.folder, "-U", "bench", "-d", "postgres",
                              "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"], input=words, capture_output=True,
                             text=True, env=self.environment)
        if run.returncode != 0 and wanted:
            raise NotMeasured(f"psql: {run.stderr.strip()[-200:]}")
        return run.stdout if run.returncode == 0 else None

    def stop(self):
        if not self.server:
            return None
        self.server.send_signal(signal.SIGINT)  # fast shutdown
        cost, self.server = waited(self.server), None
        return cost

    def ingest(self, path, sessions):
        self.stop()
        self.empty()
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        run = subprocess.run([os.path.join(self.programs, "initdb"), "-D", self.data(), "-U", "bench", "--auth=trust",
                              "--locale=C", "--encoding=UTF8"], capture_output=True, text=True, **self.as_account())
        if run.returncode != 0:
            raise NotMeasured(f"initdb: {run.stderr.strip()[-200:]}")
        before = os.times()
        self.start()
        self.psql(TABLE)
        begun = time.monotonic()
        self.psql(f"\\copy session FROM '{path}' WITH (FORMAT csv)\nCHECKPOINT;")
        wall = time.monotonic() - begun
        after = os.times()  # psql is our child
        size = int(self.psql("SELECT pg_total_relation_size('session');"))
        cost = self.stop()  # the server with all its processes
        self.start()
        psql = after.children_user + after.children_system - before.children_user - before.children_system
        return {"cpu": cost["cpu"] + psql, "wall": wall, "memory": cost["memory"], "bytes": size, "sessions": sessions}

    @staticmethod
    def execute(q):
        return f"EXECUTE q ({q.number}, {q.port}, {q.protocol}, {q.at_ms});\n"

    def ask(self, questions, cold):
        if not cold:
            words = "".join(map(self.execute, questions))
            text = self.psql(PREPARE + words + "\\timing on\n\\echo begin\n" + words)
            return self.answers(text.split("begin\n")[1])
        answers = []
        for q in questions:
            self.stop()
            drive_out(self.data())
            self.start()
            answers += self.answers(self.psql(PREPARE + "\\timing on\n" + self.execute(q)))
        return answers

    @staticmethod
    def answers(text):
        """Rows, then a line with the time, for each question."""
        answers, rows = [], []
        for line in text.splitlines():
            if found := re.match(r"Time: ([\d.]+) ms", line):
                answers.append((float(found.group(1)), rows))
                rows = []
            elif line.strip():
                rows.append(int(line))
        return answers
