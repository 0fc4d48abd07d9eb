#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Why an owner is blank: for each reason a live socket that has it, as root and as a user, in every format."""
import array
import csv
import io
import json
import os
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from scene import CLOSE_WAIT, deafen, hear_syn_only, reach, wait_for

ROOT = os.getuid() == 0
t = tap.Tap()


def reasons_by(finder):
    """Of this machine's own listeners: some may be of processes that may not be looked into."""
    result = tap.sockview("-tlun", "--jsonl", "--columns", "inode,owner_reason", "--owners-from", finder)
    rows = [json.loads(line) for line in result.lines]
    return result.status, {row["inode"]: row["owner_reason"] for row in rows if row["owner_reason"]}


by_bpf = reasons_by("bpf")
if by_bpf[0] == 0:
    by_proc = reasons_by("proc")
    both = by_bpf[1].keys() & by_proc[1].keys()
    t.same({inode: by_bpf[1][inode] for inode in both}, {inode: by_proc[1][inode] for inode in both},
           "BPF and /proc give the same reasons")
else:
    t.skip("BPF and /proc give the same reasons", tap.no_bpf())
why = netns.enter()
if why:
    tap.skip_all(why)

if not netns.has_own_pids():
    tap.skip_all("no pid namespace can be made here: processes of this machine that cannot be looked into may hold any socket")

COLUMNS = "proto,local_port,remote_port,state,owner_reason,kernel_kind,listener_pid,listener_program,pid"
keep = []
# What the script expects: (protocol, port, state) -> reason.
wanted = {}


def rows(*args, **more):
    result = tap.sockview("-tuan", "--columns", COLUMNS, "--jsonl", *args, **more)
    found = {}
    for line in result.lines:
        row = json.loads(line)
        found[row["proto"], row["local_port"], row["state"]] = row
    return found


def listener(host="127.0.0.1", backlog=8):
    sock = socket.create_server((host, 0), backlog=backlog)
    keep.append(sock)
    return sock, sock.getsockname()[1]


def pair():
    sock, port = listener()
    client = socket.create_connection(("127.0.0.1", port))
    server = sock.accept()[0]
    keep.extend((client, server))
    return client, server, client.getsockname()[1]


# time-wait: the side that closes first.
client, server, port = pair()
client.close(), server.close()
wanted["tcp", port, "TIME_WAIT"] = "time-wait"

# syn-recv: a handshake whose last packet the listener does not hear.
half = socket.socket()
half.bind(("127.0.0.1", 0))
hear_syn_only(half)
half.listen(8)
keep.append(half)
keep.append(socket.create_connection(half.getsockname()))
wanted["tcp", half.getsockname()[1], "SYN_RECV"] = "syn-recv"

# orphan: closed with data its deaf peer never takes.
client, server, port = pair()
deafen(server)
client.send(b"left behind")
client.close()
wanted["tcp", port, "FIN_WAIT1"] = "orphan"

# unaccepted, once ESTABLISHED and once CLOSE_WAIT.
queue, queue_port = listener()
keep.append(socket.create_connection(("127.0.0.1", queue_port)))
wanted["tcp", queue_port, "ESTABLISHED"] = "unaccepted"
ended, ended_port = listener()
client = socket.create_connection(("127.0.0.1", ended_port))
client.shutdown(socket.SHUT_WR)
keep.append(client)
wanted["tcp", ended_port, "CLOSE_WAIT"] = "unaccepted"

# kernel: a tunnel's socket.
VXLAN = netns.ip("link", "add", "vx0", "type", "vxlan", "id", "42", "dstport", "14789", "local", "127.0.0.1") and \
    netns.ip("link", "set", "vx0", "up")
if VXLAN:
    wanted["udp", 14789, "UNCONNECTED"] = "kernel"

# in-flight: the only descriptor is in a message that is not read, or in the table of a ring.
one, two = socket.socketpair()
keep.extend((one, two))


def fly(sock):
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
    port = sock.getsockname()[1]
    sock.close()
    return port


