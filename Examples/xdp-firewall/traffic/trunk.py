#!/usr/bin/env python3
"""A switch of two halves joined by a trunk, as a program, for kernels without 802.1Q.

Ports p0 and q0 are untagged on the trunk, p1 and q1 are VLAN 10. What the p side sends arrives at trunk end t1 as it
would at a server's interface: untagged, or tagged with VLAN 10.
"""
import select
import socket
import struct

VLAN = 10
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID = 1 << 4


def port(name):
    it = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    it.bind((name, 0))
    it.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return it


def receive(it):
    """The next frame's bytes and VLAN, which the kernel has taken out of it; None for one that leaves here."""
    frame, ancillary, _, address = it.recvmsg(65536, socket.CMSG_SPACE(20))
    if address[2] == PACKET_OUTGOING:
        return None, None
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tag, _ = struct.unpack("IIIHHHH", data[:20])
            return frame, tag & 0xFFF if status & TP_STATUS_VLAN_VALID else 0
    return frame, 0


def main():
    ports = {name: port(name) for name in ("p0", "p1", "q0", "q1", "t0", "t1")}
    names = {it.fileno(): name for name, it in ports.items()}
    print("ready", flush=True)
    while True:
        for number in select.select(list(names), [], [])[0]:
            name = names[number]
            frame, vlan = receive(ports[name])
            if frame is None:
                continue
            if name[0] == "t":
                side = "p" if name == "t0" else "q"
                ports[side + ("1" if vlan == VLAN else "0")].send(frame)
            else:
                trunk = ports["t0" if name[0] == "p" else "t1"]
                if name[1] == "1":
                    frame = frame[:12] + struct.pack("!HH", 0x8100, VLAN) + frame[12:]
                trunk.send(frame)


main()
