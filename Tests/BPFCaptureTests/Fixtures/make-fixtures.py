#!/usr/bin/env python3
"""Writes the capture fixtures beside this file, one per variant of the formats.

They are built here from struct.pack, not by the library's own writer, so that reader and writer are not each other's
only witness. Every file holds the packets below unless its name says otherwise.
"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
PACKETS = [  # seconds, nanoseconds, bytes, original length
    (1_700_000_000, 123_456_789, bytes(range(60)), 60),
    (1_700_000_000, 999_999_999, bytes([0xAA]) * 33, 1500),
    (1_700_000_001, 0, b"", 0),
    (4_294_967_295, 1_000, b"\x01", 1),
]


def save(name, data):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)


def pcap(order, magic, link=1, version=(2, 4), snapshot=262144, unit=1000, swap=False, extra=b""):
    out = struct.pack(order + "IHHiIII", magic, *version, 0, 0, snapshot, link)
    for seconds, nanoseconds, data, original in PACKETS:
        lengths = (original, len(data)) if swap else (len(data), original)
        out += struct.pack(order + "IIII", seconds, nanoseconds // unit, *lengths) + extra + data
    return out


def block(order, kind, content):
    content += b"\0" * (-len(content) % 4)
    length = struct.pack(order + "I", len(content) + 12)
    return struct.pack(order + "I", kind) + length + content + length


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(order, version=(1, 0), length=-1, options=b""):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length) + options)


def interface(order, link=1, snapshot=0, options=b""):
    return block(order, 1, struct.pack(order + "HHI", link, 0, snapshot) + options)


def enhanced(order, index, ticks, data, original, options=b""):
    fields = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), original)
    return block(order, 6, fields + data + b"\0" * (-len(data) % 4) + options)


def obsolete(order, index, ticks, data, original):
    fields = struct.pack(order + "HHIIII", index, 7, ticks >> 32, ticks & 0xFFFFFFFF, len(data), original)
    return block(order, 2, fields + data)


def simple(order, data, original):
    return block(order, 3, struct.pack(order + "I", original) + data)


def microseconds(packet):
    return packet[0] * 1_000_000 + packet[1] // 1000


def nanoseconds(packet):
    return packet[0] * 1_000_000_000 + packet[1]


for suffix, order in (("le", "<"), ("be", ">")):
    save(f"microseconds-{suffix}.pcap", pcap(order, 0xA1B2C3D4))
    save(f"nanoseconds-{suffix}.pcap", pcap(order, 0xA1B23C4D, unit=1))
    save(f"modified-{suffix}.pcap", pcap(order, 0xA1B2CD34, extra=struct.pack(order + "IHBB", 3, 0x800, 4, 0)))
    save(
        f"enhanced-{suffix}.pcapng",
        section(order)
        + interface(order)
        + b"".join(enhanced(order, 0, microseconds(p), p[2], p[3]) for p in PACKETS),
    )
    save(
        f"obsolete-{suffix}.pcapng",
        section(order)
        + interface(order, options=option(order, 9, b"\x09") + option(order, 0, b""))
        + b"".join(obsolete(order, 0, nanoseconds(p), p[2], p[3]) for p in PACKETS),
    )

save("header-only.pcap", pcap("<", 0xA1B2C3D4)[:24])
save("version-2.2.pcap", pcap("<", 0xA1B2C3D4, version=(2, 2), swap=True))
save("version-2.3.pcap", pcap("<", 0xA1B2C3D4, version=(2, 3), swap=True))
save("snapshot-zero.pcap", pcap("<", 0xA1B2C3D4, snapshot=0))
save("raw-ip.pcap", pcap("<", 0xA1B2C3D4, link=101))
# Four bytes of frame check sequence: two units of two bytes, and the bit that says they are given.
save("frame-check.pcap", pcap("<", 0xA1B2C3D4, link=1 | 0x04000000 | 2 << 28))

save(
    "simple.pcapng",
    section("<")
    + interface("<", snapshot=33)
    + b"".join(simple("<", p[2][:33], p[3]) for p in PACKETS),
)
# Unknown, name resolution, statistics and custom blocks between the packets; options on every kind of block.
comment = option("<", 1, b"a comment") + option("<", 0, b"")
save(
    "blocks-between.pcapng",
    section("<", version=(1, 2), options=comment)
    + block("<", 4, b"\0\0\0\0")
    + interface("<", options=option("<", 2, b"veth0") + option("<", 9, b"\x09") + comment)
    + block("<", 0x0BAD, struct.pack("<I", 32473) + b"custom data")
    + b"".join(
        enhanced("<", 0, nanoseconds(p), p[2], p[3], comment) + block("<", 0x7FFFFFFE, b"unknown")
        for p in PACKETS
    )
    + block("<", 5, struct.pack("<III", 0, 0, 0)),
)
# Every interface its own link type, resolution and offset; the packets in turn.
resolutions = [
    (1, b"\x06", 0, microseconds),
    (101, b"\x09", 1_000_000_000, lambda p: nanoseconds(p) - 10**18),
    (113, b"\x00", 0, lambda p: p[0]),
    (0, b"\x8a", -5, lambda p: (p[0] + 5) * 1024 + p[1] * 1024 // 10**9),
]
save(
    "interfaces.pcapng",
    section("<")
    + b"".join(
        interface(
            "<",
            link=link,
            options=option("<", 9, octet) + option("<", 14, struct.pack("<q", offset)) + option("<", 0, b""),
        )
        for link, octet, offset, _ in resolutions
    )
    + b"".join(
        enhanced("<", i, resolutions[i][3](p), p[2], p[3]) for i, p in enumerate(PACKETS)
    ),
)
# Two sections of different byte order, with an interface each, and the second one's length given.
second = interface(">", link=101) + b"".join(enhanced(">", 0, microseconds(p), p[2], p[3]) for p in PACKETS[2:])
save(
    "sections.pcapng",
    section("<")
    + interface("<")
    + b"".join(enhanced("<", 0, microseconds(p), p[2], p[3]) for p in PACKETS[:2])
    + section(">", length=len(second))
    + second,
)
save("section-only.pcapng", section("<"))
