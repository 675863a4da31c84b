#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""check_system.py SOURCE: the package of these sources under a systemd of its own, in name spaces (system/enter, system/steps.py).
Skips visibly where there is no root, no systemd, or where the kernel does not allow it."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PATIENCE = 180
SOURCE = sys.argv[1]


def skip(reason):
    print("SKIP: %s; the package was not tried under systemd" % reason)
    sys.exit(SKIPPED)


def make_package(folder):
    """With the prefix of the package, whatever the build folder of the tests has."""
    build = os.environ.get("ROGATORY_DEB_BUILD", folder + "/build")
    if not os.path.exists(build + "/build.ninja"):
        subprocess.run(["meson", "setup", build, SOURCE, "-Dprefix=/usr"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([SOURCE + "/build-aux/deb", build, folder], check=True, stdout=subprocess.DEVNULL)
    return glob.glob(folder + "/*.deb")[0]


def may_unshare():
    return subprocess.run(["unshare", "--pid", "--fork", "--mount", "--uts", "--ipc", "--net", "--cgroup", "true"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


class Group:
    """A control group of its own, so that what systemd makes there goes with it."""

    def __init__(self):
        with open("/proc/mounts", encoding="utf-8") as file:
            roots = [line.split()[1] for line in file if line.split()[2] == "cgroup2"]
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            own = [line.rstrip("\n").split(":", 2)[2] for line in file if line.startswith("0::")]
        self.path = "%s/%s/rogatory-trial-%d" % (roots[0], own[0].strip("/"), os.getpid()) if roots and own else None

    def __enter__(self):
        try:
            os.mkdir(self.path or "")
        except OSError as error:
            skip("no control group can be made (%s)" % error)
        return self

    def join(self):
        with open(self.path + "/cgroup.procs", "w", encoding="utf-8") as file:
            file.write("0")

    def __exit__(self, *_):
        for _ in range(50):
            try:
                for path, _, _ in os.walk(self.path, topdown=False):
                    os.rmdir(path)
                return
            except OSError:
                time.sleep(0.1)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def main():
    if os.geteuid() != 0:
        skip("not root")
    for tool in ("unshare", "dpkg", "/lib/systemd/systemd", "meson", "strip"):
        if not shutil.which(tool):
            skip("%s not found" % tool)
    if not may_unshare():
        skip("no name spaces here")
    with tempfile.TemporaryDirectory() as folder, Group() as group:
        package = make_package(folder)
        with open(folder + "/console", "w", encoding="utf-8") as console:
            inside = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--cgroup",
                                       SOURCE + "/packaging/system/enter", folder, package, SOURCE + "/packaging/system/steps.py"],
                                      stdout=console, stderr=console, stdin=subprocess.DEVNULL, start_new_session=True,
                                      preexec_fn=group.join)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and inside.poll() is None and not os.path.exists(folder + "/code"):
                time.sleep(0.2)
            ended = inside.poll()
            os.killpg(inside.pid, signal.SIGKILL) if ended is None else None
            inside.wait()
        print(read(folder + "/said"), end="")
        if not os.path.exists(folder + "/code"):
            if ended is not None:
                skip("systemd cannot be started here: " + read(folder + "/console")[-400:])
            print("FAILED: it did not come to an end")
            sys.exit(1)
        sys.exit(int(read(folder + "/code")))


main()
