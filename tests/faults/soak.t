#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
An hour of -c beside 5,000 connects a second: memory, descriptors and threads stay
what they were after the first minute, and no steady socket is missed or printed
twice. Of UDP and of /proc/net, where the kernel itself passes sockets over that
move in its tables meanwhile, no more are missed than by a bare reader beside it.

SOAK=SECONDS, 3600 if not given.
"""
import collections
import os
import re
import resource
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

SECONDS = int(os.environ.get("SOAK") or 3600)
WARM = min(60, SECONDS / 4)
RATE, PAUSE, PAIRS, SERVERS = 5000, 0.05, 100, 100
HOST = "192.0.2.1"
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, NLMSG_ERROR, NLMSG_DONE = 4, 20, 0x301, 2, 3

why = netns.enter()
if why:
    tap.skip_all(why)
netns.furnish()
# TIME_WAITs would be most of what is listed.
netns.write("/proc/sys/net/ipv4/tcp_max_tw_buckets", "1000")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
t = tap.Tap()

listener = socket.create_server((HOST, 0), backlog=16)
kept = [listener]
for _ in range(PAIRS):
    kept += [socket.create_connection(listener.getsockname()), listener.accept()[0]]
for _ in range(SERVERS):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((HOST, 0))
    kept.append(server)


def ends(sock):
    try:
        return "%s:%d" % sock.getsockname(), "%s:%d" % sock.getpeername()
    except OSError:
        return "%s:%d" % sock.getsockname(), "0.0.0.0:*"


STEADY = {kind: {ends(sock) for sock in kept if sock.type == type_}
          for kind, type_ in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM))}


class Tally:
    """What was seen of the steady sockets of a kind, over all rounds."""

    def __init__(self):
        self.rounds, self.missed, self.twice = 0, collections.Counter(), collections.Counter()

    def add(self, kind, seen):
        counted = collections.Counter(seen)
        self.rounds += kind == "tcp"
        self.missed[kind] += sum(1 for row in STEADY[kind] if not counted[row])
        self.twice[kind] += sum(counted[row] - 1 for row in STEADY[kind] if counted[row] > 1)


# --- sockview ---

ROW = re.compile(r"^(tcp|udp) +\d+ +\d+ +(%s:\d+) +(\S+)" % re.escape(HOST), re.M)


def tables(stream):
    """Each table that -c prints, whole; the last, which a signal may end, is left out."""
    lines = []
    for line in stream:
        if line.startswith("Active Internet") and lines:
            yield "".join(lines)
            lines = []
        lines.append(line if HOST in line else "")


class Watch(threading.Thread):
    def __init__(self, *options):
        super().__init__(daemon=True)
        self.options, self.tally, self.samples = options, Tally(), []
        self.errors = os.path.join(tap.scratch(), "errors%d" % len(options))
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen(
                [tap.SOCKVIEW, *options, "-c%g" % PAUSE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=errors, text=True, env=tap.environment())
        self.start()

    def run(self):
        for table in tables(self.process.stdout):
            seen = {"tcp": [], "udp": []}
            for kind, local, foreign in ROW.findall(table):
                seen[kind].append((local, foreign))
            for kind, rows in seen.items():
                self.tally.add(kind, rows)

    def sample(self):
        """KiB in memory, descriptors, threads: now."""
        with open("/proc/%d/status" % self.process.pid) as file:
            status = dict(line.split(":", 1) for line in file)
        folder = "/proc/%d/fd" % self.process.pid
        self.samples.append((int(status["VmRSS"].split()[0]), int(status["VmData"].split()[0]),
                             len(os.listdir(folder)), int(status["Threads"])))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.join(timeout=60)
        return self.process.wait(timeout=60)


# --- the bare readers ---

def text_end(text):
    address, port = text.split(":")
    number = int(port, 16)
    return "%s:%s" % (socket.inet_ntoa(struct.pack("<I", int(address, 16))), number or "*")


def read_proc(kind):
    data, fd = b"", os.open("/proc/self/net/" + kind, os.O_RDONLY)
    while part := os.read(fd, 65536):
        data += part
    os.close(fd)
    wanted = "%08X:" % struct.unpack("<I", socket.inet_aton(HOST))
    lines = (line.split() for line in data.decode().split("\n") if wanted in line)
    return [(text_end(fields[1]), text_end(fields[2])) for fields in lines]


def read_netlink_udp(wire):
    request = struct.pack("=BBBxI48x", socket.AF_INET, socket.IPPROTO_UDP, 0, 0xffffffff)
    wire.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + request)
    rows = []
    while True:
        data, at = wire.recv(65536), 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                return rows
            # struct inet_diag_msg: four bytes, two ports, two addresses
            local, remote = struct.unpack_from("!HH", data, at + 20)
            rows.append(("%s:%s" % (socket.inet_ntoa(data[at + 24:at + 28]), local or "*"),
                         "%s:%s" % (socket.inet_ntoa(data[at + 40:at + 44]), remote or "*")))
            at += length + 3 & ~3


class Bare(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.proc, self.netlink, self.stop = Tally(), Tally(), False
        self.wire = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG)
        self.wire.connect((0, 0))
        self.start()

    def run(self):
        while not self.stop:
            for kind in ("tcp", "udp"):
                self.proc.add(kind, read_proc(kind))
            self.netlink.add("udp", read_netlink_udp(self.wire))
            self.netlink.rounds += 1
            time.sleep(PAUSE)


# --- the load ---

def churn_udp():
    """Some hundred binds and closes a second, in a child that ends with this script."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    tap.die_with_parent()
    held = collections.deque()
    while True:
        for _ in range(5):
            held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            held[-1].bind(("127.0.0.1", 0))
            if len(held) > 50:
                held.popleft().close()
        time.sleep(0.01)


