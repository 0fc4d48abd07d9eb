#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Owners by BPF where it is not plain: beside sockets that come and go, with one that is in flight; in
child pid namespaces; in a network namespace beside others' sockets; and what is said without it.

The truth is the walk through /proc, and what each process said of itself.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

ROUNDS = 25
why = netns.enter(own_processes=False)
if why:
    tap.skip_all(why)
t = tap.Tap()
# Without a socket no owners are looked for.
with socket.create_server(("127.0.0.1", 0)):
    works = tap.sockview("-ltnp", "--owners-from", "bpf")
if works.status:
    tap.skip_all("no BPF iterator here: " + works.err.decode().strip())


def start(*argv):
    """A helper that says a line when it stands and ends with its standard input."""
    process = subprocess.Popen([tap.helper(argv[0]), *argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               preexec_fn=tap.die_with_parent)
    process.said = process.stdout.readline()
    return process


def owners(result):
    """{inode: owners} of -atnppe's rows that have an inode."""
    rows = [line.split() for line in result.lines if line.startswith("tcp")]
    return {row[7]: row[8] for row in rows if row[7] != "0"}


def look(how, *more):
    return tap.sockview("-atnppe", "--owners-from", how, *more)


# --- beside what comes and goes ------------------------------------------------

load = start("load", "300", "2", "2")
steady = owners(look("proc"))
t.ok(load.said.startswith(b"ready") and len(steady) == 300 * 5 and "-" not in steady.values(), "the load stands", steady)

# A listener whose only descriptor waits in a message.
sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
in_flight = str(os.fstat(listener.fileno()).st_ino)
socket.send_fds(sender, [b"x"], [listener.fileno()])
listener.close()

seen = owners(look("bpf"))
t.same(seen, dict(steady, **{in_flight: "-"}), "a socket in flight costs the others nothing")


def reason(how):
    document = json.loads(tap.sockview("--json", "-atp", "--owners-from", how).out)
    return [row["owner_reason"] for row in document["sockets"] if str(row["inode"]) == in_flight]


t.same(reason("bpf"), ["in-flight"], "it is told to be in flight")
by_proc = reason("proc")
t.ok(by_proc in (["in-flight"], ["permission"]), "as by /proc, unless a process could not be looked into", by_proc)

churn = start("connects", "200", "120")
wrong, met, left = [], 0, 0
for _ in range(ROUNDS):
    result = look("bpf")
    found = owners(result)
    wrong += [(inode, owner, found.get(inode)) for inode, owner in steady.items() if found.get(inode) != owner]
    if found.get(in_flight) != "-":
        wrong.append((in_flight, "-", found.get(in_flight)))
    passing = [owner for inode, owner in found.items() if inode not in steady and inode != in_flight]
    wrong += [owner for owner in passing if owner not in ("-", "%d/connects" % churn.pid)]
    met += sum(owner != "-" for owner in passing)
    left += sum(owner == "-" for owner in passing)
t.ok(not wrong, "%d looks beside 200 connects a second: the steady ones keep their owners" % ROUNDS, wrong[:10])
t.ok(met >= ROUNDS * 8, "its listeners have theirs", "%d of its sockets with an owner, %d without" % (met, left))
churn.terminate()
churn.wait()
receiver.close()

# --- another network namespace -------------------------------------------------

BESIDE = ["unshare", "-n", tap.SOCKVIEW, "-atnppe", "--owners-from", "bpf"]
if tap.missing("strace"):
    t.skip("a network namespace without a socket needs no look", "strace is not installed")
else:
    trace = os.path.join(tap.scratch(), "trace")
    alone = tap.run(["strace", "-f", "-qq", "-o", trace, "-e", "trace=bpf", *BESIDE],
                    env={"ASAN_OPTIONS": "detect_leaks=0"})  # LeakSanitizer cannot run below strace
    with open(trace) as file:
        calls = file.read()
    t.ok(alone.status == 0 and not owners(alone) and not alone.err and not calls,
         "a network namespace without a socket needs no look", alone, calls)
holder = ("import os, socket, subprocess, sys; s = socket.socket(); s.bind(('127.0.0.1', 80)); s.listen();"
          "print(os.fstat(s.fileno()).st_ino, os.getpid(), flush=True);"
          "sys.exit(subprocess.run(sys.argv[1:]).returncode)")
one = tap.run(["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, "-c", holder,
               *BESIDE[2:]])
inode, pid = one.lines[0].split() if one.lines else ("", "")
t.ok(re.fullmatch(re.escape(pid) + r"/python3[.0-9]*", owners(one).get(inode, "")) and len(owners(one)) == 1,
     "the only socket of a network namespace has its owner", one)

# /proc is still the outer namespace's: its numbers are not the iterator's.
outer = tap.run(["unshare", "--pid", "--fork", "--kill-child", tap.SOCKVIEW, "-atnp", "--owners-from", "bpf"])
t.ok(outer.status == 3 and b"by BPF" in outer.err and b"of our own pid namespace" in outer.err,
     "not with a /proc of another pid namespace", outer)
load.stdin.close()
load.wait()

# --- a look that ends where no descriptor is left to be found --------------------
CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220}.get(tap.MACHINE)  # clone(2), arguments alike


