#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The line "To free it:" of --explain is carried out as it is printed; then a server binds the port.

The service manager and the container runtimes are stand-ins on PATH: scripts
that answer as systemctl and docker do, and stop the process they are told of.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import port_scene
import tap
from port_scene import MANAGER, binds, child, connection, datagrams, end, held, listen, move, port
from scene import CLOSE_WAIT, deafen, reach, wait_for

ROOT = os.getuid() == 0
t = tap.Tap()
why = netns.enter()
if why:
    tap.skip_all(why)

stand_ins = os.path.join(tap.scratch(), "bin")
os.mkdir(stand_ins)
os.symlink(os.path.abspath(tap.SOCKVIEW), os.path.join(stand_ins, "sockview"))
os.environ["PATH"] = stand_ins + ":" + os.environ["PATH"]


def explain(*args):
    return tap.sockview("--explain", *map(str, args))


def line_of(result, title="To free it:"):
    lines = [line[len(title):].strip() for line in result.lines if line.startswith(title)]
    return lines[0] if lines else None


def carry_out(name, target, number, wanted, *args, title="To free it:", kind=socket.SOCK_STREAM, reuseaddr=1, reap=()):
    """The line is that one, the port is taken before, and free once the line has run."""
    result = explain(target, *args)
    line = line_of(result, title)
    before = binds(number, kind, reuseaddr)
    if not t.ok(line == wanted and not before, name + ": the line", "wanted: %s" % wanted, "free before: %s" % before, result):
        return result
    done = tap.shell(line)
    for pid in reap:
        try:
            os.waitpid(pid, 0) if line.count(str(pid)) or "stop" in line else None
        except ChildProcessError:
            pass
    try:
        wait_for(lambda: binds(number, kind, reuseaddr), "free port")
        free = True
    except Exception:
        free = False
    t.ok(free, name + ": carried out, the port is free", line, done, explain(target))
    return result


# --- processes ---------------------------------------------------------------------

p = port()
pid = child(lambda: [listen(p)])
result = carry_out("one process", p, p, "kill %d" % pid, reap=[pid])
t.ok(" ".join(result.lines).startswith("Port %d (tcp) is taken by python3 explain_advice.t (pid %d, running for" % (p, pid)) and
     "Or use %d: nothing has it." % (p + 1) in result.lines and len("\n".join(result.lines).partition("\n\nNot seen:")[0].split("\n")) <= 16, "... in few lines", result)
end(pid)

p = port()
pid = child(lambda: [listen(p + 1), listen(p)])
result = explain(p)
t.ok("Or use %d: nothing has it." % (p + 2) in result.lines, "the next port that nothing has", result)
netns.write("/proc/sys/net/ipv4/ip_local_reserved_ports", "%d-%d" % (p + 2, p + 4))
result = explain(p)
t.ok("Or use %d: nothing has it." % (p + 5) in result.lines, "... nor is reserved", result)
netns.write("/proc/sys/net/ipv4/ip_local_reserved_ports", "\n")
end(pid)

p = port()
pid = child(lambda: [(sock := socket.socket(), sock.bind(("127.0.0.1", p)))[0]])
carry_out("bound, never listening", p, p, "kill %d" % pid, reap=[pid])
end(pid)

p = port()
pid = child(lambda: [datagrams(p)])
carry_out("UDP", "udp:%d" % p, p, "kill %d" % pid, kind=socket.SOCK_DGRAM, reap=[pid])
end(pid)

# Two sockets of one process, one of them shared with a child: both have to end.
p = port()
told, tell = os.pipe()
def two_sockets():
    shared = listen(p, reuseport=1)
    below = os.fork()
    if below == 0:
        tap.die_with_parent()
        time.sleep(300)
        os._exit(0)
    os.write(tell, b"%d" % below)
    return [shared, listen(p, reuseport=1)]
pid = child(two_sockets)
below = int(os.read(told, 20))
carry_out("two sockets, one shared with a child", p, p, "kill %d %d" % (pid, below), reap=[pid])
end(pid)

p = port()
workers = [child(lambda: [listen(p, reuseport=1)]) for _ in range(3)]
result = explain(p)
t.ok("is taken by 3 workers of python3 explain_advice.t (SO_REUSEPORT, pid %d and 2 more" % workers[0] in " ".join(" ".join(result.lines).split()),
     "workers are one", result)
