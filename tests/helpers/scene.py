# SPDX-License-Identifier: MIT
"""scene - processes that hold sockets of every state and family, described.

    scene = Scene()                   # inside the namespace of netns.enter()
    scene.add(actors.tcp4)            # forks a process that makes sockets and keeps them
    scene.sock["tcp4.listen.any"]     # Sock: inode, pids, uid, local, remote

An actor is a function that gets a Stage, makes sockets and names them with
stage.keep("label", socket). It runs in a process of its own, which lives until
the scene is closed or the test dies.

Nothing here needs a packet filter of the host: a socket is made deaf by a
BPF program of its own that drops what arrives (SO_ATTACH_FILTER), which keeps
its peer in SYN_SENT, FIN_WAIT1, LAST_ACK or CLOSING for minutes.
"""
import atexit
import ctypes
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback

import tap

SO_ATTACH_FILTER = 26
SO_BINDTODEVICE = 25
TCP_LINGER2 = 8
IPPROTO_UDPLITE = 136
READY_SECONDS = 60


class Sock:
    """What is known of one socket, from its maker and not from any tool."""

    def __init__(self, label, about, pid, uid):
        self.label, self.pid, self.uid = label, pid, uid
        self.inode = about["inode"]        # 0: no process holds it any more
        self.local, self.remote = about["local"], about["remote"]
        self.fd = about["fd"]
        self.extra = about["extra"]

    def __repr__(self):
        return "<%s inode %d pid %s %s>" % (self.label, self.inode, self.pid, self.local)


def address_of(getter):
    try:
        value = getter()
    except OSError:
        return None
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return list(value) if isinstance(value, tuple) else value


class Stage:
    """What an actor works with."""

    def __init__(self, given=None):
        self.given = given or {}
        self.kept = []
        self.labels = {}

    def keep(self, label, sock, **extra):
        """Keeps the socket open for the scene's life and tells of it under this label."""
        self.kept.append(sock)
        self.labels[label] = self.about(sock, extra)
        return sock

    def about(self, sock, extra):
        return {"inode": os.fstat(sock.fileno()).st_ino, "fd": sock.fileno(), "extra": extra,
                "local": address_of(sock.getsockname), "remote": address_of(sock.getpeername)}

    def lose(self, label, sock, **extra):
        """Closes a socket whose rest the kernel keeps: no owner, no inode."""
        about = self.about(sock, extra)
        about["inode"] = 0
        self.labels[label] = about
        sock.close()

    # --- sockets

    def make(self, family, kind=socket.SOCK_STREAM, proto=0, v6only=None, device=None):
        sock = socket.socket(family, kind, proto)
        if v6only is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode() + b"\0")
        return sock

    def bound(self, family, address, kind=socket.SOCK_STREAM, proto=0, **options):
        sock = self.make(family, kind, proto, **options)
        sock.bind(address)
        return sock

    def listener(self, family, address, backlog=16, kind=socket.SOCK_STREAM, **options):
        sock = self.bound(family, address, kind, **options)
        sock.listen(backlog)
        return sock

    def client(self, family, address, kind=socket.SOCK_STREAM, wait=True, **options):
        sock = self.make(family, kind, **options)
        sock.setblocking(wait)
        try:
            sock.connect(address)
        except BlockingIOError:
            pass
        return sock

    def pair(self, family, host, client_family=None, client_host=None, prepare=None, **options):
        """A connection: (client, server). The listener it came from is closed again."""
        listener = self.bound(family, (host, 0) if isinstance(host, str) else host, **options)
        if prepare:
            prepare(listener)
        listener.listen(1)
        target = listener.getsockname()
        if client_host:
            target = (client_host, target[1]) + target[2:] * (client_family in (None, family))
        client = self.client(client_family or family, target)
        server = listener.accept()[0]
        listener.close()
        return client, server


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("no " + what + " after %d s" % seconds)
        time.sleep(0.005)


