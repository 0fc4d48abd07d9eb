#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What filters say beyond ss: owners as terms, lists, targets, unix sockets, files of ss -D; each against who made the sockets."""
import os
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import select_scene
import tap

has, others = scenes.enter()
t = tap.Tap()
scene = scenes.full(has, others)
scene.add(select_scene.ports, six="ipv6" in has)
RANGE = [int(word) for word in open("/proc/sys/net/ipv4/ip_local_port_range").read().split()]
NAMED = RANGE[0] + 7


def named_in_range(stage):
    """A port of the range that connect() chooses from, but named by bind()."""
    stage.keep("named", stage.listener(socket.AF_INET, ("127.0.0.1", NAMED)))
    stage.keep("named.client", stage.client(socket.AF_INET, ("127.0.0.1", NAMED)))
    stage.keep("named.bound", stage.bound(socket.AF_INET, ("127.0.0.1", NAMED + 1)))
    stage.keep("named.udp", stage.bound(socket.AF_INET, ("127.0.0.1", NAMED), socket.SOCK_DGRAM))
    stage.keep("chosen", stage.listener(socket.AF_INET, ("127.0.0.1", 0)))
    stage.keep("chosen.bound", stage.bound(socket.AF_INET, ("127.0.0.1", 0)))


scene.add(named_in_range)
# What sockview looks at when no protocol is named.
INTERNET = {label: sock for label, sock in scene.sock.items() if isinstance(sock.local, list) and sock.inode and
            not label.startswith(("raw", "udplite"))}


def inodes(*words, **more):
    result = tap.sockview("-nH", "--format=tsv", "--columns=inode", *words, **more)
    return {int(line) for line in result.lines if line.strip()}, result


# The scene's vxlan device has a socket that no process made.
KERNEL, _ = inodes("-ua", "sport = :4789")


def among(labels, name, *words, **more):
    """Exactly the sockets of these labels are shown."""
    got, result = inodes(*words, **more)
    got -= KERNEL
    want = {scene.sock[label].inode for label in labels}
    by_inode = {sock.inode: label for label, sock in scene.sock.items()}
    t.ok(got == want, name, "missing: %s" % sorted(by_inode[i] for i in want - got),
         "too many: %s" % sorted(by_inode.get(i, str(i)) for i in got - want), result)


def labels_where(test):
    return {label for label, sock in INTERNET.items() if test(sock)}


def local(sock, *ports):
    return sock.local[1] in ports


def remote(sock, *ports):
    return bool(sock.remote) and sock.remote[1] in ports


# --- ports and targets -------------------------------------------------------------

among(labels_where(lambda s: local(s, 22, 80, 443)), "a list of ports", "-a", "sport = :22,80,443")
among(labels_where(lambda s: s.local[1] in range(22, 5012)), "a range of ports", "-a", "sport = :22-5011")
among(labels_where(lambda s: s.local[1] not in range(22, 5012)) - labels_where(lambda s: local(s, 80)),
      "!= of a list", "-a", "sport != :22-5011,80", "inode != 0")
among(labels_where(lambda s: local(s, 80) or remote(s, 80)), "80: either end, every state", "80")
among(labels_where(lambda s: local(s, 22, 443) or remote(s, 22, 443)), ":22,443", ":22,443")
among({"udp53", "udp.to53"}, "udp:53", "udp:53")
among({"bound"}, "a target that is only bound", "5007")
among(labels_where(lambda s: "192.0.2.1" in (s.local[0], (s.remote or [""])[0]) or
                   "::ffff:192.0.2.1" in (s.local[0], (s.remote or [""])[0])), "192.0.2.1", "192.0.2.1", "inode != 0")
if "ipv6" in has:
    among(labels_where(lambda s: local(s, 8081)) | {"six8081.client"}, "[::1]:8081", "[::1]:8081")
    among(labels_where(lambda s: local(s, 8080)) & {"dual"}, "an IPv6 address without brackets", "-a", "src", "::",
          "sport = :8080")

# --- precedence: unlike ss's parser, or is weaker than and -----------------------------

among(labels_where(lambda s: local(s, 22)) | {"p80.listen"}, "a or b and c is a or (b and c)", "-a", "sport = :22 or",
      "sport = :80 and src 127.0.0.1 and state = listen")
theirs = tap.run(["ss", "-Htan", "sport = :22 or sport = :80 and src 192.0.2.1"])
t.ok(all(b"192.0.2.1" in line for line in theirs.out.splitlines()), "ss reads it as (a or b) and c", theirs)

# --- who chose the port ----------------------------------------------------------------