def no_more(watch, bare, kind, name):
    """A miss takes whole chains of a hash table with it: twice the bare reader's share is within the noise."""
    for what in ("missed", "twice"):
        got, other = getattr(watch.tally, what)[kind], getattr(bare, what)[kind]
        share = other * watch.tally.rounds / max(bare.rounds, 1)
        t.note("%s: %s: %d in %d rounds; by a bare reader %d in %d"
               % (name, what, got, watch.tally.rounds, other, bare.rounds))
        t.ok(got <= 2 * share + 20, "%s: %s no more than by a bare reader" % (name, what),
             "%d of sockview's rounds" % got, "%d of a bare reader's: a share of %.1f" % (other, share))


def steady_use(watch, name):
    first = [sample for at, sample in enumerate(watch.samples) if WARM / 2 <= at <= WARM]
    last = watch.samples[-len(first):]
    for column, what, slack in ((0, "KiB resident", 1024), (1, "KiB of data", 1024), (2, "descriptors", 0),
                                (3, "threads", 0)):
        before, after = (max(sample[column] for sample in part) for part in (first, last))
        t.ok(after <= before + slack, "%s: %s at the end as after %d s" % (name, what, WARM), before, after)
        t.note("%s: %s: %d, then %d" % (name, what, before, after))


pid = churn_udp()
churn = subprocess.Popen([tap.helper("connects"), str(RATE), str(SECONDS + 300)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE)
t.same(churn.stdout.readline(), b"ready\n", "the churn has begun")
netlink, proc, bare = Watch("-atunp"), Watch("-atun", "--source=proc"), Bare()
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    time.sleep(1)
    for watch in (netlink, proc):
        watch.sample()
    if len(netlink.samples) % 100 == 0:
        t.note("%d s: %d and %d rounds" % (len(netlink.samples), netlink.tally.rounds, proc.tally.rounds))
for watch in (netlink, proc):
    line = " ".join(watch.options)
    t.same(watch.end(), 0, "%s: ends by SIGINT with status 0" % line)
    steady_use(watch, line)
    with open(watch.errors) as file:
        t.note(*sorted("%d times: %s" % (count, text.strip()) for text, count in collections.Counter(file).items()))
bare.stop = True
bare.join(timeout=60)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
churn.terminate()
made = int(churn.communicate(timeout=60)[0] or 0)
t.note("%d connections in %d s, %d rounds by netlink, %d by /proc/net, %d of the bare readers"
       % (made, SECONDS, netlink.tally.rounds, proc.tally.rounds, bare.proc.rounds))
t.ok(all(bare.proc.missed[kind] < bare.proc.rounds * len(STEADY[kind]) / 10 for kind in STEADY)
     and bare.netlink.missed["udp"] < bare.netlink.rounds * len(STEADY["udp"]) / 10, "the bare readers can read")
t.ok(netlink.tally.rounds > SECONDS and made > SECONDS, "there was load, and there were rounds")
t.same([netlink.tally.missed["tcp"], netlink.tally.twice["tcp"]], [0, 0], "TCP by netlink: none missed, none twice")
no_more(netlink, bare.netlink, "udp", "UDP by netlink")
no_more(proc, bare.proc, "tcp", "TCP by /proc/net")
no_more(proc, bare.proc, "udp", "UDP by /proc/net")
t.done()
