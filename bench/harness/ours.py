# SPDX-License-Identifier: EUPL-1.2
"""What rogatory itself costs: import, size, questions, growth."""
import csv
import json
import os
import shutil

from harness import truth
from harness.process import drive_out, folder_bytes, load, measured, output_of, percentile, spread

SETTINGS = "[realm default]\nmapping = endpoint-independent\ndestinations = {destinations}\n"
FORMS = {"ipfix": "IPFIX file", "pcap": "IPFIX in a capture", "netflow9": "NetFlow v9", "syslog": "syslog"}
EXIT_CODES_OF_VERDICTS = (0, 3, 4, 5)


class Bench:
    """Programs, sizes and the folder that all files of a run lie in."""

    def __init__(self, build, folder, options):
        self.program = os.path.join(build, "rogatory")
        self.workload_program = os.path.join(build, "bench", "workload")
        self.lookups_program = os.path.join(build, "bench", "lookups")
        self.stages_program = os.path.join(build, "bench", "stages")
        self.limits_program = os.path.join(build, "bench", "limits")
        self.folder, self.options, self.wrong = folder, options, 0

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def workload(self, name, *arguments, forms=("ipfix",), questions=None):
        """Makes a workload; its files by form, and what was made."""
        files = {form: self.path(f"{name}.{form}") for form in forms}
        files |= {"questions": self.path(f"{name}.questions"), "truth": self.path(f"{name}.truth")}
        words = [self.workload_program, "--floor", "--questions", str(questions or self.options.questions), *arguments]
        for form in forms:
            words += ["--write", f"{form}={files[form]}"]
        files["made"] = json.loads(output_of(words + [files["questions"], files["truth"]]))
        return files

    def import_store(self, store, *files, destinations=False, sealed=False, fresh=True):
        """Imports into a store that is made for it. loss = reported: the sender of the syslog counts nothing. Sealed: windows
        are encrypted under a key that lies beside the store."""
        if fresh:
            shutil.rmtree(store, ignore_errors=True)
            shutil.rmtree(store + ".keys", ignore_errors=True)
            os.makedirs(store, mode=0o700)
            settings = SETTINGS.format(destinations="keep" if destinations else "drop")
            if sealed:
                os.makedirs(store + ".keys", mode=0o700)
                settings += f"key = file:{store}.keys/default.key\n"
            with open(os.path.join(store, "rogatory.conf"), "w") as file:
                file.write(settings)
        return measured([self.program, "import", "--store", store, "--quiet", "--loss", "reported", *files])

    def batch(self, store, files, leases=False):
        answers = self.path("answers.jsonl")
        with open(answers, "wb") as output:
            cost = measured([self.program, "ask", "--store", store, "--case", "bench", "--skew", "1ms", "--batch",
                             files["questions"]], output=output)
        counts = truth.judge(answers, files["truth"], leases)
        os.unlink(answers)
        self.wrong += counts["wrong"]
        return cost, counts

    def lookups(self, store, files, warmth, count):
        return json.loads(output_of([self.lookups_program, warmth, store, files["questions"], str(count)]))

    def whole_process(self, store, files, cold, count):
        """Milliseconds of `rogatory ask` from start to end. The program itself stays in the cache."""
        walls = []
        with open(files["questions"]) as file:
            rows = [row for row, _ in zip(csv.DictReader(file), range(count))]
        for row in rows:
            if cold:
                drive_out(store)
            cost = measured([self.program, "ask", "--store", store, "--case", "bench", "--skew", "1ms", "--proto",
                             row["protocol"], f"{row['address']}:{row['port']}", "--at", row["time"]],
                            expected=EXIT_CODES_OF_VERDICTS)
            walls.append(cost["wall"] * 1000)
        return {"p50": percentile(walls, 0.5), "p99": percentile(walls, 0.99), "least": min(walls), "most": max(walls)}

    def all_lookups(self, store, files):
        few = self.options.cold_questions
        return {"warm": self.lookups(store, files, "warm", 10000), "cold": self.lookups(store, files, "cold", few),
                "process warm, ms": self.whole_process(store, files, False, 40),
                "process cold, ms": self.whole_process(store, files, True, min(few, 20))}

    def columns(self, store):
        realm = json.loads(output_of([self.program, "info", "--store", store, "--json"]))["realms"][0]
        return realm["columns"]


def rate(costs, count):
    return {"per CPU-second": spread([count / cost["cpu"] for cost in costs]),
            "cpu": spread([cost["cpu"] for cost in costs]), "wall": spread([cost["wall"] for cost in costs]),
            "memory": max(cost["memory"] for cost in costs)}


def sizes(bench, store, sessions, made):
    """Bytes per session: the whole files, by column, and beside the floor of the same sessions."""
    all_bytes, columns = folder_bytes(store, ".seg"), bench.columns(store)
    inside_ports = columns["inside port"]
    return {"all": all_bytes / sessions, "without inside port": (all_bytes - inside_ports) / sessions,
            "columns": {name: size / sessions for name, size in columns.items() if size},
            "floor": made["floor_bytes"], "floor_bits": made["floor_bits"]}


