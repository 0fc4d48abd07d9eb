#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The sandbox (base/sandbox.c, run/confine.c): nothing is opened behind the first byte of output, and that byte
and all others are the same as without it.
"""
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

# What may be called behind the first byte, of those that open, start or reach something.
OPENING = re.compile(r"\b(open|openat|openat2|socket|connect|execve|fork|vfork|bind|readlink|readlinkat|newfstatat|stat|statx|"
                     r"getdents64|ptrace|kill|unlink)\(")
RESTRICT = re.compile(r"\b(landlock_restrict_self|syscall_0x1be)\(")  # strace before 5.13 does not know the name
# The libc asks how memory is overcommitted before it gives some back (malloc/arena.c), and can do without.
IN_VAIN = "/proc/sys/vm/overcommit_memory"

if tap.SAN:
    tap.skip_all("a sanitized program has no sandbox")
tool = tap.missing("ip", "strace")
why = "%s is not installed" % tool if tool else netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
if tap.MACHINE not in ("x86_64", "aarch64"):
    told = b"sockview: no sandbox: it is for x86-64 and 64-bit ARM alone\n"
    for line, said in (("-ltn -v", True), ("-ltn -v --no-sandbox", False), ("-ltn", False)):
        result = tap.sockview(*line.split())
        t.ok((told in result.err) == said, "%s: %s" % (line, "there is none on this machine" if said else "not a word of it"), result)
    t.done()
status = open("/proc/self/status").read()
if "Seccomp:" not in status:
    tap.skip_all("this kernel has no seccomp")
nested = re.search(r"Seccomp:\s*(\d)", status).group(1) == "2"

# --- a scene of more than a buffer: rows stream, a thread receives ahead, and a table is formatted in parts ----

PAIRS = 1500
server = socket.create_server(("127.0.0.1", 8080), backlog=64)
server6 = socket.create_server(("::1", 8081), family=socket.AF_INET6)
datagram = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
datagram.bind(("::1", 53))
bound = socket.socket()
bound.bind(("127.0.0.1", 8083))
local = socket.socket(socket.AF_UNIX)
local.bind("\0sandbox")
local.listen()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
wanted = 2 * PAIRS + 200
if hard != resource.RLIM_INFINITY and hard < wanted:
    PAIRS = (hard - 200) // 2
resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard))
held = []
for _ in range(PAIRS):
    client = socket.create_connection(("127.0.0.1", 8080))
    held += [client, server.accept()[0]]

SMALL = "state listening"
LINES = [
    "-ltn", "-lnt " + SMALL, "-atn", "-atun", "-at", "-axn", "-atuxn", "-atne", "-ate", "-atnp", "-atnpe", "-tnI", "-tnm", "-tneeo",
    "-tn --format table", "-atn --json", "-at --json", "-atnp --json", "-atn --jsonl", "-at --format csv", "-atn --format tsv",
    "-t --columns local,remote,user,interface,local_service,cgroup", "-atn --columns +user,process_user", "-i -nP", "-i", "-i -F",
    "--summary", "--summary --json", "--format openmetrics --summary", "-atn --group-by state", "-tn --group-by user --sum recv_q",
    "-tan --sort local", "--pids :8080", "--source proc -atn", "--source proc -atuxn", "--explain 8080", "--explain 8080 --json",
    "--explain 8079-8090", "--exposure", "--exposure --json", "-0an", "-a --netlink -n",
    "--version", "--help all", "--list-columns", "--completions bash",
]


def comparable(out):
    """Without the moments of the look."""
    # The kernel's table of netlink sockets, of all namespaces, is another one whenever it grows or shrinks.
    if out.startswith(b"Active netlink"):
        out = b"\n".join(sorted(out.splitlines()))
    out = re.sub(rb'"(time|age|start_time)": ?[^,}\n]*', b"", out)
    # Netlink's and vsock's rows, and memory, are of the program's own sockets, too.
    out = re.sub(rb"(seconds|bytes) [0-9.]+|sock_diag:[0-9]+", b"", out)
    out = re.sub(rb"(?m)^(sockview_(orphans|tcp_allocated|udp_allocated|\w+_seconds)|orphans:|TCP memory:|UDP memory:).*", b"", out)
    out = re.sub(rb'"(orphans|tcp_allocated|udp_allocated|\w*memory\w*)": ?[^,}\n]*', b"", out)
    # The times of -I go on.
    return re.sub(rb"[0-9]+[um]s", b"", out)


def same(words, name, *more, run=tap.sockview):
    # A socket or a cgroup of the machine may come or go between the two: a difference that the sandbox makes stays.
    for _ in range(5):
        got, want = run(*words, *more), run(*words, "--no-sandbox", *more)
        if (comparable(got.out), got.status, got.err) == (comparable(want.out), want.status, want.err):
            break
    t.ok(comparable(got.out) == comparable(want.out) and (got.status, got.err) == (want.status, want.err) and got.status in (0, 1),
         "%s: the same with and without it" % name, *tap.difference(comparable(got.out), comparable(want.out)), got.err,
         want.err, got.status, want.status)


for line in LINES:
    same(line.split(), line)
# Marks and cgroups are read by a thread that keeps rights, and is in the sandbox, too: here without the right to a cgroup's handle.
if os.getuid() == 0:
    for line in ("-ltn --columns local,mark,cgroup", "-atn --columns local,remote,mark,cgroup"):
        same(line.split(), line)
        same(line.split(), line + ", without CAP_DAC_READ_SEARCH",
             run=lambda *words: tap.run(["setpriv", "--bounding-set", "-dac_read_search,-sys_ptrace", tap.SOCKVIEW, *words]))

recording = os.path.join(tap.scratch(), "recording")
for more in ([], ["--no-sandbox"]):
    result = tap.sockview("--record", recording, "-atn", *more)
    t.ok(result.status == 0 and result.out.count(b"\n") > 2 * PAIRS and not result.complaints(), "--record %s" % " ".join(more), result)
for line in ("-atn", "-at", "-tne", "-t --json"):
    same(["--replay", recording, *line.split()], "--replay " + line)

# --- nothing is opened behind the first byte ---------------------------------------------------------------------


def calls(*words):
    """The calls behind the first byte of standard output; None: there is none."""
    log = os.path.join(tap.scratch(), "strace")
    tap.run(["strace", "-f", "-qq", "-o", log, tap.SOCKVIEW, *words])
    with open(log, errors="replace") as file:
        made = file.read().splitlines()
    first = next((i for i, call in enumerate(made) if re.search(r"\bwritev?\(1,", call)), None)
    return made[:first or 0], made[first or 0:]


for line in ["-ltn", "-atn", "-at", "-atnp", "-atuxn", "-atnpe", "-tn --json", "-t --columns local,remote,interface,cgroup", "-i", "--summary",
             "--source proc -atuxn", "-atn --group-by state", "--explain 8080", "--exposure", "--list-columns", "-v -ltnp",
             "--replay %s -at" % recording]:
    before, behind = calls(*line.split())
    opened = [call for call in behind if OPENING.search(call) and IN_VAIN not in call]
    name = line.replace(tap.scratch() + "/", "")
    t.ok(not opened and re.search(r"\bseccomp\(SECCOMP_SET_MODE_FILTER.*= 0$", "\n".join(before), re.M) and
         any(RESTRICT.search(call) for call in before),
         "%s: entered before the first byte, and nothing is opened behind it" % name, *opened[:20], *behind[:3])

# --- the kernel's word: a reader that is slow holds the first write -------------------------------------------------


def at_first_write(*words):
    """/proc/PID/status while the first write waits for room."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 65536)
    except BlockingIOError:
        pass
    os.set_blocking(write, True)
    process = subprocess.Popen([tap.SOCKVIEW, *words], stdout=write, stderr=subprocess.DEVNULL, env=tap.environment(),
                               preexec_fn=tap.die_with_parent)
    os.close(write)
    text, number = "", "1" if tap.MACHINE == "x86_64" else "64"
    for _ in range(tap.COMMAND_SECONDS * 50):
        with open("/proc/%d/syscall" % process.pid) as file:
            word = file.read()
        if word.split()[:2] == [number, "0x1"]:
            with open("/proc/%d/status" % process.pid) as file:
                text = file.read()
            break
        if process.poll() is not None:
            break
        time.sleep(0.02)
    while os.read(read, 1 << 20):
        pass
    os.close(read)
    return text, process.wait(tap.COMMAND_SECONDS)


