# SPDX-License-Identifier: EUPL-1.2
"""From the messages of exporters to answers: what a dialect cannot carry makes the answer `unknown` and says so, and a
subscriber whom records name by a string alone is named without an inside address. The messages are made here, after the
exporters' documents."""

import calendar
import json
import os
import struct

from cases import Folder, check, finish

SETTINGS = """\
[realm default]
mapping = endpoint-independent
outside = 198.51.100.0/24
longest-session = 10m
destinations = keep
"""

START = calendar.timegm((2026, 10, 25, 10, 0, 0))
OPEN, CLOSE = 1200, 1500  # the session that is asked for, seconds after START
UP = 3600000  # milliseconds since the exporter was started, at START

OUTSIDE, INSIDE, DESTINATION = bytes([198, 51, 100, 7]), bytes([100, 64, 0, 17]), bytes([192, 0, 2, 1])
OTHER = bytes([198, 51, 100, 250])


def number(value, length):
    return value.to_bytes(length, "big")


def string(text):
    """A field of variable length (RFC 7011 section 7), filled up to a multiple of eight."""
    text = text.encode() + bytes(-len(text) % 8)
    return number(len(text), 1) + text


def cells(second, outside, name):
    """What each element is worth for a session of this outside address that begins (or ends) in that second. Those of
    enterprise 637 are Nokia's."""
    at = START * 1000 + second * 1000
    return {4: number(6, 1), 7: number(40001, 2), 8: INSIDE, 11: number(443, 2), 12: DESTINATION, 225: outside,
            226: DESTINATION, 227: number(4711, 2), 228: number(443, 2), 323: number(at, 8), 152: number(at, 8),
            153: number(at, 8), 160: number(START * 1000 - UP, 8), (637, 91): number(5, 2), (637, 92): number(6, 2),
            (637, 93): string(name), 210: b"\0"}


def template(number_of, elements, values):
    fields = b""
    for element in elements:
        enterprise, plain = element if isinstance(element, tuple) else (0, element)
        length = 65535 if element == (637, 93) else len(values[element])
        fields += struct.pack(">HH", plain | (0x8000 if enterprise else 0), length)
        fields += struct.pack(">I", enterprise) if enterprise else b""
    return struct.pack(">HH", number_of, len(elements)) + fields


def in_set(number_of, content):
    return struct.pack(">HH", number_of, 4 + len(content)) + content


class Exporter:
    """Writes messages one behind the other, with their sequence numbers."""

    def __init__(self, version):
        self.version, self.sequence, self.out = version, 1000, b""

    def send(self, second, number_of, elements, values):
        sets = in_set(2 if self.version == 10 else 0, template(number_of, elements, values))
        sets += in_set(number_of, b"".join(values[element] for element in elements))
        if self.version == 10:
            header = struct.pack(">HHIII", 10, 16 + len(sets), START + second, self.sequence, 1)
        else:
            header = struct.pack(">HHIIII", 9, 2, UP + second * 1000, START + second, self.sequence, 1)
        self.sequence += 1
        self.out += header + sets


def flow(values, first, last):
    """The uptimes of a flow's first and last packet."""
    values[22], values[21] = number(UP + first * 1000, 4), number(UP + last * 1000, 4)
    return values


def with_event(values, element, value):
    values[element] = number(value, 1)
    return values


def beats(exporter, send, until):
    """A short session of another address every half minute, so that the log is heard throughout."""
    LATER.clear()
    for second in range(0, until, 30):
        if second == OPEN:
            send(exporter, OPEN, CLOSE, OUTSIDE)
        send(exporter, second, second + 1, OTHER)


def cisco_cgn(exporter, first, last, outside):
    elements = [225, 227, 4, 230, 323]
    exporter.send(first, 256, elements, with_event(cells(first, outside, ""), 230, 1))
    if outside == OTHER:
        exporter.send(last, 256, elements, with_event(cells(last, outside, ""), 230, 2))


def asa_old(exporter, first, last, outside):
    values = cells(first, outside, "")
    values.update({40001: values[225], 40002: DESTINATION, 40003: values[227], 40004: values[228], 33002: number(0, 2)})
    elements = [8, 7, 12, 11, 4, 40001, 40002, 40003, 40004, 40005, 33002, 323]
    exporter.send(first, 265, elements, with_event(values, 40005, 1))


def nokia(exporter, first, outside, elements, name):
    exporter.send(first, 256, elements + [(637, 91), (637, 92), (637, 93)], cells(first, outside, name))


def nokia_format1(exporter, first, last, outside):
    elements = [8, 12, 7, 11, 152, 4, 210]
    cell = cells(first, outside, "line-1@10.0.0.2")
    cell[8] = outside
    exporter.send(first, 256, elements + [(637, 91), (637, 92), (637, 93)], cell)


def nokia_line(exporter, first, last, outside):
    nokia(exporter, first, outside, [225, 12, 7, 227, 11, 152, 4, 210], "line-1@10.0.0.2")


