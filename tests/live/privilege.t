#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What sockview may do when it is root, has file capabilities, or is set-user-ID: what it
shows with them, what it must not open with them, and that they are gone before it writes.

The truth is the kernel's: /proc/PID/status of the program while it is held up at its first
write, the errno of open(2) for the same user, and netstat for who owns a socket.
"""
import collections
import fcntl
import json
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

CAP_DAC_READ_SEARCH, CAP_NET_ADMIN = 2, 12  # linux/capability.h
SOCKVIEW = os.environ["SOCKVIEW"]
NOBODY = 65534
SECRET = "sesame"
PATIENCE = 60
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
# What container runtimes leave to root: no CAP_SYS_PTRACE, no CAP_DAC_READ_SEARCH.
CONTAINER = ("chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,"
             "net_raw,sys_chroot,mknod,audit_write,setfcap")
MANY = ("cap_sys_ptrace,cap_dac_read_search,cap_dac_override,cap_net_bind_service,cap_setuid,"
        "cap_setgid,cap_setpcap,cap_fowner,cap_net_admin,cap_sys_admin")

number = 0


def check(good, what, *why):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {what}", flush=True)
    if not good:
        for line in why:
            print("#", repr(line)[:1500])
    return good


def need_root():
    if os.geteuid():
        print("1..0 # SKIP only root can give a file capabilities")
        sys.exit(0)
    if os.environ.get("PRIVILEGE_T_INSIDE"):
        return
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL).returncode:
        print("1..0 # SKIP no network namespace to be had here")
        sys.exit(0)
    os.environ["PRIVILEGE_T_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, __file__])


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace",
                          timeout=PATIENCE, **options)


def owner_of(output, port):
    """The PID/Program column of the listener's row."""
    for line in output.splitlines():
        fields = line.split()
        if line.startswith("tcp") and fields[3].endswith(f":{port}"):
            return fields[6]
    return None


