#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""layers.py FOLDER: holds the sources to the rules of ARCHITECTURE.md: who may include whom, which rooms do no I/O, which
functions nobody calls, how long a file may be, and names that say nothing. Prints every break with its place and exits 1.
Before that it plants one break of every kind in a copy of the sources and fails if it does not see each of them."""

import functools
import os
import re
import shutil
import sys
import tempfile

# Every room and the rooms it may include. A room that is not named here is a break.
ROOMS = {
    "base": [],
    "os": ["base"],
    "crypto": ["base"],
    "nat": ["base"],
    "wire": ["base", "crypto", "nat"],
    "store": ["base", "nat"],
    "custody": ["base", "crypto"],
    "settings": ["base", "nat"],
    "relay": ["base", "nat"],
    "order": ["base"],
    "container": ["base", "crypto"],
    "directory": ["base", "crypto", "custody", "order"],
    "hi1": ["base", "crypto", "order"],
    "evidence": ["base", "crypto", "nat", "order"],
    "issuance": ["base", "crypto", "custody", "order", "directory"],
    "verify": ["base", "crypto", "custody", "order", "container", "directory", "hi1"],
    "depot": ["base", "os", "crypto", "nat", "store", "custody", "settings"],
    "chronicle": ["base", "os", "crypto", "custody"],
    "courier": ["base", "os", "crypto"],
    "collect": ["base", "os", "crypto", "wire"],
    "reception": ["base", "nat", "wire", "settings"],
    "intake": ["base", "os", "crypto", "nat", "wire", "store", "custody", "settings", "depot"],
    "inquiry": ["base", "os", "crypto", "nat", "store", "custody", "settings", "depot"],
    "live": ["base", "os", "crypto", "nat", "wire", "store", "custody", "settings", "depot", "intake", "inquiry"],
    "upkeep": ["base", "os", "crypto", "nat", "wire", "store", "custody", "settings", "depot"],
    "exchange": ["base", "os", "crypto", "nat", "store", "custody", "settings", "order", "container", "directory", "evidence", "issuance", "hi1",
                 "depot", "chronicle", "courier", "inquiry", "upkeep"],
    "keeper": ["base", "os", "crypto", "nat", "wire", "store", "custody", "settings", "relay", "depot", "intake", "inquiry",
               "live", "upkeep", "rogatory"],
    "rogatory": ["base", "os", "crypto", "nat", "wire", "store", "custody", "issuance", "directory", "container", "order", "settings", "depot", "intake", "inquiry",
                 "chronicle", "upkeep", "hi1", "courier", "exchange"],
    "node": ["base", "os", "crypto", "nat", "wire", "settings", "relay", "depot", "collect", "reception"],
    "rogatoryd": ["base", "os", "settings", "upkeep"],
    "exchanged": ["base", "os", "crypto", "order", "directory", "issuance", "custody", "chronicle", "courier", "exchange", "rogatory"],
}

# Rooms that are programs: they talk to whoever runs them, and end.
PROGRAMS = {"rogatory", "rogatoryd", "exchanged", "verify"}

# Bytes in, bytes out: no file, no socket, no clock, no environment.
PURE = {"base", "crypto", "nat", "wire", "store", "custody", "settings", "relay", "reception", "order", "container", "directory", "issuance", "hi1", "evidence"}
PURE_HEADERS = {"arpa/inet.h", "sys/types.h"}  # inet_pton and inet_ntop only turn text into bytes and back
IO_HEADERS = re.compile(r"^(unistd|fcntl|dirent|poll|signal|pthread|threads|time|utime|netdb|pwd|grp|glob|ftw|spawn|"
                        r"termios|syslog|mqueue|aio|sys/.*|net/.*|netinet/.*|arpa/.*|linux/.*|pcap.*)(\.h)?$")
IO_FUNCTIONS = ["fopen", "fdopen", "freopen", "fread", "fwrite", "fclose", "fgets", "getline", "fseek", "open", "read",
                "write", "close", "getenv", "setenv", "time", "clock_gettime", "gettimeofday", "localtime",
                "localtime_r", "mktime", "rand", "random", "sleep", "nanosleep"]

# A library tells its caller; it does not talk to the terminal and does not end the process.
TALKING = ["printf", "fprintf", "vprintf", "vfprintf", "puts", "fputs", "putchar", "putc", "fputc", "perror", "exit",
           "abort", "_exit"]
MAY_TALK = {"node/rogatory_collect.c",  # the words of a program that is called wrongly
            "os/progress.c",  # draws one line on a terminal; that is its purpose
            "keeper/answering.c", "keeper/merging.c",  # end a child
            "keeper/rogatory_store.c"}  # a program
BANNED = ["strcpy", "stpcpy", "strncpy", "strcat", "strncat", "sprintf", "vsprintf", "gets", "atoi", "atol", "atoll",
          "atof", "strtok", "strtok_r", "scanf", "sscanf", "fscanf", "alloca", "system", "popen", "tmpnam", "mktemp"]

# Programs and generators that only tests use, though they stand beside the room they serve: they may do I/O. None of them may
# be in the room's library.
TEST_TOOLS = {"store/dump_segment.c", "store/make_golden.c", "store/random_segment.c"}

LINES_MAX = 800
EMPTY_NAMES = {"util", "utils", "common", "misc", "helper", "helpers"}
SKIPPED_FOLDERS = re.compile(r"^(\..*|build.*|corpus|__pycache__)$")
KEPT_FOLDERS = {"build-aux"}


def is_test(room, name):
    return name.endswith(("_test.c", "_test.h")) or f"{room}/{name}" in TEST_TOOLS


def without_comments(text):
    """The code alone: comments and the content of literals become blanks, line ends stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return pattern.sub(blank, text)


