#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--health: what happens between its looks, with the figures of ss and /proc/net of the same time; and -N."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
ME = os.getpid()
has_nft = not tap.missing("nft") and tap.run(["nft", "add", "table", "inet", "sick"]).status == 0
has_ss = not tap.missing("ss")


def counter(kind, name):
    """Of this namespace: /proc/net/netstat and /proc/net/snmp, a line of names and one of numbers."""
    for path in ("netstat", "snmp"):
        with open("/proc/net/" + path) as file:
            lines = [line.split() for line in file]
        for names, numbers in zip(lines[::2], lines[1::2]):
            if names[0] == kind + ":" and name in names:
                return int(numbers[names.index(name)])
    return None


def ss_number(pattern, *options):
    """The number behind the pattern in ss's only line."""
    out = tap.run(["ss", "-H", "-n", *options]).out.decode()
    found = re.search(pattern, out)
    return int(found.group(1)) if found else 0


def settled(pid):
    """Between the looks: it sleeps, and was not woken for a tenth of a second. False if it has ended."""
    before, since = None, 0
    while since < 10:
        try:
            with open("/proc/%d/status" % pid) as file:
                text = file.read()
        except OSError:
            return False
        if "\nState:\tZ" in text:
            return False
        now = re.search(r"\nvoluntary_ctxt_switches:\t(\d+)", text).group(1)
        since = since + 1 if now == before and "\nState:\tS" in text else 0
        before = now
        time.sleep(0.01)
    return True


