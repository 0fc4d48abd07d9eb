#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--events: connections made here are each told once, with their process, bytes and errors."""
import collections
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from events_watch import Watch, listener, named, talk

ROUNDS = 10000

why = netns.enter()
if why:
    tap.skip_all(why)
has = netns.furnish()
t = tap.Tap()


old = listener()
watch = Watch("--jsonl")
if not watch.by_bpf:
    t.note(watch.said)
    watch.end()
    t.skip("BPF", tap.no_bpf())
else:
    new = listener()
    for i in range(ROUNDS):
        talk(old if i % 2 else new, i, 2 * i)
    with socket.socket() as refused:
        refused.bind(("127.0.0.1", 0))
        nobody = refused.getsockname()
        try:
            socket.create_connection(nobody)
        except ConnectionRefusedError:
            pass
    new.close()
    events = watch.until(b'"close"', 2 * ROUNDS).until(b'"unlisten"', 1).events()
    mine = {event["pid"] for event in events}
    t.same(mine, {os.getpid()}, "every event is this process's")
    count = collections.Counter(event["event"] for event in events)
    untold = sum(int(line.split()[1]) for line in watch.said.splitlines() if b"told when they closed" in line)
    t.same(count["close"], 2 * ROUNDS, "each end of each connection closes once")
    t.same(count["open"] + untold, 2 * ROUNDS, "and opened once")
    t.same((count["connect"], count["failed"], count["listen"], count["unlisten"]), (ROUNDS + 1, 1, 1, 1), "the others")
    out = sorted((event["bytes_acked"], event["bytes_received"]) for event in named(events, "close") if event["direction"] == "out")
    back = sorted((event["bytes_received"], event["bytes_acked"]) for event in named(events, "close") if event["direction"] == "in")
    t.same(out, [(i, 2 * i) for i in range(ROUNDS)], "payload as the client sent and got it")
    t.same(back, out, "and as the server did")
    t.ok(all(event["exact"] for event in named(events, "close")), "which is exact")
    t.same({event["owner_from"] for event in named(events, "open") if event["direction"] == "in"}, {"listener"},
           "what is accepted is the listener's, whether or not it was there before")
    failed = named(events, "failed")[0]
    t.same((failed["error"], failed["remote_port"]), ("ECONNREFUSED", nobody[1]), "a refused connection")
    t.ok(b" 0 lost" in watch.said, "nothing was lost", watch.said)
    t.ok(all(event["duration"] >= 0 for event in named(events, "close")), "durations")

    # --- filters, ends, forms ---
    watch = Watch("--jsonl", "event = close and dport = %d" % old.getsockname()[1])
    talk(old, 5, 7)
    events = watch.until(b'"close"', 1).events()
    t.same([(event["event"], event["bytes_acked"], event["bytes_received"]) for event in events], [("close", 5, 7)],
           "one close by a filter")
    t.same(watch.process.returncode, 0, "something came: 0")
    watch = Watch("--jsonl", "program = no-such-program")
    talk(old, 1, 1)
    t.same((watch.events(), watch.process.returncode), ([], 1), "nothing that fits: 1")
    watch = Watch("--count", "2")
    talk(old, 1, 1)
    watch.process.wait(timeout=tap.COMMAND_SECONDS)
    lines = watch.end().splitlines()
    t.ok(len(lines) == 3 and lines[0].split()[:2] == [b"TIME", b"EVENT"], "--count 2: two lines under the heading", lines)
    watch = Watch("--csv", "--utc", "event = close")
    talk(old, 5, 7)
    rows = [line.split(b",") for line in watch.end().split(b"\r\n")]
    t.same((rows[0][:3], rows[1][1:3], rows[1][0][-1:]), ([b"time", b"event", b"protocol"], [b"close", b"tcp"], b"Z"), "csv")

    # --- who: children, exec, threads, other users of a listener ---
    watch = Watch("--jsonl")
    child = subprocess.Popen([sys.executable, "-c", "import socket,sys\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])))\ns.close()",
                              *map(str, old.getsockname())])
    child.wait(timeout=tap.COMMAND_SECONDS)
    old.accept()[0].close()
    events = watch.events()
    t.same({event["pid"] for event in events if event["direction"] == "out"}, {child.pid}, "a child's connection is its own")
    t.same({event["pid"] for event in events if event["direction"] == "in"}, {os.getpid()}, "the other end is not")

    pids = []
    for _ in range(2):
        pid = os.fork()
        if not pid:
            tap.die_with_parent()
            signal.pause()
        pids.append(pid)
    watch = Watch("--jsonl", "event = open")
    talk(old, 1, 1)
    shared = [event for event in watch.events() if event["direction"] == "in"]
    t.same([(event["owner_from"], event["owner_candidates"]) for event in shared], [("listener-shared", 3)],
           "of a listener that three processes have: so many candidates")
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)

    if "ipv6" in has:
        six = listener("::1", socket.AF_INET6)
        watch = Watch("--jsonl", "event = close")
        talk(six, 3, 4)
        t.same(sorted((event["local_address"], event["bytes_acked"]) for event in watch.until(b'"close"', 2).events()), [("::1", 3), ("::1", 4)], "IPv6")

    # --- another namespace's ---
    watch = Watch("--jsonl")
    tap.run(["unshare", "-n", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh", sys.executable, "-c",
             "import socket\nl=socket.socket();l.bind(('127.0.0.1',0));l.listen();socket.create_connection(l.getsockname())"])
    t.same(watch.events(), [], "another namespace's are not told")

# --- without BPF: closes by messages, opens by looks -------------------------------------------------
# cap_39 and cap_38 are bpf and perfmon, whose names an older setpriv does not know.

watch = Watch("--jsonl", "-c0.2", before=(["setpriv", "--bounding-set", "-cap_39,-cap_38,-sys_admin", "--inh-caps", "-all"] if os.getuid() == 0 else []))
t.ok(b"a look every" in watch.said, "without BPF that is said", watch.said)
talk(old, 700, 1300)
events = watch.until(b'"close"', 2).events()
closes = named(events, "close")
t.same(len(closes), 2, "each end's close is told")
t.ok({event["source"] for event in closes} == {"destroy"} and all(event["uid"] is None for event in closes),
     "by the kernel's message, which knows no user", closes)
t.same(sorted(event["bytes_acked"] for event in closes), [700, 1300], "with the bytes that were sent")

# --- wrong usage -------------------------------------------------------------------------------------

for words, expected in ((["-E", "state = listen"], b"event ="), (["-E", "--json"], b"--jsonl"), (["-E", "event = closed"], b"unknown event"),
                        (["event = close"], b"--events"), (["--for", "3"], b"--events"), (["-E", "--replay", "/dev/null"], b"--replay"),
                        (["-E", "-x"], b"TCP and UDP"), (["-E", "--for", "x"], b"--for 10"), (["-E", "rtt > 5ms"], b"events")):
    result = tap.sockview(*words)
    t.ok(result.status == 2 and expected in result.err, "refused: %s" % " ".join(words), result)
full = tap.run(["sh", "-c", "exec \"$0\" -E --for 1 >/dev/full", tap.SOCKVIEW])
t.same(full.status, 3, "a full disk")
t.done()
