# SPDX-License-Identifier: EUPL-1.2
"""rsyslog as the relay of two NATs before a live node: over TLS with a client certificate (RFC 5425), over TCP with octet counting and
with newlines (RFC 6587). Lines are written by logger(1). Usage: rsyslog.py SANDBOX ROGATORY"""

import os
import socket
import ssl
import subprocess
import sys
import time

import parts
import tls_files
from parts import ask_until, check, say, wait_for

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 203.0.113.0/24
[exporter relay]
lends = nothing
address = 127.0.0.1
certificate-name = relay.example.net
[exporter nat-juniper]
dialect = juniper-pba
loss = reported
[exporter nat-six]
dialect = 6wind
loss = reported
zone = Europe/Berlin
year = %(year)d
[listener secure]
transport = tls
content = syslog
port = 6514
certificate = %(top)s/node.example.net.pem
key = %(top)s/node.example.net.key
authorities = %(top)s/authority.pem
[listener plain]
transport = tcp
content = syslog
port = 10514
"""

RELAY = """\
global(workDirectory="%(top)s/relay" defaultNetstreamDriverCAFile="%(top)s/authority.pem"
       defaultNetstreamDriverCertFile="%(top)s/relay.example.net.pem" defaultNetstreamDriverKeyFile="%(top)s/relay.example.net.key")
