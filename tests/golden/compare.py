#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The segment format stands still, and two decoders agree on it.

    compare.py MAKE_GOLDEN DUMP_SEGMENT READ_SEGMENT_PY GOLDEN_FOLDER [--write]

For every golden file: the writer makes the same bytes again from the same seed; the C reader and the Python reader both
print the expected dump. Then segments that are too large to keep: both readers print the same. --write makes the golden
files anew; that is right only with a new format version.
"""
import os
import shutil
import subprocess
import sys
import tempfile

GOLDEN = {
    "plain.seg": ("plain", 7, 1, 700),
    "destinations.seg": ("destinations", 8, 2, 80),
    "blocks.seg": ("blocks", 9, 3, 60),
    "wild.seg": ("wild", 10, 4, 60),
    "empty.seg": ("plain", 11, 0, 1),
    "leases.lse": ("leases", 12, 0, 150),
    "plan.pln": ("plan", 13, 0, 300),
}
# Written before blocks held 256 bindings: read, never made again.
OLDER = ("long_plain.seg", "long_wild.seg", "long_blocks.seg")
PASSING = {"large plain": ("plain", 21, 3, 2500), "large wild": ("wild", 22, 3, 2500),
           "large destinations": ("destinations", 23, 3, 2500), "large blocks": ("blocks", 24, 3, 1500)}


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    make_golden, dump_segment, read_segment, folder = sys.argv[1:5]
    write = sys.argv[5:] == ["--write"]
    failures = 0
    unpacks = shutil.which("zstd")  # Python's library unpacks no zstd yet
    if not unpacks:
        print("SKIP the second reader on plans: there is no program zstd")

    def expect(condition, what):
        nonlocal failures
        print("%s %s" % ("ok" if condition else "NOT OK", what))
        failures += not condition

    def make(recipe, path):
        subprocess.run([make_golden] + [str(part) for part in recipe] + [path], check=True)

    def dump(path):
        return subprocess.run([dump_segment, path], check=True, stdout=subprocess.PIPE).stdout

    def dump_again(path):
        return subprocess.run([sys.executable, read_segment, path], check=True, stdout=subprocess.PIPE).stdout

    with tempfile.TemporaryDirectory() as scratch:
        fresh = os.path.join(scratch, "fresh")
        for name, recipe in GOLDEN.items():
            golden = os.path.join(folder, name)
            expected = golden + ".jsonl"
            if write:
                make(recipe, golden)
                with open(expected, "wb") as file:
                    file.write(dump(golden))
            if name.endswith(".seg"):  # the bytes of zstd differ between its versions
                make(recipe, fresh)
                expect(contents(fresh) == contents(golden), name + ": the writer makes the same bytes")
            if name.endswith(".seg") or (name.endswith(".pln") and unpacks):
                expect(dump_again(golden) == contents(expected), name + ": the second reader")
            expect(dump(golden) == contents(expected), name + ": our reader")
        for name in OLDER:
            expected = contents(os.path.join(folder, name + ".jsonl"))
            expect(dump(os.path.join(folder, name)) == expected, name + ": our reader")
            expect(dump_again(os.path.join(folder, name)) == expected, name + ": the second reader")
        for name, recipe in PASSING.items():
            make(recipe, fresh)
            ours = dump(fresh)
            expect(ours == dump_again(fresh) and ours.count(b"\n") > 500, name + ": both readers agree")
    sys.exit(1 if failures else 0)


main()
