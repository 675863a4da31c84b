# SPDX-License-Identifier: EUPL-1.2
"""FreeRADIUS and its client before a live node: what is accounted reaches the node by a proxy, as a copy, by radrelay and directly;
answers get lost, secrets are wrong. Usage: radius.py SANDBOX ROGATORY"""

import os
import subprocess
import sys
import time

import parts
from parts import ask_until, ask_until_verdict, check, say, wait_for

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 198.51.100.0/24
lease-log = complete
clock-uncertainty = 1s
[exporter freeradius]
lends = nothing
loss = reported
address = 127.0.0.5
secret-file = %(secret)s
[exporter nas]
lends = nothing
loss = reported
address = 127.0.0.1
secret-file = %(other)s
[listener accounting]
transport = radius
port = 11813
"""

SERVER = """\
name = freeradius
prefix = /usr
localstatedir = %(top)s
logdir = %(top)s
run_dir = %(top)s
libdir = /usr/lib/freeradius
max_requests = 1024
log {
	destination = files
	file = %(top)s/freeradius.log
}
security {
	max_attributes = 200
	reject_delay = 0
	status_server = no
}
thread pool {
	start_servers = 2
	max_servers = 4
	min_spare_servers = 1
	max_spare_servers = 2
}
client here {
	ipaddr = 127.0.0.0/8
	secret = access
}
proxy server {
	default_fallback = no
}
home_server node {
	type = acct
	ipaddr = 127.0.0.1
	src_ipaddr = 127.0.0.5
	port = 11813
	secret = between-servers
	response_window = 2
	status_check = none
}
home_server_pool nodes {
	type = fail-over
	home_server = node
}
realm node {
	acct_pool = nodes
	nostrip
}
modules {
	always ok {
		rcode = ok
	}
	replicate {
	}
	detail {
		filename = %(top)s/detail
		permissions = 0600
	}
	detail relayed {
		filename = %(top)s/relayed
		permissions = 0600
		locking = yes
	}
}
server proxied {
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = 1813
	}
	preacct {
		update control {
			Proxy-To-Realm := "node"
		}
	}
	accounting {
		detail
	}
}
server copied {
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = 1814
	}
	preacct {
		update control {
			Replicate-To-Realm := "node"
		}
		replicate
	}
	accounting {
		detail
	}
}
server written {
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = 1815
	}
	accounting {
		relayed
	}
}
server radrelay {
	listen {
		type = detail
		filename = %(top)s/relayed
		load_factor = 90
		poll_interval = 1
		retry_interval = 2
	}
	preacct {
		update control {
			Proxy-To-Realm := "node"
		}
	}
	accounting {
		ok
	}
}
"""


class Session:
    number = 0

    def __init__(self):
        Session.number += 1
        self.number = Session.number
        self.name = "customer-%d" % self.number
        self.address = "198.51.100.%d" % self.number
        self.prefix = "2001:db8:0:%x::/64" % self.number
        self.begun = time.time()

    def send(self, status, port, secret="access", options=("-t", "2", "-r", "3")):
        """True where it was answered."""
        words = ["Acct-Status-Type = " + status, 'User-Name = "%s"' % self.name, "Framed-IP-Address = " + self.address,
                 "Framed-IPv6-Prefix = " + self.prefix,
                 'Acct-Session-Id = "s%d"' % self.number, "NAS-IP-Address = 192.0.2.1", "NAS-Port = %d" % self.number,
                 "Event-Timestamp = %d" % time.time(), "Acct-Session-Time = %d" % (time.time() - self.begun)]
        if port == 11813:
            words.append("Message-Authenticator = 0x00")
        run = subprocess.run(["radclient", "-x", "-D", "/usr/share/freeradius", *options, "127.0.0.1:%d" % port, "acct", secret],
                             input="\n".join(words) + "\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             check=False)
        return "Received Accounting-Response" in run.stdout, run.stdout.count("Sent Accounting-Request")


def start_server(top):
    folder = top + "/raddb"
    os.mkdir(folder)
    with open(folder + "/radiusd.conf", "w", encoding="ascii") as file:
        file.write(SERVER % {"top": top})
    with open(folder + "/dictionary", "w", encoding="ascii") as file:
        file.write("")
    server = subprocess.Popen(["freeradius", "-f", "-d", folder, "-n", "radiusd"])
    log = top + "/freeradius.log"
    if not wait_for("FreeRADIUS", lambda: os.path.exists(log) and "Ready to process" in open(log, encoding="utf-8").read()):
        say(open(log, encoding="utf-8").read() if os.path.exists(log) else "no log")
        parts.finish()
    return server


def ways(node):
    """Each way that accounting comes: answered, and shown at once."""
    for name, port, secret in (("proxied by FreeRADIUS", 1813, "access"), ("copied by FreeRADIUS (replicate)", 1814, "access"),
                               ("by radrelay", 1815, "access"), ("directly, with Message-Authenticator", 11813, "hidden")):
        session = Session()
        answered, _ = session.send("Start", port, secret)
        check(answered, name + ": answered")
        took = ask_until(node, name, {session.name}, session.address, skew="10ms", at=time.time())
        say("%s: a lease is in answers %s ms after the client had its answer" % (name, took))
    return session


def lost_answers(node):
    """Answers that get lost: the request comes again, is known, answered again, and is taken once."""
    session = Session()
    before = node.metrics()
    rule = ["nft", "-f", "-"]
    subprocess.run(rule, input="table inet cut {\nchain out {\ntype filter hook output priority 0\nudp sport 11813 drop\n}\n}\n",
                   text=True, check=True)
    client = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2.5); import subprocess; "
                               "subprocess.run(['nft', 'delete', 'table', 'inet', 'cut'], check=True)"])
    answered, sent = session.send("Start", 11813, "hidden", ("-t", "1", "-r", "8"))
    client.wait()
    check(answered and sent >= 3, "a lost answer is given again: %s after %d requests" % (answered, sent))
    # Each record holds two leases: an address and a prefix.
    wait_for("the numbers", lambda: leases(node.metrics()) >= leases(before) + 2)
    time.sleep(0.3)
    taken = leases(node.metrics()) - leases(before)
    check(taken == 2, "the two leases of one record out of %d requests: %g" % (sent, taken))
    say("answers were lost: %d requests, %g leases of one record" % (sent, taken))
    ask_until(node, "after lost answers", {session.name}, session.address, skew="10ms", at=time.time())


def leases(metrics):
    return sum(value for key, value in metrics.items() if key.startswith("rogatory_exporter_leases_total"))


def refused(metrics):
    return sum(value for key, value in metrics.items() if key.startswith("rogatory_listener_refused_total"))


def wrong_secret(node):
    session = Session()
    before = node.metrics()
    answered, sent = session.send("Start", 11813, "guessed", ("-t", "0.3", "-r", "2"))
    check(not answered, "a wrong secret is not answered")
    wait_for("refusals", lambda: refused(node.metrics()) >= refused(before) + sent)
    check(leases(node.metrics()) == leases(before), "and nothing is taken")
    check(session.name not in parts.shown(node.ask(session.address, skew="10ms")), "and nobody is shown")
    say("a wrong secret: %d requests, %g refused, none answered" % (sent, refused(node.metrics()) - refused(before)))


def change_of_hands(node):
    """The same prefix, given up and given to another: never the wrong one, and each proven once later records are there."""
    first, second = Session(), Session()
    second.prefix = first.prefix
    host = first.prefix.replace("/64", "1")
    check(first.send("Start", 1813)[0], "start")
    held = time.time() + 2.5
    time.sleep(4.5)
    check(first.send("Stop", 1813)[0], "stop")
    time.sleep(1.5)
    check(second.send("Start", 1813)[0], "start of another")
    time.sleep(3)
    later = time.time()
    time.sleep(3)
    check(second.send("Interim-Update", 1813)[0], "interim")
    ask_until_verdict(node, "the first tenant", "one", first.name, host, at=held)
    ask_until_verdict(node, "the second tenant", "one", second.name, host, at=later)
    say("a prefix that changed hands: ONE and the right one, before and after")


def main():
    parts.enter(sys.argv[1], ["freeradius", "radclient", "nft"])
    node = parts.Node(sys.argv[2])
    secret = node.write("secret", "between-servers\n")
    other = node.write("other", "hidden\n")
    node.configure(SETTINGS % {"secret": secret, "other": other} + node.NODE)
    node.start()
    server = start_server(node.top)
    try:
        ways(node)
        lost_answers(node)
        wrong_secret(node)
        change_of_hands(node)
    finally:
        server.kill()
    check(node.stop() == 0, "the node ends well")
    parts.finish()


main()
