#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""-N with more network namespaces than are dumped whole: rows against ss in each, and what may be lacking is told."""
import fcntl
import json
import os
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

MANY = 20           # of each kind there are MANY / len(KINDS)
KINDS = ("listener", "connections", "time-wait", "unaccepted", "orphan", "bound", "empty")
WITHOUT_HOLDER = {"TIME_WAIT", "SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK"}
if os.geteuid():
    tap.skip_all("only root can make the scene")
why = netns.enter()
if why:
    tap.skip_all(why)
if tap.missing("ss", "ip"):
    tap.skip_all("ss or ip is missing")
t = tap.Tap()
OWN = os.open("/proc/self/ns/net", os.O_RDONLY)
SIOCGSKNS = 0x894c   # linux/sockios.h
SS_STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "BOUND", "FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2"}
inodes, kept, one_of = [], [], {}


def state_of(port):
    for line in open("/proc/thread-self/net/tcp"):
        fields = line.split()
        if fields[0] != "sl" and int(fields[1].split(":")[1], 16) == port:
            return fields[3]
    return None


def wait_for(port, state):
    for _ in range(500):
        if state_of(port) == state:
            return
        time.sleep(0.01)


def furnish(kind):
    """What of a listener on 7000 and its connections there is; the sockets are held by this process, in another namespace."""
    if kind == "empty":
        kept.append(socket.socket())
        return
    if kind == "bound":
        one = socket.socket(socket.AF_INET6)
        one.bind(("::1", 7001))
        kept.append(one)
        return
    server = socket.create_server(("127.0.0.1", 7000))
    kept.append(server)
    if kind == "listener":
        return
    client = socket.create_connection(("127.0.0.1", 7000))
    port = client.getsockname()[1]
    if kind == "unaccepted":
        kept.append(client)
        return
    accepted = server.accept()[0]
    kept.append(accepted)
    if kind == "connections":
        six = socket.create_server(("::1", 7000), family=socket.AF_INET6)
        kept.extend([six, client, socket.create_connection(("::1", 7000)), six.accept()[0]])
        accepted.send(b"123")           # a queue
        kept.append(os.dup(client.fileno()))
    client.close() if kind in ("time-wait", "orphan") else None
    if kind == "orphan":
        wait_for(port, "05")            # FIN_WAIT2, without a descriptor
    if kind == "time-wait":
        accepted.close()
        wait_for(port, "06")


for number in range(MANY):
    netns.unshare(netns.CLONE_NEWNET)
    netns.ip("link", "set", "lo", "up")
    inodes.append(os.stat("/proc/thread-self/ns/net").st_ino)
    before = len(kept)
    furnish(KINDS[number % len(KINDS)])
    one_of[inodes[-1]] = kept[before]
    assert tap.libc.setns(OWN, netns.CLONE_NEWNET) == 0     # nothing but its sockets holds it now
NAMES = ",".join("net:[%d]" % inode for inode in inodes)


def look(*options, **more):
    result = tap.sockview("-N", NAMES, "-atn", "--json", *options, **more)
    try:
        return json.loads(result.out), result
    except ValueError:
        t.ok(False, "JSON", result)
        return {"sockets": [], "report": {"namespaces": []}}, result


def rows(answer, inode):
    return sorted((row["state"], row["local_address"], row["local_port"], row["remote_address"] or "*", row["remote_port"] or 0,
                   row["recv_q"], row["send_q"], row["uid"], row["inode"] or 0) for row in answer["sockets"] if row["netns"] == inode)


def ss(inode):
    """What ss run in it lists; sockets that are only bound it tells since 6.15, as UNCONN."""
    there = fcntl.ioctl(one_of[inode].fileno(), SIOCGSKNS)
    done = tap.run(["ss", "-Htan"], often=True, preexec_fn=lambda: tap.libc.setns(there, netns.CLONE_NEWNET))
    os.close(there)
    found = []
    for line in done.out.decode().splitlines():
        state, recv_q, send_q, local, remote = line.split()[:5]
        ends = [(end.rpartition(":")[0].strip("[]"), int(end.rpartition(":")[2].replace("*", "0"))) for end in (local, remote)]
        remote = ("*", 0) if state in ("LISTEN", "UNCONN") else ends[1]
        found.append((SS_STATES.get(state, state.replace("-", "_")), *ends[0], *remote, int(recv_q), int(send_q)))
    return sorted(found)


truth = {}
for inode in inodes:
    result = tap.sockview("-N", "net:[%d]" % inode, "-atn", "--json")
    truth[inode] = rows(json.loads(result.out), inode)
    theirs = ss(inode)
    # An older ss, or kernel, tells none of them.
    t.same([row[:7] for row in truth[inode] if row[0] != "BOUND" or any(one[0] == "BOUND" for one in theirs)], theirs, "asked alone it has the rows of ss in it")
