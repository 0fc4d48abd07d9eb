# SPDX-License-Identifier: MIT
"""wire - netlink messages of sock_diag, put together by hand: recordings that no kernel and no sockview made.

Layouts: include/uapi/linux/netlink.h, inet_diag.h, unix_diag.h (Linux 6.18).
"""
import ipaddress
import os
import struct

# That of the machine that sockview is built for: "<", ">", or that of this one.
ORDER = os.environ.get("SOCKVIEW_BYTE_ORDER", "=")

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
SOCK_DIAG_BY_FAMILY = 20
TCPDIAG_GETSOCK = 18
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_DUMP_INTR, NLM_F_DUMP = 1, 2, 0x10, 0x300
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
TCP, UDP, UDPLITE, RAW = 6, 17, 136, 255
STATES = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
          "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING")
TIMERS = ("off", "on", "keepalive", "timewait", "probe", "delack", "unkn-6")


def message(kind, payload, flags=NLM_F_MULTI):
    data = struct.pack(ORDER + "IHHII", 16 + len(payload), kind, flags, 1, 0) + payload
    return data + b"\0" * (-len(data) % 4)


def done(number=0):
    return message(NLMSG_DONE, struct.pack(ORDER + "i", number))


def error(number):
    return message(NLMSG_ERROR, struct.pack(ORDER + "i", number) + b"\0" * 16, 0)


def origin(more=" kernel 6.18.1 bound told", boot="00000000-0000-0000-0000-000000000000"):
    """How a recording begins: of which boot, on which kernel."""
    return message(NLMSG_NOOP, b"sockview recording 1 boot %s%s" % (boot.encode(), more.encode()), 0)


def request(family, protocol, states=0xFFFFFFFF, sport=0, attributes=b""):
    """What a recording holds in front of the answers: struct inet_diag_req_v2."""
    return message(SOCK_DIAG_BY_FAMILY, struct.pack(ORDER + "BBBBI", family, protocol, 0, 0, states) +
                   struct.pack("!H46x", sport) + attributes, NLM_F_REQUEST | NLM_F_DUMP)


def without(*asked):
    """Dumps of (family, protocol) that told of no socket: a recording without them is not known to be whole."""
    return b"".join(request(*one) + done() for one in asked)


def attribute(kind, payload):
    data = struct.pack(ORDER + "HH", 4 + len(payload), kind) + payload
    return data + b"\0" * (-len(data) % 4)


def end(text):
    """"[::1]:80" or "192.0.2.1:80" as (family, 16 bytes of address, port)."""
    host, _, port = text.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    packed = address.packed
    return AF_INET6 if address.version == 6 else AF_INET, packed + b"\0" * (16 - len(packed)), int(port)


def inet(state, local, remote=None, queues=(0, 0), uid=0, inode=0, timer=("off", 0, 0), interface=0, cookie=1,
         attributes=b"", kind=SOCK_DIAG_BY_FAMILY, flags=NLM_F_MULTI):
    """An answer: struct inet_diag_msg and its attributes."""
    family, source, sport = end(local)
    _, target, dport = end(remote or ("[::]:0" if family == AF_INET6 else "0.0.0.0:0"))
    body = struct.pack(ORDER + "BBBB", family, STATES.index(state), TIMERS.index(timer[0]), timer[2])
    body += struct.pack("!HH", sport, dport) + source + target + struct.pack(ORDER + "III", interface, cookie, 0)
    body += struct.pack(ORDER + "IIIII", timer[1], *queues, uid, inode)
    return message(kind, body + attributes, flags)


def unix(kind, state, inode, name=None):
    """kind: 1 stream, 2 dgram, 5 seqpacket; name: as in sun_path, b"\\0..." for an abstract one."""
    body = struct.pack(ORDER + "BBBBIII", AF_UNIX, kind, state, 0, inode, inode, 0)
    return message(SOCK_DIAG_BY_FAMILY, body + (attribute(0, name) if name else b""))
