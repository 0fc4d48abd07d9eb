#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Rights that file capabilities add serve the look for owners and nothing else; the rest is decided by the caller's own.

Copies of the program with the capabilities of `make install-caps`, with all of
them, and set-user-ID run as an ordinary user beside a plain one. The truth is
what the plain copy may do, what the kernel lets that user read in /proc, and
whether a port can be bound once its holder has closed it.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from tap import NOBODY, run

SECRET = "--password=sesame"
MARK = 7
SO_MARK, PTRACE_ATTACH = 36, 16

if os.geteuid():
    tap.skip_all("only root can give a file capabilities")
t = tap.Tap()
# The BPF iterator can only be had in the host's own pid namespace: that part is this script once more, run there.
# It runs some sixty commands, each of which has its own bound.
OUTSIDE = "outside" in sys.argv
part = None if OUTSIDE else run([sys.executable, __file__, "outside"], seconds=10 * tap.COMMAND_SECONDS)
why = netns.enter(own_processes=not OUTSIDE)
if why:
    tap.skip_all(why)


def copy(name, capabilities, mode=0o755):
    """A copy that any user may run with these file capabilities; None if it does not start so here."""
    path = os.path.join(tap.scratch(), name)
    shutil.copy(tap.SOCKVIEW, path)
    os.chmod(path, mode)
    if capabilities and run(["setcap", capabilities, path]).status:
        return None
    try:
        return path if run([path, "--version"], user=NOBODY).status == 0 else None
    except PermissionError:
        return None


PLAIN = copy("plain", None)
OWNERS = copy("owners", "cap_sys_ptrace,cap_dac_read_search+ep")
# All that can be had here: a file with one that is out of bounds does not start.
BOUND = re.search(r"=(.*)", run(["capsh", "--decode=" + re.search(r"CapBnd:\s*(\S+)", open("/proc/self/status").read())[1]]).out.decode())[1]
ALL = copy("all", BOUND + "+ep")
if not OWNERS:
    tap.skip_all("a file with capabilities cannot be made or started here")
ROOTS = copy("set-uid", None, 0o4755)
ELEVATED = [(name, path) for name, path in (("install-caps", OWNERS), ("all capabilities", ALL), ("set-user-ID", ROOTS)) if path]
if not ALL:
    t.skip("a copy with all capabilities", "it does not start here")

HOLD = """import socket, sys
ends = []
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    end = socket.socket(socket.AF_INET, kind)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind(("127.0.0.1", int(sys.argv[1])))
    if kind == socket.SOCK_STREAM and "bound" not in sys.argv:
        end.listen()
    ends.append(end)
print("ready", flush=True)
sys.stdin.readline()
for end in ends:
    end.close()
print("closed", flush=True)
sys.stdin.readline()
"""


