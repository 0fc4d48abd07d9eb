#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the kernel has no sock_diag (sandboxes) everything comes from /proc/net, and netstat's table stays."""
import errno
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import tap

# The one note of a fallback is looked at below.
tap.HIDDEN = re.compile(tap.HIDDEN.pattern + "|sockview: netlink is not available|sockview: no table of this kernel tells")
DENY = tap.helper("deny_netlink")


def without_netlink(number):
    """Makes tap.sockview() the program in a sandbox whose sock_diag socket fails with this errno."""
    path = os.path.join(tap.scratch(), "sockview-%d" % number)
    with open(path, "w") as file:
        file.write('#!/bin/sh\nexec "%s" %d "%s" "$@"\n' % (DENY, number, tap.SOCKVIEW))
    os.chmod(path, 0o755)
    return path


denied = tap.run([DENY, "0", "true"])
if denied.status == 125:
    tap.skip_all(denied.err.decode().strip())
has, others = scenes.enter()
t = tap.Tap()
where = scenes.full(has, others)
# Bound sockets are found by the descriptors of the processes that hold them: as root all of the scene's.
judge = scenes.judge(where, backlog=False, bound=os.getuid() == 0)
program = tap.SOCKVIEW

for number in (errno.EPROTONOSUPPORT, errno.EPERM):
    tap.SOCKVIEW = program
    tap.SOCKVIEW = without_netlink(number)
    for options in ("-atnp", "-tuneopa", "-ltn", "-wanp", "-xap", "-tuUwxan"):
        judge.compare(t, options.split(), "%s and no netlink (%s): netstat's table"
                      % (options, errno.errorcode[number]))
    quiet = tap.sockview("-atn")
    t.ok(len(quiet.err.splitlines()) == 1 and os.strerror(number).encode() in quiet.err and
         b"/proc/net, which does not tell backlogs nor what" in quiet.err, "one note says so, and what is lost",
         quiet)
    t.same(tap.sockview("-atn", "--source", "proc").err, b"", "no fallback where /proc/net was asked for")
    document = json.loads(tap.sockview("-atun", "--json").out)
    listens = [row for row in document["sockets"] if row["state"] == "LISTEN"]
    t.ok(listens and all(row["backlog"] is None for row in listens), "a backlog that is not told is null", listens[:1])
    t.same((document["source"], document["report"]["from_proc"]), ("proc", ["tcp", "udp"]),
           "JSON says that all came from /proc/net")
    told = tap.sockview("-atnv")
    t.ok(os.strerror(number).encode() in told.err and b"/proc/net" in told.err, "-v says so, and why", told)
    forced = tap.sockview("-atn", "--source=netlink")
    t.ok(forced.status == 3 and os.strerror(number).encode() in forced.err,
         "--source=netlink is an error then", forced)
    record = os.path.join(tap.scratch(), "recording")
    recorded = tap.sockview("-atn", "--record", record)
    t.ok(recorded.status == 3 and os.strerror(number).encode() in recorded.err,
         "--record, which records netlink, is one too", recorded)
t.done()
