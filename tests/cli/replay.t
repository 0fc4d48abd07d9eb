#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Recordings made by hand: the exact output of each option, cut-off and corrupt files."""
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import fakeproc
import tap
import wire

TCP_DUMP = [
    wire.request(wire.AF_INET, wire.TCP),
    wire.inet("LISTEN", "0.0.0.0:22", queues=(0, 128), inode=1001),
    wire.inet("LISTEN", "127.0.0.1:6000", queues=(3, 2), uid=1000, inode=1003),
    wire.inet("ESTABLISHED", "192.0.2.1:22", "198.51.100.7:50000", (5, 36), 0, 1002, ("on", 1500, 2)),
    wire.inet("TIME_WAIT", "192.0.2.1:22", "203.0.113.9:41000", timer=("timewait", 59250, 0)),
    wire.inet("CLOSE", "127.0.0.1:7777", uid=1000, inode=1004),
    wire.done(),
    wire.request(wire.AF_INET6, wire.TCP),
    wire.inet("LISTEN", "[::]:443", queues=(0, 511), uid=33, inode=1005),
    wire.inet("ESTABLISHED", "[::ffff:192.0.2.1]:443", "[::ffff:192.0.2.9]:1024", uid=33, inode=1006,
              timer=("keepalive", 7200000, 0)),
    wire.inet("CLOSE_WAIT", "[fe80::1]:443", "[fe80::2]:2000", (1, 0), 33, 1007, interface=2),
    wire.done(),
]
UDP_DUMP = [
    wire.request(wire.AF_INET, wire.UDP),
    wire.inet("CLOSE", "0.0.0.0:53", queues=(768, 0), uid=101, inode=2001),
    wire.inet("ESTABLISHED", "192.0.2.1:53000", "192.0.2.53:53", uid=1000, inode=2002),
    wire.done(),
    *(part for family, protocol in ((wire.AF_INET6, wire.UDP), (wire.AF_INET, wire.UDPLITE), (wire.AF_INET6, wire.UDPLITE))
      for part in (wire.request(family, protocol), wire.done())),
]
RECORDING = b"".join(TCP_DUMP + UDP_DUMP)

HEADS = {"a": "Active Internet connections (servers and established)", "l": "Active Internet connections (only servers)",
         "": "Active Internet connections (w/o servers)"}
