#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What `rogatory` is linked with: a library that no command of it calls is loaded all the same, each time.

    libraries.py PROGRAM

libcurl and the forty libraries behind it took a third of the time of `rogatory ask`; the network is for the programs that
speak to it."""
import re
import shutil
import subprocess
import sys

FORBIDDEN = ("libcurl", "libssl", "libevent", "libgnutls")
SKIPPED = 77


def main():
    if not shutil.which("readelf"):
        print("SKIP: no readelf")
        return SKIPPED
    told = subprocess.run(["readelf", "-d", sys.argv[1]], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", told)
    wrong = [name for name in needed if name.startswith(FORBIDDEN)]
    if wrong:
        print(f"{sys.argv[1]} is linked with {', '.join(wrong)}: a file that it needs one function of calls them")
    return 1 if wrong or not needed else 0


if __name__ == "__main__":
    sys.exit(main())
