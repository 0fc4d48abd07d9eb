#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--events: what is counted adds up, whoever made the connections and however they end; UDP; namespaces; no BPF."""
import array
import errno
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from events_watch import Watch, listener, named, talk

why = netns.enter()
if why:
    tap.skip_all(why)
has = netns.furnish()
t = tap.Tap()
socket.setdefaulttimeout(tap.COMMAND_SECONDS)
ME = os.getpid()


def child(body):
    """A process that does it and ends, or waits to be killed if the body returns True."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    tap.die_with_parent()
    if body():
        while True:
            signal.pause()
    os._exit(0)


def wait_for(done):
    end = time.monotonic() + tap.COMMAND_SECONDS
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


def ends(events, kind, sock):
    """Events of the socket that has this name."""
    port = sock if isinstance(sock, int) else sock.getsockname()[1]
    return [event for event in named(events, kind) if event["local_port"] == port]


def full_listener():
    """Its queue is full: what connects to it now waits for an answer."""
    sock = listener(backlog=0)
    held = []
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(sock.getsockname())
        held.append(client)
    # A backlog of 0 takes one connection; wait until it is there.
    wait_for(lambda: any(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x01" for client in held))
    return sock, held


old = listener()
probe = Watch()
probe.end()
if not probe.by_bpf:
    t.note(probe.said)
    t.skip("BPF", tap.no_bpf())
else:
    # --- everything is told or counted ---
    watch = Watch("--csv", "-H", slow=True)
    made = tap.run([tap.helper("connects"), "40000", "1"]).out.split()[-1]
    watch.catch_up()
    watch.end()
    lines, lost, untold = watch.out.count(b"\n"), watch.number("events were lost"), watch.number("connections were told")
    t.ok(lost > 0, "a reader that does not read loses events, and is told", watch.said[-300:])
    t.same(lines + lost + untold, 5 * int(made) + 2 * 8,
           "told and lost are what was made: a connect, two opens, two closes each; and eight listeners", watch.said[-300:])
    t.same(watch.number("events told"), lines, "the summary counts the lines")
    t.same(watch.number("lost, "), lost, "and what was lost")

    # --- how connections end ---
    full, held = full_listener()
    older = socket.create_connection(old.getsockname())
    older_server = old.accept()[0]
    watch = Watch("--jsonl")
    slow = socket.socket()
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    slow.bind(("127.0.0.1", 0))
    slow_port = slow.getsockname()[1]
    timed = slow.connect_ex(full.getsockname())
    given_up = socket.socket()  # its program does not wait
    given_up.setblocking(False)
    given_up.connect_ex(full.getsockname())
    given_port = given_up.getsockname()[1]
    given_up.close()
    client = socket.create_connection(old.getsockname())
    reset_port = client.getsockname()[1]
    server = old.accept()[0]
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    try:
        client.recv(1)
    except ConnectionResetError:
        pass
    client.close()
    older_port = older.getsockname()[1]
    older.sendall(b"after")
    older_server.recv(5)
    older.close()
    older_server.close()
    with open("/proc/sys/net/ipv4/ip_local_port_range", "r+") as ports:
        kept = ports.read()
        ports.seek(0)
        ports.write("40000 40001")
    crowded = listener()  # nothing accepts what does connect
    no_port, tries = 0, []
    while no_port != errno.EADDRNOTAVAIL and len(tries) < 8:
        tries.append(socket.socket())
        no_port = tries[-1].connect_ex(crowded.getsockname())
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as ports:
        ports.write(kept)
    for sock in tries + [crowded]:
        sock.close()
    events = watch.until(b'"EADDRNOTAVAIL"', 1).until(b'"ECONNRESET"', 1).until(b'"local_port":%d' % older_port, 1).events()
    t.same([(event["error"], event["pid"]) for event in ends(events, "failed", slow_port)],
           [(errno.errorcode[timed], ME)], "no answer: ETIMEDOUT, with its port", events)
    t.same(timed, errno.ETIMEDOUT, "as the program was told")
    t.same([event["error"] for event in ends(events, "failed", given_port)], ["closed"], "its program did not wait for the answer")
    t.same([event["error"] for event in ends(events, "close", reset_port)], ["ECONNRESET"], "reset by the other end")
    t.same([event["local_port"] for event in named(events, "failed") if event["error"] == "EADDRNOTAVAIL"], [None], "no port left")
    t.same([(event["pid"], event["duration"], event["direction"]) for event in ends(events, "close", older_port)],
           [(ME, None, None)], "one that was there before closes once, with its owner")
    for sock in held + [full]:
        sock.close()

    # --- who ---
    watch = Watch("--jsonl")
    ports = {}

    def in_thread():
        with socket.create_connection(old.getsockname()) as sock:
            ports["thread"] = sock.getsockname()[1]
            old.accept()[0].close()
            sock.recv(1)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    tell, told = os.pipe()

    def then_exec():
        sock = socket.create_connection(old.getsockname())
        os.set_inheritable(sock.fileno(), True)
        os.write(told, b"%d\n" % sock.getsockname()[1])
        os.execvp("cat", ["cat", "/dev/null"])

    execed = child(then_exec)
    os.waitpid(execed, 0)
    ports["exec"] = int(os.read(tell, 16))
    old.accept()[0].close()
    here, there = socket.socketpair()

    def take_fd():
        _, ancillary, _, _ = here.recvmsg(1, socket.CMSG_SPACE(4))
        taken = socket.socket(fileno=array.array("i", ancillary[0][2][:4])[0])
        taken.close()

    taker = child(take_fd)
    sock = socket.create_connection(old.getsockname())
    ports["passed"] = sock.getsockname()[1]
    there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])
    sock.close()
    os.waitpid(taker, 0)
    old.accept()[0].close()
    workers = []
    served, server_told = os.pipe()

    def serve():
        conn = old.accept()[0]
        os.write(server_told, b"x")
        conn.recv(1)
        conn.shutdown(socket.SHUT_RDWR)
        conn.close()

    workers = [child(serve) for _ in range(2)]
    for _ in workers:
        client = socket.create_connection(old.getsockname())
        os.read(served, 1)
        client.close()
    for pid in workers:
        os.waitpid(pid, 0)
    events = watch.until(b'"close"', 10).events()

    def who(port, kind):
        return [(event["pid"], event["owner_from"]) for event in ends(events, kind, port) if event["direction"] == "out"]

    t.same(who(ports["thread"], "open"), [(ME, "self")], "a thread's connection is its process's")
    t.same((who(ports["exec"], "connect") or who(ports["exec"], "open"), who(ports["exec"], "close")),
           ([(execed, "self")], [(execed, "self")]), "exec() after connect(): the same process")
    t.ok({event["program"] for event in ends(events, "close", ports["exec"])} == {"cat"}, "which is called otherwise by then")
    t.same((who(ports["passed"], "open"), who(ports["passed"], "close")), ([(ME, "self")], [(taker, "self")]),
           "a descriptor that was handed on: opened by one, closed by the other")
    closed_by = {event["pid"] for event in named(events, "close") if event["direction"] == "in"}
    t.ok(set(workers) <= closed_by, "workers of one listener: who closes is known", closed_by, workers)

    # --- addresses ---
    if "ipv6" in has:
        six = socket.socket(socket.AF_INET6)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        six.bind(("::", 0))
        six.listen()
        watch = Watch("--jsonl", "event = close")
        client = socket.create_connection(("127.0.0.1", six.getsockname()[1]))
        port = client.getsockname()[1]
        server = six.accept()[0]
        client.close()
        server.recv(1)
        server.close()
        events = watch.until(b'"close"', 2).events()
        t.same(sorted((event["local_address"], event["remote_address"], event["direction"]) for event in events),
               [("127.0.0.1", "127.0.0.1", "in"), ("127.0.0.1", "127.0.0.1", "out")], "mapped addresses are IPv4's", events)

    # --- -N ---
    same = """import socket
