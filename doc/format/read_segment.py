#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Reads a rogatory nat segment by doc/format/segment.md alone, with nothing but Python's standard library, and prints
one line of JSON per binding. It shares no code with rogatory: where both agree, the document is right. A plan segment is
read by doc/format/plan-segment.md, row by row; its blocks are unpacked by the program zstd.

    read_segment.py FILE
"""
import json
import struct
import subprocess
import sys

MASK = (1 << 64) - 1
UNKNOWN = -(1 << 63)
OPEN = 0
ESCAPE = 240
LONG_BLOCK, SHORT_BLOCK = 512, 256
RECENT = 8
CONTEXTS = [("begin", 6), ("shape", 4), ("duration", 16), ("inside", 12), ("inside_port", 5), ("exporter", 1),
            ("recent", 3), ("destination", 1), ("destination_port", 16)]


class Damaged(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Damaged(what)


def signed(value):
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


# ---- XXH64, seed 0 (xxHash specification 0.1.1) ----

P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def round64(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    at, length = 0, len(data)
    if length >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + 32 <= length:
            lanes = [round64(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ round64(0, lane)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + length) & MASK
    while at + 8 <= length:
        h = (rotate(h ^ round64(0, struct.unpack_from("<Q", data, at)[0]), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= length:
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


# ---- bytes ----

class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        demand(self.at + count <= len(self.data), "bytes are missing")
        self.at += count
        return self.data[self.at - count:self.at]

    def le(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def left(self):
        return len(self.data) - self.at


class Model:
    """A table of probabilities: symbol -> (start, frequency), and the symbol of each of the 4096 slots."""

    def __init__(self, source):
        self.ranges, self.slots = {}, []
        symbol = 0
        for _ in range(source.le(1)):
            symbol += source.le(1)
            frequency = source.varint()
            self.ranges[symbol] = (len(self.slots), frequency)
            self.slots += [symbol] * frequency
        demand(len(self.slots) == 4096 and ESCAPE in self.ranges, "a table of probabilities is not whole")


class Stream:
    """states | words -> ... <- plain bits"""

    def __init__(self, data, states):
        demand(len(data) >= 4 * states, "a stream is too short")
        self.states = list(struct.unpack_from("<%dI" % states, data))
        self.data, self.word, self.bit = data[4 * states:], 0, 0
        self.plain = int.from_bytes(self.data[::-1], "big")
        self.plain_bits = 8 * len(self.data)

    def symbol(self, state, model):
        x = self.states[state]
        slot = x & 4095
        symbol = model.slots[slot]
        start, frequency = model.ranges[symbol]
        x = frequency * (x >> 12) + slot - start
        if x < 1 << 16:
            x = x << 16 | int.from_bytes(self.data[self.word:self.word + 2], "little")
            self.word += 2
        self.states[state] = x
        return symbol

    def bits(self, count):
        self.bit += count
        demand(self.bit <= self.plain_bits, "plain bits are missing")
        return self.plain >> (self.plain_bits - self.bit) & ((1 << count) - 1)

    def value(self, state, model):
        symbol = self.symbol(state, model)
        if symbol == ESCAPE:
            return self.bits(self.bits(7))
        if symbol < 16:
            return symbol
        extra = (symbol - 16) // 8 + 1
        return ((8 + symbol % 8) << extra) + self.bits(extra)

    def finish(self):
        demand(set(self.states) == {1 << 16} and self.word + (self.bit + 7) // 8 == len(self.data),
               "a stream is not used up")


# ---- the file ----

class Frame:
    def __init__(self, data, magic):
        self.data = data
        demand(len(data) >= 192 and data[:8] == magic, "this is not a segment of the expected kind")
        demand(xxh64(data[:112]) == struct.unpack_from("<Q", data, 112)[0], "the header is damaged")
        version, _, incompatible, _ = struct.unpack_from("<4I", data, 8)
        known = 1 if magic == b"ROGSEG\r\n" else 0
        demand(version == 1 and incompatible & ~known == 0, "the format is newer than this reader")
        self.block_rows = SHORT_BLOCK if incompatible & 1 else LONG_BLOCK
        self.window_from, self.window_to, self.generation = struct.unpack_from("<qqQ", data, 24)
        self.sections = self.read_sections()

    def read_sections(self):
        data = self.data
        table_at, count, _, table_sum, trailer_sum = struct.unpack_from("<QIIQQ", data, len(data) - 40)
        demand(data[-8:] == b"ROGEND\r\n" and xxh64(data[-40:-16]) == trailer_sum, "the trailer is damaged")
        table = data[table_at:table_at + 32 * count]
        demand(table_at + 32 * count == len(data) - 40 and xxh64(table) == table_sum, "the table is damaged")
        sections = {}
        for kind, _, offset, length, checksum in struct.iter_unpack("<IIQQQ", table):
            sections[kind] = data[offset:offset + length]
            demand(xxh64(sections[kind]) == checksum, "section %d is damaged" % kind)
        return sections


class Segment(Frame):
    def __init__(self, data):
        super().__init__(data, b"ROGSEG\r\n")
        self.read_models(Bytes(self.sections[2]))
        self.destinations = self.read_destinations(Bytes(self.sections[6]))

    def read_models(self, source):
        self.shapes = [source.take(5) for _ in range(source.varint())]
        self.ports = [source.le(2) for _ in range(source.varint())]
        demand(source.varint() == sum(count for _, count in CONTEXTS), "the number of tables is not that of version 1")
        self.models = {name: [Model(source) for _ in range(count)] for name, count in CONTEXTS}

    def read_destinations(self, source):
        hosts = [None]
        count = source.le(4)
        while source.left():
            offset, length, checksum = struct.unpack("<QII", source.take(16))
            page = Bytes(self.data[offset:offset + length])
            demand(xxh64(page.data) & 0xFFFFFFFF == checksum, "a page of destinations is damaged")
            wide = page.le(1)
            while page.left():
                if wide:
                    hosts.append((page.take(16), page.le(4)))
                else:
                    hosts.append((b"\0" * 10 + b"\xff\xff" + page.take(4), 0))
        demand(len(hosts) == count + 1, "destinations are missing")
        return hosts

    def bindings(self):
        for outside, checksum, low, high in struct.iter_unpack("<IIII", self.sections[3]):
            offset, length = low | (high & 0xFF) << 32, high >> 8
            head = self.data[offset:offset + length]
            demand(xxh64(head) & 0xFFFFFFFF == checksum, "the head of sheet %d is damaged" % outside)
            for row in Sheet(self, head, offset + length).rows():
                row["outside"] = outside
                yield row


class Sheet:
    def __init__(self, segment, head, blocks_at):
        self.segment, self.blocks_at = segment, blocks_at
        source = Bytes(head)
        self.count = source.varint()
        self.hosts = self.read_hosts(Bytes(source.take(source.varint())))
        self.directory = source

    @staticmethod
    def read_hosts(source):
        mode, count = source.le(1), source.varint()
        hosts = [(bytes(16), 0)] if mode & 2 else []
        if mode & 1:
            address, vrf = bytes(16), 0
            for _ in range(count):
                vrf += source.varint()
                shared = source.le(1)
                address = address[:shared] + source.take(16 - shared)
                hosts.append((address, vrf))
        elif count:
            vrf, address, k = source.varint(), source.le(4), source.le(1)
            rest = source.take(source.left())
            bits = "".join(format(byte, "08b") for byte in rest)
            at = 0
            for i in range(count):
                if i:
                    end = bits.index("0", at)
                    low = int(bits[end + 1:end + 1 + k] or "0", 2)
                    address += ((end - at) << k) + low + 1
                    at = end + 1 + k
                hosts.append((b"\0" * 10 + b"\xff\xff" + struct.pack(">I", address), vrf))
        return hosts

    def rows(self):
        left, begin, at = self.count, self.segment.window_from, self.blocks_at
        while left:
            count = min(left, self.segment.block_rows)
            flags = self.directory.le(1)
            scan_length, rest_length = self.directory.varint(), self.directory.varint()
            begin = signed(begin + unzigzag(self.directory.varint()))
            if not flags & 2:
                self.directory.varint()  # the latest end: only to find blocks by
            scan_sum, rest_sum = self.directory.le(4), self.directory.le(4)
            scan = self.segment.data[at:at + scan_length]
            rest = self.segment.data[at + scan_length:at + scan_length + rest_length]
            demand(xxh64(scan) & 0xFFFFFFFF == scan_sum and xxh64(rest) & 0xFFFFFFFF == rest_sum, "a block is damaged")
            yield from Block(self, flags, count, begin).decode(Bytes(scan), rest)
            at += scan_length + rest_length
            left -= count
        demand(self.directory.left() == 0, "the directory is too long")


def unpack_column(source, count, width, base, shift):
    packed = int.from_bytes(source.take((count * width + 7) // 8), "little")
    return [(base + ((packed >> (i * width) & ((1 << width) - 1)) << shift)) & 0xFFFF for i in range(count)]


def begin_context(delta):
    bits = delta.bit_length()
    return 0 if bits < 4 else 5 if bits >= 12 else bits // 2 - 1


class Block:
    def __init__(self, sheet, flags, count, begin):
        self.sheet, self.flags, self.count, self.begin = sheet, flags, count, begin
        self.models = sheet.segment.models

    def decode(self, scan, rest):
        a, b = self.read_scan(scan)
        self.read_times(Stream(rest[:a], 3))
        if self.flags & 32:
            self.read_holders(Stream(rest[a:a + b], 2))
            self.read_destinations(Stream(rest[a + b:], 2))
        else:
            self.read_holders(Stream(rest[a:], 2))
        return self.out

    def read_scan(self, scan):
        kind, base = scan.le(1), scan.varint()
        shift = scan.le(1) if kind & 32 else 0
        span_base = span_width = span_shift = 0
        if kind & 64:
            span_base, span_width = scan.varint(), scan.le(1)
            span_shift = scan.le(1) if span_width else 0
        self.exporter = scan.varint() if kind & 128 else 0
        a = scan.varint()
        b = scan.varint() if self.flags & 32 else 0
        ports = unpack_column(scan, self.count, kind & 31, base, shift)
        spans = unpack_column(scan, self.count, span_width, span_base, span_shift)
        demand(scan.left() == 0, "the scan part is too long")
        self.out = [{"ports": [port, port + span]} for port, span in zip(ports, spans)]
        return a, b

    def read_times(self, stream):
        instant, context, shape = self.begin, 5, 0
        self.contexts, self.shapes = [], []
        for i, row in enumerate(self.out):
            if i:
                delta = stream.value(0, self.models["begin"][context])
                instant, context = signed(instant + delta), begin_context(delta)
            shape = stream.symbol(1, self.models["shape"][min(shape, 3)])
            if shape == ESCAPE:
                fields = stream.bits(40).to_bytes(5, "little")
            else:
                fields = self.sheet.segment.shapes[shape]
            row["protocol"], row["kind"], row["flags"], row["from_edge"], row["to_edge"] = fields
            row["from"] = instant if row["from_edge"] != OPEN else None
            row["to"] = instant if row["to_edge"] != OPEN else None
            if row["from_edge"] != OPEN and row["to_edge"] != OPEN:
                row["to"] = signed(instant + stream.value(2, self.models["duration"][min(shape, 15)]))
            self.contexts.append(context)
            self.shapes.append(shape)
        stream.finish()

    def read_holders(self, stream):
        bits = (len(self.sheet.hosts) - 1).bit_length()
        met, rank = [], 0  # hosts met in this block, latest first
        for row, context in zip(self.out, self.contexts):
            place = stream.value(0, self.models["inside"][2 * context + (rank > 0)])
            new = place == 0
            if new:
                rank = len(met)
                host = {"index": stream.bits(bits), "port": 0, "recent": []}
            else:
                rank = place - 1
                host = met.pop(rank)
            met.insert(0, host)
            if self.flags & 4:
                value = stream.value(1, self.models["inside_port"][4 if new else min(rank, 3)])
                host["port"] = value & 0xFFFF if new else (host["port"] + unzigzag(value)) & 0xFFFF
            row["host"], row["inside"], row["inside_port"] = host, self.sheet.hosts[host["index"]], host["port"]
            row["exporter"] = self.exporter
            if self.flags & 8:
                row["exporter"] = stream.symbol(0, self.models["exporter"][0])
                if row["exporter"] == ESCAPE:
                    row["exporter"] = stream.bits(16)
            row["session"] = stream.bits(32) if self.flags & 16 else 0
            row["destination"], row["destination_port"] = None, 0
        stream.finish()

    def read_destinations(self, stream):
        for row, shape in zip(self.out, self.shapes):
            recent = row["host"]["recent"]
            rank = len(recent)
            if recent:
                symbol = stream.symbol(0, self.models["recent"][0 if rank < 2 else 1 if rank < 5 else 2])
                if symbol == ESCAPE:
                    symbol = stream.bits(4)
                rank = min(symbol, rank)
            number = recent.pop(rank) if rank < len(recent) else stream.value(0, self.models["destination"][0])
            recent.insert(0, number)
            del recent[RECENT:]
            row["destination"] = self.sheet.segment.destinations[number]
            symbol = stream.symbol(1, self.models["destination_port"][min(shape, 15)])
            row["destination_port"] = stream.bits(16) if symbol == ESCAPE else self.sheet.segment.ports[symbol]
        stream.finish()


# ---- plans ----

class Plan(Frame):
    def __init__(self, data):
        super().__init__(data, b"ROGPLN\r\n")
        self.count = Bytes(self.sections[1]).le(8)
        names = Bytes(self.sections[3])
        self.names = [names.take(names.le(1)).decode() for _ in range(names.varint())]

    def rows(self):
        index, left = Bytes(self.sections[2]), self.count
        while left:
            outside, offset, length = index.le(4), index.le(5), index.le(3)
            count, unpacked, checksum = index.le(1) + 1, index.le(2), index.le(4)
            packed = self.data[offset:offset + length]
            demand(xxh64(packed) & 0xFFFFFFFF == checksum, "a block is damaged")
            block = subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=True).stdout
            demand(len(block) == unpacked and count == min(left, 256), "a block is not as the index says")
            yield from self.block(Bytes(block), count, outside)
            left -= count
        demand(index.left() == 0, "the index is too long")

    def block(self, source, count, outside):
        begin = last = high = low = 0

        def difference(before):
            return (before + unzigzag(source.varint())) & MASK

        for _ in range(count):
            flags = source.le(1)
            outside += source.varint()
            begin = difference(begin)
            until = begin + source.varint() if flags & 24 else None
            first = difference(last)
            last = first + source.varint()
            every, ranges = (source.varint(), source.varint()) if flags & 32 else (0, 1)
            protocol, high, low = source.le(1), difference(high), difference(low)
            length, vrf, plan = source.le(1), source.varint(), source.varint()
            yield {"outside": outside, "from": begin, "to": until if flags & 8 else None, "until": until,
                   "ports": [first, last], "every": every, "count": ranges, "protocol": protocol,
                   "dynamic": bool(flags & 4), "inside": "%016x%016x/%d" % (high, low, length), "vrf": vrf,
                   "plan": self.names[plan], "marks": flags & 3}
        demand(source.left() == 0, "a block is too long")


FIELDS = ("outside", "from", "to", "from_edge", "to_edge", "ports", "protocol", "kind", "flags", "inside", "inside_port",
          "destination", "destination_port", "session", "exporter")


def host_text(host):
    address, vrf = host or (bytes(16), 0)
    return "%s/%d" % (address.hex(), vrf)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: read_segment.py FILE")
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        if data[:6] == b"ROGPLN":
            for row in Plan(data).rows():
                print(json.dumps(row))
            return
        for row in Segment(data).bindings():
            row["inside"], row["destination"] = host_text(row["inside"]), host_text(row["destination"])
            print(json.dumps({name: row[name] for name in FIELDS}))
    except Damaged as reason:
        sys.exit("read_segment.py: %s: %s" % (sys.argv[1], reason))


if __name__ == "__main__":
    main()
