#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A live scene recorded and replayed: the same rows for every option; the files of `ss -D`."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import oracle
import scenes
import select_scene
import tap

has, others = scenes.enter()
t = tap.Tap()
scene = scenes.full(has, others)
path = os.path.join(tap.scratch(), "recording")


def plain(result):
    """The lines without timers (they run) and cgroup paths (a recording does not say whose they are)."""
    lines = [re.sub(r" (off|on|keepalive|timewait|probe) \(\S+\)", "", line) for line in result.lines]
    return [re.sub(r" cgroup:\S*", "", line) for line in lines]


# A recording shows what was shown when it was made, timers included.
for options in ("-atnp", "-tuneopa", "-ltn", "-tn", "-a4n", "-a6n", "-Uan", "-tnee", "-atnm", "-tnI", "-atnpp"):
    made = tap.sockview(options, "--record", path)
    shown = tap.sockview(options, "--replay", path)
    if "ee" in options:
        t.same(plain(shown), plain(made), "%s: replayed as it was recorded" % options)
    else:
        t.same(shown.out, made.out, "%s: replayed as it was recorded" % options)
    t.same((shown.status, made.status, shown.complaints()), (0, 0, []), "%s: and nothing to complain of" % options)

# A recording made with a filter is whole for that filter alone, in as many dumps as it takes.
for words in (["sport = :22"], ["src 127.0.0.0/8 and not dport = :80"], ["not autobound"], ["dev lo"], ["sport > :1 or fwmark = 7"]):
    tap.sockview("-atn", "--record", path, *words)
    shown, other = tap.sockview("-atn", "--replay", path, *words), tap.sockview("-atn", "--replay", path)
    t.ok(not shown.complaints() and b"not made of all tcp" in other.err, "recorded with %s" % words[0], (shown, other))

# One recording of everything answers every question.
tap.sockview("-atuUneeomI", "--record", path)
for options in ("-atn", "-atnp", "-tn", "-ltn", "-luUn", "-an4", "-an6", "-uan", "-Uan", "-tane", "-an", "-n", "-ln",
                "-atunp", "-putan", "-tulpen", "-neopa", "-a4tn", "-uanpp", "-tHn", "-anee", "-lntee"):
    for _ in range(10):
        live, replayed, again = (tap.sockview(options), tap.sockview(options, "--replay", path), tap.sockview(options))
        if plain(live) == plain(again):
            break
    t.same(plain(replayed), plain(live), "%s of one recording of everything" % options)

# Unix sockets: who refers to them is not in unix_diag, and those that were not accepted are not, either.
made = tap.sockview("-xap", "--record", path)
shown = tap.sockview("-xap", "--replay", path)
rows = [line.copy(refcnt="-") if line.kind == "unix" else line for line in oracle.read(made.lines)]
t.same(shown.lines, [line.text() for line in rows if line.fields.get("inode") != "0"],
       "-xap: replayed as unix_diag told it")
t.ok(shown.lines and "/python3" in shown.out.decode(), "with the owners of today, on the same boot")

# With the processes of no machine there are no owners.
empty = os.path.join(tap.scratch(), "noproc")
os.mkdir(empty)
shown = tap.sockview("-xap", "--replay", path, "--proc-root", empty)
t.ok(shown.status == 0 and b"python3" not in shown.out, "and without, if --proc-root has no processes", shown)

# ss -D
ss = tap.run(["ss", "-ta", "-D", path])
if ss.status or not os.path.getsize(path):
    t.skip("ss -D", "this ss does not write dumps: %r" % ss)
else:
    bound = select_scene.ss_tells_bound()
    for options in ("-atn", "-tn", "-ltn", "-atn4", "-atn6", "-atne", "-atnp"):
        for _ in range(10):
            live, again = tap.sockview(options), tap.sockview(options)
            if live.out == again.out:
                break
        want = [text for text in live.lines if bound or " BOUND " not in text]
        shown = tap.sockview(options, "--replay", path)
        if options == "-atnp":
            # The file does not say where it was made: no owners.
            want = [re.sub(r"(?<= )(\d+/\S+) *$", "-".ljust(20), text) for text in want]
        t.same(shown.lines, want, "ss -D: %s shows what it shows live" % options, shown.err)
    for length in (1, 15, 16, 17, 71, 72, 73, 100, 1000, os.path.getsize(path) - 1):
        part = os.path.join(tap.scratch(), "part")
        with open(path, "rb") as whole, open(part, "wb") as file:
            file.write(whole.read(length))
        shown = tap.sockview("-atn", "--replay", part)
        t.ok(shown.status == 3 and b"(at byte %d)" % length in shown.err, "ss -D: cut off at byte %d" % length, shown.err)
t.done()
