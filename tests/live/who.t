#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who, further: cgroup, unit, container and its name, parents, start time, deleted programs; each against /proc or ps."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import scene
import tap

root = os.getuid() == 0
scene.prepare()
tap.program(tap.NOBODY if root else None)
why = netns.enter() or netns.own_mounts()
if why:
    tap.skip_all(why)
t = tap.Tap()
stage = scene.Scene()
DOCKER = "4f1d2c3b5a6978e0d1c2b3a4958677e0f1a2b3c4d5e6f708192a3b4c5d6e7f80"
PODMAN = "5f1d2c3b5a6978e0d1c2b3a4958677e0f1a2b3c4d5e6f708192a3b4c5d6e7f81"


def rows(*options):
    return {row["inode"]: row for row in map(json.loads, tap.sockview("-ltn", "--jsonl", *options).out.decode().splitlines())}


def row(label, *options):
    return rows(*options)[stage.sock[label].inode]


def stat(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rpartition(")")[2].split()


# --- parents, start, program --------------------------------------------------------------------------


def below(stage_):
    """A socket that only a child of the actor holds."""
    sock = stage_.listener(actors.V4, ("127.0.0.1", 0), 2)
    stage_.labels["below"] = stage_.about(sock, {})
    if os.fork() == 0:
        tap.die_with_parent()
        while True:
            time.sleep(3600)
    sock.close()


stage.add(actors.one_listener, label="plain")
actor = stage.add(below)

pid = stage.sock["plain"].pid
got = row("plain", "--columns", "pid,ppid,start_time,age,exe,exe_deleted,comm,parents,process_uid,process_user,netns,inode,uid")
t.same(got["pid"], pid, "pid")
t.same(got["ppid"], os.getpid(), "ppid")
t.same(got["exe"], os.readlink("/proc/%d/exe" % pid), "exe")
t.same(got["exe_deleted"], False, "the program is still there")
t.same(got["netns"], os.stat("/proc/%d/ns/net" % pid).st_ino, "netns")
t.same((got["process_uid"], got["uid"]), (os.getuid(), os.getuid()), "process_uid, uid")
with open("/proc/stat") as file:
    boot = int(next(line for line in file if line.startswith("btime ")).split()[1])
started = boot + int(stat(pid)[19]) // os.sysconf("SC_CLK_TCK")
t.same(got["start_time"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)), "start_time, as /proc has it")
t.ok(0 <= got["age"] - (int(time.time()) - started) + 60 <= 60, "age", got["age"], time.time() - started)
chain, above = [], pid
while above := int(stat(above)[1]):
    with open("/proc/%d/comm" % above, "rb") as file:
        chain.append((above, file.read()[:-1].decode("utf-8", "backslashreplace")))
want = [(one["pid"], one["comm"]) for one in got["parents"]]
t.same(want[:1], chain[:1], "parents: the nearest first")
t.same([pid_ for pid_, _ in want], [pid_ for pid_, _ in chain], "parents: the whole way up")
got = row("below", "--columns", "inode,ppid,parents")
t.same([got["ppid"]] + [one["pid"] for one in got["parents"]][:2], [actor, actor, os.getpid()], "a child's parent is no owner, and told all the same")
flat = tap.sockview("-ltn", "--format=tsv", "--columns", "inode,parents").out.decode()
t.ok("\t%d/python3 %d/" % (actor, os.getpid()) in flat, "parents as one text: pid/name, blanks between", flat)

# --- a program that was replaced -----------------------------------------------------------------------

copy = os.path.join(tap.scratch(), "a program")
shutil.copy("/bin/sleep", copy)
listener = scene.Stage().listener(actors.V4, ("127.0.0.1", 0), 2)
sleeper = subprocess.Popen([copy, "1000"], pass_fds=[listener.fileno()], preexec_fn=tap.die_with_parent)
scene.wait_for(lambda: os.readlink("/proc/%d/exe" % sleeper.pid) == copy, "the program")
os.unlink(copy)
inode = os.fstat(listener.fileno()).st_ino
listener.close()
got = rows("--columns", "inode,exe,exe_deleted,cmdline,program")[inode]
t.same((got["exe"], got["exe_deleted"]), (copy + " (deleted)", True), "a deleted program is told")
t.same(got["cmdline"], copy.replace(" ", r"\x20") + " 1000", "its arguments")
sleeper.kill()
sleeper.wait()

