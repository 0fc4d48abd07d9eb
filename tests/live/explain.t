#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--explain: a live case for every cause a bind fails or surprises, each with its sentence and exit status.

The truth beside the verdict is the kernel's: bind() of a socket of the
script's own, set up as the one that is explained, right after the explaining.
"""
import array
import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from scene import (CLOSE_WAIT, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, SO_BINDTODEVICE, TIME_WAIT, deafen, reach, wait_for)

V4, V6, STREAM, DGRAM = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
ROOT = os.getuid() == 0

t = tap.Tap()
why = netns.enter()
if why:
    tap.skip_all(why)
SELF = os.getpid()
# Process 1 of a pid namespace gets only signals that it handles.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
IPV6 = netns.has_ipv6()
with socket.create_server(("127.0.0.1", 0)):  # without a socket there is no owner to ask for
    BPF = tap.sockview("-ltn", "--columns", "pid", "--owners-from", "bpf").status == 0
VETH = netns.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
if VETH:
    netns.ip("address", "add", "192.0.2.1/24", "dev", "v0")
    netns.ip("link", "set", "v0", "up")
    netns.ip("link", "set", "v1", "up")

next_port = 20000


def port():
    """A port nothing has used yet: no case sees what another left."""
    global next_port
    next_port += 1
    return next_port


def make(address, family=V4, kind=STREAM, reuseaddr=0, reuseport=0, v6only=None, device=None):
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuseaddr)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuseport)
    if v6only is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode() + b"\0")
    sock.bind(address)
    return sock


def listen(address, family=V4, **options):
    sock = make(address, family, **options)
    sock.listen(128)
    return sock


def explain(*args, **more):
    return tap.sockview("--explain", *map(str, args), **more)


def words(result):
    """The text as one line: where it is folded says nothing."""
    return " ".join(result.out.decode().split())


def kernel_says(bind):
    """The errno the kernel gives to the bind of that JSON object, asked by this script itself."""
    family = V6 if ":" in bind["address"] else V4
    sock = socket.socket(family, DGRAM if bind["protocol"] == "udp" else STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, bind["reuseaddr"])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, bind["reuseport"])
        if family == V6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bind["v6only"])
        sock.bind((bind["address"], bind["port"]))
        return None
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        sock.close()


def check_json(name, args, status, verdict, judge, **more):
    result = explain(*args, "--json", **more)
    answer = json.loads(result.out)
    good = result.status == status and answer["exit"] == status and answer["verdict"] == verdict
    told = []
    for bind in answer["binds"] if judge else []:
        bind.update({key: answer["target"][key] for key in ("protocol", "reuseaddr", "reuseport")})
        told.append((bind["address"], bind["error"], kernel_says(bind)))
        good = good and (bind["left_out"] or bind["error"] == told[-1][2])
    t.ok(good, name + ": as JSON, and as the kernel says", result, told)
    return answer


def case(name, args, status, *wanted, without=(), verdict=None, judge=True, **more):
    """Text with these sentences and none of the others, exit status, JSON, and the kernel's own bind()."""
    args = args if isinstance(args, (list, tuple)) else [args]
    result = explain(*args, **more)
    text = words(result)
    missing = [want for want in wanted if want not in text]
    unwanted = [want for want in without if want in text]
    t.ok(result.status == status and not missing and not unwanted and not result.err, name,
         "missing: %r, not wanted: %r" % (missing, unwanted), result)
    verdict = verdict or ("free" if status == 0 else "taken")
    return check_json(name, args, status, verdict, judge, **more)


TAKEN = "is taken"
FREE = "is free"
STOP = "To free it: kill %d" % SELF
NO = "--no-reuseaddr"
OTHERS = "is free for a server that sets SO_REUSEADDR (nginx, node, Go, Java do)"

# --- listeners and addresses ---------------------------------------------------

p = port()
case("nothing there", "127.0.0.1:%d" % p, 0, "127.0.0.1:%d (tcp) is free." % p, without=("SO_REUSEADDR", "Why:"))

keep = [listen(("0.0.0.0", p))]
answer = case("a listener on the same address", "0.0.0.0:%d" % p, 1, "Port %d (tcp, IPv4) is taken by" % p, "0.0.0.0:%d LISTEN" % p,
              "(pid %d, " % SELF, STOP, "Or use %d: nothing has it." % (p + 1), without=("EADDRINUSE", "Why:"))
t.same([why["key"] for why in answer["why"]], ["listener"], "what holds for every listener is in JSON, and in text with -v")
case("... with -v", ["0.0.0.0:%d" % p, "-v"], 1, "fails with EADDRINUSE (Address already in use)",
     "A socket that listens keeps its address and port to itself")
t.same([owner["pid"] for owner in answer["sockets"][0]["owners"]], [SELF], "the holder is named with its pid in JSON")
case("SO_REUSEADDR does not help against it", ["0.0.0.0:%d" % p, "--reuseaddr", "-v"], 1,
     "SO_REUSEADDR does not help against it.", without=("set SO_REUSEADDR",))
case("... and without it", ["0.0.0.0:%d" % p, NO, "-v"], 1, TAKEN, "A socket that listens keeps its address and port to itself")
answer = case("a bare port: both wildcards are tried", p, 1, TAKEN, without=("IPV6_V6ONLY",))
t.same([bind["address"] for bind in answer["binds"]], ["0.0.0.0", "::"], "... as JSON tells")
case("wildcard against specific", "127.0.0.1:%d" % p, 1, TAKEN,
     "has the port of every address of its family, so of 127.0.0.1 too")

p = port()
keep.append(listen(("127.0.0.1", p)))
case("specific against wildcard", "0.0.0.0:%d" % p, 1, TAKEN, "0.0.0.0 asks for the port of every address",
     "listens on loopback only", *(["bind one address where the port is free instead of all: 192.0.2.1"] if VETH else []))
case("another address is free", "127.0.0.2:%d" % p, 0, FREE, "not in the way", "127.0.0.1:%d LISTEN (another address)" % p)

if IPV6:
    p = port()
    keep.append(listen(("::", p), V6, v6only=0))
    case("[::] without v6only has IPv4's port", "0.0.0.0:%d" % p, 1, "[::] without IPV6_V6ONLY has the port of IPv4 too",
         "[::]:%d LISTEN" % p, "let the program that has [::] set IPV6_V6ONLY")
    case("... and that of one IPv4 address", "127.0.0.1:%d" % p, 1, "so of 127.0.0.1")
    p = port()
    keep.append(listen(("::", p), V6, v6only=1))
    case("[::] with v6only leaves IPv4 alone", "0.0.0.0:%d" % p, 0, FREE, "[::]:%d LISTEN (the other family)" % p)
    case("half of a bare port taken", p, 1, "Port %d (tcp) is taken on IPv6 by" % p, "; IPv4 alone is free.")
    p = port()
    keep.append(listen(("127.0.0.1", p)))
    case("the planned [::] wants IPv4's port", "[::]:%d" % p, 1, "[::] without IPV6_V6ONLY asks for the port of IPv4 too",
         "set IPV6_V6ONLY on the new [::] socket")
    case("... with --v6only it is free", ["[::]:%d" % p, "--v6only"], 0, FREE)
    p = port()
    client = make(("::1", p), V6)
    server = listen(("::1", port()), V6)
    client.connect(server.getsockname())
    keep += [client, server]
    case("an explicit bind to ::1 is v6only", "0.0.0.0:%d" % p, 0, FREE)