def calls(code, names):
    """(line number, name) for each call of one of the names; members and longer names do not count."""
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")
    for match in pattern.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match.group(1)


def check_includes(place, room, text, test):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        kind, header = match.groups()
        if kind == '"':
            other = header.split("/")[0]
            if "/" not in header or other not in ROOMS:
                yield f'{place}:{number}: include "{header}" is not written as "room/file.h"'
            elif other != room and other not in ROOMS[room]:
                yield f"{place}:{number}: room {room} must not include room {other}"
        elif room in PURE and not test and header not in PURE_HEADERS and IO_HEADERS.match(header):
            yield f"{place}:{number}: room {room} is pure and must not include <{header}>"


def check_source(folder, room, name):
    with open(os.path.join(folder, "src", room, name), encoding="utf-8") as file:
        return check_text(room, name, file.read())


@functools.lru_cache(maxsize=None)
def check_text(room, name, text):
    return list(breaks_of(room, name, text))


def breaks_of(room, name, text):
    place = f"src/{room}/{name}"
    test = is_test(room, name)
    yield from check_includes(place, room, text, test)
    code = without_comments(text)
    for number, function in calls(code, BANNED):
        yield f"{place}:{number}: nobody calls {function}()"
    if not test and room in PURE:
        for number, function in calls(code, IO_FUNCTIONS):
            yield f"{place}:{number}: room {room} is pure and must not call {function}()"
    if not test and room not in PROGRAMS and f"{room}/{name}" not in MAY_TALK:
        for number, function in calls(code, TALKING):
            yield f"{place}:{number}: a library must not call {function}()"
    if "SPDX-License-Identifier: EUPL-1.2" not in text.split("\n", 1)[0]:
        yield f"{place}:1: the first line names the licence"


def check_libraries(folder):
    """No library is built out of what only tests use."""
    for room in ROOMS:
        path = os.path.join(folder, "src", room, "meson.build")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name, sources in re.findall(r"static_library\('([^']+)',(.*?)\)", text, re.DOTALL):
            library = name in (room, "room_" + room)
            for name in re.findall(r"'([^']+\.c)'", sources):
                if library and is_test(room, name):
                    yield f"src/{room}/meson.build: {name} is for tests and must not be in the library"


def check_rooms(folder):
    source = os.path.join(folder, "src")
    for room in sorted(os.listdir(source)):
        path = os.path.join(source, room)
        if not os.path.isdir(path):
            continue
        if room not in ROOMS:
            yield f"src/{room}: the table in tests/layers.py does not know this room"
            continue
        for name in sorted(os.listdir(path)):
            if name.endswith((".c", ".h")):
                yield from check_source(folder, room, name)


