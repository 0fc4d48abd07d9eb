#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--free stops what holds a port, in each of the scenes that --explain gives advice for, and says when a bind passes.

The service manager and the container runtimes are stand-ins: scripts that stand
where --free looks for them, in a mount namespace of the test's own.
"""
import array
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from scene import CLOSE_WAIT, TCP_LINGER2, FIN_WAIT2, deafen, reach, wait_for

ROOT = os.getuid() == 0
why = netns.enter()
if why:
    tap.skip_all(why)
if not netns.has_own_pids():
    tap.skip_all("no pid namespace of its own can be had here: nothing is signalled outside of one")
t = tap.Tap()
next_port = 22000
LONG = "60"  # what should end well takes no such time


def port():
    global next_port
    next_port += 10
    return next_port


def listen(number, reuseaddr=1, reuseport=0, address="127.0.0.1"):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuseaddr)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuseport)
    sock.bind((address, number))
    sock.listen(16)
    return sock


def child(work, user=None):
    """A process that does this, says so, and then sleeps; its pid."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            tap.die_with_parent()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            kept = work()
            if user:
                os.setgroups([]), os.setgid(user), os.setuid(user)
                tap.die_with_parent()
            os.write(write, b"R")
            while kept:
                time.sleep(300)
        finally:
            os._exit(1)
    os.close(write)
    assert os.read(read, 1) == b"R"
    os.close(read)
    return pid


