#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--sort: every column's order checked on the values themselves, in every format, and what it costs in memory."""
import ipaddress
import json
import os
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import oracle
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
stage = scenes.full(has, others)
ALL = ["-atuUwxn"]


def rows(*options):
    return [json.loads(line) for line in tap.sockview(*ALL, "--jsonl", *options).out.decode().splitlines()]


def key(value):
    """An order of its own for what json carries: numbers as numbers, addresses by family and number."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return value[0]["pid"] if value else 0
    if isinstance(value, str):
        try:
            address = ipaddress.ip_address(value)
            return (address.version, int(address))
        except ValueError:
            return value.encode()
    return value


COLUMNS = "proto family state recv_q send_q local_address local_port remote_address remote_port uid inode pid program " \
          "owner_count rtt snd_cwnd bytes_acked retrans_share congestion rcvbuf cookie scope unix_type start_time".split()
for column in COLUMNS:
    for minus in ("", "-"):
        shown = [row[column] for row in rows("--columns", column + ",inode", "--sort", minus + column)]
        present = [value for value in shown if value is not None]
        t.ok(shown[:len(present)] == present and len(present) > 1, "%s%s: absent values last" % (minus, column), shown)
        keys = list(map(key, present))
        t.same(keys, sorted(keys, reverse=bool(minus)), "%s%s: in order" % (minus, column))

# Cookies never change while a socket lives, so the two looks can be compared row by row.
unsorted = rows("--columns", "state,cookie,inode")
by_state = rows("--columns", "state,cookie,inode", "--sort", "state")
steady = {row["cookie"] for row in unsorted if row["inode"]}
t.same([row["cookie"] for row in by_state if row["cookie"] in steady],
       [row["cookie"] for row in sorted(unsorted, key=lambda row: row["state"]) if row["cookie"] in steady], "rows of one state stay in their order")
two = rows("--columns", "state,uid,inode", "--sort", "-uid,state")
t.same([(row["uid"], row["state"]) for row in two if row["uid"] is not None],
       sorted(((row["uid"], row["state"]) for row in two if row["uid"] is not None), key=lambda pair: (-pair[0], pair[1])), "two keys")

lines = [line for line in oracle.read(tap.sockview("-tane", "--sort", "-inode").lines) if line.kind == "inet"]
inodes = [int(line.fields["inode"]) for line in lines]
t.same([n for n in inodes if n], sorted((n for n in inodes if n), reverse=True), "netstat's lines are sorted too")
kinds = [line.kind for line in oracle.read(tap.sockview("-taxn", "--sort", "inode").lines)]
t.ok(kinds.index("unix") > max(i for i, kind in enumerate(kinds) if kind == "inet"), "its two sections are not mixed")
for words, culprit in ((["--sort", "bogus"], b"'bogus'"), (["--sort", "state,,uid"], b"''"), (["--columns", "pid,bogus"], b"'bogus'"),
                       (["--format=lsof", "--sort", "pid"], b"--sort"), (["-Fp", "--json"], b"-F"), (["--format=netstat", "--columns", "pid"], b"--columns")):
    refused = tap.sockview("-atn", *words)
    t.ok(refused.status == 2 and culprit in refused.err and not refused.out, "%s: refused, and why" % " ".join(words), refused)

# --- memory -------------------------------------------------------------------------------------------

SOCKETS, BYTES, BASE = 40000, 250, 3 << 20
if tap.SAN:
    t.skip("250 bytes a socket", "sanitizers need memory of their own")
else:
    load = subprocess.Popen([tap.helper("load"), "4", str(SOCKETS // 8), "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            preexec_fn=tap.die_with_parent)
    ready = load.stdout.readline().split()
    if ready[:1] != [b"ready"]:
        t.skip("250 bytes a socket", "so many sockets cannot be made here")
    else:
        def limit():
            tap.die_with_parent()
            resource.setrlimit(resource.RLIMIT_DATA, (BASE + SOCKETS * BYTES,) * 2)

        for options in (["--jsonl", "--sort", "remote_address,-inode"], ["--csv", "--sort", "state,local_port"], ["--sort", "-remote_port"],
                        ["--format=table", "--sort", "local"]):
            limited = subprocess.run([tap.SOCKVIEW, "-atn", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit)
            t.ok(limited.returncode == 0 and limited.stdout.count(b"\n") > SOCKETS, "%s: %d sockets in %d bytes each" %
                 (" ".join(options), SOCKETS, BYTES), limited.returncode, limited.stderr)
        def tight():
            tap.die_with_parent()
            resource.setrlimit(resource.RLIMIT_DATA, (BASE, BASE))

        for options in (["--json"], ["--jsonl"], ["--csv"], ["--format=tsv"]):
            limited = subprocess.run([tap.SOCKVIEW, "-atn", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=tight)
            t.ok(limited.returncode == 0 and limited.stdout.count(b"\n") > SOCKETS, "%s: in constant memory" % options[0], limited.stderr)
        limited = subprocess.run([tap.SOCKVIEW, "-atn", "--sort", "inode"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=tight)
        t.ok(limited.returncode == 3 and limited.stderr, "without memory it says so", limited.returncode, limited.stderr)
    load.stdin.close()
    load.wait()
t.done()
