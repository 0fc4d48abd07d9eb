#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""On a terminal: colours, cut cells, the pager. And none of it where there is no terminal."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import scene
import scenes
import tap

scenes.enter(others=False)
t = tap.Tap()
stage = scene.Scene()
stage.add(actors.listeners4)
stage.add(actors.states4)
stage.add(actors.one_listener, label="long", argv0=b"/opt/" + b"a" * 300)


def on_terminal(*args, columns=80, env=None):
    """(exit status, text) of sockview on a terminal of that width."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(tap.SOCKVIEW, [tap.SOCKVIEW, *args], tap.environment({"TERM": "xterm", **(env or {})}))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    text = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:          # the terminal's other side is closed
            break
        if not part:
            break
        text += part
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode().replace("\r\n", "\n")


def plain(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


TABLE = ["-atn", "--format", "table", "--columns", "state,recv_q,backlog,retransmits,local_port,inode"]
inode = {label: str(sock.inode) for label, sock in stage.sock.items()}


def row(text, label):
    return next((line for line in text.splitlines() if plain(line).split()[-1:] == [inode[label]]), "")


status, text = on_terminal(*TABLE)
t.same(status, 0, "a table on a terminal")
t.ok("\x1b[32mLISTEN\x1b[0m" in row(text, "tcp4.listen.lo"), "LISTEN has its colour", row(text, "tcp4.listen.lo"))
t.ok("\x1b[33mCLOSE_WAIT\x1b[0m" in row(text, "tcp4.closewait"), "CLOSE_WAIT has its own", row(text, "tcp4.closewait"))
t.ok("\x1b[31m2\x1b[0m" in row(text, "tcp4.listen.full"), "a full accept queue too", row(text, "tcp4.listen.full"))
t.ok("\x1b[31m" not in row(text, "tcp4.listen.waiting"), "one with room has none", row(text, "tcp4.listen.waiting"))
t.same(plain(text), tap.sockview(*TABLE).out.decode(), "without its colours it is what a pipe gets")
text = on_terminal("-atnoe")[1]
line = next(line for line in text.splitlines() if " %s " % inode["tcp4.listen.full"] in line)
t.ok(line.startswith("tcp   \x1b[31m     2\x1b[0m      1 ") and "\x1b[32mLISTEN\x1b[0m" in line, "netstat's lines: a full accept queue", line)
again = inode["tcp4.sendq.client"]
scene.wait_for(lambda: [line for line in tap.sockview("-tnoe").lines if " %s " % again in line and "/0/0)" not in line], "a retransmit")
line = next(line for line in on_terminal("-atnoe")[1].splitlines() if " %s " % again in line)
t.ok(re.search(r"on \(\d+\.\d\d/\x1b\[33m\d+\x1b\[0m/0\)", line), "netstat's lines: retransmits", line)
t.same(re.sub(r"\(\S+\)", "", plain(text)), re.sub(r"\(\S+\)", "", tap.sockview("-atnoe").out.decode()), "and otherwise as in a pipe")
for options in ([], ["--format=table"], ["-o"], ["--format=table", "-o"]):
    for env, args, colours in (({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({"TERM": "dumb"}, [], False),
                               ({}, ["--color=never"], False), ({"NO_COLOR": "1"}, ["--color=always"], True)):
        text = on_terminal("-atn", *options, *args, env=env)[1]
        t.same("\x1b[" in text, colours, "%s %s %s: %s" % (" ".join(options) or "netstat", env, " ".join(args), "colours" if colours else "none"))
    t.same(b"\x1b" in tap.sockview("-atn", *options).out, False, "%s in a pipe: no colours" % (" ".join(options) or "netstat"))
    t.same(b"\x1b" in tap.sockview("-atn", *options, "--color=always").out, True, "but if they are asked for")
for options in (["--json"], ["--jsonl"], ["--csv"], ["--format=tsv"]):
    t.ok("\x1b" not in on_terminal("-atn", *options, "--color=always")[1], "%s: never any colour" % options[0])

# --- cut ------------------------------------------------------------------------------------------------

LONG = ["-ltnp", "--columns", "proto,local,pid,program,cmdline,inode"]
text = plain(on_terminal(*LONG, columns=100)[1])
line = row(text, "long")
t.ok(all(len(one) <= 100 for one in text.splitlines()), "no line is longer than the terminal", [one for one in text.splitlines() if len(one) > 100])
t.ok("…" in line, "what is cut ends in an ellipsis", line)
t.ok(all(line.split() for line in text.splitlines()) and " 127.0.0.1:" in line, "addresses are whole", line)
whole = plain(on_terminal(*LONG, "--no-trunc", columns=100)[1])
t.ok("…" not in whole and "a" * 300 in whole, "--no-trunc: nothing is cut")
t.same(whole, tap.sockview(*LONG).out.decode(), "nor in a pipe")

# At 80 columns the usual questions fit: each row is one line, with its addresses and its inode as in a pipe.
for columns in ("proto,recv_q,local,remote,state,pid,cmdline", "state,local,retransmits,total_retrans,recv_q,backlog,uid,user,program"):
    usual = ["-atnp", "--format=table", "--columns", columns]
    lines, piped = plain(on_terminal(*usual)[1]).splitlines(), tap.sockview(*usual).lines
    t.ok(max(map(len, lines)) <= 80 < max(map(len, piped)), "80 columns are enough: %s" % columns, lines)
    t.same([re.findall(r"127\.0\.0\.\d+:\S+", line) for line in lines], [re.findall(r"127\.0\.0\.\d+:\S+", line)
           for line in piped], "... addresses as in a pipe")

# --- pager -----------------------------------------------------------------------------------------------

plainly = ["-atn", "--color=never"]
text = on_terminal(*plainly)[1]
t.same(on_terminal(*plainly, "--pager", env={"PAGER": "sed 's/^/> /'"})[1], re.sub("(?m)^(?=.)", "> ", text), "--pager: through $PAGER")
t.same(on_terminal(*plainly, "--pager", env={"PAGER": "cat"})[0], 0, "--pager: exit status of sockview")
t.same(on_terminal(*plainly, "--pager", env={"PAGER": "head -n 1"}), (0, text.split("\n")[0] + "\n"), "--pager: left early, a quiet end")
t.same(on_terminal(*plainly, "--pager", env={"PAGER": "exit 3"}), (0, ""), "--pager: a pager that fails")
t.same(on_terminal(*plainly, env={"PAGER": "sed s/^/wrong/"})[1], text, "no pager unless asked for")
t.same(tap.sockview(*plainly, "--pager", env={"PAGER": "sed s/^/wrong/"}).out.decode(), text, "none without a terminal")
t.done()