def measure_hour(bench, sessions):
    """S: one hour, every form, interleaved."""
    files = bench.workload("hour", "--sessions", str(sessions), forms=tuple(FORMS))
    made, costs, verdicts = files["made"], {}, {}
    kinds = list(FORMS) + ["ipfix, sealed", "ipfix, destinations kept"]
    for _ in range(bench.options.rounds):
        for kind in kinds:
            store = bench.path(f"store-{kind.replace(' ', '-').replace(',', '')}")
            cost = bench.import_store(store, files[kind.split(",")[0]], destinations="kept" in kind,
                                      sealed="sealed" in kind)
            costs.setdefault(kind, []).append(cost)
    size, batches = {}, []
    for kind in kinds:
        store = bench.path(f"store-{kind.replace(' ', '-').replace(',', '')}")
        verdicts[kind] = bench.batch(store, files)[1]
        if kind.startswith("ipfix"):
            size[kind] = sizes(bench, store, sessions, made)
        if kind == "ipfix, sealed":
            sealed_lookups = bench.all_lookups(store, files)
        if kind != "ipfix":
            shutil.rmtree(store)
    store = bench.path("store-ipfix")
    for _ in range(bench.options.rounds):
        batches.append(bench.batch(store, files)[0])
    result = {"sessions": sessions, "made": made, "load": load(),
              "import": {kind: rate(costs[kind], sessions) for kind in kinds}, "size": size, "verdicts": verdicts,
              "batch": rate(batches, bench.options.questions), "lookups": bench.all_lookups(store, files),
              "lookups sealed": sealed_lookups}
    for form in ("pcap", "netflow9", "syslog"):
        os.unlink(files[form])
    return result, files, store


def measure_leases(bench, files, store, leases):
    """The same hour with leases beside it."""
    path = bench.path("leases.csv")
    output_of([bench.workload_program, "--sessions", "1", "--questions", "1", "--leases", f"{leases}={path}",
               bench.path("none.questions"), bench.path("none.truth")])
    bare = bench.lookups(store, files, "warm", 10000)
    cost = bench.import_store(store, path, fresh=False)
    os.unlink(path)
    return {"leases": leases, "import": rate([cost], leases),
            "bytes per lease": folder_bytes(store, ".lse") / leases, "verdicts": bench.batch(store, files, True)[1],
            "bare": bare["answer"], "joined": bench.lookups(store, files, "warm", 10000)["answer"]}


def measure_blocks(bench, blocks, subscribers):
    files = bench.workload("blocks", "--sessions", str(blocks), "--subscribers", str(subscribers), "--blocks")
    store = bench.path("store-blocks")
    costs = [bench.import_store(store, files["ipfix"]) for _ in range(bench.options.rounds)]
    stored = json.loads(output_of([bench.program, "info", "--store", store, "--json"]))["realms"][0]["bindings"]
    result = {"blocks": blocks, "import": rate(costs, blocks), "bytes": folder_bytes(store, ".seg") / blocks,
              "stored": stored, "bytes stored": folder_bytes(store, ".seg") / stored,
              "floor": files["made"]["floor_bytes"]["core"], "verdicts": bench.batch(store, files)[1],
              "lookups": bench.lookups(store, files, "warm", 10000)}
    shutil.rmtree(store)
    os.unlink(files["ipfix"])
    return result


def measure_faults(bench, sessions):
    """Messages lost, overtaken and doubled: fewer answers, none of them wrong."""
    files = bench.workload("faults", "--sessions", str(sessions), "--lose", "5", "--reorder", "100", "--duplicate",
                           "100")
    store = bench.path("store-faults")
    bench.import_store(store, files["ipfix"])
    result = {"sessions": sessions, "made": files["made"], "verdicts": bench.batch(store, files)[1]}
    shutil.rmtree(store)
    os.unlink(files["ipfix"])
    return result


def measure_growth(bench, name, sessions, hours, *more, sealed=False):
    """A store of so many hours: what an answer costs, and what its import took."""
    files = bench.workload(name, "--sessions", str(sessions), "--hours", str(hours), *more)
    store = bench.path(f"store-{name}")
    cost = bench.import_store(store, files["ipfix"], sealed=sealed)
    os.unlink(files["ipfix"])
    result = {"sessions": sessions, "hours": hours, "sealed": sealed, "import": rate([cost], sessions),
              "bytes per session": folder_bytes(store, ".seg") / sessions, "verdicts": bench.batch(store, files)[1],
              "lookups": bench.all_lookups(store, files)}
    shutil.rmtree(store)
    return result


def measure_stages(bench, sessions):
    """Nanoseconds of each stage for an event (pair, encode: a session; lookup: a question)."""
    files = bench.workload("stages", "--sessions", str(sessions), questions=1)
    result = {}
    for stage in ("decode", "gather", "pair", "encode", "lookup"):
        rounds = []
        for _ in range(max(3, bench.options.rounds)):
            words = output_of([bench.stages_program, stage, files["ipfix"]])
            rounds.append(float(words.split(",")[1].split()[0]))
        result[stage] = spread(rounds)
    os.unlink(files["ipfix"])
    return result


def measure_limits(bench, files):
    rounds = [json.loads(output_of([bench.limits_program, files["ipfix"], bench.folder]))
              for _ in range(bench.options.rounds)]
    return {name: spread([r[name] for r in rounds]) for name in rounds[0]}
