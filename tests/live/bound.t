#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""TCP sockets that are bound and nothing more, where no table tells of them: found among the descriptors of processes."""
import json
import os
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import oracle
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
# Is said wherever such sockets may be missing; looked at below.
tap.HIDDEN = re.compile(tap.HIDDEN.pattern + "|sockview: no table of this kernel tells|sockview: netlink is not available")
root = os.getuid() == 0
COLUMNS = "family,local_address,local_port,state,uid,inode,cookie,v6only,interface"


def bound(family, address, *options):
    sock = socket.socket(family)
    for level, name, value in options:
        sock.setsockopt(level, name, value)
    sock.bind(address)
    return sock


V4, V6 = socket.AF_INET, socket.AF_INET6
held = [bound(V4, ("127.0.0.1", 7005)), bound(V4, ("0.0.0.0", 7006))]
if netns.has_ipv6():
    held += [bound(V6, ("::1", 7007)), bound(V6, ("::", 7008), (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)),
             bound(V6, ("::ffff:127.0.0.1", 7009))]
if root:
    held.append(bound(V4, ("127.0.0.1", 7010), (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")))
twice = os.dup(held[0].fileno())
# None of these is bound and nothing more.
others = [socket.create_server(("127.0.0.1", 7020)), socket.socket(V4), socket.socket(V4, socket.SOCK_DGRAM)]
others.append(socket.create_connection(("127.0.0.1", 7020), source_address=("127.0.0.1", 7021)))
others[2].bind(("127.0.0.1", 7022))


def rows(*words, **more):
    result = tap.sockview("--jsonl", "-a", "-t", "--state", "bound", "--columns", COLUMNS, *words, **more)
    return sorted((json.loads(line) for line in result.lines), key=lambda row: row["local_port"]), result


found, result = rows("--source", "proc")
t.same([row["local_port"] for row in found], [sock.getsockname()[1] for sock in held], "each is found once, and nothing else", result)
t.same([row["inode"] for row in found], [os.fstat(sock.fileno()).st_ino for sock in held], "by its inode", result)
if oracle.kernel_tells_bound():
    told, result = rows()
    t.same(found, told, "they are what netlink tells of them", result)
    t.same(result.err, b"", "which needs no note")
else:
    t.skip("they are what netlink tells of them", "this kernel does not tell")
    t.skip("which needs no note", "this kernel does not tell")

# ss shows them since iproute2 6.15, as UNCONN: each of its rows is one of ours, by inode, end and user.
lines = [] if tap.missing("ss") else [line.split() for line in tap.run(["ss", "-Htane"]).lines]
unconn = [line for line in lines if line[0] == "UNCONN"]
if unconn:
    def of_ss(line):
        host, _, port = line[3].rpartition(":")
        more = dict(word.split(":", 1) for word in line[5:] if ":" in word)
        return int(more["ino"]), host.split("%")[0].strip("[]").replace("*", "::").replace("::ffff:", ""), int(port), int(more.get("uid", 0))
    t.same(sorted(map(of_ss, unconn)), sorted((row["inode"], row["local_address"] or ("::" if row["family"] == "inet6" else "0.0.0.0"), row["local_port"],
                                               row["uid"]) for row in found), "ss's UNCONN of TCP are our BOUND", result)
else:
    t.skip("ss's UNCONN of TCP are our BOUND", "this ss does not show them, before iproute2 6.15")

result = tap.sockview("-atnp", "--source", "proc")
t.ok(any(re.search(r"127\.0\.0\.1:7005 .* BOUND +%d/" % os.getpid(), line) for line in result.lines), "-a shows them, with -p their owner", result)
result = tap.sockview("-tn", "--source", "proc")
t.ok(b"BOUND" not in result.out and b"no table" not in result.err, "without -a they are not looked for", result)
result = tap.sockview("--source", "proc", "7005")
t.ok(result.status == 0 and b"BOUND" in result.out, "a bare port finds them", result)
denied = [tap.helper("deny_netlink"), "93", tap.SOCKVIEW]
refused = tap.first_refusal([denied[0], "0", "true"])
if refused is None:
    result = tap.run([*denied, "-atn"])
    t.ok(b"127.0.0.1:7005" in result.out, "where netlink is not to be had likewise", result)
else:
    t.skip("where netlink is not to be had likewise", refused)


# A module that cannot be loaded: netlink is there, and refuses TCP. The descriptors are copied with the rights of
# before the first row, which comes without them where rows stream.
library = None if tap.SAN else tap.preloadable("alter_netlink")
refused = {"LD_PRELOAD": library, "ALTER": "refused", "ALTER_BUS": "4"} if library else None
for words in ("-atn", "-atnI", "-atnm", "-atnee", "-atnp", "-tn --state bound", "-an --format tsv", "7005"):
    name = "%s where tcp_diag cannot be loaded: all are found" % words
    if not refused:
        t.skip(name, "a sanitizer wants to be the first library that is loaded" if tap.SAN else "no C compiler for a library to be preloaded")
        continue
    result = tap.sockview(*words.split(), env=refused)
    wanted = [7005] if words == "7005" else [sock.getsockname()[1] for sock in held]
    t.ok(all(re.search(rb":%d\b|\t%d\t" % (port, port), result.out) for port in wanted) and b"modprobe tcp_diag" in result.err, name, result)

# A kernel before 6.8, and one that took the rows back: the kernel is asked, its release is not believed.
older = {"LD_PRELOAD": library, "ALTER": "unbound", "ALTER_BUS": "4", "ALTER_RELEASE": "6.1.0-50-amd64"} if library else None
names = ("before 6.8 they are found by descriptors", "each once as rows come, which -v says", "--state bound alone likewise", "--explain names the holder by them",
         "of another user's there is a note", "JSON says that it is not whole", "an older release that tells of them is believed")
if older and oracle.kernel_tells_bound():
    found, result = rows(env=older)
    t.same([row["inode"] for row in found], [os.fstat(sock.fileno()).st_ino for sock in held], names[0], result)
    result = tap.sockview("-atnv", env=older)
    t.ok(b"no table of this kernel tells of TCP sockets that are bound and do not listen" in result.err and
         result.out.count(b" BOUND ") == len(held), names[1], result)
    result = tap.sockview("-n", "--state", "bound", env=older)
    t.ok(result.status == 0 and result.out.count(b"BOUND") == len(held), names[2], result)
    result = tap.sockview("--explain", "127.0.0.1:7005", env=older)
    t.ok(result.status == 1 and b"taken by python3 bound.t (pid %d" % os.getpid() in result.out, names[3], result)
    if root:
        result = tap.sockview("-atn", env=older, user=tap.NOBODY)
        t.ok(result.status == 0 and b"BOUND" not in result.out and b"no table of this kernel tells" in result.err, names[4], result)
        result = tap.sockview("-at", "--json", env=older, user=tap.NOBODY)
        t.ok(json.loads(result.out)["report"]["complete"] is False, names[5], result)
    else:
        t.skip(names[4], "it takes root to be another user")
        t.skip(names[5], "it takes root to be another user")
    found, result = rows("-v", env=dict(older, ALTER="none"))
    t.ok(len(found) == len(held) and b"no table" not in result.err, names[6], result)
else:
    for name in names:
        t.skip(name, "no library can be preloaded here" if not older else "this kernel does not tell")

# --- another namespace's, and another user's

child = subprocess.Popen([sys.executable, "-c", """
import os, socket, sys
libc = __import__("ctypes").CDLL(None)
if libc.unshare(0x40000000): sys.exit(1)
other = socket.socket()
try: other.bind(("0.0.0.0", 7030))
except OSError: sys.exit(1)
print("ready", flush=True)
sys.stdin.read()"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
if child.stdout.readline() == b"ready\n":
    found, result = rows("--source", "proc")
    t.ok(7030 not in [row["local_port"] for row in found], "not those of another network namespace", result)
else:
    t.skip("not those of another network namespace", "none can be made here")
child.stdin.close()
child.wait()

result = tap.sockview("--explain", "127.0.0.1:7005", "--source", "proc")
t.ok(result.status == 1 and b"taken by python3 bound.t (pid %d" % os.getpid() in result.out, "--explain names who holds it", result)
result = tap.sockview("--explain", "127.0.0.1:7031", "--source", "proc", "--no-probe")
t.ok(result.status == 3 and b"could not be told" in result.out, "--no-probe: where a table is missing, free is not known", result)
result = tap.sockview("--explain", "127.0.0.1:7031", "--source", "proc")
t.same(result.status, 0, "the kernel says that it is", result)
if root:
    found, result = rows("--source", "proc", "-v", user=tap.NOBODY)
    t.same(found, [], "another user's are not seen", result)
    t.ok(b"no table of this kernel tells of TCP sockets that are bound and do not listen" in result.err
         and b"your own processes" in result.err, "which is said", result)
    result = tap.sockview("--explain", "127.0.0.1:7005", "--source", "proc", user=tap.NOBODY)
    t.ok(result.status == 1 and b"taken by a socket that no table shows" in result.out and b"let the bind pass" not in result.out
         and b"as root" in result.out and b"in a moment" not in result.out, "--explain says what is known, and no more", result)
else:
    for name in ("another user's are not seen", "which is said", "--explain says what is known, and no more"):
        t.skip(name, "it takes root to be another user")
t.done()
