# SPDX-License-Identifier: EUPL-1.2
"""Tables and plots from the figures of one run. No number is written by hand."""
import os

from harness import plot
from harness.ours import FORMS

STAGES = {"decode": "decode, per event", "gather": "gather, per event", "pair": "unpack and pair, per session",
          "encode": "encode, per session", "lookup": "find in a segment, per question"}


def rounded(value, digits=3):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def ranged(spread, factor=1.0, digits=3):
    if spread["rounds"] == 1:
        return rounded(spread["median"] * factor, digits)
    return " ".join([rounded(spread["median"] * factor, digits),
                     f"({rounded(spread['least'] * factor, digits)} to {rounded(spread['most'] * factor, digits)})"])


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


# --- Targets ---

def target_rows(figures):
    """(figure, measured, target, stretch, larger is better). Targets are those that the project set itself."""
    hour, blocks, leases = figures["hour"], figures["blocks"], figures["leases"]
    plain, kept = hour["size"]["ipfix"], hour["size"]["ipfix, destinations kept"]
    lookups = hour["lookups"]
    sealed = "ipfix, sealed" if "ipfix, sealed" in hour["import"] else "ipfix"  # figures of before do not have it
    rows = [
        (f"import of an hour from file{', sealed' if ',' in sealed else ''}, M sessions per CPU-second",
         hour["import"][sealed]["per CPU-second"]["median"] / 1e6, 3.0, 4.0, True),
        ("size without inside port and destination, over its floor",
         plain["without inside port"] / plain["floor"]["core"], 1.15, 1.10, False),
        ("size of all columns with destination, over its floor", kept["all"] / kept["floor"]["all"], 1.18, 1.10, False),
        ("size of a port block, bytes", blocks["bytes"], 8.0, 7.2, False),
        ("answer in process, warm, p50, us", lookups["warm"]["answer"]["p50"], 10, 3, False),
        ("answer in process, warm, p99, us", lookups["warm"]["answer"]["p99"], 50, 20, False),
        ("answer in process, cold, p50, ms", lookups["cold"]["answer"]["p50"] / 1000, 0.5, 0.2, False),
        ("`rogatory ask`, whole process, warm, p50, ms", lookups["process warm, ms"]["p50"], 10, 5, False),
        ("batch, questions per CPU-second", hour["batch"]["per CPU-second"]["median"], 200000, 500000, True),
        ("answer with leases joined, times the bare one", leases["joined"]["p50"] / leases["bare"]["p50"], 2, 2, False)]
    whole = [row["rate"] for row in figures.get("live", {}).get("rates", []) if row["received"] == row["sent"]]
    if "rates" in figures.get("live", {}):
        rows.append(("ingest over UDP without loss, packets per second, sealed, sender on the same processors",
                     max(whole, default=0), 120000, 200000, True))
    if "ten hours" in figures.get("growth", {}):
        memory = figures["growth"]["ten hours"]["import"]["memory"]
        rows.append(("peak memory of importing ten hours, MB", memory / 1e6, 512, 256, False))
    return rows


def verdict_of(value, target, stretch, larger):
    reaches = (lambda limit: value >= limit) if larger else (lambda limit: value <= limit)
    return "stretch reached" if reaches(stretch) else "reached" if reaches(target) else "**not reached**"


def targets(figures):
    rows = [(name, rounded(value), rounded(target), rounded(stretch), verdict_of(value, target, stretch, larger))
            for name, value, target, stretch, larger in target_rows(figures)]
    return ["## Targets", ""] + table(["figure", "measured", "target", "stretch", ""], rows)


# --- Ours ---

def verdicts(counts):
    return " / ".join(f"{counts[name]:,}" for name in ("one", "several", "none", "unknown", "wrong"))


