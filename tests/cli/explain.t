#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--explain on recordings and a /proc made by hand: the exact text, the exact JSON, no root and no kernel."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import fakeproc
import tap
import wire

V6ONLY = 11   # INET_DIAG_SKV6ONLY
t = tap.Tap()


def record(name, *answers):
    path = os.path.join(tap.scratch(), name)
    with open(path, "wb") as file:
        file.write(b"".join(answers))
    return path


def tcp(*answers):
    """All that a newer kernel tells of TCP, where IPv6 has none."""
    return [wire.origin(), wire.request(wire.AF_INET6, wire.TCP), wire.done(), wire.request(wire.AF_INET, wire.TCP), *answers, wire.done()]


def explain(path, *args):
    return tap.sockview("--explain", *args, "--replay", path, "--proc-root", proc.root)


proc = fakeproc.FakeProc(os.path.join(tap.scratch(), "proc"))
for pid, comm, argv, inode, cgroup in (
        (812, b"nginx", [b"nginx: master process /usr/sbin/nginx", b"-g", b"daemon off;"], 5001, b"0::/system.slice/nginx.service\n"),
        (813, b"nginx", [b"nginx: worker process"], 5001, b"0::/system.slice/nginx.service\n"),
        (900, b"\x1b[31m\xff", [b"\x1b[2J\n\xff", b"--evil\\"], 5002, b"0::/user.slice/session-3.scope\n")):
    proc.process(pid, comm, argv, {3: "socket:[%d]" % inode})
    fakeproc.write(proc.path(pid, "cgroup"), cgroup)

# --- a listener, a connection, a TIME_WAIT -----------------------------------------

path = record("listener", *tcp(
    wire.inet("LISTEN", "0.0.0.0:8080", queues=(0, 511), uid=0, inode=5001, cookie=1),
    wire.inet("TIME_WAIT", "127.0.0.1:8080", "127.0.0.1:50000", timer=("timewait", 41200, 0), cookie=2),
    wire.inet("TIME_WAIT", "127.0.0.1:8080", "127.0.0.1:50001", timer=("timewait", 59000, 0), cookie=3),
    wire.inet("LISTEN", "127.0.0.1:8081", uid=0, inode=5003, cookie=4)))
result = explain(path, "127.0.0.1:8080")
user = json.loads(explain(path, "127.0.0.1:8080", "--json").out)["sockets"][0]["owners"][0]["user"]
t.same(result.lines, [
    "127.0.0.1:8080 (tcp) is taken by nginx (pid 812 and 1 more, nginx.service).",
    "To free it:   systemctl stop nginx.service",
    "",
    "In the way:",
    "  0.0.0.0:8080 LISTEN: nginx (pid 812), user %s, nginx.service" % user,
    "      nginx: master process /usr/sbin/nginx -g daemon off;",
    "      and held open by 1 more process: pid 813",
    "  2 x 127.0.0.1:8080 TIME_WAIT (perhaps): no process: the kernel keeps it for",
    "      59 s more",
    "",
    "Why:",
    "  A socket on the wildcard address (0.0.0.0, [::]) has the port of every",
    "  address of its family, so of 127.0.0.1 too.",
    "  The connection is over, but its port stays taken for up to a minute",
    "  (TIME_WAIT) unless both the old socket and the new one set SO_REUSEADDR;",
    "  whether the old one did is not known.",
    "",
    "What would free it:",
    "  - wait 59 s: then the last TIME_WAIT is gone",
    "",
    "Also:",
    "  - This is what the recording says; the kernel was not asked.",
], "a listener with two processes, and TIME_WAIT")
t.same((result.status, result.err), (1, b""), "it is taken")
result = explain(path, "tcp:127.0.0.2:8081")
t.same(result.lines[:3], ["127.0.0.2:8081 (tcp) is free.", "", "On the same port, but not in the way:"],
       "another address")
t.ok(result.lines[3].startswith("  127.0.0.1:8081 LISTEN (another address): ") and result.status == 0, "... with the reason", result)

# --- hostile names -------------------------------------------------------------------

