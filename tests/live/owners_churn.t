#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Processes that come and go, their pids used again at once: no crash, no wrong name, the steady one always there.

Each process is called after the socket it holds, so a row proves itself.
"""
import os
import subprocess
import sys

SOCKVIEW = os.environ["SOCKVIEW"]
CHURN = os.path.join(os.environ["BUILD"], "tests/helpers/churn")
ROUNDS = 60
ROOT = os.geteuid() == 0


def unshare(*what):
    """Root makes namespaces as root; other users make a user namespace first."""
    return ["unshare", *([] if ROOT else ["-Ur"]), *what]


def inside(*words):
    os.environ["CHURN_INSIDE"] = words[0]
    argv = unshare("-n", *words[1:], sys.executable, os.path.abspath(__file__))
    status = subprocess.run(argv).returncode
    del os.environ["CHURN_INSIDE"]
    return status


# The ways to find owners: behind the dump, and before it.
WAYS = {
    "proc": ["-ltnpe", "--owners-from", "proc"],
    "bpf": ["-ltnpe", "--owners-from", "bpf"],
    "filtered": ["-ltnpe", "--program", "s*"],
}


def look(how, steady):
    """(rows with an owner, problems)"""
    done = subprocess.run([SOCKVIEW, "-H", *WAYS[how]], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    problems, owned, seen = [], 0, False
    if done.returncode:
        problems.append("exit %d: %s" % (done.returncode, done.stderr[:300]))
    for line in done.stdout.decode(errors="backslashreplace").splitlines():
        fields = line.split()
        inode, owner = fields[7], fields[8]
        if owner != "-":
            owned += 1
            if owner.split("/", 1)[1] != "s" + inode:
                problems.append("socket %s is said to be held by %s" % (inode, owner))
        if inode == steady and owner.endswith("/s" + steady):
            seen = True
    if not seen:
        problems.append("the steady socket %s has no owner or is missing" % steady)
    return owned, problems


def churn(how, manner):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    child = subprocess.Popen([CHURN, "20", *manner], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    word, steady = child.stdout.readline().split() or (None, None)
    if word != "ready":
        print("# the churn did not start")
        return 1
    looks, total, problems = 0, 0, []
    # The steady one alone would be a row a look: there must have been others to get wrong.
    while looks < ROUNDS or (total < 3 * ROUNDS + looks and looks < 50 * ROUNDS):
        owned, wrong = look(how, steady)
        looks += 1
        total += owned
        problems += wrong
    child.stdin.close()
    child.wait()
    for line in problems[:10]:
        print("# " + line)
    print("# %d looks, %d rows with an owner" % (looks, total))
    return 1 if problems or total < 3 * ROUNDS + looks else 0


def bpf_runs():
    done = subprocess.run([SOCKVIEW, "-ltnp", "--owners-from", "bpf"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    return done.returncode == 0, done.stderr.strip()


def main():
    role = os.environ.get("CHURN_INSIDE")
    if role:
        # The iterator sees the whole machine, and names are read after it: on a busy one only
        # what lives longer than a look still has its name.
        manner = {"recycle": ["recycle"], "bpf": ["longer"]}.get(role, [])
        return churn(role if role in WAYS else "proc", manner)
    print("1..4")
    names = ("names are right while pids come and go", "names are right while few pids are used again and again",
             "names are right where owners choose the sockets", "names are right by the BPF iterator")
    works, why = bpf_runs()
    # In a pid namespace of its own a look does not take longer on a machine that runs many processes.
    # "unchanged": in a chroot "/" is no mount point, whose propagation unshare(1) would change; /proc is one.
    alone = ("-p", "-f", "--propagation", "unchanged", "--mount-proc")
    no_pids = subprocess.run(unshare("-n", *alone, "true"), stderr=subprocess.PIPE, text=True).stderr.strip()
    skips = [no_pids, no_pids, no_pids, "" if works else "no BPF iterator here: " + why]
    roles = (("plain", *alone), ("recycle", *alone), ("filtered", *alone), ("bpf",))
    for number, (name, skip, role) in enumerate(zip(names, skips, roles), 1):
        result = None if skip else inside(*role)
        if skip:
            print("ok %d - %s # SKIP %s" % (number, name, " ".join(skip.split())))
        else:
            print("%sok %d - %s" % ("" if result == 0 else "not ", number, name))
    return 0


sys.exit(main())