for line, on in (("-ltn", True), ("-atn", True), ("-atnp --json", True), ("--explain 8080", True), ("--help", True), ("-ltn --no-sandbox", False),
                 ("-c -ltn --count 1", False), ("-ate", False)):
    text, ended = at_first_write(*line.split())
    mode = re.search(r"Seccomp:\s*(\d)", text)
    if nested and not on:
        t.skip("%s: no filter" % line, "the tests have one themselves")
        continue
    t.ok(mode and mode.group(1) == ("2" if on else "0") and ended in (0, 1) and (not on or "NoNewPrivs:\t1" in text),
         "%s: at the first write the kernel says Seccomp: %s" % (line, "2" if on else "0"), text, ended)

# --- where there is none, -v says so ---------------------------------------------------------------------------------

for line, why in (("-c0.01 --count 2 -ltn", "again and again"), ("--no-sandbox -ltn", "--no-sandbox"),
                  ("-N all -ltn", "network namespaces"), ("--pager -ltn", "pager"), ("--wait-for 8080", "again and again"),
                  ("--connect 127.0.0.1:8080", "a connection"), ("-ate", "users are looked up as rows are written"),
                  ("--kill --dry-run :8080", "looked at again"), ("--signal TERM --dry-run :8080", "looked at again")):
    result = tap.sockview("-v", *line.split(), seconds=20)
    t.ok(re.search(r"sockview: no sandbox: .*%s" % re.escape(why), result.err.decode(errors="replace")), "%s -v: there is none, and why" % line, result.err)