def imports(figures):
    hour = figures["hour"]
    rows = []
    for kind, cost in hour["import"].items():
        form = FORMS[kind.split(",")[0]] + "".join(kind.partition(",")[1:])
        rows.append((form, ranged(cost["per CPU-second"], 1e-6), ranged(cost["cpu"]), ranged(cost["wall"]),
                     rounded(cost["memory"] / 2**20), verdicts(hour["verdicts"][kind])))
    for name, store in figures.get("growth", {}).items():
        cost = store["import"]
        rows.append((f"{name}: {store['hours']:,} windows, {store['sessions']:,} sessions"
                     f"{', sealed' if store.get('sealed') else ''}",
                     ranged(cost["per CPU-second"], 1e-6), ranged(cost["cpu"]), ranged(cost["wall"]),
                     rounded(cost["memory"] / 2**20), verdicts(store["verdicts"])))
    blocks, leases = figures["blocks"], figures["leases"]
    rows.append((f"{blocks['blocks']:,} port blocks", ranged(blocks["import"]["per CPU-second"], 1e-6),
                 ranged(blocks["import"]["cpu"]), ranged(blocks["import"]["wall"]),
                 rounded(blocks["import"]["memory"] / 2**20), verdicts(blocks["verdicts"])))
    rows.append((f"{leases['leases']:,} leases beside the hour", ranged(leases["import"]["per CPU-second"], 1e-6),
                 ranged(leases["import"]["cpu"]), ranged(leases["import"]["wall"]),
                 rounded(leases["import"]["memory"] / 2**20), verdicts(leases["verdicts"])))
    faults = figures["faults"]
    made = faults["made"]
    rows.append((f"{faults['sessions']:,} sessions, {made['lost']:,} messages lost, {made['reordered']:,} late, "
                 f"{made['duplicated']:,} twice", "", "", "", "", verdicts(faults["verdicts"])))
    heads = ["what", "M per CPU-second", "CPU s", "wall s", "memory, MiB", "one / several / none / unknown / wrong"]
    return ["## Import", "", f"An hour of {hour['sessions']:,} sessions in every form, and other stores. \"wrong\": "
            "answers that the truth contradicts.", ""] + table(heads, rows)


def size_tables(figures):
    lines = ["## Size", "", "Bytes per session, of whole files with index and checksums; the floor is an ideal adaptive "
             "coder's for the same sessions, with nothing for finding them again.", ""]
    plain, kept = figures["hour"]["size"]["ipfix"], figures["hour"]["size"]["ipfix, destinations kept"]
    blocks = figures["blocks"]
    stores = [("without inside port and destination", plain["without inside port"], plain["floor"]["core"]),
              ("with inside port", plain["all"], plain["floor"]["with inside port"])]
    if "ipfix, sealed" in figures["hour"]["size"]:
        stores.append(("with inside port, sealed", figures["hour"]["size"]["ipfix, sealed"]["all"],
                       plain["floor"]["with inside port"]))
    stores += [("all columns, with destination", kept["all"], kept["floor"]["all"]),
               ("a port block", blocks["bytes"], blocks["floor"])]
    rows = [(name, rounded(ours), rounded(floor), f"{ours / floor:.3f}") for name, ours, floor in stores]
    lines += table(["columns", "ours", "floor", "times the floor"], rows)
    twice = blocks["stored"] - blocks["blocks"]
    lines += ["", f"Of {blocks['blocks']:,} blocks {twice:,} are stored a second time, because they reach into the next "
              f"hour; for each stored one it is {blocks['bytes stored']:.2f} bytes."]
    rows = [(name, f"{8 * size:.2f}") for name, size in kept["columns"].items()]
    lines += ["", "Bits per session by column, destinations kept:", ""] + table(["column", "bits"], rows)
    rows = [(name, f"{bits:.2f}") for name, bits in kept["floor_bits"].items()]
    return lines + ["", "The floor's:", ""] + table(["column", "bits"], rows)


def lookup_stores(figures):
    """(name, windows stored, lookups), every store whose questions were timed."""
    growth = figures.get("growth", {})
    stores = [(f"one hour, {figures['hour']['sessions']:,} sessions", 1, figures["hour"]["lookups"])]
    if "lookups sealed" in figures["hour"]:
        stores.append((f"one hour, {figures['hour']['sessions']:,} sessions, sealed", 1, figures["hour"]["lookups sealed"]))
    stores += [(f"{name}, {store['sessions']:,} sessions{', sealed' if store.get('sealed') else ''}",
                store["hours"], store["lookups"])
               for name, store in growth.items()]
    return stores


