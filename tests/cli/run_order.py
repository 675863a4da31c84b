# SPDX-License-Identifier: EUPL-1.2
"""The node of an authority on the command line: made, an order drafted from a form, identifiers out of their source, checked,
approved by somebody else, sent; who may do what."""

import json
import os
import re
import subprocess

from cases import PROGRAM, SKIPPED, Folder, check, expect, finish

# Accounts of no name: root acts for them as sudo says, and the record calls them so.
OFFICER, VALIDATOR, SECOND, NOBODY = "4001", "4002", "4003", "4009"
PEOPLE = "uid-4001:officer uid-4002:validator uid-4003:second-person"

FORM = {
    "kind": "production",
    "title": "threats in a forum",
    "issuing_file_number": "7 St 12/26",
    "addressee": {"kind": "designated-establishment", "organisation": "de-provider"},
    "deadline": {"kind": "ten-days"},
    "has_earlier": "no",
    "data": {"categories": ["subscriber", "identify-only"], "subscriber": ["identity"], "identification": ["ip-logs"]},
    "grounds": {
        "proceedings": "criminal-proceedings", "offence": "Fraud", "provision": "section 146", "annex": ["fraud"], "maximum_months": 36,
        "similar_domestic": "yes", "necessity": "No other trace leads to the sender.", "holder": "controller"},
    "information": {"delayed": "no"},
    "delivery": {"recipient": "issuing-authority"},
}

LOG = """\
a line without anything
2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp
2026-11-11 11:00:01 login from 198.51.100.8:40212/tcp
"""


def mask(run):
    """Numbers, digests and instants are others at every run."""
    for name in ("stdout", "stderr"):
        text = getattr(run, name)
        text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b", "ID", text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text)
        text = re.sub(r"\b[0-9a-f]{8}\b(?=  )", "ID", text)
        text = re.sub(r"\b(amendment of|draft) [0-9a-f]{8}\b", r"\1 ID", text)
        text = re.sub(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(?! UTC)", "INSTANT", text)
        text = re.sub(r"\bversion \d+", "version N", text)
        text = re.sub(r"root@|uid-\d+@(?=at-prosecution-vienna: no role)", "WHO@", text)
        setattr(run, name, text)
    return run


class Node:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, by=OFFICER, stdin=""):
        """By somebody who became root through sudo."""
        return subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, text=True, cwd=self.folder.path, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SUDO_UID": by})

    def order(self, verb, *words, by=OFFICER, stdin=""):
        return self.run("order", verb, "--node", "node", *words, by=by, stdin=stdin)

    def new(self, form):
        made = self.order("new", "--form", "-", "--json", stdin=json.dumps(form))
        check(made.returncode == 0, "new: " + made.stderr)
        return json.loads(made.stdout)["id"]


def offices(folder):
    folder.run("pki", "trial")
    keys, directory = "trial/organisations/at-prosecution-vienna", "trial/directory"
    expect("office-init.txt", folder.run("office", "init", "--from", keys, "--directory", directory, "--people", PEOPLE, "node"), 0)
    expect("office-again.txt", mask(folder.run("office", "init", "--from", keys, "--directory", directory, "node")), 1)
    expect("office-wrong-keys.txt",
           mask(folder.run("office", "init", "--from", keys, "--directory", directory, "--organisation", "de-provider", "wrong")), 1)
    expect("office-role.txt",
           folder.run("office", "init", "--from", keys, "--directory", directory, "--people", "anna:king", "other"), 1)
    expect("office-token.txt", folder.run("office", "init", "--from", keys, "--directory", directory, "--keys",
                                          "seal=pkcs11:token=a;object=b?module-path=/usr/lib/m.so&pin-value=1234", "other"), 1)
    expect("office-timestamp.txt", folder.run("office", "init", "--from", keys, "--directory", directory, "--timestamp-url",
                                              "https://tsa.example", "--timestamps", "trial/tsa.crt", "other"), 1)
    done = folder.run("office", "init", "--from", keys, "--directory", directory, "--timestamp-url", "http://tsa.example/a",
                      "--timestamps", "trial/tsa.crt", "stamping")
    check(done.returncode == 0 and json.load(open(folder.file("stamping/exchange.json")))["timestamp"] ==
          {"certificate": "timestamps.crt", "unavailable": "wait", "url": "http://tsa.example/a"}, "office init --timestamp-url")
    expect("office-show.txt", mask(folder.run("office", "show", "--node", "node")), 0)
    expect("office-check.txt", folder.run("office", "check", "--node", "node"), 0)
    said = json.loads(folder.run("office", "show", "--node", "node", "--json").stdout)
    check(said["organisation"] == "at-prosecution-vienna" and said["incidents"] is None, "office show: %s" % said)