path = record("hostile", *tcp(wire.inet("LISTEN", "0.0.0.0:9000", inode=5002, cookie=7)))
result = explain(path, "0.0.0.0:9000")
holder = [line for line in result.lines if "LISTEN" in line]
t.same(holder and holder[0].split(", user")[0], r"  0.0.0.0:9000 LISTEN: \x1b[2J\x0a\xff (pid 900)", "a hostile name is one word")
t.ok(b"\x1b" not in result.out and r"      \x1b[2J\x0a\xff --evil\\" in result.lines, "a hostile command line is one line", result)
answer = json.loads(explain(path, "0.0.0.0:9000", "--json").out)
t.same(answer["sockets"][0]["owners"][0]["cmdline"], r"\x1b[2J\x0a\xff --evil\\", "... in JSON too, without a byte lost")
t.ok("To free it:   kill 900" in result.lines, "a session's scope is no unit to stop", result)

# --- [::], known and not known to be v6only ----------------------------------------------

six = [*tcp(), wire.request(wire.AF_INET6, wire.TCP)]
path = record("dual", *six, wire.inet("LISTEN", "[::]:443", inode=5001, attributes=wire.attribute(V6ONLY, b"\0")), wire.done())
t.same(explain(path, "0.0.0.0:443").status, 1, "[::] that is not v6only")
path = record("v6only", *six, wire.inet("LISTEN", "[::]:443", inode=5001, attributes=wire.attribute(V6ONLY, b"\1")), wire.done())
t.same(explain(path, "0.0.0.0:443").status, 0, "[::] that is v6only")
path = record("untold", *six, wire.inet("LISTEN", "[::]:443", inode=5001), wire.done())
result = explain(path, "0.0.0.0:443")
t.same((result.status, result.lines[0]), (3, "Whether port 443 (tcp, IPv4) is free could not be told."), "[::] of an old kernel that does not tell")
text = " ".join(" ".join(result.lines).split())
t.ok("whether the one in the way did is not known" in text and "has the port of IPv4 too, so" not in text,
     "... whose sentence is no guess", result)
t.ok("SO_REUSEADDR" not in text, "... SO_REUSEADDR cannot help against a listener", result)
t.same(explain(path, "[::1]:443").status, 1, "... which IPv6 does not need to know")

# --- JSON: every field, with its type -----------------------------------------------------

path = record("fields", *tcp(wire.inet("TIME_WAIT", "127.0.0.1:70", "127.0.0.1:50000", timer=("timewait", 1000, 0), cookie=2)))
result = explain(path, "127.0.0.1:70", "--reuseaddr")
text = " ".join(" ".join(result.lines).split())
t.ok("set SO_REUSEADDR; whether the old one did is not known." in text and "made without" not in text,
     "TIME_WAIT: a condition that is not known is no reason", result)
answer = json.loads(explain(path, "127.0.0.1:70", "--reuseaddr", "--json").out)
t.same(sorted(answer), sorted("version target verdict without_reuseaddr exit binds sockets related why advice notes unread".split()), "JSON's fields")
t.same({key: value for key, value in answer["target"].items() if key not in ("uid", "user")},
       {"text": "127.0.0.1:70", "protocol": "tcp", "port": 70, "reuseaddr": True, "reuseport": False, "unit": None, "interface": None}, "target")
t.same(answer["binds"], [{
    "address": "127.0.0.1", "port": 70, "v6only": False, "verdict": "unknown", "error": None, "errno": None, "stage": None,
    "tables": "unknown", "checked": False, "tried": False, "disagree": False, "left_out": False}], "binds")
t.same(answer["sockets"], [{
    "protocol": "tcp", "local_address": "127.0.0.1", "local_port": 70, "remote_address": "127.0.0.1", "remote_port": 50000,
    "state": "TIME_WAIT", "interface": None, "uid": 0, "inode": None, "reuseaddr": None, "reuseport": None, "v6only": None,
    "expires_ms": 1000, "binds": [{"outcome": "unknown", "why": "holder-without-reuseaddr", "addresses": "same"}],
    "owner_reason": "time-wait", "listener_inode": None, "owners": []}], "sockets")
t.same((answer["verdict"], answer["exit"]), ("unknown", 3), "what TIME_WAIT keeps of SO_REUSEADDR no table tells")

# --- recordings that are none ---------------------------------------------------------------

with open(path, "rb") as file:
    whole = file.read()
result = explain(record("cut", whole[:-5]), "70")
t.ok(result.status == 3 and b"recording" in result.err and not result.out, "a recording that is cut off", result)
result = tap.sockview("--explain", "70", "--replay", "/nonexistent")
t.ok(result.status == 2 and not result.out, "a recording that is not there", result)
t.done()
