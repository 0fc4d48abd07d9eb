#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
-K closes what was chosen and nothing else. ss asks the kernel for the sockets
before and after; the ends of a connection are asked what they see.
"""
import errno
import os
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from scene import TCP_LINGER2

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
os.environ.pop("SSH_CONNECTION", None)
listener = socket.create_server(("127.0.0.1", 0), backlog=300)
port = listener.getsockname()[1]
here = "sport = :%d" % port


def pair():
    client = socket.create_connection(("127.0.0.1", port))
    return client, listener.accept()[0]


def dump():
    """Every TCP and UDP socket: what a look that changes nothing leaves as it was."""
    return sorted(tap.run(["ss", "-Htuan"]).out.decode().splitlines())


def kill(*words, **more):
    return tap.sockview("-K", *words, **more)


def seen(end):
    """The errno that the end of a destroyed connection gets; None: it works."""
    end.settimeout(5)
    try:
        end.send(b"x")
        return end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or None
    except OSError as error:
        return error.errno


can = tap.run(["ss", "-HtnK", "dport = :1"]).status == 0
ends = [pair() for _ in range(200)]
before = dump()

# --- refused, and nothing done ---------------------------------------------------------------------------
for words in [[], ["-t"], ["-i:%d" % port], ["-N", "all", here], ["python3"], ["::1:8080"], ["-c", here],
              ["--json", here], ["--replay", "/dev/null", here], ["--proc-root", "/proc", here], ["-x", here],
              ["--source", "proc", here], ["not " + here], ["src 0.0.0.0/0"], ["program = *"],
              ["%s or state = established" % here], [here]]:
    answer = kill(*words)
    t.same(answer.status, 2, "%s: refused" % (words or "no filter"))
    t.same(answer.out, b"", "%s: nothing is said to be done" % words)
for words in [["--dry-run", "-t"], ["--yes", "-i", here]]:
    t.same(kill(*words).status, 2, "%s: refused" % words)
t.same(tap.sockview("--dry-run", here).status, 2, "--dry-run without --kill")
recording = os.path.join(tap.scratch(), "recording")
tap.sockview("-tan", "--record", recording)
t.same(kill("--yes", here, env={"TCPDIAG_FILE": recording}).status, 2, "TCPDIAG_FILE: refused")
t.same(dump(), before, "and nothing has changed")

# --- --dry-run -------------------------------------------------------------------------------------------
answer = kill("--dry-run", here)
t.same(answer.status, 0, "--dry-run: the status as if")
t.same(answer.out.count(b"would be closed\n"), 200, "--dry-run: each accepted connection, and not its client")
t.same(dump(), before, "--dry-run leaves everything as it was")
t.same(kill("--dry-run", "sport = :1").status, 1, "--dry-run: nothing fits")

if not can:
    t.skip("closing sockets", "ss -K is refused here")
    t.done()
    sys.exit()

# --- one among 200 ---------------------------------------------------------------------------------------
client, server = ends.pop(77)
number = client.getsockname()[1]
answer = kill("%s and dport = :%d" % (here, number))
t.same(answer.status, 0, "one end of one connection")
t.same(answer.out.count(b"\n"), 1, "one line")
t.ok(answer.out.endswith(b"  closed\n") and b"%d/" % os.getpid() in answer.out, "with its owner and what became of it")
t.same(seen(server), errno.ECONNABORTED, "its owner sees ECONNABORTED")
t.same([one for both in ends for one in both if seen(one) is not None], [], "its 199 neighbours can be used")
t.same(kill("%s and dport = :%d" % (here, number)).status, 1, "it is gone")

# --- 200 whose tuple differs in one element --------------------------------------------------------------


def joined(source, target):
    """A connection from that address and port to that one, where something listens: both ends."""
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind(source)
    end.connect(target)
    return end, listeners[target].accept()[0]


listeners = {}
for target in [("127.0.0.1", 23000), *(("127.0.1.%d" % i, 23000) for i in range(50)), *(("127.0.0.1", 23001 + i) for i in range(50))]:
    listeners[target] = socket.create_server(target)
first = joined(("127.0.2.1", 24000), ("127.0.0.1", 23000))
beside = [joined(("127.0.2.1", 24000), target) for target in listeners if target != ("127.0.0.1", 23000)]
beside += [joined(("127.0.2.1", 24001 + i), ("127.0.0.1", 23000)) for i in range(50)]
beside += [joined(("127.0.3.%d" % (i + 1), 24000), ("127.0.0.1", 23000)) for i in range(50)]
answer = kill("src 127.0.0.1:23000 and dst 127.0.2.1:24000")
t.same((answer.status, answer.out.count(b"  closed\n"), seen(first[1])), (0, 1, errno.ECONNABORTED), "one whose tuple is another's but for one element", answer)
t.same((len(beside), [one for both in beside for one in both if seen(one) is not None]), (200, []), "its 200 neighbours can be used")
for one in [*first, *listeners.values(), *(one for both in beside for one in both)]:
    one.close()

# --- each state ------------------------------------------------------------------------------------------
def closes(name, expression, state):
    for _ in range(500):
        found = tap.run(["ss", "-Htuan", expression]).out.split()[1:2]
        if found == [state.encode()]:
            break
        time.sleep(0.01)
    t.same(found, [state.encode()], "%s: it is there" % name)
    answer = kill("-tu", expression, "--state", "all")
    t.same(answer.status, 0, "%s: closed" % name)
    t.same(tap.run(["ss", "-Htuan", expression]).out, b"", "%s: and gone" % name)


client, server = pair()
number = client.getsockname()[1]
client.shutdown(socket.SHUT_WR)
server.recv(1)
closes("FIN_WAIT2", "sport = :%d" % number, "FIN-WAIT-2")
client, server = pair()
number = client.getsockname()[1]
client.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 60)
client.shutdown(socket.SHUT_WR)
server.recv(1)
client.close()
closes("FIN_WAIT2 of no process", "sport = :%d" % number, "FIN-WAIT-2")
client, server = pair()
number = client.getsockname()[1]
client.shutdown(socket.SHUT_WR)
server.recv(1)
closes("CLOSE_WAIT", "%s and dport = :%d" % (here, number), "CLOSE-WAIT")
client, server = pair()
number = client.getsockname()[1]
client.close()
server.recv(1)
server.close()
closes("TIME_WAIT", "sport = :%d" % number, "TIME-WAIT")
# Its queue of one is full: the next SYN is dropped.
full = socket.socket()
full.bind(("127.0.0.1", 0))
full.listen(0)
waiting = socket.create_connection(full.getsockname())
calling = socket.socket()
calling.setblocking(False)
calling.connect_ex(full.getsockname())
closes("SYN_SENT", "sport = :%d" % calling.getsockname()[1], "SYN-SENT")
t.same(seen(waiting), None, "SYN_SENT: the connection beside it can be used")
# The handshake's last segment carries no data: it stays a request.
deferring = socket.create_server(("127.0.0.1", 0))
deferring.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
early = socket.create_connection(deferring.getsockname())
closes("SYN_RECV", "sport = :%d and dport = :%d" % (deferring.getsockname()[1], early.getsockname()[1]), "SYN-RECV")
closes("unaccepted", "sport = :%d and dport = :%d" % (full.getsockname()[1], waiting.getsockname()[1]), "ESTAB")
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
number = udp.getsockname()[1]
t.same(kill("-u", "sport = :%d" % number).status, 1, "UDP that is not connected is closed only by its state's name")
closes("UDP", "sport = :%d" % number, "UNCONN")
six = socket.socket(socket.AF_INET6)
six.bind(("::", 0))
six.listen(3)
mapped = socket.create_connection(("127.0.0.1", six.getsockname()[1]))
inner = six.accept()[0]
number = mapped.getsockname()[1]
closes("IPv4 of an IPv6 socket", "sport = :%d and dport = :%d" % (six.getsockname()[1], number), "ESTAB")

bound = socket.socket()
bound.bind(("127.0.0.1", 0))
answer = kill("state = bound and sport = :%d" % bound.getsockname()[1])
if b"BOUND" in answer.out:
    t.same(answer.status, 3, "BOUND cannot be closed")
    t.ok(b"not closed" in answer.out, "and that is said")
else:
    t.skip("BOUND cannot be closed", "this kernel does not list such sockets")

# --- the session -----------------------------------------------------------------------------------------
(one, _), (two, other) = ends[:2]
session = {"SSH_CONNECTION": "127.0.0.1 %d 127.0.0.1 %d" % (one.getsockname()[1], port)}
both = "%s and dport = :%d,%d" % (here, one.getsockname()[1], two.getsockname()[1])
answer = kill(both, env=session)
t.same(answer.status, 0, "the session's connection among others")
t.same(sorted(line.split(b"  ")[-1] for line in answer.out.splitlines()), [b"closed", b"left: this session came by it"],
       "is left, and that is said")
t.same([seen(one), seen(other)], [None, errno.ECONNABORTED], "it works, the other is closed")
answer = kill(both, env=session)
t.ok(answer.out.endswith(b"  closed\n"), "it is closed if it is the only one chosen")

# --- many, and a listener --------------------------------------------------------------------------------
t.same(kill(here).status, 2, "more than 100 without a terminal: refused")
answer = kill("--yes", here)
t.same((answer.status, answer.out.count(b"  closed\n")), (0, 197), "--yes: all of them")
t.same(kill(here).status, 1, "the listener is none of them")
answer = kill("state = listen and " + here)
t.same(answer.status, 0, "the listener, by its state's name")
t.ok(b"accept() fails for ever" in answer.out, "with a word of warning")
listener.settimeout(5)
try:
    listener.accept()
    t.ok(False, "accept() fails")
except OSError as error:
    t.same(error.errno, errno.EINVAL, "accept() fails")

# --- without the right -----------------------------------------------------------------------------------
if os.getuid() == 0:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    kept = pair()
    answer = tap.run(["setpriv", "--bounding-set=-net_admin", tap.SOCKVIEW, "-K", "sport = :%d" % port])
    t.same(answer.status, 3, "without CAP_NET_ADMIN")
    t.ok(b"CAP_NET_ADMIN" in answer.err, "that is told")
    t.same(seen(kept[1]), None, "and nothing closed")
t.done()
