#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lines of lsof, ss and netstat as public scripts have them, each beside the program it is of, on the same sockets.

lsof's listing is compared whole but for files that are no internet sockets; of ss's and netstat's lines the sockets
are: the ends of each row."""
import json
import os
import pwd
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import select_scene
import tap

has = select_scene.enter()
t = tap.Tap()
scene = select_scene.fill(has)
# lsof does not find a thread that keeps a socket after its process's leader has exited.
THREAD = scene.sock["owner.thread"].pid
FILLED = {"@PID@": str(scene.sock["p80.listen"].pid), "@USER@": pwd.getpwuid(os.getuid()).pw_name}


def lines(tool):
    with open(os.path.join(tap.SRCDIR, "tests/live/typed_lines.txt")) as file:
        for line in file:
            if line.startswith(tool + " "):
                for word, text in FILLED.items():
                    line = line.replace(word, text)
                yield line.split()[1:]


def is_socket(line):
    fields = line.split()
    return len(fields) > 7 and fields[1].isdigit() and ("IPv4" in fields or "IPv6" in fields)


def listing(result):
    """Rows of internet sockets, without the widths that rows of other files give the columns."""
    return sorted(" ".join(line.split()) for line in result.lines if is_socket(line) and line.split()[1] != str(THREAD))


def pids(result):
    return [line for line in result.lines if line != str(THREAD)]


# Before 4.95 lsof has no -Q, and a descriptor's line in each output of fields.
OLD_LSOF = tap.older("lsof", (4, 95), "-v")


def fields(result):
    """But for the file flags, which are not told here."""
    kept, shown = [], True
    for line in result.lines:
        if line[0] == "p":
            shown = line != "p%d" % THREAD
        if shown and line[0] != "G":
            kept.append(line)
    return kept


def same_lsof(words):
    read = listing
    if any(re.match(r"-[nP]*t", word) for word in words):
        read = pids
    asked = re.search(r" -F ?(\w*)", " " + " ".join(words))
    if asked:
        read = fields
    if asked and OLD_LSOF and asked[1] and "f" not in asked[1]:
        read = lambda result: [line for line in fields(result) if line[0] != "f"]
    # A socket may change its state between the looks: then once more.
    for _ in range(3):
        # Names of hosts are printed here with -r alone.
        theirs = tap.run(["lsof", "-n", *words])
        mine = tap.sockview(*words)
        if read(theirs) == read(mine):
            break
    t.same(read(mine), read(theirs), "lsof %s (%d)" % (" ".join(words), len(read(theirs))), mine, theirs)
    t.same(mine.status, theirs.status, "lsof %s: status" % " ".join(words), mine, theirs)


# --- ss and netstat: which sockets ---------------------------------------------------------------------

def end(text):
    """One spelling of an end: ss and netstat have several for the wildcard and for mapped addresses."""
    host, _, port = text.rpartition(":")
    host = re.sub(r"%[\w.-]+", "", host).strip("[]").replace("::ffff:", "")
    return "%s:%s" % ("*" if host in ("*", "0.0.0.0", "::") else host, "*" if port in ("*", "0") else port)


def ss_615(fields, udp, every):
    """A row that ss shows since 6.15: BOUND as UNCONN (`udp`: of UDP, where no column tells), SYN-RECV without -a."""
    netid = fields[0] if fields[0] in ("tcp", "udp") else "udp" if udp else "tcp"
    state = fields[1] if fields[0] in ("tcp", "udp") else fields[0]
    return netid == "tcp" and (state == "UNCONN" or state == "SYN-RECV" and not every)


def theirs_rows(result, udp, every):
    """The ends of the rows of TCP and UDP; the inodes of unix sockets."""
    ends, unix = [], []
    for line in result.lines:
        fields = line.split()
        if fields and ss_615(fields, udp, every):
            continue
        # Datagram sockets with a peer are connected to netstat, and here, but not to ss.
        if fields and ((fields[0] == "u_str" and fields[1] != "UNCONN") or (fields[0] == "unix" and "STREAM" in fields)):
            unix += [field for field in fields[4:] if field.isdigit() and field != "0"][:1]
        if not fields or re.match(r"(unix|u_|raw|p_|nl|icmp|udpl|v_|xdp|mptcp|sctp|tipc|dccp)", fields[0]):
            continue
        pair = [field for field in fields if re.match(r"(\*|[\[\]0-9a-f.:]+)(%[\w.-]+)?\]?:(\d+|\*)$", field)]
        if len(pair) >= 2:
            ends.append(end(pair[0]) + " " + end(pair[1]))
    return sorted(ends) + sorted(unix)


# ss leaves them out unless -a or a state is said; they are connected to netstat, and here. CLOSE: of unix sockets.
MINISOCKS = ("TIME_WAIT", "SYN_RECV", "NEW_SYN_RECV", "CLOSE", "UNCONNECTED")


def own_rows(result, without):
    ends, unix = [], []
    for row in (json.loads(line) for line in result.lines):
        if row["proto"] == "unix":
            if row["unix_type"] == "stream" and row["inode"] and row["state"] not in without:
                unix.append(str(row["inode"]))
        elif row["proto"] in ("tcp", "tcp6", "udp", "udp6") and row["state"] not in ("BOUND", *without[:3]):
            ends.append(" ".join(end("%s:%s" % (row[side + "_address"] or "*", row[side + "_port"] or "*")) for side in ("local", "remote")))
    return sorted(ends) + sorted(unix)


def same_rows(tool, words, more):
    shown = [word for word in words if word != "--resolve"]
    every = any(re.match(r"-\w*a|--all|state$", word) for word in words)
    udp = any(re.match(r"-\w*u|--udp", word) for word in words)
    without = MINISOCKS if tool == "ss" and not every else ()
    for _ in range(3):
        theirs = tap.run([tool, *more, *shown])
        mine = tap.sockview("--jsonl", *shown)
        want, got = theirs_rows(theirs, udp, every), own_rows(mine, without)
        if not any(row.isdigit() for row in got):
            # ss and netstat add unix sockets where no protocol is named.
            want = [row for row in want if not row.isdigit()]
        if want == got:
            break
    t.same(got, want, "%s %s (%d)" % (tool, " ".join(words), len(want)), mine, theirs)
    t.ok(mine.status == (0 if got or not re.search(r" (state|dst|sport|dport|\()", " ".join(words)) else 1), "%s: status" % " ".join(words), mine)


for tool, more in (("ss", ["-n", "-O"]), ("netstat", ["-n", "-W"])):
    if tap.missing(tool):
        t.skip("%s's lines" % tool, "it is not installed")
        continue
    for line in lines(tool):
        if line[0].startswith("-s"):
            # Of several letters ss prints the summary, and then the rows.
            total = tap.sockview(*line)
            rows = tap.sockview("-atun" if line == ["-s"] else line[0].replace("s", ""), "-H")
            t.same(total.lines[0].split()[0], str(len(rows.lines)), "%s: as many sockets as there are rows" % " ".join(line), total)
        else:
            same_rows(tool, line, more)

# Numbers for people, unless numbers are asked for.
FILTER = "sport = :80 and state = established"
row = json.loads(tap.sockview("--jsonl", "-tmI", FILTER).lines[0])
people = tap.sockview("-tmIH", "--numeric-hosts", FILTER)
exact = tap.sockview("-tmInH", FILTER)
table = tap.sockview("-tH", "--columns", "rto,rcvbuf", FILTER)
row["rto"] //= 1000  # microseconds
t.ok(row["rto"] < 1000 and row["rcvbuf"] >= 10240, "the connection's rto and rcvbuf are of the sizes wanted here", row)
short = ("%.3g" % (row["rcvbuf"] / 1024) + "KiB") if row["rcvbuf"] < 1023488 else ("%.3g" % (row["rcvbuf"] / 1048576) + "MiB")
t.ok((" rto:%dms " % row["rto"]).encode() in people.out and (" rcvbuf:%s " % short).encode() in people.out, "rcvbuf:%s" % short, people)
t.ok((" rcvbuf:%d " % row["rcvbuf"]).encode() in exact.out, "-n: rcvbuf:%d" % row["rcvbuf"], exact)
t.same(table.out.split(), [b"%dms" % row["rto"], short.encode()], "the table, too", table)

# The IPv6 wildcard has a name of netstat's unless numbers are asked for. Other addresses are left out: netstat
# looks their hosts up, and which have a name is in the machine's /etc/hosts.
def wildcards(result):
    return sorted(tuple(line.split()[3:5]) for line in result.lines if " [::]:" in line and line.split()[3].startswith("[::]:"))


if "ipv6" in has and not tap.missing("netstat"):
    want = wildcards(tap.run(["netstat", "-tulW6"]))
    mine = tap.sockview("-tul6")
    t.ok(want, "there are wildcards to look for")
    t.same(wildcards(mine), want, "netstat's [::]", mine)
    t.ok(want and not re.search(rb" :::", mine.out), "and no :::", mine)

# The words of -A for one type of unix sockets, on sockets made here.
held = {"unix_" + name: socket.socketpair(socket.AF_UNIX, kind) for name, kind in (
    ("stream", socket.SOCK_STREAM), ("dgram", socket.SOCK_DGRAM), ("seqpacket", socket.SOCK_SEQPACKET))}
inode = {name: {os.fstat(end.fileno()).st_ino for end in pair} for name, pair in held.items()}
every = set().union(*inode.values())
for words, names in (("-A unix_stream", ["unix_stream"]), ("-A unix_dgram,unix_seqpacket", ["unix_dgram", "unix_seqpacket"]),
                     ("-t -A UNIX_SEQPACKET", ["unix_seqpacket"]), ("-A unix_dgram,unix", held), ("-x -A unix_dgram", held),
                     ("-A unix_dgram -x", held), ("-A unix_dgram,!unix", [])):
    result = tap.sockview("-an", "--jsonl", *words.split())
    found = {json.loads(line)["inode"] for line in result.lines} & every
    t.same(found, set().union(*(inode[name] for name in names)), words, result)
for pair in held.values():
    for half in pair:
        half.close()

if tap.missing("lsof"):
    t.skip("lsof's lines", "lsof is not installed")
else:
    for line in lines("lsof"):
        same_lsof(line)
    for line in ("-nP -i -p @PID@", "-nP -i:80 -i:9", "-nP -i:9 -p 1", "-a -nP -i -p @PID@ -u ^@USER@", "-nPi -g -R -l", "-nP -i:80 -c nosuch",
                 "-nP -i -s TCP:LISTEN,CLOSING,SYN_SENT", "-nP -iTCP:80 -s TCP:LISTEN", "-nP -iTCP:80 -s TCP:LISTEN,CLOSE_WAIT",
                 "-nP -iTCP:80 -s TCP:LISTEN,TIME_WAIT", "-nP -i -s TCP:^LISTEN,^TIME_WAIT", "-nP -i -s TCP:LISTEN,TIME_WAIT -Q"):
        for word, text in FILLED.items():
            line = line.replace(word, text)
        if OLD_LSOF and "-Q" in line:
            t.skip("lsof " + line, OLD_LSOF)
            continue
        same_lsof(line.split())
    for words, noted in (("-i -p 1", True), ("-i -a -p 1", False), ("-i -p ^1", False), ("-i -p 1 -q", False)):
        result = tap.sockview(*words.split())
        t.same(b"joined by or" in result.err, noted, "%s: %s note about or" % (words, "a" if noted else "no"), result)
scene.close()
t.done()
