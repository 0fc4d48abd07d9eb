#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--free stops what holds a port, in each of the scenes that --explain gives advice for, and says when a bind passes.

The service manager and the container runtimes are stand-ins: scripts that stand
where --free looks for them, in a mount namespace of the test's own.
"""
import os
import pty
import re
import select
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import port_scene
import tap
from port_scene import MANAGER, binds, child, connection, datagrams, end, listen, move, port, time_wait
from scene import FIN_WAIT2, TCP_LINGER2, deafen, reach, wait_for

ROOT = os.getuid() == 0
why = netns.enter()
if why:
    tap.skip_all(why)
if not netns.has_own_pids():
    tap.skip_all("no pid namespace of its own can be had here: nothing is signalled outside of one")
t = tap.Tap()
LONG = "60"  # what should end well takes no such time
OTHER = tap.program(65534) if ROOT else None


def scene(body):
    """Run at once, in a pid and a network namespace of its own."""
    netns.alone(t, body)
    return body


def free(*args, **more):
    return tap.sockview("--free", *map(str, args), **more)


def alive(pid):
    """It runs, and is not just waited for."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


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


@scene
def usage():
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


def on_terminal(p, answer):
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


def answered(answer, status):
    p = port()
    server = child(lambda: [listen(p)])
    result = on_terminal(p, answer)
    t.ok(result[0] == status and b"[y/N]" in result[1] and b"%d/" % server in result[2] and alive(server), "answered %s: nothing is done" % answer, result)


for answer, status in ((b"\n", 3), (b"n\n", 3), (b"\x04", 3), (b"no\n", 3), (None, -signal.SIGINT)):
    netns.alone(t, answered, answer, status)


@scene
def answered_yes():
    p = port()
    server = child(lambda: [listen(p)])
    result = on_terminal(p, b"y\n")
    t.ok(result[0] == 0 and binds(p) and not alive(server), "answered y: the port is free", result)


# --- between the plan and the answer -------------------------------------------------------------------


@scene
def another_holder():
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


# --- processes -----------------------------------------------------------------------------------------


@scene
def free_before():
    p = port()
    t.ok(free(p).status == 0 and binds(p), "free before: no question, exit 0")


@scene
def one_process():
    p = port()
    server = child(lambda: [listen(p)])
    client = child(lambda: [socket.create_connection(("127.0.0.1", p))])
    freed("one process, and not its client", p, p, ends=[server], stays=[client])


@scene
def udp():
    p = port()
    freed("UDP", "udp:%d" % p, p, ends=[child(lambda: [datagrams(p)])], kind=socket.SOCK_DGRAM)


@scene
def bound_only():
    p = port()

    def bound():
        sock = socket.socket()
        sock.bind(("127.0.0.1", p))
        return [sock]
    freed("bound, never listening", p, p, ends=[child(bound)])


@scene
def workers():
    p = port()
    neighbour = child(lambda: [listen(p + 1)])
    freed("workers that share by SO_REUSEPORT", "tcp:%d" % p, p, ends=[child(lambda: [listen(p, reuseport=1)]) for _ in range(3)], stays=[neighbour])


@scene
def two_programs():
    p = port()
    first, second = child(lambda: [listen(p)]), port_scene.held(listen(p, address="127.0.0.2"), "other")
    freed("two programs", p, p, ends=[first, second])


@scene
def one_address():
    p = port()
    there, here = child(lambda: [listen(p, address="127.0.0.2")]), child(lambda: [listen(p)])
    result = free("127.0.0.1:%d" % p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and not alive(here) and alive(there), "of one address alone", result)


def forked(p, handler):
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


def forked_workers(handler):
    p = port()
    freed("forked workers%s" % (", whose master handles SIGTERM" if handler else ""), p, p, ends=forked(p, handler))


for handler in (False, True):
    netns.alone(t, forked_workers, handler)