told = re.findall(r"3 x 127.0.0.1:%d LISTEN: python3 \(pid (\d+)\), user .*and 2 more workers: pid (\d+), (\d+)" % p, " ".join(" ".join(result.lines).split()))
t.ok(len(told) == 1 and sorted(map(int, told[0])) == workers, "... and one paragraph", result)
answer = json.loads(explain(p, "--json").out)
carry_out("three workers that share by SO_REUSEPORT", p, p, "kill %d %d %d" % tuple(workers), reap=workers)
end(*workers)

def may_ask(pid):
    """May a process that is no ancestor of that one copy its descriptors (pidfd_getfd(2))? Yama and containers forbid it."""
    asks = os.fork()
    if asks == 0:
        pidfd = tap.libc.syscall(434, pid, 0)
        os._exit(0 if pidfd >= 0 and tap.libc.syscall(438, pidfd, 0, 0) >= 0 else 1)
    return os.waitpid(asks, 0)[1] == 0


# The holder shares the port: a server that does so too gets in.
for udp in (False, True):
    p = port()
    def shares():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("0.0.0.0", p))
        udp or sock.listen(4)
        return [sock]
    pid = child(shares)
    if not may_ask(pid):
        t.skip("SO_REUSEPORT is advised where it is set", "another process may not be asked for its options here")
        end(pid)
        continue
    result = explain("%s:0.0.0.0:%d" % ("udp" if udp else "tcp", p))
    told = "set SO_REUSEPORT on the new socket too: then both share the port" in " ".join(result.out.decode().split())
    t.ok(told and not binds(p, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM), "%s: SO_REUSEPORT is advised where it is set" % ("UDP" if udp else "TCP"), result)
    try:
        kept = shares()
    except OSError as error:
        kept = None
    t.ok(kept, "... carried out, the port is shared")
    if kept:
        kept[0].close()
    end(pid)
p = port()
pid = child(lambda: [listen(p)])
result = explain("127.0.0.1:%d" % p)
t.ok("SO_REUSEPORT" not in result.out.decode(), "... and not where it is not set", result)
end(pid)

# Two programs.
p = port()
first = child(lambda: [listen(p)])
second = held(listen(p, address="127.0.0.2"), "other")
result = carry_out("two programs", p, p, "kill %d %d" % (first, second), reap=[first, second])
t.ok("is taken by 2 programs: python3 explain_advice.t (pid %d), other (pid %d)." % (first, second) in " ".join(" ".join(result.lines).split()),
     "... are both in the first line", result)
end(first, second)

p = port()
pid = child(lambda: [listen(p)])
os.kill(pid, signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
result = carry_out("a stopped process", p, p, "kill %d; kill -CONT %d" % (pid, pid), reap=[pid])
t.ok("is stopped (SIGSTOP)" in " ".join(" ".join(result.lines).split()), "... which is said", result)
end(pid)

p = port()
pid = child(lambda: [signal.signal(signal.SIGTERM, signal.SIG_IGN), listen(p)])
result = carry_out("a process that ignores SIGTERM", p, p, "kill -9 %d" % pid, reap=[pid])
t.ok("process %d ignores SIGTERM" % pid in " ".join(" ".join(result.lines).split()), "... which is said", result)
end(pid)
p = port()
pid = child(lambda: [signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]) or 1, listen(p)])
result = carry_out("a process that blocks SIGTERM", p, p, "kill -9 %d" % pid, reap=[pid])
t.ok("process %d blocks SIGTERM" % pid in " ".join(" ".join(result.lines).split()), "... which is said", result)
end(pid)
# A thread that does not block it takes the signal for the process.
p = port()
def one_thread_blocks():
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    return [listen(p)]
pid = child(one_thread_blocks)
carry_out("a process of which one thread blocks SIGTERM", p, p, "kill %d" % pid, reap=[pid])
end(pid)

# --- who would start it again -------------------------------------------------------------


def supervisor(number, workers):
    """A process that holds nothing and has that many children that listen: its pid and theirs."""
    read, write = os.pipe()

    def start():
        for _ in range(workers):
            ready, tell = os.pipe()
            if os.fork() == 0:
                tap.die_with_parent()
                kept = listen(number, reuseport=1)
                os.write(write, b"%d " % os.getpid())
                os.write(tell, b"R")
                time.sleep(300)
                os._exit(kept.fileno() < 0)
            os.read(ready, 1)
        return [1]
    pid = child(start)
    os.close(write)
    children = b""
    while len(children.split()) < workers:
        children += os.read(read, 100)
    os.close(read)
    return pid, sorted(map(int, children.split()))


p = port()
above, (below,) = supervisor(p, 1)
result = carry_out("a child of another program", p, p, "kill %d" % below)
t.ok("(pid %d) was started by python3 (pid %d), which may start it again" % (below, above) in " ".join(" ".join(result.lines).split()),
     "... whose parent may start it again", result)
