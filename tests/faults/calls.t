#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Each system call of the program fails, one at a time: the answer is whole, or a
note or an error says what is missing. Never a crash, nor a wait without end.

FAULTS=K/N: every Nth case, from the Kth on; without it all of them.
"""
import errno
import os
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
import whole

# How getnameinfo(3) reads files. It does not tell that a file could not be read: the address has no name then.
LOOKUPS = {"openat", "read", "lseek", "newfstatat"}

ERRORS = "EINTR EAGAIN ENOMEM EMFILE ENFILE EACCES EPERM EIO ENOBUFS ENOSYS".split()
NTH = range(1, 6)
SECONDS = 20    # the longest wait for the kernel is 10

# The end of a process is none that fails; a lock is the libc's, which ends the process if the kernel has none;
# brk() gives no errno, and allocations fail in allocation.t; others are never refused.
NOT_OURS = {"exit", "exit_group", "execve", "rt_sigreturn", "futex", "set_robust_list", "restart_syscall", "brk", "rseq",
            "set_tid_address", "uname", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid"}


def call_names():
    """The numbers and names of this machine's system calls, by the compiler's own table."""
    macros = tap.run([os.environ.get("CC", "cc"), "-E", "-dM", "-include", "sys/syscall.h", "-xc", "/dev/null"])
    return {int(number): name for name, number in re.findall(r"#define __NR_(\w+) (\d+)\n", macros.out.decode())}


NAMES = call_names()
if not NAMES:
    tap.skip_all("no C compiler to ask for the names of system calls")
tool = tap.missing("ip")
why = "%s is not installed" % tool if tool else netns.enter()
if why:
    tap.skip_all(why)
INJECT = tap.helper("inject")
part, parts = map(int, os.environ.get("FAULTS", "0/1").split("/"))
counts = os.path.join(tap.scratch(), "counts")
recording = os.path.join(tap.scratch(), "recording")
t = tap.Tap()

server = socket.create_server(("127.0.0.1", 8080))
client = socket.create_connection(("127.0.0.1", 8080))
server6 = socket.create_server(("::1", 8081), family=socket.AF_INET6)
datagram = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
datagram.bind(("::1", 8082))
local = socket.socket(socket.AF_UNIX)
local.bind("\0faults")
local.listen()
tap.sockview("--record", recording, "-atn")


def calls(options):
    """[(number, how often)], and the whole answer."""
    result = tap.run([INJECT, counts, "-", tap.SOCKVIEW, *options])
    with open(counts) as file:
        return [tuple(map(int, line.split())) for line in file], result


def cases(counted, but):
    for number, count in counted:
        name = NAMES.get(number, "")
        if name in but:
            continue
        for error in ERRORS:
            for nth in NTH:
                if nth <= count:
                    yield name, number, error, nth, ""
            # Again and again, as where a policy forbids the call. One that is to be tried again is not for ever so.
            # And where nothing can be written, nothing can be said.
            if error not in ("EINTR", "EAGAIN") and name not in ("write", "writev"):
                yield name, number, error, 1, "+"


def is_refusal(name, error):
    """As of another user's process: a field that may not be read is absent, which is its own word."""
    return error in ("EACCES", "EPERM") and name in ("read", "readlinkat", "newfstatat")


def is_alike(got, answer):
    """The same but for absent fields."""
    return got.status == answer.status and got.out.count(b"\n") == answer.out.count(b"\n")


def differences(got, answer):
    """--explain --json: the lines that are others, as (ours, theirs); None if there are more or fewer."""
    ours, theirs = whole.lines(got.out).split(b"\n"), whole.lines(answer.out).split(b"\n")
    if got.status != answer.status or len(ours) != len(theirs) or len(ours) < 2:
        return None
    return [both for both in zip(ours, theirs, strict=True) if both[0] != both[1]]


def is_null_alone(got, answer):
    """An option of a holder's socket that could not be asked is null, which says so."""
    return all(re.fullmatch(rb'\s*"(reuseaddr|reuseport|v6only)": null,?', ours) and
               re.sub(rb": (true|false)", b": null", theirs) == ours for ours, theirs in differences(got, answer) or [(b"", b"")])


def is_nameless(got, answer):
    """Details of a process that may not be read are null, and the advice says so in their place."""
    return all(re.fullmatch(rb'\s*"(user|program|cmdline|cgroup)": null,?', ours) or b"whose name is not known" in ours
               for ours, _ in differences(got, answer) or [(b"", b"")])


def every_call(options, number):
    line = " ".join(options).replace(tap.scratch() + "/", "")
    counted, answer = calls(options)
    if not t.ok(counted and answer.status in (0, 1) and not answer.complaints(), "%s: runs" % line, answer):
        return number
    wrong, tried = [], 0
    # While Python starts a process the quick way it blocks all signals, which --explain tells of a holder.
    often = "--explain" not in options
    for name, call, error, nth, on in cases(counted, NOT_OURS | LOOKUPS if "-r" in options else NOT_OURS):
        number += 1
        if number % parts != part:
            continue
        tried += 1
        got = tap.run([INJECT, str(call), "%d%s" % (getattr(errno, error), on), str(nth), tap.SOCKVIEW, *options],
                      often=often, seconds=SECONDS)
        words = [error, os.strerror(getattr(errno, error)), "is not known"]
        if error in ("EACCES", "EPERM"):
            words.append("The kernel forbids it")
        fault = whole.verdict(got, answer, words=words)
        as_json = "--explain" in options and "--json" in options
        silent = fault == "silently another answer"
        if silent and is_refusal(name, error) and (is_nameless(got, answer) if as_json else is_alike(got, answer)):
            continue
        if silent and as_json and name in ("pidfd_open", "pidfd_getfd", "getsockopt") and is_null_alone(got, answer):
            continue
        if fault:
            wrong.append("%s: %s %s at %d%s" % (fault, name, error, nth, on))
            t.note(wrong[-1], *tap.difference(whole.lines(got.out), whole.lines(answer.out)))
    t.ok(not wrong, "%s: %d calls that fail are told" % (line, tried), *wrong[:200])
    return number


number = 0
for line in sys.argv[1:] or (
        "-atnp", "-atnp --owners-from=proc", "-atunxpee --json", "-atun --source=proc", "-r -atu", "-xap", "-c0.01 --count 2 -atnp", "-lnt -v",
        "--pids -i :8080", "-i -nPl", "--explain tcp:8080", "--explain tcp:8080 --json",
        "--record %s -atn" % os.path.join(tap.scratch(), "other"), "--replay %s -atn" % recording):
    number = every_call(line.split(), number)
t.done()
