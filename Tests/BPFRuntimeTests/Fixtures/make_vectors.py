#!/usr/bin/env python3
"""Writes vectors.jsonl: small programs and what they must return, in the form of the BPF conformance suite.

Each line is an object: `name`; `version`, the first instruction-set version that has all the program uses;
`group`, where it needs one that is off by default; `memory`, hex of the bytes r1 points to, their length in r2
(null: none); `program`, hex of 8-byte little-endian slots; `result`, r0 at exit.

Results come from the model below, which is written after RFC 9669 alone: it shares nothing with the engines that
are tested. Run it to write the file anew; the output is the same every time.
"""
import json
import os
import random
import struct

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


# --- Encoding -----------------------------------------------------------------------------------------------------

ALU = {"add": 0, "sub": 1, "mul": 2, "div": 3, "or": 4, "and": 5, "lsh": 6, "rsh": 7, "mod": 9, "xor": 10, "mov": 11,
       "arsh": 12}
JUMPS = {"eq": 1, "gt": 2, "ge": 3, "set": 4, "ne": 5, "sgt": 6, "sge": 7, "lt": 10, "le": 11, "slt": 12, "sle": 13}
SIZES = {4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18}


def slot(opcode, dst=0, src=0, offset=0, immediate=0):
    return struct.pack("<BBhi", opcode, dst | src << 4, offset, signed(immediate, 32))


def wide(dst, value, src=0):
    return slot(0x18, dst, src, 0, value & M32) + slot(0, 0, 0, 0, value >> 32 & M32)


def alu(op, width, dst, src=None, imm=0, offset=0):
    code = (7 if width == 64 else 4) | ALU[op] << 4
    return slot(code, dst, 0, offset, imm) if src is None else slot(code | 8, dst, src, offset)


def mov(dst, src=None, imm=0):
    return alu("mov", 64, dst, src, imm)


def jump(op, width, dst, src=None, imm=0, offset=0):
    code = (5 if width == 64 else 6) | JUMPS[op] << 4
    return slot(code, dst, 0, offset, imm) if src is None else slot(code | 8, dst, src, offset)


def load(size, dst, src, offset, sign=False):
    return slot((0x81 if sign else 0x61) | SIZES[size], dst, src, offset)


def store(size, dst, offset, src=None, imm=0):
    return slot(0x62 | SIZES[size], dst, 0, offset, imm) if src is None else slot(0x63 | SIZES[size], dst, src, offset)


def atomic(size, op, dst, src, offset):
    return slot(0xc3 | SIZES[size], dst, src, offset, op)


EXIT = slot(0x95)

# --- The model ----------------------------------------------------------------------------------------------------


