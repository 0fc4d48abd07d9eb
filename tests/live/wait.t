#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--wait-for and --wait-free: real servers that come and go, another host, and the command that follows."""
import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from scene import CLOSE_WAIT, reach

why = netns.enter()
if why:
    tap.skip_all(why)
if not netns.has_own_pids():
    tap.skip_all("no pid namespace of its own can be had here: commands are run in one alone")
t = tap.Tap()
LONG = "60"  # no wait that should end well takes so long


def free_port(kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    sock.close()
    return port


def waiting(*args):
    return subprocess.Popen([tap.SOCKVIEW, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    out, err = process.communicate(timeout=90)
    return process.returncode, out, err


def still(process):
    """It looks at least 20 times a second: so long is several looks, on a slow machine one at least."""
    try:
        process.wait(timeout=0.5)
        return False
    except subprocess.TimeoutExpired:
        return True


def server(address, port, kind=socket.SOCK_STREAM, family=socket.AF_INET, v6only=None):
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if v6only is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


# --- a server that comes -------------------------------------------------------------------------------

for target, address, family in (("%d", "127.0.0.1", socket.AF_INET), ("127.0.0.1:%d", "127.0.0.1", socket.AF_INET),
                                ("127.0.0.1:%d", "0.0.0.0", socket.AF_INET), ("localhost:%d", "127.0.0.1", socket.AF_INET),
                                ("127.0.0.1:%d", "::", socket.AF_INET6), ("[::1]:%d", "::", socket.AF_INET6), ("tcp:%d", "::1", socket.AF_INET6)):
    if family == socket.AF_INET6 and not netns.has_ipv6():
        t.skip("--wait-for %s" % target, "no IPv6 here")
        continue
    port = free_port()
    process = waiting("--wait-for", target % port, "--for", LONG)
    t.ok(still(process), "--wait-for %s waits" % (target % port))
    holder = server(address, port, family=family)
    t.same(ended(process), (0, b"", b""), "until %s listens" % address)
    holder.close()

port = free_port()
bound = socket.socket()
bound.bind(("127.0.0.1", port))
t.same(tap.sockview("--wait-for", str(port), "--for", "0.3").status, 1, "a socket that is bound and does not listen is none")
bound.listen()
t.same(tap.sockview("--wait-for", str(port), "--for", LONG).status, 0, "once it listens it is one")
t.same(tap.sockview("--wait-for", "127.0.0.2:%d" % port, "--for", "0.3").status, 1, "one of another address is none")
result = tap.sockview("--wait-for", "%d,%d" % (port, free_port()), "--for", "0.2")
t.ok(result.status == 1 and result.err.count(b"nothing listens on") == 1, "all of a list must listen; which does not is told", result)
t.same(tap.sockview("-q", "--wait-for", str(free_port()), "--for", "0.1").err, b"", "-q: not told")
bound.close()
if netns.has_ipv6():
    port = free_port()
    six = server("::", port, family=socket.AF_INET6, v6only=1)
    t.same(tap.sockview("--wait-for", "127.0.0.1:%d" % port, "--for", "0.3").status, 1, "[::] with IPV6_V6ONLY serves no IPv4")
    six.close()

port = free_port(socket.SOCK_DGRAM)
process = waiting("--wait-for", "udp:%d" % port, "--for", LONG)
t.ok(still(process), "UDP: waits")
holder = server("0.0.0.0", port, socket.SOCK_DGRAM)
t.same(ended(process)[0], 0, "UDP: until it is bound")
holder.close()

# --- the command ----------------------------------------------------------------------------------------

WANTED = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigIgn", "SigBlk", "Uid", "Gid", "Groups")
SHOW = ["sh", "-c", "grep -E '^(%s):' /proc/self/status; ulimit -a; ls /proc/self/fd | wc -l" % "|".join(WANTED)]
holder = server("127.0.0.1", 0)
port = holder.getsockname()[1]
plain = tap.run(SHOW).out
t.same(tap.sockview("--wait-for", str(port), "--", *SHOW).out, plain, "the command has the caller's rights, signals, limits and descriptors")
blocked = lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]), signal.signal(signal.SIGINT, signal.SIG_IGN),
                   signal.signal(signal.SIGPIPE, signal.SIG_DFL))
of = lambda argv: subprocess.run(argv, stdout=subprocess.PIPE, preexec_fn=blocked).stdout
t.same(of([tap.SOCKVIEW, "--wait-for", str(port), "--", *SHOW]), of(SHOW), "also those that are blocked and ignored")
t.same(tap.sockview("--wait-for", str(port), "--", "sh", "-c", "exit 42").status, 42, "its status is the status")
t.same(tap.sockview("--wait-for", str(port), "--", "echo", "--for", "-x", "8080").out, b"--for -x 8080\n", "its words are left alone")
for name, status in (("no-such-command", 127), ("/dev", 126)):
    result = tap.sockview("--wait-for", str(port), "--", name)
    t.ok(result.status == status and name.encode() in result.err, "%s: status %d" % (name, status), result)
