#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Steady sockets beside thousands of connects and closes a second: none is missed, none is printed twice."""
import collections
import os
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import oracle
import scene
import tap

RUNS, PAIRS, RATE = 60, 400, 4000
# How a long dump is received: as it is worth (here: as one), and in parts.
WAYS = ([], ["--x-parts=2"], ["--x-parts=3"])


def steady(stage, family, host, label):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    listener = stage.keep(label + ".listen", stage.listener(family, (host, 0), 16))
    for i in range(PAIRS):
        stage.keep("%s.client%d" % (label, i), stage.client(family, listener.getsockname()))
        stage.keep("%s.server%d" % (label, i), listener.accept()[0])


def text(address):
    return "%s:%d" % tuple(address[:2]) if address else "*"


why = netns.enter()
if why:
    tap.skip_all(why)
has = netns.furnish()
t = tap.Tap()
stage = scene.Scene()
stage.add(steady, family=actors.V4, host="192.0.2.1", label="four")
if "ipv6" in has:
    stage.add(steady, family=actors.V6, host="2001:db8::1", label="six")
steady_rows = {(text(sock.local), text(sock.remote)): "%d/python3" % sock.pid
               for sock in stage.sock.values() if sock.remote}

churn = subprocess.Popen([tap.helper("connects"), str(RATE), "150"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
try:
    t.same(churn.stdout.readline(), b"ready\n", "the churn has begun")
    missed, twice, unowned, bad, passing = [], [], [], [], 0
    for turn in range(RUNS):
        options = ("-tn", "-tnp", "-atn", "-atnp")[turn % 4]
        result = tap.sockview(options, *WAYS[turn % 3])
        rows = [line.fields for line in oracle.read(result.lines) if line.kind == "inet"]
        seen = collections.Counter((row["local"], row["foreign"]) for row in rows)
        missed += [(turn, row) for row in steady_rows if seen[row] == 0]
        twice += [(turn, row) for row in steady_rows if seen[row] > 1]
        unowned += [(turn, row) for row in rows if "program" in row
                    and steady_rows.get((row["local"], row["foreign"]), row["program"]) != row["program"]]
        passing += sum(1 for row in seen if row not in steady_rows)
        if result.status:
            bad.append(result)
finally:
    churn.terminate()
    made = int(churn.communicate(timeout=60)[0] or 0)
t.same(missed, [], "%d runs beside the churn miss none of %d steady connections" % (RUNS, len(steady_rows)))
t.same(twice, [], "none is printed twice")
t.same(unowned, [], "and -p gives each its own process")
t.same(bad, [], "every run ends with status 0")
t.ok(made > RUNS and passing > 0, "the churn was there", made, passing)
t.note("%d connections came and went, %d rows of them were seen" % (made, passing))
t.done()
