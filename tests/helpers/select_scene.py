# SPDX-License-Identifier: MIT
"""select_scene - sockets with what filters ask for: known ports, marks, devices, cgroups; and answers as sets."""
import os
import socket

import actors
import scenes
import tap

V4, V6 = socket.AF_INET, socket.AF_INET6
SO_MARK = 36

TCP4 = [("127.0.0.1", 80), ("0.0.0.0", 443), ("192.0.2.1", 22)]
TCP6 = [("::1", 8081), ("2001:db8::1", 8444)]


def marked(sock, mark):
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
    except PermissionError:
        pass
    return sock


def talk(stage, family, host, port, name):
    listener = stage.keep(name + ".listen", stage.listener(family, (host, port)))
    target = "127.0.0.1" if host == "0.0.0.0" else host
    stage.keep(name + ".client", stage.client(family, (target, port)))
    stage.keep(name + ".server", listener.accept()[0])


def ports(stage, six=True, device=None):
    for host, port in TCP4:
        talk(stage, V4, host, port, "p%d" % port)
    stage.keep("udp53", stage.bound(V4, ("127.0.0.1", 53), socket.SOCK_DGRAM))
    stage.keep("udp.to53", stage.client(V4, ("127.0.0.1", 53), socket.SOCK_DGRAM))
    stage.keep("udp.mark5", marked(stage.bound(V4, ("0.0.0.0", 5005), socket.SOCK_DGRAM), 5))
    stage.keep("tcp.mark255", marked(stage.listener(V4, ("127.0.0.1", 5006)), 255))
    stage.keep("bound", stage.bound(V4, ("127.0.0.1", 5007)))
    if device:
        stage.keep("dev", stage.listener(V4, ("0.0.0.0", 5008), device=device))
        stage.keep("dev.udp", stage.bound(V4, ("0.0.0.0", 5009), socket.SOCK_DGRAM, device=device))
    if six:
        for host, port in TCP6:
            talk(stage, V6, host, port, "six%d" % port)
        dual = stage.keep("dual", stage.listener(V6, ("::", 8080), v6only=False))
        stage.keep("dual.client", stage.client(V4, ("127.0.0.1", 8080)))
        stage.keep("dual.server", dual.accept()[0])
        stage.keep("only", stage.listener(V6, ("::", 8443), v6only=True))
        stage.keep("udp5355", stage.bound(V6, ("::", 5355), socket.SOCK_DGRAM, v6only=False))
        stage.keep("udp6.to", stage.client(V6, ("2001:db8::1", 5355), socket.SOCK_DGRAM))


# --- cgroups

def cgroup_mount():
    with open("/proc/self/mounts") as file:
        return next((line.split()[1] for line in file if line.split()[2] == "cgroup2"), None)


class Cgroup:
    """A cgroup (v2) of the test's own with one process's sockets in it; `path` is None if none can be made."""

    def __init__(self, where, actor, **more):
        mount = cgroup_mount()
        self.path = None
        if not mount:
            return
        self.relative = "/sockview-test-%s/inner" % tap.UNIQUE
        folder = mount + self.relative
        try:
            os.makedirs(folder)
        except OSError:
            return
        self.folder, self.path = folder, self.relative

        def inside(stage):
            with open(folder + "/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))
            actor(stage, **more)
        self.pid = where.add(inside)

    def remove(self, where):
        where.close()
        if self.path:
            os.rmdir(self.folder)
            os.rmdir(os.path.dirname(self.folder))


def in_cgroup(stage):
    stage.keep("cg.listen", stage.listener(V4, ("127.0.0.1", 5010)))
    stage.keep("cg.udp", stage.bound(V4, ("127.0.0.1", 5011), socket.SOCK_DGRAM))


# --- answers as sets of (proto, family, state, local, local port, remote, remote port)

COLUMNS = "proto,family,state,local_address,local_port,remote_address,remote_port"
SS_STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "CLOSE"}


def canonical(address, family=None):
    """As inet_ntop(3) writes it; sockview writes v4-mapped ones as IPv4."""
    if family == "inet6" and ":" not in address:
        address = "::ffff:" + address
    return socket.inet_ntop(V6, socket.inet_pton(V6, address)) if ":" in address else address


def from_sockview(result, bound=False):
    """A sorted list; with `bound` as ss since 6.15 has it: BOUND is TCP's UNCONN. Else without them (ss_tells_bound)."""
    rows = []
    for line in result.lines:
        proto, family, state, local, lport, remote, rport = line.split("\t")
        wild = "::" if family == "inet6" else "0.0.0.0"
        if state != "BOUND" or bound:
            rows.append((proto, family, "CLOSE" if state in ("UNCONNECTED", "BOUND") else state,
                         canonical(local or wild, family), int(lport or 0),
                         canonical(remote or wild, family), int(rport or 0)))
    return sorted(rows)


def end_of(text):
    """ss's "[::1]%lo:80", "*:80", "0.0.0.0:*": (address, port)."""
    address, _, port = text.rpartition(":")
    address = address.split("%")[0].strip("[]")
    return ("::" if address == "*" else canonical(address)), 0 if port == "*" else int(port)


def from_ss(lines, only=None, bound=False):
    """
    Without BOUND rows, which are TCP's UNCONN, unless `bound`. Asked for one state alone, ss leaves that column out: ANY
    here. For one protocol alone likewise: `only`.
    """
    rows = []
    for line in lines:
        fields = ([only] if only else []) + line.split()
        if fields[1].isdigit():
            fields.insert(1, "ANY")
        proto, state, _, _, local, remote = fields[:6]
        (local_address, lport), (remote_address, rport) = end_of(local), end_of(remote)
        family = "inet6" if ":" in local_address else "inet"
        state = SS_STATES.get(state, state.replace("-", "_"))
        state = {"FIN_WAIT_1": "FIN_WAIT1", "FIN_WAIT_2": "FIN_WAIT2"}.get(state, state)
        if (proto, state) != ("tcp", "CLOSE") or bound:
            rows.append((proto, family, state, local_address, lport, remote_address, rport))
    return sorted(rows)


def ss_tells_bound():
    """True if `ss -a` shows bound sockets, as UNCONN: since iproute2 6.15. The scene has some."""
    return any(line.startswith("UNCONN") for line in tap.run(["ss", "-Hatn"]).lines)


def lines_of(rows):
    return [" ".join(map(str, row)) for row in rows]


def enter():
    has, _ = scenes.enter(others=False)
    return has


def fill(has):
    """The scene: every state, and the ports above."""
    where = scenes.full(has)
    where.add(ports, six="ipv6" in has, device="vsock1" if "link" in has else None)
    return where


def mine(*words, **more):
    """sockview's rows as text, no header, numbers."""
    return tap.sockview("-n", "-H", "--format=tsv", "--columns=" + COLUMNS, *words, **more)
