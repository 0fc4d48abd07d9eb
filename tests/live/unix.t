#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Unix sockets beside /proc/net/unix, which is read only where it has something to add: who waits for an accept(), and
reference counts."""
import json
import os
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()


def kernel():
    """(reference count, state, inode, name) of each socket of this network namespace."""
    with open("/proc/net/unix") as lines:
        next(lines)
        for line in lines:
            _, refcnt, _, flags, _, st, inode, *name = line.split()
            state = "LISTEN" if int(flags, 16) & 0x10000 else "ESTABLISHED" if st in ("02", "03") else "UNCONNECTED"
            yield int(refcnt, 16), state, int(inode), name[0] if name else ""


def name_of(path):
    """As the kernel writes it."""
    return re.sub(r"^\\x00|^\0", "@", path or "")


def table(*options):
    """(state, inode, name) of each row of the form for people."""
    lines = [line.split() for line in tap.sockview("--columns", "state,inode,path", "--format", "table", *options).lines]
    return sorted((state, 0 if inode == "-" else int(inode), name_of("" if path == "-" else path))
                  for state, inode, path in lines[1:])


def objects(*options):
    rows = json.loads(tap.sockview("--json", *options).out)["sockets"]
    return sorted((row["state"], row["inode"] or 0, name_of(row["path"])) for row in rows)


def netstat(*options):
    """(reference count, inode, name)."""
    found = re.findall(r"^unix +(\d+) +\[[^]]*\] +\S+ +\S* +(\d+) +(\S*)$", tap.sockview(*options).out.decode(), re.M)
    return sorted((int(refcnt), int(inode), name) for refcnt, inode, name in found)


def compare(when):
    want = sorted(row[1:] for row in kernel())
    t.same(objects("-ax"), want, "%s: JSON" % when)
    t.same(table("-ax"), want, "%s: a table" % when)
    connected = [row for row in want if row[0] != "LISTEN"]
    t.same(objects("-x"), connected, "%s: without listeners" % when)
    t.same(table("-x"), connected, "%s: a table without listeners" % when)
    t.same(objects("-lx"), [row for row in want if row[0] == "LISTEN"], "%s: listeners alone" % when)
    counts = sorted((refcnt, inode, name) for refcnt, _, inode, name in kernel())
    t.same(netstat("-ax"), counts, "%s: netstat's lines have the reference counts" % when)
    rows = json.loads(tap.sockview("--json", "-ax", "--columns", "refcnt,inode").out)["sockets"]
    t.same(sorted((row["refcnt"], row["inode"] or 0) for row in rows), sorted(row[:2] for row in counts),
           "%s: and so has the column" % when)
    groups = json.loads(tap.sockview("--json", "-ax", "--group-by", "state").out)["groups"]
    t.same({group["state"]: group["count"] for group in groups},
           {state: sum(row[0] == state for row in want) for state in {row[0] for row in want}}, "%s: groups" % when)


def files(*options):
    """Which of the tables of /proc/net it opens."""
    text = tap.run(["strace", "-f", "-qq", "-e", "trace=openat", tap.SOCKVIEW, *options],
                   env={"ASAN_OPTIONS": "detect_leaks=0"}).err.decode()
    return set(re.findall(r'"(unix)"', text))


pair = socket.socketpair()
plain = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
plain.bind("\0unix-t-datagrams")
servers = {}
for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
    servers[kind] = socket.socket(socket.AF_UNIX, kind)
    servers[kind].bind("\0unix-t-%d" % kind)
    servers[kind].listen(8)
compare("nothing waits")

quiet = (["-ax", "--csv"], ["-x", "--json"], ["-ax", "--format", "table"], ["-axp", "--jsonl"], ["-lx", "--csv"])
asked = (["-ax"], ["-ax", "--csv", "--columns", "+refcnt"], ["-ax", "--csv", "refcnt > 2"])
if tap.missing("strace"):
    t.skip("the file is read where it is needed", "strace is not installed")
else:
    for words in quiet:
        t.same(files(*words), set(), "nothing waits, and no count is shown: the file is not read: %s" % " ".join(words))
    for words in asked:
        t.same(files(*words), {"unix"}, "counts are in the file: %s" % " ".join(words))

clients = []
for kind, count in ((socket.SOCK_STREAM, 3), (socket.SOCK_SEQPACKET, 1)):
    for _ in range(count):
        clients.append(socket.socket(socket.AF_UNIX, kind))
        clients[-1].connect("\0unix-t-%d" % kind)
compare("four wait")
accepted = [servers[socket.SOCK_STREAM].accept()[0] for _ in range(3)]
compare("one waits at the last listener")
accepted.append(servers[socket.SOCK_SEQPACKET].accept()[0])
compare("all are accepted")

# Sockets left out of a look are in a recording all the same: a replay may be asked for them.
path = os.path.join(tap.scratch(), "unix.rec")
tap.sockview("-ax", "--csv", "--record", path)
rows = json.loads(tap.sockview("--replay", path, "-ax", "--json", "--columns", "inode,peer_inode").out)["sockets"]
ends = {row["inode"]: row["peer_inode"] for row in rows}
one, other = (os.fstat(end.fileno()).st_ino for end in pair)
t.same((ends.get(one), ends.get(other)), (other, one), "a recording knows the other ends")
t.same(len(rows), len(list(kernel())), "and each socket once")
t.done()