for line in ("-ltn", "-atn", "-atnpe", "-lte", "--explain 8080"):
    result = tap.sockview("-v", *line.split())
    t.ok(b"sandbox" not in result.err, "%s -v: nothing is amiss" % line, result.err)

# --- a kernel without one of the two ------------------------------------------------------------------------------------

INJECT = tap.helper("inject")
plain = tap.sockview("-ltn")
for name, number, error, words in (("landlock_create_ruleset", 444, 95, b"the sandbox lacks Landlock: Operation not supported"),
                                   ("seccomp", 317 if tap.MACHINE == "x86_64" else 277, 22, b"the sandbox lacks seccomp: Invalid argument")):
    got = tap.run([INJECT, str(number), "%d+" % error, "1", tap.SOCKVIEW, "-v", "-ltn"])
    if got.status == 125:
        t.skip("%s fails" % name, got.err.decode(errors="replace"))
        continue
    t.ok(got.out == plain.out and words in got.err and got.status == 0, "%s fails: the same answer, and -v says so" % name, got)

# --- names from an NSS module that asks over a socket ------------------------------------------------------------------------

MODULE = r"""
#include <nss.h>
#include <pwd.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
enum nss_status _nss_sandboxtest_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, int *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, "\0sandbox-nss", 12);
	char name[64] = "";
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 12) < 0 ||
	    dprintf(fd, "%u\n", uid) < 0 || read(fd, name, sizeof(name) - 1) <= 0 || size < sizeof(name)) {
		if (fd >= 0)
			close(fd);
		*error = ENOENT;
		return NSS_STATUS_UNAVAIL;
	}
	close(fd);
	strcpy(buffer, name);
	*entry = (struct passwd){ .pw_name = buffer, .pw_passwd = "", .pw_uid = uid, .pw_gid = uid, .pw_gecos = "", .pw_dir = "/", .pw_shell = "" };
	return NSS_STATUS_SUCCESS;
}
"""


def nss_module():
    """The module, None where it cannot be built."""
    source = os.path.join(tap.scratch(), "module.c")
    with open(source, "w") as file:
        file.write("#define _GNU_SOURCE\n#include <stddef.h>\n" + MODULE)
    library = os.path.join(tap.scratch(), "libnss_sandboxtest.so.2")
    return None if tap.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", library, source]).status else library


def answer_uids(listener, asked):
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        uid = peer.recv(64).decode().strip()
        asked.append(uid)
        peer.sendall(("nss-user-%s" % uid).encode())
        peer.close()


def with_module(*words):
    script = 'mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"'
    return tap.run(["unshare", "-m", "sh", "-c", script, "sh", conf, tap.SOCKVIEW, *words], env={"LD_LIBRARY_PATH": tap.scratch()})


conf = os.path.join(tap.scratch(), "nsswitch.conf")
with open(conf, "w") as file:
    file.write("passwd: sandboxtest files\nservices: files\nhosts: files\nprotocols: files\n")
library = nss_module()
glibc = os.path.exists("/etc/nsswitch.conf")
asked = []
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0sandbox-nss")
listener.listen(64)
threading.Thread(target=answer_uids, args=(listener, asked), daemon=True).start()
probe = with_module("-lte", ":8080") if library and glibc else None
if not library or not glibc or b"nss-user-" not in probe.out:
    t.skip("users of an NSS module", "no such module can be used here: %r" % (probe and probe.err))
else:
    for line in ("-lte", "-ate", "-atnpe --columns local,user,process_user", "-atp --json --columns local,process_user", "-i", "-tan --sort user --columns user,local",
                 "--explain 8080"):
        same(line.split(), "an NSS module, " + line, run=with_module)
    result = with_module("-i")
    t.ok(result.out.count(b"nss-use") > 2 * PAIRS, "... which names each owner's user of more rows than a buffer", result.out[:500])

t.done()