COLUMNS = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
ROWS = {
    "ssh":    "tcp        0    128 0.0.0.0:22              0.0.0.0:*               LISTEN     ",
    "x11":    "tcp        3      2 127.0.0.1:6000          0.0.0.0:*               LISTEN     ",
    "login":  "tcp        5     36 192.0.2.1:22            198.51.100.7:50000      ESTABLISHED",
    "wait":   "tcp        0      0 192.0.2.1:22            203.0.113.9:41000       TIME_WAIT  ",
    "bound":  "tcp        0      0 127.0.0.1:7777          0.0.0.0:*               BOUND      ",
    "https":  "tcp6       0    511 :::443                  :::*                    LISTEN     ",
    "mapped": "tcp6       0      0 192.0.2.1:443           192.0.2.9:1024          ESTABLISHED",
    "link":   "tcp6       1      0 fe80::1:443             fe80::2:2000            CLOSE_WAIT ",
    "dns":    "udp      768      0 0.0.0.0:53              0.0.0.0:*                          ",
    "query":  "udp        0      0 192.0.2.1:53000         192.0.2.53:53           ESTABLISHED",
}
TCP4, TCP6, UDP = ["ssh", "x11", "login", "wait", "bound"], ["https", "mapped", "link"], ["dns", "query"]
SELECTIONS = [
    ("-an", "a", TCP4 + TCP6 + UDP), ("-atun", "a", TCP4 + TCP6 + UDP), ("-atn", "a", TCP4 + TCP6),
    ("-tan4", "a", TCP4), ("-6nta", "a", TCP6), ("-uan", "a", UDP), ("-uan4", "a", UDP), ("-uan6", "a", []),
    ("-ltn", "l", ["ssh", "x11", "https"]), ("-lun", "l", ["dns"]), ("-ln", "l", ["ssh", "x11", "https", "dns"]),
    ("-n", "", ["login", "wait", "mapped", "link", "query"]), ("-tn", "", ["login", "wait", "mapped", "link"]),
    ("-un", "", ["query"]), ("-t4n", "", ["login", "wait"]), ("-lan", "a", TCP4 + TCP6 + UDP),
    ("-Uan", "a", []), ("-nWal", "a", TCP4 + TCP6 + UDP), ("-van", "a", TCP4 + TCP6 + UDP),
]
FULL = """\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer
tcp        0    128 0.0.0.0:22              0.0.0.0:*               LISTEN      0          1001       812/sshd             off (0.00/0/0)
tcp        3      2 127.0.0.1:6000          0.0.0.0:*               LISTEN      1000       1003       -                    off (0.00/0/0)
tcp        5     36 192.0.2.1:22            198.51.100.7:50000      ESTABLISHED 0          1002       900/sshd             on (1.50/2/0)
tcp        0      0 192.0.2.1:22            203.0.113.9:41000       TIME_WAIT   0          0          -                    timewait (59.25/0/0)
tcp        0      0 127.0.0.1:7777          0.0.0.0:*               BOUND       1000       1004       77/b\\x0ad            off (0.00/0/0)
tcp6       0    511 :::443                  :::*                    LISTEN      33         1005       50/nginx             off (0.00/0/0)
tcp6       0      0 192.0.2.1:443           192.0.2.9:1024          ESTABLISHED 33         1006       51/nginx             keepalive (7200.00/0/0)
tcp6       1      0 fe80::1:443             fe80::2:2000            CLOSE_WAIT  33         1007       51/nginx             off (0.00/0/0)
udp      768      0 0.0.0.0:53              0.0.0.0:*                           101        2001       600/dns              off (0.00/0/0)
udp        0      0 192.0.2.1:53000         192.0.2.53:53           ESTABLISHED 1000       2002       -                    off (0.00/0/0)
"""

t = tap.Tap()
folder = tap.scratch()
path = os.path.join(folder, "recording")


def save(data):
    fakeproc.write(path, data)
    return path


def replay(*options, **more):
    return tap.sockview(*options, "--replay", path, **more)


save(RECORDING)
for options, view, rows in SELECTIONS:
    result = replay(options)
    want = "\n".join([HEADS[view], COLUMNS, *(ROWS[name] for name in rows)]) + "\n"
    t.same(result.out, want.encode(), "%s selects what it says" % options, result)
    t.ok(result.status == 0 and not result.complaints("v" in options), "%s: status 0 and no word" % options, result)
for order in ("-antp", "-tpan", "-pant", "-natp"):
    t.same(replay(order).out, replay("-a", "-n", "-t", "-p").out, "%s is -a -n -t -p" % order)
t.same(replay("-antH").out, "".join(ROWS[name] + "\n" for name in TCP4 + TCP6).encode(), "-H leaves the headings out")

tree = fakeproc.FakeProc(os.path.join(folder, "proc"))
tree.process(812, "sshd", ["sshd: /usr/sbin/sshd -D [listener]"], {3: "socket:[1001]", 4: "/dev/null"})
tree.process(900, "sshd", ["sshd: someone [priv]"], {4: "socket:[1002]"}, ppid=812)
tree.process(901, "sshd", ["sshd: someone@pts/0"], {4: "socket:[1002]"}, ppid=900)
tree.process(51, "nginx", ["nginx: worker process"], {6: "socket:[1005]", 7: "socket:[1006]", 8: "socket:[1007]"})
tree.process(50, "nginx", ["nginx: master process /usr/sbin/nginx"], {6: "socket:[1005]", 9: "socket:[99]"})
tree.process(600, "systemd-resolve", ["/usr/lib/dns"], {12: "socket:[2001]", 13: "pipe:[1003]", 14: "socket:[x]"})
tree.process(77, "b\nd", [], {0: "socket:[1004]"})
result = replay("-atunpeo", "--proc-root", tree.root)
t.same(result.out, FULL.encode(), "-atunpeo with the processes of a --proc-root", result)
result = replay("-tnpp", "--proc-root", tree.root)
t.ok(b" 900/sshd,901/sshd " in result.out, "-pp shows every owner, the lowest pid first", result)
result = replay("-atunpeo")
t.ok(b"sshd" not in result.out and b" - " in result.out,
     "the processes of this machine are not made owners of a recording from nowhere", result)

