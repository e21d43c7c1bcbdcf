#!/usr/bin/env python3
"""Asks as the firmware of a BIOS network card does (PXE 2.1): who says what to boot, what is it, and what comes by TFTP?

    pxe_bios.py INTERFACE ADDRESS     the interface has this address already: that part of PXE is plain DHCP

Prints one line each: "offer ADDRESS MENU", "boot ADDRESS FILE", "file SHA-256 of what TFTP gave".
"""

import hashlib
import socket
import struct
import sys

MAC = bytes.fromhex("525400000009")
CLIENT = 68
SERVER = 67
BOOT_SERVER = 4011
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
VENDOR, TYPE, CLASS = 43, 53, 60


def packet(kind, address, more):
    """A DHCP message of a BIOS (architecture 0) with a UNDI card."""
    fixed = struct.pack(
        "!BBBBIHH4s4s4s4s16s64s128s4s",
        1, 1, 6, 0, 0x1A2B3C4D, 0, 0x8000, socket.inet_aton(address), bytes(4), bytes(4), bytes(4), MAC, b"", b"",
        bytes((99, 130, 83, 99)),
    )
    options = [
        (TYPE, bytes((kind,))),
        (55, bytes((1, 3, 43, 54, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135))),
        (CLASS, b"PXEClient:Arch:00000:UNDI:002001"),
        (93, bytes(2)),
        (94, bytes((1, 2, 1))),
        (97, bytes((0,)) + bytes(range(16))),
    ] + more
    return fixed + b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff"


def options_of(data):
    found = {}
    while data and data[0] != 255:
        if data[0] == 0:
            data = data[1:]
            continue
        found[data[0]] = data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
    return found


def receive(sock, kind):
    """The next message of that kind from a server that speaks PXE."""
    while True:
        data, (sender, _) = sock.recvfrom(2048)
        options = options_of(data[240:])
        if options.get(TYPE) == bytes((kind,)) and options.get(CLASS, b"").startswith(b"PXEClient"):
            return sender, data[108:236].split(b"\0")[0].decode(), options


def fetch(server, name):
    """A file by TFTP, as the card's ROM fetches it: in blocks of 512 bytes."""
    digest = hashlib.sha256()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(struct.pack("!H", 1) + name.encode() + b"\0octet\0", (server, 69))
        while True:
            data, sender = sock.recvfrom(2048)
            if data[:2] != b"\0\3":
                raise RuntimeError(f"TFTP says {data[4:].decode(errors='replace')}")
            digest.update(data[4:])
            sock.sendto(b"\0\4" + data[2:4], sender)
            if len(data) < 516:
                return digest.hexdigest()


def main():
    interface, own = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        sock.settimeout(10)
        sock.bind(("", CLIENT))
        sock.sendto(packet(DISCOVER, "0.0.0.0", []), ("255.255.255.255", SERVER))
        server, _, options = receive(sock, OFFER)
        menu = options_of(options[VENDOR])[9]  # entries of: type, length, text
        item, length = menu[:2], menu[2]
        print("offer", server, menu[3 : 3 + length].decode())
        chosen = (VENDOR, bytes((71, 4)) + item + bytes(2) + b"\xff")
        sock.sendto(packet(REQUEST, own, [chosen]), (server, BOOT_SERVER))
        server, name, _ = receive(sock, ACK)
        print("boot", server, name)
        print("file", fetch(server, name))


main()
