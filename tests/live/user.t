#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""As an ordinary user: the whole scene in a user namespace, and root's scene seen by another user."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import oracle
import scene as stage
import scenes
import tap

OPTIONS = ("-atnp", "-putan", "-tulpen", "-ltn", "-ant", "-a4n", "-a6n", "-neopa", "-xap", "-wanp")


def own_namespace(report):
    """In a child: a user and network namespace, and sockets, of the user `nobody`."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(tap.NOBODY)
        os.setuid(tap.NOBODY)
        tap.keep_readable()     # uid_map is written through /proc/self
    why = netns.enter()
    if why:
        t.skip("an ordinary user's own namespace", why)
        return
    scene = scenes.full(netns.furnish())
    judge = scenes.judge(scene)
    for options in OPTIONS:
        judge.compare(t, options.split(), "a user's own namespace: %s as netstat -W prints it" % options)


def in_child(body):
    """The child's tests count as ours: it carries on with the numbers and tells where it ended."""
    read, write = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        tap.die_with_parent()
        status = 1
        try:
            body(write)
            status = 0
        finally:
            os.write(write, b"%d %d" % (t.count, t.failed))
            sys.stdout.flush()
            import atexit
            atexit._run_exitfuncs()
            os._exit(status)
    os.close(write)
    told = os.read(read, 100)
    _, status = os.waitpid(pid, 0)
    if told:
        t.count, t.failed = map(int, told.split())
    t.ok(status == 0, "the user's own namespace: the script came to its end")


scenes.need_peers()
t = tap.Tap()
if os.getuid() == 0:
    os.chown(tap.scratch(), tap.NOBODY, tap.NOBODY)
    tap.SOCKVIEW = tap.program(tap.NOBODY)
stage.prepare()
in_child(own_namespace)

if os.getuid():
    t.skip("other users' sockets seen by nobody", "only root can make them")
    t.done()

why = netns.enter()
if why:
    t.skip("root's scene seen by nobody", why)
    t.done()
scene = scenes.full(netns.furnish(), [tap.NOBODY, 1])
judge = scenes.judge(scene)
# The user `nobody` cannot see what root's processes hold.
judge.owners = {str(sock.inode): "-" for sock in scene.sock.values() if sock.uid != tap.NOBODY}
for options in OPTIONS:
    judge.compare(t, options.split(), "nobody sees %s as netstat -W prints it to nobody" % options,
                  user=tap.NOBODY)

seen = tap.sockview("-atunp", user=tap.NOBODY)
t.ok(seen.status == 0, "rows without owner are no failure", seen)
note = seen.err.decode()
t.ok(re.fullmatch(r"sockview: [^\n]+\n", note), "one line on stderr says what is missing", note)
t.ok(re.search(r"\b[1-9]\d* process", note), "it counts the processes that were hidden", note)
t.ok("cap_sys_ptrace" in note.lower() and "cap_dac_read_search" in note.lower() or "sudo" in note,
     "it names what would show them", note)
quiet = tap.sockview("-atunpq", user=tap.NOBODY)
t.ok(quiet.status == 0 and quiet.err == b"", "-q keeps it to itself", quiet)
unasked = tap.sockview("-atun", user=tap.NOBODY)
t.ok(unasked.err == b"", "without -p nothing is missing", unasked)
port = scene.sock["owner.user%d.tcp" % tap.NOBODY].local[1]
one = tap.sockview("-ltnp", "sport = :%d" % port, user=tap.NOBODY)
t.ok(one.status == 0 and one.err == b"" and b"/python3" in one.out,
     "no word of hidden processes where every row has its owner", one)
port = scene.sock["tcp4.listen.any"].local[1]
one = tap.sockview("-ltnp", "sport = :%d" % port, user=tap.NOBODY)
# Processes come and go between two runs: how many were hidden may differ.
t.same(re.sub(r"\d+ process(es)?", "N", one.err.decode()), re.sub(r"\d+ process(es)?", "N", note),
       "but where one has none", one)
t.ok(one.status == 0 and b" - " in one.out, "and that row is shown", one)
mine = {str(sock.inode) for label, sock in scene.sock.items() if sock.uid == tap.NOBODY}
rows = [line for line in oracle.read(tap.sockview("-atunpeq", user=tap.NOBODY).lines) if line.kind == "inet"]
t.ok(mine and all(line.fields["program"] != "-" for line in rows if line.fields["inode"] in mine),
     "a user's own sockets have their owner")
t.done()