class Early:
    """A process that listens on a port, older than the load's; once it is told to, it does that."""

    def __init__(self, number, late=lambda sock: None):
        said, say = os.pipe()
        heard, self.tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                tap.die_with_parent()
                kept = socket.create_server(("127.0.0.1", number))
                os.write(say, b"R")
                os.read(heard, 1)
                more = late(kept)
                os.write(say, b"R")
                while kept or more:
                    signal.pause()
            finally:
                os._exit(1)
        self.said = said
        os.read(said, 1)

    def go_on(self):
        os.write(self.tell, b"x")
        os.read(self.said, 1)


def forks(_, flags=0):
    pid = tap.libc.syscall(CLONE, flags | signal.SIGCHLD, 0, 0, 0, 0) if flags else os.fork()
    if pid == 0:
        tap.die_with_parent()
        while True:
            signal.pause()
    return pid


ends = {"one process": Early(9001), "a later child": Early(9002, forks), "two descriptors": Early(9003, socket.socket.dup)}
if CLONE:
    ends["a later process that shares the table of descriptors"] = Early(9004, lambda sock: forks(sock, 0x400))  # CLONE_FILES
crowd = start("load", "4", "1500", "0")
for early in ends.values():
    early.go_on()
trace = os.path.join(tap.scratch(), "reads")


def reads(number):
    """How often the iterator was read: each time it gives what its buffer holds."""
    tap.run(["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", "trace=read", tap.SOCKVIEW, "-ltnpp", "--owners-from", "bpf", "sport = :%d" % number],
            env={"ASAN_OPTIONS": "detect_leaks=0"})
    with open(trace) as file:
        return len(re.findall(r", 65520\) += [1-9]", file.read()))


counts = {}
for number, (name, early) in enumerate(ends.items(), 9001):
    seen = [tap.sockview("-ltnppe", "--owners-from", how, "sport = :%d" % number).out for how in ("proc", "bpf")]
    t.ok(seen[0] == seen[1] and seen[0].count(b"%d/" % early.pid) == 1 and seen[0].count(b"/python3") == 1 + ("later" in name), name + ": every owner", *seen)
    counts[name] = 0 if tap.missing("strace") else reads(number)
if tap.missing("strace"):
    t.skip("one process: the look ends early", "strace is not installed")
else:
    t.ok(0 < counts["one process"] < min(count for name, count in counts.items() if name != "one process"), "one process: the look ends early", counts)
crowd.stdin.close()
crowd.wait()
for early in ends.values():
    os.kill(early.pid, signal.SIGKILL)
    os.waitpid(early.pid, 0)

# --- a child pid namespace -----------------------------------------------------

INSIDE = """
import os, sys
sys.path.insert(0, %r)
import subprocess, tap
load = subprocess.Popen([tap.helper("load"), "50", "2", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
load.stdout.readline()
for how in ("proc", "bpf"):
    result = tap.sockview("-atnppe", "--owners-from", how)
    sys.stdout.buffer.write(b"%%d " %% result.status + result.out + result.err + b"\\0")
sys.stdout.flush()
""" % os.path.dirname(os.path.abspath(tap.__file__))
NEW_PIDS = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
for depth in (1, 2):
    inside = tap.run(["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *NEW_PIDS * depth,
                      sys.executable, "-c", INSIDE])
    name = "%d pid namespace%s deep" % (depth, "" if depth == 1 else "s")
    if inside.status:
        t.skip(name + ": the same owners by BPF", "none can be made here: %r" % inside.err[-100:])
        continue
    walk, bpf = inside.out.split(b"\0")[:2]
    t.ok(walk.startswith(b"0 ") and walk.count(b"/load") == 250, name + ": the walk finds all", walk)
    t.same(bpf, walk, name + ": the same owners by BPF")

# --- without it ----------------------------------------------------------------

load = start("load", "100", "1", "150")
bare = [tap.SOCKVIEW, "-atnpv"]
if tap.missing("capsh"):
    t.skip("without the capabilities -v says what they would save", "capsh is not installed")
else:
    bare = tap.run(["capsh", "--drop=cap_bpf,cap_perfmon,cap_sys_admin", "--", "-c", " ".join(bare)])
    said = re.search(rb"owners read from /proc, a system call for each of (\d+) descriptors, not by BPF: .*"
                     rb"CAP_BPF and CAP_PERFMON", bare.err)
    t.ok(bare.status == 0 and said and int(said.group(1)) >= 100 * (3 + 150) and b"/load" in bare.out,
         "without the capabilities -v says what they would save", bare.err)
load.stdin.close()
load.wait()
t.done()