# --- columns chosen, added to the default and left out of it

default = replay("-un", "--format", "csv").lines[0].strip().split(",")
t.ok("inode" in default and "fd" not in default, "csv has columns by default", default)
for chosen, columns in [
        ("-inode", [name for name in default if name != "inode"]), ("+fd", default + ["fd"]),
        ("-UID,-recv-q,fd", [name for name in default if name not in ("uid", "recv_q")] + ["fd"]),
        ("-fd", default), ("proto,state,-proto", ["state"]), ("-all,fd", ["fd"])]:
    result = replay("-un", "--format", "csv", "--columns", chosen)
    t.same((result.status, result.lines[0].strip().split(",")), (0, columns), "--columns %s" % chosen, result)
for chosen, word in [("-bogus", b"there is no column 'bogus'"), ("-all", b"'-all' leaves no column"),
                     ("fd,-fd", b"'fd,-fd' leaves no column")]:
    result = replay("-un", "--format", "csv", "--columns", chosen)
    t.ok(result.status == 2 and word in result.err, "--columns %s is wrong usage" % chosen, result)

# --- the rest of the selection, and the exit status that tells whether anything was found

FOUND = [
    ("-atn", ["dst 198.51.100.7"], ["login"]), ("-atn", ["sport = :443"], TCP6), ("-tn", ["sport = :443"], TCP6[1:]),
    ("-atun", ["--state", "listen"], ["ssh", "x11", "https"]), ("-atn", ["state bound"], ["bound"]),
    ("-atn", ["--state", "time-wait,close-wait"], ["wait", "link"]),
    ("-an", ["src 192.0.2.0/24"], ["login", "wait", "mapped", "query"]),
    ("-an", ["inode = 2002"], ["query"]),
    ("-an4", ["udp:53"], UDP), ("-an", ["--user", "1000"], ["x11", "bound", "query"]),
    ("-atn", ["sport = :9"], []), ("-tn", ["state listen"], ["ssh", "x11", "https"]), ("-uan", ["src 10.0.0.0/8"], []),
]
for options, words, rows in FOUND:
    result = replay(options, *words)
    t.same((result.status, result.lines[2:]), (0 if rows else 1, [ROWS[name] for name in rows]),
           "%s %s: %d rows and exit %d" % (options, " ".join(words), len(rows), 0 if rows else 1), result.err)
for words in (["-atn"], ["-ltn"], ["-an", "sport = :53"]):
    result, want = tap.sockview(*words, env={"TCPDIAG_FILE": path}), replay(*words)
    t.same((result.status, result.out), (want.status, want.out), "TCPDIAG_FILE is --replay: %s" % " ".join(words))

# --- ss -D: no requests in front, TCP alone, two dumps one behind the other.
save(b"".join(part for part in TCP_DUMP if part not in (TCP_DUMP[0], TCP_DUMP[7])))
want = "\n".join([HEADS["a"], COLUMNS, *(ROWS[name] for name in TCP4 + TCP6)]) + "\n"
t.same(replay("-atn").out, want.encode(), "a file without requests, as ss -D writes it: both dumps are read")
t.same(replay("-tn6").lines[2:], [ROWS["mapped"], ROWS["link"]], "and selected from")

# --- broken files

status, byte = {0, 3}, re.compile(r"\(at byte (\d+)\)\n\Z")


