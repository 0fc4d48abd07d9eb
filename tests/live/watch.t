#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--watch: the screen of a real terminal (tmux's), and how it is given back; not on a terminal: what came and went."""
import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
FILTER = "port %d" % port

# --- not on a terminal -------------------------------------------------------------------------------

process = subprocess.Popen([tap.SOCKVIEW, "-tan", "--watch=0.2", FILTER], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, env=tap.environment(), preexec_fn=tap.die_with_parent)


def line_with(*words):
    """The next line that has them all."""
    for line in process.stdout:
        line = line.decode()
        if all(word in line for word in words):
            return line
    return ""


t.ok("LOCAL" in line_with("LOCAL"), "the first look has a heading")
t.ok(line_with("LISTEN")[:2] == "  ", "and its rows")
client = socket.create_connection(("127.0.0.1", port))
server = listener.accept()[0]
name = "127.0.0.1:%d" % client.getsockname()[1]
t.ok(line_with("ESTABLISHED", name)[:2] == "+ ", "a row that came is a line with +")
for one in (server, client):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()
t.ok(line_with(name)[:1] in "-+", "a row that went is a line with -")
process.send_signal(signal.SIGINT)
process.stdout.close()
t.same(process.wait(), 0, "SIGINT ends it")
if others:
    result = tap.sockview("-tan", "--watch=0.1", "--count", "1", FILTER, user=others[0])
    t.ok(b"another user" in result.err or b"not allowed" in result.err or b"owner" in result.err,
         "an ordinary user is told that owners are hidden", result)
t.same(tap.sockview("--watch=0.1", "--count", "1", "port", "1").status, 1, "nothing was there: 1")
for options in (["--json"], ["--summary"], ["--group-by", "state"], ["-i"]):
    t.same(tap.sockview("--watch", *options).status, 2, "not with %s" % options[0])

# A socket of another namespace, and one of ours.
inner = subprocess.Popen([sys.executable, "-c", "import socket, sys\none = socket.create_server(('127.0.0.1', %d)) if not "
                          "__import__('os').system('ip link set lo up') else None\nprint(flush=True)\nsys.stdin.read()" % port],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         preexec_fn=lambda: (netns.unshare(netns.CLONE_NEWNET), tap.die_with_parent()))
inner.stdout.readline()
result = tap.sockview("-tan", "--watch=0.1", "--count", "2", "-N", "self,%d" % inner.pid, "port %d and state = listen" % port)
words = [line.split() for line in result.lines]
t.ok(words[0][-1] == "NETNS-NAME" and [line[-1] for line in words[1:]][0] == "self" and len(words) == 3 and
     words[2][-1].startswith("net:["), "-N: listeners of two namespaces, named", result)
inner.stdin.close()
inner.wait()


def frames(count, rows, columns):
    """What is written to a terminal of that size."""
    pid, tty = pty.fork()
    if not pid:
        # Before it is begun: a change of the size is a screen of its own.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execve(tap.SOCKVIEW, [tap.SOCKVIEW, "-tan", "--watch=0.1", "--count", str(count), "port %d" % crowd_port],
                  tap.environment({"TERM": "xterm"}))
    written = b""
    try:
        while True:
            written += os.read(tty, 65536)
    except OSError:
        pass
    os.close(tty)
    t.same(os.waitpid(pid, 0)[1], 0, "%dx%d: it ends by itself" % (columns, rows))
    return written


# Many more sockets than the screen has lines: what is written each time is one screen, over the old one.
crowd_server = socket.create_server(("127.0.0.1", 0), backlog=400)
crowd_port = crowd_server.getsockname()[1]
crowd = [socket.create_connection(("127.0.0.1", crowd_port)) for _ in range(300)]
for rows, columns in ((24, 80), (50, 300)):
    written = frames(5, rows, columns)
    screens = written.split(b"\033[H")
    whole = [one for one in screens if b"q quit" in one]
    t.same(len(whole), 5, "%dx%d: five screens" % (columns, rows))
    t.ok(all(one.count(b"\n") < rows and len(one) < rows * (columns + 20) for one in whole),
         "%dx%d: no more than fits is written" % (columns, rows), [(one.count(b"\n"), len(one)) for one in whole])
    t.ok(all(b"\033[2J" not in one for one in whole), "%dx%d: the screen is never cleared between" % (columns, rows))
    t.ok(b"601 sockets" in whole[-1], "%dx%d: all of them are counted" % (columns, rows), whole[-1])
for one in crowd:
    one.close()
crowd_server.close()

# --- a terminal --------------------------------------------------------------------------------------

if tap.missing("tmux"):
    t.skip("the screen", "no tmux here")
    t.done()
    sys.exit()
server_name = "sockview-%d-%s" % (os.getpid(), os.urandom(4).hex())


def tmux(*args):
    return tap.run(["tmux", "-u", "-L", server_name, "-f", "/dev/null", *args], env={"TERM": "screen", "TMUX": ""})