@scene
def stopped():
    p = port()
    server = child(lambda: [listen(p)])
    os.kill(server, signal.SIGSTOP)
    os.waitpid(server, os.WUNTRACED)
    freed("a stopped process", p, p, ends=[server], words=["got SIGTERM and SIGCONT"])


# --- SIGTERM is not enough -----------------------------------------------------------------------------


def ignoring(name, ignore):
    p = port()
    server = child(lambda: [ignore(), listen(p)])
    result = free(p, "--dry-run")
    t.ok(result.status == 3 and "would stay taken: --force" in told(result), "SIGTERM, who %s: --dry-run" % name, result)
    remains("SIGTERM, who " + name, p, p, "--for", "0.3", stays=[server], words=["got SIGTERM", "holds it still: --force sends SIGKILL"])
    freed("--force, who " + name, p, p, "--force", ends=[server], words=["got SIGKILL"])


netns.alone(t, ignoring, "ignores it", lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
netns.alone(t, ignoring, "blocks it", lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]))


@scene
def goes_on():
    p = port()
    server = child(lambda: [signal.signal(signal.SIGTERM, lambda *_: None), listen(p)])
    remains("SIGTERM, who handles it and goes on", p, p, "--for", "0.3", stays=[server], words=["got SIGTERM", "holds it still: --force"])
    result = free(p, "--yes", "--force", "--for", "2")
    t.ok(result.status == 0 and told(result).index("got SIGTERM") < told(result).index("got SIGKILL") and binds(p), "--force: SIGKILL after SIGTERM", result)


@scene
def drains():
    """One that lets the port go at SIGTERM and lives on, as a server that still answers its clients, is not killed."""
    p = port()

    def work():
        sock = listen(p)
        signal.signal(signal.SIGTERM, lambda *_: sock.close())
        return [sock]
    server = child(work)
    result = free(p, "--yes", "--force", "--for", LONG)
    t.ok(result.status == 0 and alive(server) and binds(p), "who lets the port go and lives on is not killed", result)


# --- a supervisor --------------------------------------------------------------------------------------


def supervisor(p, restarts):
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


@scene
def supervised():
    p = port()
    above = supervisor(p, True)
    result = remains("supervised", p, p, "--for", "0.5", stays=[above], words=["Taken again: ", "(pid %d), which may start it again" % above])
    t.ok(re.search(r"Taken again: \d+/\S+ was started by %d/" % above, told(result)), "supervised: who started it again", result)


@scene
def a_parent():
    p = port()
    supervisor(p, False)
    result = free(p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and "which may start it again" in told(result) and "Taken again" not in told(result) and binds(p), "a parent that starts nothing again", result)


@scene
def pool():
    """A parent that holds nothing, and three children that listen: it is stopped first."""
    p = port()

    def start():
        for _ in range(3):
            child(lambda: [listen(p, reuseport=1)])
        return [1]
    above = child(start)
    result = freed("three children of one parent", p, p, ends=[above])
    t.ok("started 3 of them, and may start them again: it is stopped first" in told(result), "three children of one parent: it is said", result)


# --- sockets of no process -----------------------------------------------------------------------------
CLOSES = []


def may_close():
    near = port()
    time_wait(near)
    CLOSES.append(tap.sockview("-K", "--state", "time-wait", "sport", "=", ":%d" % near).status == 0)
    p = port()
    time_wait(p)
    if binds(p):
        t.skip("TIME_WAIT", "this kernel gives the port although a socket without SO_REUSEADDR had it")
    elif not CLOSES[0]:
        t.skip("sockets of no process", "no socket can be closed here")
    else:
        freed("TIME_WAIT", p, p, words=["1 socket that no process holds: 1 closed, 0 had gone"])


def closes():
    """The rest needs a kernel that closes, and that keeps a port for what did not set SO_REUSEADDR."""
    p = port()
    time_wait(p)
    return not binds(p) and tap.sockview("-K", "--state", "time-wait", "sport", "=", ":%d" % p).status == 0


netns.alone(t, may_close)


