#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Filters on the command line and from files: what is taken, what is refused and in which words. On a recording."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap
import wire

t = tap.Tap()
FILE = os.path.join(tap.scratch(), "recording")
LISTEN = "tcp        0      0 127.0.0.1:80            0.0.0.0:*               LISTEN     "
CONNECTED = "tcp        0      0 10.0.0.5:22             192.0.2.7:50000         ESTABLISHED"
SIX = "tcp6       0      0 2001:db8::5:443         2001:db8::9:40000       ESTABLISHED"
WAITING = "tcp        0      0 10.0.0.5:22             192.0.2.8:50001         TIME_WAIT  "
DATAGRAM = "udp        0      0 127.0.0.1:53            0.0.0.0:*                          "
with open(FILE, "wb") as out:
    out.write(wire.request(wire.AF_INET, wire.TCP) + wire.inet("LISTEN", "127.0.0.1:80", inode=1) +
              wire.inet("ESTABLISHED", "10.0.0.5:22", "192.0.2.7:50000", inode=2) +
              wire.inet("TIME_WAIT", "10.0.0.5:22", "192.0.2.8:50001") + wire.done() +
              wire.request(wire.AF_INET6, wire.TCP) +
              wire.inet("ESTABLISHED", "[2001:db8::5]:443", "[2001:db8::9]:40000", inode=3) + wire.done() +
              wire.request(wire.AF_INET, wire.UDP) + wire.inet("CLOSE", "127.0.0.1:53", inode=4) + wire.done() +
              wire.without((wire.AF_INET6, wire.UDP), (wire.AF_INET, wire.UDPLITE), (wire.AF_INET6, wire.UDPLITE)))


def replay(*words, **more):
    return tap.sockview("-nH", "--replay", FILE, *words, **more)


def shows(words, rows, name=None, **more):
    result = replay(*words, **more)
    t.same(result.lines, rows, name or " ".join(words)[:70] or "(no filter)", result)
    t.ok(result.status == (0 if rows else 1) and not result.err, "its status", result)


# --- a listener on every address, and who serves what --------------------------

SERVED = os.path.join(tap.scratch(), "served")
EVERY = "tcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN     "
with open(SERVED, "wb") as out:
    out.write(wire.request(wire.AF_INET, wire.TCP) + wire.inet("LISTEN", "0.0.0.0:8080", inode=1) +
              wire.inet("ESTABLISHED", "192.0.2.1:22", "192.0.2.7:50000", inode=2) +
              wire.inet("LISTEN", "127.0.0.1:6000", inode=3) + wire.done() +
              wire.without((wire.AF_INET6, wire.TCP), (wire.AF_INET, wire.UDP), (wire.AF_INET6, wire.UDP)))
for words, rows in ((["192.0.2.1:8080"], [EVERY]), (["127.0.0.1:8080"], [EVERY]), (["192.0.2.7:8080"], []),
                    (["192.0.2.1:8081"], []), (["-a", "src", "192.0.2.1:8080"], []), (["-l", "192.0.2.1.8080"], [EVERY])):
    result = tap.sockview("-nH", "--replay", SERVED, *words)
    t.same(result.lines, rows, "in a recording: " + " ".join(words), result)
    t.ok(result.status == (0 if rows else 1) and not result.err, "its status", result)
result = tap.sockview("-nH", "--replay", SERVED, "-a", "not 192.0.2.1:8080")
t.ok(len(result.lines) == 2 and EVERY not in result.lines, "not is the complement", result)
# Names are looked up before they are judged.
result = tap.sockview("-nH", "--replay", SERVED, "-a", "local_host = localhost")
t.ok([line.split()[3] for line in result.lines] == ["127.0.0.1:6000"], "a host's name as a column", result)

# --- what is looked at: states -------------------------------------------------

