#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Conditions on owners: the processes are found before their sockets; the answer is that of looking into all of them."""
import os
import re
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
t = tap.Tap()

FIRST, SECOND = ("own%x%d" % (int.from_bytes(os.urandom(4), "big"), i) for i in (1, 2))
# The first holds a listener of its own and one that the second inherits.
HOLD = """
import os, socket, subprocess, sys
alone, shared = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
child = subprocess.Popen([sys.argv[1], "-c", "print(flush=True); import sys; sys.stdin.read()"], executable=sys.argv[2],
                         pass_fds=[shared.fileno()], stdout=subprocess.PIPE)
child.stdout.readline()
print(alone.getsockname()[1], shared.getsockname()[1], child.pid, flush=True)
sys.exit(child.wait())
"""
holder = subprocess.Popen([FIRST, "-c", HOLD, SECOND, sys.executable], executable=sys.executable, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True)
alone, shared, child = map(int, holder.stdout.readline().split())
mine = socket.create_server(("127.0.0.1", 0))


def lines(result):
    return sorted(re.findall(r"^tcp.*?127\.0\.0\.1:(\d+).*LISTEN *(\S*)", result.out.decode(), re.M))


def owner(pid, name):
    return "%d/%s" % (pid, name)


for words in (["--pid", str(child)], ["--program", SECOND], ["--program", SECOND, "sport = :%d" % shared]):
    for way in ([], ["--owners-from=proc"], ["--owners-from=bpf"], ["--no-pushdown"]):
        got = tap.sockview("-ltnp", *way, *words)
        name = "the lowest owner that fits is shown: %s %s" % (way, words)
        if got.status == 3 and "--owners-from=bpf" in way:
            t.skip(name, "no BPF here")
            continue
        t.ok(lines(got) == [(str(shared), owner(child, SECOND))], name, got)

for words in (["--pid", str(holder.pid)], ["--program", FIRST], ["--program", FIRST + "," + SECOND],
              ["--user", str(os.getuid())], ["program %s or sport = :%d" % (SECOND, alone)],
              ["--pid", "^%d" % child], ["not program %s" % SECOND],
              ["--pid", "%d,%d" % (holder.pid, os.getpid()), "sport = :%d" % mine.getsockname()[1]]):
    for more in (["-ltn"], ["-ltnp"], ["-ltnpp"], ["-ltn", "--pids"], ["-ltn", "--jsonl", "--columns=local_port,owners"],
                 ["-ltn", "--csv", "--columns=local_port,pid,process_count"]):
        early, whole = tap.sockview(*more, *words), tap.sockview(*more, "--no-pushdown", *words)
        t.ok((early.status, sorted(early.lines)) == (whole.status, sorted(whole.lines)),
             "as if all processes were looked into: %s %s" % (more, words), early, whole)

if tap.missing("strace"):
    t.skip("nothing is looked into that does not fit", "strace is not installed")
else:
    def calls(*args):
        return tap.run(["strace", "-f", "-qq", "-e", "trace=openat,sendto", tap.SOCKVIEW, *args],
                       env={"ASAN_OPTIONS": "detect_leaks=0"}).err.decode()

    text = calls("-ltn", "--program", SECOND)
    looked = set(re.findall(r'"(\d+)/fd"', text))
    t.ok(looked == {str(child)}, "only the process that fits is looked into", text)
    text = calls("-ltnp", "--json", "--owners-from=proc", "--program", SECOND)
    t.ok(set(re.findall(r'"(\d+)/fd"', text)) > {str(child)} and "sendto" in text, "all owners of a hit are looked for", text)
    with subprocess.Popen(["sleep", "60"]) as idle:
        for more in ([], ["-p"], ["-pp"], ["-p", "--json"], ["--pids"]):
            text = calls("-atuwn", *more, "--pid", str(idle.pid))
            looked = set(re.findall(r'"(\d+)/fd"', text))
            t.ok(looked == {str(idle.pid)} and "sendto" not in text,
                 "a process without a socket: no socket is asked for: %s" % more, text)
        idle.kill()
    text = calls("-ltn", "--program", SECOND + "no")
    t.ok(not re.search(r'"\d+/fd"', text) and "sendto" not in text, "no process fits: no socket is asked for", text)

# How many calls the loader makes is libc's matter (48 with 2.36; before 2.34 libpthread makes six more). Its last one unmaps ld.so.cache.
what = "listeners alone take fewer than 60 system calls behind the loader's, libcap's among them"
if tap.SAN:
    t.skip(what, "a sanitizer makes calls of its own")
elif tap.missing("strace"):
    t.skip(what, "strace is not installed")
else:
    made = tap.run(["strace", "-f", "-qq", tap.SOCKVIEW, "-ltn"]).err.decode(errors="replace").splitlines()
    loader = next((number for number, line in enumerate(made, 1) if line.startswith("munmap(")), 0)
    t.ok(0 < loader and 10 < len(made) - loader < 60, "%s (%d of %d)" % (what, len(made) - loader, len(made)), made)

holder.stdin.close()
holder.wait(tap.COMMAND_SECONDS)
t.done()