def offset(result):
    match = byte.search(result.err.decode(errors="replace"))
    return int(match.group(1)) if match else None


ends, at = set(), 0
for part in TCP_DUMP + UDP_DUMP:
    at += len(part)
    if part == wire.done():
        ends.add(at)        # a whole answer: nothing tells that another followed
# Sanitized programs start slowly: every seventh length and the ones around each message.
step = 7 if tap.SAN else 1
borders, at = set(), 0
for part in TCP_DUMP + UDP_DUMP:
    borders |= {at - 1, at, at + 1, at + 15, at + 16, at + 17}
    at += len(part)
wrong = []
for length in range(len(RECORDING)):
    if length % step and length not in borders:
        continue
    save(RECORDING[:length])
    result = replay("-atun", often=True)
    good = (result.status == 0) if length in ends else (result.status == 3 and offset(result) == length)
    if not good:
        wrong.append("%d bytes: %r" % (length, result))
t.same(wrong, [], "a file cut off at any of %d lengths: status 3 and the byte it ends at" % len(RECORDING))

seed = 20260
chance = random.Random(seed)
wrong = []
for turn in range(60 if tap.SAN else 400):
    data = bytearray(RECORDING)
    for _ in range(chance.choice((1, 1, 1, 3, 30))):
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    save(bytes(data))
    result = replay(chance.choice(("-atun", "-tunaeo", "-ltn", "-atuxUwnp")), often=True)
    if result.status not in status or (result.status == 3 and offset(result) is None):
        wrong.append("turn %d: %r" % (turn, result))
t.same(wrong, [], "bytes changed at random (seed %d): an answer, or status 3 with the byte" % seed)

for name, data, where in (
        ("an empty file", b"", 0),
        ("a text file", b"root:x:0:0:root:/root:/bin/bash\n" * 10, 0),
        ("zeros", b"\0" * 1000, 0),
        ("a length below the header's", RECORDING[:72] + b"\x0f\0\0\0" + RECORDING[76:], 72),
        ("a message of 4 GB", b"\xff\xff\xff\xff" + RECORDING[4:], 0),
        ("an answer shorter than its struct", wire.request(wire.AF_INET, wire.TCP)
         + wire.message(wire.SOCK_DIAG_BY_FAMILY, b"\x02\x01\0\0") + wire.done(), 72)):
    save(data)
    result = replay("-atun")
    good = result.status == 3 and offset(result) == where
    t.ok(good and len(result.err.splitlines()) == 1, "%s: status 3, one line, the byte" % name, result)

# A file that is no recording at all is told from a spoilt one, and one of another machine from both.
for name, data, words in (
        ("a text", b"tcp 0 0 127.0.0.1:80 0.0.0.0:* LISTEN\n", b"no recording of netlink messages"),
        ("half a header", b"hi", b"no recording of netlink messages"),
        ("a program", b"\x7fELF\2\1\1" + b"\0" * 100, b"no recording of netlink messages"),
        ("of the other byte order", RECORDING[3::-1] + RECORDING[5:3:-1] + RECORDING[6:], b"a recording of a machine with the other byte order")):
    save(data)
    result = replay("-atun")
    t.ok(result.status == 3 and words in result.err and offset(result) in (0, 2), "%s: that is said" % name, result)

save(wire.request(wire.AF_INET, wire.TCP) + wire.error(-2) + b"".join(UDP_DUMP))
result = replay("-atun")
t.ok(result.status == 0 and result.lines[2:] == [ROWS[name] for name in UDP],
     "a refusal of the kernel is recorded too: the other dumps are shown", result)
# --- what cannot be read, or not to its end, in each format

def answer(data, *words):
    save(data)
    return replay(*words)