else:
    t.skip("IPv6", "this kernel has none")

if VETH:
    p = port()
    keep.append(listen(("0.0.0.0", p), device="lo"))
    case("another interface", ["0.0.0.0:%d" % p, "--device", "v0"], 0, FREE, "(another interface)", judge=False)
    case("the same interface", ["0.0.0.0:%d" % p, "--device", "lo"], 1, TAKEN, "bound to the interface lo", judge=False)
    keep.append(listen(("0.0.0.0", p), device="v0"))
    case("two interfaces: neither is told of both", "0.0.0.0:%d" % p, 1, TAKEN, without=("bound to the interface",))
    case("... one of them is in the way", ["0.0.0.0:%d" % p, "--device", "lo"], 1, TAKEN, "bound to the interface lo", judge=False)

# --- bound, and SO_REUSEADDR ---------------------------------------------------------

p = port()
keep.append(make(("0.0.0.0", p)))
case("bound, never listening", ["0.0.0.0:%d" % p, NO], 1, TAKEN, "0.0.0.0:%d BOUND" % p, STOP,
     "It was bound and neither listens nor is connected")
case("... and SO_REUSEADDR on the new one alone", "0.0.0.0:%d" % p, 1, STOP,
     "SO_REUSEADDR shares only if both sockets set it, and the one in the way did not.", without=("set SO_REUSEADDR",))
case("... which no table of /proc/net shows, but the descriptors of its process", ["0.0.0.0:%d" % p, "--source", "proc"], 1, TAKEN, STOP,
     "are told of by no table here", without=("that no table shows",))
case("... also without a probe", ["0.0.0.0:%d" % p, "--source", "proc", "--no-probe", NO], 1, TAKEN, "the kernel was not asked")
p = port()
both = make(("0.0.0.0", p), reuseaddr=1)
keep.append(both)
answer = case("two bound with SO_REUSEADDR: the bind passes", "0.0.0.0:%d" % p, 0, OTHERS, "(pid %d, " % SELF,
              "has it bound too: the first to call listen() gets it.", "For any other: kill %d" % SELF)
t.same((answer["verdict"], answer["target"]["reuseaddr"], answer["without_reuseaddr"]), ("free", True, "taken"), "... and without the option it does not")
t.ok("until-listen" in [note["key"] for note in answer["notes"]] and not answer["binds"][0]["tried"],
     "... which the socket itself told: nothing was tried", answer)
case("... and listen() too while neither listens", ["0.0.0.0:%d" % p, "--probe", "listen"], 0, FREE)
answer = case("... without it on the new one it is taken", ["0.0.0.0:%d" % p, NO], 1, TAKEN)
t.same(answer["without_reuseaddr"], None, "... which is said once")
both.listen(1)
case("... and once one listens the other is out", ["0.0.0.0:%d" % p, "-v"], 1, TAKEN, "SO_REUSEADDR does not help against it")

# --- SO_REUSEPORT ------------------------------------------------------------------

p = port()
keep.append(listen(("0.0.0.0", p)))
case("SO_REUSEPORT on one side only", ["0.0.0.0:%d" % p, "--reuseport"], 1,
     "SO_REUSEPORT shares only if both sockets set it, and the one in the way did not.")
p = port()
keep.append(listen(("0.0.0.0", p), reuseport=1))
case("SO_REUSEPORT on both sides", ["0.0.0.0:%d" % p, "--reuseport"], 0, FREE)
if ROOT:
    case("SO_REUSEPORT of another user", ["0.0.0.0:%d" % p, "--reuseport", "--as-user", "nobody"], 1, TAKEN,
         "SO_REUSEPORT shares a port among the sockets of one user: the one in the way is root's, the new one nobody's.",
         judge=False)
else:
    t.skip("SO_REUSEPORT of another user", "it takes root")

# --- connections ------------------------------------------------------------------


def served(reuseaddr, host="127.0.0.1"):
    """A connection whose listener is gone: (its port, the server's end, the client's end)."""
    p = port()
    listener = listen((host, p), reuseaddr=reuseaddr)
    client = socket.create_connection((host, p))
    server = listener.accept()[0]
    listener.close()
    return p, server, client


for reuseaddr in (1, 0):
    had = "with" if reuseaddr else "without"
    helps = 0 if reuseaddr else 1
    p, server, client = served(reuseaddr)
    keep += [server, client]
    case("ESTABLISHED, made %s SO_REUSEADDR" % had, ["127.0.0.1:%d" % p, NO], 1, TAKEN, "ESTABLISHED",
         "A connection holds its local port as a listener does")
    case("... and SO_REUSEADDR on the new one", "127.0.0.1:%d" % p, helps)
    p, server, client = served(reuseaddr)
    client.shutdown(socket.SHUT_WR)
    reach(server, CLOSE_WAIT)
    keep += [server, client]
    case("CLOSE_WAIT, made %s SO_REUSEADDR, and SO_REUSEADDR" % had, ["127.0.0.1:%d" % p, "--reuseaddr"], helps)
    p, server, client = served(reuseaddr)
    deafen(client)
    server.shutdown(socket.SHUT_WR)
    reach(server, FIN_WAIT1)
    keep += [server, client]
    case("FIN_WAIT1, made %s SO_REUSEADDR, and SO_REUSEADDR" % had, ["127.0.0.1:%d" % p, "--reuseaddr"], helps)
    p, server, client = served(reuseaddr)
    deafen(client)
    server.send(b"left behind")
    server.close()
    keep.append(client)
    case("an orphan, made %s SO_REUSEADDR" % had, ["127.0.0.1:%d" % p, NO], 1, "no process: closed, the kernel still finishes")

    p, server, client = served(reuseaddr)
    server.shutdown(socket.SHUT_WR)
    reach(client, CLOSE_WAIT)
    server.close()
    client.close()
    advice = "set SO_REUSEADDR on the new socket before bind(): tried, and it is let in"
    answer = case("TIME_WAIT, made %s SO_REUSEADDR" % had, ["127.0.0.1:%d" % p, NO], 1, "is taken by 1 closed connection (TIME_WAIT), for",
                  "To free it: sockview -K state time-wait sport = :%d" % p,  # root, if only of a user namespace
                  "no process: the kernel keeps it for", "The connection is over, but its port stays taken", "wait ", *([advice] if reuseaddr else []),
                  without=[] if reuseaddr else ["set SO_REUSEADDR on"])
    left = answer["sockets"][0]["expires_ms"]
    t.ok(left and 0 < left <= 60000, "its end is told: %s ms" % left, answer)
    case("... and SO_REUSEADDR on the new one", "127.0.0.1:%d" % p, helps,
         *([OTHERS + "; for any other, 1 closed connection (TIME_WAIT) keeps it"] if reuseaddr else ["made without SO_REUSEADDR, so setting it on the new one does not help"]),
         without=["set SO_REUSEADDR on"])
    # BPF reads the option of TIME_WAIT, which no table tells; without it nothing is guessed.
    if BPF:
        case("... and without a probe", ["127.0.0.1:%d" % p, "--no-probe"], helps,
             *([OTHERS] if reuseaddr else ["made without SO_REUSEADDR"]), without=["not known", "could not be told"])
    else:
        t.skip("... and without a probe", tap.no_bpf())
    if ROOT:
        result = explain("127.0.0.1:%d" % p, "--no-probe", user=tap.NOBODY)
        t.ok(result.status == 3 and "whether the old one did is not known" in words(result) and
             "made without SO_REUSEADDR" not in words(result), "... nor BPF", result)