@scene
def orphan():
    p = port()
    client, server = connection(p)
    deafen(client)
    server.send(b"left behind")
    server.close()
    if closes():
        freed("an orphan", p, p)


@scene
def orphan_in_fin_wait2():
    p = port()
    client, server = connection(p)
    server.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 60)
    server.shutdown(socket.SHUT_WR)
    reach(server, FIN_WAIT2)
    server.close()
    if closes():
        freed("an orphan in FIN_WAIT2", p, p)
    client.close()


@scene
def server_and_time_wait():
    p = port()
    if closes():
        freed("a server and its TIME_WAIT", p, p, ends=[child(lambda: port_scene.listener_and_time_wait(p))])


@scene
def by_an_ordinary_user():
    p = port()
    time_wait(p)
    if OTHER and closes():
        remains("TIME_WAIT, without CAP_NET_ADMIN", p, p, "--for", "0.2", user=65534, words=["not closed: EPERM", "CAP_NET_ADMIN"])


# --- in flight -----------------------------------------------------------------------------------------


@scene
def flying():
    p = port()
    receiver, left = port_scene.in_flight(p, lambda: None)
    if tap.sockview("-ltnp").err:
        t.skip("in flight", "a process is hidden here, and may have it")
    else:
        freed("in flight", p, p, ends=[receiver])
    left.close()


# --- another user --------------------------------------------------------------------------------------


@scene
def unseen():
    if OTHER:
        p = port()
        server = child(lambda: [listen(p)])
        remains("another user's, unseen", p, p, "--for", "0.2", stays=[server], user=65534, words=["nothing was done"])


@scene
def by_root():
    if OTHER:
        p = port()
        freed("another user's, by root", p, p, ends=[child(lambda: [listen(p)], user=1234)])


SEES = ["setpriv", "--reuid=65534", "--inh-caps=-all,+sys_ptrace,+dac_read_search", "--clear-groups", "--ambient-caps=-all,+sys_ptrace,+dac_read_search"]


@scene
def seen():
    if OTHER and not tap.missing("setpriv") and tap.run([*SEES, "true"]).status == 0:
        p = port()
        server = child(lambda: [listen(p)])
        result = tap.run([*SEES, OTHER, "--free", str(p), "--yes", "--for", "0.2"])
        t.ok(result.status == 3 and b"not signalled: EPERM" in result.out and b"CAP_KILL" in result.err and alive(server), "another user's, seen", result)


# --- units and containers ------------------------------------------------------------------------------
FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"]
stand_ins = os.path.join(tap.scratch(), "sbin")
log = os.path.join(tap.scratch(), "log")
IDENTITY = "0123456789abcdef" * 4


def stand_in(name, script):
    """In the place of the command itself, where there is one; else in the last of the folders."""
    port_scene.stand_in(stand_ins, name, 'echo "${0##*/} $*" >> %s\n' % log + script)


def asked():
    """The lines of commands that were run since the last call."""
    try:
        with open(log) as file:
            lines = file.read().splitlines()
        os.unlink(log)
    except OSError:
        return []
    return [line for line in lines if " stop " in line or line.endswith(" stop")]


def can_stand_in():
    """None, or why not."""
    if not ROOT:
        return "no cgroup can be made by an ordinary user"
    if not port_scene.cgroup_folder():
        return "no cgroup can be made here"
    os.mkdir(stand_ins)
    if netns.own_mounts() or not netns.bind_mount(stand_ins, FOLDERS[-1]):
        return "no mount of its own can be made here"
    for name in ("systemctl", "docker", "podman", "crictl", "lxc-stop", "lxc-info"):
        for place in {os.path.realpath(os.path.join(folder, name)) for folder in FOLDERS[:-1]}:
            stand_in(name, "exit 1\n")
            if os.path.exists(place):
                assert netns.bind_mount(os.path.join(stand_ins, name), place)
    return None


