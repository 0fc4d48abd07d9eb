#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""More tcp6 rows than are held back until tcp is shown: still all of them, once, tcp before tcp6."""
import os
import resource
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import oracle
import scene
import scenes
import tap

TIMEWAITS, PAIRS = 17000, 4600      # beyond HOLD_MAX and HOLD_FAIR, the program's two borders


def timewaits(stage):
    """They are in no count of sockets in use, so nothing tells beforehand that there are many."""
    # To two ports, as half of the ephemeral range serves one before the kernel uses TIME_WAITs again.
    listeners = [stage.keep("listener%d" % i, stage.listener(actors.V6, ("::1", 0), 16)) for i in range(2)]
    for number in range(TIMEWAITS):
        listener = listeners[number % 2]
        client = stage.client(actors.V6, listener.getsockname())
        server = listener.accept()[0]
        client.close()
        server.close()


def pairs(stage, family, host, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = stage.keep("%s.listener" % host, stage.listener(family, (host, 0), 16))
    for number in range(count):
        stage.keep("%s.client%d" % (host, number), stage.client(family, listener.getsockname()))
        stage.keep("%s.server%d" % (host, number), listener.accept()[0])


def compare(options, what):
    """netstat's rows in netstat's order; TIME_WAITs end, so it is asked before and after."""
    for _ in range(5):
        before, ours, after = (oracle.netstat(options), tap.sockview(options), oracle.netstat(options))
        if [line.text() for line in before] == [line.text() for line in after]:
            break
    got = oracle.read(ours.lines)
    want = [line.copy(sendq="") if line.fields.get("state") == "LISTEN" else line for line in before]
    blank = [line.copy(sendq="") if line.fields.get("state") == "LISTEN" else line for line in got]
    t.same([line.text() for line in blank], [line.text() for line in want], "%s: %s" % (options, what), ours.err)


has, _ = scenes.enter(others=False)
if "ipv6" not in has:
    tap.skip_all("this kernel has no IPv6")
t = tap.Tap()
# By 2, the default, connect() takes the port of a TIME_WAIT of a second ago again where both ends are loopback's.
netns.write("/proc/sys/net/ipv4/tcp_tw_reuse", "0")
stage = scene.Scene()
stage.add(pairs, family=actors.V4, host="127.0.0.1", count=50)
stage.add(timewaits)
rows = tap.sockview("-atn").lines
if sum("TIME_WAIT" in row for row in rows) <= 16384:
    t.skip("many TIME_WAITs", "the first ended before the last was made")
else:
    compare("-atn", "rows and order with many TIME_WAITs of IPv6")
    compare("-atnp", "with owners")
    compare("-tn6", "one family")

if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * PAIRS + 100:
    t.skip("many connections", "the limit of open files is too low")
else:
    stage.add(pairs, family=actors.V6, host="::1", count=PAIRS)
    compare("-atn", "rows and order with many connections of IPv6")
    compare("-atnp", "with owners")
t.done()
