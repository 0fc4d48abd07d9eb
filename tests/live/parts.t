#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A dump of TCP received in parts, side by side: the rows are those of one dump, whatever the ports."""
import json
import os
import resource
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
has = netns.furnish()
t = tap.Tap()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
PAIRS = 300
kept = []


def connections(family, host, count, local=None):
    """Both ends, and the listener; `local`: all clients have this port, and each connects to a listener of its own."""
    server = socket.create_server((host, 0), family=family, backlog=64)
    kept.append(server)
    for _ in range(count):
        client = socket.socket(family)
        if local:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind((host, local))
            server = socket.create_server((host, 0), family=family)
            kept.append(server)
        client.connect(server.getsockname())
        kept.extend((client, server.accept()[0]))


def closed(host, count):
    """In TIME_WAIT, which no process has."""
    server = socket.create_server((host, 0), backlog=64)
    for _ in range(count):
        client = socket.create_connection(server.getsockname())
        other = server.accept()[0]
        client.close()
        other.close()


# A connection to port 0, with a local port that any part may have, and no answer to its SYN. Made before the kernel gives away ports.
refused = "nft is not installed" if tap.missing("nft") else \
    tap.first_refusal(["nft", "add table ip parts { chain output { type filter hook output priority 0; tcp dport 0 drop; }; }"])
if refused is None:
    for local in (3, 20000, 33000, 45000, 65000):
        asking = socket.socket()
        asking.setblocking(False)
        asking.bind(("192.0.2.1", local))
        asking.connect_ex(("192.0.2.1", 0))
        kept.append(asking)
    shown = tap.sockview("-tn", "state", "syn-sent", "dport", "=", "0", "-H")
    t.same(len(shown.lines), 5, "connections to port 0 wait", shown)
else:
    t.skip("connections to port 0", refused)

connections(socket.AF_INET, "192.0.2.1", PAIRS)
if "ipv6" in has:
    connections(socket.AF_INET6, "2001:db8::1", PAIRS)
connections(socket.AF_INET, "192.0.2.1", 40, local=7)
closed("192.0.2.1", 50)
for _ in range(3):
    bound = socket.socket()
    bound.bind(("192.0.2.1", 0))
    kept.append(bound)
waiting = socket.create_server(("192.0.2.1", 0))
kept.append(socket.create_connection(waiting.getsockname()))

PARTS = ("2", "3", "8")


def lines(*options):
    """What is printed: its rows in any order, which is the kernel's for one part alone, but tcp before tcp6."""
    result = tap.sockview(*options)
    return result.status, sorted(result.lines), [line.replace(",", " ").split(" ")[0] for line in result.lines]


def same(got, want, name):
    differ = [line for line in got[1] + want[1] if (line in got[1]) != (line in want[1])]
    t.ok(got == want, name, got[0], want[0], len(got[1]), len(want[1]), differ[:10])


for options in (["-atn"], ["-tn"], ["-atnp"], ["-atn4"], ["-ltn"], ["-atnm"],
                ["-atn", "--csv", "--columns", "proto,local,remote,state,recv_q,inode,uid,cookie"],
                ["-atn", "--state", "time-wait"], ["-atn", "--state", "bound"], ["-atn", "sport = :7"], ["-an"],
                ["-atn", "--group-by", "state"], ["-nPi"], ["-atn", "not dport = :7"], ["-atn", "recv_q = 0"],
                ["-atn", "autobound"], ["-atn", "--sort", "local_port,remote_port,state"]):
    for parts in PARTS:
        # TIME_WAIT ends after a minute, between two looks if this machine is slow.
        for _ in range(5):
            want, got = lines("--x-parts=1", *options), lines("--x-parts=" + parts, *options)
            if got == want:
                break
        same(got, want, "%s parts: %s" % (parts, " ".join(options)))


def report(*options):
    return json.loads(tap.sockview("-atn", "--json", *options).out)["report"]


# Listeners, a sample; the parts.
for parts in PARTS:
    told = report("--x-parts=" + parts)
t.ok(told["complete"] and 4 <= told["requests"] <= 2 + int(parts), "%s parts at most are asked for" % parts, told)
t.same(report("--x-parts=2", "sport = :7")["requests"] <= 2, True, "not where the kernel judges")
t.same(report("--x-parts=2", "--source=netlink")["requests"], 4, "with netlink alone, too")
t.same(report()["requests"], 2, "of few sockets it is one dump, and the listeners'")

path = os.path.join(tap.scratch(), "parts.rec")
t.same(report("--x-parts=2", "--record", path)["requests"] <= 2, True, "what is recorded is one dump")
same(lines("-tln", "--replay", path), lines("-tln", "--x-parts=2"), "and a replay has the same listeners")

# A reader that goes away ends it quietly, wherever the threads are.
bad = []
for turn in range(20):
    view = subprocess.Popen([tap.SOCKVIEW, "-atn", "--x-parts=" + PARTS[turn % 3]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    view.stdout.read(100 * turn)
    view.stdout.close()
    said = view.stderr.read()
    view.stderr.close()
    if view.wait(tap.COMMAND_SECONDS) or said:
        bad.append((turn, view.returncode, said))
t.same(bad, [], "a pipe that closes ends it quietly")

# Without descriptors for the parts, or threads, it is one dump or one part behind the other.
for limits, name in ((["--nofile=8"], "8 descriptors"), (["--nofile=6"], "6 descriptors"), (["--nproc=1"], "no threads")):
    if tap.missing("prlimit"):
        t.skip("with %s the rows are the same" % name, "prlimit is not installed")
        continue
    few = tap.run(["prlimit", *limits, "--", tap.SOCKVIEW, "-atn", "--x-parts=8"])
    steady = [line for line in sorted(few.lines) if "TIME_WAIT" not in line]
    whole = [line for line in lines("-atn", "--x-parts=1")[1] if "TIME_WAIT" not in line]
    t.ok((few.status, steady) == (0, whole), "with %s the rows are the same" % name,
         few.status, few.err, len(few.lines))
t.done()