# Many of a kind are one line.
p = port()
listener = listen(("127.0.0.1", p))
many = [socket.create_connection(("127.0.0.1", p)) for _ in range(30)]
served_ends = [listener.accept()[0] for _ in range(30)]
answer = case("thirty connections beside their listener", ["127.0.0.1:%d" % p, NO], 1, "30 x 127.0.0.1:%d ESTABLISHED" % p,
              "its connections may keep the port for a minute more (TIME_WAIT)")
t.same(len(answer["sockets"]), 31, "JSON has each of them")
keep += [listener, *many, *served_ends]

# --- outgoing ---------------------------------------------------------------------

server = listen(("127.0.0.1", port()))
out = socket.create_connection(server.getsockname())
ephemeral = out.getsockname()[1]
keep += [server, out]
case("an outgoing connection's ephemeral port", ["127.0.0.1:%d" % ephemeral, NO], 1, TAKEN,
     "An outgoing connection was given this port as its own (ephemeral) one")
accepted = server.accept()[0]
out = socket.create_connection(server.getsockname())
ephemeral = out.getsockname()[1]
accepted = server.accept()[0]
out.close()
wait_for(lambda: not accepted.recv(1), "end")
accepted.close()
case("... and its TIME_WAIT", ["127.0.0.1:%d" % ephemeral, NO], 1, TAKEN, "TIME_WAIT")


def self_connect():
    """Simultaneous open with oneself: a client bound to the port it calls."""
    sock = make(("127.0.0.1", port()))
    sock.connect(sock.getsockname())
    return sock


lonely = self_connect()
keep.append(lonely)
answer = case("a client that connected to itself", ["127.0.0.1:%d" % lonely.getsockname()[1], NO], 1, TAKEN, "so connected to itself")
t.same(len(answer["sockets"]), 1, "... is one socket")

# --- UDP --------------------------------------------------------------------------

p = port()
keep.append(make(("127.0.0.1", p), kind=DGRAM))
answer = case("UDP: the same address", "udp:127.0.0.1:%d" % p, 1, TAKEN, STOP)
t.same([why["key"] for why in answer["why"]], ["socket"], "... as for every one")
case("UDP: the wildcard", "udp:0.0.0.0:%d" % p, 1, TAKEN, "0.0.0.0 asks for the port of every address")
case("UDP: another address", "udp:127.0.0.2:%d" % p, 0, FREE)
case("UDP and TCP are apart", "tcp:127.0.0.1:%d" % p, 0, FREE, "The UDP port of the same number is held",
     "UDP and TCP ports are apart")
case("UDP and UDPLITE are apart", "udplite:127.0.0.1:%d" % p, 0, "The UDP port of the same number is held",
     "UDP and UDPLITE ports are apart", judge=False)
p = port()
keep.append(make(("0.0.0.0", p), kind=DGRAM, reuseaddr=1))
case("UDP: SO_REUSEADDR on both", ["udp:0.0.0.0:%d" % p, "--reuseaddr"], 0, FREE,
     "but taken by", "(pid %d, " % SELF, "with SO_REUSEADDR the new socket takes the datagrams away from that one")
case("UDP: SO_REUSEADDR on one side", "udp:0.0.0.0:%d" % p, 1, TAKEN, without=("set SO_REUSEADDR",))
keep.append(listen(("127.0.0.1", p)))
case("TCP while UDP is asked for", ["udp:127.0.0.1:%d" % p, "--reuseaddr"], 0, "The TCP port of the same number is held")

# --- refused for other reasons -----------------------------------------------------

REFUSED = {"verdict": "refused", "judge": False}
netns.write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024")
if ROOT:
    case("a privileged port as a user", ["0.0.0.0:443", "--as-user", "nobody"], 1, "EACCES (Permission denied)",
         "cannot be bound for user nobody", "Ports below 1024 are privileged", "CAP_NET_BIND_SERVICE", "ip_unprivileged_port_start=443",
         "use a port from 1024 on", **REFUSED)
    result = explain("443", user=tap.NOBODY)
    t.ok(result.status == 1 and "Ports below 1024 are privileged" in words(result), "the same, run by that user", result)
    case("as root it is free", "0.0.0.0:443", 0, FREE)
    netns.write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "400")
    case("the limit is the kernel's", ["0.0.0.0:443", "--as-user", "nobody"], 0, "is free for user nobody", judge=False)
    result = explain("443", "--as-user", "daemon", user=tap.NOBODY)
    t.ok(result.status == 2 and b"only root" in result.err, "--as-user of another takes root", result)
else:
    t.skip("privileged ports", "they take two users")
answer = case("an address of another host", "198.51.100.7:8080", 1, "EADDRNOTAVAIL", "198.51.100.7 is not an address of this host",
              "ip address add 198.51.100.7/32", "net.ipv4.ip_nonlocal_bind=1", verdict="refused")
