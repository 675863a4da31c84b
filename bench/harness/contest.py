# SPDX-License-Identifier: EUPL-1.2
"""Ours beside the peers: the same sessions and questions, taken in one after the other in every round."""
import os

from harness import ours, truth
from harness.process import Failed, percentile, spread
from peers import COLD_QUESTIONS, NotMeasured, all_peers



def ask(peer, questions, cold):
    """Milliseconds, and how many answers the truth contradicts."""
    answers = peer.ask(questions, cold)
    wrong = sum(q.wrong(found) for q, (_, found) in zip(questions, answers, strict=True))
    times = [ms for ms, _ in answers]
    return {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "questions": len(times), "wrong": wrong}


def prepare(cache, folder, wanted):
    ready, missing = [], {}
    for kind in all_peers():
        peer = kind(cache, folder)
        if wanted and not any(word in peer.name.lower() for word in wanted):
            continue
        try:
            peer.install()
            ready.append(peer)
        except NotMeasured as reason:
            missing[peer.name] = str(reason)
    return ready, missing


def measure(bench, cache, sessions, wanted, say):
    files = bench.workload("contest", "--sessions", str(sessions), forms=("ipfix", "syslog", "csv"), questions=10000)
    for form in ("ipfix", "syslog", "csv"):
        os.chmod(files[form], 0o644)
    peers, missing = prepare(cache, bench.folder, wanted)
    store, our_costs, costs = bench.path("store-contest"), [], {peer.name: [] for peer in peers}
    result = {"sessions": sessions, "floor": files["made"]["floor_bytes"], "peers": {}, "not measured": missing}
    try:
        for number in range(bench.options.rounds):
            say(f"round {number + 1}: ours")
            our_costs.append(bench.import_store(store, files["ipfix"], destinations=True))
            for peer in list(peers):
                say(f"round {number + 1}: {peer.name}")
                try:
                    costs[peer.name].append(peer.ingest(files[peer.input], sessions))
                except (NotMeasured, Failed, OSError) as reason:
                    missing[peer.name] = str(reason)
                    peer.stop()
                    peers.remove(peer)
        questions = truth.read_questions(files["questions"], files["truth"], 1000)
        result["ours"] = {"import": ours.rate(our_costs, sessions),
                          "bytes per session": ours.sizes(bench, store, sessions, files["made"])["all"],
                          "verdicts": bench.batch(store, files)[1], "lookups": bench.all_lookups(store, files)}
        for peer in peers:
            say(f"questions: {peer.name}")
            result["peers"][peer.name] = compared(peer, costs[peer.name], our_costs, sessions, questions)
    finally:
        for peer in peers:
            peer.stop()
    return result


def compared(peer, costs, our_costs, sessions, questions):
    rates = [cost["sessions"] / cost["cpu"] for cost in costs]
    ours_by_round = [sessions / cost["cpu"] for cost in our_costs]
    last = costs[-1]
    row = {"version": peer.version, "note": peer.note, "per CPU-second": spread(rates),
           "ours is faster by": spread([o / r for o, r in zip(ours_by_round, rates)]),
           "wall": spread([cost["wall"] for cost in costs]), "memory": last["memory"],
           "bytes per session": last["bytes"] / last["sessions"], "lost": 1 - last["sessions"] / sessions,
           "parquet": last.get("parquet")}
    try:
        if peer.questions:
            row["warm, ms"] = ask(peer, questions[:peer.questions], False)
            row["cold, ms"] = ask(peer, questions[:COLD_QUESTIONS], True)
    except (NotMeasured, Failed, OSError) as reason:
        row["lookup not measured"] = str(reason)
    return row