cut, half = RECORDING[:len(RECORDING) - 100], b"".join(TCP_DUMP[:3])
for name, data, rows in (("an empty file", b"", 0), ("text", b"no recording " * 20, 0), ("a cut one", half, 2)):
    for words in (["-atun"], ["-atunp"], ["-atun", "--format", "table"], ["-i", "-n"]):
        result = answer(data, *words)
        t.ok(result.status == 3 and (rows or not result.out), "%s, %s: status 3%s" %
             (name, " ".join(words), "" if rows else ", and no heading"), result)
    for words in (["--jsonl"], ["--csv", "-H"]):
        result = answer(data, "-atun", *words)
        t.same((result.status, len(result.lines)), (3, rows), "%s, %s: status 3, no row is made up" %
               (name, words[0]), result)
    for words in ([], ["--columns", "pid,local_port"], ["--sort", "local_port"]):
        result = answer(data, "-atun", "--json", *words)
        document = json.loads(result.out)
        t.same((result.status, document["report"]["complete"], len(document["sockets"])),
               (3, False, rows if words != ["--sort", "local_port"] and not any("pid" in w for w in words) else 0),
               "%s, --json %s: not complete" % (name, " ".join(words)), result)
        t.ok(document["report"]["error"] and document["report"]["error"].encode() in result.err,
             "and report.error is what stands on standard error", result)
document = json.loads(answer(RECORDING, "-atun", "--json").out)
t.same((document["report"]["complete"], document["report"]["error"]), (True, None), "a whole one is complete")

# --- refused: only two errnos say that the kernel does not know the protocol

for number, status, words in ((2, 0, b"does not tell of tcp"), (95, 0, b"does not tell of tcp"),
                              (1, 3, b"did not list tcp sockets: Operation not permitted"),
                              (12, 3, b"did not list tcp sockets: "),  # C libraries differ in the word
                              (22, 3, b"did not list tcp sockets: Invalid argument")):
    refused = wire.request(wire.AF_INET, wire.TCP) + wire.error(-number)
    result = answer(refused, "-tan", "--json")
    document = json.loads(result.out)
    t.same((result.status, document["report"]["complete"], document["report"]["unavailable"], words in result.err),
           (status, False, ["tcp"], True), "TCP refused with errno %d" % number, result)
    result = answer(refused + b"".join(UDP_DUMP), "-tuan")
    t.ok(result.status == 0 and words in result.err and len(result.lines) > 2,
         "and with UDP told it is a part of the answer", result)

# --- what a recording was not made of, and what its kernel did not tell, is said

BOTH = [wire.request(wire.AF_INET, wire.TCP), wire.done(), wire.request(wire.AF_INET6, wire.TCP), wire.done()]
LISTEN, BOUND, CODE = 1 << 10, 1 << 13, wire.attribute(1, b"\1\4\10\0")      # INET_DIAG_REQ_BYTECODE: let all through
SOME, KERNEL, NEWER = b"not made of all tcp sockets", b"Linux 5.10.0-33-amd64", b"it takes Linux 6.8"


def both(**more):
    return [part for family in (wire.AF_INET, wire.AF_INET6) for part in (wire.request(family, wire.TCP, **more), wire.done())]