ring = subprocess.Popen([tap.helper("ring"), "14790"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
RING = ring.stdout.read(1) == b"R"
if RING:
    wanted["tcp", 14790, "LISTEN"] = "in-flight"
alone = rows()
wait_for(lambda: ("tcp", queue_port, "ESTABLISHED") in rows() and ("tcp", ended_port, "CLOSE_WAIT") in rows(), "connections")


def judge(name, found, expected):
    got = {key: (found.get(key) or {}).get("owner_reason") for key in expected}
    t.same(sorted(map(repr, got.items())), sorted(map(repr, expected.items())), name)


judge("each reason, found by the one who holds the sockets", rows(), wanted)
if not VXLAN:
    t.skip("kernel", "this kernel has no vxlan")
if not RING:
    t.skip("in-flight in an io_uring", "this kernel has no io_uring for us")
flying = fly(socket.create_server(("127.0.0.1", 0)))
wanted["tcp", flying, "LISTEN"] = "in-flight"
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagram.bind(("127.0.0.1", 0))
wanted["udp", fly(datagram), "UNCONNECTED"] = "in-flight"
found = rows()
judge("in flight through a unix socket", found, wanted)
me = os.getpid()
t.same((found["tcp", queue_port, "ESTABLISHED"]["listener_pid"], found["tcp", ended_port, "CLOSE_WAIT"]["listener_pid"]),
       (me, me), "an unaccepted connection names who has not accepted it")
if VXLAN:
    t.same(found["udp", 14789, "UNCONNECTED"]["kernel_kind"], "vxlan", "the kernel's socket says what for")
t.same(sorted({row["owner_reason"] for row in found.values() if row["pid"]}, key=str), [None], "who has an owner has no reason")

# --- whose accept queue an unaccepted connection is in --------------------------

# Two processes listen on one port with SO_REUSEPORT; the first one's queue is emptied.
def shared_listener(port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(64)
    return sock


first = shared_listener()
shared_port = first.getsockname()[1]
told, tell = os.pipe()
hold, release = os.pipe()
second = os.fork()
if second == 0:
    tap.die_with_parent()
    os.close(release)
    first.close()
    other = shared_listener(shared_port)
    os.write(tell, b"L")
    os.read(hold, 1)
    os._exit(0)
os.read(told, 1)


def unaccepted(*args):
    document = json.loads(tap.sockview("-tn", "--json", "--columns", COLUMNS + ",listener_candidates", *args,
                                       "sport = :%d" % shared_port).out)
    return [(row["listener_pid"], row["listener_program"] is not None, [who["pid"] for who in row["listener_candidates"] or []])
            for row in document["sockets"] if row["owner_reason"] == "unaccepted"]


def queues():
    lines = tap.sockview("-tlnH", "--columns", "accept_queue", "--format", "tsv", "sport = :%d" % shared_port).lines
    return sorted(int(line) for line in lines)


def connect_until(done):
    for _ in range(200):
        keep.append(socket.create_connection(("127.0.0.1", shared_port)))
        if done():
            return True
    return False


first.setblocking(False)


def drain():
    while True:
        try:
            keep.append(first.accept()[0])
        except BlockingIOError:
            return


t.ok(connect_until(lambda: queues()[0] > 0), "connections in both accept queues", queues())
for words in ([], ["-a"]):
    t.same({(pid, tuple(sorted(all))) for pid, _, all in unaccepted(*words)}, {(None, tuple(sorted((me, second))))},
           "%s: one of the two, and which is not said" % (words or "no LISTEN row selected"))
told_text = tap.sockview("-tnpv", "sport = :%d" % shared_port).err.decode()
t.ok("of one of " in told_text and "(pid %d)" % me in told_text and "(pid %d)" % second in told_text, "-v: one of",
     told_text)
explained = tap.sockview("--explain", "tcp:%d" % shared_port).out.decode()
t.ok("one of" in " ".join(explained.split()), "--explain blames neither", explained)
drain()
for words in ([], ["-a"]):
    t.same(set(map(repr, unaccepted(*words))), {repr((second, True, [second]))},
           "%s: the first one's queue is empty, so the second has them all" % (words or "no LISTEN row selected"))
text = tap.sockview("-tnH", "--columns", "listener_candidates", "--format", "tsv", "sport = :%d" % shared_port).lines
t.ok(any(line.startswith("%d/" % second) for line in text), "the list as text", *text[:3])
os.close(release)
os.waitpid(second, 0)
first.close()

# --- IPv4's wildcard by an IPv6 socket: ::ffff:0.0.0.0 ----------------------------

mapped = socket.socket(socket.AF_INET6)
mapped.bind(("::ffff:0.0.0.0", 0))
mapped.listen(8)
shared_port = mapped.getsockname()[1]
keep.append(socket.create_connection(("127.0.0.1", shared_port)))
for words in ([], ["-a"]):
    t.same(list(map(repr, unaccepted(*words))), [repr((me, True, [me]))], "%s: who listens on ::ffff:0.0.0.0 has it" %
           (words or "no LISTEN row selected"))
mapped.close()

# --- every format ---------------------------------------------------------------

for formatted, read in (
        ("--json", lambda text: {(s["proto"], s["local_port"], s["state"]): s["owner_reason"] for s in json.loads(text)["sockets"]}),
        ("--csv", lambda text: {(s["proto"], int(s["local_port"]), s["state"]): s["owner_reason"] or None
                                for s in csv.DictReader(io.StringIO(text))})):
    got = read(tap.sockview("-tuan", "--columns", COLUMNS, formatted).out.decode())
    t.same({key: got.get(key) for key in wanted}, wanted, "the same by " + formatted)
table = tap.sockview("-tuan", "--columns", "local_port,owner_reason").lines
t.ok(any(line.split() == [str(flying), "in-flight"] for line in table), "the same as a table", *table)
plain = tap.sockview("-tuanp")
blank = [line for line in plain.lines if (":%d " % flying) in line]
t.ok(len(blank) == 1 and blank[0].split()[-1] == "-" and not plain.err, "netstat's column stays -", *blank, plain.err)

# --- the legend -----------------------------------------------------------------

legend = tap.sockview("-tuanpv").err.decode().splitlines()
counts = {}
for reason in wanted.values():
    counts[reason] = counts.get(reason, 0) + 1
for reason, count in sorted(counts.items()):
    told = [line for line in legend if ("without an owner: %s," % reason) in line]
    t.ok(len(told) == 1 and told[0].startswith("sockview: %d socket" % count), "-v: %s, %d times" % (reason, count), *legend)
t.ok(any("1 on 127.0.0.1:%d of" % queue_port in line and "(pid %d)" % me in line for line in legend), "-v names the listener and its owner", *legend)
t.ok(not VXLAN or any("1 vxlan" in line for line in legend), "-v names what the kernel has it for", *legend)
t.same([line for line in tap.sockview("-tuan", "-v").err.decode().splitlines() if "without an owner" in line], [],
       "no legend where owners are not looked for")

# --- a user ---------------------------------------------------------------------

if ROOT:
    found = rows(user=tap.NOBODY)
    # A socket that a process may hold may be held by a hidden one; of one that none can hold the reason is as before.
    expected = {key: "permission" if reason == "in-flight" else reason for key, reason in wanted.items()}
    expected["tcp", queue_port, "LISTEN"] = "permission"
    judge("each reason, as a user", found, expected)
    result = tap.sockview("-tuanpv", user=tap.NOBODY)
    text = result.err.decode()
    t.ok("permission" in text and "could not be looked into" in text and "cap_sys_ptrace" in text,
         "permission: how many were hidden, and what would help", result)
else:
    t.skip("permission", "it takes root to have another user's sockets")

# --- another pid namespace, and sockets that go away ----------------------------------

outside, outside_port = listener()
if netns.can_have_pids():
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        tap.die_with_parent()
        os.closerange(3, write), os.closerange(write + 1, 4096)
        netns.own_proc()

        def inside():
            netns.mount_proc()
            os.write(write, json.dumps([[*key, row["owner_reason"]] for key, row in rows().items()]).encode() + b"\n")
            os._exit(0)

        os.waitpid(netns.in_new_pids(inside), 0)
        os._exit(0)
    os.close(write)
    told = b"".join(iter(lambda: os.read(read, 65536), b""))
    os.waitpid(child, 0)
    inside = {tuple(row[:3]): row[3] for row in json.loads(told)}
    t.same(inside.get(("tcp", outside_port, "LISTEN")), "other-pidns", "held outside the pid namespace of this /proc", told)
else:
    t.skip("other-pidns", "no pid namespace can be made here")

# A server that does nothing but restart: it is seen with its owner, or as gone; nothing else is made up.
server = subprocess.Popen([tap.helper("restart"), "14800", "200"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          preexec_fn=tap.die_with_parent)
told = {}
for _ in range(200):
    for key, row in rows("sport", "=", ":14800").items():
        told[row["owner_reason"]] = told.get(row["owner_reason"], 0) + 1
server.communicate()
t.ok(set(told) <= {None, "vanished"} and told, "sockets that go away between the two looks are vanished", told)
t.note("of a server that restarts: %s" % told)

ring.stdin.close()
t.done()