result = tap.sockview("--wait-for", str(free_port()), "--for", "0.1", "--", "echo", "started")
t.ok(result.status == 1 and result.out == b"", "no command if time was up", result)
if os.getuid() == 0 and not tap.missing("setpriv"):
    result = tap.sockview("--wait-for", str(port), "--", "setpriv", "--reuid=65534", "--clear-groups", "id", "-u")
    t.same(result.out, b"65534\n", "it can become another user, as sudo does", result)
    low = ("import socket; s = socket.socket(); s.bind(('127.0.0.1', 80)); print('bound')")
    t.same(tap.sockview("--wait-for", str(port), "--", sys.executable, "-c", low).out, b"bound\n", "it can bind a low port")
holder.close()

# --- another host ----------------------------------------------------------------------------------------

other = tap.run(["ip", "netns", "list"])  # only that ip(8) is there
child = os.fork()
if child == 0:
    netns.unshare(0x40000000)
    tap.run(["ip", "link", "set", "lo", "up"])
    for _ in range(600):
        if tap.run(["ip", "addr", "add", "10.99.0.2/24", "dev", "far"]).status == 0:
            break
        time.sleep(0.1)
    tap.run(["ip", "link", "set", "far", "up"])
    signal.pause()
made = tap.run(["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]).status == 0
for _ in range(600):
    if made and tap.run(["ip", "link", "set", "far", "netns", str(child)]).status == 0:
        break
    time.sleep(0.05)
tap.run(["ip", "addr", "add", "10.99.0.1/24", "dev", "near"])
tap.run(["ip", "link", "set", "near", "up"])
if not made:
    t.skip("another host", "no veth here")
else:
    process = waiting("--wait-for", "10.99.0.2:5432", "--for", LONG)
    t.ok(still(process), "another host: waits")
    script = "import socket; s = socket.create_server(('10.99.0.2', 5432)); s.accept(); import time; time.sleep(60)"
    far = subprocess.Popen(["nsenter", "-t", str(child), "-n", sys.executable, "-c", script])
    t.same(ended(process)[0], 0, "until a connection works")
    far.kill()
    far.wait()
    result = tap.sockview("--wait-for", "10.99.0.2:5433", "--for", "0.3")
    t.ok(result.status == 1 and b"no connection to 10.99.0.2:5433" in result.err, "and is told if it does not", result)
# --- a listener of one interface: what a connection of this host says ------------------------------------

if made and os.getuid() == 0:
    tap.run(["ip", "addr", "add", "10.98.0.1/32", "dev", "lo"])
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        if family == socket.AF_INET6 and not netns.has_ipv6():
            t.skip("[::] of one interface", "no IPv6 here")
            continue
        for device in ("lo", "near"):
            holder = socket.socket(family)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            holder.bind((address, 0))
            holder.listen()
            wrong = []
            for one in ("127.0.0.1", "127.0.0.2", "10.98.0.1", "10.99.0.1") + (("::1",) if family == socket.AF_INET6 else ()):
                target = ("[%s]:%d" if ":" in one else "%s:%d") % (one, holder.getsockname()[1])
                try:
                    socket.create_connection((one, holder.getsockname()[1])).close()
                    reached = 0
                except ConnectionRefusedError:
                    reached = 1
                said = [tap.sockview(*words).status for words in (["-ltnH", target], ["--wait-for", target, "--for", "0.1"])]
                wrong += [] if said == [reached] * 2 else [(target, reached, said)]
            t.ok(not wrong, "a listener of %s on %s serves the addresses of that interface, and no others" % (device, address), wrong)
            holder.close()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
t.same(tap.sockview("--wait-for", "no-such-host.invalid:80", "--for", "0.3").status, 1, "a name that is not known may become known")

# --- free ---------------------------------------------------------------------------------------------------

port = free_port()
t.same(tap.sockview("--wait-free", str(port), "--for", LONG).status, 0, "a free port is free at once")
for address, target in (("127.0.0.1", "%d"), ("0.0.0.0", "127.0.0.1:%d"), ("127.0.0.1", "127.0.0.1:%d")):
    holder = server(address, port)
    process = waiting("--wait-free", target % port, "--for", LONG)
    t.ok(still(process), "--wait-free %s waits for the listener of %s" % (target % port, address))
    holder.close()
    t.same(ended(process)[0], 0, "until it is gone")
holder = server("127.0.0.2", port)
t.same(tap.sockview("--wait-free", "127.0.0.1:%d" % port, "--for", LONG).status, 0, "another address is not in the way")
holder.close()
bound = socket.socket()
bound.bind(("127.0.0.1", port))
result = tap.sockview("--wait-free", str(port), "--for", "0.3")
t.ok(result.status == 1 and b"is not free" in result.err, "a socket that is only bound is in the way", result)
bound.close()
holder = server("127.0.0.1", port)
client = socket.create_connection(("127.0.0.1", port))
accepted, _ = holder.accept()
holder.close()
t.same(tap.sockview("--wait-free", str(port), "--for", LONG).status, 0, "a connection of a server that set SO_REUSEADDR is not, as for bind()")
accepted.close()
client.close()


def trials(target, seconds):
    """What --wait-free said, and how often it tried to bind the port meanwhile; None: strace is not here."""
    trace = os.path.join(tap.scratch(), "trace")
    words = ["--wait-free", target, "--for", str(seconds)]
    if tap.missing("strace"):
        return tap.sockview(*words), None
    result = tap.run(["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=bind", "-o", trace, tap.SOCKVIEW, *words],
                     env={"ASAN_OPTIONS": "detect_leaks=0"})
    with open(trace) as file:
        return result, sum("_port=htons(%d)" % port in line for line in file)


def in_the_way(name, options_are_told):
    """A port without a listener is looked for, too: in the tables, and tried once a second only where they do not tell."""
    result, count = trials(str(port), 2.5)
    most = 0 if options_are_told and READS_OPTIONS else 3
    t.ok(result.status == 1 and b"is not free" in result.err and (count is None or count <= most), name + ": in the way, tried %d times at most" % most, count, result)


with socket.create_server(("127.0.0.1", 0)):
    READS_OPTIONS = tap.sockview("-ltnp", "--owners-from", "bpf").status == 0  # by BPF
port = free_port()
listener = server("127.0.0.1", 0)
client = socket.socket()
client.bind(("127.0.0.1", port))
client.connect(listener.getsockname())
accepted, _ = listener.accept()
in_the_way("an outgoing connection that bound the port without SO_REUSEADDR", True)
process = waiting("--wait-free", str(port), "--for", LONG)
t.ok(still(process), "it waits for that")
accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
accepted.close(), client.close()
t.same(ended(process)[0], 0, "until it is gone")
listener.close()
for reuseaddr in (1, 0):
    port = free_port()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuseaddr)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = listener.accept()
    listener.close()
    accepted.shutdown(socket.SHUT_WR)
    reach(client, CLOSE_WAIT)
    accepted.close(), client.close()
    if reuseaddr:
        t.same(tap.sockview("--wait-free", str(port), "--for", LONG).status, 0, "TIME_WAIT of a server that set SO_REUSEADDR is not in the way")
        continue
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("0.0.0.0", port))
        t.skip("TIME_WAIT of one that did not", "this kernel gives the port all the same")
    except OSError:
        in_the_way("TIME_WAIT of one that did not", True)
        process = waiting("--wait-free", str(port), "--for", LONG)
        t.ok(still(process), "it waits for that, too")
        if tap.sockview("-K", "state", "time-wait", "sport", "=", ":%d" % port).status == 0:
            t.same(ended(process)[0], 0, "until it is closed")
        else:
            process.kill(), process.communicate()
            t.skip("until it is closed", "no socket can be closed here")
    probe.close()
