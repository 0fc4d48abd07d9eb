#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Standard output that is full, closed, slow or read no further; tables one after the other, each whole."""
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import scene
import tap

HEADING = b"Active Internet connections"
PATIENCE = 60       # a bound, not an expectation


def crowd(stage):
    """Rows enough for more than a pipe holds (64 KiB)."""
    for number in range(900):
        stage.keep("sock%d" % number, stage.listener(actors.V4, ("127.0.0.1", 10000 + number), 1))


def start(*options, **more):
    return subprocess.Popen([tap.SOCKVIEW, *options], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env=tap.environment(), preexec_fn=tap.die_with_parent, **more)


def end(process):
    """What is left on its streams, and its status. Killed if it does not end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += b"[killed]"
    return out or b"", err, process.returncode


def read_until(process, condition, what):
    """Reads stdout until condition(bytes so far)."""
    data, limit = b"", time.monotonic() + PATIENCE
    while not condition(data):
        ready, _, _ = select.select([process.stdout], [], [], max(0, limit - time.monotonic()))
        part = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not part:
            t.note("%s: the output ended or nothing came" % what)
            return data
        data += part
    return data


def tables(data):
    """The output cut where a table begins."""
    parts = data.split(HEADING)
    return parts[:1] + [HEADING + part for part in parts[1:]]


why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
stage = scene.Scene()
pid = stage.add(crowd)
table = tap.sockview("-ltnp").out
t.ok(len(table) > 80000 and table.count(b"\n") == 902, "the scene is more than a pipe holds", len(table))

# --- nowhere to write to

for options in (["-ltn"], ["-ltnp"], ["-ltn", "-c0.1", "--count", "50"], ["--help"], ["--version"]):
    with open("/dev/full", "wb") as full:
        process = start(*options, stdout=full)
        _, err, status = end(process)
    t.ok(status == 3 and err.count(b"\n") == 1 and b"No space left on device" in err and b"standard output" in err,
         "%s > /dev/full: exit 3 and one line that says why" % " ".join(options), status, err)
for redirection, options in ((">&-", "-ltn"), (">&-", "-ltnp"), ("<&- >&-", "-ltnp"), (">&-", "--help")):
    result = tap.shell('"%s" %s %s' % (tap.SOCKVIEW, options, redirection))
    t.ok(result.status == 3 and b"standard output" in result.err, "%s %s: exit 3" % (options, redirection), result)

# --- readers that stop

for options in ("-ltn", "-ltnp", "-ltn -c0.05", "-ltnp -c0.05"):
    result = tap.shell('set -o pipefail; "%s" %s | head -1' % (tap.SOCKVIEW, options))
    t.ok(result.status == 0 and result.out.count(b"\n") == 1 and not result.complaints(),
         "%s | head -1: one line, no complaint, status 0" % options, result)
for options in (["-ltn"], ["-ltnp"], ["--help"], ["-c0.05", "-ltn"]):
    read, write = os.pipe()
    os.close(read)
    process = start(*options, stdout=write)
    os.close(write)
    _, err, status = end(process)
    t.ok(status == 0 and err == b"", "%s into a pipe without reader: a quiet end" % " ".join(options), status, err)

# --- readers that are slow, and a pipe that was made non-blocking

process = start("-ltnp", stdout=subprocess.PIPE)
time.sleep(0.2)
out, err, status = end(process)
t.ok(out == table and status == 0, "a slow reader gets all of it", len(out), status, err)
read, write = os.pipe()
fcntl.fcntl(write, fcntl.F_SETFL, os.O_NONBLOCK)
process = start("-ltnp", stdout=write)
os.close(write)
got = b""
while True:
    time.sleep(0.02)        # so that the pipe is full again and again
    select.select([read], [], [], PATIENCE)
    part = os.read(read, 4096)
    if not part:
        break
    got += part
_, err, status = end(process)
os.close(read)
t.ok(got == table and status == 0, "a pipe that would block is waited for", len(got), status, err)

# --- table after table

single = tap.sockview("-ltn").out
result = tap.sockview("-ltn", "-c0.05", "--count", "4")
t.ok(result.status == 0 and result.out == single * 4, "-c0.05 --count 4: the table four times", len(result.out), result.err)
result = tap.sockview("-c", "--count", "2", "-ltn")
t.ok(result.status == 0 and result.out == single * 2, "-c is -c1", len(result.out), result.err)
result = tap.sockview("-ltnH", "--continuous=0.05", "--count", "2")
t.same(result.out, b"".join(single.split(b"\n", 2)[2:]) * 2, "-H leaves all headings out")
if tap.missing("netstat"):
    t.skip("netstat -c", "netstat is not installed")
else:
    peer = subprocess.Popen(["netstat", "-lnxc"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            env=tap.environment(), preexec_fn=tap.die_with_parent)
    ours = start("-lnxc0.1", stdout=subprocess.PIPE)
    two = [read_until(one, lambda data: data.count(b"Active UNIX") >= 3, name) for one, name in
           ((peer, "netstat"), (ours, "sockview"))]
    for one in (peer, ours):
        one.kill()
        end(one)
    cut = [data.split(b"Active UNIX")[:3] for data in two]
    t.same(cut[1], cut[0], "one table behind the other, as netstat -c prints them")

for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")):
    for options in (["-ltn", "-c0.05"], ["-ltnp", "-c0.05"], ["-ltn", "-c3600"]):
        process = start(*options, stdout=subprocess.PIPE)
        first = read_until(process, lambda data: data.count(b"\n") >= 902, name)
        process.send_signal(number)
        rest, err, status = end(process)
        parts = tables(first + rest)
        whole = single if options[0] == "-ltn" else table
        t.ok(status == 0 and err == b"" and parts[0] == b"" and len(parts) > 1 and set(parts[1:]) == {whole},
             "%s ends %s behind a whole table" % (name, " ".join(options)), status, err, parts[-1][-200:])
    # The program stands in the middle of a table: the pipe is full and is not read.
    process = start("-ltnp", "-c0.05", stdout=subprocess.PIPE)
    scene.wait_for(lambda: select.select([process.stdout], [], [], 0)[0], "output", PATIENCE)
    time.sleep(0.3)
    process.send_signal(number)
    time.sleep(0.1)
    out, err, status = end(process)
    parts = tables(out)
    t.ok(status == 0 and err == b"" and len(parts) > 1 and set(parts[1:]) == {table},
         "%s in the middle of a table: it is finished" % name, status, err, parts[-1][-200:])

# The pipe is full and nothing is read any more, as behind a pager: one signal is enough.
for options in (["-ltnp", "-c0.05"], ["-ltn", "-c0.05", "--json"]):
    process = start(*options, stdout=subprocess.PIPE)
    scene.wait_for(lambda: select.select([process.stdout], [], [], 0)[0], "output", PATIENCE)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    try:
        status = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        status = "it goes on"
    t.same(status, 0, "SIGINT ends %s whose reader has stopped" % " ".join(options))
    process.kill()
    end(process)

# The reader goes away between two tables.
for options in (["-ltn", "-c3600"], ["-ltnp", "-c3600"]):
    process = start(*options, stdout=subprocess.PIPE)
    read_until(process, lambda data: data.count(b"\n") >= 902, "first table")
    process.stdout.close()
    try:
        status = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        status = "it goes on"
        process.kill()
    t.same((status, process.stderr.read()), (0, b""), "%s ends once its reader is gone" % " ".join(options))

# As a shell starts what runs in the background of a script.
before = signal.signal(signal.SIGINT, signal.SIG_IGN)
process = start("-ltn", "-c0.1", "--count", "5", stdout=subprocess.PIPE, restore_signals=False)
signal.signal(signal.SIGINT, before)
first = read_until(process, lambda data: data.count(b"\n") >= 902, "ignored SIGINT")
process.send_signal(signal.SIGINT)
rest, err, status = end(process)
t.ok(status == 0 and err == b"" and first + rest == single * 5, "SIGINT stays ignored where the caller ignores it",
     status, err, (first + rest).count(HEADING))

process = start("-ltn", "-c0.05", stdout=subprocess.PIPE)
read_until(process, lambda data: data.count(HEADING) > 1, "before")
late = socket.create_server(("127.0.0.1", 0))
row = b"127.0.0.1:%d " % late.getsockname()[1]
seen = read_until(process, lambda data: row in data, "appears")
t.ok(row in seen, "a socket opened between two tables is in the next")
late.close()
gone = read_until(process, lambda data: data.count(HEADING) > 3 and row not in tables(data)[-2], "goes")
t.ok(row not in tables(gone)[-2], "and not in one after it was closed")
process.terminate()
end(process)
t.done()
