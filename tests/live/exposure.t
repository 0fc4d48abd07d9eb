#!/usr/bin/python3
"""
--exposure against real connects: what is said of each listener, and what peers in namespaces of their own meet.

Our host has two veth pairs, a peer at each. All ports of a rule set are tried at once from both peers, by
IPv4 and IPv6. The claim: no `open` that no peer can connect to, no `filtered` or `rejected` that one can.
"""
import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import peers
import tap

t = tap.Tap()
why = netns.enter()
if why or tap.missing("nft", "ip", "nsenter"):
    t.skip_all(why or "nft, ip and nsenter are needed")
if tap.run(["nft", "add", "table", "ip", "try"]).status != 0:
    t.skip_all("nftables cannot be had in this namespace")
tap.run(["nft", "flush", "ruleset"])

PORTS = list(range(20001, 20013))
LOCAL, FOUR, ONE_ADDRESS, SIX = 20021, 20022, 20023, 20024


PEERS = peers.PEERS
processes = peers.make(t)


def listen(address, port, v6only=0, kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(512)
    return sock


listeners = [listen("::", port) for port in PORTS]
listeners += [listen("127.0.0.1", LOCAL), listen("0.0.0.0", FOUR), listen("10.1.0.1", ONE_ADDRESS), listen("::", SIX, 1)]
server = listen("0.0.0.0", 20031, kind=socket.SOCK_DGRAM)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("10.1.0.2", 9))

CLIENT = """
import errno, select, socket, sys
wait, answer, poll = {}, {}, select.poll()
for word in sys.argv[2:]:
    addr, port = word.split(",")
    sock = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
    sock.setblocking(False)
    error = sock.connect_ex((addr, int(port)))
    if error in (0, errno.EINPROGRESS):
        wait[sock.fileno()] = (sock, port)
        poll.register(sock, select.POLLOUT)
while wait:
    ready = poll.poll(int(sys.argv[1]))
    if not ready:
        break
    for fd, _ in ready:
        sock, port = wait.pop(fd)
        poll.unregister(fd)
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            print(port)
"""
EVERY = [*PORTS, LOCAL, FOUR, ONE_ADDRESS, SIX]


def reached(patience):
    """By interface, the ports that a peer there can connect to at any of our addresses."""
    ends = ["%s,%d" % (addr, port) for addresses in PEERS.values() for addr in (addresses[0], addresses[2]) for port in EVERY]
    clients = {}
    for link, process in processes.items():
        # The other interface's addresses, too: the host answers for each of them by any interface.
        inside = peers.inside(link)
        for addresses in PEERS.values():
            tap.run([*inside, "ip", "route", "replace", addresses[0] + "/32", "via", PEERS[link][0]])
            tap.run([*inside, "ip", "-6", "route", "replace", addresses[2] + "/128", "via", PEERS[link][2]])
        clients[link] = subprocess.Popen([*inside, sys.executable, "-c", CLIENT, str(patience), *ends],
                                         stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    return {link: {int(port) for port in client.communicate(timeout=tap.COMMAND_SECONDS)[0].split()}
            for link, client in clients.items()}


def exposed(*words, **options):
    done = tap.run([tap.SOCKVIEW, "--exposure", "--json", "-q", *words], **options)
    try:
        return {(row["protocol"], row["local_port"]): row for row in json.loads(done.out)["listeners"]}, done
    except ValueError:
        return {}, done


counts = {}


def fits(state, met):
    if state == "open":
        return met
    return not met if state in ("filtered", "rejected", "local") else True


def wrong_ones(rows, met):
    wrong = []
    anywhere = set().union(*met.values())
    for port in EVERY:
        row = rows.get(("tcp", port))
        if not row or not fits(row["state"], port in anywhere):
            wrong.append((port, row, "reached" if port in anywhere else "not reached"))
            continue
        for way in row["interfaces"]:
            if not fits(way["state"], port in met[way["name"]]):
                wrong.append((port, way, row, met[way["name"]]))
    return wrong


def scene(name, rules=None, commands=(), sure=None):
    tap.run(["nft", "flush", "ruleset"])
    if rules:
        done = tap.run(["nft", "-f", "-"], stdin=rules.encode())
        if done.status:
            t.ok(False, name + ": nft takes the rules", done)
            return {}
    for command in commands:
        done = tap.run(command.split())
        if done.status:
            t.skip(name, "%s: %s" % (command, done.err.decode(errors="replace").strip()))
            return {}
    rows, done = exposed()
    wrong = wrong_ones(rows, reached(400))
    if wrong:
        # A slow machine answers late.
        wrong = wrong_ones(rows, reached(4000))
    states = [rows[key]["state"] for key in sorted(rows) if key[0] == "tcp"]
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    said = sum(state not in ("depends", "unknown") for state in states)
    t.ok(done.status == 0 and not wrong and said >= (len(EVERY) if sure is None else sure), name, *wrong[:6],
         "sure of %d" % said, *([done] if done.status or not rows else []))
    return rows


def chain(body, policy="accept", hook="input", priority="filter", family="inet", kind="filter", extra="", table="f"):
    return "table %s %s {\n%s\nchain c {\ntype %s hook %s priority %s; policy %s;\n%s\n}\n}\n" % (
        family, table, extra, kind, hook, priority, policy, body)


# --- rows -----------------------------------------------------------------------------------------------

rows = scene("no rules")
key = lambda port, proto="tcp": rows.get((proto, port), {})
t.same(sorted(port for proto, port in rows if proto == "udp"), [20031], "a connected UDP socket is no server")
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
rows = scene("by interface", chain('iifname "eth1" tcp dport 20001 accept\niifname "eth2" tcp dport 20002 accept\nct state established accept', "drop"))
t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, key(20001).get("state")],
       [{"eth1": "open", "eth2": "filtered"}, "open"], "the interface that lets most through")