netns.write("/proc/sys/net/ipv4/ip_nonlocal_bind", "1")
case("... with ip_nonlocal_bind", "198.51.100.7:8080", 0, FREE)
netns.write("/proc/sys/net/ipv4/ip_nonlocal_bind", "0")
if IPV6 and VETH:
    case("IPv6: not of this host", "[2001:db8::77]:8080", 1, "2001:db8::77] is not an address of this host", verdict="refused")
    case("a link-local address with its zone", "fe80::77%lo:8080", 1, "[fe80::77%lo] is not an address of this host", verdict="refused", judge=False)
    case("a link-local address without its zone", "[fe80::77]:8080", 1, "has to be named", verdict="refused", judge=False)
    netns.write("/proc/sys/net/ipv6/conf/v0/dad_transmits", "20")
    netns.ip("address", "add", "2001:db8::78/64", "dev", "v0")
    case("IPv6: still tentative", "[2001:db8::78]:8080", 1, "EADDRNOTAVAIL", "still being checked for duplicates (tentative)",
         "try again in a second", verdict="refused", judge=False)
    netns.write("/proc/sys/net/ipv6/conf/v0/dad_transmits", "1")

if IPV6:
    p = port()
    keep.append(listen(("127.0.0.1", p)))
    netns.write("/proc/sys/net/ipv6/bindv6only", "1")
    case("net.ipv6.bindv6only makes a [::] v6only", "[::]:%d" % p, 0, FREE)
    netns.write("/proc/sys/net/ipv6/bindv6only", "0")
    case("... and without it the planned [::] wants IPv4's port", "[::]:%d" % p, 1, TAKEN)
    netns.write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    case("IPv6 is switched off", "[2001:db8::79]:%d" % p, 1, "IPv6 is switched off here", "disable_ipv6=0", verdict="refused")
    netns.write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0")
p = port()
keep.append(make(("127.0.0.1", p), kind=DGRAM))
case("-u and -4 say what the target does not", [p, "-u", "-4"], 1, "Port %d (udp, IPv4) is taken by" % p, without=["[::]"])
if ROOT:
    p = port()
    keep.append(listen(("127.0.0.1", p)))
    result = explain("127.0.0.1:%d" % p, user=tap.NOBODY)
    t.ok(result.status == 1 and "a process that may not be seen from here" in words(result) and "(sudo)" in words(result) and
         "could not be looked into" in words(result), "as a user who may not see the owner", result)

p = port()
netns.write("/proc/sys/net/ipv4/ip_local_reserved_ports", "%d-%d,33000" % (p, p + 1))
case("a reserved port does not stop a bind", "0.0.0.0:%d" % p, 0, FREE, "net.ipv4.ip_local_reserved_ports",
     "a bind that names it is not affected")
case("a port in the ephemeral range", "0.0.0.0:33001", 0, FREE, without=["ephemeral range", "reserved_ports"])
case("... with -v: how to keep it, and what is reserved already", ["0.0.0.0:33001", "-v"], 0, FREE, "in the ephemeral range",
     "sysctl net.ipv4.ip_local_reserved_ports=%d-%d,33000,33001 (a file" % (p, p + 1))

# A BPF program of the cgroup and a seccomp filter: what the kernel says before it looks at any socket.
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


# bind(2), socket(2)
CALLS = {"x86_64": (49, 41), "aarch64": (200, 198)}.get(tap.MACHINE)


def deny(*code):
    """A preexec_fn: a seccomp filter whose last two instructions are EPERM and "allow"."""
    code = b"".join(struct.pack("HBBI", *one) for one in (*code, (0x06, 0, 0, 0x00050000 | errno.EPERM), (0x06, 0, 0, 0x7fff0000)))
    buffer = ctypes.create_string_buffer(code)

    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    program = Program(len(code) // 8, ctypes.addressof(buffer))
    program.keep = buffer

    def start():
        tap.die_with_parent()
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
            os._exit(99)
    return start


if CALLS:
    import subprocess
    p = port()
    LOAD, EQUAL = 0x20, 0x15
    done = subprocess.run([tap.SOCKVIEW, "--explain", "127.0.0.1:%d" % p], capture_output=True, env=tap.environment(),
                          preexec_fn=deny((LOAD, 0, 0, 0), (EQUAL, 0, 1, CALLS[0])))
    text = " ".join(done.stdout.decode().split())
    t.ok(done.returncode == 1 and "EPERM" in text and "a seccomp filter" in text, "a seccomp filter forbids bind()", text, done.stderr)
    # socket(AF_NETLINK, ..., NETLINK_ROUTE): offsets in struct seccomp_data, low halves of little-endian arguments.
    done = subprocess.run([tap.SOCKVIEW, "--explain", "127.0.0.1:%d" % p], capture_output=True, env=tap.environment(),
                          preexec_fn=deny((LOAD, 0, 0, 0), (EQUAL, 0, 5, CALLS[1]), (LOAD, 0, 0, 16), (EQUAL, 0, 3, socket.AF_NETLINK),
                                          (LOAD, 0, 0, 32), (EQUAL, 0, 1, socket.NETLINK_ROUTE)))
    text = " ".join(done.stdout.decode().split())
    t.ok(done.returncode == 0 and "Not seen:" in text and "- Not all addresses and interfaces of this host were read (rtnetlink: Operation not permitted)" in text,
         "addresses that could not be read are told", text, done.stderr)
else:
    for name in ("a seccomp filter forbids bind()", "addresses that could not be read are told"):
        t.skip(name, "bind() is socketcall(2) on i386, which seccomp cannot tell apart" if tap.MACHINE == "i386" else
               "the numbers of %s's system calls are not known" % tap.MACHINE)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 144)
    return libc.syscall(tap.SYS_BPF, command, buffer, 144)