def lookups(figures):
    rows = []
    for name, windows, l in lookup_stores(figures):
        rows.append((name, f"{windows:,}",
                     f"{l['warm']['segment']['p50']:.1f} / {l['warm']['segment']['p99']:.1f}",
                     f"{l['warm']['answer']['p50']:.1f} / {l['warm']['answer']['p99']:.1f}",
                     f"{l['cold']['answer']['p50']:,.0f} / {l['cold']['answer']['p99']:,.0f}",
                     f"{l['process warm, ms']['p50']:.1f} / {l['process warm, ms']['p99']:.1f}",
                     f"{l['process cold, ms']['p50']:.1f} / {l['process cold, ms']['p99']:.1f}"))
    heads = ["store", "windows", "segment alone, warm, us", "answer, warm, us", "answer, cold, us",
             "`rogatory ask`, warm, ms", "`rogatory ask`, cold, ms"]
    leases, batch = figures["leases"], figures["hour"]["batch"]
    return ["## Questions", "", "p50 / p99, wall time. Cold: the store's files are driven out of the page cache before each "
            "question and everything is opened anew; the program stays cached. `rogatory ask` writes the record of access "
            "and waits for the disk.", ""] + table(heads, rows) + [
        "", f"Batch: {ranged(batch['per CPU-second'])} questions per CPU-second. With {leases['leases']:,} leases joined an "
        f"answer takes {leases['joined']['p50']:.1f} / {leases['joined']['p99']:.1f} us, bare "
        f"{leases['bare']['p50']:.1f} / {leases['bare']['p99']:.1f} us; {leases['bytes per lease']:.2f} bytes per lease."]


def budget(figures):
    rows = [(STAGES[name], ranged(ns)) for name, ns in figures["stages"].items()]
    return ["## Nanoseconds of each stage", "", "One core, everything before the stage in memory (bench/stages).",
            ""] + table(["stage", "ns"], rows)


def limits(figures):
    rows = [(name, ranged(value))
            for name, value in figures["limits"].items()]
    return ["## Limits of this machine", "", "One core each, measured in the same run (bench/limits).", ""] + table(
        ["what", ""], rows)


# --- Peers ---

def peers(figures):
    contest = figures.get("contest")
    if not contest:
        return []
    ours_ = contest["ours"]
    warm, cold = ours_["lookups"]["warm"]["answer"], ours_["lookups"]["cold"]["answer"]
    whole = ours_["lookups"]["process warm, ms"]
    rows = [("**rogatory**, destinations kept", ranged(ours_["import"]["per CPU-second"], 1e-6), "1",
             rounded(ours_["bytes per session"]), "1", "0 %",
             f"{warm['p50'] / 1000:.3g} in process, {whole['p50']:.3g} whole", f"{cold['p50'] / 1000:.3g}",
             str(ours_["verdicts"]["wrong"]))]
    for name, peer in contest["peers"].items():
        rows.append((name, ranged(peer["per CPU-second"], 1e-6), ranged(peer["ours is faster by"]),
                     rounded(peer["bytes per session"]) + (f" (Parquet {peer['parquet']:.3g})" if peer["parquet"]
                                                           else ""),
                     rounded(peer["bytes per session"] / ours_["bytes per session"]), f"{100 * peer['lost']:.1f} %",
                     rounded(peer["warm, ms"]["p50"]) if "warm, ms" in peer else "none",
                     rounded(peer["cold, ms"]["p50"]) if "cold, ms" in peer else "none",
                     str(peer["warm, ms"]["wrong"] + peer["cold, ms"]["wrong"]) if "cold, ms" in peer else "-"))
    for name, reason in contest["not measured"].items():
        rows.append((name, f"not measured ({reason})", *[""] * 7))
    heads = ["", "M sessions per CPU-second", "ours is faster by", "bytes per session", "times ours", "lost",
             "question, warm p50, ms", "question, cold p50, ms", "wrong"]
    notes = [f"- {name}: {peer['version']}; {peer['note']}" for name, peer in contest["peers"].items()]
    return ["## Peers", "", f"The same {contest['sessions']:,} sessions and the same questions, taken in one after the "
            "other in every round; answers compared with the truth. Ratios below 1.3 are noise. rogatory reads events and "
            "pairs them, syncs, checks and records; databases are given sessions that are paired already.", ""] + table(
                heads, rows) + [""] + notes


