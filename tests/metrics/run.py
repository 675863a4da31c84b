# SPDX-License-Identifier: EUPL-1.2
"""run.py PAGE SOURCE: what a node tells (PAGE prints it, of made-up numbers) against all that names it: doc/metrics.md, the
dashboard, the alerts. Before that it plants breaks in copies of them and fails if it does not see each."""

import json
import os
import re
import subprocess
import sys

PAGE, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
NAME = re.compile(r"\brogatory_[a-z_]+")

# Told, and not on the dashboard.
NOT_SHOWN = {}

# Labels that only Prometheus itself sets.
GIVEN_LABELS = {"instance", "job"}


def page(kind):
    return subprocess.run([PAGE, kind], capture_output=True, text=True, check=True).stdout


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as source:
        return source.read()


# --- What is told ---

LINE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? (?P<value>-?[0-9]+(?:\.[0-9]{3})?)')


def told(text):
    """Name -> (type, labels), by the text format; with every break of the format."""
    metrics, breaks, current, seen = {}, [], None, set()
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line.startswith("# HELP "):
            current = words[2]
            if current in metrics:
                breaks.append("%s is told twice" % current)
            if not words[3].endswith("."):
                breaks.append("%s: its help is no sentence" % current)
            metrics[current] = [None, set()]
        elif line.startswith("# TYPE "):
            if words[2] != current:
                breaks.append("the type of %s stands elsewhere" % words[2])
            metrics[words[2]][0] = words[3]
            if (words[3] == "counter") != words[2].endswith("_total"):
                breaks.append("%s is a %s" % (words[2], words[3]))
        else:
            match = LINE.fullmatch(line)
            if not match or match["name"] != current:
                breaks.append("no line of %s: %s" % (current, line))
                continue
            if line.rsplit(" ", 1)[0] in seen:
                breaks.append("told twice: %s" % line)
            seen.add(line.rsplit(" ", 1)[0])
            metrics[current][1] |= {label.split("=")[0] for label in (match["labels"] or "").split(",") if label}
    return metrics, breaks


# --- Who names it ---

def documented(text):
    """Name -> (type, JSON member), and under which heading."""
    rows, heading = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        match = re.match(r"\| `(rogatory_\w+)` \| (\w+) \| `(\w+)` \| .+ \|$", line)
        if match:
            rows[match[1]] = (match[2], match[3], heading)
    return rows


def judge_document(metrics, document, text):
    rows = documented(text)
    breaks = ["doc/metrics.md: %s is told and not there" % name for name in sorted(metrics.keys() - rows.keys())]
    breaks += ["doc/metrics.md: %s is told nowhere" % name for name in sorted(rows.keys() - metrics.keys())]
    part = {"Exporters": lambda d: d["exporters"][0], "Listeners": lambda d: d["listeners"][0],
            "The collector": lambda d: d["collector"], "The store": lambda d: d["store"]}
    for name, (kind, member, heading) in rows.items():
        if name in metrics and metrics[name][0] != kind:
            breaks.append("doc/metrics.md: %s is a %s" % (name, metrics[name][0]))
        if member not in part[heading](document):
            breaks.append("doc/metrics.md: there is no %s in the JSON of %s" % (member, heading))
    named = {(heading, member) for _, member, heading in rows.values()}
    for heading, of in part.items():
        for member in of(document):
            if (heading, member) not in named and "`%s`" % member not in text:
                breaks.append("doc/metrics.md: the JSON of %s has %s" % (heading, member))
    reasons = re.search(r"^Reasons of .*?\n\n", text, re.M | re.S)[0]
    for exporter in document["exporters"]:
        breaks += ["doc/metrics.md: the reason %s" % reason for reason in exporter["refused"] if "`%s`" % reason not in reasons]
    return breaks


def expressions_of(dashboard):
    found = []

    def walk(value, title):
        if isinstance(value, dict):
            title = value.get("title", title)
            for key, below in value.items():
                if key in ("expr", "query", "definition") and isinstance(below, str):
                    found.append((title, below))
                walk(below, title)
        elif isinstance(value, list):
            for below in value:
                walk(below, title)

    walk(dashboard, "dashboard")
    return found


def judge_expression(metrics, place, expression):
    breaks = []
    for opening, closing in ("()", "{}", "[]"):
        if expression.count(opening) != expression.count(closing):
            breaks.append("%s: brackets of %s" % (place, expression))
    for name in NAME.findall(expression):
        if name not in metrics:
            breaks.append("%s: %s is told by no node" % (place, name))
    for name, selector in re.findall(r"(rogatory_\w+)\{([^}]*)\}", expression):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
            if name in metrics and label not in metrics[name][1] | GIVEN_LABELS:
                breaks.append("%s: %s has no label %s" % (place, name, label))
    for function, name in re.findall(r"\b(rate|increase|irate)\((rogatory_\w+)", expression):
        if name in metrics and metrics[name][0] != "counter":
            breaks.append("%s: %s of %s, which is no counter" % (place, function, name))
    return breaks