def cgroup_denies(folder):
    """A program on BPF_CGROUP_INET4_BIND that answers 0: EPERM. The fds that hold it, or None."""
    code = ctypes.create_string_buffer(struct.pack("BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
    text = ctypes.create_string_buffer(b"GPL")
    load = struct.pack("IIQQIIQII16sII", 18, 2, ctypes.addressof(code), ctypes.addressof(text), 0, 0, 0, 0, 0,
                       b"deny_bind", 0, 8)
    program = bpf(5, load)
    group = os.open(folder, os.O_RDONLY)
    if program < 0 or bpf(8, struct.pack("IIII", group, program, 8, 0)) < 0:
        return None
    return [program, group]


def cgroup2():
    with open("/proc/self/mountinfo") as mounts:
        return next((line.split()[4] for line in mounts if " - cgroup2 " in line), None)


def remove_cgroup(folder):
    """A process that has just ended may keep it busy for a moment."""
    def removed():
        try:
            os.rmdir(folder)
        except OSError as error:
            return error.errno not in (errno.EBUSY,)
        return True
    wait_for(removed, "empty cgroup " + folder)


# Every run of this script has its own: the pid tells nothing in a pid namespace.
UNIQUE = tap.UNIQUE
top = cgroup2()
folder = os.path.join(top, "sockview-test-" + UNIQUE) if top else None
try:
    os.mkdir(folder) if ROOT and folder else None
    held = cgroup_denies(folder) if ROOT and folder and tap.SYS_BPF else None
    if held:
        p = port()
        result = tap.run(
            ["bash", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder, tap.SOCKVIEW, "--explain", "127.0.0.1:%d" % p])
        t.ok(result.status == 1 and "EPERM" in words(result) and "a BPF program of the cgroup" in words(result),
             "a BPF program of the cgroup forbids the bind", result)
        t.ok("--as-unit UNIT tries it there" in words(result), "... of which cgroup that is true", result)
        # The manager is a stand-in; the unit's process is the kernel's own judgement of a bind there.
        manager = os.path.join(tap.scratch(), "manager")
        os.mkdir(manager)
        with open(os.path.join(manager, "systemctl"), "w") as script:
            script.write('#!/bin/sh\n[ "$5" = no.service ] || echo "ControlGroup=/$5"\n')
        os.chmod(os.path.join(manager, "systemctl"), 0o755)
        path = {"PATH": manager + ":" + os.environ["PATH"]}
        unit = os.path.basename(folder)
        result = explain("127.0.0.1:%d" % p, "--as-unit", unit, env=path)
        t.ok(result.status == 1 and ("127.0.0.1:%d (tcp) cannot be bound in %s." % (p, unit)) in words(result) and "EPERM" in words(result) and
             "--as-unit" not in words(result), "--as-unit: it is tried in the unit's cgroup", result)
        result = explain("127.0.0.1:%d" % p, "--as-unit", unit, "--json", env=path)
        t.same(json.loads(result.out)["target"]["unit"], unit, "... as JSON")
        t.ok(os.path.exists(os.path.join(folder, "cgroup.procs")) and not open(os.path.join(folder, "cgroup.procs")).read(), "... and nothing is left there")
        for name in ("no.service", "gone.service"):
            result = explain("127.0.0.1:%d" % p, "--as-unit", name, env=path)
            t.ok(result.status == 3 and "It was not tried in that unit's cgroup: No such file or directory." in words(result),
                 "--as-unit of a unit without a cgroup: " + name, result)
        result = explain("127.0.0.1:%d" % p, "--as-unit", unit, "--as-user", "nobody", env=path)
        t.ok(result.status == 1 and "cannot be bound for user nobody in " in words(result), "--as-unit and --as-user", result)
    else:
        t.skip("a BPF program of the cgroup forbids the bind", "it takes root, cgroup2 and BPF")
finally:
    if folder and os.path.isdir(folder):
        remove_cgroup(folder)

# --- unusual owners -----------------------------------------------------------------


def hold(sock, *args, name="holder"):
    """A process that alone keeps the socket; its pid and the pipe that ends it."""
    ready, told = os.pipe()
    wait, end = os.pipe()
    os.set_inheritable(told, True), os.set_inheritable(wait, True), sock.set_inheritable(True)
    pid = os.posix_spawn(tap.helper("hold"), [name, "ready=%d" % told, "wait=%d" % wait, *args], os.environ)
    sock.close(), os.close(told), os.close(wait)
    assert os.read(ready, 1) == b"R"
    os.close(ready)
    return pid, end


p = port()
pid, end = hold(listen(("127.0.0.1", p)), "leader-exits")
case("held by a thread whose leader has gone", "127.0.0.1:%d" % p, 1, TAKEN, "pid %d" % pid, "held by its thread")
os.close(end), os.waitpid(pid, 0)

p = port()
copy = os.path.join(tap.scratch(), "copy of a program")
shutil.copy(tap.helper("hold"), copy)
ready, told = os.pipe()
wait, end = os.pipe()
sock = listen(("127.0.0.1", p))
for fd in (told, wait, sock.fileno()):
    os.set_inheritable(fd, True)
pid = os.posix_spawn(copy, ["updated", "ready=%d" % told, "wait=%d" % wait], os.environ)
sock.close(), os.close(told), os.close(wait), os.read(ready, 1)
case("its file is there", "127.0.0.1:%d" % p, 1, "taken by updated (pid %d" % pid, without=["deleted"])
os.unlink(copy)
case("its file was deleted", "127.0.0.1:%d" % p, 1,
     "updated (pid %d) runs a program file that was deleted or replaced since: %s." % (pid, copy.replace(" ", "\\x20")))
os.close(end), os.waitpid(pid, 0)

# The kernel says that the queue is full: it drops the next client's handshake.
p = port()
full = make(("127.0.0.1", p), reuseaddr=1)
full.listen(1)
waiting = [socket.create_connection(("127.0.0.1", p))]
case("an accept queue that has room", "127.0.0.1:%d" % p, 1, without=["accept queue"])
waiting.append(socket.create_connection(("127.0.0.1", p)))
last = socket.socket()
last.settimeout(0.2)
t.ok(last.connect_ex(("127.0.0.1", p)) != 0, "a full accept queue: another client waits")
case("... is told", "127.0.0.1:%d" % p, 1, "127.0.0.1:%d is sick (accept-queue-full): 2 connections wait to be accepted, the backlog is 1. New clients time out: the server does not accept fast enough" % p)
sick = {one["key"] for one in json.loads(tap.sockview("--health=0.1", "--json", "sport = :%d" % p).out)["findings"] if one["severity"] == "critical"}
told = {one["key"] for one in json.loads(tap.sockview("--explain", "127.0.0.1:%d" % p, "--json").out)["notes"]}
t.ok(sick == {"accept-queue-full"} and sick <= told, "... by the judgement of --health", sick, told)
accepted = [full.accept()[0] for _ in waiting]
last.close()
for sock in waiting:
    sock.close()
for sock in accepted:
    reach(sock, CLOSE_WAIT)
case("connections that were never closed", "127.0.0.1:%d" % p, 1,
     "(pid %d) has not closed 2 connections that the other end has closed (CLOSE_WAIT), with 127.0.0.1." % SELF)
for sock in (full, *accepted):
    sock.close()

p = port()
read, write = os.pipe()
middle = os.fork()
if middle == 0:
    sock = listen(("127.0.0.1", p))
    child = os.fork()
    if child == 0:
        tap.libc.prctl(tap.PR_SET_PDEATHSIG, 0)
        os.close(read)
        signal_end = os.open("/dev/null", os.O_RDONLY)
        time.sleep(300)
        os._exit(0)
    os.write(write, b"%d" % child)
    os._exit(0)
os.waitpid(middle, 0)
orphaned = int(os.read(read, 20))
case("inherited by a child whose parent is gone", "127.0.0.1:%d" % p, 1, TAKEN, "pid %d" % orphaned, "kill %d" % orphaned)
os.kill(orphaned, 9)

p = port()
sock = listen(("127.0.0.1", p))
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        tap.die_with_parent()
        time.sleep(300)
        os._exit(0)
    children.append(child)
keep.append(sock)
case("shared with two children", "127.0.0.1:%d" % p, 1, "and held open by 2 more processes: pid %d, %d" % tuple(sorted([SELF, *children])[1:]),
     "To free it: kill %d %d %d" % tuple(sorted([SELF, *children])))
for child in children:
    os.kill(child, 9), os.waitpid(child, 0)

p = port()
pid, end = hold(listen(("127.0.0.1", p)), name="docker-proxy")
case("docker-proxy", "127.0.0.1:%d" % p, 1, "docker-proxy (pid %d)" % pid, "docker ps --filter publish=%d" % p,
     "on behalf of a container", without=["kill"])
os.close(end), os.waitpid(pid, 0)


def in_cgroup(path, name, *wanted):
    """A holder in that cgroup, if one can be made here."""
    folder = os.path.join(top, path) if ROOT and top else None
    try:
        os.makedirs(folder)
    except (OSError, TypeError):
        t.skip(name, "no cgroup can be made here")
        return
    pid, end = hold(listen(("127.0.0.1", p)))
    try:
        netns.write(folder + "/cgroup.procs", str(pid))
        case(name, "127.0.0.1:%d" % p, 1, "pid %d" % pid, *wanted)
    finally:
        os.close(end), os.waitpid(pid, 0)
        for made in (folder, os.path.dirname(folder)):
            if made != top:
                remove_cgroup(made)


p = port()
in_cgroup("sockview%s.slice/sockview-test.service" % UNIQUE, "a systemd unit", ", sockview-test.service, running for",
          "To free it: kill ")
p = port()
in_cgroup("sockview%s.slice/docker-%s.scope" % (UNIQUE, "0123456789abcdef" * 4), "a container", ", docker 0123456789ab, running for",
          "To free it: kill ")   # there is no runtime to say that it is its container

p = port()
one, two = socket.socketpair()
sock = listen(("127.0.0.1", p))
one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
sock.close()
result = explain("127.0.0.1:%d" % p)
t.ok(result.status == 1 and TAKEN in words(result), "in flight through a unix socket: taken", result)
keep += [one, two]

p = port()
listener = listen(("127.0.0.1", p))
waiting = socket.create_connection(("127.0.0.1", p))
keep += [waiting]
case("a connection that is not accepted", "127.0.0.1:%d" % p, 1, "it waits to be accepted by", "(pid %d) on 127.0.0.1:%d" % (SELF, p))
listener.close()

if netns.ip("link", "add", "vx0", "type", "vxlan", "id", "42", "dstport", "4789", "local", "127.0.0.1") and \
        netns.ip("link", "set", "vx0", "up"):
    result = explain("udp:0.0.0.0:4789")
    t.ok(result.status == 1 and TAKEN in words(result), "vxlan's kernel socket: taken", result)
else:
    t.skip("vxlan's kernel socket", "this kernel has no vxlan")
if netns.ip("link", "add", "wg0", "type", "wireguard") and netns.ip("link", "set", "wg0", "up"):
    listen_port = tap.run(["wg", "show", "wg0", "listen-port"]).out.decode().strip()
    result = explain("udp:%s" % listen_port)
    t.ok(result.status == 1, "wireguard's kernel socket: taken", result)
else:
    t.skip("wireguard's kernel socket", "this kernel has no wireguard")

# --- elsewhere ------------------------------------------------------------------

IPPROTO_UDPLITE = 136
UDPLITE = netns.kernel_has(DGRAM, IPPROTO_UDPLITE)
p = port()
read, write = os.pipe()
child = os.fork()
if child == 0:
    tap.die_with_parent()
    netns.unshare(netns.CLONE_NEWNET)
    tap.run(["ip", "link", "set", "lo", "up"])
    far = [listen(("127.0.0.1", p)), make(("0.0.0.0", p), kind=DGRAM)]
    if UDPLITE:
        far.append(socket.socket(V4, DGRAM, IPPROTO_UDPLITE))
        far[-1].bind(("127.0.0.3", p))
    os.write(write, b"R")
    time.sleep(300)
    os._exit(0)
assert os.read(read, 1) == b"R"
case("another network namespace", "127.0.0.1:%d" % p, 0, FREE, "127.0.0.1:%d is held" % p,
     "(pid %d)" % child, "Look there: sockview -N %d -ltnup" % child)
case("... its UDP", "udp:127.0.0.1:%d" % p, 0, "0.0.0.0:%d is held" % p)
if UDPLITE:
    case("... its UDP-Lite", "udplite:127.0.0.1:%d" % p, 0, "127.0.0.3:%d is held" % p, judge=False)
else:
    t.skip("... its UDP-Lite", "this kernel has none")
# A holder here hides no other: told also when the port is taken; once for all of them, if there are more.
with listen(("127.0.0.1", p)):
    case("another network namespace, the port taken here", "127.0.0.1:%d" % p, 1, TAKEN,
         "In another network namespace, net:[%d], 127.0.0.1:%d is held" % (os.stat("/proc/%d/ns/net" % child).st_ino, p))
more = []
for n in range(5):
    read, write = os.pipe()
    more.append(os.fork())
    if more[-1] == 0:
        tap.die_with_parent()
        netns.unshare(netns.CLONE_NEWNET)
        far = listen(("0.0.0.0", p))
        os.write(write, b"R")
        time.sleep(300)
        os._exit(0)
    assert os.read(read, 1) == b"R"
case("six network namespaces in one line", "127.0.0.1:%d" % p, 0, FREE, "Port %d is held in 6 other network namespaces too" % p)
answer = explain("127.0.0.1:%d" % p, "--json")
inside = {os.stat("/proc/%d/ns/net" % pid).st_ino for pid in more + [child]}
related = json.loads(answer.out)["related"]
t.same({row["netns"] for row in related if row["protocol"] == "tcp"}, inside, "JSON names each of them by its number")
t.same({row["netns_name"] for row in related if row["protocol"] == "tcp"}, {"net:[%d]" % inode for inode in inside}, "... and its label")
for pid in more + [child]:
    os.kill(pid, 9), os.waitpid(pid, 0)

# --- NAT ------------------------------------------------------------------------


def nft(script):
    return tap.run(["nft", "-f", "-"], stdin=script.encode())


if tap.missing("nft"):
    t.skip("NAT rules", "nft is not installed")
elif nft("add table ip tnat\n").status != 0:
    t.skip("NAT rules", tap.last_words(nft("add table ip tnat\n")))
else:
    nft("""
table ip tnat {
  map targets { type inet_service : ipv4_addr . inet_service; elements = { 31006 : 192.0.2.16 . 8016 } }
  set many { type inet_service; flags interval; elements = { 31010-31020 } }
  chain pre {
    type nat hook prerouting priority -100;
    tcp dport 31001 dnat to 192.0.2.11:8011
    tcp dport 31002-31003 redirect to :8012
    tcp dport { 31004, 31005 } dnat to 192.0.2.14
    dnat ip addr . port to tcp dport map @targets
    tcp dport @many dnat to 192.0.2.18
    meta l4proto . th dport vmap { tcp . 31007 : goto far }
    udp dport 31001 dnat to 192.0.2.99
    tcp dport != 31001 ip daddr 203.0.113.1 accept
    ip daddr 203.0.113.9 jump near
  }
  chain far { meta l4proto tcp dnat to 192.0.2.17:8017; }
  chain near { tcp dport 31008 dnat to 192.0.2.19:8019; }
  chain outgoing {
    type nat hook output priority -100;
    tcp dport 31009 redirect to :8020
  }
}
table ip6 tnat6 {
  chain pre { type nat hook prerouting priority -100; tcp dport 31030 dnat to [2001:db8::30]:8030; }
}
""")
    listing = tap.run(["nft", "list", "ruleset"]).out.decode()
    t.ok("targets" in listing and "8030" in listing, "the rules are in the kernel", listing)
    for number, rule in ((31001, "sends tcp port 31001 to 192.0.2.11:8011 when it comes in:"),
                         (31002, "sends tcp port 31002 to port 8012 of this host"), (31003, "port 8012 of this host"),
                         (31004, "sends tcp port 31004 to 192.0.2.14:31004"), (31005, "192.0.2.14:31005"),
                         (31006, "192.0.2.16:8016"), (31007, "192.0.2.17:8017"), (31008, "sends tcp port 31008 to 192.0.2.19:8019 when it comes in, for packets with ip daddr 203.0.113.9"),
                         (31009, "port 8020 of this host for connections made on this host"),
                         (31010, "192.0.2.18:31010"), (31020, "192.0.2.18:31020"), (31030, "table ip6 tnat6")):
        case("NAT: port %d" % number, number, 0, FREE, rule, judge=False)
    case("NAT: a rule of UDP", "udp:31001", 0, "192.0.2.99:31001", without=["192.0.2.11"], judge=False)
    for number in (31000, 31021, 31031):
        case("NAT: no rule for %d" % number, number, 0, FREE, without=["NAT"], judge=False)
    # A rule that keeps the port and this host: a real client tells which listener it reaches.
    tap.run(["ip", "addr", "add", "192.0.2.177/32", "dev", "lo"])
    for rule, to in (("redirect", "port 31070 of the loopback address for connections made on this host"), ("dnat to 127.0.0.1", "127.0.0.1:31070 for connections made on this host"),
                     ("dnat to 127.0.0.1:31071", None)):
        nft("flush ruleset\ntable ip keeps {\nchain o { type nat hook output priority -100; tcp dport 31070 %s;\n}\n}\n" % rule)
        met = {}
        for address in ("0.0.0.0", "192.0.2.177", "127.0.0.1"):
            listener = listen((address, 31070))
            try:
                socket.create_connection(("192.0.2.177", 31070)).close()
                met[address] = True
            except ConnectionRefusedError:
                met[address] = False
            listener.close()
        wanted = {"0.0.0.0": bool(to), "192.0.2.177": False, "127.0.0.1": bool(to)}
        case("NAT: %s" % rule, 31070, 0, *(["sends tcp port 31070 to %s: a listener sees that traffic only on that address, or on every one." % to] if to else
                                           ["127.0.0.1:31071 for connections made on this host: a listener here does not see that traffic."]), judge=False)
        t.same(met, wanted, "NAT: %s: as a client meets it" % rule)
    if ROOT:
        result = explain("31001", user=tap.NOBODY)
        t.ok("NAT rules were not read" in words(result), "NAT: what could not be read is said", result)
    nft("flush ruleset")

IPTABLES = next((tool for tool in ("iptables-nft", "iptables") if not tap.missing(tool)), None)


def iptables(*args):
    return tap.run([IPTABLES, "-t", "nat", *args])


if not IPTABLES or b"nf_tables" not in tap.run([IPTABLES, "--version"]).out or iptables("-N", "PUBLISHED").status != 0:
    t.skip("iptables-nft's rules", "iptables-nft is not to be had")
else:
    for rule in ("PREROUTING -m addrtype --dst-type LOCAL -j PUBLISHED",
                 "PUBLISHED ! -i docker0 -p tcp -m tcp --dport 31040 -j DNAT --to-destination 172.17.0.2:80",
                 "PREROUTING -p tcp -m multiport --dports 31041,31050:31059 -j REDIRECT --to-ports 3128"):
        added = iptables("-A", *rule.split())
        t.ok(added.status == 0, "iptables -A " + rule, added)
    case("iptables-nft: DNAT", 31040, 0, "chain PUBLISHED, handle ", "sends tcp port 31040 to 172.17.0.2:80 when it comes in, for packets with iifname != \"docker0\"", judge=False)
    case("iptables-nft: multiport, REDIRECT", 31055, 0, "sends tcp port 31055 to port 3128 of this host", judge=False)
    case("iptables-nft: no rule", 31060, 0, without=["NAT"], judge=False)

# --- the ephemeral range ------------------------------------------------------------

netns.write("/proc/sys/net/ipv4/ip_local_port_range", "61000 61019")
netns.write("/proc/sys/net/ipv4/ip_local_reserved_ports", "61000-61001")
server = listen(("127.0.0.1", port()))
clients = []
for _ in range(64):
    sock = socket.socket()
    try:
        sock.connect(server.getsockname())
    except OSError as error:
        t.same(error.errno, errno.EADDRNOTAVAIL, "the kernel has no ephemeral port left")
        break
    clients.append(sock)
used = len(clients)
case("the ephemeral range is used up", server.getsockname()[1], 1, "%d of 18 ephemeral ports (61000-61019) are in use towards 127.0.0.1:%d"
     % (used, server.getsockname()[1]), "%d are left" % (18 - used), judge=False)
case("the checks do without one", "0.0.0.0:%d" % port(), 0, FREE)
case("... and it is so whatever the target names", "127.0.0.1:%d" % server.getsockname()[1], 1, "are in use towards 127.0.0.1:%d"
     % server.getsockname()[1], "EADDRNOTAVAIL", judge=False)
for sock in clients:
    sock.close()
server.close()

# A destination that is named is told however few connections it has; one that is not has to be nearly full.
server = listen(("127.0.0.1", port()))
client = socket.create_connection(server.getsockname())
ours = client.getsockname()[1]
for args, told in (("127.0.0.1:%d", True), ("%d", False), ("127.0.0.2:%d", False)):
    target = args % server.getsockname()[1]
    line = "1 of 18 ephemeral ports (61000-61019) are in use towards 127.0.0.1:%d, 17 are left." % server.getsockname()[1]
    result = explain(target)
    t.ok((line in words(result)) == told and "EADDRNOTAVAIL" not in words(result), "one connection, asked about %s" % target, result)
result = explain("192.0.2.77:443")
t.ok("0 of 18 ephemeral ports (61000-61019) are in use towards 192.0.2.77:443, 18 are left." in words(result), "an address of another host", result)
client.close()
server.close()

# A range of two ports of which none is used towards a port: no line. (A client from outside the range is not counted.)
netns.write("/proc/sys/net/ipv4/ip_local_reserved_ports", "\n")
netns.write("/proc/sys/net/ipv4/ip_local_port_range", "61000 61001")
server = listen(("127.0.0.1", port()))
client = make(("127.0.0.1", port()))
client.connect(server.getsockname())
number = server.getsockname()[1]
accepted = server.accept()[0]
server.close()
case("no ephemeral port is in use", number, 1, TAKEN, without=("ephemeral ports (",), judge=False)
client.close()
accepted.close()
netns.write("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999")

# --- several ports ------------------------------------------------------------------

import subprocess
p = port()
next_port += 5
pid, end = hold(listen(("127.0.0.1", p + 1)), name="many-%s" % UNIQUE)
dotted = port()
hold(listen(("127.0.0.1", dotted)), name="dotted.%s" % UNIQUE)
for name, args, status, lines in (
        ("a range", ["%d-%d" % (p, p + 2)], 1, [(p, "tcp", "free"), (p + 1, "tcp", "taken"), (p + 2, "tcp", "free")]),
        ("a list", ["%d,%d" % (p + 1, p + 3)], 1, [(p + 1, "tcp", "taken"), (p + 3, "tcp", "free")]),
        ("all free", ["%d-%d" % (p + 2, p + 4)], 0, [(p + 2, "tcp", "free"), (p + 3, "tcp", "free"), (p + 4, "tcp", "free")]),
        ("of UDP", ["udp:%d,%d" % (p, p + 1)], 0, [(p, "udp", "free"), (p + 1, "udp", "free")]),
        ("-tu", [p + 1, "-tu"], 1, [(p + 1, "tcp", "taken"), (p + 1, "udp", "free")]),
        ("an address", ["127.0.0.2:%d-%d" % (p, p + 1)], 0, [(p, "tcp", "free"), (p + 1, "tcp", "free")]),
        ("a process", ["pid:%d" % pid], 1, [(p + 1, "tcp", "taken")]),
        ("a program", ["many-%s" % UNIQUE], 1, [(p + 1, "tcp", "taken")]),
        ("a program with a dot in its name", ["dotted.%s" % UNIQUE], 1, [(dotted, "tcp", "taken")]),
        ("a process that holds none", ["pid:%d" % subprocess.Popen(["sleep", "60"], preexec_fn=tap.die_with_parent).pid], 1, []),
        ("a program that holds none", ["none-%s" % UNIQUE], 1, [])):
    result = explain(*args)
    got = [line for line in result.lines[:max(len(lines), 1)]]
    good = result.status == status and (not lines and "No port is held by" in got[0] or len(got) == len(lines) and all(
        str(line[0]) in text and "(%s)" % line[1] in text and "is " + line[2] in text for text, line in zip(got, lines)))
    t.ok(good, "several ports: " + name, result)
    result = explain(*args, "--json")
    answer = json.loads(result.out)["targets"]
    t.same((result.status, [(one["target"]["port"], one["target"]["protocol"], one["verdict"]) for one in answer]), (status, lines),
           "... as JSON")
    for one in answer:
        for bind in one["binds"]:
            bind.update({key: one["target"][key] for key in ("protocol", "reuseaddr", "reuseport")})
            t.ok(bind["left_out"] or bind["error"] == kernel_says(bind), "... port %d, and as the kernel says" % one["target"]["port"], bind)
os.close(end), os.waitpid(pid, 0)
for name, args, part in (("too many", ["1-2000"], "1024 at most"), ("port 0 among them", ["0-3"], "port 0"), ("beyond", ["65530-65540"], "65530-65540"),
                         ("of unix sockets", ["80,81", "-x"], "ports are of")):
    result = explain(*args)
    t.ok(result.status == 2 and part.encode() in result.err and not result.out, "usage: " + name, result)

# --- replay, usage -----------------------------------------------------------------

if ROOT:
    result = explain("443", "--as-unit", "web.service", user=tap.NOBODY)
    t.ok(result.status == 2 and b"only root" in result.err, "--as-unit takes root", result)
p = port()
sock = listen(("127.0.0.1", p))
recording = os.path.join(tap.scratch(), "recording")
explain(p, "--record", recording)
sock.close()
case("a recording", [p, "--replay", recording], 1, TAKEN, "This is what the recording says", judge=False)

for name, args, part in (
        ("not a port", ["70000"], "65535"), ("no port", ["tcp:"], "port is missing"), 
        ("no such device", ["80", "--device", "nosuch0"], "no interface"), ("no such user", ["80", "--as-user", "no:such"], "no user"),
        *([("no unit's name", ["80", "--as-unit", "a/b"], "no unit's name")] if ROOT else []),
        ("v6only of IPv4", ["127.0.0.1:80", "--v6only"], "IPV6_V6ONLY"), ("a filter", ["80", "81"], "too much"),
        ("csv", ["80", "--csv"], "JSON"), ("both probes", ["80", "--no-probe", "--probe", "bind"], "exclude"),
        ("a unix socket", ["unix:/run/x"], "sockview -xap src '/run/x'"), ("a path", ["/run/x"], "sockview -xap src '/run/x'"),
        ("--columns", ["80", "--columns=pid"], "--explain and --columns exclude each other"), ("-l", ["80", "-l"], "--explain and -l exclude each other"),
        ("-p", ["80", "-tp"], "--explain and -p exclude each other"), ("--sort", ["80", "--sort=pid"], "--explain and --sort exclude each other"),
        ("unix", ["80", "-x"], "ports are of"), ("IPv4 and -6", ["127.0.0.1:80", "-6"], "IPv6")):
    result = explain(*args)
    t.ok(result.status == 2 and part.encode() in result.err and not result.out, "usage: " + name, result)
result = tap.sockview("--reuseaddr")
t.ok(result.status == 2 and b"--explain" in result.err, "usage: an option of --explain without it", result)
pid, end = hold(listen(("127.0.0.1", port())), name="http")
for name in ("domain", "http"):  # also where a program has the name
    number = socket.getservbyname(name)
    t.same(json.loads(explain(name, "--json").out)["target"]["port"], number, "a service by name: " + name)
with open("/dev/full", "w") as full:
    result = tap.run([tap.SOCKVIEW, "--explain", "80"], stdout=full)
    t.ok(result.status == 3 and b"No space left" in result.err, "a full disk is exit 3", result)

t.done()