def binds(number, kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        sock.bind(("0.0.0.0", number))
        return True
    except OSError:
        return False
    finally:
        sock.close()


def free(*args, **more):
    return tap.sockview("--free", *map(str, args), **more)


def alive(pid):
    """It runs, and is not just waited for."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def dump():
    """The sockets of this network namespace and the processes of this pid namespace."""
    sockets = tap.sockview("-atunH", "--columns", "proto,state,local,local_port,remote,remote_port,inode,pid,cookie").out
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    return sorted(sockets.splitlines()), sorted(pids)


def told(result):
    return " ".join(result.out.decode().split())


def freed(name, target, number, *args, ends=(), stays=(), kind=socket.SOCK_STREAM, words=()):
    """--dry-run changes nothing, then the port becomes free; `ends` do, `stays` do not."""
    before = dump()
    result = free(target, "--dry-run", *args)
    t.ok(result.status == 0 and "would be free" in told(result) and dump() == before and not binds(number, kind),
         name + ": --dry-run leaves everything as it was", result, before)
    for pid in ends:
        t.ok(re.search(r"^  %d/\S+, started \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" % pid, result.out.decode(), re.M), name + ": it is shown", pid, result)
    result = free(target, "--yes", "--for", LONG, *args)
    t.ok(result.status == 0 and "is free: a bind passes." in told(result) and binds(number, kind), name + ": the port is free", result)
    t.ok(not any(map(alive, ends)) and all(map(alive, stays)), name + ": who ended", ends, stays, result)
    for one in words:
        t.ok(one in told(result), name + ": " + one, result)
    end(*ends, *stays)
    return result


def remains(name, target, number, *args, stays=(), words=(), kind=socket.SOCK_STREAM, status=3, **more):
    """The port stays taken, and that is told."""
    result = free(target, "--yes", *args, **more)
    t.ok(result.status == status and not binds(number, kind), name + ": it stays taken", result)
    t.ok(all(map(alive, stays)), name + ": nothing else has ended", stays, result)
    for one in words:
        t.ok(one in told(result) + " ".join(result.err.decode().split()), name + ": " + one, result)
    return result


# --- wrong usage, and nothing done ---------------------------------------------------------------------
p = port()
server = child(lambda: [listen(p)])
before = dump()
for words in (["--free"], ["--free", "%d,%d" % (p, p + 1)], ["--free", "%d-%d" % (p, p + 1)], ["--free", "pid:%d" % server],
              ["--free", "python3"], ["--free", "198.51.100.7:%d" % p], ["--free", "0"], ["--free", str(p), "-N", "all"],
              ["--free", str(p), "--json"], ["--free", str(p), "-i"], ["--free", str(p), "sport", "=", ":%d" % p],
              ["--free", str(p), "--signal=KILL"], ["--free", str(p), "--explain", str(p)], ["--free", str(p), "-c1"],
              ["--free", str(p), "--replay", "/dev/null"], ["--free", str(p), "--proc-root", "/proc"], ["--force", ":%d" % p],
              ["--free", str(p), "--wait-for", str(p)], ["--free", str(p), "--for", "0"], ["--free", str(p)]):
    result = tap.sockview(*words, "--yes") if words != ["--free", str(p)] else tap.sockview(*words, start_new_session=True)
    t.ok(result.status == 2 and result.err.count(b"\n") == 1, "%s: refused" % words, result)
t.ok(b"--yes" in result.err and b"nothing was done" in result.err, "without a terminal --yes is named", result)
t.same(dump(), before, "all is there, as it was")

# --- a terminal is asked on ----------------------------------------------------------------------------


def on_terminal(answer):
    """--free with a terminal of its own and its streams elsewhere, which gets that answer: (status, what the terminal showed)."""
    read, write = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.set_inheritable(os.dup(0), True)  # a terminal that nothing has open is read as ended
            os.dup2(write, 1), os.dup2(write, 2)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.execv(tap.SOCKVIEW, ["sockview", "--free", str(p), "--for", LONG])
        finally:
            os._exit(99)
    os.close(write)
    shown = b""
    while b"[y/N]" not in shown and select.select([terminal], [], [], 30)[0]:
        shown += os.read(terminal, 1024)
    # The plan came before the question.
    plan = os.read(read, 65536) if select.select([read], [], [], 0)[0] else b""
    if answer is None:
        os.kill(pid, signal.SIGINT)
    else:
        os.write(terminal, answer)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal), os.close(read)
    return status, shown, plan


for answer, status in ((b"\n", 3), (b"n\n", 3), (b"\x04", 3), (b"no\n", 3), (None, -signal.SIGINT)):
    result = on_terminal(answer)
    t.ok(result[0] == status and b"[y/N]" in result[1] and b"%d/" % server in result[2] and alive(server), "answered %s: nothing is done" % answer, result)
result = on_terminal(b"y\n")
t.ok(result[0] == 0 and binds(p) and not alive(server), "answered y: the port is free", result)
end(server)

# --- between the plan and the answer -------------------------------------------------------------------
p = port()
server = child(lambda: [listen(p)])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(tap.SOCKVIEW, ["sockview", "--free", str(p), "--for", LONG])
shown = b""
while b"[y/N]" not in shown and select.select([terminal], [], [], 30)[0]:
    shown += os.read(terminal, 1024)
end(server)
other = child(lambda: [listen(p)])
os.write(terminal, b"y\n")
shown = b""
while select.select([terminal], [], [], 30)[0]:
    try:
        shown += os.read(terminal, 1024)
    except OSError:
        break
t.ok(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3 and b"nothing was done" in shown and alive(other), "another holder than was shown: nothing is done", shown)
end(other)
os.close(terminal)

# --- processes -----------------------------------------------------------------------------------------
p = port()
t.ok(free(p).status == 0 and binds(p), "free before: no question, exit 0")
server = child(lambda: [listen(p)])
client = child(lambda: [socket.create_connection(("127.0.0.1", p))])
freed("one process, and not its client", p, p, ends=[server], stays=[client])

p = port()
udp = lambda: [(sock := socket.socket(socket.AF_INET, socket.SOCK_DGRAM), sock.bind(("127.0.0.1", p)))[0]]
freed("UDP", "udp:%d" % p, p, ends=[child(udp)], kind=socket.SOCK_DGRAM)
p = port()
neighbour = child(lambda: [listen(p + 1)])
freed("workers that share by SO_REUSEPORT", "tcp:%d" % p, p, ends=[child(lambda: [listen(p, reuseport=1)]) for _ in range(3)], stays=[neighbour])
p = port()
there, here = child(lambda: [listen(p, address="127.0.0.2")]), child(lambda: [listen(p)])
result = free("127.0.0.1:%d" % p, "--yes", "--for", LONG)
t.ok(result.status == 0 and not alive(here) and alive(there), "of one address alone", result)
end(there, here)


def forked(handler):
    """A master and two children that share its listener."""
    read, write = os.pipe()

    def work():
        sock = listen(p)
        for _ in range(2):
            if os.fork() == 0:
                tap.die_with_parent()
                os.write(write, b"%d\n" % os.getpid())
                while True:
                    signal.pause()
        if handler:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        return [sock]
    master = child(work)
    os.close(write)
    text = b""
    while text.count(b"\n") < 2:
        text += os.read(read, 64)
    os.close(read)
    return [master, *map(int, text.split())]


for handler in (False, True):
    p = port()
    freed("forked workers%s" % (", whose master handles SIGTERM" if handler else ""), p, p, ends=forked(handler))

p = port()
server = child(lambda: [listen(p)])
os.kill(server, signal.SIGSTOP)
os.waitpid(server, os.WUNTRACED)
freed("a stopped process", p, p, ends=[server], words=["got SIGTERM and SIGCONT"])

# --- SIGTERM is not enough -----------------------------------------------------------------------------
ignoring = [("ignores it", lambda: [signal.signal(signal.SIGTERM, signal.SIG_IGN), listen(p)]),
            ("blocks it", lambda: [signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]) or 1, listen(p)])]
for name, work in ignoring:
    p = port()
    server = child(work)
    result = free(p, "--dry-run")
    t.ok(result.status == 3 and "would stay taken: --force" in told(result), "SIGTERM, who %s: --dry-run" % name, result)
    remains("SIGTERM, who " + name, p, p, "--for", "0.3", stays=[server], words=["got SIGTERM", "holds it still: --force sends SIGKILL"])
    freed("--force, who " + name, p, p, "--force", ends=[server], words=["got SIGKILL"])
p = port()
server = child(lambda: [signal.signal(signal.SIGTERM, lambda *_: None), listen(p)])
remains("SIGTERM, who handles it and goes on", p, p, "--for", "0.3", stays=[server], words=["got SIGTERM", "holds it still: --force"])
result = free(p, "--yes", "--force", "--for", "2")
t.ok(result.status == 0 and told(result).index("got SIGTERM") < told(result).index("got SIGKILL") and binds(p), "--force: SIGKILL after SIGTERM", result)
end(server)
# One that lets the port go at SIGTERM and lives on, as a server that still answers its clients, is not killed.
p = port()


def drains():
    sock = listen(p)
    signal.signal(signal.SIGTERM, lambda *_: sock.close())
    return [sock]


server = child(drains)
result = free(p, "--yes", "--force", "--for", LONG)
t.ok(result.status == 0 and alive(server) and binds(p), "who lets the port go and lives on is not killed", result)
end(server)

# --- a supervisor --------------------------------------------------------------------------------------


def supervisor(restarts):
    """A process that holds nothing and whose child listens; its pid."""
    def start():
        pid = os.fork()
        while pid and restarts:
            os.waitpid(pid, 0)
            pid = os.fork()
        if pid == 0:
            tap.die_with_parent()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            kept = listen(p)
            time.sleep(300)
            os._exit(kept.fileno() < 0)
        return [1]
    if restarts:
        pid = os.fork()
        if pid == 0:
            tap.die_with_parent()
            start()
    else:
        pid = child(start)
    wait_for(lambda: not binds(p), "the server of a supervisor")
    return pid


p = port()
above = supervisor(True)
result = remains("supervised", p, p, "--for", "0.5", stays=[above], words=["Taken again: ", "(pid %d), which may start it again" % above])
t.ok(re.search(r"Taken again: \d+/\S+ was started by %d/" % above, told(result)), "supervised: who started it again", result)
end(above)
wait_for(lambda: binds(p), "free port")
p = port()
above = supervisor(False)
result = free(p, "--yes", "--for", LONG)
t.ok(result.status == 0 and "which may start it again" in told(result) and "Taken again" not in told(result) and binds(p), "a parent that starts nothing again", result)
end(above)

# --- sockets of no process -----------------------------------------------------------------------------


def connection(number, reuseaddr=0):
    listener = listen(number, reuseaddr)
    client = socket.create_connection(("127.0.0.1", number))
    server = listener.accept()[0]
    listener.close()
    return client, server


def time_wait(number):
    client, server = connection(number)
    server.shutdown(socket.SHUT_WR)
    reach(client, CLOSE_WAIT)
    server.close(), client.close()


p = port()
time_wait(p)
near = port()
time_wait(near)
if binds(p):
    t.skip("TIME_WAIT", "this kernel gives the port although a socket without SO_REUSEADDR had it")
elif tap.sockview("-K", "--state", "time-wait", "sport", "=", ":%d" % near).status != 0:
    t.skip("sockets of no process", "no socket can be closed here")
else:
    freed("TIME_WAIT", p, p, words=["1 socket that no process holds: 1 closed, 0 had gone"])
    p = port()
    client, server = connection(p)
    deafen(client)
    server.send(b"left behind")
    server.close()
    freed("an orphan", p, p)
    client.close()
    p = port()
    client, server = connection(p)
    server.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 60)
    server.shutdown(socket.SHUT_WR)
    reach(server, FIN_WAIT2)
    server.close()
    freed("an orphan in FIN_WAIT2", p, p)
    client.close()
    p = port()

    def one_of_each():
        listener = listen(p, 0)
        client = socket.create_connection(("127.0.0.1", p))
        server = listener.accept()[0]
        server.shutdown(socket.SHUT_WR)
        reach(client, CLOSE_WAIT)
        server.close(), client.close()
        return [listener]
    freed("a server and its TIME_WAIT", p, p, ends=[child(one_of_each)])
    # By an ordinary user.
    p = port()
    time_wait(p)
    if ROOT and tap.program(65534):
        remains("TIME_WAIT, without CAP_NET_ADMIN", p, p, "--for", "0.2", user=65534, words=["not closed: EPERM", "CAP_NET_ADMIN"])

# --- in flight -----------------------------------------------------------------------------------------
p = port()
left, right = socket.socketpair()
receiver = child(lambda: (left.close(), [right])[1])
right.close()
sock = listen(p)
left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
sock.close()
if tap.sockview("-ltnp").err:
    t.skip("in flight", "a process is hidden here, and may have it")
    end(receiver)
else:
    freed("in flight", p, p, ends=[receiver])
left.close()

# --- another user --------------------------------------------------------------------------------------
if ROOT and tap.program(65534):
    p = port()
    server = child(lambda: [listen(p)])
    remains("another user's, unseen", p, p, "--for", "0.2", stays=[server], user=65534, words=["nothing was done"])
    end(server)
    p = port()
    server = child(lambda: [listen(p)], user=1234)
    freed("another user's, by root", p, p, ends=[server])
    SEES = ["setpriv", "--reuid=65534", "--inh-caps=-all,+sys_ptrace,+dac_read_search", "--clear-groups", "--ambient-caps=-all,+sys_ptrace,+dac_read_search"]
    if not tap.missing("setpriv") and tap.run([*SEES, "true"]).status == 0:
        p = port()
        server = child(lambda: [listen(p)])
        result = tap.run([*SEES, tap.program(65534), "--free", str(p), "--yes", "--for", "0.2"])
        t.ok(result.status == 3 and b"not signalled: EPERM" in result.out and b"CAP_KILL" in result.err and alive(server), "another user's, seen", result)
        end(server)

# --- units and containers ------------------------------------------------------------------------------
FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"]
stand_ins = os.path.join(tap.scratch(), "sbin")
log = os.path.join(tap.scratch(), "log")
cgroups = None


def stand_in(name, script):
    """In the place of the command itself, where there is one; else in the last of the folders."""
    path = os.path.join(stand_ins, name)
    is_new = not os.path.exists(path)
    with open(path, "w") as file:
        file.write('#!/bin/sh\necho "${0##*/} $*" >> %s\n' % log + script)
    os.chmod(path, 0o755)
    for place in {os.path.realpath(os.path.join(folder, name)) for folder in FOLDERS[:-1]} if is_new else ():
        if os.path.exists(place):
            assert netns.bind_mount(path, place)


def asked():
    """The lines of commands that were run since the last call."""
    try:
        with open(log) as file:
            lines = file.read().splitlines()
        os.unlink(log)
    except OSError:
        return []
    return [line for line in lines if " stop " in line or line.endswith(" stop")]


def move(pid, path):
    folder = os.path.join(cgroups, path)
    os.makedirs(folder, exist_ok=True)
    netns.write(folder + "/cgroup.procs", str(pid))
    with open("/proc/%d/cgroup" % pid) as file:
        return next(line[3:].strip() for line in file if line.startswith("0::"))


def can_stand_in():
    """None, or why not."""
    global cgroups
    if not ROOT:
        return "no cgroup can be made by an ordinary user"
    with open("/proc/self/mountinfo") as mounts:
        cgroups = next((line.split()[4] for line in mounts if " - cgroup2 " in line), None)
    if not cgroups or not os.access(cgroups, os.W_OK):
        return "no cgroup can be made here"
    os.mkdir(stand_ins)
    if netns.own_mounts() or not netns.bind_mount(stand_ins, FOLDERS[-1]):
        return "no mount of its own can be made here"
    try:
        os.mkdir(os.path.join(cgroups, tap.UNIQUE + ".slice"))
    except OSError as error:
        return "no cgroup can be made here: %s" % error
    return None


why = can_stand_in()
if why:
    t.skip("units and containers", why)
else:
    SLICE = tap.UNIQUE + ".slice/"
    MANAGER = 'case "$1" in show) echo "ControlGroup=%s"; echo "MainPID=%d";; stop) %s;; esac\n'
    p = port()
    server = child(lambda: [listen(p)])
    path = move(server, SLICE + "web.service")
    stand_in("systemctl", MANAGER % (path, server, "exit 4"))
    result = remains("a unit whose stop fails", p, p, "--for", "0.3", stays=[server], words=["systemctl: failed: exit status 4"])
    stand_in("systemctl", MANAGER % (path, server, "exec sleep 300"))
    remains("a unit whose stop does not end", p, p, "--for", "0.3", stays=[server], words=["systemctl: ended, as time was over"])
    stand_in("systemctl", MANAGER % (path, server, "exit 0"))
    remains("a unit whose stop does nothing", p, p, "--for", "0.3", stays=[server], words=["systemctl: done", "holds it still"])
    asked()
    stand_in("systemctl", MANAGER % (path, server, "kill %d; grep -E '^(Cap|NoNew|Seccomp|Sig[IB]|Uid)' /proc/self/status > %s.status; cat /proc/self/limits >> %s.status" % (server, log, log)))
    result = freed("a unit", p, p, ends=[server])
    t.same(asked(), ["systemctl stop -- web.service"], "with -- before the name, once")
    t.ok(re.search(r"^1\. /usr/(local/)?s?bin/systemctl stop -- web\.service$", result.out.decode(), re.M), "by its path", result)
    with open(log + ".status", "rb") as file:
        t.same(file.read(), tap.shell("grep -E '^(Cap|NoNew|Seccomp|Sig[IB]|Uid)' /proc/self/status; cat /proc/self/limits").out, "the command has the caller's rights, signals and limits")

    # Paths that are forged, or of what is never stopped for one socket: the process alone.
    for path, manager in ((SLICE + "user@1000.service/app.slice/sshd.service", MANAGER), (SLICE + "docker.service", MANAGER),
                          (SLICE + "web2.service", MANAGER.replace("%s", "/another%s", 1)), (SLICE + "web3.service", "exit 1 # %s %d %s"),
                          (SLICE + "web4.service", "echo MainPID=1 # %s %d %s")):
        p = port()
        server = child(lambda: [listen(p)])
        stand_in("systemctl", manager % (move(server, path), server, "exit 0"))
        asked()
        result = free(p, "--yes", "--for", LONG)
        t.ok(result.status == 0 and "got SIGTERM" in told(result) and not alive(server) and asked() == [], "%s: no unit is stopped" % path, result)
        end(server)
    identity = "0123456789abcdef" * 4
    for first, stops in ((None, False), (1, False), (0, True)):
        p = port()
        server = child(lambda: [listen(p)])
        move(server, SLICE + "docker-%s.scope" % identity)
        stand_in("docker", 'case "$1" in inspect) %s;; stop) kill %d;; esac\n' % ("exit 1" if first is None else "echo %d" % (first or server), server))
        asked()
        result = free(p, "--yes", "--for", LONG)
        t.ok(result.status == 0 and not alive(server) and binds(p), "a container: docker says %s" % first, result)
        t.same(asked(), ["docker stop -- %.12s" % identity] if stops else [], "a container: docker says %s: whether it is stopped" % first)
        end(server)

    RUNS = 'case "$1 $2" in "stop --") kill %d;; inspect*) echo %d;; esac\n'
    for name, folder, words in (("podman", "libpod-%s.scope" % identity, "podman stop -- %.12s" % identity),
                                ("crictl", "cri-containerd-%s.scope" % identity, "crictl stop -- %.12s" % identity),
                                ("crictl", "crio-%s.scope" % identity, "crictl stop -- %.12s" % identity)):
        p = port()
        server = child(lambda: [listen(p)])
        move(server, SLICE + folder)
        stand_in(name, RUNS % (server, server))
        asked()
        freed("a container: " + folder.replace(identity, "ID"), p, p, ends=[server])
        t.same(asked(), [words], "a container: %s: as it is stopped" % folder.replace(identity, "ID"))
    p = port()
    server = child(lambda: [listen(p)])
    move(server, SLICE + "lxc.payload.box")
    stand_in("lxc-stop", 'case "$*" in *box) kill %d;; esac\n' % server)
    stand_in("lxc-info", "echo %d\n" % server)
    freed("a container of lxc", p, p, ends=[server])
    p = port()
    server = child(lambda: [listen(p)])
    stand_in("lxc-info", "exit 1\n")
    move(server, SLICE + "lxc.payload.box")
    result = free(p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and "got SIGTERM" in told(result), "lxc does not know it: its process alone", result)
    end(server)

    def removed(folder):
        try:
            os.rmdir(folder)
        except OSError:
            return not os.path.isdir(folder)
        return True
    for folder, _, _ in list(os.walk(os.path.join(cgroups, tap.UNIQUE + ".slice"), topdown=False)):
        wait_for(lambda: removed(folder), "empty cgroup " + folder)

# --- ourselves and what started us ---------------------------------------------------------------------
p = port()
sock = listen(p)
remains("process 1", p, p, "--for", "0.2", words=["nothing was done"])
sock.close()
p = port()
above = os.fork()
if above == 0:
    sock = listen(p)
    result = free(p, "--yes", "--for", "0.2")
    os._exit(0 if result.status == 3 and b"started this sockview" in result.err else 1)
t.same(os.waitpid(above, 0)[1], 0, "what started sockview is left")
t.done()
