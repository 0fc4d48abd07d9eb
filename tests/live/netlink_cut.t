#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Netlink dumps that go wrong behind a part of their answer: no socket twice, none missing without a word."""
import json
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

ROUTE, SOCK_DIAG, NETFILTER = 0, 4, 12
TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY = 18, 20

if tap.SAN:
    tap.skip_all("a sanitizer wants to be the first library that is loaded")
LIBRARY = tap.preloadable("alter_netlink")
if not LIBRARY:
    tap.skip_all("no C compiler for a library to be preloaded")
tool = tap.missing("ip")
why = "%s is not installed" % tool if tool else netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()

servers = []
for family, host, port in ((socket.AF_INET, "127.0.0.1", 9001), (socket.AF_INET, "127.0.0.1", 9002),
                           (socket.AF_INET6, "::1", 9003), (socket.AF_INET6, "::1", 9004)):
    server = socket.socket(family)
    server.bind((host, port))
    server.listen()
    servers.append(server)
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagram.bind(("127.0.0.1", 9005))
TCP, TCP6, UDP = [9001, 9002], [9003, 9004], [9005]


def altered(how, bus, *options, only=None):
    env = {"LD_PRELOAD": LIBRARY, "ALTER": how, "ALTER_BUS": str(bus)}
    return tap.sockview(*options, env=dict(env, ALTER_TYPE=str(only)) if only else env)


def ports(result):
    return sorted(int(line.split()[3].rpartition(":")[2]) for line in result.lines if line[:3] in ("tcp", "udp"))


probe = altered("errno", SOCK_DIAG, "-ltn", "-v", "--source=netlink")
if os.strerror(5).encode() not in probe.err:
    t.ok(False, "the library alters what is received", probe)

# Rows are shown as they come: what was shown is not asked for again.
streaming = altered("errno", SOCK_DIAG, "-ltun")
t.same(ports(streaming), TCP + TCP6 + UDP, "streaming: every socket once")
t.ok(streaming.status == 0 and b"cut short (Input/output error)" in streaming.err,
     "streaming: exit 0, and a note that the answer was cut short", streaming)
document = json.loads(altered("errno", SOCK_DIAG, "--json", "-ltun").out)
t.same([document["report"][key] for key in ("complete", "lost", "unavailable", "from_proc")], [False, 2, [], ["udp"]],
       "streaming: JSON says that it is not complete; udp6, of which no row was shown, is asked of /proc/net")
t.same(document["source"], "netlink", "streaming: and that netlink is where it came from")

# Kept in a table first: they are taken back, and asked for in another way.
for name, only, source, from_proc in (
        ("the old request fails, the other does not", TCPDIAG_GETSOCK, "netlink", []),
        ("all fail", None, "proc", ["tcp", "udp"])):
    result = altered("errno", SOCK_DIAG, "-ltunp", only=only)
    t.same(ports(result), TCP + TCP6 + UDP, "%s: every socket once" % name)
    said = [line for line in result.complaints() if "read from /proc/net" not in line]
    t.ok(result.status == 0 and not said and (len(result.complaints()) == bool(from_proc)),
         "%s: no socket is missing; what /proc/net does not tell is said" % name, result)
    document = json.loads(altered("errno", SOCK_DIAG, "--json", "-ltunp", only=only).out)
    t.same([document["source"], document["report"]["from_proc"], document["report"]["complete"]],
           [source, from_proc, True], "%s: JSON says where it came from" % name)

# Nothing else may be asked: the part is kept, if there is one.
result = altered("errno", SOCK_DIAG, "-ltnp", "--source=netlink")
t.same((ports(result), result.status), (TCP + TCP6, 0), "--source=netlink: the part is shown")
t.ok(b"cut short" in result.err, "--source=netlink: and said to be one", result)
for options in (["-ltn"], ["-ltnp"], ["--json", "-ltn"]):
    result = altered("errno", SOCK_DIAG, *options, "--source=netlink", "sport = :1")
    t.ok(result.status == 3 and b"Input/output error" in result.err,
         "%s: without a row it is no answer: exit 3" % " ".join(options), result)

# A recording has one try of each dump, and its replay says what the kernel said.
recording = os.path.join(tap.scratch(), "recording")
made = altered("errno", SOCK_DIAG, "-ltunp", "--record", recording)
shown = tap.sockview("-ltun", "--replay", recording)
t.same(ports(made), TCP + TCP6 + UDP, "--record: every socket once")
t.same(ports(shown), TCP + TCP6 + UDP, "--replay: every socket once")
t.ok(shown.status == 0 and b"cut short (Input/output error)" in shown.err, "--replay: the same note", shown)

# --explain asks more than one bus.
for how, reason in (("errno", "Input/output error"), ("changed", "it kept changing")):
    for bus, key in ((ROUTE, "addresses"), (NETFILTER, "nftables")):
        if bus == NETFILTER and how == "changed" and b"nftables" in tap.sockview("--explain", "9001", "--json").out:
            t.skip("--explain: nftables", "they cannot be read here")
            continue
        result = altered(how, bus, "--explain", "9001", "--json")
        unread = {one["key"]: one["text"] for one in json.loads(result.out)["unread"]}
        t.ok(reason in unread.get(key, ""), "--explain: %s (%s) are not all read" % (key, how), unread, result)

# So does the second look at a socket without an owner: one in flight, one of a tunnel.
left, right = socket.socketpair()
flying = socket.create_server(("127.0.0.1", 9006))
socket.send_fds(left, [b"x"], [flying.fileno()])
flying.close()
vxlan = "ip link add vx0 type vxlan id 7 dstport 9007 local 127.0.0.1 && ip link set vx0 up"
has_vxlan = tap.shell(vxlan).status == 0
for bus, target, key in ((SOCK_DIAG, "tcp:9006", "queues"), (ROUTE, "udp:9007", "tunnels")):
    if key == "tunnels" and not has_vxlan:
        t.skip("--explain: %s" % key, "no vxlan interface can be made here")
        continue
    result = altered("errno", bus, "--explain", target, "--json")
    unread = {one["key"]: one["text"] for one in json.loads(result.out)["unread"]}
    t.ok("Input/output error" in unread.get(key, ""), "--explain %s: %s are not all read" % (target, key), unread, result)
    whole = json.loads(tap.sockview("--explain", target, "--json").out)
    t.ok(key not in [one["key"] for one in whole["unread"]], "--explain %s: else they are" % target, whole)
t.done()
