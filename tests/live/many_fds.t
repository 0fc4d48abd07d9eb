#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One process with very many descriptors: its table is read by several threads, each a part; what they find is what
/proc/PID/fd holds, each once."""
import json
import os
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
FDS = min(15000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100)
if FDS < 9000:
    tap.skip_all("a process may have %d files open here, 9000 are needed" % (FDS + 100))
t = tap.Tap()

# Sockets all over the table, one of them five times; with "gap" the last ones behind a wide gap, with "thread" a second
# thread, with "churn" one that opens and closes other sockets without end.
HOLD = """
import os, resource, socket, sys, threading
fds, words = int(sys.argv[1]), sys.argv[2:]
resource.setrlimit(resource.RLIMIT_NOFILE, (fds + 100, fds + 100))
kept = []
null = os.open("/dev/null", os.O_RDONLY)
last = fds // 3 if "gap" in words else fds
while not kept or kept[-1] < last:
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach() if len(kept) % 3 == 0 else os.dup(null))
    if len(kept) % 3 == 1:
        socket.socket(fileno=os.dup(kept[-1])).detach() if len(kept) % 999 == 1 else None
        one = socket.socket(fileno=kept[-1])
        one.bind(("127.0.0.1", 0))
        one.detach()
for fd in range(fds + 10, fds + 60) if "gap" in words else ():
    os.dup2(kept[0], fd)
def churn():
    while True:
        for some in [[socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)] for _ in range(2)]:
            for one in some:
                one.close()
if "thread" in words:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
if "churn" in words:
    threading.Thread(target=churn, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


def truth(pid):
    """(inode, fd) of each socket."""
    found = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            name = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except FileNotFoundError:
            continue
        if name.startswith("socket:["):
            found.add((int(name[8:-1]), int(fd)))
    return found


def look(pid, prefix):
    """The same as sockview tells it, as a list: one that is told twice is there twice."""
    result = tap.run([*prefix, tap.SOCKVIEW, "-aun", "--json", "--columns=inode,owners", "--owners-from=proc"])
    return [(row["inode"], owner["fd"]) for row in json.loads(result.out)["sockets"]
            for owner in row["owners"] if owner["pid"] == pid]


ways = [("as many threads as CPUs", [])]
if not tap.missing("taskset"):
    ways.append(("one thread", ["taskset", "-c", str(min(os.sched_getaffinity(0)))]))
for words in ([], ["gap"], ["thread"], ["churn"], ["gap", "churn"]):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(FDS), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    before = truth(holder.pid)
    for name, prefix in ways:
        for _ in range(3 if "churn" in words else 1):
            told = look(holder.pid, prefix)
            # A descriptor that was there before and is there behind it, was there all the time.
            steady = before & truth(holder.pid)
            name_all = "%s %s" % (name, words)
            missed = steady - set(told)
            t.ok(len(steady) > 1000 and not missed, "none is missed: %s" % name_all, sorted(missed)[:20])
            twice = len(told) - len(set(told))
            t.same(twice, 0, "none is told twice: %s" % name_all)
            if "churn" not in words:
                t.same(len(told), len(before), "nothing else is told: %s" % name_all)
    holder.stdin.close()
    holder.wait(tap.COMMAND_SECONDS)
t.done()