among({"chosen.bound"}, "autobound: bound to a port of the kernel's choice", "-a", "autobound and state = bound and",
      "inode = %d,%d" % (scene.sock["chosen.bound"].inode, scene.sock["named.bound"].inode))
pair = ["named", "named.udp", "named.bound", "chosen"]
numbers = ",".join(str(scene.sock[label].inode) for label in pair)
among({"chosen"}, "autobound: not a port of that range that bind() named", "-a", "autobound and inode = " + numbers)
among(set(pair) - {"chosen"}, "not autobound is the rest", "-a", "not autobound and inode = " + numbers)
among(set(pair), "both together are all", "-a", "( autobound or not autobound ) and inode = " + numbers)

# --- owners ------------------------------------------------------------------------------

among({"owner.path"}, "program: argv[0]'s name", "-a", "program = daemon")
among({"owner.title"}, "program: a title's first word", "-a", "program = titled")
among({"owner.thread"}, "program of a thread whose leader has exited", "-a", "program = threaded")
among({"owner.path", "owner.title", "owner.thread"}, "a list of programs and a glob", "-a",
      "program = daemon,t[ih][tr]*ed")
among({"owner.path", "owner.title"}, "--program", "-a", "--program", "daemon,titled")
among({"owner.path"}, "--program twice, some unwanted", "-a", "--program", "daemon", "--program", "t*ed,^th*,^titled")
among({"owner.thread"}, "-l --program", "-l", "--program", "threaded")
among({"p80.listen"} | {"owner.path"}, "an owner or a port", "-a", "program = daemon or",
      "( sport = :80 and src 127.0.0.1 and state = listen )")
everybody = labels_where(lambda s: True)
among(everybody - {"owner.path", "owner.title", "owner.thread"}, "not program: the rest, whoever has it", "-a",
      "not program = daemon,titled,threaded and inode != 0")
among({"owner.inflight"}, "what no process has an fd of", "-at", "not pid = 1-2147483647 and inode != 0")
result = tap.sockview("-tanH", "not pid = 1-2147483647")
t.ok(any("TIME_WAIT" in line for line in result.lines) and any("FIN_WAIT" in line or "LAST_ACK" in line
     for line in result.lines), "sockets without an owner are there for not", result)
t.ok(not tap.sockview("-tanH", "pid = 1-2147483647 and state = time-wait").lines, "and not for the term itself")

shared = scene.sock["owner.shared"]
holders = tap.sockview("--pids", "-a", "inode = %d" % shared.inode)
t.ok(len(holders.lines) > 1, "a socket of several processes", holders)
for pid in holders.lines:
    among({"owner.shared"}, "each of its pids finds it", "-a", "pid = %s and inode = %d" % (pid, shared.inode))
    among(set(), "and excludes it", "-a", "not pid = %s and inode = %d" % (pid, shared.inode))
    t.same(tap.sockview("--pids", "-a", "--pid", pid, "inode = %d" % shared.inode).lines, [pid],
           "--pids names the owner that was asked for, not those it shares with")
among(set(), "--pid ^", "-a", "--pid", "^" + holders.lines[0], "inode = %d" % shared.inode)
mine = labels_where(lambda s: s.pid == scene.sock["p80.listen"].pid)
among(mine, "--pid: all of a process", "-a", "--pid", str(scene.sock["p80.listen"].pid))
for uid in others:
    theirs = {label for label, sock in INTERNET.items() if sock.uid == uid}
    among(theirs, "user = %d" % uid, "-a", "user = %d" % uid)
    among(theirs, "--user %d" % uid, "-a", "--user", str(uid))
    among({label for label in theirs if "tcp" in label}, "--user with a state", "--user", str(uid), "--state", "listen",
          "inode != %d" % scene.sock["owner.user%d.shared" % uid].inode)
if others:
    name = __import__("pwd").getpwuid(others[0]).pw_name
    among({label for label, sock in INTERNET.items() if sock.uid == others[0]}, "a user by name", "-a", "user = " + name)
    among({label for label, sock in INTERNET.items() if sock.uid not in others}, "--user ^: the others", "-a", "--user",
          ",".join("^%d" % uid for uid in others), "inode != 0")
    among({label for label, sock in INTERNET.items() if sock.uid == others[0]},
          "as that user: his own, by the socket where the owner is hidden", "-a", "user = %d" % others[0],
          user=others[0])

