# SPDX-License-Identifier: EUPL-1.2
"""pmacct: nfacctd writes every NAT event as a line of CSV. It has no lookup of its own.

CONFIG-KEYS: aggregate with nat_event and the post_nat primitives ("let pmacct act as a traffic logger up to the micro-second
level" by timestamp_start), print_output csv; plugin_pipe_size, plugin_buffer_size and nfacctd_pipe_size as advised there for
losses between kernel, core and plugin.
"""
import ctypes
import os
import signal
import subprocess
import threading
import time

from harness.process import first_line
from peers import NotMeasured, Peer, debian, free_port, send, surroundings

MESSAGES_PER_SECOND = 2500
SETTINGS = """daemonize: false
nfacctd_ip: 127.0.0.1
nfacctd_port: {port}
nfacctd_pipe_size: 16777216
plugins: print[nat]
aggregate[nat]: src_host, dst_host, src_port, dst_port, proto, post_nat_src_host, post_nat_src_port, nat_event, timestamp_start
print_output[nat]: csv
print_output_file[nat]: {folder}/nat.csv
print_output_file_append[nat]: true
print_refresh_time[nat]: 10
print_cache_entries[nat]: 262139
plugin_pipe_size[nat]: 268435456
plugin_buffer_size[nat]: 65536
"""


PR_SET_CHILD_SUBREAPER = 36  # prctl(2): its plugins and writers, orphaned at the end, are ours to wait for


def wait_for_group(leader):
    """Waits for every process of a group; their CPU seconds and the largest memory."""
    cpu, memory = 0, 0
    while True:
        try:
            _, _, usage = os.wait4(-leader, 0)
        except ChildProcessError:
            return {"cpu": cpu, "memory": memory}
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss * 1024)


class Pmacct(Peer):
    name = "pmacct"
    input = "ipfix"
    questions = 0
    note = "lines of CSV, unpaired; no lookup"

    def install(self):
        self.environment = surroundings(debian(self.cache, "pmacct"))
        self.version = first_line(["nfacctd", "-V"], env=self.environment)

    def ingest(self, path, sessions):
        self.empty()
        port = free_port()
        settings = os.path.join(self.folder, "nfacctd.conf")
        with open(settings, "w") as file:
            file.write(SETTINGS.format(port=port, folder=self.folder))
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        process = subprocess.Popen(["nfacctd", "-f", settings], env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=self.folder, start_new_session=True)
        begun = time.monotonic()
        try:
            time.sleep(1)
            send(path, port, MESSAGES_PER_SECOND)
            time.sleep(2)
            sent = time.monotonic() - 3
        finally:
            process.send_signal(signal.SIGINT)  # it writes what it has, and ends
            watch = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
            watch.start()
            cost = wait_for_group(process.pid)
            watch.cancel()
            process.returncode = 0
        file = os.path.join(self.folder, "nat.csv")
        if not os.path.exists(file):
            raise NotMeasured("it wrote nothing")
        with open(file, "rb") as lines:
            kept = sum(not line.startswith(b"SRC_IP") for line in lines)
        return cost | {"wall": sent - begun, "bytes": os.path.getsize(file), "sessions": kept / 2}
