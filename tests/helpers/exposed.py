# SPDX-License-Identifier: MIT
"""exposed - what --exposure says of each listener beside what peers in namespaces of their own meet.

    from exposed import *             # skips the whole script if the namespaces cannot be had
    scene("name", chain("tcp dport 20001 drop"))
    end()

Our host has two veth pairs, a peer at each. All ports of a rule set are tried at once from both peers, by
IPv4 and IPv6. The claim: no `open` that no peer can connect to, no `filtered` or `rejected` that one can.
"""
import json
import os
import socket
import subprocess
import sys

import netns
import peers
import tap

t = tap.Tap()
why = netns.enter()
if why or tap.missing("nft", "ip", "nsenter"):
    tap.skip_all(why or "nft, ip and nsenter are needed")
refused = tap.first_refusal(["nft", "add", "table", "ip", "try"])
if refused:
    tap.skip_all(refused)
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
for sock in listeners:
    sock.setblocking(False)
servers = {port: listen("::", port, kind=socket.SOCK_DGRAM) for port in PORTS[:6]}
servers[20031] = listen("0.0.0.0", 20031, kind=socket.SOCK_DGRAM)
for server in servers.values():
    server.setblocking(False)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("10.1.0.2", 9))

CLIENT = """
import errno, select, socket, sys
kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
ends = [word.split(",") for word in sys.argv[2:]]
for line in sys.stdin:
    wait, poll, met = {}, select.poll(), set()
    for addr, port, kind in ends:
        sock = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, kinds[kind])
        if kind == "udp":
            try:
                sock.sendto(sys.argv[1].encode(), (addr, int(port)))
            except OSError:
                pass
            continue
        sock.setblocking(False)
        if sock.connect_ex((addr, int(port))) in (0, errno.EINPROGRESS):
            wait[sock.fileno()] = (sock, port)
            poll.register(sock, select.POLLOUT)
    # A port that has not answered when nothing has for this long does not: all of the open ones answer at once.
    while wait:
        ready = poll.poll(int(line))
        if not ready:
            break
        for fd, _ in ready:
            sock, port = wait.pop(fd)
            poll.unregister(fd)
            if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                met.add(port)
    # Or its SYN is sent again when the next rules are there.
    for sock, _ in wait.values():
        sock.close()
    print(*met, flush=True)
"""
EVERY = [("tcp", port) for port in (*PORTS, LOCAL, FOUR, ONE_ADDRESS, SIX)] + [("udp", port) for port in servers]


def received():
    """By interface, the UDP servers to which a datagram of the peer there has come since the last call."""
    came = {link: set() for link in PEERS}
    for port, server in servers.items():
        while True:
            try:
                came[server.recv(64).decode()].add(("udp", port))
            except BlockingIOError:
                break
    return came


def start_client(link):
    """A process at that peer: with each line it tries all ends once more."""
    # The other interface's addresses, too: the host answers for each of them by any interface.
    for addresses in PEERS.values():
        tap.run([*peers.inside(link), "ip", "route", "replace", addresses[0] + "/32", "via", PEERS[link][0]])
        if addresses != PEERS[link]:
            tap.run([*peers.inside(link), "ip", "-6", "route", "replace", addresses[2] + "/128", "via", PEERS[link][2]])
    ends = ["%s,%d,%s" % (addr, port, kind) for addresses in PEERS.values() for addr in (addresses[0], addresses[2])
            for kind, port in EVERY]
    return subprocess.Popen([*peers.inside(link), sys.executable, "-c", CLIENT, link, *ends], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)


# With a link-local address every port has one more address, which the clients do not try.
for link in PEERS:
    tap.run(["ip", "-6", "addr", "flush", "dev", link, "scope", "link"])
clients = {link: start_client(link) for link in PEERS}


def reached(patience):
    """By interface, what a peer there can reach at any of our addresses."""
    received()
    for client in clients.values():
        client.stdin.write(b"%d\n" % patience)
        client.stdin.flush()
    met = {link: {("tcp", int(port)) for port in client.stdout.readline().split()} for link, client in clients.items()}
    for sock in listeners:
        while True:
            try:
                sock.accept()[0].close()
            except BlockingIOError:
                break
    # A datagram that a rule lets pass is in the socket before sendto() has returned.
    for link, came in received().items():
        met[link] |= came
    return met


def exposed(*words, **options):
    done = tap.run([tap.SOCKVIEW, "--exposure", "--json", "-q", *words], **options)
    try:
        rows = {}
        for row in json.loads(done.out)["listeners"]:
            for port in range(row["local_port"], (row["local_port_last"] or row["local_port"]) + 1):
                rows.setdefault((row["protocol"], port), row)   # the first lets most through
        return rows, done
    except ValueError:
        return {}, done


counts, sets = {}, []


def fits(state, met):
    if state == "open":
        return met
    return not met if state in ("filtered", "rejected", "local") else True


def wrong_ones(rows, met):
    wrong = []
    anywhere = set().union(*met.values())
    for port in EVERY:
        row = rows.get(port)
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
            old = tap.older("nft", (1,))
            t.skip(name, old) if old else t.ok(False, name + ": nft takes the rules", done)
            return {}
    for command in commands:
        done = tap.run(command.split())
        if done.status:
            t.skip(name, "%s: %s" % (command, done.err.decode(errors="replace").strip()))
            return {}
    rows, done = exposed()
    for row in rows.values():
        row["interfaces"] = [way for way in row["interfaces"] if way["name"] in PEERS]
    wrong = wrong_ones(rows, reached(80))
    if wrong:
        # A slow machine answers late.
        wrong = wrong_ones(rows, reached(4000))
    # Of a range its first port.
    firsts = [key for key in sorted(rows) if rows[key]["local_port"] == key[1]]
    for key in firsts:
        counts[rows[key]["state"]] = counts.get(rows[key]["state"], 0) + 1
    doubts = ["%s %d" % key for key in firsts if rows[key]["state"] in ("depends", "unknown")]
    said = len(firsts) - len(doubts)
    sets.append((name, doubts))
    t.ok(done.status == 0 and not wrong and said >= (len(EVERY) if sure is None else sure), name, *wrong[:6],
         "sure of %d" % said, *([done] if done.status or not rows else []))
    return rows


def chain(body, policy="accept", hook="input", priority="filter", family="inet", kind="filter", extra="", table="f"):
    return "table %s %s {\n%s\nchain c {\ntype %s hook %s priority %s; policy %s;\n%s\n}\n}\n" % (
        family, table, extra, kind, hook, priority, policy, body)


def end():
    for name, doubts in sets:
        if doubts:
            t.note("depends or unknown: %s: %s" % (name, ", ".join(doubts)))
    t.note("%d rule sets, states: %s" % (len(sets), counts))
    for client in clients.values():
        client.kill()
        client.wait()
    peers.end()
    t.done()
