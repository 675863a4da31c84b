# SPDX-License-Identifier: EUPL-1.2
"""Running programs and saying what they cost, and what machine they ran on."""
import os
import platform
import statistics
import subprocess
import time


class Failed(Exception):
    pass


def measured(arguments, expected=(0,), output=subprocess.DEVNULL, **more):
    """Runs a program; its CPU seconds (with all it waited for), wall seconds and peak memory in bytes."""
    begun = time.monotonic()
    process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.PIPE, **more)
    words = process.stderr.read().decode(errors="replace")
    cost = waited(process)
    cost["wall"] = time.monotonic() - begun
    if process.returncode not in expected:
        raise Failed(f"{' '.join(map(str, arguments))}: exit code {process.returncode}: {words.strip()[-400:]}")
    return cost


def waited(process):
    """Waits for a program that was started elsewhere."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}


def output_of(arguments, **more):
    run = subprocess.run(arguments, capture_output=True, text=True, **more)
    if run.returncode != 0:
        raise Failed(f"{' '.join(map(str, arguments))}: exit code {run.returncode}: {run.stderr.strip()[-400:]}")
    return run.stdout


def first_line(arguments, **more):
    try:
        run = subprocess.run(arguments, capture_output=True, text=True, **more)
    except OSError:
        return "not installed"
    return ((run.stdout or run.stderr).splitlines() or ["unknown"])[0].strip()


def spread(values):
    """What is kept of repeated measurements."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def folder_bytes(folder, ending=""):
    return sum(os.path.getsize(os.path.join(path, name))
               for path, _, names in os.walk(folder) for name in names if name.endswith(ending))


SYNCED = set()  # (inode, time of change) of files that are known to be on the disk


def drive_out(folder):
    """Drives the files of a folder out of the page cache. Unlike /proc/sys/vm/drop_caches this needs no privilege and
    leaves the rest of the machine alone; bench/lookups counts with mincore what stays, which is nothing."""
    for path, _, names in os.walk(folder):
        for name in names:
            file = os.open(os.path.join(path, name), os.O_RDONLY)
            status = os.fstat(file)
            if (status.st_ino, status.st_mtime_ns) not in SYNCED:  # what is not yet written cannot be driven out
                os.fsync(file)
                SYNCED.add((status.st_ino, status.st_mtime_ns))
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{names[0] if names else platform.machine()}, {os.cpu_count()} processors, {memory:.0f} GiB, "
            f"Linux {platform.release()}")


def load():
    """Processes that wanted a processor in the last minute, five, fifteen."""
    return [round(value, 2) for value in os.getloadavg()]
