#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The columns of rates with -c. Ratios are compared: all that is sent goes
over while the program is stopped, so that it lies between the same two looks.
Then rates by number: by a clock that the test sets, and by bounds of the real one.
"""
import fcntl
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
KEYS = "local_port,remote_port,state,proto,tx_rate,rx_rate,retrans_rate,drops_rate"

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))


def pair():
    client = socket.create_connection(("127.0.0.1", port))
    return client, listener.accept()[0]


def send(ends, count):
    """All of it was acknowledged when this returns."""
    client, server = ends
    while count:
        piece = min(count, 32768)
        client.sendall(b"x" * piece)
        count -= piece
        while piece:
            piece -= len(server.recv(piece))
    for _ in range(1000):
        if struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0] == 0:
            return
        time.sleep(0.01)


def looks(process):
    """Rows of one look after the other; the listener of ours is the first row of each."""
    rows = []
    for line in process.stdout:
        row = json.loads(line)
        if row["state"] == "LISTEN" and rows:
            yield rows
            rows = []
        rows.append(row)


def watched(*options, user=None):
    return subprocess.Popen([tap.program(user), "-an", "-c0.5", "-q", "--jsonl", "--columns", KEYS, *options,
                             "port %d or port %d" % (port, udp.getsockname()[1])], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, env=tap.environment(), preexec_fn=tap.die_with_parent,
                            **({} if user is None else {"user": user, "group": user, "extra_groups": []}))


def end(process):
    process.terminate()
    process.stdout.close()
    process.wait()


def try_as(user, who):
    slow, fast, closing = pair(), pair(), pair()
    local = [ends[0].getsockname()[1] for ends in (slow, fast, closing)]
    process = watched(user=user)
    seen = looks(process)
    first = next(seen)
    t.ok(first and all(row["tx_rate"] is None and row["drops_rate"] is None for row in first),
         "%s: the first look has no rates" % who, first)
    next(seen)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    send(slow, 100000)
    send(fast, 300000)
    send((fast[1], fast[0]), 700000)
    send(closing, 500000)
    short = pair()
    local.append(short[0].getsockname()[1])
    send(short, 5000000)
    for one in closing + short:
        one.close()
    burst = {}
    for number in range(1, 41):
        brief = pair()
        burst[brief[0].getsockname()[1]] = number * 1000
        send(brief, number * 1000)
        for one in brief:
            one.close()
    process.send_signal(signal.SIGCONT)
    sums = {}
    states = {}
    udp_rows = []
    for _, rows in zip(range(20), seen):
        for row in rows:
            udp_rows += [row] if row["proto"] == "udp" else []
            for key in ("tx_rate", "rx_rate"):
                name = row["local_port"], row["remote_port"], key
                sums[name] = max(sums.get(name, 0), row[key] or 0)
                if row[key]:
                    states[name] = row["state"]
        if sums.get((local[3], port, "tx_rate")):
            break
    end(process)
    unit = sums[local[0], port, "tx_rate"] / 100000

    def share(number, key, server=False):
        ends = (port, local[number]) if server else (local[number], port)
        return round(sums.get((*ends, key), 0) / unit / 1000) if unit else None

    t.same([share(0, "tx_rate"), share(0, "rx_rate", True), share(1, "tx_rate"), share(1, "rx_rate"),
            share(1, "tx_rate", True), share(1, "rx_rate", True)], [100, 100, 300, 700, 700, 300],
           "%s: rates are as what was sent" % who, sums)
    t.same([share(2, "tx_rate"), share(2, "rx_rate", True)], [500, 500], "%s: what closed has its last bytes" % who,
           sums)
    t.same([share(3, "tx_rate"), share(3, "rx_rate", True)], [5000, 5000],
           "%s: what began and closed between two looks is not missed" % who, sums)
    t.same([states.get((local[3], port, "tx_rate")), states.get((port, local[3], "rx_rate"))], ["CLOSE", "CLOSE"],
           "%s: it is listed as closed" % who, states)
    told = {(port_, key): round(sums.get((*((port_, port) if key == "tx_rate" else (port, port_)), key), 0) / unit)
            for port_ in burst for key in ("tx_rate", "rx_rate")} if unit else None
    t.ok(told and all(abs(told[port_, key] - count) <= count / 100 + 1 for port_, count in burst.items()
                      for key in ("tx_rate", "rx_rate")),
         "%s: forty short connections, each with all its bytes" % who, burst, told)
    t.ok(udp_rows and all(row["tx_rate"] is None and row["rx_rate"] is None for row in udp_rows) and
         udp_rows[-1]["drops_rate"] == 0, "%s: UDP has no bytes, and drops" % who, udp_rows)
    for one in slow + fast:
        one.close()


try_as(None, "ours")
if others:
    try_as(others[0], "another user")

# --- rates by number -----------------------------------------------------------------------------------

def rate_of(rows, ends, key="tx_rate"):
    """Of all rows that are this end of the connection, together."""
    ports = ends[0].getsockname()[1], ends[0].getpeername()[1]
    return sum(row[key] or 0 for row in rows if (row["local_port"], row["remote_port"]) == ports)


def multipath():
    """A connection of MPTCP, or None."""
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        server.bind(("127.0.0.1", 0))
        server.listen()
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        client.connect(server.getsockname())
        return client, server.accept()[0]
    except OSError:
        return None


library = None if tap.SAN else tap.preloadable("set_clock")
if library:
    path = os.path.join(tap.scratch(), "clock")
    with open(path, "wb") as file:
        file.write(struct.pack("q", 10 ** 9))
    with open(path, "r+b") as file:
        clock = mmap.mmap(file.fileno(), 8)
    now = 10 ** 9
    ends = pair()
    both = multipath()
    ports = [port] + ([both[0].getpeername()[1]] if both else [])
    command = [tap.SOCKVIEW, "-antM" if both else "-ant", "-q", "--jsonl", "--columns", KEYS,
               "not state = time_wait and (%s)" % " or ".join("port %d" % one for one in ports)]
    expected = len(tap.run(command).lines)
    process = subprocess.Popen([*command[:-1], "-c0.002", command[-1]], stdout=subprocess.PIPE,
                               env=tap.environment({"LD_PRELOAD": library, "SET_CLOCK": path}),
                               preexec_fn=tap.die_with_parent)

    def next_look():
        """
        Its rows: as many as a look of its own has. There is another look only after the clock was set; if it was set
        before the program began to wait, two milliseconds more are what it waits for.
        """
        global now
        rows = []
        for _ in range(300):
            if select.select([process.stdout], [], [], 0.5)[0]:
                break
            now += 2 * 10 ** 6
            clock[:] = struct.pack("q", now)
        while len(rows) < expected:
            rows.append(json.loads(process.stdout.readline() or "{}"))
        return rows

    next_look()
    for rate, seconds in ((1000000, 0.5), (123456, 2), (2500000, 0.5), (77, 10), (300000, 1)):
        count = int(rate * seconds)
        send(ends, count)
        if both:
            send(both, count)
        now += int(seconds * 10 ** 9)
        clock[:] = struct.pack("q", now)
        rows = next_look()
        shown = rate_of(rows, ends), rate_of(rows, ends[::-1], "rx_rate")
        t.ok(all(abs(one - rate) <= rate * 0.05 for one in shown), "a sender of %d bytes a second" % rate, shown, rows)
        if both:
            shown = rate_of(rows, both), rate_of(rows, both[::-1], "rx_rate")
            t.ok(all(abs(one - rate) <= rate * 0.05 for one in shown), "MPTCP, of %d a second: added once" % rate, shown,
                 rows)
            t.same({row["tx_rate"] for row in rows if row["proto"] == "mptcp"}, {None}, "as its subflow's alone")
    if not both:
        t.skip("MPTCP's rates", "this kernel makes no MPTCP sockets")
    end(process)
else:
    t.skip("rates by a clock that is set", "no library can be preloaded")

# The two looks are on either side of the time for which the program is stopped.
ends = pair()
process = watched()
seen = looks(process)
first = time.monotonic()
next(seen)
next(seen)
process.send_signal(signal.SIGSTOP)
os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
stopped = time.monotonic()
send(ends, 4000000)
time.sleep(1)
begun = time.monotonic()
process.send_signal(signal.SIGCONT)
shown = 0
for _, rows in zip(range(20), seen):
    last = time.monotonic()
    shown = rate_of(rows, ends)
    if shown:
        break
end(process)
t.ok(4000000 / (last - first) <= shown <= 4000000 / (begun - stopped),
     "by the real clock: within the bounds of the two looks", shown, last - first, begun - stopped)

# --- where there is one look -------------------------------------------------------------------------

one = tap.sockview("-ltn", "--columns", "local_port,tx_rate", "--json", "port", str(port))
t.same([row["tx_rate"] for row in json.loads(one.out)["sockets"]], [None], "one look has no rates", one)
t.ok(b"rates take two looks" in one.err, "which is said", one)
t.same(tap.sockview("-ltn", "port", str(port)).err, b"", "of other columns nothing is said")
t.done()
