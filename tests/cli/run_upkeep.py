# SPDX-License-Identifier: EUPL-1.2
"""A store from its making on: init, and what conf-check finds."""

import json
import os
import shutil

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


NODE = """\
[node]
store-user = nobody-of-that-name
ask-socket = /nowhere/ask.socket
[exporter cgn1]
address = 192.0.2.1
[exporter bng]
address = 192.0.2.2
secret-file = FOLDER/secret
[listener flows]
transport = udp
content = flow
port = 4739
[listener secure]
transport = tls
content = flow
port = 4740
certificate = FOLDER/nowhere.pem
key = FOLDER/node.key
"""


def node(folder):
    """What conf-check finds of a node's accounts, files and folders."""
    os.chmod(folder.write("secret", "\n"), 0o600)
    os.chmod(folder.write("node.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), 0o600)
    os.chmod(folder.write("node.conf", NODE.replace("FOLDER", folder.path)), 0o600)

    def mistakes():
        run = folder.run("conf-check", "--config", "node.conf", "--json")
        return {each["line"]: each["mistake"].replace(folder.path, "FOLDER") for each in json.loads(run.stdout)["mistakes"]}
    said = mistakes()
    wanted = {2: 'store-user: there is no user "nobody-of-that-name" on this system', 3: "ask-socket: /nowhere: there is no",
              8: "holds no secret in its first line", 17: "certificate: FOLDER/nowhere.pem: cannot be read",
              18: "is a key under a passphrase"}
    check(set(said) == set(wanted) and all(wanted[line] in said[line] for line in wanted), "mistakes of a node: %s" % said)
    folder.write("secret", "hidden\n")
    os.chmod(folder.file("secret"), 0o644)
    folder.write("node.key", "-----BEGIN PRIVATE KEY-----\n")
    os.chmod(folder.file("node.key"), 0o660)
    os.chmod(folder.write("nowhere.pem", "Certificate:\n"), 0o644)
    said = mistakes()
    check("let other accounts read it; chmod o-rwx" in said[8] and "let other accounts change it; chmod go-w" in said[18] and
          "holds no certificate in PEM" in said[17], "rights of a node's files: %s" % said)
    os.chmod(folder.file("secret"), 0o640)
    os.chmod(folder.file("node.key"), 0o640)
    folder.write("nowhere.pem", "-----BEGIN CERTIFICATE-----\n")
    check(set(mistakes()) == {2, 3}, "what it says to do helps: %s" % mistakes())
    text = NODE.replace("FOLDER", folder.path).replace("store-user = nobody-of-that-name\nask-socket = /nowhere/ask.socket\n", "")
    folder.write("node.conf", text)
    run = folder.run("conf-check", "--config", "node.conf")
    check(run.returncode == 0 and "1 realm, 2 exporters, 2 listeners" in run.stdout, "a sound node: " + run.stdout)
    if os.geteuid() == 0:
        folder.write("new/rogatory.conf", "[node]\nstore-user = nobody\n")
        run = folder.run("conf-check", "--config", "new")
        check(run.returncode == 1 and "does not belong to nobody" in run.stdout, "whose the folder is: " + run.stdout)
        shutil.chown(folder.file("new"), "nobody")
        run = folder.run("conf-check", "--config", "new")
        check(run.returncode == 1 and "chown -R nobody: new/" in run.stdout, "whose the files in it are: " + run.stdout)
        shutil.chown(folder.file("new"), "root")
        os.chmod(folder.file("secret"), 0o600)
        folder.write("new/rogatory.conf", "[node]\nstore-user = nobody\n[exporter bng]\naddress = 192.0.2.2\n"
                     "secret-file = %s/secret\n" % folder.path)
        run = folder.run("conf-check", "--config", "new")
        check("cannot be read by nobody, the store-user" in run.stdout, "who reads a secret: " + run.stdout)


def main():
    with Folder() as folder:
        init(folder)
        conf_check(folder)
        node(folder)
    finish()


main()
