#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--exposure against real connects (exposed.py): rows, rule sets, layouts that tools make, injected packets,
containers, and what is not read.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import peers
import tap
from attached import attached, detach
from exposed import *

# --- rows -----------------------------------------------------------------------------------------------

rows = scene("no rules")
key = lambda port, proto="tcp": rows.get((proto, port), {})
t.same(sorted(port for proto, port in rows if proto == "udp"), sorted(servers), "a connected UDP socket is no server")
t.same([key(LOCAL).get(name) for name in ("state", "scope", "interfaces")], ["local", "loopback", []], "loopback")
t.same([key(20001).get("state"), key(20001).get("scope"), sorted(way["name"] for way in key(20001).get("interfaces", []))],
       ["open", "any", ["eth1", "eth2"]], "every address")
t.same([key(20001).get("pid"), key(20001).get("decided_by")], [os.getpid(), None], "its owner; no rule decides")
t.same(key(20031, "udp").get("state"), "open", "UDP")
one, done = exposed("-t", str(LOCAL))
t.same([list(one), done.status], [[("tcp", LOCAL)], 0], "a filter")
one, done = exposed("-t", "20099")
t.same([one, done.status], [{}, 1], "a filter that fits nothing")
done = tap.run([tap.SOCKVIEW, "--exposure", "-q"])
lines = done.out.decode().splitlines()
t.same(lines[1].split(), "PROTO PORT SERVICE STATE SCOPE LOCAL FROM PID/PROGRAM".split(), "the table's heading")
states = [line.split()[3] for line in lines[2:]]
order = ["open", "depends", "unknown", "rejected", "filtered", "local"]
t.ok(states and states == sorted(states, key=order.index), "what can be reached from elsewhere first", states)
for words, culprit in ((["--columns", "port"], b"--columns"), (["-c"], b"-c"), (["--replay", "x"], b"--replay"),
                       (["--format", "csv"], b"json"), (["-x"], b"TCP and UDP"), (["-N", "all"], b"-N")):
    done = tap.run([tap.SOCKVIEW, "--exposure", *words])
    t.ok(done.status == 2 and culprit in done.err and not done.out, "refused: " + " ".join(words), done)

# --- rules ----------------------------------------------------------------------------------------------

rows = scene("policy drop", chain("", "drop"))
t.same([key(20001).get("state"), key(20001).get("decided_by")], ["filtered", "inet f c policy"], "the policy decides")


def unreachable(*words):
    done = tap.run([tap.SOCKVIEW, "--health=0.05", "--json", "-q", *words])
    return {row["local_port"]: row for row in json.loads(done.out)["findings"] if row["key"] == "listener-unreachable"}, done


found, done = unreachable("-t")
t.same([sorted(found), {row["severity"] for row in found.values()}, done.status],
       [sorted([*PORTS, FOUR, ONE_ADDRESS, SIX]), {"info"}, 0], "--health: listeners that the firewall closes, for information")
t.ok("filtered by inet f c policy" in found.get(20001, {}).get("text", "") and found[20001]["pid"] == os.getpid(), "the rule, and whose it is", found)


def explained(port):
    done = tap.run([tap.SOCKVIEW, "--explain", str(port), "-q"])
    return " ".join(done.out.decode().split())


t.ok("The firewall lets no packet of another host come to [::]:20001: filtered by inet f c policy." in explained(20001),
     "--explain: the firewall's word", explained(20001))
t.ok("firewall" not in explained(LOCAL), "not of a listener on loopback", explained(LOCAL))
rows = scene("by interface", chain('iifname "eth1" tcp dport 20001 accept\niifname "eth2" tcp dport 20002 accept\nct state established accept', "drop"))
t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, key(20001).get("state")],
       [{"eth1": "open", "eth2": "filtered"}, "open"], "the interface that lets most through")
rows = scene("rejected", chain("tcp dport 20001 reject with tcp reset\ntcp dport 20002 reject"))
t.same([key(20001).get("state"), key(20003).get("state")], ["rejected", "open"], "rejected, and not")
rows = scene("by source", chain("ip saddr 10.1.0.0/24 tcp dport 20001 accept\ntcp dport 20001 drop"), sure=len(EVERY) - 1)
t.ok("Whether other hosts reach [::]:20001 depends on the firewall: " in explained(20001) and "ip saddr" in explained(20001),
     "--explain: it depends", explained(20001))
t.same(sorted(unreachable("-t", "20001")[0]), [], "--health: what depends is no finding")
t.ok(key(20001).get("state") == "depends" and "ip saddr" in (key(20001).get("decided_by") or ""), "it depends on the source",
     key(20001))
rows = scene("by one of our addresses", chain("ip daddr 10.2.0.1 tcp dport 20001 accept\nmeta l4proto tcp tcp dport 20001 drop"))
t.same(key(20001).get("state"), "open", "one of our addresses is enough")
scene("sets and intervals", chain("tcp dport @s accept\ntcp dport { 20007-20009 } accept", "drop", extra="set s { type inet_service; flags interval; elements = { 20001-20003, 20005 } }"))
scene("verdict map", chain("tcp dport vmap { 20001 : accept, 20002 : drop, 20003-20005 : jump more }", "drop").replace("chain c", "chain more { accept\n}\nchain c"))
scene("two tables: an accept of one is not the other's", chain("tcp dport 20001 accept") + chain("tcp dport 20001 drop", table="g"))
scene("prerouting drops", chain("tcp dport 20001-20003 drop", hook="prerouting", priority="-300"))
scene("the answer dropped in output", chain("tcp sport 20001-20003 tcp flags & (syn|ack) == (syn|ack) drop", hook="output"))
scene("the answer dropped in postrouting", chain("tcp sport 20004 drop", hook="postrouting"))
scene("ingress of one device", 'table netdev f {\nchain c { type filter hook ingress device "eth1" priority 0; policy accept;\ntcp dport 20001-20003 drop\n}\n}\n')
scene("IPv4 alone is dropped", chain("tcp dport 20001-20003 drop", family="ip"))
scene("both families are dropped", chain("tcp dport 20001 drop", family="ip") + chain("tcp dport 20001-20002 drop", family="ip6"))
rows = scene("redirected away", chain("tcp dport 20001 redirect to :20002", hook="prerouting", priority="dstnat", kind="nat"), sure=len(EVERY) - 1)
both = json.loads(exposed("-t", "20001")[1].out)["listeners"]
t.same(sorted((row["state"], row["pid"] is not None, row["nat"] is not None) for row in both) + [key(20002).get("state")],
       [("depends", True, True), ("open", False, True), "open"], "a redirect takes the port's traffic, and is a row of its own")
rows = scene("limits", chain("tcp dport 20001 limit rate 1/minute burst 1 packets accept\ntcp dport 20001 drop"), sure=len(EVERY) - 1)
t.ok(key(20001).get("state") in ("depends", "unknown"), "a limit is not said for sure", key(20001))
scene("ufw's layout", chain('iifname "lo" accept\nct state related,established accept\nct state invalid drop\njump user', "drop", family="ip").replace(
    "chain c", "chain user { tcp dport 20001 counter accept\ntcp dport { 20003, 20004 } counter accept\n}\nchain c"))
