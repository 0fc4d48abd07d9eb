#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Packets through nftables' rules, against the kernel: what the packet machine says of every port of a rule
set, and what a real client meets there.

Three hosts are network namespaces: ours, and two peers behind veth pairs. A listener has every port; all
ports of a rule set are tried at once by connects that do not block. The claim under test: no `passes` that
does not connect, no `dropped` or `rejected` that does; `depends` and `unknown` are counted.
"""
import json
import os
import select
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import peers
import tap

t = tap.Tap()
JUDGE = os.path.join(tap.BUILD, "tests/helpers/judge")
why = netns.enter()
if why or tap.missing("nft", "ip", "nsenter"):
    tap.skip_all(why or "nft, ip and nsenter are needed")
refused = tap.first_refusal(["nft", "add", "table", "ip", "try"])
if refused:
    tap.skip_all(refused)

PORTS = range(20001, 20021)


PEERS = peers.PEERS
processes = peers.make(t)
listeners = []
for port in PORTS:
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    sock.listen(64)
    sock.setblocking(False)
    listeners.append(sock)

CLIENT = """
import errno, select, socket, sys
family, addr, ports = (socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET), sys.argv[1], range(int(sys.argv[2]), int(sys.argv[3]))
wait, answer = {}, {}
poll = select.poll()
for port in ports:
    sock = socket.socket(family)
    sock.setblocking(False)
    error = sock.connect_ex((addr, port))
    if error in (0, errno.EINPROGRESS):
        wait[sock.fileno()] = (sock, port)
        poll.register(sock, select.POLLOUT)
    else:
        answer[port] = errno.errorcode[error]
# A port that has not answered when nothing has for this long does not: all of the open ones answer at once.
while wait:
    ready = poll.poll(int(sys.argv[4]))
    if not ready:
        break
    for fd, _ in ready:
        sock, port = wait.pop(fd)
        poll.unregister(fd)
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        answer[port] = "open" if not error else errno.errorcode[error]
for port in ports:
    print(port, answer.get(port, "silent"))
