#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Words that mean a person's question: a program's name, a pid, several ports, an address without brackets."""
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()

NAME = "meant%x" % (os.getpid() & 0xfffff)
HOLD = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 8080))
client = socket.create_connection(("127.0.0.1", 8080))
other = socket.create_server(("127.0.0.1", 9090))
six = None
try:
    six = socket.create_server(("::1", 3000), family=socket.AF_INET6)
except OSError:
    pass
print(client.getsockname()[1], int(six is not None), flush=True)
sys.stdin.read()
"""
holder = subprocess.Popen([NAME, "-c", HOLD], executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
CLIENT, SIX = holder.stdout.readline().split()
CLIENT, SIX = int(CLIENT), SIX == b"1"
PID = str(holder.pid)
EITHER = b"have one of them"


def ports(result):
    """The local ports of netstat's rows."""
    return sorted(int(line.split()[3].rsplit(":", 1)[1]) for line in result.lines if line.startswith("tcp"))


def on_terminal(*args):
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(tap.SOCKVIEW, [tap.SOCKVIEW, *args], tap.environment({"TERM": "xterm"}))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
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


# --- a program's name -----------------------------------------------------------------------------------

everything = [8080, 9090, CLIENT] + [3000] * SIX
for words in ([NAME], [NAME[:-1] + "?"], [NAME[:3] + "*" + NAME[5:]], ["-t", NAME], ["[m]" + NAME[1:]]):
    result = tap.sockview("-n", *words)
    t.same(ports(result), sorted(everything), "%s: the program's sockets, in all states" % words[-1], result)
    t.ok(b"is taken as a program's name" in result.err, "and a note", result)
    t.ok(all(PID + "/" + NAME in line for line in result.lines if line.startswith("tcp")), "and who", result)
quiet = tap.sockview("-q", NAME)
t.ok(quiet.status == 0 and not quiet.err, "-q: no note", quiet)
t.same(tap.sockview("--pids", NAME).out.decode(), PID + "\n", "its pid alone, fit for kill")
t.same(tap.sockview("no*" + NAME).status, 1, "a pattern that no program fits: nothing matched")
for words, why in (([NAME, "and", "8080"], "within an expression"), (["not", NAME], "behind not"),
                   (["-u", NAME], "behind -u, lsof's --user"), (["-c", NAME], "behind -c, lsof's --program"),
                   ([NAME + "x"], "of no process"), (["(" + NAME + ")"], "in parentheses")):
    result = tap.sockview(*words)
    t.ok(result.status == 2 and b"unknown word" in result.err and not result.out, "no program: " + why, result)
result = tap.sockview("--filter-file", "-", stdin=NAME.encode())
t.ok(result.status == 2 and b"unknown word" in result.err, "no program: in --filter-file", result)
result = tap.sockview("lisen")
t.ok(result.status == 2 and b"expected LISTEN?" in result.err, "a mistyped state is told", result)

for words in ("--state lisen", "state lisen", "state = lisen"):
    result = tap.sockview(*words.split())
    t.ok(result.status == 2 and b"expected LISTEN?" in result.err, words, result)
result = tap.sockview("-a", "state", "syn-rcv")
t.ok(result.status == 1 and not result.complaints(), "syn-rcv, as people write it to ss", result)

# A word that may be a program is no name to ask a server for; of `host` it is.
for words, asked in ((["python3.99"], False), (["a.b.example"], False), (["host", "a.b.example"], True)):
    result = tap.sockview(*words)
    t.ok(result.status == 2 and b'unknown host "' + words[-1].encode() in result.err, "%s: no host" % " ".join(words), result)
    if tap.missing("strace"):
        t.skip("%s: the DNS" % " ".join(words), "strace is not installed")
        continue
    result = tap.run(["strace", "-f", "-qq", "-e", "trace=openat,connect", tap.SOCKVIEW, *words], env={"ASAN_OPTIONS": "detect_leaks=0"})
    t.same(b"nsswitch.conf" in result.err or b"nscd" in result.err, asked, "%s: the resolver is%s asked" % (" ".join(words), "" if asked else " not"), result)

# --- several ports ---------------------------------------------------------------------------------------

for words, want, noted in ((["8080", "9090"], [8080, 8080, 9090, CLIENT], True), (["8080 9090"], [8080, 8080, 9090, CLIENT], True),
                           (["-l", "8080", "9090"], [8080, 9090], True), (["8080", str(CLIENT)], [8080, CLIENT], False),
                           (["8080", "and", "9090"], [], False), (["(8080)", "9090"], [], False), (["sport = 8080", "9090"], [], False)):
    result = tap.sockview("-tn", *words)
    t.same(ports(result), sorted(want), " ".join(words), result)
    t.same(EITHER in result.err, noted, "%s note" % ("a" if noted else "no"), result)
    t.same(result.status, 0 if want else 1, "status", result)
rows = tap.sockview("--jsonl", "-t", "8080", "9090").lines
t.same(len(rows), 4, "in JSON, too")

# --- who has it ------------------------------------------------------------------------------------------

for words, shown in ((["8080"], True), ([":8000-8100"], True), (["tcp:8080"], True), (["port", "8080"], True), (["127.0.0.1:8080"], True),
                     (["127.0.0.1"], False), (["sport = 8080"], False), ([], False)):
    result = tap.sockview("-a", *words)
    t.same("PID/Program name" in result.lines[1], shown, "%s: %s" % (" ".join(words) or "nothing", "who" if shown else "as netstat"), result)
    t.same(bool(re.search(r":(http-alt|webcache)\b", result.out.decode())), not shown and tap.run(["getent", "services", "8080/tcp"]).status == 0,
           "ports are %s" % ("numbers" if shown else "names"), result)
result = tap.sockview("--csv", "8080")
t.ok("pid" not in result.lines[0].split(","), "not in a format that was asked for", result)

# --- a pid, an address without brackets ----------------------------------------------------------------------

# Beyond what the tests make there are no sockets in this namespace, but the pid may be one of their ports.
if holder.pid not in everything:
    result = tap.sockview(PID)
    t.ok(result.status == 1 and b"pid? " in result.err and b"--pid " + PID.encode() in result.err, "the pid of a process with sockets", result)
    json = tap.sockview("--json", PID)
    t.ok(b"pid? " in json.err, "in JSON, too", json)
result = tap.sockview("65001")
t.ok(result.status == 1 and b"pid? " not in result.err, "not of a number that is none", result)
result = tap.sockview("8080")
t.ok(b"pid? " not in result.err, "nor of a port", result)
if SIX:
    result = tap.sockview("-n", "::1:3000")
    t.ok(ports(result) == [3000] and b"both readings" in result.err, "::1:3000", result)
    result = tap.sockview("-n", "[::1]:3000")
    t.ok(ports(result) == [3000] and not result.complaints(), "[::1]:3000", result)

# --- nothing, on a terminal ------------------------------------------------------------------------------------

status, text = on_terminal("-l", str(CLIENT))
t.ok(status == 1 and "no TCP or UDP socket in LISTEN has port %d; it is in another state: -a" % CLIENT in text, "a port that is connected", text)
status, text = on_terminal("-tl", "7")
t.ok(status == 1 and "no TCP socket in LISTEN has port 7, nor has one in another state" in text, "one that nothing has", text)
status, text = on_terminal("-u")
t.ok(status == 0 and "-a looks at all sockets, -l at those that listen" in text, "nothing at all: what to type", text)
result = tap.sockview("-l", str(CLIENT))
t.ok(result.status == 1 and not result.complaints(), "never in a pipe", result)

holder.stdin.close()
holder.wait()
t.done()