shows(["-a"], [LISTEN, CONNECTED, WAITING, SIX, DATAGRAM])
shows([], [CONNECTED, WAITING, SIX])
shows(["sport = :22"], [CONNECTED, WAITING])
shows(["-a", "sport", "=", ":80"], [LISTEN])
shows(["80"], [LISTEN], "a target needs no -a")
shows([":80"], [LISTEN])
shows(["127.0.0.1"], [LISTEN, DATAGRAM])
shows(["-t", "127.0.0.1"], [LISTEN])
shows(["state", "listening"], [LISTEN], "state S in front needs no -a")
shows(["-l", "state", "established"], [CONNECTED, SIX], "and replaces -l, as in ss")
shows(["state = listen or sport = :443"], [LISTEN, SIX], "a state within the expression needs no -a either")
shows(["-l", "state = listen or sport = :443"], [LISTEN], "and goes with -l")
shows(["--state", "listen"], [LISTEN])
shows(["--state", "listen,time_wait"], [LISTEN, WAITING])
shows(["--state", "^established"], [LISTEN, WAITING, DATAGRAM])
shows(["--state=LISTEN", "--state=TIME-WAIT"], [LISTEN, WAITING], "--state twice")
shows(["--state", "established", "22"], [CONNECTED], "options and FILTER must both hold")
shows(["--state", "established", "state", "listen"], [], "--state and a state in front must both hold")
shows(["-4", "state", "established"], [CONNECTED])
shows(["-6"], [SIX])
shows(["-6", "2001:db8::/32"], [SIX])
shows(["-4", "2001:db8::/32"], [], "-4 with an IPv6 address fits nothing")
shows(["-i", ":80"], [], "-i prints what has owners: none here")
shows(["-i", ":22", "--format=netstat"], [CONNECTED, WAITING], "-i as netstat prints it")
shows(["-i", "tcp", "-sTCP:LISTEN", "--format=netstat"], [LISTEN])
shows(["-i", "-sTCP:^LISTEN", "--format=netstat"], [CONNECTED, WAITING, SIX, DATAGRAM])
shows(["udp:53"], [DATAGRAM])
shows(["tcp:53"], [])
shows(["state = listen and state = established"], [])
shows(["-a", "udp"], [DATAGRAM], "a protocol's name")
shows(["-a", "not udp and not 127.0.0.1"], [CONNECTED, WAITING, SIX])

# --- files ---------------------------------------------------------------------

def filter_file(content, name="filter"):
    path = os.path.join(tap.scratch(), name)
    with open(path, "wb") as out:
        out.write(content)
    return path


shows(["-a", "--filter-file", filter_file(b"# who?\nsport = :80\n  # and\nor sport = :443\n")], [LISTEN, SIX],
      "a filter of several lines, with comments")
shows(["-a", "--filter-file", "-"], [LISTEN], "a filter from standard input", stdin=b"sport = :80\n")
shows(["-a", "--filter-file", filter_file(b"sport = :80 or sport = :443"), "src", "127.0.0.1"], [LISTEN],
      "a file and words must both hold")
shows(["--filter-file", filter_file(b"")], [CONNECTED, WAITING, SIX], "an empty file lets everything through")
long_list = b" or ".join(b"sport = :%d" % (port % 60000 + 1000) for port in range(60000)) + b" or sport = :80"
assert len(long_list) > 1000000
shows(["-a", "--filter-file", filter_file(long_list)], [LISTEN], "a filter of a megabyte is evaluated")
shows(["-a", "--filter-file", filter_file(b"sport = :" + b",".join(b"%d" % port for port in range(80, 60000)))],
      [LISTEN, SIX], "60,000 ports in a list")
shows(["-a", "(" * 1000 + "sport = :80" + ")" * 1000], [LISTEN], "1,000 parentheses within each other")
shows(["-a", "not " * 1000 + "sport = :80"], [LISTEN], "not, 1,000 times")


def refused(words, lines, name=None, **more):
    result = replay(*words, **more)
    t.ok(result.status == 2 and not result.out, (name or " ".join(words)[:70]) + ": refused", result)
    t.same(result.err.decode("utf-8", "surrogateescape").split("\n")[:-1], ["sockview: " + line for line in lines],
           "its words", result)


