# SPDX-License-Identifier: EUPL-1.2
"""ClickHouse inside a node process (chdb, chdb.cjs); merged to one part, which is part of taking in."""
import os
import shutil

from harness.process import drive_out, folder_bytes, measured
from peers import Peer, npm, npm_version
from peers.duckdb import ask_node

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "chdb.cjs")


class Chdb(Peer):
    name = "ClickHouse"
    package = "chdb"
    note = "paired input, merged; asked inside the asking process"

    def install(self):
        self.root = npm(self.cache, self.package)
        self.version = f"ClickHouse (chdb {npm_version(self.root, self.package)})"

    def data(self):
        return os.path.join(self.folder, "data")

    def ingest(self, path, sessions):
        self.empty()
        shutil.rmtree(self.data(), ignore_errors=True)
        told = os.path.join(self.folder, "told")
        with open(told, "wb") as output:
            cost = measured(["node", SCRIPT, self.root, "ingest", self.data(), path], output=output)
        with open(told) as file:
            size, rows = (int(word) for word in file.read().split()[-1].split(","))
        return cost | {"bytes": size, "sessions": rows, "folder": folder_bytes(self.data())}

    def ask(self, questions, cold):
        words = ["node", SCRIPT, self.root, "ask", self.data()]
        if not cold:
            return ask_node(words, questions, False)
        answers = []
        for question in questions:
            drive_out(self.folder)
            answers += ask_node(words, [question], True)
        return answers
