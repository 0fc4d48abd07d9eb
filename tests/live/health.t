#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--health: each sick socket is found, with its owner, and nothing else; a healthy server has no finding."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
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


def look(*options):
    result = tap.sockview("--health=0.5", "--json", *options)
    return result, (json.loads(result.out)["findings"] if result.out else None)


def keys(findings):
    return sorted((finding["key"], finding["severity"]) for finding in findings or [])


def finds(name, wanted, *options, owner=ME, ports=None):
    """Exactly these findings, of this process."""
    result, findings = look(*options)
    sick = any(severity != "info" for _, severity in wanted)
    t.same((result.status, keys(findings)), (1 if sick else 0, sorted(wanted)), name, result)
    for finding in findings or []:
        t.ok(finding["pid"] == owner and (not ports or finding["local_port"] in ports), "%s: whose it is" % name, finding)
    return findings


def until(condition, what):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    t.ok(False, "the scene: " + what)
    return False


def rows(*options):
    return json.loads(tap.sockview("--json", *options).out)["sockets"]


def rule(text):
    done = tap.run(["nft", "-f", "-"], stdin=text.encode())
    if done.status:
        t.note(done)
    return done.status == 0


finds("nothing there", [])
result = tap.sockview("--health=0.2")
t.ok(result.status == 0 and result.lines[0].startswith("no findings: ") and "looked at twice" in result.lines[0], "and in words", result)

# --- a server that is well ------------------------------------------------------------------------------

stop = threading.Event()
server = socket.create_server(("127.0.0.1", 0), backlog=128)
threads = []


def serve():
    while not stop.is_set():
        try:
            peer, _ = server.accept()
        except OSError:
            return
        data = peer.recv(100)
        if data:
            peer.sendall(data)
        peer.close()


def visit(times):
    for _ in range(times):
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"x" * 50)
            client.recv(100)
            client.recv(1)  # the server closes first: no TIME_WAIT is left with the clients


for target, args in ((serve, ()), (visit, (90,))):
    threads.append(threading.Thread(target=target, args=args, daemon=True))
    threads[-1].start()
findings = finds("a busy server", [])
threads[1].join(60)
stop.set()
server.shutdown(socket.SHUT_RDWR)
server.close()

# --- listeners -------------------------------------------------------------------------------------------

full = socket.socket()
full.bind(("127.0.0.1", 0))
full.listen(1)
port = full.getsockname()[1]
clients = []
for _ in range(6):
    clients.append(socket.socket())
    clients[-1].setblocking(False)
    clients[-1].connect_ex(("127.0.0.1", port))
until(lambda: any(row["recv_q"] > row["send_q"] for row in rows("-ltn", "sport = :%d" % port)), "a full accept queue")
findings = finds("a full accept queue", [("accept-queue-full", "critical")], ports=[port])
t.ok(findings and findings[0]["local_address"] == "127.0.0.1" and findings[0]["value"] == 2, "and the figure", findings)
text = tap.sockview("--health=0.2")
t.same(text.lines[0], "1 finding (1 critical): accept-queue-full 127.0.0.1:%d python3" % port, "the first line says it all", text)
result = tap.sockview("--health=0.2", "--format", "openmetrics")
t.ok(b'sockview_health_findings{key="accept-queue-full",severity="critical",protocol="tcp",address="127.0.0.1",port="%d",program="python3"} 1\n' % port
     in result.out and result.out.endswith(b"# EOF\n") and result.status == 1, "as metrics", result)
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    t.skip("which its own parser reads", "python3-prometheus-client is not installed")
else:
    families = {family.name: family for family in text_string_to_metric_families(result.out.decode())}
    t.same([sample.value for sample in families["sockview_health_findings"].samples], [1], "which its own parser reads")
finds("a filter narrows it", [], "sport != :%d" % port)
t.same(keys(look("pid = %d" % ME)[1]), [("accept-queue-full", "critical")], "a filter by owner")
t.same(keys(look("pid = 1 and not pid = %d" % ME)[1]) if ME != 1 else [], [], "of another owner")
for one in clients:
    one.close()
full.close()

if not has_nft:
    t.skip("a SYN queue", "no nft here")
    t.skip("a black hole", "no nft here")
else:
    slow = socket.socket()
    slow.bind(("127.0.0.1", 0))
    slow.listen(8)
    port = slow.getsockname()[1]
    rule("add chain inet sick output { type filter hook output priority 0; }\nadd rule inet sick output tcp sport %d drop" % port)
    clients = []
    for _ in range(7):
        clients.append(socket.socket())
        clients[-1].setblocking(False)
        clients[-1].connect_ex(("127.0.0.1", port))
    until(lambda: len(rows("-tan", "state", "syn-recv")) >= 7, "half-open connections")
    findings = finds("a SYN queue", [("syn-queue", "warning")], ports=[port])
    for one in clients:
        one.close()
    slow.close()
    rule("flush chain inet sick output")
    until(lambda: not rows("-tan", "state", "syn-recv"), "the half-open connections gone")

# --- connections -------------------------------------------------------------------------------------------


def pair():
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    listener.close()
    return client, accepted


sender, reader = pair()
sender.setblocking(False)
try:
    while True:
        sender.send(b"y" * 65536)
except BlockingIOError:
    pass
here = "sport = :%d" % sender.getsockname()[1]
until(lambda: any((row["backoff"] or 0) >= 2 and row["timer"] == "probe" for row in rows("-tnoI", here)), "a closed window")
there = reader.getsockname()[1]
finds("a peer that does not read", [("peer-window-closed", "warning"), ("not-reading", "info")], "--threshold", "not-reading=0.2",
      ports=[sender.getsockname()[1], there])