PORT = "a port: a number, a range (8000-8100), a name of /etc/services, or several with commas"
TERM = "a condition: sport, dport, src, dst, state, dev, fwmark, cgroup, autobound, pid, program, user, inode, " \
    "a port, an address, ( or not"
HOST = "an address, ADDR/LEN, ADDR:PORT, [v6]:PORT, :PORT, or a host's name"
STATE = "a state (established, syn-sent, listen, time-wait, bound ...) or a group (all, connected, synchronized, " \
    "bucket, big)"
refused(["sport", "=", ":nosuchport"], ['filter: unknown service "nosuchport"', "  sport = :nosuchport",
                                        "           ^ expected " + PORT])
refused(["-a", "( sport = :80"], ["filter: it ends here", "  ( sport = :80",
                                  "               ^ expected and, or, ) or another condition"])
refused(["sport = :80 )"], ['filter: found ")"', "  sport = :80 )", "              ^ expected and, or, or another condition"])
refused(["sport = :80 or"], ["filter: it ends here", "  sport = :80 or", "                ^ expected " + TERM])
refused(["src host.invalid"], ['filter: unknown host "host.invalid"', "  src host.invalid",
                               "      ^ expected " + HOST])
refused(["user = nobody-of-that-name"], ['filter: unknown user "nobody-of-that-name"', "  user = nobody-of-that-name",
                                         "         ^ expected a user's name or number, or several with commas"])
refused(["dev", "nosuch0"], ['filter: unknown interface "nosuch0"', "  dev nosuch0",
                             "      ^ expected an interface's name or index, 0 for none"])
refused(["state sleeping"], ['filter: unknown state "sleeping"', "  state sleeping", "        ^ expected " + STATE])
refused(["src", "<", "10.0.0.1"], ['filter: found "<"', "  src < 10.0.0.1", "      ^ expected = or !=, or nothing"])
refused(["--state", "listen,sleeping"], ['--state: unknown state "sleeping"', "  listen,sleeping",
                                         "         ^ expected " + STATE])
refused(["--pid", "12,x"], ['--pid: bad pid "x"', "  12,x",
                            "     ^ expected a process id, a range, or several with commas"])
refused(["--user", "nobody-of-that-name"], ['--user: unknown user "nobody-of-that-name"', "  nobody-of-that-name",
                                            "  ^ expected a user's name or number, or several with commas"])
refused(["-i", "tcp4"], ['-i: found "tcp4"', "  tcp4", "  ^ expected [46][tcp|udp|udplite][@HOST|@ADDR][:SERVICES]"])
refused(["-i", "tcp:nosuchport"], ['-i: unknown service "nosuchport"', "  tcp:nosuchport",
                                   "      ^ expected " + PORT])
refused(["-i", "-s", "TCP:SLEEPING"], ['-s: unknown state "SLEEPING"', "  TCP:SLEEPING", "      ^ expected " + STATE])
refused(["-i", "-s", "LISTEN"], ['-s: found "LISTEN"', "  LISTEN", "  ^ expected PROTO:STATE[,^STATE], such as TCP:LISTEN"])
refused(["sport = :80 and program = 'x"], ["filter: a quote that is not closed", "  sport = :80 and program = 'x",
                                           "                            ^ expected a second one behind the text"])
refused(["sport = :80\x1b[31m x"],
        ['filter: unknown service "80\\x1b[31m"', "  sport = :80?[31m x", "           ^ expected " + PORT],
        "a byte of the terminal's is not sent to it")
before, after = "dport = :1 and " * 20, " and dport = :2" * 20
refused([before + "nosuch" + after],
        ['filter: unknown word "nosuch"', "  ... " + before[-48:] + "nosuch" + after[:18] + " ...",
         " " * 54 + "^ expected a condition (sport = :22, src 10.0.0.0/8, state listen, program = nginx ...), "
         "a port, a service, an address or a host"], "a long filter is shown around the place")
refused(["--filter-file", filter_file(b"sport = :8\0000")],
        ["filter: found a NUL byte", "  sport = :8?0", "            ^ expected text"], "a NUL byte")