def head(figures):
    return ["# Results of the benchmark", "",
            "Written by `bench/run`; every number is from one run. Absolute times hold for this machine in that hour only, "
            "ratios are what can be compared.", "",
            f"- Machine: {figures['machine']}; {figures['when']}.",
            f"- Load (processes wanting a processor over 1, 5 and 15 minutes): {figures['load before']} before, "
            f"{figures['load after']} after; whatever lies above one is others' work.",
            f"- Versions: {'; '.join(figures['versions'])}; commit {figures['commit']}.",
            f"- Workload: bench/workload, seed 4711, scale 1/{figures['scale']:g}, {figures['questions']:,} questions, "
            f"{figures['rounds']} rounds; median (smallest to largest)."]


def live(figures):
    node = figures.get("live", {"not measured": "older than the live node"})
    if "not measured" in node:
        return ["## A live node", "", f"Not measured ({node['not measured']})."]
    rows = []
    for row in node["rates"]:
        cpu = [1e6 * row[name] / row["received"] if row["received"] else None for name in ("sender", "collect", "store")]
        rows.append((f"{row['asked']:,}", f"{row['rate']:,.0f}", f"{row['sent']:,}", f"{row['sent'] - row['received']:,}",
                     f"{row['lost']:,}", " / ".join(rounded(value) for value in cpu),
                     rounded(row["held"] / row["stored"]) if row["stored"] else "-",
                     rounded(1e9 * row["merge"] / row["stored"]) if row["stored"] else "-"))
    heads = ["packets per second, asked", "sent", "packets sent", "packets lost", "records missed, as the node knows",
             "CPU us per packet: sender / collector / store", "bytes held per event", "merge, wall ns per event"]
    lines = ["## A live node", "", f"{node['made']['events']:,} events in {node['made']['messages']:,} packets, played over "
             "UDP by another process of this machine; journal and windows sealed. Lost: counted at both ends.", ""]
    lines += table(heads, rows)
    if node.get("asks"):
        asks = node["asks"]
        lines += ["", f"`rogatory ask` while {asks['rate']:,} packets a second come in: {asks['p50']:.1f} / "
                  f"{asks['p99']:.1f} ms (p50 / p99 of {asks['questions']:,}, whole process, of what is in no window yet)."]
    return lines


def markdown(figures):
    sections = [head, targets, imports, size_tables, lookups, live, budget, limits, peers]
    parts = [section(figures) for section in sections]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


# --- The short form, for documents that show it between marks ---

BEGIN, END = "<!-- {}: written by bench/run, not by hand -->", "<!-- {}: end -->"


def times(value):
    """How many times better; values below 1 say that the peer is better."""
    return f"{value:.2g} x" if value < 10 else f"{value:,.0f} x"


def short(figures):
    contest = figures["contest"]
    lookups_ = contest["ours"]["lookups"]
    rows = []
    for name, peer in contest["peers"].items():
        row = [name, times(peer["ours is faster by"]["median"]),
               times(peer["bytes per session"] / contest["ours"]["bytes per session"])]
        for warmth in ("warm", "cold"):
            ours_ms = lookups_[warmth]["answer"]["p50"] / 1000
            row.append(times(peer[f"{warmth}, ms"]["p50"] / ours_ms) if f"{warmth}, ms" in peer else "no lookup")
        rows.append(row)
    for name, reason in contest["not measured"].items():
        rows.append([name, f"not measured ({reason})", "", "", ""])
    size = contest["ours"]["bytes per session"]
    floor = size / contest["floor"]["all"]
    return [f"rogatory against what else is used, the same {contest['sessions']:,} sessions and questions in one run: how "
            f"many times faster it takes them in (per CPU-second), smaller it stores them ({size:.1f} bytes each with all "
            f"columns, {floor:.2f} times the entropy floor), sooner it answers.", ""] + table(
                ["beside", "import", "size", "answer, warm", "answer, cold"], rows)


def targets_short(figures):
    return targets(figures)[2:] + ["", f"{figures['when']}, scale 1/{figures['scale']:g}, load before and after "
                                   f"{figures['load before'][0]} and {figures['load after'][0]}."]


SECTIONS = {"benchmark": short, "targets": targets_short, "budget": lambda figures: budget(figures)[2:]}


def publish(figures, paths):
    """Writes the marked sections of documents anew."""
    for path in paths:
        with open(path) as file:
            text = file.read()
        for name, section in SECTIONS.items():
            begin, end = BEGIN.format(name), END.format(name)
            if begin in text:
                before, rest = text.split(begin, 1)
                text = "\n".join([before + begin, "", *section(figures), "", end]) + rest.split(end, 1)[1]
        with open(path, "w") as file:
            file.write(text)