def forms(folder):
    template = folder.run("order", "new", "--template")
    expect("order-template.txt", template, 0)
    lines = [line for line in template.stdout.splitlines() if not line.strip().startswith("//")]
    check(json.loads("\n".join(lines))["kind"] == "production", "a template without its comments is JSON")
    folder.write("empty.json", template.stdout)
    folder.write("bad.json", "{\n// x\n\"kind\": }\n")


def refused_forms(node):
    expect("order-form-syntax.txt", node.order("new", "--form", "bad.json"), 1)
    empty = node.order("new", "--form", "empty.json")
    check("addressee.organisation: is missing" in empty.stderr, "an empty form: " + empty.stderr)
    for name, change in {
            "unknown": {"colour": "blue"},
            "word": {"deadline": {"kind": "soon"}},
            "instant": {"information": {"delayed": "yes", "delayed_until_ms": "2026-12-24T10:00:00"}},
            "identifiers": {"identifiers": [{"value": "198.51.100.7"}]},
            "kind": {"kind": "both"}}.items():
        expect("order-form-%s.txt" % name, node.order("new", "--form", "-", stdin=json.dumps({**FORM, **change})), 1)


def path(node):
    """The way of an order until it is sent, and who is kept from what."""
    node.folder.write("forum.log", LOG)
    order = node.new(FORM)
    expect("order-paste.txt", mask(node.order("paste", "--source", "forum.log", order)), 0)
    expect("order-naive.txt", mask(node.order("paste", "--source", "forum.log", "--line", "3", order)), 1)
    expect("order-show.txt", mask(node.order("show", order)), 0)
    expect("order-check.txt", mask(node.order("check", order)), 0)
    # Nobody reads unseen: without a role at the node no order is shown.
    for words in (["order", "show"], ["order", "status"], ["order", "check"], ["inbox", "show"]):
        unseen = node.run(*words, "--node", "node", order, by=NOBODY)
        check(unseen.returncode == 1 and "has no role at this node" in unseen.stderr and not unseen.stdout, "%s: %s" % (words, unseen))
    for words in (["order", "list"], ["inbox", "list"]):
        unseen = node.run(*words, "--node", "node", by=NOBODY)
        check(unseen.returncode == 1 and not unseen.stdout, "%s: %s" % (words, unseen))
    expect("order-line-zero.txt", mask(node.order("paste", "--source", "forum.log", "--line", "0", order)), 1)
    expect("order-not-officer.txt", mask(node.order("submit", order, by=VALIDATOR)), 1)
    expect("order-too-early.txt", mask(node.order("send", order)), 1)
    expect("order-submit.txt", mask(node.order("submit", order)), 0)
    expect("order-own-approval.txt", mask(node.order("approve", order)), 1)
    expect("order-nobody.txt", mask(node.order("approve", order, by=NOBODY)), 1)
    expect("order-approve.txt", mask(node.order("approve", "--why", "looked at", order, by=VALIDATOR)), 0)
    expect("order-send.txt", mask(node.order("send", order)), 0)
    expect("order-status.txt", mask(node.order("status", order[:8])), 0)
    said = json.loads(node.order("show", "--json", order).stdout)
    check([d["step"] for d in said["decisions"]] == ["draft", "paste", "submit", "approve", "send"], "decisions: %s" % said)
    check(said["messages"][0]["delivery"] == "queued" and said["form"]["identifiers"][0]["value"] == "198.51.100.7", "sent")
    expect("order-open-early.txt", mask(node.run("open", "--node", "node", "--to", "out", "--purpose", "to see", order)), 1)
    expect("order-inform-early.txt", mask(node.run("inform", "--node", "node", "--means", "m", "--remedies", "r", order)), 1)
    amendment = node.order("amend", "--why", "a second login was found", "--json", order)
    draft = json.loads(amendment.stdout)["id"]
    expect("order-amend-again.txt", mask(node.order("amend", "--why", "once more", order)), 1)
    expect("order-amend-validator.txt", mask(node.order("amend", "--why", "mine", order, by=VALIDATOR)), 1)
    node.folder.write("second.log", LOG.replace("198.51.100.7:40211", "198.51.100.9:40999"))
    node.order("paste", "--source", "second.log", "--line", "2", draft)
    node.order("submit", draft)
    expect("order-amend-own.txt", mask(node.order("approve", "--why", "mine", draft)), 1)
    expect("order-amend-approve.txt", mask(node.order("approve", "--why", "looked at", draft, by=VALIDATOR)), 0)
    expect("order-amend-status.txt", mask(node.order("status", draft)), 0)
    expect("order-amend-send.txt", mask(node.order("send", draft)), 0)
    expect("order-amended.txt", mask(node.order("show", order)), 0)
    review = ("review", "--court", "Higher Regional Court of Vienna", "--why", "in order")
    expect("order-review-early.txt", mask(node.order(*review, "--decision", "upheld", order, by=VALIDATOR)), 1)
    expect("order-review-word.txt", mask(node.order(*review, "--decision", "granted", order, by=VALIDATOR)), 1)
    expect("order-withdraw.txt", mask(node.order("withdraw", "--reason", "mistake", "--why", "wrong line", order)), 0)
    expect("order-list.txt", mask(node.order("list")), 0)
    return order


