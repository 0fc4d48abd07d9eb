#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--group-by, --sum and --top: what awk, sort and uniq make of the same recording, in every format."""
import collections
import csv
import ipaddress
import json
import os
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
stage = scenes.full(has, others)
path = os.path.join(tap.scratch(), "recording")
tap.sockview("-atuUwneemI", "--record", path)
REPLAY = "%s --replay %s -q " % (shlex.quote(tap.SOCKVIEW), shlex.quote(path))

# The options with --group-by, and the pipeline over netstat's lines or tsv that answers the same.
TSV = " --format tsv --columns "
QUESTIONS = [
    ("-tan --group-by state", "-tanH | awk '{print $6}'"),
    ("-tan --group-by proto", "-tanH | awk '{print $1}' | sed s/6$//"),
    ("-atun --group-by proto,family", "-atunH | awk '{six = sub(/6$/, \"\", $1); print $1, six ? \"inet6\" : \"inet\"}'"),
    ("-tn --group-by remote_address", "-tnH | awk '{print $5}' | sed 's/:[^:]*$//' | tr -d []"),
    ("-tn4 --group-by remote_address", "-tn4H | awk '{print $5}' | cut -d: -f1"),
    ("-tn --group-by remote_port", "-tnH | awk '{print $5}' | sed 's/.*://'"),
    ("-ltn --group-by local_port", "-ltnH | awk '{print $4}' | sed 's/.*://'"),
    ("-tn --group-by local_address", "-tnH | awk '{print $4}' | sed 's/:[^:]*$//' | tr -d []"),
    ("-tn4 --group-by remote", "-tn4H | awk '{print $5}'"),
    ("-tn4 --group-by local,remote", "-tn4H | awk '{print $4, $5}'"),
    ("-tn --group-by state,remote_address", "-tnH | awk '{r = $5; sub(/:[^:]*$/, \"\", r); gsub(/[][]/, \"\", r); print $6, r}'"),
    ("-tn4 --group-by remote_net/24", "-tn4H | awk '{print $5}' | cut -d: -f1 | cut -d. -f1-3 | sed 's|$|.0/24|'"),
    ("-tn4 --group-by remote_net/8", "-tn4H | awk '{print $5}' | cut -d. -f1 | sed 's|$|.0.0.0/8|'"),
    ("-tn4 --group-by local_net/16,48", "-tn4H | awk '{print $4}' | cut -d. -f1-2 | sed 's|$|.0.0/16|'"),
    ("-tn4 --group-by remote_net", "-tn4H | awk '{print $5}' | cut -d. -f1-3 | sed 's|$|.0/24|'"),
    ("-tan --group-by recv_q", "-tanH | awk '{print $2}'"),
    ("-tan --group-by recv_q,send_q", "-tanH | awk '{print $2, $3}'"),
    ("-tane --group-by uid", "-taneH | awk '{print $7}' | grep -v [^0-9]"),
    ("-tn --group-by congestion state established", "-tnH%scongestion state established" % TSV),
    ("-atun --group-by scope", "-atunH%sscope" % TSV),
    ("-tan --group-by interface", "-tanH%sinterface" % TSV),
    ("-tn --group-by rto", "-tnH%srto" % TSV),
]


def told(result, blank="-"):
    """Groups as {(values): count}, in order."""
    return collections.OrderedDict((tuple(words[1:]), int(words[0])) for words in
                                   (line.split() for line in result.out.decode().splitlines()))


for options, pipeline in QUESTIONS:
    ours = tap.run(["sh", "-c", REPLAY + options + " -H --format table"])
    uniq = tap.run(["sh", "-c", REPLAY + pipeline + " | sed 's/^$/-/' | sort | uniq -c | sort -nr"])
    if "uid" in options:
        # netstat's line has 0 where there is no uid to tell: TIME_WAIT.
        ours.out = b"".join(line + b"\n" for line in ours.out.splitlines() if not line.endswith(b" -"))
        uniq = tap.run(["sh", "-c", REPLAY + "-tanH%suid | grep . | sort | uniq -c" % TSV])
    mine, theirs = told(ours), told(uniq)
    t.same(sorted(mine.items()), sorted(theirs.items()), "%s: as the pipeline counts" % options)
    counts = list(mine.values())
    t.ok(counts and counts == sorted(counts, reverse=True), "%s: the largest first" % options, ours)


def sockview(*options):
    return tap.sockview("--replay", path, "-n", *options)


# --- every format -----------------------------------------------------------------------------------

rows = [json.loads(line) for line in sockview("-atu", "--jsonl", "--columns", "proto,state,recv_q,rtt,remote_address").out.decode().splitlines()]
want = collections.Counter((row["proto"], row["state"]) for row in rows)
sums = collections.defaultdict(list)
for row in rows:
    sums[row["proto"], row["state"]].append((row["recv_q"], row["rtt"]))
SUM = ["-atu", "--group-by", "proto,state", "--sum", "recv_q,rtt"]
document = json.loads(sockview(*SUM, "--json").out)
lines = [json.loads(line) for line in sockview(*SUM, "--jsonl").out.decode().splitlines()]
t.same(document["groups"], lines, "json and jsonl: the same groups")
t.ok("sockets" not in document and document["report"]["complete"], "json: a report, and no sockets", document)
t.same({(group["proto"], group["state"]): group["count"] for group in lines}, dict(want), "json: counts")


def total(values):
    told_values = [value for value in values if value is not None]
    return round(sum(told_values), 3) if told_values else None


