# SPDX-License-Identifier: EUPL-1.2
"""IPFIX before a live node: over UDP, TCP and TLS, with templates that are repeated, an exporter that starts anew with other
template numbers, and softflowd, whose flows are no NAT's. Usage: flow.py SANDBOX ROGATORY"""

import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time

import ipfix
import parts
import tls_files
from parts import ask_until, check, say, wait_for

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 203.0.113.0/24
longest-session = 1m
[exporter over-udp]
address = 127.0.0.11
outside = 203.0.113.11/32
dialect = rfc8158
[exporter over-tcp]
address = 127.0.0.12
outside = 203.0.113.12/32
dialect = rfc8158
[exporter over-tls]
address = 127.0.0.13
outside = 203.0.113.13/32
dialect = rfc8158
certificate-name = nat.example.net
[exporter probe]
address = 127.0.0.1
lends = nothing
[listener datagrams]
transport = udp
content = flow
port = 4739
[listener stream]
transport = tcp
content = flow
port = 4739
[listener secure]
transport = tls
content = flow
port = 4740
certificate = %(top)s/node.example.net.pem
key = %(top)s/node.example.net.key
authorities = %(top)s/authority.pem
"""

ROUNDS, AT_ONCE = 30, 10


def make_context(top):
    context = ssl.create_default_context(cafile=top + "/authority.pem")
    context.load_cert_chain(top + "/nat.example.net.pem", top + "/nat.example.net.key")
    return context


def numbers_of(node, exporter):
    return {name: node.metric("exporter_%s_total" % name, exporter=exporter) for name in ("events", "lost", "restarts", "messages")}


def talk(node, exporter, nat, name):
    """Openings and ends, and how soon they are in answers."""
    times = []
    for number in range(ROUNDS):
        exporter.send(nat.open(AT_ONCE))
        if number % 6 == 0:
            port = nat.next - 1
            took = ask_until(node, name, {nat.held[port][0]}, "%s:%d" % (nat.outside, port), "tcp")
            times.append(took if took is not None else 99999)
        if number >= 20:
            exporter.send(nat.close(range(nat.next - AT_ONCE * 20, nat.next - AT_ONCE * 20 + 5)))
        time.sleep(0.02)
    say("%s: shown after %s ms" % (name, ", ".join(map(str, sorted(times)))))


def settle(exporters):
    """Messages that go on for a while: then what came before them is known to be whole."""
    for _ in range(30):
        for exporter, nat in exporters:
            exporter.send(nat.open())
        time.sleep(0.2)


def judge(node, nat, name, least, limit=None):
    questions = nat.questions()
    answers = node.ask_batch(questions)
    right, possible, unknown, wrong = nat.judge(answers)
    for text in wrong[:10]:
        say("   WRONG: " + text)
    check(not wrong, "%s: nobody is named wrongly" % name)
    check(right >= least, "%s: %d right of %d at least: %d" % (name, least, len(questions), right))
    check(unknown == 0, "%s: whoever held it is shown: %d are not" % (name, unknown))
    say("%s: %d questions: %d one and right, %d unknown with the holder as possible, %d wrong"
        % (name, len(questions), right, possible, len(wrong)))


def write_capture(path):
    """Twenty datagrams between two hosts, as Ethernet frames."""
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number in range(20):
            body = b"plain flow"
            datagram = struct.pack("!HHHH", 5000 + number, 9, 8 + len(body), 0) + body
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), number, 0, 64, 17, 0, socket.inet_aton("192.0.2.7"),
                                 socket.inet_aton("198.51.100.9"))
            total = sum(struct.unpack("!10H", header))
            total = (total & 0xffff) + (total >> 16)
            header = header[:10] + struct.pack("!H", 0xffff & ~((total & 0xffff) + (total >> 16))) + header[12:]
            frame = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + header + datagram
            file.write(struct.pack("=IIII", int(time.time()) - 60 + number, 0, len(frame), len(frame)) + frame)


def plain_flows(node):
    """softflowd, an exporter of flows: templates and records, of which not one is an event of a NAT."""
    if shutil.which("softflowd") is None:
        say("SKIP: no softflowd (build-aux/packages)")
        return
    write_capture(node.top + "/flows.pcap")
    for version in (9, 10):
        # The socket of its control has no use here, and it waits for somebody to come to it.
        subprocess.run(["softflowd", "-d", "-r", node.top + "/flows.pcap", "-v", str(version), "-n", "127.0.0.1:4739", "-p",
                        node.top + "/softflowd.pid", "-c", "none"], check=False, timeout=20, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    messages = wait_for("softflowd's messages", lambda: node.metric("exporter_messages_total", exporter="probe") >= 2, 5)
    time.sleep(0.2)
    check(messages and node.metric("exporter_events_total", exporter="probe") == 0, "no flow is taken for an event")
    say("softflowd: %d messages of NetFlow v9 and IPFIX, no event" % node.metric("exporter_messages_total", exporter="probe"))


def restart(node, nat):
    """The exporter ends and begins anew: numbers from zero, another template, and what it had known is gone."""
    before = numbers_of(node, "over-udp")
    exporter = ipfix.Exporter("127.0.0.11", 4739, template=300)
    for number in range(ROUNDS):
        exporter.send(nat.open(AT_ONCE))
        time.sleep(0.02)
    wait_for("the events of the exporter that began anew",
             lambda: numbers_of(node, "over-udp")["events"] == before["events"] + exporter.events)
    now = numbers_of(node, "over-udp")
    check(now["events"] == before["events"] + exporter.events, "each event of the second life once: %s, %s" % (before, now))
    say("an exporter that began anew with other templates: %d events, %d taken" % (exporter.events, now["events"] - before["events"]))
    return exporter


def main():
    parts.enter(sys.argv[1], ["openssl"])
    node = parts.Node(sys.argv[2])
    tls_files.make_authority(node.top, "authority")
    for host in ("node.example.net", "nat.example.net"):
        tls_files.make_certificate(node.top, "authority", host)
    for name in ("node.example.net.pem", "node.example.net.key", "authority.pem"):
        node.own("%s/%s" % (node.top, name))
    node.configure(SETTINGS % {"top": node.top} + node.NODE)
    node.start()
    ways = [("UDP", "over-udp", ipfix.Exporter("127.0.0.11", 4739), ipfix.Nat("203.0.113.11", "100.64.1.")),
            ("TCP", "over-tcp", ipfix.Exporter("127.0.0.12", 4739, "tcp"), ipfix.Nat("203.0.113.12", "100.64.2.")),
            ("TLS", "over-tls", ipfix.Exporter("127.0.0.13", 4740, "tls", context=make_context(node.top)),
             ipfix.Nat("203.0.113.13", "100.64.3."))]
    for exporter in ways:
        exporter[2].send(exporter[3].open())
    time.sleep(3.2)  # hearing begins a second after the first message, and questions reach two seconds back
    for name, _, exporter, nat in ways:
        talk(node, exporter, nat, name)
    settle([(exporter, nat) for _, _, exporter, nat in ways])
    time.sleep(1.2)
    for name, section, exporter, nat in ways:
        said = numbers_of(node, section)
        check(said["events"] == exporter.events and said["lost"] == 0, "%s: each event once: %s of %d" % (name, said, exporter.events))
        judge(node, nat, name, ROUNDS * AT_ONCE)
    ways[0][2].close()
    again = restart(node, ways[0][3])
    settle([(again, ways[0][3])])
    judge(node, ways[0][3], "UDP, after a restart", ROUNDS * AT_ONCE)
    plain_flows(node)
    for _, _, exporter, _ in ways[1:]:
        exporter.close()
    again.close()
    check(node.stop() == 0, "the node ends well")
    if parts.failures:
        say(open(node.log, encoding="utf-8").read())
    parts.finish()


main()