def meanwhile(scene, *options):
    """The scene is made while the program waits for its second look, stopped so that there is time for it."""
    for _ in range(5):
        with subprocess.Popen([tap.SOCKVIEW, "--health=1.5", "--json", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as look:
            ready = settled(look.pid)
            if ready:
                os.kill(look.pid, signal.SIGSTOP)
                os.waitid(os.P_PID, look.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                ready = look.poll() is None
            figures = scene() if ready else None
            if ready:
                os.kill(look.pid, signal.SIGCONT)
            out, err = look.communicate()
        if ready:
            return tap.Result(look.args, look.returncode, out, err), json.loads(out)["findings"], figures
    return None, [], None


def check(name, result, findings, wanted, owner=ME):
    t.same([(finding["key"], finding["severity"], finding["local_port"], finding["pid"], finding["value"]) for finding in findings],
           [(key, severity, port, owner if port else None, value) for key, severity, port, value in wanted], name, result)
    t.same(result and result.status, 1 if any(row[1] != "info" for row in wanted) else 0, "%s: exit status" % name, result)


def knock(port, times):
    """Connects that nothing waits for."""
    knocking = []
    for _ in range(times):
        knocking.append(socket.socket())
        knocking[-1].setblocking(False)
        knocking[-1].connect_ex(("127.0.0.1", port))
    return knocking


def until(condition, what):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    t.ok(False, "the scene: " + what)
    return False


def listen(backlog):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener, listener.getsockname()[1]


# --- refused in a burst, and well again at the second look ------------------------------------------------

listener, port = listen(1)


def drops_of(port):
    return ss_number(r"skmem:\([^)]*,d(\d+)\)", "-ltm", "sport = :%d" % port) if has_ss else counter("TcpExt", "ListenDrops")


def burst():
    before = drops_of(port), counter("TcpExt", "ListenDrops")
    clients = knock(port, 6)
    for _ in range(2):
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
    for one in clients:
        one.close()
    return drops_of(port) - before[0], counter("TcpExt", "ListenDrops") - before[1]


result, findings, figures = meanwhile(burst)
t.ok(figures and figures[0] == figures[1] > 0, "the scene: connections were refused", figures)
check("a burst that was refused", result, findings, [("accept-queue-drops", "warning", port, figures[0])] if figures else [])
listener.close()

# --- datagrams -----------------------------------------------------------------------------------------------

deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
deaf.bind(("127.0.0.1", 0))
port = deaf.getsockname()[1]


def flood():
    before = counter("Udp", "RcvbufErrors"), ss_number(r",d(\d+)\)", "-uam", "sport = :%d" % port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(50):
            out.sendto(b"x" * 1000, deaf.getsockname())
    return counter("Udp", "RcvbufErrors") - before[0], ss_number(r",d(\d+)\)", "-uam", "sport = :%d" % port) - before[1]


result, findings, figures = meanwhile(flood)
if has_ss and figures:
    t.same(figures[1], figures[0], "the scene: ss says of the socket what /proc/net/snmp says of the namespace")
check("datagrams that were lost", result, findings, [("udp-drops", "warning", port, figures[0])] if figures else [])
deaf.close()

# --- segments that were sent again -----------------------------------------------------------------------------

if not has_nft or not has_ss:
    t.skip("segments that were sent again", "no nft or no ss here")
else:
    listener, _ = listen(8)
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    listener.close()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = client.getsockname()[1]

    def segments():
        here = ("-tin", "sport = :%d" % port)
        return ss_number(r"retrans:\d+/(\d+)", *here), ss_number(r"data_segs_out:(\d+)", *here), counter("Tcp", "RetransSegs")

    def lossy():
        """Groups of small segments; where they come in one of eight is lost, some of which are the last of a group."""
        rules = ("add chain inet sick input { type filter hook input priority 0; }\n"
                 "add rule inet sick input tcp sport %d tcp flags psh numgen inc mod 8 0 drop" % port)
        tap.run(["nft", "-f", "-"], stdin=rules.encode())
        before = segments()
        for _ in range(60):
            for _ in range(5):
                client.sendall(b"x" * 100)
            left = 500
            while left:
                left -= len(accepted.recv(left))
        tap.run(["nft", "flush", "chain", "inet", "sick", "input"])
        # The last acknowledgement has come.
        until(lambda: not ss_number(r"unacked:(\d+)", "-tin", "sport = :%d" % port), "all acknowledged")
        after = segments()
        return [after[i] - before[i] for i in range(3)]

    result, findings, figures = meanwhile(lossy)
    t.ok(figures and figures[0] == figures[2] and figures[1] > 100 and figures[0] > 5, "the scene: segments were lost", figures)
    check("segments that were sent again", result, [dict(finding, value=round(finding["value"], 6)) for finding in findings],
          [("retransmits", "warning", port, round(100.0 * figures[0] / figures[1], 6))] if figures else [])
    t.ok(findings and findings[0]["text"].startswith("%d of %d segments" % tuple(figures[:2])), "and in words", findings)
    for one in (client, accepted):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()

# --- cookies -----------------------------------------------------------------------------------------------------

if not has_nft:
    t.skip("SYN cookies", "no nft here")
else:
    netns.write("/proc/sys/net/ipv4/tcp_syncookies", "1")

    def half_open(leave):
        listener, port = listen(4)
        # Where they come in: a request whose answer cannot be sent again is forgotten.
        rules = ("add chain inet sick input { type filter hook input priority 0; }\n"
                 "add rule inet sick input tcp sport %d drop" % port)
        knocking = []

        def scene():
            tap.run(["nft", "-f", "-"], stdin=rules.encode())
            before = counter("TcpExt", "SyncookiesSent")
            knocking.extend(knock(port, 9))
            sent = counter("TcpExt", "SyncookiesSent") - before
            # No SYN is sent again, and the half-open connections stay.
            for one in knocking + ([] if leave else [listener]):
                one.close()
            return sent

        result, findings, sent = meanwhile(scene)
        listener.close()
        tap.run(["nft", "flush", "chain", "inet", "sick", "input"])
        t.ok(sent, "the scene: cookies were sent", sent)
        return result, findings, sent, port

    result, findings, sent, port = half_open(True)
    t.same([(finding["key"], finding["severity"], finding["local_port"], finding["pid"]) for finding in findings],
           [("syn-queue", "warning", port, ME)], "a SYN queue that filled up", result)
    t.ok(findings and "; %d SYN cookies were sent meanwhile" % sent in findings[0]["text"], "with how many cookies", findings)
    result, findings, sent, port = half_open(False)
    check("of a listener that is gone", result, findings, [("syn-queue", "info", None, sent)])

# --- other network namespaces ------------------------------------------------------------------------------------

in_parent, in_child = os.pipe()
going, end = os.pipe()
child = os.fork()
if child == 0:
    tap.die_with_parent()
    os.close(end)
    netns.unshare(netns.CLONE_NEWNET)
    tap.run(["ip", "link", "set", "lo", "up"])
    listener, port = listen(1)
    clients = knock(port, 6)
    os.write(in_child, b"%d\n" % port)
    os.read(going, 1)
    os._exit(0)
port = int(os.read(in_parent, 10))
mine = socket.socket()
mine.bind(("127.0.0.1", port))
mine.listen(16)
where = "self,%d" % child
state = {}


def look(*options):
    result = tap.sockview("--health=0.3", "--json", *options)
    return result, json.loads(result.out)["findings"] if result.out else []


def is_full():
    out = tap.run(["nsenter", "-n", "-t", str(child), "ss", "-Hltn"]).out.split()
    return not has_ss or len(out) > 2 and int(out[1]) > int(out[2])


until(is_full, "a full accept queue in another namespace")
result, findings = look("-N", where)
t.same([(finding["key"], finding["local_port"], finding["pid"]) for finding in findings], [("accept-queue-full", port, child)],
       "-N: what is sick in another namespace, and not the listener of the same port here", result)
number = os.stat("/proc/%d/ns/net" % child).st_ino
t.ok(findings and findings[0]["netns"] == number and findings[0]["netns_name"], "with the namespace", findings)
name = findings[0]["netns_name"] if findings else ""
# The number of refused SYNs differs from look to look: SYNs are sent again.
t.same([(finding["key"], finding["local_port"], finding["netns"]) for finding in look("-N", where, "netns = %d" % number)[1]],
       [("accept-queue-full", port, number)], "a filter by namespace")
t.same(look("-N", where, "netns_name = self")[1], [], "of ours there is none")
t.same(look()[1], [], "nor without -N")
t.ok("netns" not in (look("-N", "self")[0].out.decode()), "no finding, no namespace")
text = tap.sockview("--health=0.2", "-N", where)
t.same(text.lines[0], "1 finding (1 critical): accept-queue-full 127.0.0.1:%d python3 in %s" % (port, name), "the first line says where", text)
text = tap.sockview("--health=0.2", "-N", where, "--format", "openmetrics")
t.ok(('program="python3",netns="%s"} 1\n' % name).encode() in text.out, "as metrics", text)

# Ports are used up, or not, by the range of the namespace that the connection is in.
far, far_port = listen(64)
held = []
for _ in range(45):
    held.append((socket.create_connection(far.getsockname()), far.accept()[0]))
netns.write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40049")
findings = look("-N", where, "dport = :%d" % far_port)[1]
t.same([(finding["key"], finding["count"], finding["netns_name"]) for finding in findings], [("ephemeral-room", 45, "self")],
       "the range of ephemeral ports is each namespace's own", findings)
os.close(end)
os.waitpid(child, 0)

t.done()
