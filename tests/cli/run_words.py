# SPDX-License-Identifier: EUPL-1.2
"""The manual and the completions say what the program says: every option, every code, every command, and no other."""

import json
import os
import re
import shutil
import subprocess

from cases import SOURCE, WORDS, Folder, check, finish


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def section(page, heading):
    """The items of the list behind a (sub)heading of an mdoc page."""
    part = re.split(r"^\.S[hs] ", page.split(heading, 1)[1], maxsplit=1, flags=re.M)[0]
    return re.findall(r"^\.It Cm (\S+)$", part, flags=re.M)


def plain(text):
    return " ".join(text.replace("\\-", "-").replace("\\&", "").split())


def options_of(commands):
    for command in commands:
        options = {option["name"] for option in command["options"]}
        path = os.path.join(SOURCE, "man", "rogatory-%s.1" % command["name"])
        if not os.path.exists(path):
            check(command["name"] in ("help", "version"), "there is a manual page of " + command["name"])
            continue
        page = read("man", "rogatory-%s.1" % command["name"])
        named = set(re.findall(r"^\.It Fl -(\S+)", page, flags=re.M))
        check(named == options, "rogatory-%s.1 and --help differ in %s" % (command["name"], named ^ options))
        for option in command["options"]:
            if option["argument"]:
                wanted = "It Fl -%s Ar %s" % (option["name"], option["argument"])
                check(wanted in page, "rogatory-%s.1: %s" % (command["name"], wanted))


def codes():
    words = {}
    for line in subprocess.run([WORDS], capture_output=True, text=True, check=True).stdout.splitlines():
        kind, word = line.split(" ", 1)
        words.setdefault(kind, []).append(word)
    ask, importing = read("man", "rogatory-ask.1"), read("man", "rogatory-import.1")
    for heading, kind, page in ((".Ss Verdicts", "verdict", ask), (".Ss Candidates", "edge", ask),
                                (".Ss Reasons", "reason", ask), (".Ss Gaps", "gap", ask),
                                (".Ss Summary", "refusal", importing)):
        listed = section(page, heading)
        check(sorted(listed) == sorted(words[kind]),
              "the manual and the program differ in %s: %s" % (kind, set(listed) ^ set(words[kind])))
    text = plain(ask)
    for sentence in words["sentence"]:
        check(plain(sentence) in text, "rogatory-ask.1 says: " + sentence)


def settings_of(folder):
    folder.run("import", "--store", "store", "--quiet", "leases.csv")
    with open(folder.store + "/rogatory.conf", encoding="utf-8") as file:
        keys = set(re.findall(r"^#?([a-z-]+) = ", file.read(), flags=re.M))
    named = set(re.findall(r"^\.It Cm ([a-z-]+) No", read("man", "rogatory.conf.5"), flags=re.M))
    check(keys and keys == named, "rogatory.conf.5 and a new rogatory.conf differ in %s" % (keys ^ named))


def bash(line):
    """What bash offers behind a command line."""
    words = line.split(" ")
    script = "source %s/completions/rogatory.bash; COMP_WORDS=(%s); COMP_CWORD=%d; _rogatory; printf '%%s\\n' \"${COMPREPLY[@]}\""
    script = "compopt() { :; }; " + script % (SOURCE, " ".join("'%s'" % word for word in words), len(words) - 1)
    return set(subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False).stdout.split())


def completions(commands):
    names = {command["name"] for command in commands}
    run = subprocess.run(["bash", "-n", os.path.join(SOURCE, "completions", "rogatory.bash")], check=False)
    check(run.returncode == 0, "bash reads its completion")
    check(bash("rogatory ") == names | {"--help", "--version"}, "bash offers the commands: %s" % bash("rogatory "))
    zsh = read("completions", "_rogatory")
    for command in commands:
        options = {"--" + option["name"] for option in command["options"]}
        offered = bash("rogatory %s --" % command["name"])
        check(offered == options, "bash offers the options of %s: %s" % (command["name"], offered ^ options))
        check("'%s:%s'" % (command["name"], command["summary"]) in zsh, "zsh describes " + command["name"])
        for option in options:
            check("'%s[" % option in zsh or "'*%s[" % option in zsh, "zsh knows %s of %s" % (option, command["name"]))
    if shutil.which("zsh"):
        run = subprocess.run(["zsh", "-n", os.path.join(SOURCE, "completions", "_rogatory")], check=False)
        check(run.returncode == 0, "zsh reads its completion")


def pages():
    if not shutil.which("mandoc"):
        return
    folder = os.path.join(SOURCE, "man")
    for name in sorted(os.listdir(folder)):
        if re.search(r"\.[15]$", name):
            run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(folder, name)],
                                 capture_output=True, text=True, check=False)
            check(run.returncode == 0, "mandoc finds fault:\n" + run.stdout)


def main():
    with Folder() as folder:
        commands = json.loads(folder.run("help", "--json").stdout)["commands"]
        options_of(commands)
        settings_of(folder)
    codes()
    completions(commands)
    pages()
    finish()


main()