def judge_dashboard(metrics, dashboard):
    expressions = expressions_of(dashboard)
    breaks = [each for title, expression in expressions for each in judge_expression(metrics, "dashboard, " + title, expression)]
    shown = {name for _, expression in expressions for name in NAME.findall(expression)}
    breaks += ["the dashboard does not show %s" % name for name in sorted(metrics.keys() - shown - NOT_SHOWN.keys())]
    breaks += ["%s is shown, and on the list of those that are not" % name for name in sorted(shown & NOT_SHOWN.keys())]
    numbers = [panel["id"] for panel in dashboard["panels"]]
    if len(numbers) != len(set(numbers)):
        breaks.append("dashboard: two panels have one number")
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        if place["x"] + place["w"] > 24 or cells & taken:
            breaks.append("dashboard: %s stands on another panel, or outside" % panel["title"])
        taken |= cells
        if panel["type"] != "row" and not (panel.get("description") and panel.get("targets")):
            breaks.append("dashboard: %s does not say what it is" % panel["title"])
    return breaks


def alerts_of(text):
    """The alerts, by lines: YAML as the example is written, without a library for it."""
    alerts = []
    for line in text.splitlines():
        match = re.match(r"      - alert: (\w+)$|        (expr|for|labels): (.+)$|          (summary|description): (.+)$", line)
        if match and match[1]:
            alerts.append({"alert": match[1]})
        elif match:
            alerts[-1][match[2] or match[4]] = match[3] or match[5]
    return alerts


def judge_rules(metrics, text):
    alerts, breaks = alerts_of(text), []
    names = [each["alert"] for each in alerts]
    if len(names) != len(set(names)) or len(names) != text.count("- alert:") or len(names) < 10:
        breaks.append("rules: alerts that cannot be read, or two of one name")
    for each in alerts:
        place = "rules, " + each["alert"]
        breaks += judge_expression(metrics, place, each.get("expr", ""))
        if not {"expr", "labels", "summary"} <= each.keys():
            breaks.append("%s: has no expression, severity or summary" % place)
        named = NAME.findall(each.get("expr", ""))
        labels = set().union(GIVEN_LABELS, *(metrics[name][1] for name in named if name in metrics))
        for label in re.findall(r"\$labels\.(\w+)", each.get("summary", "") + each.get("description", "")):
            if label not in labels:
                breaks.append("%s: there is no label %s" % (place, label))
    return breaks


# --- Planted breaks ---

def planted(metrics, document, doc, dashboard, rules):
    """Each must be seen."""
    fewer = {name: value for name, value in metrics.items() if name != "rogatory_taking"}
    row = next(line for line in doc.splitlines() if "rogatory_queued_bytes" in line)
    changed = json.loads(json.dumps(dashboard).replace("rogatory_queued_bytes", "rogatory_queue_bytes"))
    moved = json.loads(json.dumps(dashboard))
    moved["panels"][2]["gridPos"] = moved["panels"][1]["gridPos"]
    return {
        "a metric that is told no more": judge_document(fewer, document, doc) and judge_dashboard(fewer, dashboard) and
        judge_rules(fewer, rules),
        "one that is not in the list": judge_document(metrics, document, doc.replace(row + "\n", "")),
        "another type in the list": judge_document(metrics, document, doc.replace(row, row.replace("gauge", "counter"))),
        "a member that is not there": judge_document(metrics, document, doc.replace(row, row.replace("`queued_bytes`", "`queue`"))),
        "a wrong name on the dashboard": judge_dashboard(metrics, changed),
        "a panel on another": judge_dashboard(metrics, moved),
        "a wrong name in an alert": judge_rules(metrics, rules.replace("rogatory_taking", "rogatory_takes")),
        "a wrong label in an alert": judge_rules(metrics, rules.replace("$labels.listener", "$labels.exporter")),
        "a label that it has not": judge_rules(metrics, rules.replace('{users="16"}', '{exporter="16"}')),
        "the rate of a gauge": judge_rules(metrics, rules.replace("increase(rogatory_stops_total", "increase(rogatory_journal_bytes")),
        "a format that is none": told("# HELP a_total A.\n# TYPE a_total gauge\na_total x\n")[1],
    }


def main():
    metrics, breaks = told(page("prometheus"))
    document = json.loads(page("json"))
    doc, rules = read("doc", "metrics.md"), read("packaging", "rogatory.rules.yml")
    dashboard = json.loads(read("packaging", "dashboards", "rogatory.json"))
    breaks += judge_document(metrics, document, doc) + judge_dashboard(metrics, dashboard) + judge_rules(metrics, rules)
    seen = planted(metrics, document, doc, dashboard, rules)
    breaks += ["planted and not seen: %s" % what for what, found in seen.items() if not found]
    for each in breaks:
        print(each)
    if breaks:
        raise SystemExit("%d breaks" % len(breaks))
    print("%d metrics, %d panels, %d alerts; %d planted breaks were seen" %
          (len(metrics), len(dashboard["panels"]), len(alerts_of(rules)), len(seen)))


main()