rows = scene("rejected", chain("tcp dport 20001 reject with tcp reset\ntcp dport 20002 reject"))
t.same([key(20001).get("state"), key(20003).get("state")], ["rejected", "open"], "rejected, and not")
rows = scene("by source", chain("ip saddr 10.1.0.0/24 tcp dport 20001 accept\ntcp dport 20001 drop"), sure=len(EVERY) - 1)
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
t.same([key(20001).get("state"), key(20001).get("nat") is not None, key(20002).get("state")], ["depends", True, "open"],
       "a redirect takes the port's traffic")
rows = scene("limits", chain("tcp dport 20001 limit rate 1/minute burst 1 packets accept\ntcp dport 20001 drop"), sure=len(EVERY) - 1)
t.ok(key(20001).get("state") in ("depends", "unknown"), "a limit is not said for sure", key(20001))
scene("ufw's layout", chain('iifname "lo" accept\nct state related,established accept\nct state invalid drop\njump user', "drop", family="ip").replace(
    "chain c", "chain user { tcp dport 20001 counter accept\ntcp dport { 20003, 20004 } counter accept\n}\nchain c"))
scene("iptables-nft", commands=("iptables-nft -P INPUT DROP", "iptables-nft -A INPUT -p tcp -m multiport --dports 20001,20002 -j ACCEPT",
                                "iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                                "ip6tables-nft -P INPUT DROP"))
tap.run(["nft", "flush", "ruleset"])

# --- what was not read ------------------------------------------------------------------------------------

rows = scene("a chain of the family bridge", chain("", family="bridge"), sure=0)
if rows:
    t.same([key(20001).get("state"), "nftables-bridge" in key(20001).get("unread", [])], ["unknown", True], "it is not read, and said")
tap.run(["nft", "flush", "ruleset"])
if tap.run(["tc", "qdisc", "add", "dev", "eth1", "clsact"]).status == 0 and tap.run(
        ["tc", "filter", "add", "dev", "eth1", "ingress", "protocol", "ip", "matchall", "action", "drop"]).status == 0:
    rows, done = exposed()
    t.same([{way["name"]: way["state"] for way in key(20001).get("interfaces", [])}, "tc" in key(20001).get("unread", [])],
           [{"eth1": "unknown", "eth2": "open"}, True], "a tc filter of one interface is not read")
    tap.run(["tc", "qdisc", "del", "dev", "eth1", "clsact"])
else:
    t.skip("a tc filter of one interface is not read", "tc, clsact or matchall cannot be had")
done = tap.run(["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", tap.SOCKVIEW, "--exposure", "--json", "-q", "-t"])
if done.status == 0:
    rows = {("tcp", row["local_port"]): row for row in json.loads(done.out)["listeners"]}
    t.same([key(20001).get("state"), key(LOCAL).get("state"), "nftables" in key(20001).get("unread", [])],
           ["unknown", "local", True], "without CAP_NET_ADMIN the rules are not known")
else:
    t.skip("without CAP_NET_ADMIN the rules are not known", "setpriv: " + done.err.decode(errors="replace").strip())

t.note("states of listeners: %s" % counts)
peers.end()
t.done()
