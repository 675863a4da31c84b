# SPDX-License-Identifier: EUPL-1.2
"""SQLite: one table in order of arrival with its index kept up to date, asked inside this process.

sqlite.org/pragma.html: journal_mode WAL with synchronous NORMAL is what it recommends for most applications that write;
sqlite.org/cli.html#csv: .import is its way to read CSV.
"""
import os
import sqlite3
import subprocess
import time

from harness.process import drive_out, first_line, folder_bytes, waited
from peers import NotMeasured, Peer, debian, surroundings

TABLE = """PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE session (outside INTEGER, port INTEGER, port_last INTEGER, protocol INTEGER, start_ms INTEGER,
  end_ms INTEGER, inside INTEGER, inside_port INTEGER, destination INTEGER, destination_port INTEGER);
CREATE INDEX endpoint ON session (outside, port, start_ms);
.import --csv {path} session
PRAGMA wal_checkpoint(TRUNCATE);
"""
QUESTION = """SELECT inside FROM session WHERE outside = ? AND port = ? AND protocol = ? AND start_ms <= ?
  AND end_ms > ?"""


class Sqlite(Peer):
    name = "SQLite"
    note = "paired input; asked inside the asking process"

    def install(self):
        self.environment = surroundings(debian(self.cache, "sqlite3"))
        self.version = "SQLite " + first_line(["sqlite3", "--version"], env=self.environment)[:40]

    def ingest(self, path, sessions):
        self.empty()
        begun = time.monotonic()
        process = subprocess.Popen(["sqlite3", os.path.join(self.folder, "log.db")], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, env=self.environment)
        process.stdin.write(TABLE.format(path=path).encode())
        process.stdin.close()
        cost = waited(process)
        if process.returncode:
            raise NotMeasured(f"sqlite3: exit code {process.returncode}")
        return cost | {"wall": time.monotonic() - begun, "bytes": folder_bytes(self.folder), "sessions": sessions}

    def ask(self, questions, cold):
        answers = []
        base = sqlite3.connect(os.path.join(self.folder, "log.db"))
        for round_ in range(1 if cold else 2):
            answers = []
            for q in questions:
                if cold:
                    base.close()
                    drive_out(self.folder)
                    base = sqlite3.connect(os.path.join(self.folder, "log.db"))
                begun = time.perf_counter()
                rows = base.execute(QUESTION, (q.number, q.port, q.protocol, q.at_ms, q.at_ms)).fetchall()
                answers.append(((time.perf_counter() - begun) * 1000, [row[0] for row in rows]))
        base.close()
        return answers