answer, result = look()
told = {entry["netns"]: entry for entry in answer["report"]["namespaces"]}
t.same(sorted(told), sorted(inodes), "each of them is found by the sockets that hold it")
t.same([entry["by"] for entry in told.values() if entry["by"] not in ("netlink", "bpf")], [], "all of them could be asked", told)
with_bpf = "bpf" in {entry["by"] for entry in told.values()}
# Netlink tells of sockets that are only bound since Linux 6.8; BPF always, and nothing else does in a namespace that is not dumped.
bound = any(row[0] == "BOUND" for one in truth.values() for row in one)
rows_of_all, rows = rows, lambda answer, inode: [row for row in rows_of_all(answer, inode) if row[0] != "BOUND" or bound]
for number, inode in enumerate(inodes):
    got = rows(answer, inode)
    t.same(got, [row for row in truth[inode] if row in got or row[0] not in told[inode]["skipped_states"]],
           "%d, %s: the rows of a look at it alone" % (number, KINDS[number % len(KINDS)]))
    t.ok(not with_bpf or got == truth[inode], "... and none lacks if BPF told them", got, truth[inode])
for number, inode in enumerate(inodes):
    kind, entry = KINDS[number % len(KINDS)], told[inode]
    if kind in ("time-wait", "unaccepted", "orphan"):
        t.same([entry["by"], entry["complete"], entry["skipped_states"]], ["netlink", True, []], "%d, %s: dumped" % (number, kind))
    elif with_bpf:
        t.same([entry["by"], entry["skipped_states"]], ["bpf", ["SYN_RECV"] if kind in ("listener", "connections") else []],
               "%d, %s: by BPF, and what it does not tell is told" % (number, kind))
if not with_bpf:
    t.skip("by BPF", tap.no_bpf())
skipped = sum(bool(entry["skipped_states"]) for entry in told.values())
t.ok(b"in %d network namespaces sockets of some states may be lacking" % skipped in result.err, "a note counts them", result)
owned = tap.sockview("-N", NAMES, "-atnp", "--json", "state = established and sport = 7000")
pids = {owner["pid"] for row in json.loads(owned.out)["sockets"] if row["inode"] for owner in row["owners"]}
t.same(pids, {os.getpid()}, "their owner is found by the one look for all")

# No time for a dump: what processes hold is there, the rest is told as lacking.

answer, result = look("--for", "0.000001")
told = {entry["netns"]: entry for entry in answer["report"]["namespaces"]}
for number, inode in enumerate(inodes):
    got, want = rows(answer, inode), truth[inode]
    lacking = {row[0] for row in want if row not in got}
    t.ok(not [row for row in got if row not in want] and lacking <= set(told[inode]["skipped_states"]),
         "%d, %s: without time each state that lacks a row is named" % (number, KINDS[number % len(KINDS)]), lacking, told[inode])
    t.ok(not with_bpf or lacking <= WITHOUT_HOLDER, "... and none that a process holds lacks", lacking)
t.ok(b"--for SEC allows more" in result.err, "and what would help", result)

# Without BPF: sockets are asked for their namespace one by one, connections by dumps.

answer, result = look("--owners-from", "proc")
told = {entry["netns"]: entry for entry in answer["report"]["namespaces"]}
t.same(sorted(told), sorted(inodes), "without BPF: each is found by copies of the descriptors")
t.same({entry["by"] for entry in told.values()}, {"netlink"}, "without BPF: all by netlink")
for number, inode in enumerate(inodes):
    got, want = rows(answer, inode), truth[inode]
    t.ok(not [row for row in got if row not in want] and {row[0] for row in want if row not in got} <= set(told[inode]["skipped_states"]),
         "without BPF, %d, %s: the same rows, but of states that are named" % (number, KINDS[number % len(KINDS)]), got, want)

# Of one family alone: the counters of the other are not its.

answer, result = look("-4")
t.ok(not with_bpf or all(entry["skipped_states"] in ([], ["SYN_RECV"]) for entry in answer["report"]["namespaces"]),
     "-4 is whole where all is", answer["report"]["namespaces"])
for number, inode in enumerate(inodes):
    t.ok(not with_bpf or rows(answer, inode) == [row for row in truth[inode] if ":" not in row[1]], "-4: %d, %s" % (number, KINDS[number % len(KINDS)]))
t.ok(not with_bpf or {entry["by"] for entry in answer["report"]["namespaces"] if KINDS[inodes.index(entry["netns"]) % len(KINDS)] == "connections"} == {"bpf"},
     "-4: nothing is dumped for what only IPv6 has", answer["report"]["namespaces"])

# Columns that descriptors do not tell come from dumps.

answer, result = look("-o", "state = established and recv_q > 0")
values = [row.get("timer") for row in answer["sockets"]]
t.ok(values and None not in values, "-o: a timer of each", answer["sockets"][:2])
t.done()
