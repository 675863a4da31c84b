# SPDX-License-Identifier: EUPL-1.2
"""Quick freeze: a hold has exactly the matching records and no other, outlives them, answers its case alone, and goes."""

import datetime
import json
import os
import random
import subprocess
import sys

from cases import HEADER, SOURCE, Folder, check, expect, finish

NOW = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
CONF = """\
[realm default]
mapping = endpoint-independent
outside = 198.51.100.0/24
longest-session = 10m
lease-log = complete
%s
[exporter cgn1]
loss = reported
"""
START = NOW - datetime.timedelta(hours=30)  # of two hours of log
MARGIN = 2  # the clock uncertainty


def stamp(second):
    return (START + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(**time):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sessions():
    """(address, port, inside, begin, end): one after the other on few ports, heard all the time; two are never closed."""
    source, result = random.Random(4), []
    for address in ("198.51.100.7", "198.51.100.8"):
        for port in (4711, 4712, 4713):
            second = 5
            while second < 7100:
                end = second + source.randrange(20, 400)
                result.append((address, port, source.randrange(1, 9), second, min(end, 7190)))
                second = end + source.randrange(5, 60)
    result += [("198.51.100.250", 65000, 250, second, second + 1) for second in range(0, 7200, 30)]
    return result


def log(rows):
    events = []
    for number, (address, port, inside, begin, end) in enumerate(rows):
        for second, what in ((begin, "open"), (end, "close")):
            events.append((second, what == "open", "%s,%s,tcp,%s,%d,100.64.0.%d,40000,,,s%d\n" % (stamp(second), what, address, port, inside, number)))
    return HEADER + "".join(row for _, _, row in sorted(events))


def tenants():
    """(inside, name, begin, end): each inside host passes to another subscriber at its own second."""
    return [(inside, "person-%d-%d" % (inside, turn), turn * 3600 - inside * 400, (turn + 1) * 3600 - inside * 400)
            for inside in range(1, 9) for turn in range(-2, 5)]


def held_bindings(store, hold):
    folder = "%s/holds/%s/realms/default/nat" % (store, hold)
    rows = set()
    for path in sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names):
        run = subprocess.run([sys.executable, os.path.join(SOURCE, "doc/format/read_segment.py"), path],
                             capture_output=True, text=True, check=True)
        for line in run.stdout.splitlines():
            row = json.loads(line)
            rows.add((row["outside"], row["ports"][0], int(row["inside"].split("/")[0][-2:], 16), row["from"] // 1000))
    return rows


def preserve(folder, *arguments, case="A-1"):
    return folder.run("preserve", "--store", "store", "--case", case, *arguments)


def verdict(folder, second, case="A-1", address="198.51.100.7:4711", name="store"):
    run = folder.run("ask", "--store", name, "--case", case, "--proto", "tcp", "--json", address, "--at", stamp(second))
    answer = json.loads(run.stdout)
    return answer["verdict"], [each["subscriber"] for each in answer["candidates"]], answer["reasons"], answer


def exact(folder):
    """Brute force over what was logged, for several times."""
    base = int(START.timestamp())
    rows, leases = sessions(), tenants()
    for begin, end in ((1000, 1060), (3500, 3700), (10, 20), (6000, 7190)):
        run = preserve(folder, "198.51.100.7:4711", "--proto", "tcp", "--from", stamp(begin), "--to", stamp(end),
                       "--until", later(days=20), "--json")
        check(run.returncode == 0, "preserve: " + run.stderr)
        said = json.loads(run.stdout)
        wanted = [row for row in rows if row[:2] == ("198.51.100.7", 4711) and row[3] <= end + MARGIN and row[4] >= begin - MARGIN]
        found = held_bindings(folder.store, said["hold"])
        check(found == {(0xc6336407, 4711, row[2], base + row[3]) for row in wanted}, "exactly the matching bindings: %s" % found)
        # The tenants since the first of each host's flows began.
        since = {}
        for row in wanted:
            since[row[2]] = min(since.get(row[2], begin - MARGIN), row[3])
        people = [name for inside, name, first, last in leases
                  if inside in since and first <= end + 2 * MARGIN and last >= since[inside] - MARGIN]
        held = json.loads(folder.run("check", "--store", "store/holds/" + said["hold"], "--json").stdout)
        check(held["leases"] == len(people) == said["leases"], "exactly their leases: %d, %d wanted" % (held["leases"], len(people)))
        check(held["sound"] and not held["mistakes"], "a hold is a sound store: %s" % held)
        for other in {name for _, name, _, _ in leases} - set(people):
            out = subprocess.run(["grep", "-rqa", other, folder.store + "/holds/" + said["hold"]], check=False)
            check(out.returncode == 1, "nobody else's name is in it")


def answers(folder):
    before = {second: verdict(folder, second)[:2] for second in range(3490, 3710, 7)}
    check(any(each[0] == "one" for each in before.values()) and any(each[0] == "none" for each in before.values()),
          "before, the store answers: %s" % before)
    with open(folder.store + "/rogatory.conf", "w", encoding="utf-8") as out:
        out.write(CONF % "retain = 2h\nretain-leases = 2h\n")
    check(folder.run("retain", "--store", "store").returncode == 0, "retain")
    check(json.loads(folder.run("info", "--store", "store", "--json").stdout)["realms"][0]["bindings"] == 0, "the store has nothing left")
    for second, known in before.items():
        now = verdict(folder, second)
        if 3500 <= second <= 3700:
            check(now[0] == known[0] and now[1] == known[1], "%d: the hold says what the store said: %s, then %s" % (second, known, now[:2]))
            check("from-hold" in now[2], "and that it is the hold")
            check(all(each["record"].startswith("holds/") for each in now[3]["candidates"]), "records are named in the hold")
        else:
            check(now[0] == "unknown" and "outside-retention" in now[2], "%d is beside the hold: %s" % (second, now[:3]))
        check(verdict(folder, second, case="B-2")[0] == "unknown", "another case has no answer")
    check(verdict(folder, 3600, address="198.51.100.7:4712")[0] == "unknown", "another port has none")
    check(verdict(folder, 3600, address="198.51.100.8:4711")[0] == "unknown", "another address has none")
    late = preserve(folder, "198.51.100.7:4711", "--from", stamp(3500), "--to", stamp(3600), "--until", later(days=20))
    check(late.returncode == 1 and "keeps nothing of this address" in late.stderr, "too late: " + late.stderr)
    partial = [name for name in os.listdir(folder.store + "/holds") if name.endswith(".partial")]
    check(not partial, "a failure leaves nothing")


def times(folder):
    hold = json.loads(folder.run("holds", "--store", "store", "--json").stdout)["holds"][1]
    until = datetime.datetime.fromisoformat(hold["until"].replace("Z", "+00:00"))

    def extend(days, case="A-1"):
        return preserve(folder, "--extend", hold["hold"], "--until", (until + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"), case=case)

    check(extend(31).returncode == 1 and extend(-1).returncode == 1 and extend(5, "B-2").returncode == 1, "no longer, no shorter, no other case")
    check(extend(29).returncode == 0, "extended")
    check("once" in extend(29.5).stderr, "only once")
    check(preserve(folder, "--extend", hold["hold"], "--production", "P-1", "--until", (until + datetime.timedelta(days=50)).strftime("%Y-%m-%dT%H:%M:%SZ"), case="A-1").returncode == 0, "but for its production")
    listed = folder.run("holds", "--store", "store").stdout
    check("was extended" in listed and "port 4711, tcp" in listed and "4 holds" in listed, listed)
    for wrong in (["--from", stamp(9), "--to", stamp(8), "--until", later(days=1)], ["--from", stamp(8), "--to", later(hours=1), "--until", later(days=1)],
                  ["--from", stamp(8), "--to", stamp(9), "--until", later(days=61)], ["--from", stamp(8), "--to", stamp(9), "--until", stamp(9)]):
        check(preserve(folder, "198.51.100.7:4711", *wrong).returncode == 2, "refused: %s" % wrong)
    path = "%s/holds/%s/hold" % (folder.store, hold["hold"])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join("until = " + stamp(9) if line.startswith("until") else line for line in text.splitlines()) + "\n")
    check(verdict(folder, 3600)[0] == "unknown", "what is up is not used")
    due = json.loads(folder.run("retain", "--store", "store", "--dry-run", "--json").stdout)
    check(due["holds"] == [hold["hold"]], "what is up is due: %s" % due["holds"])
    check(folder.run("retain", "--store", "store").returncode == 0 and not os.path.exists(os.path.dirname(path)), "and goes")
    with open(folder.store + "/access.log", encoding="utf-8") as file:
        actions = [json.loads(line)["action"] for line in file]
    check(actions.count("preserve") == 4 and actions.count("preserve-extend") == 2 and "holds" in actions, "all is recorded")
    check(folder.run("check", "--store", "store").returncode == 0, "the store is sound")


def doubtful(folder):
    """A session whose end was lost: that of another customer behind it, on the same port, shows it. The hold leaves the other
    out, and must not be more certain for that."""
    store = folder.file("doubt")
    os.mkdir(store, 0o700)

    def configure(retention):
        with open(store + "/rogatory.conf", "w", encoding="utf-8") as out:
            out.write(CONF.replace("longest-session = 10m", "longest-session = 12h") % retention)

    configure("")
    text = log([row for row in sessions() if row[1] == 65000] + [("198.51.100.7", 4711, 2, 1800, 1900), ("198.51.100.7", 4712, 4, 300, 400)])
    lines = text.splitlines(True)
    for second, port, inside in ((600, 4711, 1), (610, 4712, 3)):
        lines.append("%s,open,tcp,198.51.100.7,%d,100.64.0.%d,40000,,,x%d\n" % (stamp(second), port, inside, port))
    folder.write("doubt.csv", HEADER + "".join(sorted(lines[1:])))
    check(folder.run("import", "--store", "doubt", "--exporter", "cgn1", "doubt.csv").returncode == 0, "import of a lost end")
    known = {port: verdict(folder, 1030, address="198.51.100.7:%d" % port, name="doubt") for port in (4711, 4712)}
    check(known[4711][0] == "unknown" and known[4712][0] == "one", "the store: %s" % {port: each[:3] for port, each in known.items()})
    for port in known:
        run = folder.run("preserve", "--store", "doubt", "--case", "A-1", "198.51.100.7:%d" % port, "--from", stamp(1000), "--to", stamp(1060),
                         "--until", later(days=20), "--json", "--proto", "tcp")
        check(run.returncode == 0 and json.loads(run.stdout)["bindings"] == 1, "the other is left out: " + run.stdout + run.stderr)
    configure("retain = 2h\n")
    check(folder.run("retain", "--store", "doubt").returncode == 0, "retain")
    for port, before in known.items():
        now = verdict(folder, 1030, address="198.51.100.7:%d" % port, name="doubt")
        check("from-hold" in now[2] and now[0] == before[0], "port %d: %s, from the hold %s" % (port, before[:3], now[:3]))


def sealed(folder):
    """A hold of a sealed store has a key of its own, outlives that of the realm, and is unreadable when its key is gone."""
    store, key = folder.file("sealed"), folder.file("realm.key")
    os.mkdir(store, 0o700)

    def configure(retention):
        with open(store + "/rogatory.conf", "w", encoding="utf-8") as out:
            out.write(CONF % ("key = file:%s\n%s" % (key, retention)))

    configure("")
    for file, option in (("log.csv", ["--exporter", "cgn1"]), ("people.csv", [])):
        run = folder.run("import", "--store", "sealed", *option, file)
        check(run.returncode == 0, "import into a sealed store: " + run.stderr)
    known = verdict(folder, 3600, name="sealed")[:2]
    run = folder.run("preserve", "--store", "sealed", "--case", "A-1", "198.51.100.7:4711", "--proto", "tcp", "--from", stamp(3500),
                     "--to", stamp(3700), "--until", later(days=20), "--json")
    check(run.returncode == 0, "preserve of a sealed store: " + run.stderr)
    hold = json.loads(run.stdout)["hold"]
    own = "%s.hold-%s" % (key, hold)
    check(os.stat(own).st_mode & 0o777 == 0o600, "the hold has a key of its own")
    out = subprocess.run(["grep", "-rqa", "person-", store + "/holds"], check=False)
    check(out.returncode == 1, "nobody's name can be read in it")
    with open(key, "rb") as file:
        before = file.read()
    configure("retain = 2h\nretain-leases = 2h\n")
    check(folder.run("retain", "--store", "sealed").returncode == 0, "retain of a sealed store")
    with open(key, "rb") as file:
        check(file.read() != before, "the realm has a new key")
    now = verdict(folder, 3600, name="sealed")
    check(now[:2] == known and "from-hold" in now[2], "the hold answers under its own: %s" % (now[:3],))
    path = "%s/holds/%s/hold" % (store, hold)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join("until = " + stamp(9) if line.startswith("until") else line for line in text.splitlines()) + "\n")
    check(folder.run("retain", "--store", "sealed").returncode == 0 and not os.path.exists(own), "its key goes with it")
    check(os.path.exists(key) and not os.path.exists(os.path.dirname(path)), "and that of the realm stays")


def main():
    with Folder() as folder:
        os.mkdir(folder.store, 0o700)
        with open(folder.store + "/rogatory.conf", "w", encoding="utf-8") as out:
            out.write(CONF % "")
        folder.write("log.csv", log(sessions()))
        folder.write("people.csv", "inside_address,subscriber,start,end\n" + "".join(
            "100.64.0.%d,%s,%s,%s\n" % (inside, name, stamp(first), stamp(last)) for inside, name, first, last in tenants()))
        for file, option in (("log.csv", ["--exporter", "cgn1"]), ("people.csv", [])):
            run = folder.run("import", "--store", "store", *option, file)
            check(run.returncode == 0, "import: " + run.stderr)
        exact(folder)
        answers(folder)
        times(folder)
        doubtful(folder)
        sealed(folder)
        expect("preserve-nothing.txt", folder.run("preserve", "--store", "store", "198.51.100.7"), 2)
    finish()


main()
