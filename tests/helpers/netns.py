"""netns - a network namespace of the test's own, as root or as an ordinary user.

    why = netns.enter()            # None, or why it cannot be had here
    netns.furnish()                # loopback up, addresses, a veth pair

The script itself moves into the namespace, so everything it starts is inside.
"""
import ctypes
import os
import socket

from tap import libc, run

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

LONG6 = "2001:db8:1234:5678:9abc:def0:1234:5678"
ADDRESSES = ["192.0.2.1/32", "198.51.100.200/32", "2001:db8::1/128", LONG6 + "/128"]
LINK = {"vsock0": "fe80::1", "vsock1": "fe80::2"}


def unshare(flags):
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def enter(mounts=False):
    """Into a new network namespace (and mount namespace). Returns None, or why not."""
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | (CLONE_NEWNS if mounts else 0)
    try:
        if uid == 0:
            unshare(flags)
        else:
            unshare(flags | CLONE_NEWUSER)
            write("/proc/self/setgroups", "deny")
            write("/proc/self/uid_map", "0 %d 1" % uid)
            write("/proc/self/gid_map", "0 %d 1" % gid)
        if mounts and libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
            raise OSError(ctypes.get_errno(), "mount: " + os.strerror(ctypes.get_errno()))
    except OSError as error:
        return "no network namespace can be made here (%s)" % error
    up = run(["ip", "link", "set", "lo", "up"])
    return None if up.status == 0 else "ip: " + up.err.decode(errors="replace").strip()


def bind_mount(source, target):
    """`source` in the place of `target`, in this mount namespace only. True if it could be done."""
    return libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None) == 0


def ip(*args):
    return run(["ip", *args]).status == 0


def has_ipv6():
    return os.path.exists("/proc/self/net/if_inet6") and ip("-6", "addr", "show", "dev", "lo")


def has_mptcp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
        return True
    except OSError:
        return False


def furnish():
    """The addresses above, and a socket of the kernel itself. Returns what of {'ipv6', 'link'} this kernel has."""
    has = set()
    # Where there is vxlan, its UDP socket 0.0.0.0:4789 has an inode and no owner.
    if ip("link", "add", "vxsock", "type", "vxlan", "id", "7", "dstport", "4789", "dev", "lo"):
        ip("link", "set", "vxsock", "addrgenmode", "none")
        ip("link", "set", "vxsock", "up")
    for address in ADDRESSES:
        six = ":" in address
        if ip("addr", "add", address, "dev", "lo", *(["nodad"] if six else [])) and six:
            has.add("ipv6")
    names = list(LINK)
    if "ipv6" in has and ip("link", "add", names[0], "type", "veth", "peer", "name", names[1]):
        ok = True
        for name, address in LINK.items():
            # Only the address given here: no others that come when the kernel likes.
            ok = ip("link", "set", name, "addrgenmode", "none") and ok
            ok = ip("link", "set", name, "up") and ok
            ok = ip("addr", "add", address + "/64", "dev", name, "nodad") and ok
        if ok:
            has.add("link")
    return has