def objections(node, order):
    """Whose a ground is, is never guessed; what is not understood is refused before anything is looked at."""
    one = ("--identifier", "1", "--ground", "press-freedom", "--why", "a newspaper")
    two = ("--identifier", "2", "--ground", "fundamental-rights", "--why", "a right")
    for name, words in {
            "before": ("--why", "a reason", *one, *two),
            "twice": (*one, "--why", "again", *two),
            "ground": ("--identifier", "1", "--why", "a", *two),
            "same": (*one, *one),
            "delete": (*one, "--delete", "--condition", "sealed"),
            "number": (*one, "--identifier", "7", "--ground", "press-freedom", "--why", "a"),
            "not-notified": (*one, "--condition", "sealed", "--condition", "for one case")}.items():
        expect("object-%s.txt" % name, mask(node.run("object", "--node", "node", *words, order, by=VALIDATOR)), 1)
    expect("order-clarify-number.txt", mask(node.order("clarify", "--answer", "which", order)), 1)
    expect("order-clarify-both.txt", mask(node.order("clarify", "--answer", "1=a", "--text", "b", order)), 1)
    expect("order-clarify-none.txt", mask(node.order("clarify", "--answer", "1=a", "--answer", "2=b", order)), 1)
    expect("release-condition.txt", mask(node.run("answer", "release", "--node", "node", "--condition", "1", order, by=SECOND)), 1)


def grave(node):
    """Requirement 4: a prosecutor's order for traffic data gets no further than the rules."""
    data = {"categories": ["traffic"], "traffic": ["connections"]}
    order = node.new({**FORM, "data": data})
    node.order("paste", "--source", "forum.log", "--line", "2", order)
    found = json.loads(node.order("check", "--json", order).stdout)["findings"]
    check(any(f["rule"] == "grave-data-need-a-judge" and f["severity"] == "stop" for f in found), "findings: %s" % found)
    # What a finding is about is counted as `show` counts.
    node.order("paste", "--source", "-", "--line", "1", order, stdin="2026-11-11T11:00:00+01:00 192.168.1.1:40211/tcp\n")
    check("identifier 2, address: the address is private" in node.order("check", order).stdout, "the place of a finding")
    node.order("submit", order)
    refused = node.order("approve", "--why", "please", order, by=VALIDATOR)
    check(refused.returncode == 1 and "rule " in refused.stderr, "approve: " + refused.stderr + refused.stdout)


def typed(node):
    """Requirement 7: what is typed is compared by somebody else, who does not see it."""
    order = node.new(FORM)
    text = "198.51.100.7:40211/tcp 2026-11-11T11:00:00+01:00"
    check(node.order("type", "--kind", "ipv4", "--text", text, order).returncode == 0, "type")
    expect("order-compare-own.txt", mask(node.order("compare", "--identifier", "1", "--text", text, order)), 1)
    expect("order-compare-other.txt",
           mask(node.order("compare", "--identifier", "1", "--text", text.replace("40211", "40212"), order, by=SECOND)), 1)
    check(node.order("compare", "--identifier", "1", "--text", text, order, by=SECOND).returncode == 0, "compare")


def usage(folder):
    for words in (["order"], ["order", "buy"], ["order", "show"], ["order", "show", "--line", "3", "x"],
                  ["order", "list", "x"], ["open"], ["open", "x"], ["inform"], ["office"], ["office", "init", "a"]):
        check(folder.run(*words).returncode == 2, "wrong usage: %s" % words)
    expect("order-usage.txt", folder.run("order", "send"), 2)


def main():
    with Folder() as folder:
        offices(folder)
        forms(folder)
        usage(folder)
        if os.geteuid() != 0:
            finish()
            print("SKIP: only root can act for several people")
            raise SystemExit(SKIPPED)
        node = Node(folder)
        refused_forms(node)
        objections(node, path(node))
        grave(node)
        typed(node)
        erased = folder.run("log", "erase", "--log", "node/chronicle", "--reason", "kept for two years", "2")
        check(erased.returncode == 0, "the log of a node: %s" % erased.stderr)
        check(node.order("list").returncode == 0, "a node whose log is erased from")
        log = json.loads(folder.run("log", "check", "--log", "node/chronicle", "--json").stdout)
        check(log.get("holds", True) is True, "the log: %s" % log)
    finish()


main()