cgroup = select_scene.Cgroup(scene, select_scene.in_cgroup)
if cgroup.path:
    among({"cg.listen", "cg.udp"}, "cgroup: a glob", "-a", "cgroup = %s/*" % os.path.dirname(cgroup.path))
    among({"cg.listen", "cg.udp"}, "--cgroup", "-a", "--cgroup", cgroup.path)
    among({"cg.listen"}, "cgroup and a state", "state = listen and cgroup = " + cgroup.path)
    among(labels_where(lambda s: local(s, 80)), "--cgroup ^: not those", "-a", "--cgroup", "^" + cgroup.path,
          "sport = :80,5010")
    without, _ = inodes("-a", "--source=proc", "cgroup = " + cgroup.path)
    t.ok(without == {scene.sock["cg.listen"].inode, scene.sock["cg.udp"].inode},
         "cgroup by the owner where the kernel does not tell the socket's", without)
else:
    t.skip("cgroups", "no cgroup can be made here")

result = tap.sockview("-an", "--source=proc", "dev lo or sport = :80")
t.ok(result.status == 0 and b"neither marks nor interfaces" in result.err, "dev from /proc/net: said to be unknown", result)
for expression in ("dev lo", "not dev lo", "dev = 0", "not dev = 0", "fwmark 0x42", "not fwmark 0x42"):
    result = tap.sockview("-tuln", "-H", "--source=proc", expression)
    t.ok(result.out == b"" and re.search(rb"neither marks nor interfaces: \d+ sockets left out", result.err),
         "%s from /proc/net: no socket is known to fit" % expression, result)

# --- unix sockets ---------------------------------------------------------------------------

UNIX_LINE = re.compile(r"^(\S+)\s+(\S+)\s+\d+\s+\d+\s+(.*?)\s(\d+)\s+(\S+)\s(\d+)\s*$")
path = scene.sock["unix.stream.listen"].local
folder = os.path.dirname(path)
for expression in ("src unix:%s" % path, "src unix:%s/*" % folder, "src unix:%s" % path.upper(), "src unix:@sockview*",
                   "src unix:*", "src unix:/nowhere*", "src %s" % path, "src %s/*" % folder, "not src unix:%s/*" % folder,
                   "state listening src unix:@*", "state established src unix:*/*", "autobound", "not autobound",
                   "src unix:@sockview* or src unix:%s" % path, "( src unix:@sockview* ) and not src unix:*dgram*"):
    words = expression.split()
    theirs = tap.run(["ss", "-Hxa", *words])
    # Asked for one state, ss leaves its column out.
    lines = [line.split(None, 1)[0] + " ANY " + line.split(None, 1)[1] if line.split()[1].isdigit() else line
             for line in theirs.lines]
    want = {int(UNIX_LINE.match(line).group(4)) for line in lines}
    got, result = inodes("-xa", *words)
    t.ok(got - {0} == want - {0}, "-x %s (%d)" % (expression.replace(folder, "DIR"), len(want)), sorted(got ^ want), result)
got, result = inodes("-a", "unix:" + path)
t.ok(scene.sock["unix.stream.listen"].inode in got, "unix:PATH is a target", result)

# --- files of ss -D -------------------------------------------------------------------------

dumped = os.path.join(tap.scratch(), "dumped")
made = tap.run(["ss", "-tan", "-D", dumped])
t.ok(made.status == 0 and os.path.getsize(dumped) > 1000, "ss -D makes a file", made)
# ss itself reads the first of its two dumps alone, and no states: the kernel is asked what it should say.
COMPARED = ["-a", "-l", "-a4", "-a6", "-a sport = :80", "-a dport = :443", "-a src 127.0.0.1", "-a dst 192.0.2.0/24",
            "-a sport >= 1024 and not dst 127.0.0.0/8", "state listening", "state established sport = :443",
            "-a ( sport = :80 or dport = :80 )", "state time-wait", "-a state connected exclude established",
            "-4 -a sport = :443", "-a src [::1]", "-6 state established"]
for options in COMPARED:
    words = options.split()
    for _ in range(3):
        theirs = tap.run(["ss", "-Htn", *words])
        ours = select_scene.mine("-t", *words, env={"TCPDIAG_FILE": dumped})
        if len(ours.lines) == len(theirs.lines):
            break
        tap.run(["ss", "-tan", "-D", dumped]) # a TIME_WAIT has ended meanwhile
    again = select_scene.mine("-t", "--replay", dumped, *words)
    want, got = select_scene.from_ss(theirs.lines, "tcp"), select_scene.from_sockview(ours)
    if any(row[2] == "ANY" for row in want):
        got = sorted(row[:2] + ("ANY",) + row[3:] for row in got)
    t.same(select_scene.lines_of(got), select_scene.lines_of(want), "TCPDIAG_FILE, -t %s (%d)" % (options, len(want)),
           theirs, ours)
    t.same(again.out, ours.out, "--replay is the same")
if cgroup.path:
    cgroup.remove(scene)
scene.close()
t.done()
