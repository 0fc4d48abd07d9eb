#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A server that restarts in a loop beside a thousand --explain of its port loses no start, and no socket stays."""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

t = tap.Tap()
why = netns.enter()
if why:
    tap.skip_all(why)

PORT = 8080
RUNS = int(os.environ.get("RUNS", "1000"))
ATTEMPTS = 3


class Server:
    """A server without any option that restarts as fast as it can, or after pauses."""

    def __init__(self, *args):
        self.process = subprocess.Popen([tap.helper("restart"), str(PORT), *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, preexec_fn=tap.die_with_parent)

    def end(self):
        out, _ = self.process.communicate()
        words = out.split()
        return int(words[1]), int(words[3]), out


def beside(runs, server, *command):
    """How many starts and losses, and how often the command ended with which status."""
    server = Server(*server)
    verdicts = {}
    for _ in range(runs):
        status = tap.sockview(*command).status
        verdicts[status] = verdicts.get(status, 0) + 1
    starts, lost, out = server.end()
    return starts, lost, out, verdicts


def explain_beside(runs, server, *options):
    """
    The same for --explain. Starts may be lost because of other programs: each that reads the server's /proc/PID/fd
    holds its file for a moment. So a loss counts only if the server loses
    no start beside a command that binds nothing and looks into no process. Returns also what was lost without --explain.
    """
    for _ in range(ATTEMPTS):
        starts, lost, out, verdicts = beside(runs, server, "--explain", *options)
        if not lost:
            return starts, 0, out, verdicts, 0
        t.note("beside --explain: " + out)
        control = beside(runs, server, "-ltun")[1]
        if control:
            break
    return starts, lost, out, verdicts, control


# Each explain meets some moment of a restart. Reading /proc/PID/fd of the server (sockview, netstat -p, lsof, ls)
# holds its file for less than a microsecond; pauses of some 100 us keep that out of the count, not a bind of ours.
SCENES = (
    (RUNS // 2, ("50",), ("8080",)),
    (RUNS // 4, ("500",), ("0.0.0.0:8080",)),
    (RUNS // 8, ("50", "reuseaddr"), ("8080", "--reuseaddr")),
    (RUNS // 8, ("50", "udp"), ("udp:8080",)),
)
for runs, server, options in SCENES:
    starts, lost, out, verdicts, control = explain_beside(runs, server, *options)
    name = "a server (%s) beside %d x --explain %s" % (" ".join(server), runs, " ".join(options))
    if control:
        t.skip(name + ": no start is lost", "%d were lost without --explain: other programs read /proc here" % control)
    else:
        t.ok(lost == 0 and starts > runs, name + ": no start is lost", out, verdicts)
    # 3: met between bind() and listen(), and gone when it was asked for its options.
    t.ok(verdicts.get(1, 0) > 0 and set(verdicts) <= {0, 1, 3} and verdicts.get(3, 0) <= runs // 10, name + ": it was seen", verdicts)

# A server that does nothing but restart: the port is never tried.
server = Server("0")
tried, seen = [], set()
for _ in range(RUNS // 10):
    answer = json.loads(tap.sockview("--explain", "8080", "--json").out)
    tried += [bind for bind in answer["binds"] if bind["tried"]]
    seen |= {socket["state"] for socket in answer["sockets"]}
starts, lost, out = server.end()
t.ok(not tried, "beside a server that does nothing but restart bind() is not tried", tried, out)
t.note("seen of it: %s; %s" % (sorted(seen), out))

if tap.missing("strace"):
    t.skip("no bind() of the port passes, says strace", "strace is not installed")
else:
    result = tap.run(["strace", "-f", "-qq", "-e", "trace=bind", tap.SOCKVIEW, "--explain", "8080"])
    binds = [line for line in result.err.decode().splitlines() if "htons(8080)" in line]
    t.ok(binds and all("= -1 EINVAL" in line for line in binds), "no bind() of the port passes, says strace", result)

listing = tap.run(["cat", "/proc/self/net/tcp", "/proc/self/net/udp", "/proc/self/net/tcp6"]).lines
t.same([line for line in listing if ":1F90 " in line], [], "no socket of the port is left")
for _ in range(20):
    for options in (("8080",), ("8080", "--probe", "bind"), ("8080", "--probe", "listen"), ("udp:8080", "--probe", "bind")):
        tap.sockview("--explain", *options)
free = tap.sockview("--explain", "8080", "--no-probe")
t.ok(free.status == 0 and b"TIME_WAIT" not in free.out, "the probes themselves leave nothing", free)
t.done()