end(above)
p = port()
above, below = supervisor(p, 3)
result = carry_out("three children of one parent", p, p, "kill %d %d %d %d" % (above, *below), reap=[above])
t.ok("python3 (pid %d) started 3 of them" % above in " ".join(" ".join(result.lines).split()), "... which is stopped first", result)
end(above)

# vfork(2) blocks every signal in passing.
p = port()
pid = held(listen(p), "spawner", "vforks")
with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
    below = int(file.read())
result = explain(p)
t.ok(line_of(result) == "kill %d %d" % (pid, below) and "SIGTERM" not in str(result.out), "a process that is in vfork()", result)
end(pid)

# --- sockets of no process -------------------------------------------------------------


def time_wait(reuseaddr):
    p = port()
    port_scene.time_wait(p, reuseaddr)
    return p


# A probe, by another hand: does this kernel destroy?
p = time_wait(1)
if not ROOT or tap.missing("ss") or tap.shell("ss -tK state time-wait sport = :%d" % p).status or \
        tap.shell("ss -Htn state time-wait sport = :%d" % p).out:
    t.skip("sockets are destroyed", "it takes root, ss and CONFIG_INET_DIAG_DESTROY")
else:
    p = time_wait(0)
    carry_out("TIME_WAIT made without SO_REUSEADDR", p, p, "sockview -K state time-wait sport = :%d" % p)
    p = time_wait(1)
    result = carry_out("TIME_WAIT, and a server without SO_REUSEADDR", p, p, "sockview -K state time-wait sport = :%d" % p,
                       title="For any other:", reuseaddr=0)
    # A client that bound its port itself.
    p = port()
    listener = listen(p + 1)
    client = socket.socket()
    client.bind(("127.0.0.1", p))
    client.connect(("127.0.0.1", p + 1))
    server = listener.accept()[0]
    client.shutdown(socket.SHUT_WR)
    reach(server, CLOSE_WAIT)
    client.close(), server.close(), listener.close()
    carry_out("TIME_WAIT of a client that bound its port", p, p, "sockview -K state time-wait sport = :%d" % p)
    p = port()
    listener = listen(p + 1)
    client = socket.socket()
    client.bind(("127.0.0.1", p))
    client.connect(("127.0.0.1", p + 1))
    server = listener.accept()[0]
    deafen(server)
    client.send(b"left behind")
    client.close()
    carry_out("an orphan of a client that bound its port", p, p, "sockview -K state fin-wait-1 sport = :%d and inode = 0" % p)
    server.close(), listener.close()
    p = port()
    client, server = connection(p)
    deafen(client)
    server.send(b"left behind")
    server.close()
    result = carry_out("an orphan", p, p, "sockview -K state fin-wait-1 sport = :%d and inode = 0" % p)
    t.ok("data that it has not sent yet is lost" in " ".join(" ".join(result.lines).split()), "... whose data is lost, which is said", result)
    client.close()
    # Sockets that have a process, and do not stand in the way, stay.
    p = port()
    kept = listen(p, 0, address="127.0.0.2")
    client = socket.create_connection(("127.0.0.2", p))
    half = kept.accept()[0]
    kept.close()
    deafen(client)
    half.shutdown(socket.SHUT_WR)
    listener = listen(p, 0)
    other = socket.create_connection(("127.0.0.1", p))
    server = listener.accept()[0]
    listener.close()
    deafen(other)
    server.send(b"left behind")
    server.close()
    explained = explain("127.0.0.1:%d" % p)
    line = line_of(explained)
    tap.shell(line or "false")
    try:
        listen(p).close()
        free = True
    except OSError:
        free = False
    rest = tap.shell("ss -Htn state fin-wait-1 sport = :%d" % p).out.decode()
    t.ok(line == "sockview -K state fin-wait-1 sport = :%d and inode = 0" % p and free and "127.0.0.2:%d" % p in rest and "127.0.0.1" not in rest.split()[2:3],
         "an orphan, and a half-closed connection that a process has: that stays", explained, rest)
    for one in (client, half, other):
        one.close()
    # More than 100 are closed unasked.
    p = port()
    listener = listen(p, 0)
    for _ in range(101):
        client = socket.create_connection(("127.0.0.1", p))
        server = listener.accept()[0]
        server.shutdown(socket.SHUT_WR)
        reach(client, CLOSE_WAIT)
        server.close(), client.close()
    listener.close()
    carry_out("101 of TIME_WAIT", p, p, "sockview -K --yes state time-wait sport = :%d" % p)
    # A server's end, and the TIME_WAIT beside it.
    p = port()
    pid = child(lambda: port_scene.listener_and_time_wait(p))
    carry_out("a server and its TIME_WAIT, both without SO_REUSEADDR", p, p,
              "kill %d; sockview -K state time-wait sport = :%d" % (pid, p), reap=[pid])
    end(pid)