for group in lines:
    pairs = sums[group["proto"], group["state"]]
    t.same((group["sum_recv_q"], None if group["sum_rtt"] is None else round(group["sum_rtt"], 3)),
           (total([pair[0] for pair in pairs]), total([pair[1] for pair in pairs])), "the sums of %s %s" % (group["proto"], group["state"]))
for name, separator in (("csv", ","), ("tsv", "\t")):
    read = list(csv.DictReader(sockview(*SUM, "--format", name).out.decode().splitlines(), delimiter=separator))
    t.same([{key: None if value is None else str(value) for key, value in group.items() if key != "sum_rtt"} for group in lines],
           [{key: value or None for key, value in group.items() if key != "sum_rtt"} for group in read], "%s: the same" % name)
table = sockview(*SUM)
t.same(table.lines[0].split(), "COUNT PROTO STATE SUM-RECV-Q SUM-RTT".split(), "the table's heading")
t.same(table.out, sockview(*SUM, "--format", "netstat").out, "netstat's form is the table")
t.same([int(line.split()[0]) for line in sockview("-i", "--group-by", "state", "-H").lines] != [], True, "with -i")

# --- order and --top ----------------------------------------------------------------------------------

by_name = [group["state"] for group in map(json.loads, sockview("-at", "--group-by", "state", "--sort", "-state", "--jsonl").lines)]
t.same(by_name, sorted(by_name, reverse=True), "--sort by a key")
by_sum = [group["sum_recv_q"] for group in map(json.loads, sockview("-at", "--group-by", "state", "--sum", "recv_q", "--sort", "sum_recv_q", "--jsonl").lines)]
t.same(by_sum, sorted(by_sum), "--sort by a sum")
everything = sockview("-at", "--group-by", "remote").lines
t.same(sockview("-at", "--group-by", "remote", "--top", "3").lines, everything[:4], "--top with groups")
everything = sockview("-at", "--sort", "-local_port,remote_port").lines
t.same(sockview("-at", "--sort", "-local_port,remote_port", "--top", "4").lines, everything[:6], "--top with rows, sorted")
t.same(sockview("-at", "--top", "4").lines, sockview("-at").lines[:6], "--top as they come")
t.same(len(json.loads(sockview("-at", "--top", "5", "--json").out)["sockets"]), 5, "--top in json")

# --- networks --------------------------------------------------------------------------------------

for words, four, six in (("remote_net/20,56", 20, 56), ("remote_net/0,128", 0, 128), ("remote_net/32,1", 32, 1), ("remote_net", 24, 64)):
    nets = collections.Counter()
    for row in rows:
        if row["remote_address"] is None:
            nets[None] += 1
            continue
        address = ipaddress.ip_address(row["remote_address"])
        nets[str(ipaddress.ip_network((address, four if address.version == 4 else six), strict=False))] += 1
    groups = list(map(json.loads, sockview("-atu", "--group-by", words, "--jsonl").lines))
    t.same({group["remote_net"]: group["count"] for group in groups}, dict(nets), words)

# --- owners ------------------------------------------------------------------------------------------

live = tap.sockview("-atuwn", "--json", "--columns", "inode,owners,state")
shared = collections.Counter()
several = 0
for row in json.loads(live.out)["sockets"]:
    pids = {owner["pid"] for owner in row["owners"] or []}
    several += len(pids) > 1
    for pid in pids or {None}:
        shared[pid] += 1
grouped = tap.sockview("-atuwn", "--group-by", "pid", "--jsonl")
t.same({group["pid"]: group["count"] for group in map(json.loads, grouped.lines)}, dict(shared), "by pid: once for each process")
t.ok(several and b"%d socket" % several in grouped.err and b"counted once for each" in grouped.err, "and a note says how many were shared", grouped)
plain = tap.sockview("-atuwn", "--group-by", "owners", "--jsonl")
t.ok(b"counted once" not in plain.err, "by all owners together: each socket once", plain)
t.same(sum(json.loads(line)["count"] for line in plain.lines), sum(1 for _ in json.loads(live.out)["sockets"]), "and no socket is missing")

# --- nothing, and what does not go --------------------------------------------------------------------

nothing = sockview("-at", "--group-by", "state", "sport = :1 and dport = :2")
t.same((nothing.status, nothing.lines), (1, ["COUNT  STATE"]), "a filter that nothing fits: exit 1")
for words in ("--group-by stat", "--group-by remote_net/33", "--group-by remote_net/24,129", "--group-by state/2", "--group-by state,state",
              "--group-by ,", "--group-by state --sum program", "--group-by state --sum", "--group-by state --sort inode",
              "--group-by state --format lsof", "--group-by state -F", "--group-by state --columns pid", "--group-by state --pids",
              "--sum inode", "--top 0", "--top x", "-i --top 3"):
    refused = tap.sockview(*words.split())
    t.ok(refused.status == 2 and len(refused.err.splitlines()) == 1 and not refused.out, "%s: refused in a line" % words, refused)

# --- the machine -----------------------------------------------------------------------------------------

with open("/proc/sys/kernel/random/boot_id") as file:
    boot_id = file.read().strip()
groups = list(map(json.loads, tap.sockview("-atn", "--group-by", "host,boot_id", "--jsonl").lines))
t.same([(group["host"], group["boot_id"]) for group in groups], [(os.uname().nodename, boot_id)], "host and boot_id")
groups = list(map(json.loads, sockview("-at", "--group-by", "host,boot_id", "--jsonl").lines))
t.same([(group["host"], group["boot_id"]) for group in groups], [(None, boot_id)], "of a recording: the boot it was made in")
t.done()
