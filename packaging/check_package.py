#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""check_package.py SOURCE BUILD: the Debian package of a build folder is made, looked at, installed into a folder that stands
for a system, removed, and purged: what it leaves is the store and nothing else. Skips visibly without dpkg or root."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SOURCE, BUILD = sys.argv[1:3]
failures = 0
# Whoever commits meanwhile changes neither the package nor its time.
os.environ.update(ROGATORY_IS_BUILT="1", SOURCE_DATE_EPOCH="1700000000")


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("FAILED: " + what)


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    return done.returncode, done.stdout + done.stderr


def skip(reason):
    print("SKIP: %s; the package was not made" % reason)
    sys.exit(SKIPPED)


def files_of(root):
    """Every file and link below, without what dpkg keeps for itself."""
    found = set()
    for path, folders, files in os.walk(root):
        if path == root:
            folders[:] = [name for name in folders if name != "admin"]
        for name in files + [name for name in folders if os.path.islink(os.path.join(path, name))]:
            found.add(os.path.relpath(os.path.join(path, name), root))
    return found


def content(package):
    code, listing = run("dpkg-deb", "-c", package)
    check(code == 0, "dpkg-deb -c: " + listing)
    lines = listing.splitlines()
    names = {line.split()[5].lstrip("."): line.split() for line in lines}
    wanted = ["bin/rogatory", "sbin/rogatoryd", "libexec/rogatory/rogatory-collect", "libexec/rogatory/rogatory-store",
              "share/man/man1/rogatory.1.gz", "share/man/man5/rogatory.conf.5.gz", "share/man/man8/rogatoryd.8.gz",
              "share/bash-completion/completions/rogatory", "share/zsh/site-functions/_rogatory",
              "lib/systemd/system/rogatoryd.service", "lib/systemd/system/rogatory.socket", "lib/sysusers.d/rogatory.conf",
              "lib/tmpfiles.d/rogatory.conf", "share/rogatory/journal.tmpfiles", "share/doc/rogatory/copyright",
              "share/doc/rogatory/README.Debian", "share/doc/rogatory/examples/conntrack.conf.example"]
    for name in wanted:
        check(any(path.endswith("/" + name) for path in names), "the package holds " + name)
    check(all(words[1] == "root/root" for words in names.values()), "everything is root's")
    check(not [path for path, words in names.items() if "s" in words[0] or "w" in words[0][4:]],
          "nothing is set-uid or others' to write")
    _, control = run("dpkg-deb", "-f", package)
    check("libc6" in control and "libssl3" in control and "libevent" in control, "it names what it is linked with: " + control)


def life(package, root):
    """Installed, removed, installed, purged in a folder: accounts, folders, and what stays."""
    admin = root + "/admin"
    for folder in ("/admin/info", "/admin/updates", "/admin/triggers", "/etc", "/var/lib", "/tmp"):
        os.makedirs(root + folder)
    open(admin + "/status", "w", encoding="utf-8").close()
    dpkg = ["dpkg", "--root=" + root, "--admindir=" + admin, "--force-depends", "--force-script-chrootless", "--force-not-root",
            "--log=" + root + "/tmp/log"]

    def step(*words):
        code, said = run(*dpkg, *words, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
        check(code == 0, "dpkg %s: %s" % (" ".join(words), said))
        return said
    step("--install", package)
    with open(root + "/etc/passwd", encoding="utf-8") as file:
        accounts = {line.split(":")[0]: int(line.split(":")[2]) for line in file}
    check({"rogatory", "rogatory-collect"} <= set(accounts), "its accounts are made: %s" % accounts)
    store = os.stat(root + "/var/lib/rogatory")
    check(store.st_mode & 0o777 == 0o710 and store.st_uid == accounts["rogatory"], "the store's place is made: %s" % (store,))
    check(os.listdir(root + "/var/lib/rogatory") == [], "and is empty, as 'rogatory init' wants it")
    program = glob.glob(root + "/**/bin/rogatory", recursive=True)
    code, said = run(program[0], "init", root + "/var/lib/rogatory")
    check(code == 0, "the installed program makes a store there: " + said)
    daemon = glob.glob(root + "/**/sbin/rogatoryd", recursive=True)
    code, said = run(daemon[0], "--check", "--config", root + "/var/lib/rogatory")
    check("event=" in said or code == 0, "the installed node reads it: %d %s" % (code, said))
    kept = {name for name in files_of(root) if name.startswith("var/lib/rogatory/")}
    step("--remove", "rogatory")
    left = {name for name in files_of(root) if "rogatory" in name and name not in kept}
    check(not left, "removed, nothing of it is left but the store: %s" % sorted(left))
    step("--install", package)
    said = step("--purge", "rogatory")
    check("/var/lib/rogatory is left as it is" in said, "a purge says that the store stays: " + said)
    check(kept <= files_of(root), "and it stays")
    check(not os.path.isdir(root + "/etc/rogatory"), "a folder for keys without keys goes")


def main():
    for tool in ("dpkg-deb", "dpkg-shlibdeps", "systemd-sysusers", "systemd-tmpfiles", "strip"):
        if not shutil.which(tool):
            skip("%s not found" % tool)
    if os.geteuid() != 0:
        skip("not root")
    with tempfile.TemporaryDirectory() as folder:
        code, said = run(SOURCE + "/build-aux/deb", BUILD, folder + "/first")
        check(code == 0, "build-aux/deb: " + said)
        packages = glob.glob(folder + "/first/*.deb")
        if packages:
            content(packages[0])
            os.mkdir(folder + "/root")
            os.chmod(folder, 0o755)
            life(packages[0], folder + "/root")
            run(SOURCE + "/build-aux/deb", BUILD, folder + "/second")
            code, said = run("cmp", packages[0], *glob.glob(folder + "/second/*.deb"))
            check(code == 0, "the same build gives the same package: " + said)
    print("%d failed" % failures if failures else "all as expected")
    sys.exit(1 if failures else 0)


main()
