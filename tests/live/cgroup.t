#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The column `cgroup` and the filter `cgroup =` find the hierarchy wherever it is mounted, and say the same."""
import atexit
import os
import socket
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scene as scenery
import netns
import select_scene
import tap

t = tap.Tap()
if os.geteuid():
    t.skip("cgroup2 mounted elsewhere", "it takes root to mount it and to make cgroups")
    sys.exit(t.done())


def sh(script, *words):
    return tap.run(["bash", "-c", script, "sh", *words])


why = netns.enter(own_processes=False)
here = select_scene.cgroup_mount()
if why or not here:
    t.skip("cgroup2 mounted elsewhere", why or "no cgroup2 is mounted")
    sys.exit(t.done())
netns.furnish()
netns.unshare(netns.CLONE_NEWNS)

# Not below tap.scratch(), whose removal would go on into what is mounted. Characters that mountinfo escapes.
base = tempfile.mkdtemp(prefix="sockview-cgroup-")
folder, part = os.path.join(base, "c g\\040x\t#"), os.path.join(base, "part")
os.mkdir(folder)
os.mkdir(part)
SCRIPT = os.getpid()
NAME = "sockview-test-" + tap.UNIQUE


def clean_up():
    """Only what this test made, and empty. The hierarchy is mounted anew: this mount is not covered by another."""
    if os.getpid() != SCRIPT:
        return
    sh('umount -l "$1"; umount -l "$2"; mount -t cgroup2 none "$1" &&'
       ' for i in $(seq 50); do rmdir "$1/$4/in ner" "$1/$4" && break; [ -d "$1/$4" ] || break; sleep 0.1; done;'
       ' umount "$1"; rmdir "$1" "$2" "$3"', folder, part, base, NAME)


atexit.register(clean_up)
result = sh('mount --make-rprivate / && mount -t cgroup2 none "$1" && mkdir "$1/$2"', folder, NAME)
if result.status:
    t.skip("cgroup2 mounted elsewhere", repr(result))
    sys.exit(t.done())
PATH = "/%s/in ner" % NAME
os.mkdir(folder + PATH)


def inside(stage):
    netns.write(folder + PATH + "/cgroup.procs", str(os.getpid()))
    stage.keep("in", stage.listener(socket.AF_INET, ("127.0.0.1", 5010)))


stage = scenery.Scene()
stage.add(inside)


def column(*words):
    """{port: cgroup} of the listeners."""
    result = tap.sockview("-ltnH", "--format=tsv", "--columns=local_port,cgroup", *words)
    return dict(line.split("\t") for line in result.lines), result


def check(where, mount):
    got, result = column()
    t.ok(got.get("5010") == PATH, "%s: the column" % where, got, result)
    # With a right to give up all rows are kept, and the cgroup is opened by its id; above, all cgroups were read.
    got, result = column("-ee")
    t.ok(got.get("5010") == PATH, "%s: the column, beside what takes rights" % where, got, result)
    for how, text in (("its path", PATH), ("a glob", PATH[:-3] + "*"), ("the mount point before it", mount + PATH)):
        got, result = column('cgroup = "%s"' % text)
        t.ok(got == {"5010": PATH}, "%s: the filter by %s" % (where, how), got, result)
    got, result = column('cgroup = "%s"' % (PATH + "x"))
    t.ok(result.status == 2 and b"unknown cgroup" in result.err, "%s: a cgroup that is not there" % where, result)


check("mounted twice", here)
result = sh('mount -t tmpfs none "$1"', here)
t.ok(result.status == 0, "the usual mount is covered", result)
check("mounted elsewhere", folder)
# Only a part of it: the paths are those of /proc/PID/cgroup all the same.
result = sh('mount --bind "$1" "$2" && umount -l "$3"', os.path.join(folder, NAME), part, folder)
t.ok(result.status == 0, "a part of it is mounted", result)
got, result = column()
t.ok(got.get("5010") == PATH, "a part: the column", got, result)
got, result = column("-ee")
t.ok(got.get("5010") == PATH, "a part: the column, beside what takes rights", got, result)
for text in (PATH, part + "/in ner"):
    got, result = column('cgroup = "%s"' % text)
    t.ok(got == {"5010": PATH}, "a part: the filter by %s" % ("path" if text == PATH else "the mount point before it"), got, result)
stage.close()
sys.exit(t.done())
