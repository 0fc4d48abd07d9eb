#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--signal reaches the processes that hold what was chosen and no other. The
processes themselves tell which signal they got: they write its number.
"""
import os
import random
import select
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

ROOT = os.getuid() == 0
why = netns.enter()
if why:
    tap.skip_all(why)
if not netns.has_own_pids():
    tap.skip_all("no pid namespace of its own can be had here: nothing is signalled outside of one")
t = tap.Tap()
PATIENCE = 10


class Process:
    """A child that does `work` and then writes a line for each signal it gets; `ends`: it has no handlers."""

    def __init__(self, work, ends=False):
        self.reader, self.writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                tap.die_with_parent()
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
                    signal.signal(number, signal.SIG_DFL if ends else self.tell)
                kept = work()
                os.write(self.writer, b"R\n")
                while kept:
                    signal.pause()
            finally:
                os._exit(1)
        assert os.read(self.reader, 2) == b"R\n"

    def tell(self, number, _):
        os.write(self.writer, b"%d\n" % number)

    def got(self):
        """The signals it has had, in order; one that was sent is delivered before the line about it is there."""
        ready = select.select([self.reader], [], [], 0)[0]
        return [int(word) for word in os.read(self.reader, 4096).split()] if ready else []

    def gets(self):
        """The same, of one that must have come."""
        select.select([self.reader], [], [], PATIENCE)
        return self.got()

    def end(self):
        """The signal by which it ended, once it has; it is ended now if it has not."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.reader), os.close(self.writer)


def ended_by(pid):
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


def serve():
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]


def send(*words, **more):
    return tap.sockview(*words, **more)


def dump():
    """Each process that is there, and whose child it is."""
    lines = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                with open("/proc/%s/stat" % pid) as file:
                    lines.append(file.read().split()[0:4:3])
            except OSError:
                pass
    return sorted(lines)


sock, port = serve()
here = ":%d" % port
accepted = []


def server():
    client.close()
    accepted.append(sock.accept()[0])
    return sock


client = socket.create_connection(("127.0.0.1", port))
first = Process(server)
sock.close()
peer = Process(lambda: client)
before = dump()

# --- refused, and nothing done ---------------------------------------------------------------------------
for words in [["--signal"], ["--signal", "KILL", here], ["--signal=NONE", here], ["--signal=0", here], ["--signal=65", here],
              ["--signal", "-t"], ["--signal", "-i", here], ["--signal", "-N", "all", here], ["--signal", "python3"],
              ["--signal", "-c", here], ["--signal", "--json", here], ["--signal", "--replay", "/dev/null", here],
              ["--signal", "--proc-root", "/proc", here], ["--signal", "--kill", here], ["--signal", "not " + here],
              ["--signal", "--pids", here], ["--signal", "::1:8080"], ["--signal", "-k", here], ["-k", here]]:
    answer = send(*words)
    t.same(answer.status, 2, "%s: refused" % words)
    t.same(answer.out, b"", "%s: nothing is said to be done" % words)
t.ok(b"--signal" in send("-k", here).err and b"--kill" in send("-k", here).err, "fuser's -k is told what does it here")
t.same(first.got() + peer.got(), [], "and nothing was signalled")
t.same(dump(), before, "all are there, as they were")

# --- --dry-run -------------------------------------------------------------------------------------------
answer = send("--signal=KILL", "--dry-run", here)
t.same(answer.status, 0, "--dry-run: the status as if")
t.ok(b" %d/" % first.pid in answer.out and answer.out.endswith(b"  would get SIGKILL\n"), "the server, in the conditional", answer)
t.same(dump(), before, "--dry-run leaves everything as it was")
t.same(send("--signal", "--dry-run", ":1").status, 1, "--dry-run: nothing fits")