def nokia_host(exporter, first, last, outside):
    nokia(exporter, first, outside, [225, 12, 7, 227, 11, 152, 4, 210], "LSN-Host@100.64.0.17")


def flows(exporter, first, last, outside, number_of, elements, values):
    """A flow is told when it has ended."""
    values = flow(values, first, last)
    if outside != OTHER:
        LATER.append(values)
        return
    exporter.send(last, number_of, elements, values)
    if LATER and first >= CLOSE:
        exporter.send(last, number_of, elements, LATER.pop())


def mikrotik(exporter, first, last, outside):
    flows(exporter, first, last, outside, 258, [22, 21, 160, 7, 11, 4, 8, 12, 225, 226], cells(first, outside, ""))


def fortigate(exporter, first, last, outside):
    values = cells(first, outside, "")
    values.update({95: bytes(9), 65: bytes(2), 89: b"@", 136: b"\3"})
    flows(exporter, first, last, outside, 262, [22, 21, 7, 11, 4, 95, 65, 89, 136, 8, 12, 225, 226, 227, 228], values)


LATER = []  # flows that are told when they have ended


def ask(folder, dialect, version, send, until=7200, port=4711):
    exporter = Exporter(version)
    beats(exporter, send, until)
    folder.store = os.path.join(folder.path, "store")
    with open(folder.file("messages"), "wb") as out:
        out.write(exporter.out)
    os.mkdir(folder.store)
    folder.write("store/rogatory.conf", SETTINGS)
    run = folder.run("import", "--store", "store", "--exporter", "nat1", *(["--dialect", dialect] if dialect else []),
                     "messages")
    check(run.returncode == 0 and "refused" not in run.stdout, "%s: %s%s" % (dialect, run.stdout, run.stderr))
    question = ["198.51.100.7:%d" % port, "--proto", "tcp", "--at", "2026-10-25T10:22:00Z"]
    run = folder.ask("--json", *question)
    check(run.stdout, "%s: %s" % (dialect, run.stderr))
    return json.loads(run.stdout or "{}"), folder.ask(*question).stdout


def unknown(dialect, version, send, reason, inside, subscriber=None):
    with Folder() as folder:
        answer, text = ask(folder, dialect, version, send)
        check(answer["verdict"] == "unknown" and reason in answer["reasons"],
              "%s: %s %s" % (send.__name__, answer["verdict"], answer["reasons"]))
        possible = answer["possible"]
        check(any(c["inside_address"] == inside and c["subscriber"] == subscriber for c in possible),
              "%s: %s" % (send.__name__, possible))
        check("UNKNOWN" in text, send.__name__ + ": " + text)


def one(dialect, version, send, inside, subscriber):
    with Folder() as folder:
        answer, text = ask(folder, dialect, version, send)
        check(answer["verdict"] == "one", "%s: %s %s" % (send.__name__, answer["verdict"], answer["reasons"]))
        for c in answer["candidates"]:
            check(c["inside_address"] == inside and c["subscriber"] == subscriber, "%s: %s" % (send.__name__, c))
            check(inside is not None or c["lease"] is None, "%s: %s" % (send.__name__, c["lease"]))
        wanted = subscriber or inside
        check(text.startswith("ONE: ") and wanted in text, send.__name__ + ": " + text)
        check(inside is not None or "     inside " not in text, send.__name__ + ": " + text)
        # The digest that stands for him within the store is nobody's address.
        check("01" + "00:" not in text and "lease       -" not in text, send.__name__ + ": " + text)


def not_reported_yet():
    """Flows are told when they end: that no flow of a port was told says nothing until all that began then have ended."""
    with Folder() as folder:
        answer, _ = ask(folder, "fortigate", 9, fortigate, port=4799)
        check(answer["verdict"] == "none", "fortigate, long after: %s %s" % (answer["verdict"], answer["reasons"]))
    with Folder() as folder:
        answer, _ = ask(folder, "fortigate", 9, fortigate, until=1800, port=4799)
        check(answer["verdict"] == "unknown", "fortigate, soon after: %s" % answer["verdict"])
    with Folder() as folder:
        answer, _ = ask(folder, "cisco-asa", 9, asa_old, until=1800, port=4799)
        check(answer["verdict"] == "none", "events are told at once: %s %s" % (answer["verdict"], answer["reasons"]))


def main():
    not_reported_yet()
    for dialect in (None, "cisco-cgn"):
        unknown(dialect, 9, cisco_cgn, "inside-not-logged", None)
    unknown("mikrotik", 10, mikrotik, "port-not-logged", "100.64.0.17")
    for dialect in (None, "nokia"):
        unknown(dialect, 10, nokia_format1, "port-not-logged", None, "line-1@10.0.0.2")
        one(dialect, 10, nokia_line, None, "line-1@10.0.0.2")
        one(dialect, 10, nokia_host, "100.64.0.17", None)
    one(None, 9, asa_old, "100.64.0.17", None)
    one(None, 9, fortigate, "100.64.0.17", None)
    finish()


if __name__ == "__main__":
    main()