def listener(prefix=()):
    """Another process with a listening socket: (process, port)."""
    child = subprocess.Popen(
        [*prefix, sys.executable, "-c",
         "import socket,sys\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\n"
         "print(s.getsockname()[1], flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return child, int(child.stdout.readline())


def full_pipe():
    """A pipe that takes not one byte more."""
    read_end, write_end = os.pipe()
    # F_SETPIPE_SZ, which Python has a name for since 3.10.
    fcntl.fcntl(write_end, 1031, 4096)
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x")
    except BlockingIOError:
        os.set_blocking(write_end, True)
    return read_end, write_end


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def is_writing(pid):
    with open(f"/proc/{pid}/wchan") as file:
        return "pipe_write" in file.read()


def threads_of(pid):
    """The statuses of its threads but the first."""
    return [status_of("%d/task/%s" % (pid, task)) for task in os.listdir("/proc/%d/task" % pid) if task != str(pid)]


def status_while_writing(*command, look=status_of):
    """Its /proc/PID/status when it stands at its first write; None if it never does."""
    read_end, write_end = full_pipe()
    child = subprocess.Popen(command, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    status = None
    end = time.monotonic() + PATIENCE
    while child.poll() is None and time.monotonic() < end and not status:
        if is_writing(child.pid):
            status = look(child.pid)
        time.sleep(0.01)
    os.close(read_end)  # and so it ends
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return status


def on_terminal(*command):
    """What it shows on a terminal of its own."""
    master, slave = os.openpty()
    child = subprocess.Popen(["timeout", "--foreground", str(PATIENCE), *command],
                             stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 65536):
            shown += data
    except OSError:  # EIO: no process has the other end open any more
        pass
    os.close(master)
    child.wait(PATIENCE)
    return shown.decode("utf-8", "replace")


def capabilities_of(status):
    held = int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapInh"], 16) | int(status["CapAmb"], 16)
    return {number for number in range(64) if held >> number & 1}


def has_nothing(status):
    sets = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    return status is not None and all(int(status[s], 16) == 0 for s in sets) and status["NoNewPrivs"] == "1"


def wanted(status):
    return status and {k: status[k] for k in ("Uid", "CapPrm", "CapEff", "CapInh", "NoNewPrivs")}


def test_root(port):
    done = run(SOCKVIEW, "-ltnp")
    check(owner_of(done.stdout, port) == f"{server.pid}/python3", "root sees the owner", done.stdout, done.stderr)
    for options in ("-ltnp", "-ltn", "-ltnee", "-atnee", "-atnI", "-ltnI --json", "-atnp --source=proc", "-ltnp --owners-from=proc"):
        status = status_while_writing(SOCKVIEW, *options.split())
        check(has_nothing(status),
              f"root has no capability left when {options} is written", wanted(status))
    # Rows are written while the kernel still answers, which tells marks to a thread that may hear of them.
    for options, allowed in (("-atnI", {CAP_NET_ADMIN}), ("-atnee", {CAP_NET_ADMIN, CAP_DAC_READ_SEARCH})):
        threads = status_while_writing(SOCKVIEW, *options.split(), look=threads_of)
        good = [status for status in threads or [] if capabilities_of(status) == allowed and status["NoNewPrivs"] == "1"]
        # The one that asks, and behind a long answer one that receives.
        check(len(good) in (1, 2) and all(not capabilities_of(status) for status in threads if status not in good),
              f"the threads that ask and receive have what {options} takes, no other has any, and none has more", [wanted(status) for status in threads or []])
    for options in ([], ["--sort", "local_port"]):
        with socket.create_server(("127.0.0.1", 0)) as marked:
            marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 77)
            done = run(SOCKVIEW, "-ltn", "--csv", "--columns", "mark", *options, "sport = :%d" % marked.getsockname()[1])
        check(done.stdout.splitlines()[1:] == ["77"], "root is told the mark: %s" % options, done.stdout, done.stderr)
    test_long_answer()


def test_long_answer():
    """Behind some datagrams a thread receives ahead, which has to hear of marks, too."""
    pairs, before = 1600, resource.getrlimit(resource.RLIMIT_NOFILE)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    with socket.create_server(("127.0.0.1", 0)) as marked:
        port, ends = marked.getsockname()[1], []
        for _ in range(pairs):
            ends += [socket.create_connection(("127.0.0.1", port)), marked.accept()[0]]
        for each in [marked, *ends]:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 77)
        done = run(SOCKVIEW, "-tan", "--csv", "--columns", "mark", "sport", "=", ":%d" % port, "or", "dport", "=", ":%d" % port)
        check(done.stdout.splitlines()[1:] == ["77"] * (2 * pairs + 1), "root is told the marks of a long answer",
              collections.Counter(done.stdout.splitlines()), done.stderr)
        # By a reset: no TIME_WAIT stays behind.
        for each in ends:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def reason_of(output, port):
    return [row["owner_reason"] for row in json.loads(output)["sockets"] if row["local_port"] == port]


def test_hidden(folder, port):
    """Processes that are not even listed, and those that there is no file descriptor left for."""
    mount = os.path.join(folder, "proc")
    os.mkdir(mount)
    inside = ["unshare", "-m", "sh", "-c", f'mount -t proc -o hidepid=2 proc {mount} && exec "$@"', "sh"]
    if run(*inside, "true").returncode:
        check(True, "hidepid # SKIP /proc cannot be mounted here")
    else:
        done = run(*inside, *AS_NOBODY, SOCKVIEW, "-ltnp", "--proc-root", mount)
        check(owner_of(done.stdout, port) == "-" and "hidepid" in done.stderr and "setcap" in done.stderr,
              "hidepid: owners that cannot be seen are told of", done.stdout, done.stderr)
        done = run(*inside, *AS_NOBODY, SOCKVIEW, "-ltnp", "--json", "--proc-root", mount)
        check(reason_of(done.stdout, port) == ["permission"], "... and are not taken for the kernel's", done.stdout)
        done = run(*inside, SOCKVIEW, "-ltnp", "--proc-root", mount)
        check(owner_of(done.stdout, port) == f"{server.pid}/python3" and "hidepid" not in done.stderr,
              "... while root sees them", done.stdout, done.stderr)
    inside = ["unshare", "-p", "-f", f"--mount-proc={mount}"]
    if run(*inside, "true").returncode:
        check(True, "pid namespace # SKIP none to be had here")
    else:
        done = run(*inside, SOCKVIEW, "-ltnp", "--json", "--proc-root", mount)
        check(reason_of(done.stdout, port) == ["other-pidns"],
              "the /proc of another pid namespace: what it does not show is not taken for the kernel's", done.stdout)
    done = run("prlimit", "--nofile=6:6", SOCKVIEW, "-ltnp", "--owners-from=proc")
    check(owner_of(done.stdout, port) == "-" and "too many open files" in done.stderr,
          "without file descriptors left the gap is told of", done.stdout, done.stderr)


def test_container(folder):
    """Without CAP_SYS_PTRACE the kernel compares capabilities: as many as the others' root has."""
    boxed = ["capsh", "--drop=" + outside(), "--"]
    prefix = [*boxed, "-c", 'exec "$@"', "sh"]
    other, port = listener(prefix)
    netstat = run(*prefix, "netstat", "-ltnp")
    done = run(*prefix, SOCKVIEW, "-ltnp")
    check(owner_of(netstat.stdout, port) == f"{other.pid}/python3",
          "in a container netstat sees root's own", netstat.stdout, netstat.stderr)
    check(owner_of(done.stdout, port) == f"{other.pid}/python3",
          "... and so does sockview", done.stdout, done.stderr)
    other.communicate()
    other, port = listener(AS_NOBODY)
    done = run(*prefix, SOCKVIEW, "-ltnp")
    check(owner_of(done.stdout, port) == "-" and "CAP_SYS_PTRACE" in done.stderr,
          "... and other users' not: it names the capability", done.stdout, done.stderr)
    status = status_while_writing(*prefix, SOCKVIEW, "-ltnp")
    check(has_nothing(status), "... and nothing is left when it writes", wanted(status))
    with_ptrace = ["capsh", "--drop=" + outside("sys_ptrace"), "--", "-c", 'exec "$@"', "sh"]
    done = run(*with_ptrace, SOCKVIEW, "-ltnp")
    check(owner_of(done.stdout, port) == f"{other.pid}/python3" and not mine(done.stderr),
          "with --cap-add SYS_PTRACE it sees them: CAP_DAC_OVERRIDE does for the rest",
          done.stdout, done.stderr)
    other.communicate()


def outside(*more):
    """All of the kernel's capabilities but a container's, for capsh --drop."""
    kept = set(CONTAINER.split(",")) | set(more)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    names = run("capsh", f"--decode={(2 << last) - 1:x}").stdout.strip().partition("=")[2].split(",")
    return ",".join(name for name in names if name.removeprefix("cap_") not in kept)


def mine(stderr):
    """What was said of capabilities that are missing."""
    return "root lacks" in stderr or "setcap" in stderr


def test_elevated(program, port, folder, how):
    secret = os.path.join(folder, "secret")
    closed = os.path.join(folder, "closed")
    done = run(*AS_NOBODY, program, "-ltnp")
    check(owner_of(done.stdout, port) == f"{server.pid}/python3",
          f"{how}: an ordinary user sees root's owner", done.stdout, done.stderr)
    check("setcap" not in done.stderr, f"{how}: ... and is not told to get capabilities", done.stderr)
    status = status_while_writing(*AS_NOBODY, program, "-ltnp")
    check(has_nothing(status) and set(status["Uid"].split()) == {str(NOBODY)} == set(status["Gid"].split()),
          f"{how}: nothing is left when it writes", wanted(status))
    done = run(*AS_NOBODY, program, "-atnp", "--replay", secret)
    check(done.returncode == 2 and "Permission denied" in done.stderr,
          f"{how}: --replay of a root-only file is refused", done.returncode, done.stderr)
    before = os.stat(secret)
    done = run(*AS_NOBODY, program, "-atn", "--record", secret)
    check(done.returncode == 2 and "Permission denied" in done.stderr and
          os.stat(secret).st_size == before.st_size,
          f"{how}: --record over a root-only file is refused", done.returncode, done.stderr)
    done = run(*AS_NOBODY, program, "-atn", env=dict(os.environ, TCPDIAG_FILE=secret))
    check(done.returncode != 0 and "Permission denied" in done.stderr,
          f"{how}: nor does the environment get it opened", done.returncode, done.stderr)
    done = run(*AS_NOBODY, program, "-atn", "--filter-file", secret)
    check(done.returncode == 2 and "Permission denied" in done.stderr and SECRET not in done.stderr,
          f"{how}: --filter-file of a root-only file is refused", done.returncode, done.stderr)
    done = run(*AS_NOBODY, program, "--explain", "tcp:127.0.0.1:80")
    check(done.returncode == 1 and "EACCES" in done.stdout,
          f"{how}: the trial bind of a low port is the caller's own", done.returncode, done.stdout, done.stderr)
    shown = on_terminal(*AS_NOBODY, "env", f"PAGER=cat {secret}; grep Cap /proc/self/status", program,
                        "-atn", "--pager")
    check("CapPrm:\t0000000000000000" in shown and "Permission denied" in shown and SECRET not in shown,
          f"{how}: the pager has the caller's own rights", shown)
    done = run(*AS_NOBODY, program, "-atn", "--record", os.path.join(closed, "new"))
    check(done.returncode == 2 and "Permission denied" in done.stderr and
          not os.path.exists(os.path.join(closed, "new")),
          f"{how}: --record into a root-only folder is refused", done.returncode, done.stderr)
    done = run(*AS_NOBODY, program, "-atnp", "--proc-root", closed)
    check(done.returncode == 2 and "Permission denied" in done.stderr,
          f"{how}: a --proc-root that is root's own is refused", done.returncode, done.stderr)
    done = run(*AS_NOBODY, program, "-ltnp", "--proc-root", os.path.join(folder, "tree"))
    check("1000000/" not in done.stdout and "secret-program" not in done.stdout,
          f"{how}: nor is anything of root's read through a --proc-root", done.stdout, done.stderr)
    done = run(*AS_NOBODY, program, "-ltnp", "--proc-root", "/proc")
    check(owner_of(done.stdout, port) == "-",
          f"{how}: /proc as a --proc-root is read with the caller's rights", done.stdout, done.stderr)
    recorded = os.path.join(folder, "open", how)
    done = run(*AS_NOBODY, program, "-atn", "--record", recorded)
    check(done.returncode == 0 and os.stat(recorded).st_uid == NOBODY,
          f"{how}: what it records is the caller's", done.returncode, done.stderr)


def fake_tree(folder, inode):
    """A /proc that names an owner of the socket, that root alone may read."""
    tree = os.path.join(folder, "tree")
    fds = os.path.join(tree, "1000000", "fd")
    os.makedirs(fds)
    os.symlink(f"socket:[{inode}]", os.path.join(fds, "3"))
    for name, text in {"comm": "secret-program\n", "cmdline": "secret-program\0"}.items():
        with open(os.path.join(tree, "1000000", name), "w") as file:
            file.write(text)
    os.chmod(fds, 0o700)
    return tree


def test_ambient(folder):
    """The caller keeps his own capabilities until his files are open."""
    ambient = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
               "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    done = run(*ambient, SOCKVIEW, "-atn", "--replay", os.path.join(folder, "secret"))
    check("Permission denied" not in done.stderr, "an ambient capability is the caller's own", done.stderr)
    status = status_while_writing(*ambient, SOCKVIEW, "-ltnp")
    check(has_nothing(status), "... and gone when it writes", wanted(status))


def test_closed_streams(folder):
    path = os.path.join(folder, "recording")
    done = run("sh", "-c", '"$0" -ltn --record "$1" <&- >&-', SOCKVIEW, path)
    check(done.returncode == 3 and "standard output" in done.stderr,
          "a closed standard output is an error", done.returncode, done.stderr)
    with open(path, "rb") as file:
        check(b"Active Internet" not in file.read(), "... and the recording does not take its place")
    done = run("sh", "-c", '"$0" -ltn --record "$1" 2>&- <&-', SOCKVIEW, path)
    check(done.returncode == 0 and "Active Internet" in done.stdout,
          "without standard input and error it works", done.returncode, done.stdout)


def elevate(folder, name, *command):
    program = os.path.join(folder, name)
    shutil.copy(SOCKVIEW, program)
    os.chmod(program, 0o755)
    done = run(*command, program)
    return program if done.returncode == 0 else None


def works_as_nobody(program):
    """A sanitizer's runtime may refuse to start with more rights than its caller has."""
    return run(*AS_NOBODY, program, "--version").returncode == 0


def main():
    global server
    need_root()
    subprocess.run("ip link set lo up", shell=True, check=True)
    server, port = listener()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        inode = os.stat(f"/proc/{server.pid}/fd/3").st_ino
        fake_tree(folder, inode)
        with open(os.path.join(folder, "secret"), "wb") as file:
            file.write(SECRET.encode() * 100)
        os.chmod(os.path.join(folder, "secret"), 0o600)
        os.mkdir(os.path.join(folder, "closed"), 0o700)
        os.mkdir(os.path.join(folder, "open"))
        os.chmod(os.path.join(folder, "open"), 0o777)
        test_root(port)
        test_hidden(folder, port)
        test_container(folder)
        test_ambient(folder)
        test_closed_streams(folder)
        for how, name, command in (
            ("file capabilities", "with-caps", ["setcap", "cap_sys_ptrace,cap_dac_read_search+ep"]),
            ("many file capabilities", "many-caps", ["setcap", MANY + "+ep"]),
            ("file capabilities, not in effect", "p-caps", ["setcap", "cap_sys_ptrace,cap_dac_read_search+p"]),
            ("set-user-ID", "set-uid", ["chmod", "4755"]),
        ):
            program = elevate(folder, name, *command)
            if not program or not works_as_nobody(program):
                check(True, f"{how} # SKIP cannot be set here, or the program does not start with it")
                continue
            test_elevated(program, port, folder, how)
        plain = elevate(folder, "plain", "chmod", "755")
        done = run(*AS_NOBODY, plain, "-ltnp")
        check(owner_of(done.stdout, port) == "-" and f"setcap cap_sys_ptrace,cap_dac_read_search+ep {plain}"
              in done.stderr, "without them it names the command that gives them", done.stdout, done.stderr)
    server.communicate()
    print(f"1..{number}")


main()