deep = replay("--filter-file", filter_file(b"(" * 1000000))
t.ok(deep.status == 2 and deep.err.startswith(b"sockview: filter: more than 1024 parentheses within each other\n"),
     "a million parentheses are refused", deep)
nuls = replay("--filter-file", filter_file(b"\0" * 1000000))
t.ok(nuls.status == 2 and nuls.err.startswith(b"sockview: filter: found a NUL byte\n"), "a million NULs", nuls)
noise = replay("--filter-file", filter_file(bytes(range(1, 256)) * 4000))
t.ok(noise.status == 2 and len(noise.err) < 2000, "a megabyte of every byte", noise)
missing = replay("--filter-file", "/nonexistent/filter")
t.ok(missing.status == 2 and missing.err == b"sockview: cannot read /nonexistent/filter: No such file or directory\n",
     "a file that is not there", missing)
record = os.path.join(tap.scratch(), "kept")
with open(record, "w") as out:
    out.write("precious")
bad = tap.sockview("--record", record, "sport = :nosuchport")
t.ok(bad.status == 2 and open(record).read() == "precious", "a filter is read before a recording is begun", bad)

# --- a word of help where nothing was found -------------------------------------

result = replay("sport = :80")
t.ok(result.status == 1 and not result.out, "a listener is no connected socket: exit 1", result)
result = tap.sockview("-nH", "--replay", FILE, "-q", "sport = :80")
t.ok(result.status == 1 and not result.err, "-q: no word about it", result)

# --- ss's way to name a file -----------------------------------------------------

result = tap.sockview("-nHta", "sport = :80", env={"TCPDIAG_FILE": FILE})
t.same(result.lines, [LISTEN], "TCPDIAG_FILE is replayed", result)
result = tap.sockview("-nHta", env={"TCPDIAG_FILE": "/nonexistent/file"})
t.ok(result.status == 2 and b"/nonexistent/file" in result.err, "TCPDIAG_FILE that is not there", result)
# --- what another /proc tells of its host ---------------------------------------

ROOT = os.path.join(tap.scratch(), "proc")
MACHINE = os.path.join(tap.scratch(), "machine")


def tell(name, text):
    path = os.path.join(ROOT, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


for low, unknown in (79, 1), (81, 0):
    tell("sys/net/ipv4/ip_local_port_range", "%d\t90\n" % low)
    for word in "autobound", "not autobound":
        result = replay("--proc-root", ROOT, "-ltnH", word)
        fits = [LISTEN] if not unknown and word != "autobound" else []
        t.same(result.lines, fits, "%s, with a range of %d-90: a recording does not tell who chose the port"
               % (word, low), result)
        t.same(b"autobound: 1 socket left out" in result.err, bool(unknown), "and that is said", result)
os.makedirs(os.path.join(ROOT, "7/fd"))     # without any process it would be no /proc
os.makedirs(os.path.join(ROOT, "7/task"))
shows(["--proc-root", ROOT, "-a", "cgroup = /none"], [], "without a hierarchy any cgroup may be named")
os.makedirs(os.path.join(MACHINE, "cg/there"))
os.makedirs(os.path.join(ROOT, "1"))
os.symlink(MACHINE, os.path.join(ROOT, "1/root"))
device = os.stat(os.path.join(MACHINE, "cg")).st_dev
tell("1/mountinfo", "32 20 %d:%d / /cg rw - cgroup2 none rw\n" % (os.major(device), os.minor(device)))
shows(["--proc-root", ROOT, "-a", "cgroup = /there"], [], "a cgroup of that host")
result = replay("--proc-root", ROOT, "-a", "cgroup = /none")
t.ok(result.status == 2 and b'unknown cgroup "/none"' in result.err, "with one it must be there", result)

# --- a file without an end ------------------------------------------------------

LARGE = os.path.join(tap.scratch(), "large")
with open(LARGE, "wb") as out:
    out.truncate(17 << 20)
result = replay("--filter-file", LARGE)
t.ok(result.status == 2 and result.err == b"sockview: cannot read %s: File too large\n" % LARGE.encode(),
     "a filter file is read up to 16 MiB", result)
t.done()