OLD = wire.origin(" kernel 5.10.0-33-amd64 bound untold")
DUMPED = BOTH[1::2]
ONE_WALK = wire.message(wire.TCPDIAG_GETSOCK, wire.struct.pack(wire.ORDER + "BBB49xII", 2, 0, 0, 0xFFFFFFFF, 0), 0x301)
for name, data, options, said, complete, free in (
        ("all of it", [wire.origin(), *BOTH], ["-atn"], [], True, 0),
        ("both families in one walk", [wire.origin(), ONE_WALK, wire.done()], ["-atn"], [], True, 0),
        ("two parts of it", [wire.origin(), *both(states=LISTEN), *both(states=~LISTEN & 0xFFFFFFFF)], ["-atn"], [], True, 0),
        ("listeners", [wire.origin(), *both(states=LISTEN)], ["-atn"], [SOME], False, 3),
        ("listeners, of which no more are asked for", [wire.origin(), *both(states=LISTEN)], ["-ltn"], [], True, 3),
        ("all but bound ones", [wire.origin(), *both(states=~BOUND & 0xFFFFFFFF)], ["-atn"], [SOME], False, 3),
        ("connections", [wire.origin(), *both(states=~BOUND & 0xFFFFFFFF)], ["-tn"], [], True, 3),
        ("IPv4", [wire.origin(), *BOTH[:2]], ["-atn"], [SOME], False, 3),
        ("IPv4, of which no more is asked for", [wire.origin(), *BOTH[:2]], ["-atn4"], [], True, 3),
        ("UDP", [wire.origin(), *UDP_DUMP], ["-atn"], [SOME], False, 3),
        ("one port", [wire.origin(), *both(sport=22)], ["-atn"], [SOME], False, 3),
        ("a filter", [wire.origin(), *both(attributes=CODE)], ["-atn"], [SOME], False, 3),
        ("an older kernel", [OLD, *BOTH], ["-atn"], [KERNEL, NEWER], False, 3),
        ("an older kernel's connections", [OLD, *BOTH], ["-tn"], [], True, 3),
        ("an older kernel's bound sockets", [OLD, *BOTH], ["-tn", "--state", "bound"], [KERNEL, NEWER], False, 3),
        ("a release that is none", [wire.origin(" kernel \033[2J bound untold"), *BOTH], ["-atn"], [NEWER], False, 3),
        ("an older version of sockview", [wire.origin(""), *BOTH], ["-atn"], [], False, 3),
        ("an older version, with -v", [wire.origin(""), *BOTH], ["-atnv"], [b"whether its kernel told"], False, 3),
        ("an older version, with a bound socket", [wire.origin(""), *BOTH[:1], wire.inet("CLOSE", "127.0.0.1:1"), *BOTH[1:]],
         ["-atn"], [], True, 0),
        ("ss -D", DUMPED, ["-atn"], [], False, 3),
        ("ss -D, with -v", DUMPED, ["-atnv"], [b"does not say of which sockets"], False, 3)):
    result = answer(b"".join(data), *options)
    t.ok(all(word in result.err for word in said) and (said or not result.err) and b"\033" not in result.err,
         "a recording of %s: %s" % (name, "that is said" if said else "nothing to say"), result)
    report = json.loads(replay(*options, "--json").out)["report"]
    t.same((report["complete"], report["unrecorded"]), (complete, ["tcp"] if SOME in said or data is DUMPED else []), "... JSON too", report)
    result = replay("--explain", "8080")
    t.ok(result.status == free and (KERNEL not in said or KERNEL in b" ".join(result.out.split())), "... --explain 8080: exit %d" % free, result)

# --- kinds of timers: the delayed ACK's, and one that has no word yet

TIMERS = os.path.join(tap.scratch(), "timers")
with open(TIMERS, "wb") as out:
    out.write(wire.request(wire.AF_INET, wire.TCP))
    for number, kind in enumerate(("unkn-6", "delack", "off")):
        out.write(wire.inet("ESTABLISHED", "192.0.2.1:22", "192.0.2.2:%d" % (100 + number), inode=1 + number,
                            timer=(kind, 40 if kind != "off" else 0, 0), cookie=number + 1))
    out.write(wire.done())
result = tap.sockview("--replay", TIMERS, "-tnoH")
t.same([line.split("ESTABLISHED ")[1] for line in result.lines],
       ["unkn-6 (0.04/0/0)", "delack (0.04/0/0)", "off (0.00/0/0)"], "netstat's words for them", result)
result = tap.sockview("--replay", TIMERS, "-tnH", "--columns", "timer,timer_expires", "--format", "tsv", "--sort", "timer")
t.same(result.lines, ["delack\t40", "off\t", "unkn-6\t40"], "the column says the same, and sorts", result)
result = tap.sockview("--replay", TIMERS, "-tn", "--columns", "timer,timer_expires", "--json")
t.same([row["timer"] for row in json.loads(result.out)["sockets"]], ["unkn-6", "delack", "off"], "JSON too", result)
t.done()