def unit():
    p = port()
    server = child(lambda: [listen(p)])
    path = move(server, "web.service")
    for stop, words in (("exit 4", ["systemctl: failed: exit status 4"]), ("exec sleep 300", ["systemctl: ended, as time was over"]),
                        ("exit 0", ["systemctl: done", "holds it still"])):
        stand_in("systemctl", MANAGER % (path, server, stop))
        remains("a unit whose stop is: " + stop, p, p, "--for", "0.3", stays=[server], words=words)
    asked()
    stand_in("systemctl", MANAGER % (path, server, "kill %d; grep -E '^(Cap|NoNew|Seccomp|Sig[IB]|Uid)' /proc/self/status > %s.status; cat /proc/self/limits >> %s.status" % (server, log, log)))
    result = freed("a unit", p, p, ends=[server])
    t.same(asked(), ["systemctl stop -- web.service"], "with -- before the name, once")
    t.ok(re.search(r"^1\. /usr/(local/)?s?bin/systemctl stop -- web\.service$", result.out.decode(), re.M), "by its path", result)
    with open(log + ".status", "rb") as file:
        t.same(file.read(), tap.shell("grep -E '^(Cap|NoNew|Seccomp|Sig[IB]|Uid)' /proc/self/status; cat /proc/self/limits").out, "the command has the caller's rights, signals and limits")


def user_unit():
    p = port()
    server = child(lambda: [listen(p)])
    path = move(server, "user@1000.service/app.slice/app.service")
    stand_in("systemctl", "shift 3\n" + MANAGER % (path, server, "kill %d" % server))
    freed("a user's unit", p, p, ends=[server])
    t.same(asked(), ["systemctl --user -M 1000@ stop -- app.service"], "a user's unit: as it is stopped")


def forged(path, manager):
    """Paths that are forged, or of what is never stopped for one socket: the process alone."""
    p = port()
    server = child(lambda: [listen(p)])
    stand_in("systemctl", manager % (move(server, path), server, "exit 0"))
    asked()
    result = free(p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and "got SIGTERM" in told(result) and not alive(server) and asked() == [], "%s: no unit is stopped" % path, result)


def container(says, stops):
    p = port()
    server = child(lambda: [listen(p)])
    move(server, "docker-%s.scope" % IDENTITY)
    stand_in("docker", 'case "$1" in inspect) %s;; stop) kill %d;; esac\n' % ("exit 1" if says is None else "echo %d" % (says or server), server))
    asked()
    result = free(p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and not alive(server) and binds(p), "a container: docker says %s" % says, result)
    t.same(asked(), ["docker stop -- %.12s" % IDENTITY] if stops else [], "a container: docker says %s: whether it is stopped" % says)


def other_container(name, folder, words):
    p = port()
    server = child(lambda: [listen(p)])
    move(server, folder % IDENTITY)
    stand_in(name, 'case "$1 $2" in "stop --") kill %d;; inspect*) echo %d;; esac\n' % (server, server))
    asked()
    freed("a container: " + folder % "ID", p, p, ends=[server])
    t.same(asked(), [words % IDENTITY], "a container: %s: as it is stopped" % (folder % "ID"))


def lxc(knows):
    p = port()
    server = child(lambda: [listen(p)])
    move(server, "lxc.payload.box")
    stand_in("lxc-stop", 'case "$*" in *box) kill %d;; esac\n' % server)
    stand_in("lxc-info", "echo %d\n" % server if knows else "exit 1\n")
    if knows:
        freed("a container of lxc", p, p, ends=[server])
        return
    result = free(p, "--yes", "--for", LONG)
    t.ok(result.status == 0 and "got SIGTERM" in told(result), "lxc does not know it: its process alone", result)


