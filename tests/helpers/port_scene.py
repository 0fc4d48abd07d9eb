# SPDX-License-Identifier: MIT
"""port_scene - who may hold a port: processes, supervisors, sockets of no process, units and containers.

Service managers and container runtimes are stand-ins: scripts that answer as systemctl and docker do.
"""
import array
import os
import signal
import socket
import sys
import time

import netns
import tap
from scene import CLOSE_WAIT, reach, wait_for

next_port = 21000


def port():
    """One that nothing has, nor the nine above."""
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


def datagrams(number):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", number))
    return sock


def child(work, user=None):
    """A process that does this, says so, and then sleeps as long as it has what that gave; its pid."""
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


def held(sock, *argv):
    """A program of that name which inherits the socket; its pid. It ends with us."""
    (wait_read, _), (ready_read, ready_write) = os.pipe(), os.pipe()
    for fd in (wait_read, ready_write, sock.fileno()):
        os.set_inheritable(fd, True)
    pid = os.posix_spawn(tap.helper("hold"), [argv[0], "ready=%d" % ready_write, "wait=%d" % wait_read, *argv[1:]], os.environ)
    sock.close(), os.close(wait_read), os.close(ready_write)
    assert os.read(ready_read, 1) == b"R"
    os.close(ready_read)
    return pid


def in_flight(number, receiver):
    """A listener whose only descriptor waits in a message to that process; what it is sent by."""
    left, right = socket.socketpair()
    pid = child(lambda: (left.close(), receiver(), [right])[2])
    right.close()
    sock = listen(number)
    left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
    sock.close()
    return pid, left


def docker_proxy(number):
    return held(listen(number), "docker-proxy", "-proto", "tcp", "-host-port", str(number), "-container-ip", "172.17.0.2", "-container-port", "80")


def connection(number, reuseaddr=0):
    """Both ends of a connection to a listener that is closed by now."""
    listener = listen(number, reuseaddr)
    client = socket.create_connection(("127.0.0.1", number))
    server = listener.accept()[0]
    listener.close()
    return client, server


def time_wait(number, reuseaddr=0):
    client, server = connection(number, reuseaddr)
    server.shutdown(socket.SHUT_WR)
    reach(client, CLOSE_WAIT)
    server.close(), client.close()


def listener_and_time_wait(number):
    """What a child() is to do: a server, and the rest of a connection to it."""
    listener = listen(number, 0)
    client = socket.create_connection(("127.0.0.1", number))
    server = listener.accept()[0]
    server.shutdown(socket.SHUT_WR)
    reach(client, CLOSE_WAIT)
    server.close(), client.close()
    return [listener]


def binds(number, kind=socket.SOCK_STREAM, reuseaddr=1):
    """What a server meets: of TCP it sets SO_REUSEADDR, as most do."""
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuseaddr if kind == socket.SOCK_STREAM else 0)
        sock.bind(("0.0.0.0", number))
        if kind == socket.SOCK_STREAM:
            sock.listen(1)
        return True
    except OSError:
        return False
    finally:
        sock.close()


def end(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


# --- units and containers ------------------------------------------------------------------------------

MANAGER = 'case "$1" in show) echo "ControlGroup=%s"; echo "MainPID=%d";; stop) %s;; esac\n'


def stand_in(folder, name, script):
    """A program of that name."""
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("#!/bin/bash\n" + script)
    os.chmod(path, 0o755)
    return path


def socket_units(number):
    """What a manager answers of its socket units: the last is the one that listens there."""
    return ("printf 'Listen=/run/a (Stream)\\nId=a.socket\\n\\nListen=[::]:%d (Datagram)\\nId=b.socket\\n\\n"
            "Id=web.socket\\nListen=127.0.0.1:%d (Stream)\\n'\n" % (number, number))


def cgroup_folder():
    """Where version 2 is mounted and groups can be made; None: nowhere."""
    with open("/proc/self/mountinfo") as mounts:
        top = next((line.split()[4] for line in mounts if " - cgroup2 " in line), None)
    try:
        os.makedirs(os.path.join(top, tap.UNIQUE + ".slice"), exist_ok=True)
    except (OSError, TypeError):
        return None
    return top


def own_cgroup(pid="self"):
    with open("/proc/%s/cgroup" % pid) as file:
        return next(line[3:].strip() for line in file if line.startswith("0::"))


def move(pid, path):
    """The process into that cgroup below the test's slice, made if it is not there; its path as /proc tells it."""
    folder = os.path.join(cgroup_folder(), tap.UNIQUE + ".slice", path)
    os.makedirs(folder, exist_ok=True)
    netns.write(folder + "/cgroup.procs", str(pid))
    return own_cgroup(pid)


def remove_cgroups():
    def removed(folder):
        try:
            os.rmdir(folder)
        except OSError:
            return not os.path.isdir(folder)
        return True
    for folder, _, _ in list(os.walk(os.path.join(cgroup_folder(), tap.UNIQUE + ".slice"), topdown=False)):
        wait_for(lambda: removed(folder), "empty cgroup " + folder)


SYSTEMD = """
import os, signal, socket, sys
sock = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGUSR1, lambda *_: sock.close())
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
os.write(int(sys.argv[2]), b"R")
while True:
    signal.pause()
"""


def become_systemd(sock, ready):
    """As process 1: a manager by that name, which lets its socket go at SIGUSR1."""
    for fd in (sock.fileno(), ready):
        os.set_inheritable(fd, True)
    os.execv(sys.executable, ["systemd", "-c", SYSTEMD, str(sock.fileno()), str(ready)])
