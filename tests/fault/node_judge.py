# SPDX-License-Identifier: EUPL-1.2
"""Judges what a node answers by what its exporters know: no wrong name, nothing claimed that is not so, and what came
and is whole is answered for."""

import random

from node_live import Failed
from node_load import INSIDE, LEASED, address_text

UNCERTAINTY = 1000
WHOLE = 4500   # so long before and after a holding nothing may be missing before `one` is demanded


def milliseconds(text):
    import calendar
    import time
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23]) if text else None


def number_of(candidate):
    a, b, c, d = (int(part) for part in candidate["inside_address"].split("."))
    return (a << 24 | b << 16 | c << 8 | d) - INSIDE


class Judge:
    """by_real_time: questions are of the time that it was, whatever the exporters' clocks said; an answer is right where it
    is right about that."""

    def __init__(self, node, exporters, by_real_time=False):
        self.node, self.exporters, self.by_real_time = node, exporters, by_real_time
        self.wrong, self.verdicts, self.reasons = [], {}, {}
        self.asked = 0
        self.missing_ms = []  # when the messages that are missing were made

    def say_wrong(self, words, answer):
        self.wrong.append("%s: %s" % (words, {k: answer[k] for k in ("question", "verdict", "reasons", "candidates", "possible")}))

    def openings(self):
        return [held for e in self.exporters for history in e.history.values() for held in list(history)]

    def look(self, held, at, answer):
        """Is it true? Returns whether the opening was heard, and how many held it in the interval that was judged."""
        listed = answer["candidates"] + answer["possible"]
        # All times are those of the exporter's clock, as the question's is; the node says which interval it judged.
        judged = milliseconds(answer["coverage"]["from"]), milliseconds(answer["coverage"]["to"])
        if not judged[0] <= at - UNCERTAINTY < at + UNCERTAINTY <= judged[1]:
            self.say_wrong("a shorter interval than the clock's uncertainty was judged", answer)
        if self.by_real_time:
            holders = {h.number for h in held.exporter.real_holders(held.port, at - UNCERTAINTY, at + UNCERTAINTY)}
        else:
            holders = {h.number for h in held.exporter.holders(held.port, *judged)}
        ever = {h.number: h for h in held.exporter.history[held.port]}
        verdict = answer["verdict"]
        if verdict == "one":
            name = number_of(answer["candidates"][0])
            if name not in holders:
                self.say_wrong("WRONG NAME, it was %s" % sorted(holders), answer)
            elif len(holders) > 1:
                self.say_wrong("one of several: %s" % sorted(holders), answer)
        elif verdict == "none" and holders:
            self.say_wrong("none, and it was %s" % sorted(holders), answer)
        if verdict == "several" and not holders & {number_of(c) for c in answer["candidates"]} and holders:
            self.say_wrong("several, and none of them is right: it was %s" % sorted(holders), answer)
        for candidate in listed:
            number = number_of(candidate)
            if number not in ever:
                self.say_wrong("%d never had it" % number, answer)
                continue
            if candidate["from_edge"] == "observed" and milliseconds(candidate["from"]) != ever[number].since:
                self.say_wrong("%d began at %d" % (number, ever[number].since), answer)
            if candidate["to_edge"] == "observed" and milliseconds(candidate["to"]) != ever[number].until:
                self.say_wrong("%d ended at %s" % (number, ever[number].until), answer)
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        if verdict == "unknown":
            key = "+".join(answer["reasons"])
            self.reasons[key] = self.reasons.get(key, 0) + 1
        # Heard is what is told with the instant of its beginning; an end alone names it too.
        return any(number_of(c) == held.number and c["from_edge"] == "observed" for c in listed), len(holders)

    def moment(self, held, latest):
        """Within the holding, away from its edges where it lasts long enough."""
        if self.by_real_time:
            return held.real + max(1, ((held.real_until or held.exporter.sent_ms[-1] - 3000) - held.real) // 2)
        until = held.until if held.until is not None else min(held.closing, latest)
        return held.since + max(1, (until - held.since) // 2)

    @staticmethod
    def heard_to(held):
        """What is asked must lie before the last message; by the exporter's clock."""
        e = held.exporter
        return e.sent_ms[-1] + e.offset - 3000

    def ask(self, holdings, latest=None):
        """Asks about holdings; yields (holding, answer, was its opening heard, holders)."""
        for begin in range(0, len(holdings), 4000):
            some = holdings[begin:begin + 4000]
            rows = [(address_text(h.exporter.outside), h.port, "tcp", self.moment(h, latest or self.heard_to(h))) for h in some]
            for held, row, answer in zip(some, rows, self.node.ask(rows)):
                if "error" in answer:
                    raise Failed("a question failed: %s" % answer)
                self.asked += 1
                yield (held, answer, *self.look(held, row[3], answer))

    def quick(self, latest_ms, count=60, since_ms=0):
        """Some questions meanwhile: nothing wrong."""
        some = [h for h in self.openings() if since_ms <= h.since and h.since < latest_ms - 1500]
        for _ in self.ask(random.sample(some, min(count, len(some))), latest_ms - 500):
            pass
        self.assert_right()

    def assert_right(self):
        if self.wrong:
            raise Failed("%d wrong answers; the first: %s" % (len(self.wrong), self.wrong[0]))

    def all(self, at_least=0.5, whole_is_one=True, torn_is_failure=True):
        """Every opening: what is missing, and where nothing is missing around, `one` is demanded. Returns facts."""
        self.verdicts, self.reasons = {}, {}
        holdings = self.openings()
        answers = list(self.ask(holdings))
        missing = sum(not is_heard for _, _, is_heard, _ in answers)
        self.assert_right()
        lost = {e: set() for e in self.exporters}
        there = {e: set() for e in self.exporters}
        for held, _, is_heard, _ in answers:
            (there if is_heard else lost)[held.exporter].add(held.message)
        for exporter in self.exporters:
            torn = lost[exporter] & there[exporter]
            if torn and torn_is_failure:
                missed = [(h.number, h.since, h.until, h.closing, answer) for h, answer, is_heard, _ in answers
                          if h.exporter is exporter and h.message in torn and not is_heard]
                raise Failed("%s: of the messages %s some events are there and some are not: %s"
                             % (exporter.name, sorted(torn)[:5], missed[0]))
        unwhole = []
        times = {e: sorted(e.sent_ms[m] for m in lost[e]) for e in self.exporters}
        whole = 0
        for held, answer, _, holders in answers:
            e = held.exporter
            ends = held.real + held.closing - held.since
            if (held.real < e.sent_ms[0] + WHOLE or held.real > e.sent_ms[-1] - WHOLE or
                    any(held.real - WHOLE < t < ends + WHOLE for t in times[e] + e.broken_ms)):
                continue
            whole += 1
            if answer["verdict"] != "one" and holders == 1:
                unwhole.append(answer)
        self.missing_ms = sorted(t for e in self.exporters for t in times[e])
        facts = {"openings": len(holdings), "missing": missing, "missing_messages": sum(len(s) for s in lost.values()),
                 "there_messages": sum(len(s) for s in there.values()),
                 "whole": whole, "whole_not_one": len(unwhole), "verdicts": dict(self.verdicts), "reasons": dict(self.reasons)}
        if whole_is_one and unwhole:
            raise Failed("%d of %d questions in whole spans are not answered `one`; the first: %s" % (len(unwhole), whole, unwhole[0]))
        if len(holdings) and (len(holdings) - missing) < at_least * len(holdings):
            raise Failed("only %d of %d openings are there" % (len(holdings) - missing, len(holdings)))
        return facts

    def leases(self, radius):
        """What was answered is there. Returns how many."""
        numbers = sorted(radius.sent)
        lost = []
        for begin in range(0, len(numbers), 4000):
            some = numbers[begin:begin + 4000]
            rows = [(address_text(LEASED + n), "", "", radius.sent[n] + 500) for n in some]
            for number, answer in zip(some, self.node.ask(rows)):
                names = {c["subscriber"] for c in answer["candidates"] + answer["possible"]}
                if names - {"user%d" % number}:
                    self.say_wrong("lease %d" % number, answer)
                if number in radius.answered and not names:
                    lost.append((number, answer))
        self.assert_right()
        if lost:
            raise Failed("%d of %d leases were answered and are lost: %s" % (len(lost), len(radius.answered), lost[0]))
        return len(radius.answered)