"""


def drain():
    """No accept queue is full when the next client comes."""
    for sock in listeners:
        while True:
            try:
                sock.accept()[0].close()
            except BlockingIOError:
                break


def start_client(link, addr, patience):
    return subprocess.Popen([*peers.inside(link), sys.executable, "-c", CLIENT, addr, str(PORTS[0]),
                             str(PORTS[-1] + 1), str(patience)], stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)


def end_client(process):
    out, _ = process.communicate(timeout=tap.COMMAND_SECONDS)
    return {int(line.split()[0]): line.split()[1] for line in out.decode().splitlines()}


def fits(fate, line, met):
    if fate == "passes":
        return met == "open" or "|taken" in line
    return met != "open" if fate in ("dropped", "rejected") else True


def judged(link, addr):
    """Fate and the whole line, by port; `taken`: it goes elsewhere, so nothing is claimed of a socket here."""
    done = tap.run([JUDGE, "tcp", addr, link, "%d-%d" % (PORTS[0], PORTS[-1])])
    return {int(line.split()[0]): (line.split()[1].split("|")[0], line) for line in done.out.decode().splitlines()}, done


counts = {}


def scene(name, rules=None, commands=(), links=("eth1", "eth2"), six=True, at_least=0):
    tap.run(["nft", "flush", "ruleset"])
    if rules:
        done = tap.run(["nft", "-f", "-"], stdin=rules.encode())
        if done.status:
            old = tap.older("nft", (1,))
            t.skip(name, old) if old else t.ok(False, name + ": nft takes the rules", done)
            return
    for command in commands:
        done = tap.run(command.split())
        if done.status:
            t.skip(name, "%s: %s" % (command, done.err.decode(errors="replace").strip()))
            return
    wrong, sure = [], 0
    ways = [(link, addr) for link in links for addr in [PEERS[link][0]] + ([PEERS[link][2]] if six else [])]
    drain()
    clients = [start_client(*way, 700) for way in ways]
    for way, client in zip(ways, clients):
        said, done = judged(*way)
        met = end_client(client)
        if len(said) != len(PORTS) or len(met) != len(PORTS):
            wrong.append((way, done))
            continue
        if not all(fits(*said[port], met[port]) for port in PORTS):
            # A slow machine answers late: what did not answer is asked again, with patience.
            drain()
            again = end_client(start_client(*way, 5000))
            met = {port: again[port] if met[port] == "silent" else met[port] for port in PORTS}
        for port in PORTS:
            fate, line = said[port]
            counts[fate] = counts.get(fate, 0) + 1
            sure += fate in ("passes", "dropped", "rejected")
            if not fits(fate, line, met[port]):
                wrong.append((way, line, met[port]))
    t.ok(not wrong and sure >= at_least, name, *wrong[:8], "sure of %d" % sure)


ALL = 2 * 2 * len(PORTS)
scene("no rules", "add table inet empty\n", at_least=ALL)
def chain(body, policy="accept", hook="input", priority="filter", family="inet", kind="filter", extra=""):
    return "table %s f {\n%s\nchain c {\ntype %s hook %s priority %s; policy %s;\n%s\n}\n}\n" % (
        family, extra, kind, hook, priority, policy, body)


scene("policy drop", chain("", "drop"), at_least=ALL)
scene("policy drop, one port", chain("tcp dport 20001 accept", "drop"), at_least=ALL)
scene("a set of ports", chain("tcp dport { 20001, 20003, 20005-20009 } accept", "drop"), at_least=ALL)
scene("not in a set", chain("tcp dport != { 20001, 20003 } drop"), at_least=ALL)
scene("a named set with intervals", chain("tcp dport @s drop", extra="set s { type inet_service; flags interval; elements = { 20002-20004, 20010 } }"), at_least=ALL)
scene("ranges and comparisons", chain("tcp dport 20003-20006 drop\ntcp dport > 20015 reject\ntcp dport < 20002 drop\ntcp dport >= 20014 drop"), at_least=ALL)
scene("reject with a reset", chain("tcp dport 20001-20004 reject with tcp reset"), at_least=ALL)
scene("a map of verdicts", chain("tcp dport vmap { 20001 : drop, 20002 : accept, 20003-20005 : drop }"), at_least=ALL)
scene("a map of verdicts that jumps", "table inet f {\nchain far { tcp dport 20002 drop\n}\nchain c { type filter hook input priority 0; policy accept;\ntcp dport vmap { 20001 : drop, 20002-20003 : jump far }\n}\n}\n", at_least=ALL)
scene("jump and return", "table inet f {\nchain far { tcp dport 20002 return\ntcp dport 20001-20004 drop\n}\nchain c { type filter hook input priority 0; policy accept;\njump far\n}\n}\n", at_least=ALL)
scene("goto does not come back", "table inet f {\nchain far { tcp dport 20001 accept\n}\nchain c { type filter hook input priority 0; policy drop;\ntcp dport 20001-20003 goto far\ntcp dport 20002 accept\n}\n}\n", at_least=ALL)
scene("by interface", chain('iifname "eth1" tcp dport 20001-20005 drop\niif "eth2" tcp dport 20004-20008 drop\niifname "eth*" tcp dport 20010 drop'), at_least=ALL)
scene("interface and port at once", chain('iifname . tcp dport { "eth1" . 20001, "eth2" . 20002 } drop'), at_least=ALL)
scene("interface sets", chain('iifname { "eth1", "lo" } tcp dport 20003 drop'), at_least=ALL)
scene("by destination address", chain("ip daddr 10.1.0.1 tcp dport 20001 drop\nip daddr 10.2.0.0/16 tcp dport 20002 drop\nip6 daddr fd01::/64 tcp dport 20003 drop"), at_least=ALL)
scene("destination and port at once", chain("ip daddr . tcp dport { 10.1.0.1 . 20001, 10.2.0.0/24 . 20002-20004 } drop"), at_least=ALL)
scene("connection tracking", chain("ct state established,related accept\nct state invalid drop\nct state new tcp dport 20001-20010 accept", "drop"), at_least=ALL)
scene("SYN alone", chain("tcp flags & (fin|syn|rst|ack) == syn tcp dport 20001-20005 drop\ntcp flags ! syn drop"), at_least=0)
scene("by source address", chain("ip saddr 10.1.0.2 tcp dport 20001 drop\nip saddr 10.9.0.0/16 tcp dport 20002 drop\nip saddr @s tcp dport 20003 drop", extra="set s { type ipv4_addr; elements = { 10.2.0.2 } }"))
scene("by source, then by port", chain("ip saddr 10.9.0.0/16 accept\ntcp dport 20001-20010 drop"))
scene("by family", chain("meta nfproto ipv4 tcp dport 20001 drop\nmeta nfproto ipv6 tcp dport 20002 drop\nmeta protocol ip tcp dport 20003 drop"), at_least=ALL)
scene("a table of ip alone", chain("tcp dport 20001-20005 drop", family="ip"), at_least=ALL)
scene("a table of ip6 alone", chain("tcp dport 20001-20005 drop", family="ip6"), at_least=ALL)
scene("two tables: an accept of one is not the other's", chain("tcp dport 20001 accept", "accept") + chain("tcp dport 20001 drop").replace("inet f", "inet g"), at_least=ALL)
scene("priorities", chain("tcp dport 20001 drop", priority="-10") + chain("tcp dport 20001 accept", priority="10").replace("inet f", "inet g"), at_least=ALL)
scene("prerouting drops", chain("tcp dport 20001-20003 drop", hook="prerouting", priority="-300"), at_least=ALL)
scene("the answer dropped in output", chain("tcp sport 20001-20003 tcp flags & (syn|ack) == (syn|ack) drop", hook="output"), at_least=ALL)
scene("the answer dropped in postrouting", chain("tcp sport 20004 drop", hook="postrouting"), at_least=ALL)
scene("ingress of the device", "table netdev f {\nchain c { type filter hook ingress device \"eth1\" priority 0; policy accept;\ntcp dport 20001-20003 drop\n}\n}\n", at_least=ALL)
scene("inet ingress", "table inet f {\nchain c { type filter hook ingress device \"eth2\" priority 0; policy accept;\ntcp dport 20002 drop\n}\n}\n", at_least=ALL)
scene("marks", chain("tcp dport 20001 meta mark set 0x10", hook="prerouting", priority="-150") + chain("meta mark 0x10 drop").replace("inet f", "inet g"), at_least=ALL)
scene("notrack", chain("tcp dport 20001-20004 notrack", hook="prerouting", priority="-300") + chain("ct state new accept\nct state established accept", "drop").replace("inet f", "inet g"), at_least=0)
scene("untracked is let in", chain("tcp dport 20001 notrack", hook="prerouting", priority="-300") + chain("ct state untracked accept\nct state new tcp dport 20002 accept\nct state established accept", "drop").replace("inet f", "inet g"), at_least=0)
scene("fib: for this host", chain("fib daddr type local tcp dport 20001 drop\nfib daddr type != local drop"), at_least=ALL)
scene("fib: the way back", chain("fib saddr . iif oif missing drop\ntcp dport 20001 drop", hook="prerouting", priority="-300"), at_least=ALL)
scene("limits", chain("tcp dport 20001 limit rate 1/minute burst 1 packets accept\ntcp dport 20001-20002 drop"))
scene("a dynamic set", chain("tcp dport 20001 add @s { ip saddr timeout 1m } accept\nip saddr @s tcp dport 20002 drop", extra="set s { type ipv4_addr; flags dynamic,timeout; }"))
scene("addresses as a map", chain("ip saddr vmap { 10.1.0.0/16 : jump one, 10.2.0.0/16 : accept }").replace("chain c", "chain one { tcp dport 20001 drop\n}\nchain c"))
scene("ufw's layout", """
table ip filter {
  chain INPUT { type filter hook input priority 0; policy drop;
    counter jump before
    counter jump user
    counter jump after
  }
  chain before { iifname "lo" counter accept
    ct state related,established counter accept
    ct state invalid counter drop
    ip protocol icmp accept
    counter jump notlocal
  }
  chain notlocal { fib daddr type local counter return
    fib daddr type multicast counter return
    limit rate 3/minute burst 10 packets counter drop
    counter drop
  }
  chain user { tcp dport 20001 counter accept
    ip saddr 10.1.0.2 tcp dport 20002 counter accept
    tcp dport { 20003, 20004 } counter accept
  }
  chain after { tcp dport 20005 counter return
    limit rate 3/minute burst 10 packets log prefix "[UFW BLOCK] "
  }
}
""", six=False)
scene("firewalld's layout", """
table inet firewalld {
  chain pre { type filter hook prerouting priority -290; policy accept;
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain input { type filter hook input priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump zones
    reject with icmpx admin-prohibited
  }
  chain zones { iifname "eth1" goto public
    iifname "eth2" goto internal
    goto public
  }
  chain public { jump public_allow
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain public_allow { tcp dport 20001 accept
    tcp dport 20002 ct state new,untracked accept
  }
  chain internal { tcp dport 20003-20005 ct state new,untracked accept
    accept
  }
}
""")
IPTABLES = next((tool for tool in ("iptables-nft",) if not tap.missing(tool)), None)
if IPTABLES:
    scene("iptables-nft: ports, multiport, conntrack", commands=[
        "iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        "iptables-nft -A INPUT -p tcp --dport 20001 -j ACCEPT", "iptables-nft -A INPUT -p tcp -m multiport --dports 20003,20005:20008 -j ACCEPT",
        "iptables-nft -A INPUT -p tcp -m multiport ! --dports 20001:20018 -j ACCEPT"], six=False, at_least=ALL // 2)
    scene("iptables-nft: addrtype, iprange, mark, REJECT", commands=[
        "iptables-nft -t mangle -A PREROUTING -p tcp --dport 20002 -j MARK --set-mark 7", "iptables-nft -A INPUT -m mark --mark 7 -j DROP",
        "iptables-nft -A INPUT -p tcp --dport 20003 -m addrtype --dst-type LOCAL -j REJECT",
        "iptables-nft -A INPUT -p tcp --dport 20004 -m iprange --dst-range 10.1.0.0-10.1.0.9 -j DROP",
        "iptables-nft -A INPUT -p tcp --dport 20005 -m state --state NEW -j DROP",
        "iptables-nft -A INPUT -p tcp --dport 20006 -m pkttype --pkt-type unicast -j DROP",
        "iptables-nft -A INPUT -p tcp --dport 20007 ! -i eth1 -j DROP",
        "iptables-nft -A INPUT -p tcp --tcp-flags SYN,ACK SYN --dport 20008 -j DROP"], six=False)
    scene("iptables-nft: matches that are not known", commands=[
        "iptables-nft -A INPUT -p tcp --dport 20001 -m length --length 1:20 -j DROP", "iptables-nft -A INPUT -p tcp --dport 20002 -m limit --limit 1/minute --limit-burst 1 -j ACCEPT",
        "iptables-nft -A INPUT -p tcp --dport 20002 -j DROP"], six=False)
    scene("Docker's layout", commands=[
        "iptables-nft -t nat -N DOCKER", "iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "iptables-nft -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
        "iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 20001 -j DNAT --to-destination 172.17.0.2:80",
        "iptables-nft -N DOCKER-USER", "iptables-nft -A FORWARD -j DOCKER-USER", "iptables-nft -P FORWARD DROP"], six=False, at_least=ALL // 2 - 4)
else:
    t.skip("iptables-nft's rule sets", "iptables-nft is not installed")
scene("redirect", chain("tcp dport 20001 redirect to :20002", kind="nat", hook="prerouting", priority="-100") + chain("tcp dport 20002 drop").replace("inet f", "inet g"), at_least=ALL)
scene("an accept before the redirect", chain("tcp dport 20001 accept\ntcp dport 20001 redirect to :20002", kind="nat", hook="prerouting", priority="-100") + chain("tcp dport 20002 drop").replace("inet f", "inet g"), at_least=ALL)
scene("conntrack knows of the redirect", chain("tcp dport 20001 redirect to :20002", kind="nat", hook="prerouting", priority="-100") + chain("ct status dnat drop").replace("inet f", "inet g"), at_least=ALL)
scene("conntrack's original port", chain("tcp dport 20001 redirect to :20002", kind="nat", hook="prerouting", priority="-100") + chain("meta l4proto tcp ct original proto-dst 20001 drop").replace("inet f", "inet g"), at_least=ALL)
tap.run(["nft", "flush", "ruleset"])
print("# fates: %s" % ", ".join("%s %d" % pair for pair in sorted(counts.items())))

# --- what --explain says of NAT, decided by a real client ----------------------------------------


def notes(port, *more):
    done = tap.run([tap.SOCKVIEW, "--explain", str(port), *more])
    return " ".join(done.out.decode().split())


def reaches(port, addr="10.1.0.1"):
    """Which listener a connection from the first peer reaches: its port; None."""
    drain()
    done = tap.run(["nsenter", "-t", str(processes["eth1"].pid), "-n", sys.executable, "-c",
                    "import socket, sys\ns = socket.socket()\ns.settimeout(2)\ns.connect((sys.argv[1], int(sys.argv[2])))", addr, str(port)])
    if done.status:
        return None
    ready, _, _ = select.select(listeners, [], [], 10)
    return ready[0].getsockname()[1] if ready else None


def nat(body, extra=""):
    tap.run(["nft", "flush", "ruleset"])
    return tap.run(["nft", "-f", "-"], stdin=(chain(body, kind="nat", hook="prerouting", priority="-100") + extra).encode())


for name, body, port, ends, told in (
        ("a redirect", "tcp dport 20001 redirect to :20002", 20001, 20002, True),
        ("an accept before it", "tcp dport 20001 accept\ntcp dport 20001 redirect to :20002", 20001, 20001, False),
        ("a rule for another address", "ip daddr 10.9.9.9 tcp dport 20001 redirect to :20002", 20001, 20001, None),
        ("a redirect that names no port", "ip protocol tcp tcp dport != 20002 redirect to :20002", 20007, 20002, True),
        ("a chain that returns before it", "tcp dport 20001 return\nmeta l4proto tcp redirect to :20002", 20001, 20001, False)):
    done = nat(body)
    text = notes("10.1.0.1:%d" % port)
    said = "sends tcp port %d to port %d of this host when it comes in" % (port, ends) in text
    met = reaches(port)
    t.ok(done.status == 0 and met == ends and (said is True if told else "sends tcp port" not in text), "NAT: " + name, text, met)
nat("tcp dport 20001 redirect to :20002")
text = notes(20002)
t.ok("Connections that come in to other ports come here, those with dport 20001: A NAT rule (table inet f, chain c, handle " in text, "NAT: the port that a redirect leads to is told", text)
nat("ip saddr 10.9.0.0/16 tcp dport 20001 redirect to :20002")
text = notes(20001)
t.ok("for packets with ip saddr 10.9.0.0/16" in text, "NAT: a condition is named", text)
result = tap.run([tap.SOCKVIEW, "--explain", "20001", "--json"])
unread = [note["unread"] for note in json.loads(result.out)["notes"] if "unread" in note]
t.ok(unread and unread[0]["table"] == "f" and unread[0]["chain"] == "c" and unread[0]["handle"] > 0 and unread[0]["expression"] == "ip saddr 10.9.0.0/16",
     "NAT: and in JSON with table, chain and handle", unread)
for process in processes.values():
    process.send_signal(signal.SIGKILL)
    process.wait()
t.done()
