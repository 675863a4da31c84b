#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""kill.py PROGRAM KILLS: an import over many windows is killed at random instants. After each kill the store opens and is
sound, no answer contradicts the truth, what earlier imports proved is still proven; and when the import is run again to its
end, the answers are those of an import that was never interrupted."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from faults import Store, Truth, questions, write_files, wrong

PROGRAM, KILLS = os.path.abspath(sys.argv[1]), int(sys.argv[2])


def fail(message):
    raise SystemExit("FAILED: " + message)


def assert_sound(store, truth, asked, earlier, when):
    check = store.check()
    if check.returncode != 0:
        fail("%s: check says %d\n%s%s" % (when, check.returncode, check.stdout, check.stderr))
    answers = store.ask(asked)
    lies = wrong(truth, asked, answers)
    if lies:
        fail("%s: %d wrong answers: %s" % (when, len(lies), lies[0]))
    for question, before, now in zip(asked, earlier, answers):
        # What was proven by the earlier import stays proven, up to its end, where later records may tell more.
        if before[0] in ("one", "several") and now[0] != "unknown" and not before[1] <= now[1]:
            fail("%s: %s: %s became %s" % (when, question, before, now))
        if before[0] != "unknown" and now[0] == "unknown":
            fail("%s: %s: %s became unknown" % (when, question, before))
    return answers


def windows(store):
    return sorted(name for _, _, names in os.walk(os.path.join(store.path, "realms", "default", "nat")) for name in names)


def main():
    folder = tempfile.mkdtemp(prefix="rogatory-fault-")
    rng = random.Random(KILLS)
    truth, asked = Truth(), questions(300)
    first, second, third = write_files(truth, folder, 3)
    killed = finished = between = 0
    try:
        begun = Store(PROGRAM, os.path.join(folder, "begun"))
        begun.make()
        if begun.load(first).returncode != 0:
            fail("the first import")
        earlier = begun.ask(asked)
        whole = Store(PROGRAM, os.path.join(folder, "whole"))
        shutil.copytree(begun.path, whole.path)
        before = time.monotonic()
        if whole.load(second, third).returncode != 0:
            fail("the uninterrupted import")
        lasts = time.monotonic() - before
        wanted = whole.ask(asked)
        if wrong(truth, asked, wanted):
            fail("the uninterrupted import answers wrongly: " + wrong(truth, asked, wanted)[0])
        verdicts = {verdict for verdict, _, _ in wanted}
        if not {"one", "none"} <= verdicts or {v for v, _, _ in earlier} == verdicts:
            fail("these questions prove nothing: " + str(verdicts))
        for turn in range(KILLS):
            store = Store(PROGRAM, os.path.join(folder, "killed%d" % turn))
            shutil.copytree(begun.path, store.path)
            lives = rng.randrange(1, 4)
            for life in range(lives):
                child = subprocess.Popen(store.arguments(second, third), stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
                time.sleep(rng.random() * lasts)
                child.send_signal(signal.SIGKILL)
                child.wait()
                killed += child.returncode == -signal.SIGKILL
                finished += child.returncode == 0
                between += windows(store) not in (windows(begun), windows(whole))
                assert_sound(store, truth, asked, earlier, "kill %d.%d" % (turn, life))
            if store.load(second, third).returncode != 0:
                fail("kill %d: the import cannot be repeated" % turn)
            answers = assert_sound(store, truth, asked, earlier, "kill %d, repeated" % turn)
            for question, now, then in zip(asked, answers, wanted):
                if now != then:
                    fail("kill %d: %s: %s, without the kill %s" % (turn, question, now, then))
            shutil.rmtree(store.path)
        if killed == 0:
            fail("no import was killed: all %d had finished" % finished)
        if KILLS >= 100 and between == 0:
            fail("no import was killed between its first and its last window")
        print("%d imports killed, %d of them between windows; %d had finished before" % (killed, between, finished))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
