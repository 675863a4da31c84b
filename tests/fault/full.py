#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""full.py PROGRAM: the disk under the store fills up during an import. The import says so and fails; every earlier import
is whole; with room again it runs to its end. Needs the right to mount a small file system; without it the test is skipped."""

import os
import shutil
import subprocess
import sys
import tempfile

from faults import SKIPPED, Store, Truth, questions, write_files, wrong

PROGRAM = os.path.abspath(sys.argv[1])
PAGE = 4096


def fail(message):
    raise SystemExit("FAILED: " + message)


def inside_namespace():
    """Runs this test again in a mount namespace of its own, so that no mount is left behind whatever happens."""
    tries = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
    for words in tries:
        try:
            probe = subprocess.run(words + ["mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        if probe.returncode == 0:
            environment = dict(os.environ, ROGATORY_FULL_INSIDE="1")
            raise SystemExit(subprocess.run(words + [sys.executable, "-B"] + sys.argv, env=environment,
                                            check=False).returncode)
    print("SKIP: this system lets nobody mount a small file system here")
    raise SystemExit(SKIPPED)


def fill(folder, pages):
    """Leaves room for so many pages."""
    with open(os.path.join(folder, "ballast"), "wb") as out:
        for _ in range(os.statvfs(folder).f_bavail - pages):
            out.write(bytes(PAGE))
        out.flush()
    left = os.statvfs(folder)
    if left.f_bavail != pages or left.f_frsize != PAGE:
        fail("the small file system has room for %d pages, not %d" % (left.f_bavail, pages))


def main():
    folder = tempfile.mkdtemp(prefix="rogatory-fault-")
    truth, asked = Truth(), questions(200)
    first, second = write_files(truth, folder, 2)
    failed = succeeded = 0
    try:
        begun = Store(PROGRAM, os.path.join(folder, "begun"))
        begun.make()
        if begun.load(first).returncode != 0:
            fail("the first import")
        earlier = begun.ask(asked)
        whole = Store(PROGRAM, os.path.join(folder, "whole"))
        shutil.copytree(begun.path, whole.path)
        if whole.load(second).returncode != 0:
            fail("the import with room")
        wanted = whole.ask(asked)
        for room in (0, 1, 2, 3, 4, 6, 8, 12, 16, 1000):
            small = os.path.join(folder, "small%d" % room)
            os.mkdir(small)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", small], check=True)
            store = Store(PROGRAM, os.path.join(small, "store"))
            shutil.copytree(begun.path, store.path)
            fill(small, room)
            run = store.load(second)
            rescued = Store(PROGRAM, os.path.join(folder, "rescued%d" % room))
            shutil.copytree(store.path, rescued.path)
            subprocess.run(["umount", small], check=True)
            if run.returncode == 0:
                succeeded += 1
            else:
                failed += 1
                if run.returncode != 1 or "No space left on device" not in run.stderr:
                    fail("room for %d pages: exit %d: %s" % (room, run.returncode, run.stderr))
            check = rescued.check()
            if check.returncode != 0:
                fail("room for %d pages: check: %s%s" % (room, check.stdout, check.stderr))
            answers = rescued.ask(asked)
            lies = wrong(truth, asked, answers)
            if lies:
                fail("room for %d pages: %s" % (room, lies[0]))
            for question, before, now in zip(asked, earlier, answers):
                if before[0] != "unknown" and now[0] == "unknown":
                    fail("room for %d pages: %s: %s became unknown" % (room, question, before))
            if rescued.load(second).returncode != 0 or rescued.ask(asked) != wanted:
                fail("room for %d pages: with room again the answers are others" % room)
        if not failed or not succeeded:
            fail("%d imports ran out of room, %d did not: this proves nothing" % (failed, succeeded))
        print("%d imports ran out of room, %d did not" % (failed, succeeded))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if "ROGATORY_FULL_INSIDE" not in os.environ:
    inside_namespace()
main()
