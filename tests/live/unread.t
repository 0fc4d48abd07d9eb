#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where /proc cannot be read, or not all of it: each errno is told, and no owner is made up or left out in silence."""
import errno
import json
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

t = tap.Tap()
why = netns.enter()
if why:
    tap.skip_all(why)
if tap.SAN:
    tap.skip_all("the sanitizers' library has to be the first")
LIBRARY = tap.preloadable("fail_files")
if not LIBRARY:
    tap.skip_all("no C compiler for a library to be preloaded")

server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]


def failing(call, path, number, *args):
    return tap.sockview(*args, env={"LD_PRELOAD": LIBRARY, "FAIL_CALL": call, "FAIL_PATH": path,
                                    "FAIL_ERRNO": str(number)})


def told(result, *texts):
    return all(text.encode() in result.err for text in texts)


def row_of(document):
    return next(row for row in document["sockets"] if row["local_port"] == port)


JSON = ("-tln", "--json", "--columns", "local_port,pid,program,owner_reason")

# --- no /proc at all

empty = os.path.join(tap.scratch(), "empty")
os.mkdir(empty)
for name, run in [(errno.errorcode[number], lambda *args, number=number: failing("open", "/proc", number, *args))
                  for number in (errno.EACCES, errno.EMFILE, errno.ENOMEM, errno.ENOENT)] + \
                 [("an empty one", lambda *args: tap.sockview("--proc-root", empty, *args))]:
    reason = os.strerror(errno.ENOENT if name == "an empty one" else getattr(errno, name))
    result = run("-tlnp")
    t.ok(result.status == 0 and told(result, "no owner is known", reason) and
         any(line.rstrip().endswith(" -") for line in result.lines), "no /proc (%s): -p says so" % name, result)
    document = json.loads(run(*JSON).out)
    t.same((row_of(document)["owner_reason"], row_of(document)["pid"], document["report"]["complete"]),
           ("no-proc", None, False), "no /proc (%s): JSON has the reason" % name)
    for words in (["-i", ":%d" % port], ["--pids", ":%d" % port], ["-l", "--program", "python*"], ["-l", "--pid", "1"],
                  ["-l", "not program = nginx"]):
        result = run(*words)
        t.ok(result.status == 3 and told(result, reason), "no /proc (%s): %s is no empty answer" % (name, " ".join(words)),
             result)
    result = run("-tlnH", "--program", "python*", "sport = :1")
    t.ok(result.status == 1, "no /proc (%s): where no owner decides, the answer stands" % name, result)

# --- some of it

for number in (errno.EIO, errno.ENOMEM, errno.ELOOP):
    for call, path in (("readlink", str(server.fileno())), ("open", "%d/fd" % os.getpid())):
        what = "%s of %s fails with %s" % (call, "the fd" if call == "readlink" else "its folder",
                                           errno.errorcode[number])
        result = failing(call, path, number, "-tlnp")
        t.ok(result.status == 0 and told(result, "could not be looked into", os.strerror(number)), what, result)
        t.same(result.err.count(os.strerror(number).encode()), 1, "said once")
        document = json.loads(failing(call, path, number, *JSON).out)
        t.same((row_of(document)["owner_reason"], document["report"]["complete"],
                document["report"]["owners"]["unread"] > 0), ("unknown", False, True), "and in JSON")
for number in (errno.ENOENT, ):
    result = failing("readlink", str(server.fileno()), number, "-tlnp")
    t.ok(result.status == 0 and not result.complaints(), "an fd that was closed is no news", result)

# --- an owner without a name

number = errno.EMFILE
result = failing("open", "comm", number, "-tlnp")
t.ok(result.status == 0 and told(result, "the name or more could not be read", os.strerror(number)),
     "no descriptor is left for a name: said", result)
t.done()