# --- Plots ---

def plot_size(figures):
    contest, kept = figures.get("contest"), figures["hour"]["size"]["ipfix, destinations kept"]
    rows, floor = [("rogatory, all columns", [kept["all"]])], kept["floor"]["all"]
    if contest:
        rows, floor = [("rogatory, all columns", [contest["ours"]["bytes per session"]])], contest["floor"]["all"]
        for name, peer in contest["peers"].items():
            rows.append((name, [peer["bytes per session"]]))
            if peer["parquet"]:
                rows.append((f"{name}, as Parquet", [peer["parquet"]]))
    return plot.bars("Stored bytes per session", f"{subtitle(figures)}; all columns with destination",
                     "bytes per session (less is better)", ["bytes"], rows, marks=[(floor, f"floor {floor:.2f}")])


def subtitle(figures):
    contest = figures.get("contest")
    sessions = contest["sessions"] if contest else figures["hour"]["sessions"]
    return f"{sessions:,} sessions, one run of {figures['when']}"


def triple(spread, factor=1.0):
    return spread["median"] * factor, spread["least"] * factor, spread["most"] * factor


def plot_ingest(figures):
    contest = figures.get("contest")
    rows = []
    if contest:
        rows = [("rogatory, IPFIX file", [triple(contest["ours"]["import"]["per CPU-second"], 1e-6)])]
        rows += [(name, [triple(peer["per CPU-second"], 1e-6)]) for name, peer in contest["peers"].items()]
    else:
        rows = [(kind, [triple(cost["per CPU-second"], 1e-6)]) for kind, cost in figures["hour"]["import"].items()]
    return plot.bars("Taking sessions in", f"{subtitle(figures)}; median, smallest and largest round",
                     "million sessions per CPU-second (more is better)", ["rate"], rows)


def plot_lookups(figures):
    contest = figures.get("contest")
    ours_ = (contest["ours"] if contest else figures["hour"])["lookups"]
    rows = [("rogatory, in process", [ours_["warm"]["answer"]["p50"] / 1000, ours_["cold"]["answer"]["p50"] / 1000]),
            ("rogatory ask, whole process", [ours_["process warm, ms"]["p50"], ours_["process cold, ms"]["p50"]])]
    for name, peer in (contest["peers"] if contest else {}).items():
        rows.append((name, [peer.get("warm, ms", {}).get("p50"), peer.get("cold, ms", {}).get("p50")]))
    return plot.bars("One question", f"{subtitle(figures)}; median", "milliseconds, logarithmic (less is better)",
                     ["warm", "cold"], rows, logarithmic=True, absent="has no lookup")


def plot_growth(figures):
    measures = {"answer, warm": lambda l: l["warm"]["answer"]["p50"],
                "answer, cold": lambda l: l["cold"]["answer"]["p50"],
                "rogatory ask, warm": lambda l: l["process warm, ms"]["p50"] * 1000}
    groups = [[], []]  # large windows and small ones are not compared with each other
    ticks = []
    stores = lookup_stores(figures)
    for name, windows, lookups_ in stores[1:] if "lookups sealed" in figures["hour"] else stores:  # ten hours are sealed
        groups["small" in name].append((windows, lookups_))
        ticks.append((windows, f"{windows:,}\n{name.split(',')[0]}"))
    series = [(name, [[(windows, of(lookups_)) for windows, lookups_ in group] for group in groups])
              for name, of in measures.items()]
    return plot.lines("An answer's cost and the age of the store",
                      f"one run of {figures['when']}; median; joined: stores whose windows are of one size",
                      "stored windows (hours), logarithmic", "microseconds, logarithmic", series, ticks)


PLOTS = {"size.svg": plot_size, "ingest.svg": plot_ingest, "lookups.svg": plot_lookups, "growth.svg": plot_growth}


def write(figures, folder):
    with open(os.path.join(folder, "results.md"), "w") as file:
        text = markdown(figures)
        file.write(text + "\n## Plots\n\n" + "".join(f"![{name}]({name})\n" for name in PLOTS))
    for name, draw in PLOTS.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(draw(figures))