finds("unread data of less than 5 s are none", [("peer-window-closed", "warning")], "--threshold", "not-reading=1000")
sender.close()
reader.close()

if has_nft:
    client, accepted = pair()
    port = client.getsockname()[1]
    # Where it comes in: what is dropped on the way out the sender is told of, and does not count.
    rule("add chain inet sick input { type filter hook input priority 0; }\nadd rule inet sick input tcp sport %d drop" % port)
    client.send(b"lost")
    until(lambda: any((row["tcpi_retransmits"] or 0) >= 3 for row in rows("-tnI", "sport = :%d" % port)), "retransmissions")
    finds("a black hole", [("black-hole", "warning")], ports=[port])
    rule("flush chain inet sick input")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    accepted.close()

leaking = []
for _ in range(12):
    client, accepted = pair()
    client.close()
    leaking.append(accepted)
until(lambda: len(rows("-tn", "state", "close-wait")) == 12, "connections that the peer closed")
finds("closed by the peer, but not long ago", [])
until(lambda: all((row["last_ack_recv"] or 0) >= 300 for row in rows("-tnI", "state", "close-wait")), "which age")
findings = finds("CLOSE_WAIT", [("close-wait", "warning")], "--threshold", "close-wait=0.3")
t.ok(findings and findings[0]["count"] == 12, "one finding for the process, with how many", findings)
leaking.pop().close()
leaking.pop().close()
leaking.pop().close()
finds("nine of them are none", [], "--threshold", "close-wait=0.3")
for one in leaking:
    one.close()

# --- datagrams -----------------------------------------------------------------------------------------------

deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
deaf.bind(("127.0.0.1", 0))
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(50):
    out.sendto(b"x" * 1000, deaf.getsockname())
finds("datagrams that were lost before", [])
child = os.fork()
if child == 0:
    for _ in range(20000):
        out.sendto(b"x" * 1000, deaf.getsockname())
        time.sleep(0.01)
    os._exit(0)
findings = finds("datagrams that are lost now", [("udp-drops", "warning")], ports=[deaf.getsockname()[1]])
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
deaf.close()

# --- TIME_WAIT and ephemeral ports ---------------------------------------------------------------------------

netns.write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40199")
held = []
far = socket.create_server(("127.0.0.1", 0), backlog=512)
for _ in range(150):
    held.append((socket.create_connection(far.getsockname()), far.accept()[0]))
finds("a destination that takes 75 % of the ports", [])
for _ in range(20):
    held.append((socket.create_connection(far.getsockname()), far.accept()[0]))
findings = finds("85 % of them", [("ephemeral-room", "warning")])
t.ok(findings and findings[0]["remote_port"] == far.getsockname()[1] and findings[0]["count"] == 170, "towards where, and how many", findings)
finds("--threshold", [], "--threshold", "ephemeral-room=90")
for client, accepted in held:
    client.close()
    accepted.close()
until(lambda: len(rows("-tan", "state", "time-wait")) >= 170, "TIME_WAIT")
result, findings = look()
t.same(keys(findings), [("time-wait", "critical")], "clients that close first: 85 % of the ports", result)
far.close()
netns.write("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999")
result, findings = look()
t.same((result.status, keys(findings)), (0, [("time-wait", "info")]), "with room enough it is information", result)

# --- figures of the host, by --proc-root ---------------------------------------------------------------------

root = os.path.join(tap.scratch(), "proc")
for name, data in (("net/sockstat", "sockets: used 9\nTCP: inuse 3 orphan 700 tw 0 alloc 9 mem 950\nUDP: inuse 0 mem 0\n"),
                   ("net/netstat", "TcpExt: TCPTimeWaitOverflow SyncookiesSent\nTcpExt: 0 0\n"),
                   ("sys/net/ipv4/tcp_max_orphans", "1000\n"), ("sys/net/ipv4/tcp_mem", "800\t900\t1000\n"),
                   ("sys/net/ipv4/ip_local_port_range", "32768\t60999\n")):
    os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
    tap.run(["true"])
    netns.write(os.path.join(root, name), data)
result, findings = look("--proc-root", root, "sport = :1")
t.same([finding for finding in keys(findings) if finding[0] != "time-wait"], [("memory", "critical"), ("orphans", "warning")],
       "orphans and memory against the host's limits", result)
for name in ("tcp_max_orphans", "tcp_mem"):
    os.unlink(os.path.join(root, "sys/net/ipv4", name))
result, findings = look("--proc-root", root, "sport = :1")
t.same([finding for finding in keys(findings) if finding[0] != "time-wait"], [], "without limits there is no judgement", result)

# --- usage ------------------------------------------------------------------------------------------------------

for words, named in (("--health --threshold x=1", "accept-queue-drops"), ("--health --threshold close-wait=x", "close-wait"), ("--health=x", "--health"),
                     ("--health --threshold accept-queue-full=1", "KEY"), ("--threshold close-wait=1", "--health"), ("--health -c", "-c"),
                     ("--health --csv", "--json"), ("--health -x", "TCP and UDP"), ("--health -i", "-i"), ("--health --replay /dev/null", "recording")):
    result = tap.sockview(*words.split())
    t.ok(result.status == 2 and named in result.err.decode() and len(result.complaints()) == 1, "%s: exit 2, one line" % words, result)

t.done()