def tcp_state(sock):
    """The kernel's number of the state: first byte of struct tcp_info."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0]


def reach(sock, state):
    wait_for(lambda: tcp_state(sock) == state, "state %d" % state)


ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, \
    LISTEN, CLOSING = range(1, 12)


# --- filters: what a socket hears

def attach(sock, program):
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HL", len(program), ctypes.addressof(buffer)))


def deafen(sock):
    """Drops every packet that arrives."""
    attach(sock, [(0x06, 0, 0, 0)])                       # ret #0


def hear_syn_only(listener):
    """Drops everything but a first SYN, so that no handshake ends."""
    attach(listener, [(0x30, 0, 0, 13),                   # ldb [13]: TCP's flags
                      (0x54, 0, 0, 0x12),                 # and #SYN|ACK
                      (0x15, 0, 1, 0x02),                 # jeq #SYN
                      (0x06, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 0)])


# --- processes

class Scene:
    def __init__(self, user=None):
        self.sock = {}
        self.pids = []
        self.user = user
        self.read_end, self.life = os.pipe()     # an actor ends when this write end is closed
        os.set_inheritable(self.read_end, True)
        self.owner = os.getpid()
        atexit.register(self.close)

    def add(self, actor, user=None, argv0=None, given=None, hold=(), pass_fds=None, **more):
        """
        Forks a process that runs actor(stage). `user`: as this uid. `argv0`: then
        becomes the program `hold` of that name (bytes) and its options
        in `hold`. Returns the pid.
        """
        user = self.user if user is None else user
        report_read, report_write = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._act(actor, Stage(given), user, argv0, hold, report_write, more)
        os.close(report_write)
        self.pids.append(pid)
        text = b""
        # Not to the end of the file: children of the actor hold the pipe, too.
        while not text.endswith(b"\nR"):
            part = os.read(report_read, 65536)
            if not part:
                break
            text += part
        os.close(report_read)
        body, end, _ = text.rpartition(b"\nR")
        if not end:
            raise RuntimeError("%s: %s" % (getattr(actor, "__name__", actor),
                                           text.decode(errors="replace")))
        uid = os.getuid() if user is None else user
        for label, about in json.loads(body).items():
            self.sock[label] = Sock(label, about, pid if about["inode"] else None, uid)
        return pid

    def _act(self, actor, stage, user, argv0, hold, report, more):
        """In the child: never returns."""
        status = 1
        try:
            signal.alarm(READY_SECONDS)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(self.life)
            if user is not None and user != os.getuid():
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
                tap.keep_readable()
            # After setuid: a change of user clears it (prctl(2)).
            tap.die_with_parent()
            if os.getppid() != self.owner:
                os._exit(1)
            actor(stage, **more)
            os.write(report, json.dumps(stage.labels).encode() + b"\n")
            signal.alarm(0)
            if argv0 is not None:
                self._become(stage, argv0, hold, report)
            os.write(report, b"R")
            os.close(report)
            os.read(self.read_end, 1)
            status = 0
        except BaseException:
            os.write(report, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def _become(self, stage, argv0, hold, report):
        for sock in stage.kept:
            os.set_inheritable(sock.fileno(), True)
        os.set_inheritable(report, True)
        argv = [argv0, b"ready=%d" % report, b"wait=%d" % self.read_end, *map(os.fsencode, hold)]
        # Not os.execv(): it refuses an empty argv[0].
        tap.libc.execv(os.fsencode(program_of_hold()), (ctypes.c_char_p * (len(argv) + 1))(*argv, None))
        raise OSError(ctypes.get_errno(), "execv")

    def fork_of(self, labels):
        """Notes that further processes share these sockets: called by who made them."""
        return [self.sock[label].inode for label in labels]

    def close(self):
        if os.getpid() != self.owner or self.life is None:
            return
        os.close(self.life)
        os.close(self.read_end)
        self.life = None
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        self.pids = []


_hold = []


def program_of_hold():
    """Where any user can execute it; set by prepare()."""
    return _hold[0] if _hold else tap.helper("hold")


def prepare():
    """Copies the helper to a place other users can reach. Called before privileges are dropped."""
    import shutil
    if not _hold:
        path = os.path.join(tap.scratch(), "hold")
        shutil.copy(tap.helper("hold"), path)
        os.chmod(path, 0o755)
        _hold.append(path)