scene("iptables-nft", commands=("iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -p tcp -m multiport --dports 20001,20002 -j ACCEPT",
                                "iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                                "ip6tables-nft -P INPUT DROP"))
tap.run(["nft", "flush", "ruleset"])

# --- layouts that tools make, and what single expressions do ------------------------------------------------

scene("ufw's layout by iptables", commands=[
    *("iptables-nft -N %s" % name for name in ("before-input", "not-local", "user-input", "reject-input")),
    "iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -j before-input", "iptables-nft -A INPUT -j reject-input",
    "iptables-nft -A before-input -i lo -j ACCEPT",
    "iptables-nft -A before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "iptables-nft -A before-input -m conntrack --ctstate INVALID -j DROP",
    "iptables-nft -A before-input -p icmp --icmp-type destination-unreachable -j ACCEPT",
    "iptables-nft -A before-input -p udp --sport 67 --dport 68 -j ACCEPT",
    "iptables-nft -A before-input -j not-local", "iptables-nft -A before-input -j user-input",
    "iptables-nft -A not-local -m addrtype --dst-type LOCAL -j RETURN",
    "iptables-nft -A not-local -m addrtype --dst-type MULTICAST -j RETURN",
    "iptables-nft -A not-local -m addrtype --dst-type BROADCAST -j RETURN", "iptables-nft -A not-local -j DROP",
    "iptables-nft -A user-input -p tcp --dport 20001 -j ACCEPT", "iptables-nft -A user-input -p udp --dport 20002 -j ACCEPT",
    "iptables-nft -A user-input -p tcp -m multiport --dports 20003,20004:20006 -j ACCEPT",
    "ip6tables-nft -P INPUT DROP", "ip6tables-nft -A INPUT -p tcp --dport 20007 -j ACCEPT",
    "ip6tables-nft -A INPUT -p ipv6-icmp -j ACCEPT"])
scene("addrtype, mark, pkttype, syn by iptables", commands=[
    "iptables-nft -A INPUT -p tcp --dport 20001 -m addrtype ! --dst-type LOCAL -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20002 -m addrtype --src-type UNICAST -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20003 --syn -j DROP",
    "iptables-nft -A INPUT -p tcp --dport 20004 -m conntrack --ctstate NEW --ctproto tcp -j DROP",
    "iptables-nft -t mangle -A PREROUTING -p tcp --dport 20005 -j MARK --set-mark 7",
    "iptables-nft -A INPUT -m mark --mark 7 -j REJECT --reject-with tcp-reset -p tcp",
    "iptables-nft -A INPUT -p tcp -m multiport ! --dports 1:20006,20008:65535 -j DROP"], sure=len(EVERY) - 6)
scene("interfaces by iptables", commands=[
    "iptables-nft -A INPUT -i eth+ -p udp --dport 20001 -j DROP", "iptables-nft -A INPUT ! -i eth1 -p tcp --dport 20002 -j DROP",
    "iptables-nft -A INPUT -i eth2 -p tcp --dport 20003:20004 -j REJECT", "iptables-nft -A OUTPUT -o eth1 -p tcp --sport 20005 -j DROP",
    "ip6tables-nft -A INPUT -i eth1 -p tcp --dport 20002:20005 -j DROP"])
scene("firewalld's layout", """table inet firewalld {
 chain raw_PREROUTING { type filter hook prerouting priority -290; policy accept;
  icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
  meta nfproto ipv6 fib saddr . mark . iif oif missing drop
 }
 chain mangle_PREROUTING { type filter hook prerouting priority -140; policy accept; jump mangle_PREROUTING_ZONES
 }
 chain mangle_PREROUTING_ZONES { }
 chain nat_PREROUTING { type nat hook prerouting priority -90; policy accept; jump nat_ZONES
 }
 chain nat_ZONES { iifname "eth1" goto nat_public
 goto nat_public
 }
 chain nat_public { }
 chain filter_INPUT { type filter hook input priority 10; policy accept;
  ct state { established, related } accept
  ct status dnat accept
  iifname "lo" accept
  ct state invalid drop
  jump ZONES
  reject with icmpx admin-prohibited
 }
 chain filter_OUTPUT { type filter hook output priority 10; policy accept; ct state { established, related } accept
 oifname "lo" accept
 }
 chain ZONES { iifname "eth2" goto zone_internal
 goto zone_public
 }
 chain zone_public { jump public_log
 jump public_deny
 jump public_allow
 meta l4proto { icmp, ipv6-icmp } accept
 }
 chain zone_internal { jump internal_allow
 meta l4proto { icmp, ipv6-icmp } accept
 }
 chain public_log { }
 chain public_deny { tcp dport 20009 drop
 }
 chain public_allow { tcp dport 20001 accept
 ip6 daddr fe80::/64 udp dport 546 accept
 udp dport { 20002, 20003 } accept
 tcp dport 20009 accept
 }
 chain internal_allow { tcp dport { 20001-20004 } accept
 }
}
""")
scene("ingress of the family inet", 'table inet f {\nchain c { type filter hook ingress device "eth2" priority 0; policy accept;\n'
      'tcp dport 20001-20003 drop\nudp dport 20001-20002 drop\n}\n}\n')
scene("the answer dropped in egress", 'table netdev f {\nchain c { type filter hook egress device "eth1" priority 0; policy accept;\n'
      'tcp sport 20001-20003 drop\n}\n}\n')
scene("untracked ones are let in", chain("tcp dport 20001 notrack\nudp dport 20001 notrack", hook="prerouting", priority="-300") +
      chain("ct state untracked accept", "drop", table="g"))
scene("a mark of prerouting decides", chain("tcp dport 20001-20002 meta mark set 0x5\nudp dport 20003 meta mark set 0x5", hook="prerouting", priority="-150") +
      chain("meta mark 0x5 accept", "drop", table="g"))
scene("a map gives the mark", chain("meta mark set tcp dport map { 20001 : 1, 20002 : 2, 20003 : 1 }", hook="prerouting", priority="-150") +
      chain("meta mark 1 drop", table="g"))
scene("output lets established ones alone", chain("ct state established accept", "drop", hook="output"),
      sure=len(EVERY) - 1)  # of IPv6 alone: no neighbour advertisement goes out
scene("output lets nothing", chain("udp sport 53 accept", "drop", hook="output"))
scene("output by user", chain("meta skuid 4242 tcp sport 20001 drop", hook="output"), sure=len(EVERY) - 1)
scene("IPv6 alone, a policy", chain("tcp dport { 20001, 20002 } accept\nicmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept", "drop", family="ip6"))
scene("IPv6 by one of our addresses", chain("ip6 daddr fd01::1 tcp dport 20001-20004 drop\nip daddr { 10.1.0.1, 10.2.0.1 } tcp dport 20003 drop"))
scene("IPv6 next header", chain("ip6 nexthdr tcp tcp dport 20001 drop\nmeta nfproto ipv4 tcp dport 20001-20002 drop"))
scene("UDP behind rules", chain("udp dport 20001-20003 drop\nudp dport 20004 reject\nmeta nfproto ipv6 udp dport 20005 drop"))
scene("UDP, a policy and a set of protocols and ports", chain("meta l4proto . th dport @s accept", "drop", extra=
      "set s { type inet_proto . inet_service; elements = { udp . 20001, tcp . 20002, udp . 20003 } }"))
scene("UDP by a verdict map and interfaces", chain('iifname . udp dport vmap { "eth1" . 20001 : accept, "eth2" . 20002 : accept, "eth2" . 20003 : drop }', "drop"))
scene("an interface map", chain('iifname vmap { "eth1" : jump one, "eth2" : jump two, "lo" : accept }', "drop").replace(
      "chain c", "chain one { tcp dport 20001 accept\n}\nchain two { tcp dport 20002-20003 accept\nudp dport 20002 accept\n}\nchain c"))
scene("addresses and ports in a set of intervals", chain("ip daddr . tcp dport @s drop", extra=
      "set s { type ipv4_addr . inet_service; flags interval; elements = { 10.1.0.0/24 . 20001-20003, 10.2.0.1 . 20002-20004 } }"))
scene("goto ends behind its chain", chain("tcp dport 20001-20003 goto more\ntcp dport 20003 drop", "drop").replace(
      "chain c", "chain more { tcp dport 20002 accept\ntcp dport 20003 return\n}\nchain c"))
scene("two priorities", chain("tcp dport 20001-20002 drop", priority="-10") + chain("tcp dport 20002-20003 accept", "drop", table="g", priority="10"))
scene("a dormant table", "table inet f {\nflags dormant\nchain c { type filter hook input priority 0; policy drop; }\n}\n")
scene("flags, lengths, ttl", chain("tcp flags & (fin|syn|rst|ack) == syn tcp dport 20001 drop\ntcp flags ack tcp dport 20002 drop\n"
                                    "ip ttl < 5 tcp dport 20003 drop\nip protocol udp udp dport 20004 drop"), sure=len(EVERY) - 3)
scene("a dynamic set, a count of connections, a quota", chain(
      "tcp dport 20001 add @s { ip saddr limit rate over 1/hour burst 1 packets } drop\ntcp dport 20002 ct count over 1000 drop\n"
      "tcp dport 20003 quota over 1 bytes drop", extra="set s { type ipv4_addr; flags dynamic; timeout 1h; }\n"), sure=len(EVERY) - 5)
scene("traffic from another port, and not the port's own", chain("tcp dport 20001 redirect to :20002", hook="prerouting", priority="dstnat", kind="nat") +
      chain("ct status dnat accept\ntcp dport 20002 drop", table="g"), sure=len(EVERY) - 2)
tap.run(["nft", "flush", "ruleset"])

# --- injected packets ---------------------------------------------------------------------------------------

# The kernel asks for the source's link address, quickly.
for link in PEERS:
    for family in ("ipv4", "ipv6"):
        for name, value in (("retrans_time_ms", "50"), ("mcast_solicit", "3"), ("ucast_solicit", "1")):
            with open("/proc/sys/net/%s/neigh/%s/%s" % (family, link, name), "w") as file:
                file.write(value)


def injected(*words):
    done = tap.run([tap.SOCKVIEW, "--exposure", "--probe=inject", "-t", "--json", *words])
    rows = {("tcp", row["local_port"]): row for row in json.loads(done.out)["listeners"]} if done.out else {}
    return rows, done


def half_open():
    """Connections that no peer has begun."""
    theirs = {address for addresses in PEERS.values() for address in addresses}
    rows = json.loads(tap.run([tap.SOCKVIEW, "-tan", "state", "syn-recv", "--json", "-q"]).out)["sockets"]
    return [row for row in rows if row["remote_address"] not in theirs]


left_behind = []


def tc_drops():
    """What arrives at eth1 is dropped by tc. Returns None, or why that cannot be had."""
    if tap.missing("tc"):
        return "tc is not installed"
    refused = tap.first_refusal(["tc", "qdisc", "add", "dev", "eth1", "clsact"],
                                ["tc", "filter", "add", "dev", "eth1", "ingress", "protocol", "ip", "matchall", "action", "drop"])
    if refused:
        tap.run(["tc", "qdisc", "del", "dev", "eth1", "clsact"])
    return refused


def probes(name, rules, *words):
    """The kernel's judgement of a packet is what the peers' connects meet; nothing is left behind."""
    tap.run(["nft", "flush", "ruleset"])
    if rules and tap.run(["nft", "-f", "-"], stdin=rules.encode()).status:
        old = tap.older("nft", (1,))
        t.skip(name, old) if old else t.ok(False, name + ": nft takes the rules")
        return {}
    # On a busy machine the kernel gives a half-open connection up before it is seen: then that was not probed.
    for _ in range(10):
        rows, done = injected("-q", *words)
        left_behind.append((half_open(), tap.run(["nft", "list", "ruleset"]).out))
        ways = [(port, way) for port in EVERY for way in rows.get(port, {}).get("interfaces", [])]
        told = sum(way["probe"] in ("came in", "did not come in") for _, way in ways)
        if told >= 2 * len(PORTS) or done.status or left_behind[-1][0]:
            break
    met = reached(200)
    wrong = [(port, way, met[way["name"]]) for port, way in ways
             if not fits(way["state"], port in met[way["name"]]) or (way["probe"] == "came in" and way["state"] == "open") > (port in met[way["name"]])]
    t.ok(done.status == 0 and not wrong and told >= 2 * len(PORTS), name, told, *wrong[:4], done)
    t.same(left_behind[-1][0], [], name + ": no half-open connection is left")
    return rows


def counters():
    with open("/proc/net/netstat") as file:
        names, values = [line.split() for line in file if line.startswith("TcpExt")][:2]
    return {name: int(dict(zip(names, values))[name]) for name in ("SyncookiesSent", "ListenOverflows", "ListenDrops", "TCPReqQFullDoCookies")}


def until(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


FLOOD = """
import socket, sys
socks = []
for word in sys.argv[2:]:
    port, count = map(int, word.split(","))
    for _ in range(count):
        socks.append(socket.socket())
        socks[-1].setblocking(False)
        socks[-1].connect_ex((sys.argv[1], port))
print("up", flush=True)
sys.stdin.read()
"""


def queues():
    """A listener whose queues are full, or have no place, gets no packet."""
    full, half, none, small = (socket.socket() for _ in range(4))
    for sock, port, backlog in ((full, 20082, 1), (half, 20083, 4), (none, 20084, 0), (small, 20085, 1)):
        sock.bind(("0.0.0.0", port))
        sock.listen(backlog)
    # Answers do not come to the peer: its connections stay half open. The answers of 20082 do.
    tap.run([*peers.inside("eth1"), "nft", "-f", "-"], stdin=chain("tcp sport 20083 drop").encode())
    flood = subprocess.Popen([*peers.inside("eth1"), sys.executable, "-c", FLOOD, PEERS["eth1"][0], "20082,3", "20083,3"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    flood.stdout.readline()
    rows_of = lambda *words: json.loads(tap.run([tap.SOCKVIEW, "-tan", "--json", "-q", *words]).out)["sockets"]
    filled = until(lambda: any(row["recv_q"] > row["send_q"] for row in rows_of("state", "listening", "sport = :20082")) and
                   len(rows_of("state", "syn-recv", "sport = :20083")) == 3)
    before = counters()
    rows, done = injected(":20082-20085")
    after = counters()
    said = {port: {way["name"]: way["probe"] for way in rows.get(("tcp", port), {}).get("interfaces", [])} for port in range(20082, 20086)}
    t.ok(filled and set(said[20082].values()) == {"not probed: its queue is full"}, "its accept queue is full: not probed", said, done)
    t.same([rows[("tcp", port)]["state"] for port in (20082, 20083)], ["depends", "open"], "what comes to a full accept queue is dropped", rows[("tcp", 20082)])
    t.same(set(said[20083].values()), {"not probed: its queue is full"}, "its SYN queue is full: not probed", said)
    t.same(set(said[20084].values()), {"not probed: its queue is full"}, "its queue has no place: not probed", said)
    t.same(said[20085], {"eth1": "came in", "eth2": "came in"}, "a small queue takes one probe after the other", said)
    t.same(before["SyncookiesSent"], after["SyncookiesSent"], "no SYN cookie is sent")
    t.same(len(rows_of("state", "syn-recv", "sport = :20083")), 3, "the half-open connections of others stay")
    t.ok(b"not probed: its queue is full: 6 interfaces of listeners" in done.err, "and it is told", done)
    flood.kill()
    flood.wait()
    tap.run([*peers.inside("eth1"), "nft", "flush", "ruleset"])
    for sock in (full, half, none, small):
        sock.close()


def many():
    """At most 256 packets, and what has none is told."""
    more = [listen("0.0.0.0", port) for port in range(22001, 22141)]
    rows, done = injected("-v", ":22001-22140")
    said = [way["probe"] for row in rows.values() for way in row["interfaces"]]
    # On a machine so slow that the kernel gives up the answers' neighbour before the look, no packet is left to send again.
    lost = said.count("not probed: what came of it could not be seen")
    t.same([said.count("came in") + lost, said.count("not probed: more than 256 probes"), len(said)], [256, 24, 280], "256 packets", done)
    t.ok(b"256 packets were injected" in done.err and b"not probed: more than 256 probes: 24 interfaces of listeners" in done.err,
         "the rest is counted", done)
    t.same(half_open(), [], "256 packets leave no half-open connection")
    for sock in more:
        sock.close()


rows, done = injected()
if b"nothing was probed" in done.err:
    t.skip("injected packets", done.err.decode().strip())
else:
    rows = probes("injected: no rules", None)
    t.ok(all(way["probe"] == "came in" and way["state"] == "open" for way in key(20001).get("interfaces", [])), "they come in", key(20001))
    t.same(key(LOCAL).get("interfaces"), [], "a listener on loopback is not probed")
    probes("injected: ports are dropped", chain("tcp dport 20001-20004 drop"))
    rows = probes("injected: by interface", chain('iifname "eth1" tcp dport 20001 accept\niifname "eth2" tcp dport 20002 accept\nct state established accept', "drop"))
    t.same({way["name"]: (way["state"], way["probe"]) for way in key(20001).get("interfaces", [])},
           {"eth1": ("open", "came in"), "eth2": ("filtered", "did not come in")}, "each interface by itself")
    rows = probes("injected: the answer is dropped", chain("tcp sport 20001 drop", hook="output"))
    t.ok(key(20001).get("state") == "filtered" and "answer" in str(key(20001).get("interfaces")), "an answer that is dropped is no open port", key(20001))
    rows = probes("injected: the answer is of no connection", chain("tcp dport 20001 notrack", hook="prerouting", priority="raw") +
                  chain("ct state established accept\nmeta l4proto tcp drop", hook="output", table="g"))
    t.same([key(port).get("state") for port in (20001, 20002)], ["filtered", "open"], "what the rules on the way in did is seen in the answer", key(20001))
    # One packet is no measure of what hangs on a source, a length, an option or another address of this host.
    rows = probes("injected: conditions", chain("ip saddr 10.1.0.2 tcp dport 20001 accept\ntcp dport 20001 drop\nip saddr 10.1.0.2 tcp dport 20002 drop\n"
                  "ip6 saddr fd01::2 tcp dport 20002 drop\nether saddr 02:00:00:00:00:01 tcp dport 20003 accept\ntcp dport 20003 drop\n"
                  "meta length < 60 tcp dport 20004 drop\ntcp option sack-perm missing tcp dport 20005 drop\ntcp sport 50000-65535 tcp dport 20006 drop\n"
                  'iifname "eth1" ip daddr 10.2.0.1 tcp dport 20007 accept\niifname "eth1" tcp dport 20007 drop'))
    t.same({way["state"] for port in range(20001, 20007) for way in key(port).get("interfaces", [])} - {"unknown"}, {"depends"},
           "what hangs on a condition is not decided by one packet", [key(port) for port in range(20001, 20007)])
    t.ok({way["probe"] for port in range(20001, 20007) for way in key(port).get("interfaces", [])} >= {"came in", "did not come in"}, "the probe is told beside it")
    rows = probes("injected: ingress", 'table netdev f {\nchain c { type filter hook ingress device "eth1" priority 0; policy accept;\ntcp dport 20001-20003 drop\n}\n}\n')
    # Of a port that no client has ever met: answers to those of earlier rule sets are still sent again.
    unmet = listen("::", 20081)
    log = chain("tcp dport 20081 add @s { ip saddr } drop", extra="set s { type ipv4_addr; flags dynamic; timeout 1h; }\n")
    rows = probes("injected: a rule that keeps a state", log)
    t.ok("--force" in str(key(20081).get("interfaces")) and "came in" in str(key(20002).get("interfaces")), "is not met without --force", key(20081))
    t.ok(b"elements" not in left_behind[-1][1], "the set is as it was", left_behind[-1][1])
    rows = probes("injected: with --force", log, "--force")
    t.ok(b"elements" in left_behind[-1][1] and "came in" in str(key(20081).get("interfaces")), "is met with --force", key(20081))
    unmet.close()
    tap.run(["nft", "flush", "ruleset"])
    if tc_drops() is None:
        rows = probes("injected: a tc filter", None)
        t.same({way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, {"eth1": "filtered", "eth2": "open"}, "what is not read is met")
        tap.run(["tc", "qdisc", "del", "dev", "eth1", "clsact"])
    TCX_EGRESS, SHOT = 47, 2
    process, why = attached(3, TCX_EGRESS, socket.if_nametoindex("eth1"), SHOT)
    if process:
        rows = probes("injected: a program that drops what goes out", None)
        t.same({way["name"]: (way["state"], way["probe"]) for way in key(20001).get("interfaces", [])},
               {"eth1": ("unknown", "came in"), "eth2": ("open", "came in")}, "what meets the answer is not judged by the probe")
        detach(process)
    else:
        t.skip("injected: a program that drops what goes out", why)
    with open("/proc/sys/net/ipv4/tcp_syncookies") as file:
        before = file.read()
    with open("/proc/sys/net/ipv4/tcp_syncookies", "w") as file:
        file.write("2")
    rows, done = injected("-q")
    t.ok("cookies" in str(key(20001).get("interfaces")) and "came in" not in str(rows), "never with SYN cookies", key(20001))
    with open("/proc/sys/net/ipv4/tcp_syncookies", "w") as file:
        file.write(before)
    for pause in (0.02, 0.05, 0.1):
        process = subprocess.Popen([tap.SOCKVIEW, "--exposure", "--probe=inject", "-tq"], stdout=subprocess.DEVNULL, preexec_fn=tap.die_with_parent)
        time.sleep(pause)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=tap.COMMAND_SECONDS)
        t.same(half_open(), [], "SIGINT after %g s leaves no half-open connection" % pause)
    rows, done = injected("-v")
    t.ok(b"packets were injected" in done.err, "-v says what leaves the host", done)
    queues()
    many()
for words, culprit in ((["--probe=inject", "-t"], b"--exposure"), (["--exposure", "--force"], b"inject"), (["--exposure", "--probe=bind"], b"--explain")):
    done = tap.run([tap.SOCKVIEW, *words])
    t.ok(done.status == 2 and culprit in done.err, "refused: " + " ".join(words), done)
tap.run(["nft", "flush", "ruleset"])

# --- containers ---------------------------------------------------------------------------------------------

SERVER = """
import socket, sys
for port in (80, 81):
    sock = socket.socket(socket.AF_INET6)
    sock.bind(("::", port))
    sock.listen(256)
    globals()["keep%d" % port] = sock
print("up", flush=True)
sys.stdin.read()
"""
peers.make_one(t, "docker0", "172.17.0.1", "172.17.0.2", "fd17::1", "fd17::2")
container = subprocess.Popen([*peers.inside("docker0"), sys.executable, "-c", SERVER], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
container.stdout.readline()
for link in PEERS:
    tap.run([*peers.inside(link), "ip", "route", "add", "default", "via", PEERS[link][0]])
for address in ("10.1.0.0/24", "10.2.0.0/24"):
    tap.run([*peers.inside("docker0"), "ip", "route", "add", address, "via", "172.17.0.1"])


def forwarding(on):
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("%d" % on)


# Published: 20041 to 80, from eth1 alone; 20042 to 81, which no rule of forward lets through; 20043-20045 to 80.
DOCKER = [
    "iptables-nft -t nat -N DOCKER", "iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    "iptables-nft -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    "iptables-nft -t nat -A DOCKER -i docker0 -j RETURN",
    "iptables-nft -t nat -A DOCKER -i eth1 -p tcp -m tcp --dport 20041 -j DNAT --to-destination 172.17.0.2:80",
    "iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 20042 -j DNAT --to-destination 172.17.0.2:81",
    "iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 20043:20045 -j DNAT --to-destination 172.17.0.2:80",
    "iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 20005 -j DNAT --to-destination 172.17.0.2:80",
    "iptables-nft -P FORWARD DROP", "iptables-nft -N DOCKER", "iptables-nft -N DOCKER-USER", "iptables-nft -N DOCKER-ISOLATION",
    "iptables-nft -A FORWARD -j DOCKER-USER", "iptables-nft -A FORWARD -j DOCKER-ISOLATION",
    "iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "iptables-nft -A FORWARD -o docker0 -j DOCKER", "iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "iptables-nft -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT"]


# 21700 is let through from eth1 alone, by the mark that it got before.
NAT_RANGES = """table ip n {
chain early { type filter hook prerouting priority -150; policy accept;
 iifname "eth2" tcp dport 21700 meta mark set 0x17
}
chain c { type nat hook prerouting priority dstnat; policy accept;
 fib daddr type local tcp dport 21000-21999 dnat to 172.17.0.2:80
 fib daddr type local udp dport 22100-22299 dnat to 172.17.0.2
}
chain f { type filter hook forward priority 0; policy accept;
 meta l4proto tcp ct original proto-dst 21500-21509 drop
 meta mark 0x17 drop
}
}
"""


def published(name, want):
    """`want`: by port, by interface, open or filtered; the truth is a connect of each peer."""
    rows, done = exposed()
    got = {port: {way["name"]: way["state"] for way in rows.get(("tcp", port), {}).get("interfaces", [])} for port in want}
    got = {port: {link: ways.get(link) for link in PEERS} for port, ways in got.items()}
    t.same(got, want, name)
    for port, ways in want.items():
        for link, state in ways.items():
            met = tap.run([*peers.inside(link), sys.executable, "-c",
                           "import socket; socket.create_connection((%r, %d), 0.3)" % (PEERS[link][0], port)]).status == 0
            t.same(met, state == "open", "%s: a connect by %s to %d" % (name, link, port))
    return rows


forwarding(True)
scene("Docker's layout by iptables", commands=DOCKER, sure=len(EVERY) - 1)
rows = published("ports that are published", {20041: {"eth1": "open", "eth2": None}, 20042: {"eth1": "filtered", "eth2": "filtered"},
                                              20044: {"eth1": "open", "eth2": "open"}})
t.same([key(20041).get(name) for name in ("sent_to", "pid", "state", "local_address")], ["172.17.0.2:80", None, "open", "0.0.0.0"],
       "where it is sent")
t.ok(str(os.stat("/proc/%d/ns/net" % processes["docker0"].pid).st_ino) in str(key(20041).get("container")), "whose address that is", key(20041))
t.ok("DOCKER" in str(key(20041).get("nat")), "the rule", key(20041))
t.same([key(20043).get("local_port"), key(20045).get("local_port_last"), ("tcp", 20046) in rows, key(20041).get("local_port_last")],
       [20043, 20045, False, None], "a range is one row", sorted(rows))
both = [row for row in json.loads(exposed("-t", "20005")[1].out)["listeners"]]
t.same(sorted((row["state"], row["pid"] is None) for row in both), [("open", False), ("open", True)],
       "a port with a listener, whose traffic of IPv4 a container has")
t.ok(all("DOCKER" in str(row["nat"]) for row in both), "and both name the rule", both)
one, done = exposed("-t", "20041")
t.same([list(one), done.status], [[("tcp", 20041)], 0], "a filter chooses it")
text = tap.run([tap.SOCKVIEW, "--exposure", "-q", "20041"]).out.decode()
t.ok("sent to 172.17.0.2:80 by ip nat DOCKER handle" in text, "the text says where to", text)
forwarding(False)
published("forwarding is off", {20041: {"eth1": "filtered", "eth2": None}, 20044: {"eth1": "filtered", "eth2": "filtered"}})
forwarding(True)
scene("wide ranges of ports, of which some are stopped on their way", NAT_RANGES)
rows = published("ports of a range of a thousand", {
    port: {link: "filtered" if 21500 <= port <= 21509 or port == 21700 and link == "eth2" else "open" for link in PEERS}
    for port in (21000, 21499, 21500, 21509, 21510, 21699, 21700, 21701, 21999)})
t.same(sorted({(row["local_port"], row["local_port_last"], row["state"], row["sent_to"]) for (proto, port), row in rows.items() if 21000 <= port < 22000}),
       [(21000, 21499, "open", "172.17.0.2:80"), (21500, 21509, "filtered", "172.17.0.2:80"), (21510, 21699, "open", "172.17.0.2:80"),
        (21700, None, "open", "172.17.0.2:80"), (21701, 21999, "open", "172.17.0.2:80")], "a row for those that meet the same")
t.ok(("tcp", 20999) not in rows and ("tcp", 22000) not in rows and ("udp", 21000) not in rows, "and none beside them")
t.same(sorted({(row["local_port"], row["local_port_last"], row["sent_to"], row["protocol"], row["local_address"])
               for (proto, port), row in rows.items() if 22000 <= port < 23000}),
       [(22100, 22299, "172.17.0.2:22100-22299", "udp", "0.0.0.0")], "where the port stays, the ports it is sent to")
t.same(sorted({(row["local_port"], row["local_port_last"]) for row in exposed("21490-21505", "or", ":21600")[0].values()}),
       [(21490, 21499), (21500, 21505), (21600, None)], "a filter chooses ports of a range")
text = tap.run([tap.SOCKVIEW, "--exposure", "-q", "-t", "21000-21100"]).out.decode()
t.ok("tcp    21000-21100  -" in text and "0.0.0.0:21000-21100" in text, "the text has both ends", text)
scene("every other port, by a bit of it", chain("tcp dport 20100-20199 tcp dport & 1 == 1 dnat ip to 172.17.0.2:80", hook="prerouting",
                                               priority="dstnat", kind="nat"))
row = exposed("-t", "20101")[0].get(("tcp", 20101), {})
t.same({way["name"]: way["state"] for way in row.get("interfaces", [])}, {"eth1": "open", "eth2": "open", "docker0": "depends"}, "what goes back where it came from")
met = tap.run([*peers.inside("docker0"), sys.executable, "-c", "import socket; socket.create_connection(('172.17.0.1', 20101), 0.3)"]).status == 0
t.ok(not met, "a neighbour of where it is sent does not get through")
published("every other port", {port: {link: "open" if port % 2 else None for link in PEERS} for port in (20101, 20102, 20199)})
scene("a redirect of another port to a listener", chain("tcp dport 20051 redirect to :20001", hook="prerouting", priority="dstnat", kind="nat") +
      chain("ct status dnat accept\ntcp dport 20001 drop", table="g"))
rows = published("traffic that comes from another port", {20051: {"eth1": "open", "eth2": "open"}})
t.same([key(20001).get("state"), key(20051).get("sent_to")], ["filtered", "port 20001"], "the listener's own port is closed")
scene("a redirect to no listener", chain("tcp dport 20051 redirect to :20099", hook="prerouting", priority="dstnat", kind="nat"))
t.ok(("tcp", 20051) not in exposed()[0], "a redirect to a port without a listener is no row")

# Translations that a packet may meet or not, on a host whose input drops what is not sent elsewhere.
PERHAPS = """table ip n {
chain c { type nat hook prerouting priority dstnat; policy accept;
 ip daddr 10.1.0.1 tcp dport 20071 dnat to 172.17.0.2:80
 ip saddr 10.1.0.2 tcp dport 20072 dnat to 172.17.0.2:80
 ip saddr 10.9.0.0/16 tcp dport 20073 dnat to 172.17.0.2:81
 ip saddr 10.9.0.0/16 tcp dport 20073 dnat to 172.17.0.2:82
 tcp dport 20074 dnat to :20012
 tcp dport 20075 dnat to :29999
 tcp dport 20076 dnat to 172.17.0.2:79-80
 tcp dport 20077 redirect to :20025
 tcp dport 20078 redirect to :20026
 ip saddr 10.9.0.0/16 tcp dport 20079 dnat to 172.17.0.2:81
 tcp dport 20079 dnat to 172.17.0.2:80
 ip saddr 10.1.0.2 tcp dport 20080 dnat to 172.17.0.2:80
 tcp dport 20080 dnat to 172.17.0.2:81
}
chain i { type filter hook input priority 0; policy drop;
 ct state established,related accept
 tcp dport { 20012, 20025, 20026 } accept
}
chain f { type filter hook forward priority 0; policy accept;
 ct direction original tcp dport { 79, 81, 82 } drop
}
}
"""
tap.run(["ip", "addr", "add", "10.1.0.9/24", "dev", "eth1"])
second, first = listen("10.1.0.9", 20025), listen("10.1.0.1", 20026)
tap.run(["nft", "flush", "ruleset"])
done = tap.run(["nft", "-f", "-"], stdin=PERHAPS.encode())
t.ok(done.status == 0, "rules that translate what they may meet", done)
rows, done = exposed("-t")
WANT = {20071: ("open", "depends"), 20072: ("depends", "depends"), 20073: ("filtered", "filtered"), 20074: ("open", "open"), 20075: (None, None),
        20076: ("unknown", "unknown"), 20077: (None, None), 20078: ("open", None), 20079: ("open", "open"), 20080: ("depends", "depends")}
for port, want in WANT.items():
    ways = {way["name"]: way["state"] for way in rows.get(("tcp", port), {}).get("interfaces", [])}
    t.same((ways.get("eth1"), ways.get("eth2")), want, "%d, which a rule may send elsewhere" % port)
    for link in PEERS:
        met = tap.run([*peers.inside(link), sys.executable, "-c",
                       "import socket; socket.create_connection((%r, %d), 0.3)" % (PEERS[link][0], port)]).status == 0
        t.ok(fits(ways.get(link, "filtered"), met), "%d: a connect by %s" % (port, link), ways, met)
text = tap.run([tap.SOCKVIEW, "--exposure", "-q", "20072"]).out.decode()
t.ok("only with ip saddr 10.1.0.2" in text and "not with" not in text, "it is reached with the source alone that is sent on", text)
for sock in (second, first):
    sock.close()
tap.run(["ip", "addr", "del", "10.1.0.9/24", "dev", "eth1"])
forwarding(False)
tap.run(["nft", "flush", "ruleset"])

# docker-proxy has a port for a container: its command line says which, the namespace with that address whose.
server = listen("0.0.0.0", 20061)
(hold_read, _), (ready_read, ready_write) = os.pipe(), os.pipe()
for fd in (hold_read, ready_write, server.fileno()):
    os.set_inheritable(fd, True)
proxy = os.posix_spawn(tap.helper("hold"), ["docker-proxy", "ready=%d" % ready_write, "wait=%d" % hold_read, "-proto", "tcp", "-host-ip", "0.0.0.0",
                                            "-host-port", "20061", "-container-ip", "172.17.0.2", "-container-port", "80"], os.environ)
server.close()
os.read(ready_read, 1)
row = exposed("-t", "20061")[0].get(("tcp", 20061), {})
t.same([row.get(name) for name in ("pid", "program", "sent_to", "nat")], [proxy, "docker-proxy", "172.17.0.2:80", None], "docker-proxy: where it sends the port", row)
t.ok(str(os.stat("/proc/%d/ns/net" % processes["docker0"].pid).st_ino) in str(row.get("container")), "docker-proxy: whose address that is", row)
text = tap.run([tap.SOCKVIEW, "--exposure", "-q", "20061"]).out.decode()
t.ok("%d/docker-proxy>172.17.0.2:80," % proxy in text, "docker-proxy: the text says so", text)
os.kill(proxy, signal.SIGKILL)
os.waitpid(proxy, 0)
# Any user can give a process that name and those words.
FALSE_PROXY = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sock = socket.create_server(("0.0.0.0", 20062))
print("up", flush=True)
sys.stdin.read()
"""
name = "a process of another user that calls itself docker-proxy is not believed"
proxy = subprocess.Popen(["docker-proxy", "-c", FALSE_PROXY, "-container-ip", "172.17.0.2", "-container-port", "80"], executable=sys.executable,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=tap.die_with_parent)
if proxy.stdout.readline():
    row = exposed("-t", "20062")[0].get(("tcp", 20062), {})
    t.same([row.get(word) for word in ("pid", "program", "sent_to", "container")], [proxy.pid, "docker-proxy", None, None], name, row)
    proxy.stdin.close()
else:
    t.skip(name, "no process of another user: %s" % (proxy.stderr.read().decode(errors="replace").splitlines() or [""])[-1])
proxy.kill()
proxy.wait()
container.kill()
container.wait()
tap.run(["ip", "link", "del", "docker0"])

# --- what was not read ------------------------------------------------------------------------------------

rows = scene("a chain of the family bridge", chain("", family="bridge"), sure=0)
if rows:
    t.same([key(20001).get("state"), "nftables-bridge" in key(20001).get("unread", [])], ["unknown", True], "it is not read, and said")
tap.run(["nft", "flush", "ruleset"])
refused = tc_drops()
if refused is None:
    rows, done = exposed()
    t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, "tc" in key(20001).get("unread", [])],
           [{"eth1": "unknown", "eth2": "open"}, True], "a tc filter of one interface is not read")
    tap.run(["tc", "qdisc", "del", "dev", "eth1", "clsact"])
else:
    t.skip("a tc filter of one interface is not read", refused)
BPF_XDP, BPF_TCX_INGRESS, BPF_CGROUP_INGRESS = 37, 46, 0
for name, kind, attach, word in (("XDP", 6, BPF_XDP, "xdp"), ("tcx", 3, BPF_TCX_INGRESS, "tc")):
    process, why = attached(kind, attach, socket.if_nametoindex("eth1"), 2 if name == "XDP" else 0)
    if not process:
        t.skip("a program of %s on one interface is not read" % name, why)
        continue
    rows, done = exposed()
    t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, word in key(20001).get("unread", [])],
           [{"eth1": "unknown", "eth2": "open"}, True], "a program of %s on one interface is not read" % name)
    detach(process)
done = tap.run("ip xfrm policy add dir in src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp dport 20022 action block".split())
if done.status == 0:
    rows, done = exposed()
    t.ok(("tcp", FOUR) not in set().union(*reached(200).values()), "a policy of IPsec stops a port")
    t.same([key(FOUR).get("state"), key(FOUR).get("unread")], ["unknown", ["xfrm"]], "policies of IPsec are not read", done)
    tap.run("ip xfrm policy flush".split())
    if tap.run("ip xfrm policy setdefault in block".split()).status == 0:
        rows, done = exposed()
        t.same([key(FOUR).get("state"), key(FOUR).get("unread")], ["unknown", ["xfrm"]], "what the policies of IPsec do by default likewise", done)
        tap.run("ip xfrm policy setdefault in accept".split())
    rows, done = exposed()
    t.same([key(FOUR).get("state"), key(FOUR).get("unread")], ["open", []], "without policies it is known again", done)
else:
    t.skip("policies of IPsec are not read", done.err.decode(errors="replace").strip())
library = None if tap.SAN else tap.preloadable("add_bpf_link")
if library:
    rows, done = exposed(env={"LD_PRELOAD": library, "LINK_TYPE": "10"})
    t.same([key(FOUR).get("state"), key(FOUR).get("unread")], ["unknown", ["netfilter-bpf"]], "a program on a hook of netfilter is not read", done)
    rows, done = exposed(env={"LD_PRELOAD": library, "LINK_TYPE": "6"})
    t.same([key(FOUR).get("state"), key(FOUR).get("unread")], ["open", []], "a link of another kind is none", done)
else:
    t.skip("a program on a hook of netfilter is not read", "a sanitizer wants to be the first library that is loaded" if tap.SAN else
           "no C compiler for a library to be preloaded")
mounts = [line.split()[1] for line in open("/proc/self/mounts") if line.split()[2] == "cgroup2"]
try:
    group = os.path.join(mounts[0], "sockview-exposure-%d" % os.getpid())
    os.mkdir(group)
except (IndexError, OSError) as error:
    t.skip("a program of the listener's cgroup is not read", "no cgroup of its own: %s" % error)
else:
    # A socket stays in the cgroup of the process that has made it.
    inner = subprocess.Popen(["sh", "-c", 'echo 0 > "$1/cgroup.procs" && shift && exec "$@"', "sh", group, sys.executable, "-c",
                              "import socket, sys\ns = socket.create_server(('0.0.0.0', 20061))\nprint('up', flush=True)\nsys.stdin.read()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    up = inner.stdout.readline()
    process, why = attached(8, BPF_CGROUP_INGRESS, 0, 1, group) if up else (None, "no process may be put there")
    rows, done = exposed()
    if process:
        t.same([key(20061).get("state"), "cgroup-bpf" in key(20061).get("unread", []), key(20001).get("state")], ["unknown", True, "open"],
               "a program of the listener's cgroup is not read")
        detach(process)
        rows, done = exposed()
        t.same([key(20061).get("state"), "cgroup-bpf" in key(20061).get("unread", [])], ["open", False], "once it is gone, it is known again")
    else:
        t.skip("a program of the listener's cgroup is not read", why)
    inner.kill()
    inner.wait()
    os.rmdir(group)

# --- routes, and interfaces below others -------------------------------------------------------------------

with open("/proc/sys/net/ipv4/conf/all/rp_filter") as file:
    before = file.read()
with open("/proc/sys/net/ipv4/conf/all/rp_filter", "w") as file:
    file.write("1")
# Strict: what comes from eth1's net must come in by the interface to which its route leads.
tap.run(["ip", "route", "replace", "10.1.0.0/24", "dev", "eth2"])
rows, done = exposed("-t4")
states = {way["name"]: way["state"] for way in key(FOUR).get("interfaces", [])}
t.same(states, {"eth1": "depends", "eth2": "open"}, "rp_filter refuses what comes from the interface's own net")
t.ok("rp_filter" not in str(key(FOUR).get("decided_by")), "the interface that lets most through decides", key(FOUR))
t.ok(("tcp", FOUR) not in reached(200)["eth1"], "and a connect from there does not get through")
tap.run(["ip", "route", "replace", "10.1.0.0/24", "dev", "eth1", "src", "10.1.0.1"])
with open("/proc/sys/net/ipv4/conf/all/rp_filter", "w") as file:
    file.write(before)


def connects(link, address, port, *bound):
    script = "import socket, sys; socket.create_connection((%r, %d), 0.4, %r)" % (address, port, (bound[0], 0) if bound else None)
    return tap.run([*peers.inside(link), sys.executable, "-c", script]).status == 0


def ways_of(port, *words):
    rows, done = exposed("-t", str(port), *words)
    return {way["name"]: way["state"] for way in rows.get(("tcp", port), {}).get("interfaces", [])}


# The answer's own route, of this host's processes.
for words in ("ipproto tcp sport %d" % FOUR, "to 10.1.0.2"):
    if tap.run(("ip rule add pref 10 iif lo %s prohibit" % words).split()).status:
        t.skip("a rule of routing prohibits the answer", "ip rule does not take " + words)
        continue
    t.same([ways_of(FOUR).get("eth1"), connects("eth1", "10.1.0.1", FOUR)], ["depends", False], "a rule of routing prohibits the answer: " + words)
    tap.run("ip rule del pref 10".split())
if tap.run("ip -6 rule add pref 10 iif lo to fd01::2 prohibit".split()).status == 0:
    t.same([ways_of(SIX).get("eth1"), connects("eth1", "fd01::1", SIX)], ["depends", False], "a rule of routing prohibits the answer by IPv6")
    tap.run("ip -6 rule del pref 10".split())
t.same([ways_of(FOUR).get("eth1"), ways_of(SIX).get("eth1")], ["open", "open"], "without these it is reached")
# An interface without an address.
if tap.run("ip link add bare9 type veth peer name bare8".split()).status == 0:
    for command in ("sysctl -qw net.ipv6.conf.bare9.disable_ipv6=1", "ip link set bare9 up", "ip link set bare8 up"):
        tap.run(command.split())
    t.same([ways_of(port).get("bare9") for port in (FOUR, SIX)], ["depends", "depends"], "an interface without an address does not make a port open")
    tap.run("ip link del bare9".split())
# What comes in by a macvlan has met the interface below it.
if tap.run("ip link add mv9 link eth1 type macvlan mode bridge".split()).status == 0:
    for command in ("ip addr add 10.5.0.1/24 dev mv9", "ip link set mv9 up"):
        tap.run(command.split())
    tap.run([*peers.inside("eth1"), "ip", "addr", "add", "10.5.0.2/24", "dev", "far"])
    t.same([ways_of(FOUR).get("mv9"), connects("eth1", "10.5.0.1", FOUR)], ["open", True], "a macvlan")
    for hook, field in (("ingress", "dport"), ("egress", "sport")):
        done = tap.run(["nft", "-f", "-"], stdin=('table netdev f {\nchain c { type filter hook %s device "eth1" priority 0; policy accept;\ntcp %s %d drop\n}\n}\n' % (hook, field, FOUR)).encode())
        if done.status:
            t.skip("rules of the interface below a macvlan: " + hook, done.err.decode(errors="replace").strip())
            continue
        t.same([ways_of(FOUR), connects("eth1", "10.5.0.1", FOUR)], [{"eth1": "filtered", "eth2": "open", "mv9": "unknown"}, False],
               "rules of the interface below a macvlan: " + hook)
        if hook == "ingress":
            answer = json.loads(tap.run([tap.SOCKVIEW, "--connect", "10.5.0.2:80", "--json", "-q"]).out)
            t.ok(answer["verdict"] == "unknown" and "nftables" in str(answer["evidence"]), "--connect by a macvlan", answer)
        tap.run(["nft", "flush", "ruleset"])
    tap.run("ip link del mv9".split())
else:
    t.skip("rules of the interface below a macvlan", "no macvlan can be had")
# Loopback's addresses may be taken from other hosts, too.
t.same(ways_of(LOCAL), {}, "a listener on loopback")
for command in ("sysctl -qw net.ipv4.conf.all.route_localnet=1", "ip rule add pref 100 lookup local", "ip rule del pref 0",
                "ip route add 127.0.0.1/32 via 10.1.0.1 table 77 src 10.1.0.2", "ip rule add pref 5 to 127.0.0.1 iif lo lookup 77"):
    done = tap.run([*peers.inside("eth1"), *command.split()])
with open("/proc/sys/net/ipv4/conf/eth1/route_localnet", "w") as file:
    file.write("1")
if connects("eth1", "127.0.0.1", LOCAL, "10.1.0.2"):
    rows, done = exposed("-t", str(LOCAL))
    t.same([key(LOCAL).get("state"), key(LOCAL).get("scope"), ways_of(LOCAL)], ["open", "loopback", {"eth1": "open"}], "a listener on loopback, with route_localnet", done)
    tap.run(["nft", "-f", "-"], stdin=chain("ip daddr 127.0.0.0/8 drop", hook="prerouting", priority="raw").encode())
    rows, done = exposed("-t", str(LOCAL))
    t.same([key(LOCAL).get("state"), key(LOCAL).get("interfaces"), connects("eth1", "127.0.0.1", LOCAL, "10.1.0.2")], ["local", [], False],
           "which the rules stop", done)
    tap.run(["nft", "flush", "ruleset"])
else:
    t.skip("a listener on loopback, with route_localnet", "the peer has no way to it: %s" % done.err.decode(errors="replace").strip())
with open("/proc/sys/net/ipv4/conf/eth1/route_localnet", "w") as file:
    file.write("0")
if tap.run(["ip", "link", "add", "br9", "type", "bridge"]).status == 0:
    for command in ("ip link set br9 up", "ip addr flush dev eth2", "ip link set eth2 master br9", "ip addr add 10.2.0.1/24 dev br9",
                    "ip addr add fd02::1/64 dev br9 nodad"):
        tap.run(command.split())
    rows, done = exposed("-t")
    t.same({way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, {"eth1": "open", "br9": "open"},
           "of a bridge the bridge is told, not its port")
    tap.run(["nft", "-f", "-"], stdin=chain("tcp dport 20001 drop", family="bridge").encode())
    rows, done = exposed("-t")
    t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, "nftables-bridge" in key(20001).get("unread", [])],
           [{"eth1": "unknown", "br9": "unknown"}, True], "rules of the bridge family are in use, and not read")
    tap.run(["nft", "flush", "ruleset"])
    tap.run(["nft", "-f", "-"], stdin=b'table netdev f {\nchain c { type filter hook ingress device "eth2" priority 0; policy accept;\ntcp dport 20001 drop\n}\n}\n')
    rows, done = exposed("-t")
    t.same({way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, {"eth1": "open", "br9": "unknown"},
           "rules of the bridge's port are in use, and not run")
    tap.run(["nft", "flush", "ruleset"])
    tap.run(["ip", "link", "set", "eth2", "nomaster"])
    tap.run(["ip", "link", "del", "br9"])
else:
    t.skip("of a bridge the bridge is told, not its port", "no bridge can be had")
refused = tap.first_refusal(["ip", "link", "add", "vrf9", "type", "vrf", "table", "900"])
if refused is None:
    for command in ("ip link set vrf9 up", "ip link set eth2 master vrf9", "ip addr add 10.2.0.1/24 dev eth2"):
        tap.run(command.split())
    inside = socket.socket()
    inside.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"vrf9")
    inside.bind(("0.0.0.0", 20071))
    inside.listen()
    rows, done = exposed("-t")
    t.same([way["name"] for way in key(20071).get("interfaces", [])], ["eth2"], "a listener of a VRF is reached by the VRF's interfaces")
    met = {link: tap.run([*peers.inside(link), sys.executable, "-c", "import socket; socket.create_connection((%r, 20071), 0.5)" % PEERS[link][0]]).status == 0
           for link in PEERS}
    t.same(met, {"eth1": False, "eth2": True}, "as connects find")
    tap.run(["ip", "link", "del", "vrf9"])
else:
    t.skip("a listener of a VRF is reached by the VRF's interfaces", "no VRF: " + refused)

done = tap.run(["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", tap.SOCKVIEW, "--exposure", "--json", "-q", "-t"])
if done.status == 0:
    rows = {("tcp", row["local_port"]): row for row in json.loads(done.out)["listeners"]}
    t.same([key(20001).get("state"), key(LOCAL).get("state"), "nftables" in key(20001).get("unread", [])],
           ["unknown", "local", True], "without CAP_NET_ADMIN the rules are not known")
else:
    t.skip("without CAP_NET_ADMIN the rules are not known", "setpriv: " + done.err.decode(errors="replace").strip())

end()