# --- the server, and never its clients -------------------------------------------------------------------
answer = send("--signal", here)
t.same(answer.status, 0, "the server's port")
t.ok(answer.out.count(b"\n") == 1 and answer.out.endswith(b"  got SIGTERM\n"), "one line", answer)
t.same(first.gets(), [signal.SIGTERM], "the server has got it")
t.same(peer.got(), [], "its client has not")
for name, number in (("HUP", signal.SIGHUP), ("SIGUSR1", signal.SIGUSR1), ("usr1", signal.SIGUSR1), ("1", signal.SIGHUP)):
    t.same(send("--signal=" + name, here).status, 0, "--signal=%s" % name)
    t.same(first.gets(), [number], "--signal=%s: that signal" % name)
number = client.getsockname()[1]
answer = send("--signal", ":%d" % number)
t.same(answer.status, 1, "the port of a client's own: no state is named")
t.ok(b"--state established" in answer.err, "that is told", answer)
client.close()
t.same(send("--signal=USR1", "--state", "established", ":%d" % number).status, 0, "and if its state is")
t.same(peer.gets(), [signal.SIGUSR1], "its owner gets it")
t.same(first.got(), [], "the server does not")

# --- ourselves, those above us, process 1 ----------------------------------------------------------------
mine, own = serve()
answer = send("--signal", ":%d" % own)
t.same(answer.status, 3, "what started sockview, here process 1 too")
t.ok(b"not signalled: process 1 never is" in answer.out, "is told and left", answer)
above = os.fork()
if above == 0:
    mine.close()
    inner, own = serve()
    answer = send("--signal=KILL", ":%d" % own)
    os._exit(0 if answer.status == 3 and b"not signalled: it started this sockview" in answer.out else 1)
t.same(os.waitpid(above, 0)[1], 0, "what started sockview is left")
mine.close()

# --- forked workers --------------------------------------------------------------------------------------
def crew(handles):
    """A master with two workers, all of which hold the listener."""
    sock, port = serve()
    reader, writer = os.pipe()

    def work():
        for _ in range(2):
            if os.fork() == 0:
                tap.die_with_parent()
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os.write(writer, b"%d\n" % os.getpid())
                while True:
                    signal.pause()
        return sock

    master = Process(work, ends=not handles)
    sock.close()
    text = b""
    while text.count(b"\n") < 2:
        text += os.read(reader, 64)
    os.close(reader), os.close(writer)
    return master, sorted(map(int, text.split())), port


def told(answer, name):
    """Those that got it, and those that have ended as they do with their parent."""
    return sum(line.endswith((b"  got SIG" + name, b"  left: it has ended", b"  left: it does not hold it any more"))
               for line in answer.out.splitlines())


master, workers, port = crew(True)
answer = send("--signal", ":%d" % port)
t.same(answer.status, 0, "a master that handles the signal")
t.same(answer.out.count(b"left: %d, which started it, gets the signal" % master.pid), 2, "its workers are left, and that is said", answer)
t.same((answer.out.count(b"  got SIGTERM\n"), master.gets()), (1, [signal.SIGTERM]), "it alone gets it")
answer = send("--signal=KILL", ":%d" % port)
t.same((answer.status, told(answer, b"KILL")), (0, 3), "KILL, which no master hands on: all three", answer)
t.same(ended_by(master.pid), signal.SIGKILL, "it has ended")
master, workers, port = crew(False)
answer = send("--signal", ":%d" % port)
t.same((answer.status, told(answer, b"TERM")), (0, 3), "a master without a handler: all holders", answer)
t.same(ended_by(master.pid), signal.SIGTERM, "it has ended")

# --- several programs ------------------------------------------------------------------------------------
sock, port = serve()
other = os.path.join(tap.scratch(), "other")
os.symlink(sys.executable, other)
sock.set_inheritable(True)
pid = os.posix_spawn(other, [other, "-c", "import signal; signal.pause()"], os.environ)
second = Process(lambda: sock)
sock.close()
answer = send("--signal", ":%d" % port)
t.same((answer.status, answer.out), (2, b""), "of more than one program and without a terminal: refused", answer)
t.ok(b"--yes" in answer.err, "--yes is named")
answer = send("--signal=KILL", "--yes", ":%d" % port)
t.same((answer.status, answer.out.count(b"  got SIGKILL\n")), (0, 2), "--yes: both", answer)
t.same((ended_by(pid), ended_by(second.pid)), (signal.SIGKILL, signal.SIGKILL), "they have ended")