l=socket.socket();l.setsockopt(1,2,1);l.bind(("127.0.0.1",5555));l.listen()
c=socket.socket();c.setsockopt(1,2,1);c.bind(("127.0.0.1",5556));c.connect(("127.0.0.1",5555))
s=l.accept()[0];c.sendall(b"x"*len(__import__("sys").argv[1]));c.close();s.recv(9);s.close()"""
    watch = Watch("--jsonl", "-N", "all", "event = close and sport = 5556")
    tap.run([sys.executable, "-c", same, "1"])
    tap.run(["unshare", "-n", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh", sys.executable, "-c", same, "333"])
    events = watch.until(b'"close"', 2).events()
    own = os.stat("/proc/self/ns/net").st_ino
    t.same([(event["bytes_acked"], event["netns"] == own, event["netns_name"] == "self") for event in events if event["bytes_acked"] in (1, 3)],
           [(1, True, True), (3, False, False)], "-N all: equal addresses and ports in two namespaces, one of which begins later", events)
    t.ok(len({event["cookie"] for event in events}) == len(events), "of different sockets")
    line = Watch("-N", "self", "event = listen")
    listener().close()
    out = line.until(b"listen", 1).end().splitlines()
    t.ok(out and out[0].endswith(b" NETNS") and out[-1].endswith(b" self"), "text: the namespace's name at the end", out)

    # --- keys ---
    watch = Watch("--columns", "event,pid,netns,cmdline", "event = listen")
    listener().close()
    out = watch.until(b"listen", 1).end().decode().splitlines()
    t.same((out[0].split(), out[1].split()[:3]), (["EVENT", "PID", "NETNS", "CMDLINE"], ["listen", str(ME), str(own)]), "--columns")
    t.ok("events_proof.t" in out[1], "the arguments of a process that is still there", out)
    watch = Watch("--csv", "--columns", "pid,local_port,-pid", "event = listen")
    sock = listener()
    t.same(watch.until(b"\r\n", 2).end(), b"local_port\r\n%d\r\n" % sock.getsockname()[1], "--columns with csv, and one taken out")
    watch = Watch("--columns", "+uid", "event = listen")
    sock.close()
    sock = listener()
    t.ok(b" uid:%d" % os.getuid() in watch.until(b"listen", 1).end(), "+: behind the line")
    sock.close()

    # --- the reader goes away ---
    watch = Watch("--jsonl", slow=True)
    watch.process.stdout.close()
    t.same(watch.process.wait(timeout=tap.COMMAND_SECONDS), 0, "the reader has gone: it ends, without a line being due")

# --- UDP -------------------------------------------------------------------------------------------------


def datagram(host="127.0.0.1", family=socket.AF_INET):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    return sock


def kernel_ids(pid):
    """What of BPF the process has: {kind: numbers}."""
    found = {"prog": set(), "map": set(), "link": set()}
    for name in os.listdir("/proc/%d/fdinfo" % pid):
        try:
            with open("/proc/%d/fdinfo/%s" % (pid, name)) as file:
                text = file.read()
        except OSError:
            continue
        for kind in found:
            found[kind] |= set(re.findall(r"^%s_id:\s*(\d+)$" % kind, text, re.M))
    return found


def kernel_has(kind, number):
    # Its exit status is 255 in Debian 13 even where it shows the thing.
    return tap.run(["bpftool", kind, "show", "id", number]).out.startswith(number.encode() + b":")


early = datagram()
watch = Watch("-u", "--jsonl")
if not watch.by_bpf:
    t.note(watch.said)
    watch.end()
    t.skip("UDP by BPF", tap.no_bpf())
else:
    bound = datagram()
    port, early_port = bound.getsockname()[1], early.getsockname()[1]
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", port))
    sender_port = sender.getsockname()[1]
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    talk(old, 1, 1)
    made = child(lambda: datagram().close())
    os.waitpid(made, 0)
    for sock in (sender, bound, early):
        sock.close()
    events = watch.until(b'"close"', 4).events()
    t.ok({event["protocol"] for event in events} == {"udp"}, "-u: UDP alone")
    t.same([(event["event"], event["pid"], event["uid"], event["local_address"]) for event in events if event["local_port"] == port],
           [("bind", ME, os.getuid(), "127.0.0.1"), ("close", ME, os.getuid(), "127.0.0.1")], "bind and close")
    t.same([(event["event"], event["remote_port"]) for event in events if event["local_port"] == sender_port], [("close", port)],
           "one that connects without bind() closes")
    t.same([event["event"] for event in events if event["pid"] == made], ["bind", "close"], "a child's")
    t.same([(event["event"], event["pid"]) for event in events if event["local_port"] == early_port], [("close", ME)],
           "one that was there before")
    t.ok(all(event["local_port"] for event in events), "one that never had a port is not told", events)
    if "ipv6" in has:
        watch = Watch("-u", "--jsonl")
        port = (six := datagram("::1", socket.AF_INET6)).getsockname()[1]
        six.close()
        t.same([(event["event"], event["local_address"]) for event in watch.until(b'"close"', 1).events() if event["local_port"] == port],
               [("bind", "::1"), ("close", "::1")], "IPv6")

    # A full ring refuses nothing, and all is counted.
    watch = Watch("-u", "--csv", "-H")
    os.kill(watch.process.pid, signal.SIGSTOP)
    count = 35000
    for _ in range(count):
        datagram().close()
    os.kill(watch.process.pid, signal.SIGCONT)
    wait_for(lambda: b"lost" in watch.said)
    watch.end()
    lost = watch.number("events were lost")
    t.ok(lost > 0, "the ring was full", watch.said)
    t.same(watch.out.count(b"\n") + lost, 2 * count, "bind() passed each time; told and lost are what was made")

    if tap.missing("bpftool"):
        t.skip("what a killed watch leaves", "bpftool is not installed")
    else:
        watch = Watch("-tu")
        ids = kernel_ids(watch.process.pid)
        t.ok(len(ids["link"]) >= 7 and len(ids["prog"]) >= 8 and all(kernel_has("link", number) for number in ids["link"]),
             "programs and links are the process's", ids)
        watch.process.kill()
        watch.process.wait()
        gone = wait_for(lambda: not any(kernel_has(kind, number) for kind in ids for number in ids[kind]))
        t.ok(gone, "killed: neither program, map nor link is left")
        datagram().close()
        t.ok(True, "and UDP sockets can be made")

# --- what was there before, and what is told in two ways ---------------------------------------------------

WITHOUT_UDP = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-all"]
watch = Watch("-tu", "-c0.2", "--jsonl", before=WITHOUT_UDP) if os.getuid() == 0 else None
if not watch or not probe.by_bpf or b"sockview: UDP is told by messages" not in watch.said:
    for name in ("TCP by BPF beside UDP by looks", "who has what was there before, where no iterator runs",
                 "a program that cannot remember sockets"):
        t.skip(name, tap.no_bpf() if os.getuid() == 0 else "only root can drop CAP_NET_ADMIN alone")
else:
    client = socket.create_connection(old.getsockname())
    server = old.accept()[0]
    sock = datagram()
    udp_port = sock.getsockname()[1]
    watch.until(b'"bind"', 1)  # a look that sees the connection, too
    sock.close()
    client.close()
    server.recv(1)
    server.close()
    events = watch.until(b'"udp"', 2).until(b'"close"', 3).events()
    t.same(sorted((event["event"], event["source"]) for event in events if event["protocol"] == "tcp"),
           [(kind, "bpf") for kind in ("close", "close", "connect", "open", "open")],
           "UDP by looks, TCP by programs: nothing is told twice", events)

    counts = os.path.join(tap.scratch(), "calls")
    quiet = ["-E", "--for", "0.1", "--owners-from", "proc"]
    tap.run([tap.helper("inject"), counts, "-", tap.SOCKVIEW, *quiet])
    calls = {int(line.split()[0]): line.split()[1] for line in open(counts)} if os.path.exists(counts) else {}
    client = socket.create_connection(old.getsockname())
    port = client.getsockname()[1]
    server = old.accept()[0]
    # Its last call of bpf(2) opens the iterator.
    watch = Watch("--jsonl", "--owners-from", "proc", before=[tap.helper("inject"), "321", "1", calls.get(321, "1")])
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    wait_for(lambda: client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x07")
    client.close()
    events = watch.until(b'"close"', 2).events()
    if b"the owners of the sockets that were there before are not known" not in watch.said:
        t.note(watch.said)
        t.skip("who has what was there before, where no iterator runs", "no system call can be made to fail here")
    else:
        t.same([(event["pid"], event["owner_from"]) for event in ends(events, "close", port)], [(ME, "dump")], "no iterator: whose it was is known by the look", events)

    try:
        with open("/proc/sys/net/core/optmem_max", "r+") as memory:
            kept = memory.read()
            memory.seek(0)
            memory.write("0")
        watch = Watch("--jsonl")
        talk(old, 3, 4)
        events = watch.until(b'"close"', 2).events()
        t.same(sorted(event["bytes_acked"] for event in named(events, "close")), [3, 4],
               "no memory to remember sockets in: connections are made, and told", events)
        t.ok({event["pid"] for event in events} <= {None}, "of no process, since none is known", events)
        with open("/proc/sys/net/core/optmem_max", "w") as memory:
            memory.write(kept)
    except OSError as error:
        t.skip("a program that cannot remember sockets", "optmem_max: %s" % error)

# --- an ordinary user's ------------------------------------------------------------------------------------

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


def users(capabilities):
    """A copy for an ordinary user; None if it does not start so."""
    path = os.path.join(tap.scratch(), "copy%d" % len(capabilities))
    shutil.copy(tap.SOCKVIEW, path)
    os.chmod(tap.scratch(), 0o755)
    os.chmod(path, 0o755)
    if capabilities and tap.run(["setcap", capabilities, path]).status:
        return None
    return path if tap.run([*NOBODY, path, "--version"]).status == 0 else None


HIDDEN = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"]
# Of a process that /proc hides, pid and name alone are told.
for name, capabilities, hidden, owned in (("an ordinary user", "", False, False),
                                          ("install-caps", "cap_sys_ptrace,cap_dac_read_search+ep", False, True),
                                          ("install-caps, hidepid", "cap_sys_ptrace,cap_dac_read_search+ep", True, True)):
    program = users(capabilities) if os.getuid() == 0 else None
    before = (HIDDEN if hidden else []) + NOBODY
    tried = tap.run([*before, program, "--version"]) if program else None
    if not tried or tried.status:
        t.skip(name, "it cannot be made or started here: %s" % (tried.err.decode().strip() if tried else "no file capabilities, or no root"))
        continue
    watch = Watch("-c0.2", "--jsonl", before=before, program=program)
    t.ok(b"TCP is told by messages of closes and a look every 0.2 s" in watch.said, "%s: by messages and looks" % name, watch.said)
    sock = listener()
    watch.until(b'"listen"', 1)
    shown = tap.run([*before, program, "-tlnp", "sport = %d" % sock.getsockname()[1]]).out
    events = ends(watch.events(), "listen", sock)
    t.same([(event["pid"], event["uid"], event["cmdline"] is not None) for event in events],
           [(ME if owned else None, os.getuid(), owned and not hidden)], "%s: an owner as -p has it" % name, events)
    t.same(b"%d/" % ME in shown, owned, "%s: which -p has %s" % (name, "too" if owned else "not either"), shown)
    sock.close()

# --- calls that are no event -----------------------------------------------------------------------------

tap.run(["ip", "route", "add", "blackhole", "203.0.113.9"])
tap.run(["ip", "route", "add", "prohibit", "203.0.113.10"])
for target, name in (("203.0.113.9", "EINVAL"), ("203.0.113.10", "EACCES"), ("203.0.113.11", "ENETUNREACH")):
    result = tap.sockview("-E", "--for", "0.1", "dst %s:5432 or 127.0.0.1" % target)
    t.ok(b"connect() to %s fails here before a SYN is sent (%s)" % (target.encode(), name.encode()) in result.err
         and b"to 127.0.0.1 " not in result.err, "%s: a note" % name, result)
result = tap.sockview("-E", "--for", "0.1", "not dst 203.0.113.11")
t.ok(b"before a SYN" not in result.err, "an address that is left out is not tried", result)

# --- a kernel that refuses bpf(2) ------------------------------------------------------------------------

BUILT_IN = b"no BPF programs" not in tap.sockview("--version").out
for number in (errno.EPERM, errno.EINVAL, errno.ENOENT):
    name = errno.errorcode[number]
    if not BUILT_IN:
        t.skip("bpf(2) answers %s" % name, "the program has no BPF programs here, so it is not called")
        continue
    watch = Watch("-tu", "-c0.2", "--jsonl", before=[tap.helper("inject"), "321", "%d+" % number, "1"])
    if b"inject: " in watch.said:
        watch.end()
        t.skip("bpf(2) answers %s" % name, watch.said.decode().strip())
        continue
    t.ok(watch.said.count(b"TCP and UDP are told by messages of closes and a look every 0.2 s") == 1
         and os.strerror(number).encode() in watch.said, "bpf(2) answers %s: said once, and why" % name, watch.said)
    talk(old, 70, 30)
    sock = datagram()
    port = sock.getsockname()[1]
    sock.close()
    events = watch.until(b'"close"', 3).events()
    t.same(sorted((event["protocol"], event["bytes_acked"]) for event in named(events, "close")),
           [("tcp", 30), ("tcp", 70), ("udp", None)], "%s: closes by messages" % name, events)
    t.ok({event["source"] for event in events} <= {"destroy", "dump"} and all(event["pid"] in (None, ME) for event in events),
         "%s: nothing is guessed" % name, events)

# By looks alone: a port that has a listener at another address says nothing of who connected.
watch = Watch("-t", "-c0.2", "--jsonl", before=[tap.helper("inject"), "321", "%d+" % errno.EPERM, "1"]) if BUILT_IN else None
if watch and b"inject: " not in watch.said:
    elsewhere, target = listener("127.0.0.2"), listener()
    client = socket.create_connection(target.getsockname(), source_address=("127.0.0.1", elsewhere.getsockname()[1]))
    far = target.accept()[0]
    told = {event["local_port"]: event["direction"] for event in named(watch.until(b'"open"', 2).events(), "open")}
    t.same([told.get(client.getsockname()[1], "-"), told.get(target.getsockname()[1], "-")], [None, "in"], "a direction that a look does not tell is blank", told)
    for sock in (client, far, elsewhere, target):
        sock.close()
else:
    if watch:
        watch.end()
    t.skip("a direction that a look does not tell is blank", "bpf(2) is not called here, or cannot be refused")

if BUILT_IN and os.getuid() == 0:
    watch = Watch("-N", "all", "-c0.2", before=[tap.helper("inject"), "321", "%d+" % errno.EPERM, "1"])
    watch.end()
    t.ok(b"inject: " in watch.said or watch.said.count(b"made from now on are not watched") == 1, "-N all without BPF: later ones are said to be left out", watch.said)
else:
    t.skip("-N all without BPF: later ones are said to be left out", "it takes root and the BPF programs")

for words, expected in ((["-E", "--columns", "rtt"], b"no key 'rtt'"), (["-E", "--columns=-all"], b"leaves no key")):
    result = tap.sockview(*words)
    t.ok(result.status == 2 and expected in result.err, "refused: %s" % " ".join(words), result)
t.done()
