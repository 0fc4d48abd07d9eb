#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Owners that an ordinary user cannot see are never an empty answer in silence: who it is, or how many sockets."""
import json
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

if os.getuid() != 0:
    tap.skip_all("it takes root to run servers of several users")
why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
HIDDEN = 2          # root's sockets here
ME = open("/proc/self/comm").read().strip()


def nobody(*args, **more):
    return tap.sockview(*args, user=tap.NOBODY, **more)


def said(result, *texts):
    return all(text.encode() in result.err for text in texts)


# --- a selection that names processes: those that fit are named

who = "(pid %d) could not be looked into" % os.getpid()
for words in (["--pid", str(os.getpid())], ["pid = %d" % os.getpid()], ["--program", ME, "--pid", str(os.getpid())],
              ["sport = :%d and pid = %d" % (port, os.getpid())]):
    for pids in ([], ["--pids"]):
        result = nobody("-lH", *pids, *words)
        t.ok(result.status == 1 and not result.out and said(result, who), "%s: who it may be" % " ".join(pids + words),
             result)
document = json.loads(nobody("-l", "--json", "--pid", str(os.getpid())).out)
t.same((document["report"]["complete"], document["report"]["hidden_owners"]), (False, HIDDEN), "JSON counts the sockets")

# --- none of those that were not looked into fits: the answer is sure

for words in (["--program", "no-such-program"], ["--pid", "4194303"]):
    result = nobody("-lH", *words)
    t.ok(result.status == 1 and not result.err, "%s: no hidden process is that, and nothing is said" % " ".join(words),
         result)
    document = json.loads(nobody("-l", "--json", *words).out)
    t.same(document["report"]["hidden_owners"], 0, "and no socket is in doubt")

# --- a selection of sockets whose owners are printed: the sockets are counted

for words in (["-i", ":%d" % port], ["--pids", "-i", ":%d" % port], ["--pids", ":%d" % port],
              ["-iTCP", "-sTCP:LISTEN"]):
    result = nobody("-n", *words)
    t.ok(result.status == 1 and not result.out and said(result, "1 socket left out, as its owner could not be seen"),
         "%s: a port that is taken does not read as free" % " ".join(words), result)
result = nobody("-ni")
t.ok(said(result, "%d sockets left out" % HIDDEN), "-i: how many", result)

# --- what excludes shows more than it should

for words in (["--pid", "^%d" % os.getpid()], ["not pid = %d" % os.getpid()]):
    result = nobody("-lnH", *words)
    t.ok(result.status == 0 and len(result.lines) == HIDDEN and said(result, "%d sockets shown although" % HIDDEN),
         "%s: shown, and said" % words[-1], result)
result = nobody("-lnH", "not pid = 4194303")
t.ok(len(result.lines) == HIDDEN and b"although" not in result.err, "where no hidden process is excluded nothing is in doubt",
     result)

# --- one's own sockets are sure

ready, tell = os.pipe()
hold, release = os.pipe()
own = os.fork()
if own == 0:
    tap.die_with_parent()
    os.close(release)
    os.setresgid(tap.NOBODY, tap.NOBODY, tap.NOBODY)
    os.setresuid(tap.NOBODY, tap.NOBODY, tap.NOBODY)
    tap.keep_readable()
    server.close()
    datagrams.close()
    mine = socket.create_server(("127.0.0.1", 0))
    os.write(tell, b"%d\n" % mine.getsockname()[1])
    os.read(hold, 1)
    os._exit(0)
own_port = int(os.read(ready, 16))
result = nobody("-n", "-i", ":%d" % own_port)
t.ok(result.status == 0 and not result.err and str(own) in result.out.decode(), "one's own port: no note", result)
result = nobody("--pids", "-l", "--pid", str(own))
t.ok(result.lines == [str(own)] and not result.err, "one's own process: no note", result)

# --- hidepid: processes are not even listed, so it may be any of them

mount = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"]
drop = ["setpriv", "--reuid", str(tap.NOBODY), "--regid", str(tap.NOBODY), "--clear-groups"]
if tap.run(mount + drop + ["true"]).status:
    t.skip("hidepid", "no /proc with hidepid can be mounted here")
else:
    for words in (["-l", "--program", "no-such-program"], ["-n", "-i", ":%d" % port], ["--pids", ":%d" % port]):
        result = tap.run(mount + drop + [tap.program(tap.NOBODY), *words])
        t.ok(result.status == 1 and said(result, "left out", "could not be seen"),
             "hidepid, %s: the sockets are counted" % " ".join(words), result)
os.close(release)
os.waitpid(own, 0)
t.done()