class Holder:
    """A process with a TCP socket, listening or ("bound") not, and a UDP one on one port, closed on demand."""

    def __init__(self, port, user=0, prefix=(), more=()):
        self.port = port
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", HOLD, str(port), SECRET, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, preexec_fn=tap.die_with_parent, **tap.as_user(user or None))
        self.process.stdout.readline()
        self.pid = self.process.pid

    def close(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def end(self):
        self.process.communicate()


def can_bind(port):
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def rows(*argv, **more):
    done = run([*argv], **more)
    try:
        return json.loads(done.out)["sockets"], done
    except ValueError:
        t.note(done)
        return [], done


def columns_of_owners():
    listed = run([PLAIN, "--list-columns"]).out.decode()
    return re.findall(r"^  (\w+) ", listed, re.M)


# --- a copy of a holder's socket, and the program stopped while it has one ------------------------

def traced(calls, inject, *argv):
    """strace's lines of the run; the kernel gives file capabilities to what root traces."""
    log = os.path.join(tap.scratch(), "calls")
    open(log, "w").close()
    extra = ["-e", "inject=" + inject] if inject else []
    argv = ["strace", "-f", "-o", log, "-e", "trace=" + calls, *extra, *argv]
    return argv, log


AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


def lines_of(log):
    with open(log) as file:
        return file.read().splitlines()


def asking(port):
    """What cannot be told without a copy: may a port be shared whose holder has bound it, and does not listen."""
    return ["--explain", "tcp:127.0.0.1:%d" % port, "--reuseaddr", "--no-probe"]


def stopped_run(program, holder):
    """True if the port is free again once its holder has closed it, the program being stopped with what it has then."""
    argv, log = traced("pidfd_getfd", "pidfd_getfd:signal=SIGSTOP", *AS_NOBODY, program, *asking(holder.port))
    return stopped_at(argv, log, holder)


def stopped_at(argv, log, holder):
    """(whether it was stopped, whether the port was free then, the calls); it is killed in the end."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=tap.die_with_parent)
    end = time.monotonic() + 20
    stopped = None
    while time.monotonic() < end and child.poll() is None and not stopped:
        stopped = re.search(r"^(\d+) .*stopped by SIGSTOP", "\n".join(lines_of(log)), re.M)
        time.sleep(0.02)
    holder.close()
    free = can_bind(holder.port)
    if stopped:
        os.kill(int(stopped[1]), signal.SIGKILL)
    child.wait(20)
    return bool(stopped), free, lines_of(log)


def test_copies():
    if tap.missing("strace", "setpriv") or run(["strace", "-e", "trace=none", "true"]).status:
        return t.skip("copies of sockets", "strace cannot be used here")
    for port, (name, program) in enumerate(ELEVATED, 21010):
        holder = Holder(port, more=["bound"])
        stopped, free, calls = stopped_run(program, holder)
        t.ok(stopped and free, "%s: stopped at the copy of a socket, it keeps no port of another user" % name, calls)
        t.ok(any("EPERM" in line for line in calls), "%s: the copy is refused to the caller" % name, calls)
        holder.end()
    own = Holder(21019, NOBODY, more=["bound"])
    argv, log = traced("pidfd_getfd", None, *AS_NOBODY, OWNERS, *asking(own.port))
    run(argv)
    t.ok(any(re.search(r"\) += \d", line) for line in lines_of(log)), "a socket of the caller's own is copied", lines_of(log))
    own.end()
    several = [socket.socket() for _ in range(3)]
    for sock in several:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 21020))
    argv, log = traced("pidfd_getfd,close", None, tap.SOCKVIEW, *asking(21020))
    run(argv)
    have, most, copies = set(), 0, 0
    for line in lines_of(log):
        made = re.search(r"pidfd_getfd\(.*\) += (\d+)", line)
        gone = re.search(r"close\((\d+)\)", line)
        if made:
            have.add(made[1])
            copies += 1
        if gone:
            have.discard(gone[1])
        most = max(most, len(have))
    t.ok(most == 1 and copies > 1 and not have, "root has one copy at a time, and none at the end", lines_of(log))
    for sock in several:
        sock.close()


# --- all capabilities on the file ---------------------------------------------------------------

OWNED = ("pid", "ppid", "program", "comm", "uid", "user", "cmdline", "exe", "owner", "owners", "owner_reason", "complete")


def without_owners(found, columns):
    """The rows of a run without the columns that the owners fill."""
    return [{key: value for key, value in row.items() if key in columns} for row in found]


def test_modes(root):
    """The answers of each mode to an ordinary user do not hang on the file's capabilities, owners apart."""
    names = columns_of_owners()
    marked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    marked.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
    marked.bind(("127.0.0.1", 21030))
    argv = ["-atuwx", "--json", "--columns", ",".join(names)]
    told, _ = rows(tap.SOCKVIEW, *argv)
    t.ok(any(row.get("mark") == MARK for row in told), "root is told the mark", told[:3])
    plain, _ = rows(PLAIN, *argv, user=NOBODY)
    # Columns of root's own sockets that are null to the plain copy are of their owner.
    of_owner = {key for one, other in zip(told, plain) for key in one
                if one["local_port"] == root.port and one[key] is not None and other[key] is None} - {"mark"}
    keep = [name for name in names if name not in of_owner and name not in OWNED and not name.startswith("owner")]
    t.ok(len(keep) > 100 and "mark" in keep, "there are columns to compare", keep, sorted(of_owner))
    for name, program in ELEVATED:
        found, done = rows(program, *argv, user=NOBODY)
        t.same(without_owners(found, keep), without_owners(plain, keep), "%s: a socket's columns are those of the plain copy" % name)
        mine = [row for row in found if row["local_port"] == root.port]
        t.ok(mine and all(row["pid"] == root.pid for row in mine), "%s: ... with the owner" % name, mine, done)
        for options in (["-atn", "fwmark = %d" % MARK], ["-atuneeW"], ["-tlnH", "sport = :%d" % root.port],
                        ["-c0.01", "--count", "2", "-tlnH"], ["--explain", "tcp:127.0.0.1:80"],
                        ["--explain", "tcp:127.0.0.1:21031", "--as-user", "root"],
                        ["--explain", "tcp:127.0.0.1:21032"], ["--explain", "tcp:21033"],
                        ["-N", "all", "-ltnH", "sport = :21033"]):
            got, want = run([program, *options], user=NOBODY), run([PLAIN, *options], user=NOBODY)
            t.ok((got.status, facts(got.out)) == (want.status, facts(want.out)), "%s: %s as the plain copy" % (name, " ".join(options)),
                 got, want)
        # Events by BPF take the caller's own capabilities: an ordinary user is told of what needs none.
        events = run([program, "--events", "--for", "0.2"], user=NOBODY)
        t.ok(events.status == 0 and b"TCP is told by messages of closes" in events.err, "%s: --events without BPF" % name, events)
    marked.close()


def facts(out):
    """Output without owners, and without how many processes could not be looked into."""
    out = re.sub(rb"is held by \S+ \(pid \d+\)", b"is held", re.sub(rb"\s+", b" ", out))
    return [line for line in out.split(b". ") if b"could not be" not in line and b"processes" not in line]


def nat_and_elsewhere():
    """A NAT rule that only CAP_NET_ADMIN can read, and a listener in another namespace."""
    if not tap.missing("nft"):
        run(["nft", "add table ip hidden; add chain ip hidden pre { type nat hook prerouting priority 0; }; "
             "add rule ip hidden pre tcp dport 21032 redirect to :21999"])
    return Holder(21033, prefix=["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"])


# --- what hidepid hides -------------------------------------------------------------------------

FORMS = (["-ltnp"], ["-ltnpp"], ["-nP", "-iTCP"], ["-nP", "-iTCP", "-F"], ["-ltn", "--format", "table", "--columns", "+pid,cmdline,exe,ppid"],
         ["-ltn", "--csv", "--columns", "+pid,cmdline,exe"])


def test_hidepid(root, own, finders=("proc",)):
    names = columns_of_owners()
    for level in (0, 1, 2):
        inside = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=%d proc /proc && exec "$@"' % level, "sh", *AS_NOBODY]
        if run([*inside, "true"]).status:
            t.skip("hidepid=%d" % level, "/proc cannot be mounted here")
            continue
        for name, program in ELEVATED:
            for by in finders:
                what = "%s, hidepid=%d, by %s" % (name, level, by)
                found, done = rows(*inside, program, "-atu", "--json", "--columns", ",".join(names), "--owners-from", by)
                if b"by BPF" in done.err:
                    t.skip(what, "no BPF iterator here, or not with these capabilities")
                    continue
                roots = [row for row in found if row["local_port"] == root.port]
                mine = [row for row in found if row["local_port"] == own.port]
                t.ok(roots and all(row["pid"] == root.pid and row["program"] for row in roots), what + ": pid and name of root's process", roots, done)
                seen = {key: sorted({json.dumps(row[key]) for row in roots}) for key in ("cmdline", "exe", "ppid", "uid")}
                readable = level == 0
                t.ok(all(row["exe"] is None for row in roots), what + ": its executable is not told", seen)
                t.ok(all((row["cmdline"] is not None) == readable for row in roots), what + ": its command line only as /proc shows it", seen)
                t.ok(all((row["ppid"] is not None) == readable for row in roots), what + ": nor its parent", seen)
                t.ok(mine and all(SECRET in json.dumps(row["cmdline"]) and row["exe"] for row in mine), what + ": the caller's own is told whole", mine)
                t.ok((b"hidepid" in done.err) == (not readable), what + ": and that it hides is said", done)
            if level:
                for form in FORMS:
                    done = run([*inside, program, *form])
                    t.ok(str(root.pid).encode() in done.out and no_secret(done, own), "%s, hidepid=%d: %s" % (name, level, " ".join(form)), done)
                done = run([*inside, program, "--explain", "tcp:127.0.0.1:%d" % root.port])
                t.ok(str(root.pid).encode() in done.out and SECRET.encode() not in done.out, "%s, hidepid=%d: --explain" % (name, level), done)


def no_secret(done, own):
    """The word stands in lines of the caller's own process alone."""
    return all(str(own.pid).encode() in line for line in done.out.splitlines() if SECRET.encode() in line)


# --- limited, traced, killed --------------------------------------------------------------------

LIMITS = ["--nofile=%d" % n for n in (4, 5, 6, 7, 8, 10, 12)] + ["--as=%d" % (n << 20) for n in (6, 12, 24)] + \
    ["--cpu=0", "--fsize=0", "--fsize=100", "--nproc=0", "--stack=65536", "--memlock=0", "--core=unlimited"]


def test_limits(root):
    """Under each limit: the answer with the owner, or a word, or a death; nothing of root's stays taken, no file is left."""
    folder = os.path.join(tap.scratch(), "cwd")
    os.mkdir(folder, 0o777)
    os.chmod(folder, 0o777)
    for limit in LIMITS:
        for options in (["-ltnp"], ["--explain", "tcp:127.0.0.1:%d" % root.port]):
            with open(os.path.join(folder, "out"), "w+b") as out:
                done = run(["prlimit", limit, *AS_NOBODY, OWNERS, *options], stdout=out, cwd=folder)
                out.seek(0)
                shown = out.read()
            os.unlink(os.path.join(folder, "out"))
            good = str(root.pid).encode() in shown or re.search(rb"no look at|may not be seen", shown) or done.err or done.status not in (0, 1)
            t.ok(good and not os.listdir(folder), "%s %s: an answer or a word, and no core" % (limit, options[0]), done, os.listdir(folder))


def test_traced(root):
    if tap.missing("strace"):
        t.skip("traced by the caller", "strace is not installed")
    else:
        done = run(["strace", "-o", "/dev/null", "-e", "trace=none", OWNERS, "-ltnp"], user=NOBODY)
        t.ok(b"%d/" % root.pid not in done.out, "traced from its start by the caller it has no capabilities", done)
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    child = subprocess.Popen([OWNERS, "-ltnp"], stdout=write_end, stderr=subprocess.DEVNULL, **tap.as_user(NOBODY),
                             preexec_fn=tap.die_with_parent)
    os.close(write_end)
    for _ in range(500):
        with open("/proc/%d/wchan" % child.pid) as file:
            if "pipe" in file.read():
                break
        time.sleep(0.02)
    script = ("import ctypes, sys; libc = ctypes.CDLL(None, use_errno=True); pid = int(sys.argv[1])\n"
              "assert libc.ptrace(%d, pid, 0, 0) == -1 and ctypes.get_errno() == 1, 'attached'\n"
              "for name in ('mem', 'environ', 'maps'):\n"
              "    try:\n        open('/proc/%%d/%%s' %% (pid, name)).read()\n"
              "    except OSError:\n        continue\n    sys.exit(name)\n" % PTRACE_ATTACH)
    done = run([sys.executable, "-c", script, str(child.pid)], user=NOBODY)
    t.ok(done.status == 0, "while it runs the caller can neither trace it nor read its memory", done)
    os.close(read_end)
    child.wait(20)


def test_killed():
    """Stopped in the midst of the look for owners, then killed: what root's process closed is free."""
    if tap.missing("strace", "setpriv"):
        return t.skip("killed", "strace is not installed")
    for call in ("readlinkat", "getdents64", "sendto", "recvmsg", "bind"):
        holder = Holder(21050)
        argv, log = traced(call, call + ":signal=SIGSTOP:when=1", *AS_NOBODY, OWNERS, "--explain", "udp:127.0.0.1:21050")
        stopped, free, calls = stopped_at(argv, log, holder)
        if stopped or call not in ("sendto", "bind"):
            t.ok(stopped and free and can_bind(21050), "stopped at %s, then killed: nothing of another user stays taken" % call, stopped, free, calls)
        holder.end()


root, own = Holder(21001), Holder(21002, NOBODY)
if OUTSIDE:
    test_hidepid(root, own, ["bpf"])
    for holder in (root, own):
        holder.end()
    t.done()
t.ok(part.status == 0, "where the BPF iterator can be had", *[line for line in part.out.splitlines() if not line.startswith(b"ok")], part.err)
elsewhere = nat_and_elsewhere()
test_copies()
test_modes(root)
test_hidepid(root, own)
test_limits(root)
test_traced(root)
test_killed()
for holder in (root, own, elsewhere):
    holder.end()
t.done()
