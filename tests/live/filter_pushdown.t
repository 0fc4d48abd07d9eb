#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A filter judged by the kernel changes no row: with and without that, random filters show the same sockets."""
import os
import random
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import select_scene
import tap

ROUNDS = 60 if tap.SAN else 400
has = select_scene.enter()
t = tap.Tap()
scene = select_scene.fill(has)
seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10 ** 9))
t.note("SEED=%d" % seed)
pick = random.Random(seed)

PORTS = sorted({sock.local[1] for sock in scene.sock.values() if isinstance(sock.local, list)})
INODES = [sock.inode for sock in scene.sock.values() if sock.inode]
PIDS = [sock.pid for sock in scene.sock.values() if sock.pid]
FOUR = ["127.0.0.1", "192.0.2.1", "0.0.0.0", "127.0.0.0/8", "192.0.0.0/8", "0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8"]
SIX = ["::1", "::", "2001:db8::1", "2001:db8::/32", "fe80::/10", "::/0", "::ffff:127.0.0.1", "::ffff:0:0/96", "::1/127"]
STATES = ["listen", "established", "time-wait", "syn-sent", "syn-recv", "close-wait", "closed", "bound", "connected",
          "bucket", "big", "fin-wait-1", "last-ack", "closing", "synchronized"]


def port():
    return str(pick.choice(PORTS + [0, 65535, pick.randrange(65536)]))


def ports():
    low = pick.choice(PORTS)
    return pick.choice([port(), "%s,%s" % (port(), port()), "%d-%d" % (low, min(65535, low + pick.randrange(3000))),
                        ",".join(port() for _ in range(pick.randrange(1, 9)))])


def host():
    if pick.random() < .5:
        return pick.choice(FOUR) + pick.choice(["", "", ":" + port()])
    return "[%s]" % pick.choice(SIX) + pick.choice(["", "", ":" + port()])


def term():
    kind = pick.randrange(12)
    end = pick.choice(["s", "d"])
    if kind < 4:
        compare = pick.choice(["=", "!=", "<", "<=", ">", ">="])
        return "%sport %s :%s" % (end, compare, ports() if compare in ("=", "!=") else port())
    if kind < 7:
        return "%s %s %s" % (pick.choice(["src", "dst"]), pick.choice(["=", "!="]), host())
    return [lambda: "state %s %s" % (pick.choice(["=", "!="]), pick.choice(STATES)),
            lambda: "dev %s %d" % (pick.choice(["=", "!="]), pick.randrange(4)),
            lambda: "fwmark = %d/%d" % (pick.randrange(8), pick.randrange(256)),
            lambda: pick.choice(["tcp", "udp", "tcp6", "udp4"]) + ":" + ports(),
            lambda: pick.choice(["inode = %d" % pick.choice(INODES), "pid != %d" % pick.choice(PIDS),
                                 "program = python*", "user = 0"])][kind - 7]()


def expression(depth=0):
    if depth > 4 or pick.random() < .3:
        return term()
    kind = pick.randrange(5)
    if kind == 0:
        return "not " + expression(depth + 1)
    joined = pick.choice([" and ", " "] if kind < 3 else [" or "]).join(
        expression(depth + 1) for _ in range(pick.randrange(2, 4)))
    return "( " + joined + " )"


def received(result):
    match = re.search(rb"(\d+) sockets? received in (\d+) dumps?, (\d+) shown", result.err)
    return tuple(map(int, match.groups())) if match else (-1, -1, -1)


def both(words):
    """With the kernel's help and without, the scene at rest: answers, or None."""
    for _ in range(5):
        before = select_scene.mine("-v", "--no-pushdown", *words)
        helped = select_scene.mine("-v", *words)
        after = select_scene.mine("-v", "--no-pushdown", *words)
        if sorted(before.lines) == sorted(after.lines):
            return helped, after
    return None


wrong = helped_rows = plain_rows = matched = 0
for number in range(ROUNDS):
    text = expression()
    words = [pick.choice(["-a", "-a", "-a", "-l", ""]), pick.choice(["", "", "", "-4", "-6"]),
             pick.choice(["", "", "-t", "-u", "-tuw", "-tux"])]
    words = [word for word in words if word] + [text]
    answer = both(words)
    if not answer:
        t.note("the scene moves: " + " ".join(words))
        continue
    helped, plain = answer
    helped_rows += received(helped)[0]
    plain_rows += received(plain)[0]
    matched += len(helped.lines)
    fits = sorted(helped.lines) == sorted(plain.lines) and helped.status == plain.status and \
        received(helped)[0] <= received(plain)[0] and received(helped)[2] == len(helped.lines)
    if not fits:
        wrong += 1
        t.note(" ".join(words), *tap.difference(sorted(helped.lines), sorted(plain.lines)), helped, plain)
t.ok(not wrong, "%d random filters show the same rows with and without the kernel's help" % ROUNDS)
t.ok(matched, "some of them matched", matched)
t.ok(helped_rows < plain_rows, "the kernel sent fewer rows with it", (helped_rows, plain_rows))
t.note("received: %d with, %d without; matched %d" % (helped_rows, plain_rows, matched))


def counts(name, words, want_rows, want_dumps=None):
    """No more rows are sent than are shown."""
    result = select_scene.mine("-v", *words)
    rows, dumps, shown = received(result)
    t.ok(rows == shown == want_rows and (want_dumps is None or dumps == want_dumps), name, (rows, dumps, shown), result)


if "link" in has:
    counts("dev: only the sockets of the device are sent", ["-ta", "dev", "vsock1"],
           len(select_scene.mine("-ta", "--no-pushdown", "dev vsock1").lines))
counts("no port can be two ports: nothing is asked", ["-a", "sport = :80 and sport = :81"], 0, 0)
counts("no socket is TCP and UDP: nothing is asked", ["-a", "tcp:80 and udp:80"], 0, 0)
counts("IPv6 is not asked for with -4", ["-4", "-a", "src [::1]"], 0, 0)
counts("one state is not another: nothing is asked", ["state = listen and state = established"], 0, 0)
counts("a listener's port: LISTEN alone is asked for", ["state listen sport = :80"], 2, 1)
counts("tcp:80 asks for TCP alone: its listeners, then the rest", ["-a", "tcp:80"], 4, 2)
scene.close()

# 50,000 sockets, of which one has the port.
load = subprocess.Popen([tap.helper("load"), "25", "1000", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        preexec_fn=tap.die_with_parent)
ready = load.stdout.readline().split()
if t.ok(ready[:1] == [b"ready"] and int(ready[1]) >= 50000, "50,000 sockets stand", ready):
    rows = select_scene.mine("-t", "dport = :%d" % int(ready[3])).lines
    one = rows[0].split("\t")[4]
    want = len([1 for row in select_scene.mine("-t", "--no-pushdown", "sport = :" + one).lines])
    counts("sport = :P: of 50,000 sockets those of the port are sent and no others", ["-t", "sport = :" + one], want, 1)
    counts("the same for sport and dport", ["-t", "sport = :%s and dport = %d" % (one, int(ready[3]))], 1, 1)
    counts("a bare target: both ends", ["tcp:" + one], 2 * want, 2)
    everything = received(select_scene.mine("-v", "-t", "--no-pushdown", "sport = :" + one))
    t.ok(everything[0] >= 50000, "without the kernel's help all are sent", everything)
load.stdin.close()
load.wait()
t.done()
