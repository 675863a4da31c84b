# SPDX-License-Identifier: EUPL-1.2
"""DuckDB inside a node process (duckdb.mjs); sorting is part of taking in."""
import json
import os
import subprocess

from harness.process import drive_out, measured
from peers import NotMeasured, Peer, npm, npm_version

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "duckdb.mjs")


def ask_node(words, questions, cold):
    given = json.dumps({"questions": [[q.number, q.port, q.protocol, q.at_ms] for q in questions],
                        "rounds": 1 if cold else 2})
    run = subprocess.run(words, input=given, capture_output=True, text=True)
    if run.returncode != 0:
        raise NotMeasured(f"node: {run.stderr.strip()[-200:]}")
    return [(ms, rows) for ms, rows in json.loads(run.stdout.splitlines()[-1])]


class Duckdb(Peer):
    name = "DuckDB"
    package = "@duckdb/node-api"
    note = "paired input, sorted at once; asked inside the asking process"

    def install(self):
        self.root = npm(self.cache, self.package)
        self.version = f"DuckDB ({self.package} {npm_version(self.root, self.package)})"

    def database(self):
        return os.path.join(self.folder, "log.duckdb")

    def ingest(self, path, sessions):
        self.empty()
        cost = measured(["node", SCRIPT, self.root, "ingest", self.database(), path])
        measured(["node", SCRIPT, self.root, "parquet", self.database()])
        parquet = os.path.getsize(self.database() + ".parquet")
        return cost | {"bytes": os.path.getsize(self.database()), "sessions": sessions, "parquet": parquet / sessions}

    def ask(self, questions, cold):
        words = ["node", SCRIPT, self.root, "ask", self.database()]
        if not cold:
            return ask_node(words, questions, False)
        answers = []
        for question in questions:
            drive_out(self.folder)
            answers += ask_node(words, [question], True)
        return answers
