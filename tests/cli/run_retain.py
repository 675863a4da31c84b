# SPDX-License-Identifier: EUPL-1.2
"""Retention: what is due goes and nothing else, it is recorded before, and what is gone is never taken for "nobody"."""

import datetime
import json
import os
import re
import shutil

from cases import HEADER, Folder, check, expect, finish

NOW = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)

CONF = """\
[realm default]
key = KEY
mapping = endpoint-independent
destinations = keep
outside = 198.51.100.0/24
longest-session = 10m
lease-log = complete
%s
[exporter cgn1]
loss = reported
"""
RETAIN = """\
retain = 1d
retain-destinations = 3h
retain-leases = 2d
retain-ranges = 198.51.100.8 bindings 30d
"""
AGES = (100, 50, 6, 2)  # hours that hold records, counted back from the full hour


def at(hours, seconds=0):
    return (NOW - datetime.timedelta(hours=hours) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def log():
    """In each of the hours: both addresses lend port 4711 to 100.64.0.17 from minute 20 to 30; heard all the time. One session
    of 198.51.100.9 begins in the hour before the fourth and ends in the fourth."""
    rows = []
    for age in AGES:
        for second in range(0, 3600, 30):
            for what, shift in (("open", 0), ("close", 1)):
                rows.append((age, second + shift, what, "198.51.100.250", 65000, 250, "beat%d-%d" % (age, second)))
        for number in (7, 8):
            for what, second in (("open", 1200), ("close", 1800)):
                rows.append((age, second, what, "198.51.100.%d" % number, 4711, 17, "s%d-%d" % (age, number)))
    rows.sort(key=lambda row: (-row[0], row[1]))
    return HEADER + "".join("%s,%s,tcp,%s,%d,100.64.0.%d,40000,192.0.2.1,443,%s\n" % (at(age, second), what, address, port, inside, name)
                            for age, second, what, address, port, inside, name in rows)


def leases():
    rows = [("100.64.0.17", "customer-16", at(200), at(60)), ("100.64.0.17", "customer-17", at(60), at(0)),
            ("100.64.0.18", "customer-18", at(200), at(49))]
    return "inside_address,subscriber,start,end\n" + "".join(",".join(row) + "\n" for row in rows)


def conf(folder, store):
    """Sealed or not: the second round of all this has a key for each store."""
    return CONF.replace("KEY", "file:%s.key" % folder.file(store) if folder.sealed else "none")


def settings(folder, retention):
    with open(folder.store + "/rogatory.conf", "w", encoding="utf-8") as out:
        out.write(conf(folder, "store") % retention)


def verdict(folder, address, age, second=1500):
    run = folder.run("ask", "--store", "store", "--case", "B-1", "--proto", "tcp", "--json", address + ":4711", "--at", at(age, second))
    answer = json.loads(run.stdout)
    names = [each["subscriber"] for each in answer["candidates"]]
    return answer["verdict"], "outside-retention" in json.dumps(answer["reasons"]), names


def files(folder, kind="nat"):
    return sorted(name for _, _, names in os.walk(folder.store + "/realms/default/" + kind) for name in names)


def record(folder):
    with open(folder.store + "/access.log", encoding="utf-8") as log_file:
        return [json.loads(line) for line in log_file]


def rules(said):
    return {(rule["kind"], rule["prefix"]): rule["records"] for rule in said["realms"][0]["rules"]}


def due(folder):
    before = {age: verdict(folder, "198.51.100.7", age) for age in AGES}
    check(before[2] == ("one", False, ["customer-17"]) and before[100] == ("one", False, ["customer-16"]),
          "before, all is answered: %s" % before)
    stored = files(folder)
    settings(folder, RETAIN)
    run = folder.run("retain", "--store", "store", "--dry-run", "--json")
    check(run.returncode == 0, "the dry run: " + run.stderr)
    said = json.loads(run.stdout)
    check(said["dry_run"] and said["due"], "it is said that something is due")
    # At 100 and 50 hours: port 65000's 120 sessions and 4711 of .7; destinations: all of the hour at 6, and of .8 before.
    check(rules(said) == {("bindings", None): 242, ("destinations", None): 124, ("leases", None): 2, ("bindings", "198.51.100.8"): 0},
          "what is due under which rule: %s" % rules(said))
    check(files(folder) == stored, "a dry run changes nothing")
    check(record(folder)[-1]["action"] == "retain-dry-run", "a dry run is recorded")
    text = folder.run("retain", "--store", "store", "--dry-run").stdout
    check("nothing was changed" in text and "bindings of 198.51.100.8: kept 30d" in text and "2 leases" not in text, text)
    check(verdict(folder, "198.51.100.7", 50)[:2] == ("unknown", True), "what is due is not used")


def gone(folder):
    run = folder.run("retain", "--store", "store", "--json")
    check(run.returncode == 0, "retain: " + run.stderr)
    entry = record(folder)[-1]
    check(entry["action"] == "retain" and entry["detail"]["rules"][0]["records"] == 242, "it is recorded: %s" % entry)
    check(len(files(folder)) == 4 and len([name for name in files(folder) if ".000002." in name]) == 3,
          "hours of which a range stays are written anew: %s" % files(folder))
    for age in (100, 50):
        check(verdict(folder, "198.51.100.7", age)[:2] == ("unknown", True), "gone is outside retention, not nobody")
        check(verdict(folder, "198.51.100.9", age)[:2] == ("unknown", True), "of any address")
    check(verdict(folder, "198.51.100.8", 100)[:2] == ("unknown", True), "the range's lease is gone")
    check(verdict(folder, "198.51.100.7", 6) == ("one", False, ["customer-17"]), "what is kept is answered as before")
    check(verdict(folder, "198.51.100.7", 6, 3000) == ("none", False, []), "and nobody is nobody")
    check(folder.run("check", "--store", "store").returncode == 0, "the store is sound")
    again = json.loads(folder.run("retain", "--store", "store", "--json").stdout)
    check(not again["due"], "a second run has nothing to do: %s" % again)
    check("NOTHING IS DUE" in folder.run("retain", "--store", "store").stdout, "and says so")
    check(files(folder, "leases") == ["all.000002.lse"] and json.loads(folder.run("check", "--store", "store", "--json").stdout)["leases"] == 1,
          "leases that are over are in no file")


def stays_gone(folder):
    """Longer times bring nothing back, and late logs do not take beginnings that stand nowhere else."""
    settings(folder, "retain-leases = unlimited\n")
    check(verdict(folder, "198.51.100.7", 50)[:2] == ("unknown", True), "destroyed stays outside retention")
    check(verdict(folder, "198.51.100.8", 50)[:2] == ("unknown", True), "its lease, too")
    settings(folder, "retain = 5h\n")
    check(folder.run("retain", "--store", "store").returncode == 0, "whole hours go")
    check(len(files(folder)) == 1, "the hours are gone: %s" % files(folder))
    check(verdict(folder, "198.51.100.8", 6)[:2] == ("unknown", True), "and are outside retention")
    settings(folder, "")
    check(verdict(folder, "198.51.100.8", 6)[:2] == ("unknown", True), "also when nothing is limited any more")
    check(verdict(folder, "198.51.100.8", 2) == ("one", False, ["customer-17"]), "the last hour answers")
    folder.write("broken", "")
    with open(folder.store + "/realms/default/gone", "a", encoding="utf-8") as out:
        out.write("something else\n")
    expect("retain-gone-unreadable.txt", folder.run("ask", "--store", "store", "--case", "B-1", "198.51.100.8", "--at", at(2)), 1)


def carried(folder):
    """A session that began in an hour that is gone goes on in one that is kept; a late log of that hour is imported."""
    store = folder.file("late")
    os.mkdir(store, 0o700)
    with open(store + "/rogatory.conf", "w", encoding="utf-8") as out:
        out.write(conf(folder, "late").replace("longest-session = 10m", "longest-session = 10h") % "")
    rows = "".join("%s,open,tcp,198.51.100.250,65000,100.64.0.250,1,192.0.2.80,80,b%d\n%s,close,tcp,198.51.100.250,65000,100.64.0.250,1,192.0.2.80,80,b%d\n"
                   % (at(5, second), second, at(5, second + 1), second) for second in range(0, 4 * 3600, 30))
    session = "%s,%%s,tcp,198.51.100.9,5000,100.64.0.19,40000,192.0.2.1,443,long\n"
    folder.write("long.csv", HEADER + "".join(sorted((session % at(5, 10) % "open" + rows + session % at(2, 3000) % "close").splitlines(True))))
    check(folder.run("import", "--store", "late", "--exporter", "cgn1", "long.csv").returncode == 0, "import of a long session")

    def asked(age):
        run = folder.run("ask", "--store", "late", "--case", "B-1", "--proto", "tcp", "--json", "198.51.100.9:5000", "--at", at(age, 1800))
        return json.loads(run.stdout)["verdict"], json.loads(run.stdout)["reasons"]

    check(asked(3)[0] == "one", "the session is known: %s" % (asked(3),))
    with open(store + "/rogatory.conf", "w", encoding="utf-8") as out:
        out.write(conf(folder, "late").replace("longest-session = 10m", "longest-session = 10h")
                  % "retain = 3h\nretain-ranges = 198.51.100.250 bindings 30d\n")
    check(folder.run("retain", "--store", "late").returncode == 0, "retain of the hours before")
    known = asked(2)
    folder.write("more.csv", HEADER + "%s,open,tcp,198.51.100.10,7000,100.64.0.20,40000,192.0.2.1,443,other\n" % at(3, 5)
                 + "%s,close,tcp,198.51.100.10,7000,100.64.0.20,40000,192.0.2.1,443,other\n" % at(2, 5))
    check(folder.run("import", "--store", "late", "--exporter", "cgn1", "more.csv").returncode == 0, "import of a late log")
    check(known[0] == "one" and asked(2)[0] == "one", "a beginning that is gone elsewhere is kept: %s, then %s" % (known, asked(2)))


def copy_is_dead(folder):
    """What a backup from before holds opens under no key that there is now."""
    os.rename(folder.store, folder.file("now"))
    os.rename(folder.file("before"), folder.store)
    run = folder.run("info", "--store", "store", "--json")
    realm = json.loads(run.stdout)["realms"][0]
    check(realm["files_damaged"] > 0 and realm["files"] == 0, "nothing of the copy opens: %s" % realm)
    os.rename(folder.store, folder.file("before"))
    os.rename(folder.file("now"), folder.store)


def round_of(sealed):
    with Folder() as folder:
        folder.sealed = sealed
        os.mkdir(folder.store, 0o700)
        settings(folder, "")
        folder.write("old.csv", log())
        folder.write("tenants.csv", leases())
        for file, option in (("old.csv", ["--exporter", "cgn1"]), ("tenants.csv", [])):
            run = folder.run("import", "--store", "store", *option, file)
            check(run.returncode == 0, "import: " + run.stderr)
        shutil.copytree(folder.store, folder.file("before"))
        due(folder)
        gone(folder)
        if sealed:
            copy_is_dead(folder)
        stays_gone(folder)
        carried(folder)
        expect("retain-no-store.txt", folder.run("retain"), 2)


def main():
    round_of(sealed=False)
    round_of(sealed=True)
    finish()


main()