module(load="imudp")
template(name="asItCame" type="string" string="%%rawmsg%%")
"""

# One way of sending on: rsyslog listens on a port of its own for each. The 6WIND writes the old header without a zone, which is
# sent on as it came; in a template with a zone rsyslog would write its own beside the other's time.
WAY = """\
input(type="imudp" port="%(port)d" ruleset="way%(port)d")
ruleset(name="way%(port)d") {
        if $hostname == "nat-six" then {
                action(type="omfwd" target="127.0.0.1" protocol="tcp" template="%(old)s" action.resumeInterval="1" %(options)s)
        } else {
                action(type="omfwd" target="127.0.0.1" protocol="tcp" template="%(new)s" action.resumeInterval="1" %(options)s)
        }
}
"""

TLS = ('port="6514" TCP_Framing="octet-counted" StreamDriver="%s" StreamDriverMode="1" StreamDriverAuthMode="x509/name" '
       'StreamDriverPermittedPeers="node.example.net"')

WAYS = (
    (5514, "TLS by OpenSSL", True, TLS % "ossl", "lmnsd_ossl.so"),
    (5515, "TLS by GnuTLS", False, TLS % "gtls", "lmnsd_gtls.so"),
    (5516, "TCP, octets counted", True, 'port="10514" TCP_Framing="octet-counted"', None),
    (5517, "TCP, a line each", True, 'port="10514" TCP_Framing="traditional"', None),
)


def has_module(name):
    return name is None or any(os.path.exists(folder + "/rsyslog/" + name)
                               for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"))


def logger(host, port, *words):
    """A line of that host, in local time of Berlin, which is where the NATs stand."""
    subprocess.run(["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec logger "$@"', host, "--server", "127.0.0.1",
                    "--port", str(port), "--udp", "--priority", "local0.info", *words], check=True,
                   env=dict(os.environ, TZ="Europe/Berlin"))


def juniper(host, port, number):
    now = int(time.time())
    logger(host, port, "--rfc5424=notq", "--tag", "RT_NAT", "--msgid", "RT_SRC_NAT_PBA_ALLOC", "--sd-id", "junos@2636.1.1.1.2.135",
           *[word for name, value in (("internal-ip", "100.64.0.%d" % number), ("block-port-low", 1024 + number * 64),
                                      ("block-port-high", 1087 + number * 64), ("reflexive-ip", "203.0.113.1"),
                                      ("epoch-time-64", "%x" % now))
             for word in ("--sd-param", '%s="%s"' % (name, value))], "--", "block allocated")
    return now


def six(host, port, number):
    now = int(time.time())
    logger(host, port, "--rfc3164", "--tag", "fp-cgnat", "--id=4269", "--", "USER 100.64.1.%d (matching rule 1): NEW BLOCK (ip public "
           "203.0.113.2, proto 6, port %d - %d)" % (number, 1024 + number * 64, 1087 + number * 64))
    return now


def start_relay(top, ways):
    os.mkdir(top + "/relay")
    path = top + "/rsyslog.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(RELAY % {"top": top})
        for port, _, written_anew, options, _ in ways:
            old, new = ("RSYSLOG_TraditionalForwardFormat", "RSYSLOG_SyslogProtocol23Format") if written_anew else ("asItCame",) * 2
            file.write(WAY % {"port": port, "old": old, "new": new, "options": options})
    said = open(top + "/rsyslog.log", "w", encoding="ascii")
    relay = subprocess.Popen(["rsyslogd", "-n", "-f", path, "-i", top + "/rsyslog.pid"], stdout=said, stderr=said)
    wait_for("rsyslog", lambda: all(":%04X " % port in open("/proc/net/udp", encoding="ascii").read() for port, *_ in ways))
    return relay


def send(node, ways):
    number = 0
    for port, name, *_ in ways:
        number += 1
        at = juniper("nat-juniper", port, number)
        took = ask_until(node, name + ", Juniper", {"100.64.0.%d" % number}, "203.0.113.1:%d" % (1030 + number * 64), "tcp", at=at)
        at = six("nat-six", port, number)
        also = ask_until(node, name + ", 6WIND", {"100.64.1.%d" % number}, "203.0.113.2:%d" % (1030 + number * 64), "tcp", at=at)
        say("%s: shown after %s and %s ms" % (name, took, also))
    said = node.metrics()
    for exporter in ("nat-juniper", "nat-six"):
        events = said.get('rogatory_exporter_events_total{exporter="%s"}' % exporter)
        check(events == number, "each line once, %s: %s of %d" % (exporter, events, number))


def refusals(node):
    return sum(value for key, value in node.metrics().items() if key.startswith("rogatory_exporter_refused_total"))


def unknown_host(node, port):
    before = refusals(node)
    at = juniper("nat-nobody", port, 40)
    check(wait_for("the refusal of an unknown host", lambda: refusals(node) == before + 1), "counted once: %g" % (refusals(node) - before))
    answer = node.ask("203.0.113.1:%d" % (1030 + 40 * 64), "tcp", at=at)
    check(not parts.shown(answer), "nobody by an unknown host's line: %s" % answer)
    say("a line of a host that nobody declared: refused and counted")


def strangers(node):
    """Who has a certificate of somebody else, or none, gets nothing in."""
    def sends(certificate):
        context = ssl.create_default_context(cafile=node.top + "/authority.pem")
        if certificate:
            context.load_cert_chain("%s/%s.pem" % (node.top, certificate), "%s/%s.key" % (node.top, certificate))
        line = b"<14>1 2026-11-20T00:00:00.000Z nat-nobody RT_NAT - - - nothing\n"
        try:
            with socket.create_connection(("127.0.0.1", 6514), 5) as plain, \
                    context.wrap_socket(plain, server_hostname="node.example.net") as stream:
                stream.sendall(b"%d %s" % (len(line), line))
                stream.settimeout(5)
                return stream.recv(1) != b""
        except (ssl.SSLError, ConnectionError):
            return False
        except TimeoutError:
            return True
    before = refusals(node)
    received = node.metric("listener_delivered_total", listener="secure")
    for certificate in (None, "forged.example.net", "other.example.net"):
        check(not sends(certificate), "%s is let in" % (certificate or "nobody"))
    check(refusals(node) == before and node.metric("listener_delivered_total", listener="secure") == received,
          "nothing of strangers is taken")
    say("TLS without a certificate, with one of another authority, with another name: not let in")


def main():
    parts.enter(sys.argv[1], ["rsyslogd", "logger", "openssl"])
    ways = [way for way in WAYS if has_module(way[4])]
    if len(ways) < len(WAYS):
        say("SKIP: only some of rsyslog's modules for TLS are here")
    node = parts.Node(sys.argv[2])
    tls_files.make_authority(node.top, "authority")
    tls_files.make_authority(node.top, "stranger")
    for host in ("node.example.net", "relay.example.net", "other.example.net"):
        tls_files.make_certificate(node.top, "authority", host)
    tls_files.make_certificate(node.top, "stranger", "forged.example.net")
    for name in ("node.example.net.pem", "node.example.net.key", "authority.pem"):
        node.own("%s/%s" % (node.top, name))
    node.configure(SETTINGS % {"top": node.top, "year": time.gmtime().tm_year} + node.NODE)
    node.start()
    relay = start_relay(node.top, ways)
    try:
        send(node, ways)
        unknown_host(node, ways[0][0])
        unknown_host(node, ways[-1][0])
        strangers(node)
    finally:
        relay.kill()
        if parts.failures:
            say(open(node.top + "/rsyslog.log", encoding="utf-8").read())
            say(open(node.log, encoding="utf-8").read())
            say("\n".join("%s %g" % pair for pair in node.metrics().items() if pair[1] and "exporter" in pair[0]))
    check(node.stop() == 0, "the node ends well")
    parts.finish()


main()