port = free_port()
holder = server("127.0.0.1", port)
result, count = trials(str(port), 1.5)
t.ok(result.status == 1 and not count, "a listener: no trial at all", count, result)
holder.close()
holder = server("127.0.0.1", port, socket.SOCK_DGRAM)
t.same(tap.sockview("--wait-free", "udp:%d" % port, "--for", "0.3").status, 1, "UDP: taken")
t.same(tap.sockview("--wait-free", "tcp:%d" % port, "--for", LONG).status, 0, "UDP does not hold TCP's port")
holder.close()

# --- wrong usage -------------------------------------------------------------------------------------------

for words, named in (("--wait-for 8080 9090", "9090"), ("--wait-for 8080-8090", "one port"), ("--wait-for x,y", "x"), ("--wait-for 80,", "missing"),
                     ("--wait-for 127.0.0.1", "port"), ("--wait-for pid:1", "port"), ("--wait-for :80,:", ":"), ("--wait-free 192.0.2.1:80", "no address of this host"),
                     ("--wait-free 80,81", "one target"), ("--wait-free nginx", "nginx"), ("--wait-free 80 -- true", "--wait-for"), ("--wait-for udp:192.0.2.1:80", "80"),
                     ("--wait-for 80 --wait-free 80", "exclude"), ("--wait-for 80 -N all", "-N"), ("--wait-for 80 --json", "format"), ("--wait-for 80 -c", "-c"),
                     ("--wait-for 80 --for x", "--for"), ("--wait-for 80 --proc-root /proc", "--proc-root"), ("--wait-for 80 -i", "-i"), ("--wait-for raw:80", "TCP or of UDP")):
    result = tap.sockview(*words.split(), seconds=20)
    t.ok(result.status == 2 and named in result.err.decode() and len(result.complaints()) == 1, "%s: exit 2, one line" % words, result)

t.done()