# --- cgroups ------------------------------------------------------------------------------------------------


def unified():
    """Where cgroup v2 is mounted."""
    with open("/proc/self/mounts") as file:
        return next((line.split()[1] for line in file if line.split()[2] == "cgroup2"), None)


mount = unified()
home = mount and os.path.join(mount, "sockview-test-%s.slice" % tap.UNIQUE)


def inside(path, label):
    """A listener made by a process that was moved there before."""
    directory = os.path.join(home, path)
    os.makedirs(directory)

    def actor(stage_):
        with open(os.path.join(directory, "cgroup.procs"), "w") as file:
            file.write("0")
        actors.one_listener(stage_, label)
    stage.add(actor)


def moved(path, label):
    """A listener made before its process was moved there: as systemd makes them for a service."""
    directory = os.path.join(home, path)
    os.makedirs(directory)

    def actor(stage_):
        actors.one_listener(stage_, label)
        with open(os.path.join(directory, "cgroup.procs"), "w") as file:
            file.write("0")
    stage.add(actor)


def clean():
    stage.close()
    for directory, folders, _ in os.walk(home, topdown=False):
        for folder in folders:
            remove(os.path.join(directory, folder))
    remove(home)


def remove(path):
    for _ in range(400):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:          # its processes are still ending
            time.sleep(0.01)


ready = False
if root and mount:
    try:
        os.mkdir(home)
        ready = True
    except OSError:
        pass
if not ready:
    t.skip("cgroups, units, containers", "no cgroup can be made here")
    t.done()
try:
    base = "/" + os.path.basename(home)
    inside("nginx.service", "unit")
    inside("docker-%s.scope" % DOCKER, "docker")
    inside("libpod-%s.scope/container" % PODMAN, "podman")
    moved("moved.service", "moved")
    var_lib = tap.scratch() + "/lib"
    os.makedirs(var_lib + "/docker/containers/" + DOCKER)
    with open(var_lib + "/docker/containers/%s/config.v2.json" % DOCKER, "w") as file:
        json.dump({"ID": DOCKER, "Name": "/web"}, file)
    named = netns.bind_mount(var_lib, "/var/lib")
    WHO = "inode,cgroup,cgroup_id,unit,container,container_runtime,container_name"
    here = rows("--columns", WHO)

    def who(label):
        one = here[stage.sock[label].inode]
        return [one[name] for name in "cgroup unit container container_runtime".split()]

    t.same(who("unit"), [base + "/nginx.service", "nginx.service", None, None], "a unit, by the socket's own cgroup")
    scope = "docker-%s.scope" % DOCKER
    t.same(who("docker"), [base + "/" + scope, scope, DOCKER, "docker"], "a container of docker's")
    t.same(who("podman"), [base + "/libpod-%s.scope/container" % PODMAN, "libpod-%s.scope" % PODMAN, PODMAN, "podman"], "one of podman's")
    if named:
        t.same(here[stage.sock["docker"].inode]["container_name"], "web", "a container's name, where docker left it")
        t.same(here[stage.sock["podman"].inode]["container_name"], None, "none where it did not")
    else:
        t.skip("a container's name", "no bind mount can be made here")
    t.same(here[stage.sock["unit"].inode]["cgroup_id"], os.stat(home + "/nginx.service").st_ino, "cgroup_id is the directory's inode")
    t.same(who("moved")[1:2], [None], "without owners, a moved process's socket has the cgroup it was made in")
    with_owners = rows("--columns", WHO + ",pid,process_cgroup")[stage.sock["moved"].inode]
    t.same((with_owners["unit"], with_owners["process_cgroup"]), ("moved.service", base + "/moved.service"), "with owners, it is of the process's unit")
    owner = rows("-p")[stage.sock["docker"].inode]["owners"][0]
    t.same([owner[name] for name in ("container", "container_runtime", "unit", "cgroup")], [DOCKER, "docker", scope, base + "/" + scope],
           "an owner in json has them too")
    as_user = tap.sockview("-ltn", "--jsonl", "--columns", WHO, user=tap.NOBODY)
    t.ok(any(json.loads(line)["unit"] == "nginx.service" for line in as_user.out.decode().splitlines()), "the socket's own cgroup takes no privilege", as_user)
    shown = tap.sockview("-ltnee").lines
    t.ok(any(" cgroup:%s/nginx.service" % base in line for line in shown), "-ee: the cgroup behind the row")
finally:
    clean()
t.done()