class Model:
    """Runs slots; memory is one block at a made-up address, stacks lie far from it."""

    MEMORY = 0x10_0000
    STACK = 0x9000_0000

    def __init__(self, program, memory):
        self.slots = [struct.unpack_from("<BBhi", program, i) for i in range(0, len(program), 8)]
        self.bytes = {self.MEMORY + i: byte for i, byte in enumerate(memory or b"")}
        self.registers = [0] * 11
        self.registers[1] = self.MEMORY if memory is not None else 0
        self.registers[2] = len(memory or b"")
        self.registers[10] = self.STACK
        self.frames = []
        self.pc = 0
        self.rounds = 0

    def read(self, address, size):
        return sum(self.bytes[(address + i) & M64] << 8 * i for i in range(size))

    def write(self, address, size, value):
        for i in range(size):
            at = (address + i) & M64
            assert at in self.bytes or at > self.STACK - 8 * 1024, "the vectors stay inside their memory"
            self.bytes[at] = value >> 8 * i & 0xff

    def run(self):
        for _ in range(1_000_000):
            opcode, registers, offset, immediate = self.slots[self.pc]
            self.pc += 1
            if opcode == 0x95:
                if not self.frames:
                    return self.registers[0]
                self.pc, saved = self.frames.pop()
                self.registers[6:] = saved
            else:
                self.step(opcode, registers & 15, registers >> 4, offset, immediate)
        raise AssertionError("the program does not end")

    def step(self, opcode, dst, src, offset, immediate):
        kind = opcode & 7
        r = self.registers
        if opcode == 0x18:
            value = (immediate & M32) | (self.slots[self.pc][3] & M32) << 32
            self.pc += 1
            assert src == 0
            r[dst] = value
        elif kind in (4, 7):
            r[dst] = self.arithmetic(opcode, kind, dst, src, offset, immediate)
        elif kind == 1:
            size = {v: k for k, v in SIZES.items()}[opcode & 0x18]
            value = self.read((r[src] + offset) & M64, size)
            r[dst] = signed(value, 8 * size) & M64 if opcode & 0xe0 == 0x80 else value
        elif opcode & 0xe7 in (0x62, 0x63):
            size = {v: k for k, v in SIZES.items()}[opcode & 0x18]
            self.write((r[dst] + offset) & M64, size, (r[src] if kind == 3 else immediate) & M64)
        elif opcode & 0xe7 == 0xc3:
            self.exchange(opcode, dst, src, offset, immediate)
        elif kind in (5, 6):
            self.branch(opcode, kind, dst, src, offset, immediate)
        else:
            raise AssertionError(hex(opcode))

    def arithmetic(self, opcode, kind, dst, src, offset, immediate):
        bits = 64 if kind == 7 else 32
        mask = (1 << bits) - 1
        op = opcode >> 4
        a = self.registers[dst] & mask
        b = (self.registers[src] if opcode & 8 else immediate) & mask
        if op == 13:  # byte order: the immediate is the width
            raw = (self.registers[dst] & ((1 << immediate) - 1)).to_bytes(immediate // 8, "little")
            swaps = kind == 7 or opcode & 8
            return int.from_bytes(raw, "big" if swaps else "little")
        if op == 11 and offset:
            b = signed(self.registers[src], offset)
        if op in (3, 9) and offset:  # signed division truncates, the remainder has the dividend's sign
            x, y = signed(a, bits), signed(b, bits)
            quotient = 0 if y == 0 else abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            return (quotient if op == 3 else x - quotient * y if y else x) & mask
        shift = b & (bits - 1)
        return {
            0: lambda: a + b, 1: lambda: a - b, 2: lambda: a * b, 3: lambda: a // b if b else 0,
            4: lambda: a | b, 5: lambda: a & b, 6: lambda: a << shift, 7: lambda: a >> shift,
            8: lambda: -a, 9: lambda: a % b if b else a, 10: lambda: a ^ b, 11: lambda: b,
            12: lambda: signed(a, bits) >> shift,
        }[op]() & mask

    def exchange(self, opcode, dst, src, offset, immediate):
        size = 8 if opcode == 0xdb else 4
        if opcode in (0xd3, 0xcb):
            size = 1 if opcode == 0xd3 else 2
        r = self.registers
        if immediate == 0x100:  # load-acquire
            r[dst] = self.read((r[src] + offset) & M64, size)
            return
        address = (r[dst] + offset) & M64
        if immediate == 0x110:  # store-release
            self.write(address, size, r[src])
            return
        mask = (1 << 8 * size) - 1
        old, operand = self.read(address, size), r[src] & mask
        if immediate == 0xf1:
            if old == r[0] & mask:
                self.write(address, size, operand)
            r[0] = old
            return
        new = {0x00: old + operand, 0x40: old | operand, 0x50: old & operand, 0xa0: old ^ operand,
               0xe0: operand}[immediate & 0xf0] & mask
        self.write(address, size, new)
        if immediate & 1:
            r[src] = old

    def branch(self, opcode, kind, dst, src, offset, immediate):
        op = opcode >> 4
        if op == 0:
            self.pc += immediate if kind == 6 else offset
        elif opcode == 0x85:
            assert src == 1
            self.frames.append((self.pc, self.registers[6:]))
            self.registers[10] -= 512
            self.pc += immediate
        else:
            bits = 64 if kind == 5 else 32
            a = self.registers[dst] & (1 << bits) - 1
            b = (self.registers[src] if opcode & 8 else immediate) & (1 << bits) - 1
            x, y = signed(a, bits), signed(b, bits)
            if {1: a == b, 2: a > b, 3: a >= b, 4: a & b != 0, 5: a != b, 6: x > y, 7: x >= y, 10: a < b,
                    11: a <= b, 12: x < y, 13: x <= y}[op]:
                self.pc += offset


# --- The vectors --------------------------------------------------------------------------------------------------

VECTORS = []


def vector(name, program, memory=None, version="v1", group=None):
    result = Model(program, memory).run()
    entry = {"name": name, "version": version, "memory": memory.hex() if memory is not None else None,
             "program": program.hex(), "result": hex(result)}
    if group:
        entry["group"] = group
    VECTORS.append(entry)


EDGES = [0, 1, 2, 7, 31, 32, 63, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
         0x7fffffffffffffff, 0x8000000000000000, M64 - 1, M64]
IMMEDIATES = [0, 1, 3, 31, 33, -1, -7, 0x7fffffff, -0x80000000]


def arithmetic():
    random_ = random.Random(9669)
    for width in (32, 64):
        for op in ALU:
            for form in ("register", "immediate"):
                pairs = [(random_.choice(EDGES), random_.choice(EDGES if form == "register" else IMMEDIATES))
                         for _ in range(5)] + [(random_.getrandbits(64), 0 if op in ("div", "mod") else 5)]
                for number, (a, b) in enumerate(pairs):
                    prologue = wide(0, a)
                    body = prologue + wide(3, b & M64) + alu(op, width, 0, 3) if form == "register" \
                        else prologue + alu(op, width, 0, None, b)
                    vector(f"{op}{width}-{form}-{number}", body + EXIT)
        for op in ("div", "mod"):
            for number, (a, b) in enumerate([(7, -2), (-7, 2), (-7, -2), (-7, 0), (1 << 63, -1), (-1 << 31, -1)]):
                head = wide(0, a & M64)
                vector(f"s{op}{width}-register-{number}",
                       head + mov(3, None, b) + alu(op, width, 0, 3, 0, 1) + EXIT, version="v4")
                vector(f"s{op}{width}-immediate-{number}", head + alu(op, width, 0, None, b, 1) + EXIT, version="v4")
        for number, a in enumerate([0, 1, 1 << 63, 0x80000000, 0x123456789abcdef0]):
            vector(f"neg{width}-{number}", wide(0, a) + slot(0x87 if width == 64 else 0x84) + EXIT)
        for bits in (8, 16, 32)[: 3 if width == 64 else 2]:
            for number, a in enumerate([0x7f7f_7f7f_7f7f_7f7f, 0x8080_8080_8080_8080]):
                vector(f"movsx{width}-{bits}-{number}",
                       wide(3, a) + mov(0, None, -1) + alu("mov", width, 0, 3, 0, bits) + EXIT, version="v4")
    for bits in (16, 32, 64):
        for name, opcode, version in (("le", 0xd4, "v1"), ("be", 0xdc, "v1"), ("bswap", 0xd7, "v4")):
            vector(f"{name}{bits}", wide(0, 0x0123456789abcdef) + slot(opcode, 0, 0, 0, bits) + EXIT, version=version)
    for number, value in enumerate([0, M64, 0x80000000, 0x8000000000000000, 0x1122334455667788]):
        vector(f"lddw-{number}", wide(0, value) + EXIT)
    vector("every-register", b"".join(wide(i, 0x0101010101010101 << i & M64) for i in range(10))
           + b"".join(alu("add", 64, 0, i) for i in range(1, 10)) + EXIT)


def jumps():
    pairs = [(5, 5), (5, 6), (6, 5), (-1, 1), (1, -1), (-2, -1), (0x1_0000_0005, 5), (8, 4), (-0x80000000, 0x7fffffff)]
    for width in (32, 64):
        for op in JUMPS:
            for form in ("register", "immediate"):
                # One bit of the result for each pair: whether the jump was taken.
                program = mov(0, None, 0)
                for number, (a, b) in enumerate(pairs):
                    program += wide(3, a & M64)
                    program += mov(4, None, b)
                    program += jump(op, width, 3, 4 if form == "register" else None, b, 1)
                    program += slot(0x05, 0, 0, 1)
                    program += alu("or", 64, 0, None, 1 << number)
                vector(f"j{op}{width}-{form}", program + EXIT, version="v3" if width == 32 else "v1")
    vector("ja-forward", mov(0, None, 1) + slot(0x05, 0, 0, 1) + mov(0, None, 2) + EXIT)
    vector("ja-back", slot(0x05, 0, 0, 2) + mov(0, None, 7) + EXIT + slot(0x05, 0, 0, -3))
    vector("gotol-forward", mov(0, None, 1) + slot(0x06, 0, 0, 0, 1) + mov(0, None, 2) + EXIT, version="v4")
    vector("gotol-back", slot(0x06, 0, 0, 0, 2) + mov(0, None, 7) + EXIT + slot(0x06, 0, 0, 0, -3), version="v4")
    loop = mov(0, None, 0) + mov(3, None, 1000) + alu("add", 64, 0, 3) + alu("sub", 64, 3, None, 1) \
        + jump("ne", 64, 3, None, 0, -3) + EXIT
    vector("loop", loop)


def memory():
    data = bytes((0x11 * i + 0x80) & 0xff for i in range(16))
    for size in (1, 2, 4, 8):
        for offset in (0, 1, 16 - size):
            vector(f"ldx{8 * size}-{offset}", load(size, 0, 1, offset) + EXIT, data)
            if size < 8:
                vector(f"ldxs{8 * size}-{offset}", load(size, 0, 1, offset, True) + EXIT, data, "v4")
        vector(f"ldx{8 * size}-negative",
               alu("add", 64, 1, 2) + load(size, 0, 1, -size) + EXIT, data)
        for form in ("register", "immediate"):
            body = store(size, 1, 3, 3) if form == "register" else store(size, 1, 3, None, -2)
            vector(f"st{8 * size}-{form}", wide(3, 0xf1e2d3c4b5a69788) + body
                   + load(8, 0, 1, 0) + load(8, 3, 1, 8) + alu("add", 64, 0, 3) + EXIT, data)
        vector(f"stack{8 * size}", wide(3, 0xf1e2d3c4b5a69788) + mov(4, None, 0) + store(8, 10, -8, 4)
               + store(size, 10, -8, 3) + load(8, 0, 10, -8) + EXIT)
    vector("stack-bottom", mov(3, None, 99) + store(8, 10, -512, 3) + load(1, 0, 10, -512) + EXIT)
    vector("length", mov(0, 2) + EXIT, data)
    vector("no-memory", mov(0, 2) + EXIT)


def atomics():
    names = {0x00: "add", 0x01: "fetch-add", 0x40: "or", 0x41: "fetch-or", 0x50: "and", 0x51: "fetch-and", 0xa0: "xor",
             0xa1: "fetch-xor", 0xe1: "xchg"}
    data = struct.pack("<QQ", 0xfedcba9876543210, 0x0f0f0f0f80000001)
    for size in (4, 8):
        mix = alu("xor", 64, 0, 3) + load(8, 4, 1, 8) + alu("add", 64, 0, 4) + EXIT
        for op, name in names.items():
            for number, operand in enumerate([1, 0xffffffff00000001, M64]):
                vector(f"{name}{8 * size}-{number}", mov(0, None, 0) + wide(3, operand)
                       + atomic(size, op, 1, 3, 8) + mix, data, "v1" if op == 0 else "v3")
        for number, expected in enumerate([0x0f0f0f0f80000001, 0x80000001, 5, 0xffffffff80000001]):
            vector(f"cmpxchg{8 * size}-{number}", wide(0, expected) + wide(3, 0xaaaaaaaabbbbbbbb)
                   + atomic(size, 0xf1, 1, 3, 8) + mix, data, "v3")
    for size in (1, 2, 4, 8):
        opcode = 0xc3 | SIZES[size]
        vector(f"load-acquire{8 * size}", mov(0, None, -1) + slot(opcode, 0, 1, 8, 0x100) + EXIT, data, "v4")
        vector(f"store-release{8 * size}", wide(3, 0x1122334455667788) + slot(opcode, 1, 3, 8, 0x110)
               + load(8, 0, 1, 8) + EXIT, data, "v4")


def calls():
    call = lambda offset: slot(0x85, 0, 1, 0, offset)
    vector("call-local", mov(1, None, 5) + call(1) + EXIT + mov(0, 1) + alu("mul", 64, 0, None, 3) + EXIT, version="v3")
    vector("call-keeps-r6-to-r9", b"".join(mov(i, None, i) for i in range(6, 10)) + call(5) + mov(0, 6)
           + b"".join(alu("add", 64, 0, i) for i in range(7, 10)) + EXIT
           + b"".join(mov(i, None, 99) for i in range(6, 10)) + mov(0, None, 0) + EXIT, version="v3")
    vector("call-own-stack", mov(3, None, 1) + store(8, 10, -8, 3) + call(2) + load(8, 0, 10, -8) + EXIT
           + mov(3, None, 2) + store(8, 10, -8, 3) + mov(0, None, 0) + EXIT, version="v3")
    vector("call-passes-stack", mov(3, None, 1) + store(8, 10, -8, 3) + mov(1, 10) + call(2)
           + load(8, 0, 10, -8) + EXIT + mov(3, None, 44) + store(8, 1, -8, 3) + mov(0, None, 0) + EXIT, version="v3")
    # Seven calls deep, each adding its depth: eight frames, the most there may be.
    deep = mov(1, None, 7) + call(1) + EXIT
    deep += mov(0, 1) + jump("eq", 64, 1, None, 1, 4) + mov(6, 1) + alu("sub", 64, 1, None, 1) + call(-5) \
        + alu("add", 64, 0, 6) + EXIT
    vector("call-eight-frames", deep, version="v3")
    fibonacci = mov(1, None, 5) + call(1) + EXIT
    fibonacci += mov(0, 1) + jump("le", 64, 1, None, 1, 9) + mov(6, 1) + mov(1, 6) + alu("sub", 64, 1, None, 1) \
        + call(-6) + mov(7, 0) + mov(1, 6) + alu("sub", 64, 1, None, 2) + call(-10) + alu("add", 64, 0, 7) + EXIT
    vector("call-fibonacci", fibonacci, version="v3")


def mixed():
    """Straight runs of random arithmetic over all registers, so that one result depends on many instructions."""
    random_ = random.Random(2014)
    for number in range(40):
        body = b"".join(wide(i, random_.choice(EDGES) ^ random_.getrandbits(64)) for i in range(10))
        for _ in range(30):
            op = random_.choice(list(ALU))
            width = random_.choice((32, 64))
            dst = random_.randrange(10)
            if random_.random() < 0.5:
                body += alu(op, width, dst, random_.randrange(10))
            else:
                body += alu(op, width, dst, None, random_.choice(IMMEDIATES + [random_.getrandbits(31)]))
        body += b"".join(alu("xor", 64, 0, i) for i in range(1, 10)) + EXIT
        vector(f"mixed-{number}", body)


def checksum():
    random_ = random.Random(1071)
    data = bytes(random_.getrandbits(8) for _ in range(64))
    body = mov(0, None, 0) + alu("add", 64, 2, 1) + load(2, 3, 1, 0) + slot(0xdc, 3, 0, 0, 16) + alu("add", 64, 0, 3)
    body += alu("add", 64, 1, None, 2) + jump("lt", 64, 1, 2, 0, -5)
    body += mov(3, 0) + alu("rsh", 64, 3, None, 16) + alu("and", 64, 0, None, 0xffff) + alu("add", 64, 0, 3)
    body += mov(3, 0) + alu("rsh", 64, 3, None, 16) + alu("add", 64, 0, 3) + alu("xor", 64, 0, None, -1)
    body += alu("and", 64, 0, None, 0xffff) + EXIT
    vector("internet-checksum", body, data)


if __name__ == "__main__":
    for make in (arithmetic, jumps, memory, atomics, calls, mixed, checksum):
        make()
    assert len({entry["name"] for entry in VECTORS}) == len(VECTORS)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.jsonl")
    with open(path, "w", encoding="ascii") as file:
        for entry in VECTORS:
            file.write(json.dumps(entry) + "\n")
    print(len(VECTORS), "vectors")
