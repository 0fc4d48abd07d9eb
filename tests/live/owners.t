#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who holds which socket, on a thousand processes: against lsof, and the walk against the BPF iterator."""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

SOCKVIEW = os.environ["SOCKVIEW"]
LOAD = os.path.join(os.environ["BUILD"], "tests/helpers/load")
PROCESSES, CONNECTIONS, FILLERS = 1000, 2, 4
ROOT = os.environ.get("OWNERS_INSIDE", "root" if os.geteuid() == 0 else "user") == "root"

number = 0


def result(good, name, notes=()):
    global number
    number += 1
    print("%sok %d - %s" % ("" if good else "not ", number, name))
    for note in notes:
        print("# %s" % note)


def skipped(name, why):
    global number
    number += 1
    print("ok %d - %s # SKIP %s" % (number, name, why))


def run(*argv, env=None):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def by_sockview(text):
    """{(pid, inode)} of `-ppe` rows: Proto Recv-Q Send-Q Local Foreign State User Inode Owners"""
    pairs = set()
    for line in text.splitlines():
        fields = line.split()
        if not line.startswith("tcp") or fields[8] == "-":
            continue
        pairs |= {(int(owner.split("/")[0]), int(fields[7])) for owner in fields[8].split(",")}
    return pairs


def by_lsof(text):
    """{(pid, inode)} of -F pd: a p line for each process, a d line for each fd."""
    pairs, pid = set(), None
    for line in text.splitlines():
        if line[0] == "p":
            pid = int(line[1:])
        elif line[0] == "d":
            pairs.add((pid, int(line[1:], 0)))
    return pairs


def check_lsof(walk):
    name = "every process of every socket, as lsof has it"
    if not shutil.which("lsof"):
        return skipped(name, "lsof is not installed")
    mine, theirs = by_sockview(walk), by_lsof(run("lsof", "-nP", "-iTCP", "-F", "pd").stdout)
    wrong = sorted(mine ^ theirs)
    result(mine == theirs and len(mine) >= PROCESSES * (2 * CONNECTIONS + 1), name,
           ["%d pairs, lsof %d" % (len(mine), len(theirs)), *wrong[:5]])


def check_threads(walk):
    """An affinity mask of one CPU makes the walk a single thread's."""
    one = run("taskset", "-c", str(min(os.sched_getaffinity(0))), SOCKVIEW, "-atnppe", "--owners-from", "proc")
    result(one.stdout == walk, "one thread finds what several find")


def check_bpf(walk):
    name = "the BPF iterator finds what the walk finds"
    bpf = run(SOCKVIEW, "-atnppe", "--owners-from", "bpf")
    if bpf.returncode == 3 and re.search("BPF", bpf.stderr):
        return skipped(name, bpf.stderr.strip())
    mine, theirs = set(bpf.stdout.splitlines()), set(walk.splitlines())
    result(bpf.returncode == 0 and bpf.stdout == walk, name, sorted(mine ^ theirs)[:5])


def check_auto(walk):
    auto = run(SOCKVIEW, "-atnppe")
    result(auto.stdout == walk, "left to itself it finds the same")


def check_user():
    name = "an ordinary user sees the rows, no owner, and a note"
    if not ROOT:
        return skipped(name, "only root can change to another user")
    done = subprocess.run([tap.program(tap.NOBODY), "-ltnp"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          user=tap.NOBODY, group=tap.NOBODY, extra_groups=[])
    rows = [line for line in done.stdout.splitlines() if line.startswith("tcp")]
    hidden = re.search(r"(\d+) process", done.stderr)
    result(done.returncode == 0 and len(rows) == PROCESSES and all(row.split()[-1] == "-" for row in rows)
           and hidden is not None and int(hidden.group(1)) >= PROCESSES, name,
           ["%d rows" % len(rows), done.stderr.strip()])


def scene():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load = subprocess.Popen([LOAD, str(PROCESSES), str(CONNECTIONS), str(FILLERS)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    if not load.stdout.readline().startswith("ready"):
        print("# the load does not stand")
        return 1
    walk = run(SOCKVIEW, "-atnppe", "--owners-from", "proc")
    rows = [line for line in walk.stdout.splitlines() if line.startswith("tcp")]
    result(walk.returncode == 0 and len(rows) == PROCESSES * (2 * CONNECTIONS + 1)
           and not any(row.split()[8] == "-" for row in rows), "every socket has its owner", [walk.stderr.strip()])
    check_lsof(walk.stdout)
    check_threads(walk.stdout)
    check_bpf(walk.stdout)
    check_auto(walk.stdout)
    check_user()
    load.stdin.close()
    load.wait()
    return 0


def main():
    if os.environ.get("OWNERS_INSIDE"):
        return scene()
    print("1..6")
    sys.stdout.flush()
    os.environ["OWNERS_INSIDE"] = "root" if ROOT else "user"
    return subprocess.run(["unshare", *([] if ROOT else ["-Ur"]), "-n", sys.executable,
                           os.path.abspath(__file__)]).returncode


sys.exit(main())