def check_files(folder):
    """Length and name of every source file of the project, whatever its language."""
    for path, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f in KEPT_FOLDERS or not SKIPPED_FOLDERS.match(f)]
        for name in folders + files:
            stem = name.split(".")[0].lower()
            if EMPTY_NAMES & set(re.split(r"[-_]", stem)):
                yield f"{os.path.relpath(os.path.join(path, name), folder)}: the name says nothing"
        for name in files:
            if name.endswith((".c", ".h", ".py", ".sh", "meson.build")):
                full = os.path.join(path, name)
                with open(full, encoding="utf-8") as file:
                    lines = sum(1 for _ in file)
                if lines > LINES_MAX:
                    yield f"{os.path.relpath(full, folder)}: {lines} lines; {LINES_MAX} are the most"


def check(folder):
    return [*check_rooms(folder), *check_libraries(folder), *check_files(folder)]


LICENCE = "/* SPDX-License-Identifier: EUPL-1.2 */\n"

# What is planted, where, and a part of what must be said about it.
PLANTED = [
    ("src/base/planted.c", LICENCE + '#include "depot/depot.h"\n', "room base must not include room depot"),
    ("src/nat/planted.h", LICENCE + '#include "wire/flow.h"\n', "room nat must not include room wire"),
    ("src/wire/planted.c", LICENCE + "#include <unistd.h>\n", "must not include <unistd.h>"),
    ("src/store/planted.c", LICENCE + "#include <sys/socket.h>\n", "must not include <sys/socket.h>"),
    ("src/custody/planted.c", LICENCE + "void f(void)\n{\n        (void)time(NULL);\n}\n", "must not call time()"),
    ("src/settings/planted.c", LICENCE + 'void f(void)\n{\n        (void)fopen("a", "r");\n}\n',
     "must not call fopen()"),
    ("src/depot/planted.c", LICENCE + 'void f(void)\n{\n        printf("x");\n}\n', "must not call printf()"),
    ("src/rogatory/planted.c", LICENCE + "void f(char *a)\n{\n        strcpy (a, a);\n}\n", "nobody calls strcpy()"),
    ("src/os/planted_test.c", LICENCE + 'int f(void)\n{\n        return atoi("1");\n}\n', "nobody calls atoi()"),
    ("src/intake/planted.c", "int planted;\n", "the first line names the licence"),
    ("src/rogatory/meson.build", "static_library('rogatory', 'main.c', 'planted_test.c')\n",
     "must not be in the library"),
    ("src/os/planted.c", LICENCE + '#include "file.h"\n', 'not written as "room/file.h"'),
    ("src/planted/planted.c", LICENCE, "does not know this room"),
    ("src/upkeep/planted.c", LICENCE + "\n" * LINES_MAX, f"{LINES_MAX} are the most"),
    ("src/os/file_util.c", LICENCE, "the name says nothing"),
    ("tests/helpers/planted.py", "", "the name says nothing"),
]

# What must not be taken for a break.
HARMLESS = LICENCE + ('/* strcpy(a, b); printf("x") */\n'
                      'const char *harmless = "system(1) // /*"; // gets(x)\n'
                      "int my_printf(int a);\n")


def prove(folder):
    """Each planted break must be seen, and nothing but it."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(os.path.join(folder, "src"), os.path.join(copy, "src"))
        with open(os.path.join(copy, "src", "base", "harmless.c"), "w", encoding="utf-8") as file:
            file.write(HARMLESS)
        before = check(copy)
        if any("harmless" in found for found in before):
            yield f"the check sees a break where there is none: {before}"
        for name, content, expected in PLANTED:
            path = os.path.join(copy, name)
            made = not os.path.isdir(os.path.dirname(path))
            kept = path + ".kept"
            if os.path.exists(path):
                os.rename(path, kept)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
            found = [line for line in check(copy) if line not in before]
            if not found or not all(expected in line for line in found):
                yield f"the check is blind: {name} was planted, and it saw {found}"
            if made:
                shutil.rmtree(os.path.dirname(path))
            else:
                os.remove(path)
            if os.path.exists(kept):
                os.rename(kept, path)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    breaks = [*prove(folder), *check(folder)]
    for line in breaks:
        print(line)
    print(f"{len(breaks)} breaks; {len(PLANTED)} planted ones were looked for")
    return 1 if breaks else 0


if __name__ == "__main__":
    sys.exit(main())