# --- sockets that no process has open ------------------------------------------------


def advice(result, key):
    return [one["text"] for one in json.loads(result.out)["advice"] if one["key"] == key]


def stop_by_advice(name, number, pid, place, sure, how="kill %d"):
    """The advice names the process and how it is stopped, the line too where that is sure; then the port is free."""
    result = explain(number)
    first = " ".join(result.out.decode().split())
    told = advice(explain(number, "--json"), "in-flight")
    words = "%s (pid %d): %s" % (place, pid, how % pid)
    if not t.ok(len(told) == 1 and told[0].endswith(words) and place + " (pid %d)." % pid in first and not binds(number), name, told, first):
        return
    t.same(line_of(result), how % pid if sure else None, name + ": the line")
    tap.shell(line_of(result) if sure else told[0].rpartition(": ")[2])
    os.waitpid(pid, 0)
    wait_for(lambda: binds(number), "free port")
    t.ok(True, name + ": carried out, the port is free")


ALL_SEEN = not tap.sockview("-ltnp").err
if not ALL_SEEN:
    t.skip("sockets that no process has open", "a process is hidden here, and may have them")
for words, place in (([], "only in the io_uring of ring"), (["accept"], "perhaps by the io_uring of ring")) if ALL_SEEN else ():
    p = port()
    ring = subprocess.Popen([tap.helper("ring"), str(p), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    if ring.stdout.read(1) != b"R":
        t.skip("a listener in an io_uring", "this kernel has no io_uring for us")
        continue
    stop_by_advice("a listener %s" % place, p, ring.pid, "the io_uring of ring", "only" in place)
    ring.returncode = 0

for action, how in ((signal.SIG_DFL, "kill %d"), (signal.SIG_IGN, "kill -9 %d")) if ALL_SEEN else ():
    p = port()
    pid, left = port_scene.in_flight(p, lambda: signal.signal(signal.SIGTERM, action))
    with open("/proc/%d/comm" % pid) as file:
        comm = file.read().strip()
    stop_by_advice("a descriptor in a message", p, pid, "a message that waits on a unix socket of " + comm, True, how)
    left.close()

# A process outside this pid namespace has it.
p = port()
kept = listen(p)
said_read, said_write = os.pipe()


def inside():
    netns.mount_proc()
    kept.close()
    os.write(said_write, tap.sockview("--explain", str(p)).out)
    os._exit(0)


if not netns.can_have_pids():
    t.skip("a process outside this container", "no pid namespace can be made here")
else:
    outer = os.fork()
    if outer == 0:
        tap.die_with_parent()
        netns.own_proc()
        os.waitpid(netns.in_new_pids(inside), 0)
        os._exit(0)
    os.waitpid(outer, 0)
    os.close(said_write)
    said = " ".join(os.read(said_read, 65536).decode().split())
    t.ok("is taken by a process outside this container" in said and "look on the host, outside this container: sockview --explain %d" % p in said and
         "To free it" not in said, "a process outside this container", said)
kept.close()

# --- units and containers (stand-ins) -----------------------------------------------------


def stand_in(name, script):
    port_scene.stand_in(stand_ins, name, script)


if not ROOT or not port_scene.cgroup_folder():
    t.skip("units and containers", "no cgroup can be made here")
else:
    p = port()
    pid = child(lambda: [listen(p)])
    path = move(pid, "web.service")
    manager = MANAGER.replace("%s;; esac", "kill %d;; esac")
    stand_in("systemctl", manager % (path + "x", pid, pid))
    t.same(line_of(explain(p)), "kill %d" % pid, "a cgroup that the manager does not call its unit's")
    stand_in("systemctl", manager % (path, os.getpid(), pid))
    t.same(line_of(explain(p)), "kill %d" % pid, "a unit whose main process does not hold the socket")
    stand_in("systemctl", "exit 1\n")
    t.same(line_of(explain(p)), "kill %d" % pid, "a manager that does not answer")
    stand_in("systemctl", "sleep 60\n")
    t.same(line_of(explain(p)), "kill %d" % pid, "a manager that hangs")
    stand_in("systemctl", "yes\n")
    t.same(line_of(explain(p)), "kill %d" % pid, "a manager that does not end")
    stand_in("systemctl", manager % (path, pid, pid))
    carry_out("a unit", p, p, "systemctl stop web.service", reap=[pid])
    end(pid)

    p = port()
    pid = child(lambda: [listen(p)])
    path = move(pid, "sshd.service")
    stand_in("systemctl", manager % (path, pid, pid))
    carry_out("sshd's unit is not stopped for one socket", p, p, "kill %d" % pid, reap=[pid])
    end(pid)

    p = port()
    pid = child(lambda: [listen(p)])
    path = move(pid, "own.service")
    stand_in("systemctl", manager % (path, pid, pid))
    home = port_scene.own_cgroup()
    move(os.getpid(), "own.service")
    line = line_of(explain(p))
    netns.write(os.path.join(port_scene.cgroup_folder(), home.lstrip("/"), "cgroup.procs"), str(os.getpid()))
    t.same(line, "kill %d" % pid, "the unit that we run in is not stopped")
    end(pid)

    p = port()
    pid = child(lambda: [listen(p)])
    path = move(pid, "user@1000.service/app.slice/app.service")
    stand_in("systemctl", 'shift 3; ' + manager % (path, pid, pid))
    carry_out("a user's unit", p, p, "systemctl --user -M 1000@ stop app.service", reap=[pid])
    end(pid)

    for runtime, folder, words in (("docker", "docker-%s.scope", "docker stop %.12s"), ("podman", "libpod-%s.scope", "podman stop %.12s"),
                                   ("crictl", "cri-containerd-%s.scope", "crictl stop %.12s"), ("crictl", "crio-%s.scope", "crictl stop %.12s")):
        p = port()
        identity = "0123456789abcdef" * 4
        pid = child(lambda: [listen(p)])
        move(pid, folder % identity)
        runs = 'case "$1 $2" in "stop %.12s") kill %d;; inspect*) [ "${!#}" = %.12s ] && echo %d;; esac\n'
        stand_in(runtime, runs % (identity, pid, identity, os.getpid()))
        t.same(line_of(explain(p)), "kill %d" % pid, "a cgroup by the name of a container that runs elsewhere")
        stand_in(runtime, runs % (identity, pid, identity, pid))
        carry_out("a container: " + folder % "ID", p, p, words % identity, reap=[pid])
        end(pid)
    p = port()
    pid = child(lambda: [listen(p)])
    move(pid, "lxc.payload.box")
    stand_in("lxc-stop", '[ "$1 $2" = "-n box" ] && kill %d\n' % pid)
    stand_in("lxc-info", '[ "$1 $2 $3" = "-pH -n box" ] && echo %d\n' % pid)
    carry_out("a container of lxc", p, p, "lxc-stop -n box", reap=[pid])
    end(pid)

    # docker-proxy: docker tells whose port it is.
    p = port()
    pid = port_scene.docker_proxy(p)
    stand_in("docker", 'case "$*" in "ps --filter publish=%d "*) echo web-1;; "stop web-1") kill %d;; esac\n' % (p, pid))
    result = carry_out("docker-proxy", p, p, "docker stop web-1", reap=[pid])
    t.ok("for the container web-1, whose own is 172.17.0.2:80." in " ".join(" ".join(result.lines).split()), "... where it goes", result)
    end(pid)

    # A socket unit: process 1 of a pid namespace, by the name of systemd, holds it.
    made = {}

    def systemd():
        made["port"] = port()
        made["sock"] = listen(made["port"])
        made["ready"], tell = os.pipe()
        return lambda: port_scene.become_systemd(made["sock"], tell)

    def socket_unit():
        p = made["port"]
        made["sock"].close()
        os.read(made["ready"], 1)
        stand_in("systemctl", 'case "$1" in show) %s;; stop) kill -USR1 1;; esac\n' % port_scene.socket_units(p).strip())
        carry_out("a socket unit that process 1 holds the port for", p, p, "systemctl stop web.socket")
    if netns.can_have_pids():
        netns.alone(t, socket_unit, init=systemd)
    else:
        t.skip("a socket unit that process 1 holds the port for", "no pid namespace can be made here")

    for name in ("systemctl", "docker", "podman", "crictl", "lxc-stop", "lxc-info"):
        if os.path.exists(os.path.join(stand_ins, name)):
            os.unlink(os.path.join(stand_ins, name))

    port_scene.remove_cgroups()

# --- not ours to stop ---------------------------------------------------------------------

p = port()
sock = listen(p)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
result = explain(p)
t.ok((line_of(result) is None) == (os.getpid() == 1) and (os.getpid() != 1 or "first of its pid namespace" in " ".join(" ".join(result.lines).split())),
     "process 1 of a pid namespace ends by no signal from within", result)
t.done()
