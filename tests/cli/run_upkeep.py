# SPDX-License-Identifier: EUPL-1.2
"""A store from its making on: init, and what conf-check finds."""

import json
import os

from cases import Folder, check, expect, finish

MISTAKES = """\
retain = 1d
[realm default]
zone = Berlin
mapping = endpoint-indepndent
retian = 30d
[exporter cgn1]
realm = mobile
dialect = klingon
delay = 2
[exporter cgn2]
dialect = cisco-nel
[exporter cgn2]
"""


def init(folder):
    expect("init.txt", folder.run("init", "new"), 0)
    new = folder.file("new")
    check(os.stat(new).st_mode & 0o777 == 0o700, "the folder is its owner's alone")
    check(os.stat(new + "/rogatory.conf").st_mode & 0o777 == 0o600, "and so are the settings")
    expect("init-again.txt", folder.run("init", "new"), 1)
    os.mkdir(folder.file("full"))
    folder.write("full/.hidden", "")
    expect("init-full.txt", folder.run("init", "full"), 1)
    check(os.listdir(folder.file("full")) == [".hidden"], "a folder that is not empty is left as it is")
    os.mkdir(folder.file("open"), 0o755)
    check(json.loads(folder.run("init", "--json", "open").stdout) == {"store": "open", "created": True, "key": None},
          "init --json")
    check(os.stat(folder.file("open")).st_mode & 0o777 == 0o700, "an open folder is closed")
    run = folder.run("init", "--key", "file:%s/default.key" % folder.path, "sealed")
    check(run.returncode == 0 and "sealed by file:" in run.stdout, "init --key: " + run.stdout + run.stderr)
    check(folder.run("conf-check", "--config", "sealed").returncode == 0, "a sealed store is sound before it has a key")
    expect("init-bad-key.txt", folder.run("init", "--key", "file:default.key", "other"), 2)
    check(not os.path.exists(folder.file("other")), "a mistake in the key makes nothing")
    os.chmod(folder.write("default.key", "x"), 0o644)
    run = folder.run("conf-check", "--config", "sealed")
    check(run.returncode == 1 and "let other accounts read it" in run.stdout, "a key that others may read: " + run.stdout)
    os.remove(folder.file("default.key"))
    check(folder.run("init", "--key", "file:/nowhere/default.key", "third").returncode == 0, "the key's folder may come later")
    expect("conf-check-key-folder.txt", folder.run("conf-check", "--config", "third"), 1)
    expect("init-no-folder.txt", folder.run("init"), 2)
    expect("init-checked.txt", folder.run("check", "--store", "new"), 0)


def conf_check(folder):
    expect("conf-check-sound.txt", folder.run("conf-check", "--config", "new"), 0)
    path = folder.write("bad.conf", MISTAKES)
    os.chmod(path, 0o600)
    expect("conf-check-bad.txt", folder.run("conf-check", "--config", "bad.conf"), 1)
    said = json.loads(folder.run("conf-check", "--config", "bad.conf", "--json").stdout)
    check(not said["sound"] and [each["line"] for each in said["mistakes"]] == [1, 3, 4, 5, 7, 8, 9, 12],
          "conf-check --json: every mistake with its line")
    expect("conf-check-missing.txt", folder.run("conf-check", "--config", "nowhere"), 1)
    expect("conf-check-no-path.txt", folder.run("conf-check"), 2)
    os.chmod(folder.file("new/access.log"), 0o640)
    os.chmod(folder.file("new"), 0o770)
    expect("conf-check-rights.txt", folder.run("conf-check", "--config", "new"), 1)
    expect("check-rights.txt", folder.run("check", "--store", "new"), 1)
    check(not json.loads(folder.run("check", "--store", "new", "--json").stdout)["mistakes"] == [], "check --json tells them too")
    os.chmod(folder.file("new/access.log"), 0o600)
    os.chmod(folder.file("new"), 0o700)
    check(folder.run("conf-check", "--config", "new").returncode == 0, "what it says to do helps")


def main():
    with Folder() as folder:
        init(folder)
        conf_check(folder)
    finish()


main()
