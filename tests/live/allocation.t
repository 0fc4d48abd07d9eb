#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each allocation of the program fails in turn, alone and with all that follow: it says so, or
the answer is the whole one. Never a crash, a hang, or an answer that silently lacks something."""
import os
import pty
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
import whole

if tap.SAN:
    tap.skip_all("a sanitizer brings its own allocator")
# With processes of its own: --explain tells of the same port in other network namespaces, which come and go.
why = netns.enter()
if why:
    tap.skip_all(why)

LIBRARY = tap.preloadable("fail_allocation")
if not LIBRARY:
    tap.skip_all("no C compiler for a library with the GNU libc's inner names")

# FAULTS is set by `make faults`: what takes too long for each check.
WHOLE = os.environ.get("FAULTS")
t = tap.Tap()
recording = os.path.join(tap.scratch(), "recording")
server = socket.socket()
server.bind(("127.0.0.1", 8080))
server.listen()
client = socket.create_connection(("127.0.0.1", 8080))
server6 = socket.socket(socket.AF_INET6)
server6.bind(("::1", 8081))
server6.listen()
datagram = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
datagram.bind(("::1", 0))
local = socket.socket(socket.AF_UNIX)
local.bind("\0allocation")
local.listen()
tap.sockview("--record", recording, "-atnI")


def failing(options, number, on):
    env = {"LD_PRELOAD": LIBRARY, "FAIL_AT": str(number)}
    return tap.sockview(*options, env=dict(env, FAIL_ON="1") if on else env, often=True, seconds=20)


def allocations(options):
    """How many there are, and what comes out when all of them can be had."""
    read_end, write_end = os.pipe()
    answer = tap.sockview(*options, env={"LD_PRELOAD": LIBRARY, "FAIL_COUNT": str(write_end)}, pass_fds=[write_end])
    os.close(write_end)
    count = os.read(read_end, 100)
    os.close(read_end)
    return int(count), answer


def every_allocation(options, strict=True, step=1):
    count, answer = allocations(options)
    if not t.ok(count > 0 and answer.status in (0, 1), "%s: %d allocations" % (" ".join(options), count), answer):
        return
    wrong = []
    for on in (False, True):
        for number in range(1, count + 1, step):
            got = failing(options, number, on)
            why = whole.verdict(got, answer, strict)
            if why:
                difference = tap.difference(whole.lines(got.out), whole.lines(answer.out))
                wrong.append("\n".join(["%s at %d%s: %r" % (why, number, " and on" if on else "", got), *difference]))
    t.ok(not wrong, "%s: each of them failing is told" % " ".join(options), *wrong[:3])


for line in sys.argv[1:] or ("-atnp", "-tuanp", "-xap", "-tuUwxan --source=proc", "-i -nP", "-atn --sort=-local_port",
             "--json -atnp", "--csv -atnp", "--csv --columns=local_port,cgroup -atn",
             "-tu --summary --replay %s" % recording, "-t --summary --format=openmetrics", "-t --summary --json",
             "-atn --group-by=state,remote_net,local --sum=recv_q,rtt",
             "--format=table -atn", "--pids -i :8080", "-F pcn -i -nP",
             "--help", "--list-columns", "--completions=bash", "--explain tcp:127.0.0.1:8080",
             "--explain tcp:8080,8081 --json", "-N all -ltn", "--list-netns", "-N all -atn --replay %s" % recording,
             "--record %s -atn" % os.path.join(tap.scratch(), "other"), "--replay %s -atn" % recording):
    every_allocation(line.split())
every_allocation(["-atn", "sport = :8080 or pid = 1 or src 10.0.0.0/8 or dst [::1]:80"])
# Names that cannot be kept are numbers, and a note says so.
every_allocation("-tuaper".split(), step=1 if WHOLE else 7)
if WHOLE:
    for line in ("--json -atuxpee", "-atr", "-atup", "-axpee", "-atnom", "--replay %s -atnI" % recording, "-iTCP -sTCP:LISTEN", "-i -F", "-i -nPl",
                 "--pids -i", "--jsonl -atnp", "--format=tsv -atnp", "--format=table -atupe", "--format=lsof -i",
                 "--format=csv --columns=program,unit,container,user,cgroup,local_host -atu", "-atn --columns=+pid,exe,cmdline",
                 "-lnp -v", "-atnpp", "-atn --sort=-pid,user", "-c0.01 --count 2 -atnp", "--no-pushdown -atn state listening",
                 "-atn --pid 1", "-atn --program python*", "-atn --user root", "-atn --cgroup /*", "-atn cgroup = /*",
                 "--explain 8080 --json", "--explain udp:53", "--explain 8080 --no-probe", "--completions=zsh",
                 "--completions=fish", "--version", "--replay %s --json -atnp" % recording,
                 "--replay %s --explain 8080" % recording, "-x --source=proc", "-atnp --owners-from=proc"):
        every_allocation(line.split())

# A pager that was started ends only when nothing holds its input open any more.
ours, theirs = pty.openpty()
count = allocations(["-atn"])[0]
wrong = []
for on in (False, True):
    for number in range(1, count + 1):
        env = {"LD_PRELOAD": LIBRARY, "FAIL_AT": str(number), "PAGER": "cat >/dev/null", "TERM": "dumb"}
        got = tap.sockview("-atn", "--pager", stdout=theirs, env=dict(env, FAIL_ON="1") if on else env, seconds=20)
        if got.status not in (0, 2, 3) or (got.status > 0) != (b"sockview: " in got.err):
            wrong.append("%d%s: %r" % (number, " and on" if on else "", got))
        if got.status < 0:
            break
t.ok(count > 3 and not wrong, "--pager: each of %d allocations failing is told, and the pager ends" % count, *wrong[:3])
t.done()
