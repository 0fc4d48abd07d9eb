# SPDX-License-Identifier: MIT
"""netns - a network namespace of the test's own, as root or as an ordinary user.

    why = netns.enter()            # None, or why it cannot be had here
    netns.furnish()                # loopback up, addresses, a veth pair

The script itself moves into the namespace, so everything it starts is inside.
"""
import ctypes
import os
import signal
import socket
import sys
import traceback

import tap
from tap import die_with_parent, libc, run

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

OUTER_PIDS = os.readlink("/proc/self/ns/pid")
LONG6 = "2001:db8:1234:5678:9abc:def0:1234:5678"
ADDRESSES = ["192.0.2.1/32", "198.51.100.200/32", "2001:db8::1/128", LONG6 + "/128"]
LINK = {"vsock0": "fe80::1", "vsock1": "fe80::2"}


def unshare(flags):
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def enter(own_processes=True):
    """
    Into a new network namespace, and user namespace if that takes one. Returns
    None, or why not. Where it can be had also into a pid namespace with a /proc
    of its own, so that the peers do not walk through every process of a busy
    machine; the script goes on in a child then.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        if uid == 0:
            unshare(CLONE_NEWNET)
        else:
            unshare(CLONE_NEWNET | CLONE_NEWUSER)
            write("/proc/self/setgroups", "deny")
            write("/proc/self/uid_map", "0 %d 1" % uid)
            write("/proc/self/gid_map", "0 %d 1" % gid)
    except OSError as error:
        return "no network namespace can be made here (%s)" % error
    if own_processes and can_have_pids():
        enter_pids()
    up = run(["ip", "link", "set", "lo", "up"])
    return None if up.status == 0 else "ip: " + up.err.decode(errors="replace").strip()


def mount_proc():
    return libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None) == 0


def in_new_pids(body):
    """Forks; the child is the first process of a new pid namespace and ends with body()'s status. Returns its pid."""
    unshare(CLONE_NEWPID)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        body()
    return pid


def can_have_pids():
    """Tried in a child, as a process that has unshared its pids cannot go back."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            if not own_proc():
                init = in_new_pids(lambda: os._exit(0 if mount_proc() else 1))
                status = os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def has_own_pids():
    """True if enter() went into a pid namespace."""
    return os.readlink("/proc/self/ns/pid") != OUTER_PIDS


def enter_pids():
    """Returns in the child alone. The parent passes on the signals that ask for the end, and exits as the child does."""
    own_proc()
    is_script = tap.is_script()
    child = in_new_pids(lambda: None)
    if child == 0:
        mount_proc()
        if is_script:
            tap.take_over()
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(status if status >= 0 else 1)


def alone(t, body, *args, init=None):
    """
    A scene in a network and a pid namespace of its own, below the script's: body(*args) is process 1 there, and what
    it starts ends with it. Its cases are the script's. With `init` that is called first, and process 1 becomes what
    it gave, until it gets SIGTERM.
    """
    read, tell = os.pipe()
    sys.stdout.flush()
    outer = os.fork()
    if outer == 0:
        def first():
            try:
                mount_proc()
                run(["ip", "link", "set", "lo", "up"])
                become = init and init()
                if become and os.fork():
                    become()
                body(*args)
            except BaseException:
                t.ok(False, "%s: the scene was cut short" % body.__name__, traceback.format_exc())
            finally:
                sys.stdout.flush()
                os.write(tell, b"%d %d" % (t.count, t.failed))
                os.getpid() == 1 or os.kill(1, signal.SIGTERM)
                os._exit(0)
        try:
            die_with_parent()
            unshare(CLONE_NEWNET)
            own_proc()
            os.waitpid(in_new_pids(first), 0)
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    os.waitpid(outer, 0)
    if told:
        t.count, t.failed = map(int, told.split())
    else:
        t.ok(False, "%s: the scene ended before its end" % body.__name__)


def own_mounts(point=b"/"):
    """Into a mount namespace where a mount below `point` is not seen outside. Returns None, or why not."""
    try:
        unshare(CLONE_NEWNS)
        # In a chroot "/" is often no mount point, and this fails: its mounts cannot be kept from the host.
        if libc.mount(b"none", point, None, MS_REC | MS_PRIVATE, None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    except OSError as error:
        return "no mount namespace of its own can be made here (%s)" % error
    return None


def own_proc():
    """The same for /proc alone, which is a mount point in a chroot, too."""
    return own_mounts() and own_mounts(b"/proc")


def bind_mount(source, target):
    """`source` in the place of `target`, in this mount namespace only. True if it could be done."""
    return libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None) == 0


def ip(*args):
    return run(["ip", *args]).status == 0


def has_ipv6():
    return os.path.exists("/proc/self/net/if_inet6") and ip("-6", "addr", "show", "dev", "lo")


def kernel_has(kind, protocol):
    """True if an IPv4 socket of this kind and protocol can be made."""
    try:
        socket.socket(socket.AF_INET, kind, protocol).close()
        return True
    except OSError:
        return False


def furnish():
    """The addresses above, and a socket of the kernel itself. Returns what of {'ipv6', 'link'} this kernel has."""
    has = set()
    try:
        write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0")
    except OSError:
        pass
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