# --- another user's --------------------------------------------------------------------------------------
SEES = ["setpriv", "--reuid=65534", "--inh-caps=-all,+sys_ptrace,+dac_read_search", "--clear-groups",
        "--ambient-caps=-all,+sys_ptrace,+dac_read_search"]
if os.getuid() == 0 and not tap.missing("setpriv") and tap.run([*SEES, "true"]).status == 0:
    sock, port = serve()
    third = Process(lambda: sock)
    sock.close()
    answer = tap.run(["setpriv", "--reuid=65534", "--bounding-set=-kill", "--inh-caps=-all", "--clear-groups",
                      "--ambient-caps=-all", tap.program(65534), "--signal", ":%d" % port])
    t.same(answer.status, 3, "another user's process", answer)
    t.ok(b"nothing to signal: no owner is known (permission)" in answer.out, "whose owner cannot be seen", answer)
    answer = tap.run([*SEES, tap.program(65534), "--signal", ":%d" % port])
    t.same(answer.status, 3, "another user's process, seen", answer)
    t.ok(b"not signalled: EPERM" in answer.out and b"CAP_KILL" in answer.err, "is told with what it takes", answer)
    t.same(third.got(), [], "it has got nothing")

if ROOT:
    sock, port = serve()

    def anothers():
        os.setgroups([]), os.setgid(1234), os.setuid(1234)
        tap.die_with_parent()
        return sock
    fourth = Process(anothers)
    sock.close()
    answer = send("--signal", ":%d" % port)
    t.same((answer.status, fourth.gets()), (0, [signal.SIGTERM]), "root signals another user's process", answer)
    fourth.end()

# --- pids that are used again ----------------------------------------------------------------------------
PID_MAX = "/proc/sys/kernel/pid_max"
TRIES = int(os.environ.get("SIGNAL_TRIES", "150"))


def storm():
    """
    Holders that end while they are chosen, and strangers that take their pids and
    tell if a signal comes. In a pid namespace with few pids they are used again
    at once. How many told, how many holders got the signal, and how the tries ended.
    """
    told, tell = os.pipe()
    sock, port = serve()

    def keeper(lives=0):
        """Forks children that end at once, or about when they are looked at again; its pid."""
        pid = os.fork()
        if pid == 0:
            tap.die_with_parent()
            while True:
                child = os.fork()
                if child == 0:
                    lives and time.sleep(random.uniform(0, lives))
                    os._exit(0)
                os.waitpid(child, 0)
        return pid

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    holders = keeper(0.02)
    # Those that it starts have never held the socket.
    sock.close()
    signal.signal(signal.SIGUSR1, lambda *_: os.write(tell, b"S"))
    strangers = keeper()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    answer = tap.shell('for try in $(seq %d); do "%s" -q --signal=USR1 --yes :%d; case $? in 0|1|3) ;; *) exit 9;; esac; done'
                       % (TRIES, tap.SOCKVIEW, port))
    for pid in (strangers, holders):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(os.read(told, 64)) if select.select([told], [], [], 0)[0] else 0, answer


# Before Linux 6.14 it is the whole machine's, and is left alone.
if tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) >= (6, 14):
    try:
        with open(PID_MAX, "w") as file:
            file.write("400")
        strangers, answer = storm()
        t.same((strangers, answer.status), (0, 0), "no stranger that has a holder's pid is signalled", answer if answer.status else answer.err)
        t.ok(answer.out.count(b"  got SIGUSR1\n") > TRIES // 2, "its holders are", answer.err)
        t.note("%d tries: %d reached a holder, %d found that it had ended or let go" %
               (TRIES, answer.out.count(b"  got SIGUSR1\n"), answer.out.count(b"  left: it ")))
    except OSError as error:
        t.skip("pids that are used again", "pid_max cannot be set: %s" % error)
else:
    t.skip("pids that are used again", "pid_max is not this pid namespace's own before Linux 6.14")
for one in (first, peer):
    one.end()
t.done()
