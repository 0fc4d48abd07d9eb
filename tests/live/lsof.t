#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The listing of -i and the fields of -F, compared with lsof itself on the same sockets, byte by byte."""
import os
import re
import resource
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import scene
import scenes
import tap

if tap.missing("lsof"):
    tap.skip_all("lsof is not installed")
root = os.getuid() == 0
has, uids = scenes.enter()
t = tap.Tap()
stage = scene.Scene()
six = "ipv6" in has
scenes.tcp(stage, six)
stage.add(actors.udp, six=six)
stage.add(actors.udplite, six=six)
stage.add(actors.shared_by_forks, label="shared")
stage.add(actors.handed_over, label="handed")
for name in (b"Web Content", b"fifteen-letters", b"abcdefg hij", b"abcdefgh ij", b"a\\bcdefghijk", b"abcdefgh\\k"):
    stage.add(actors.one_listener, label="named." + name.decode(), argv0=name, hold=[b"comm=" + name.hex().encode()])
stage.add(actors.one_listener, label="http", port=8080)
stage.add(actors.one_udp, label="domain", port=53)
for uid in uids:
    stage.add(actors.one_listener, label="user%d" % uid, user=uid)


def duplicates(stage_):
    """One socket by several descriptors, and a process group of its own."""
    os.setsid()
    sock = stage_.keep("duplicates", stage_.listener(actors.V4, ("127.0.0.1", 0), 2))
    for fd in (100, 1000, 9999):
        os.dup2(sock.fileno(), fd)


stage.add(duplicates)

# What differs as documented: file flags are not told, bound sockets are no part of -i.
LISTINGS = ["-i -nP", "-i -n", "-i -nP +c0", "-i -nP +c 15", "-i -nP +c3", "-i4 -nP", "-i6 -nP", "-iTCP -nP", "-iUDP -nP",
            "-i -P -n -sTCP:LISTEN", "-nP -i :8080", "-nP -iTCP@127.0.0.1"]
FIELDS = ["-i -nP -F", "-i -nP -F0", "-i -nP -Fpcn", "-i -nP -F pcnfPT", "-i -n -Fn", "-i -nP -FgRuLc", "-i -nP -F pfT0",
          "-i -nP -Ftado", "-i -nP -Fl", "-i -nP -FK"]


def ours(options, **more):
    return tap.sockview(*options.split(), **more)


def theirs(options, **more):
    result = tap.run(["lsof", *options.split()], **more)
    asked = re.search(r"-F *([A-Za-z]*)(0?)$", options)
    if OLD and asked and asked[1] and "f" not in asked[1]:
        result.out = re.sub(rb"(?m)(?:^|(?<=\0))f\d+[\n\0]", b"", result.out)
    # One field in a line, or between NULs.
    result.out = re.sub(rb"(?m)^G[0-9a-fx;]*\n", b"", re.sub(rb"(?m)(?<=\0)G[0-9a-fx;]*\0", b"", result.out))
    return result


# lsof before 4.95 has the descriptor's line in each output of fields, asked for or not.
OLD = tap.older("lsof", (4, 95), "-v")


def steady(options, **more):
    """Both programs on the same sockets: timers and their retransmits move on, queues do not."""
    for _ in range(5):
        before, got, after = theirs(options, **more), ours(options, **more), theirs(options, **more)
        if before.out == after.out:
            break
    return got, after


def same_bytes():
    """lsof 4.95's widths are ours; later ones make the FD column as narrow as it can be."""
    return b"revision: 4.95" in tap.run(["lsof", "-v"]).err


def words(result, listing):
    """The bytes, or the fields of each line where the widths are another lsof's."""
    return result.out if same or not listing else [line.split() for line in result.lines]


same = same_bytes()
for user in [None] + [tap.NOBODY] * root:
    who = "as root" if root and user is None else "as a user"
    for options in LISTINGS + FIELDS:
        got, want = steady(options, user=user)
        t.same(words(got, options in LISTINGS), words(want, options in LISTINGS), "%s, %s" % (options, who), got.err)
        t.same(got.status, want.status, "%s, %s: exit status" % (options, who))
    t.ok(steady("-i -nP", user=user)[1].out.count(b"\n") > (80 if user is None else 1), "%s: there is something to compare" % who)

for options in ("-i :1", "-iTCP:1 -F"):
    got, want = ours(options), theirs(options)
    t.same((got.out, got.status), (want.out, want.status), "%s: nothing, no heading, exit 1" % options)

lines = ours("-i -nP").lines
t.same([line for line in lines if "BOUND" in line], [], "bound sockets are no part of -i")


def big(stage_):
    os.dup2(stage_.keep("big", stage_.listener(actors.V4, ("127.0.0.1", 0), 2)).fileno(), 12345)


if resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 12345:
    pid = stage.add(big)
    t.ok(any(re.search(r" %d .* 12345u  IPv4 " % pid, line) for line in ours("-i -nP").lines), "a descriptor over 9999 is whole")
else:
    t.skip("a descriptor over 9999 is whole", "so many files may not be opened here")
named = ours("-i -n -H").lines
t.ok(any("127.0.0.1:http-alt (LISTEN)" in line for line in named) and not named[0].startswith("COMMAND"), "-H: no heading; ports have names without -P", named[:2])
t.done()