def screen(history="0"):
    return tmux("capture-pane", "-p", "-S", history).out.decode(errors="replace")


def wait(true, what):
    """Polls, for half a minute at most."""
    for _ in range(600):
        if true():
            t.ok(True, what)
            return
        time.sleep(0.05)
    t.ok(False, what, screen())


def modes():
    return tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").out.decode().split()


def type_line(line):
    tmux("send-keys", "-l", line)
    tmux("send-keys", "Enter")


def stty(number):
    """What stty says, from a file, as a screen has too few columns."""
    path = os.path.join(tap.scratch(), "stty%d" % number)
    type_line("stty -a > %s; echo told%d" % (path, number))
    wait(lambda: "\ntold%d" % number in screen(), "the shell answers (%d)" % number)
    return re.sub(r"rows \d+; columns \d+", "", open(path).read())


def size():
    """As the program is told: tmux resizes its terminal a while after its window."""
    tty = os.open(tmux("display-message", "-p", "#{pane_tty}").out.decode().strip(), os.O_RDONLY | os.O_NOCTTY)
    found = os.get_terminal_size(tty)
    os.close(tty)
    return found


def program_pid():
    shell = tmux("display-message", "-p", "#{pane_pid}").out.decode().strip()
    children = open("/proc/%s/task/%s/children" % (shell, shell)).read().split()
    return int(children[-1])


started = tmux("new-session", "-d", "-x", "80", "-y", "24", "env PS1='$ ' HISTFILE= bash --norc --noprofile +o history")
if started.status:
    t.skip("the screen", "tmux does not start: %s" % started.err)
    t.done()
    sys.exit()
try:
    type_line("echo earlier-text")
    wait(lambda: "\nearlier-text" in screen(), "the terminal is there")
    before = stty(0)
    command = "%s -tan --watch=0.5 %s" % (tap.SOCKVIEW, FILTER)

    def start():
        type_line(command)
        wait(lambda: modes() == ["1", "0", "0"] and "LISTEN" in screen() and "q quit" in screen(), "it has the screen")

    def is_back(what, number):
        wait(lambda: modes() == ["0", "1", "1"] and "earlier-text" in screen("-"), "%s: the screen is given back" % what)
        t.same(stty(number), before, "%s: the terminal is as before" % what)

    start()
    client = socket.create_connection(("127.0.0.1", port))
    server = listener.accept()[0]
    wait(lambda: re.search(r"^. .*ESTABLISHED", screen(), re.M), "a connection appears")
    tmux("send-keys", "?")
    wait(lambda: "this help" in screen(), "? helps")
    tmux("send-keys", "?")
    wait(lambda: "LISTEN" in screen(), "? again: the rows")
    tmux("send-keys", "s")
    wait(lambda: "sorted by tx_rate" in screen(), "s sorts")
    tmux("send-keys", "Space")
    wait(lambda: "paused" in screen(), "the blank stops the looks")
    tmux("resize-window", "-x", "300", "-y", "50")
    wait(lambda: size() == (300, 50), "the terminal is larger")
    wait(lambda: screen().rstrip("\n").split("\n")[-1].startswith("q quit") and screen().count("\n") == 50,
         "the keys are at the bottom of a larger screen")
    tmux("resize-window", "-x", "80", "-y", "24")
    wait(lambda: size() == (80, 24), "it is smaller again")

    def is_whole():
        lines = screen().rstrip("\n").split("\n")
        return "sockets" in lines[0] and "PROGRAM" in lines[3] and lines[-1].startswith("q quit")
    wait(is_whole, "head and keys of the smaller one")
    tmux("send-keys", "q")
    is_back("q", 1)
    start()
    tmux("send-keys", "C-c")
    is_back("Ctrl-C", 2)
    for number, sent in ((3, signal.SIGTERM), (4, signal.SIGHUP), (5, signal.SIGABRT)):
        start()
        os.kill(program_pid(), sent)
        is_back(sent.name, number)
    library = None if tap.SAN else tap.preloadable("abort_later")
    if library:
        type_line("LD_PRELOAD=%s ABORT_AT=4 %s" % (library, command))
        wait(lambda: modes() == ["1", "0", "0"] and "LISTEN" in screen(), "it has the screen")
        wait(lambda: "Aborted" in screen(), "a program that calls abort()")
        is_back("abort()", 8)
    else:
        t.skip("abort()", "no library can be preloaded")
    start()
    tmux("send-keys", "C-z")
    wait(lambda: "Stopped" in screen(), "Ctrl-Z stops it")
    is_back("Ctrl-Z", 6)
    type_line("fg")
    wait(lambda: modes() == ["1", "0", "0"] and "q quit" in screen(), "fg: it has the screen again")
    tmux("send-keys", "q")
    is_back("q after fg", 7)
finally:
    tmux("kill-server")
t.done()
