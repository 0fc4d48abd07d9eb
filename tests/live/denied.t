#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A note names what forbids root to look into a process where nothing else can: a security module, or a user namespace."""
import array
import ctypes
import os
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

CREATE_RULESET, RESTRICT_SELF = 444, 446      # landlock(7)
MAKE_BLOCK = 1 << 11                          # no test makes block devices
INITIAL_USERS = 0xEFFFFFFD                    # include/linux/proc_ns.h, PROC_USER_INIT_INO
SYS_PTRACE, DAC_READ_SEARCH = 19, 2
MODULE = "a security module (LSM) forbids it"
USERS = "another user namespace's, in which no capability of this one counts"


def effective():
    with open("/proc/self/status") as status:
        return int(next(line.split()[1] for line in status if line.startswith("CapEff:")), 16)


if os.getuid() or os.stat("/proc/self/ns/user").st_ino != INITIAL_USERS or \
        not effective() >> SYS_PTRACE & effective() >> DAC_READ_SEARCH & 1:
    tap.skip_all("it takes root of the initial user namespace, with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")
why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()


def in_child(body):
    """What the body returns, a text."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            tap.die_with_parent()
            os.write(write, body().encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as end:
        text = end.read().decode()
    os.waitpid(pid, 0)
    return text


def answers(port):
    """A listing's note and --explain's text, on one line each."""
    listing, explained = tap.sockview("-ltnp", "sport = :%d" % port), tap.sockview("--explain", str(port))
    return "\n".join(" ".join(text.decode().split()) for text in (listing.out, listing.err, explained.out))


# --- Landlock: who is in a domain may not look into processes outside it -----------------------------------


def restricted():
    server.close()
    attribute = struct.pack("Q", MAKE_BLOCK)
    ruleset = tap.libc.syscall(CREATE_RULESET, attribute, ctypes.c_size_t(len(attribute)), 0)
    if ruleset < 0 or tap.libc.prctl(38, 1, 0, 0, 0) or tap.libc.syscall(RESTRICT_SELF, ruleset, 0):
        return ""
    try:
        os.readlink("/proc/%d/exe" % os.getppid())
    except PermissionError:
        return answers(port)
    return ""


server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
seen = answers(port).split("\n")
if not t.ok("%d/" % os.getpid() in seen[0], "its owner is seen", *seen):
    t.done()
    sys.exit()
hidden = in_child(restricted).split("\n")
if hidden == [""]:
    t.skip("a security module", "there is no Landlock here")
else:
    t.ok(hidden[0].endswith(" -"), "in a Landlock domain its owner is hidden", *hidden)
    t.ok(hidden[1].endswith("so some owners are unknown: " + MODULE), "... and a module is named as the cause", *hidden)
    t.ok("could not be looked into: %s." % MODULE in hidden[2], "... by --explain, too", *hidden)

# --- a user namespace ----------------------------------------------------------------------------------------

ours, theirs = socket.socketpair()


def other_users():
    try:
        netns.unshare(netns.CLONE_NEWUSER | netns.CLONE_NEWNET)
        netns.write("/proc/self/setgroups", "deny")
        netns.write("/proc/self/uid_map", "0 0 1")
        netns.write("/proc/self/gid_map", "0 0 1")
    except OSError:
        return ""
    ours.close()
    tap.shell("ip link set lo up")
    kept = socket.create_server(("127.0.0.1", 8080))
    theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [kept.fileno()]))])
    kept.close()
    theirs.recv(1)
    return answers(8080)


def take():
    """The listener is ours alone from now on."""
    _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    if not ancillary:
        return None
    ours.send(b"x")
    return array.array("i", ancillary[0][2])[0]


read, write = os.pipe()
inner = os.fork()
if inner == 0:
    try:
        tap.die_with_parent()
        os.write(write, other_users().encode())
    finally:
        os._exit(0)
os.close(write), theirs.close()
kept = take()
with os.fdopen(read, "rb") as end:
    hidden = end.read().decode().split("\n")
os.waitpid(inner, 0)
if hidden == [""]:
    t.skip("a user namespace", "none can be made here")
else:
    t.ok(hidden[0].endswith(" -"), "from within a user namespace an owner outside is hidden", *hidden)
    t.ok(hidden[1].endswith("so some owners are unknown: " + USERS), "... and that is named as the cause", *hidden)
    t.ok("could not be looked into: %s." % USERS in hidden[2], "... by --explain, too", *hidden)
t.done()