def docker_proxy(name, answer, stop, right):
    """The container whose port it is is stopped, never the proxy: docker may answer wrongly, or not at all."""
    p = port()
    proxy = port_scene.docker_proxy(p)
    stand_in("docker", 'case "$*" in "ps --filter publish=%d "*) %s;; "stop -- web-1") %s;; esac\n' % (p, answer, stop % proxy if "%d" in stop else stop))
    asked()
    if right:
        freed("docker-proxy: " + name, p, p, ends=[proxy], words=["docker: done"])
    else:
        remains("docker-proxy: " + name, p, p, "--for", "0.3", stays=[proxy], words=["nothing was done"] if answer != "echo web-1" else ["holds it still"])
    t.same(asked(), ["docker stop -- web-1"] if answer == "echo web-1" else [], "docker-proxy: %s: what is stopped" % name)


def socket_unit(name, units, stop, right):
    """Process 1, by systemd's name, holds it for a socket unit: that is stopped, never process 1."""
    p = UNIT_PORT
    made["sock"].close()
    os.read(made["ready"], 1)
    stand_in("systemctl", 'case "$1" in show) %s;; stop) %s;; esac\n' % (port_scene.socket_units(p).strip() if units else "exit 1", stop))
    asked()
    if right:
        freed("a socket unit: " + name, p, p)
    else:
        remains("a socket unit: " + name, p, p, "--for", "0.3", words=["holds it still"] if units else ["nothing was done"])
    t.same(asked(), ["systemctl stop -- web.socket"] if units else [], "a socket unit: %s: what is stopped" % name)


UNIT_PORT = port()
made = {}


def systemd():
    made["sock"] = listen(UNIT_PORT)
    made["ready"], tell = os.pipe()
    return lambda: port_scene.become_systemd(made["sock"], tell)


why = can_stand_in()
if why:
    t.skip("units and containers", why)
else:
    netns.alone(t, unit)
    netns.alone(t, user_unit)
    for path, manager in (("user@1000.service/app.slice/sshd.service", MANAGER), ("docker.service", MANAGER),
                          ("web2.service", MANAGER.replace("%s", "/another%s", 1)), ("web3.service", "exit 1 # %s %d %s"),
                          ("web4.service", "echo MainPID=1 # %s %d %s")):
        netns.alone(t, forged, path, manager)
    for says, stops in ((None, False), (1, False), (0, True)):
        netns.alone(t, container, says, stops)
    for name, folder, words in (("podman", "libpod-%s.scope", "podman stop -- %.12s"), ("crictl", "cri-containerd-%s.scope", "crictl stop -- %.12s"),
                                ("crictl", "crio-%s.scope", "crictl stop -- %.12s")):
        netns.alone(t, other_container, name, folder, words)
    for knows in (True, False):
        netns.alone(t, lxc, knows)
    for name, answer, stop, right in (("docker answers", "echo web-1", "kill %d", True), ("docker stops nothing", "echo web-1", "exit 0", False),
                                      ("docker names two", "printf 'web-1\\nweb-2\\n'", "kill %d", False), ("docker does not answer", "exit 1", "kill %d", False),
                                      ("docker names what is no name", "echo '--all; x'", "kill %d", False)):
        netns.alone(t, docker_proxy, name, answer, stop, right)
    for name, units, stop, right in (("systemctl answers", True, "kill -USR1 1", True), ("systemctl stops nothing", True, "exit 0", False),
                                     ("systemctl does not answer", False, "kill -USR1 1", False)):
        netns.alone(t, socket_unit, name, units, stop, right, init=systemd)
    port_scene.remove_cgroups()

# --- ourselves and what started us ---------------------------------------------------------------------


@scene
def process_one():
    p = port()
    sock = listen(p)
    remains("process 1", p, p, "--for", "0.2", words=["nothing was done"])
    sock.close()


@scene
def our_ancestor():
    p = port()
    above = os.fork()
    if above == 0:
        sock = listen(p)
        result = free(p, "--yes", "--for", "0.2")
        os._exit(0 if result.status == 3 and b"started this sockview" in result.err and sock else 1)
    t.same(os.waitpid(above, 0)[1], 0, "what started sockview is left")


t.done()
