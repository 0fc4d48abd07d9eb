#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The completions on a terminal, beside names that are commands: the name is completed as a word, and nothing is executed.

Each shell is typed to as a person does, Tab and Enter; in place of the program
a function writes its arguments to a file. The interface's own
name is expected.
"""
import os
import pty
import pwd
import re
import select
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
from tap import run

t = tap.Tap()
why = netns.enter() or netns.own_mounts()
if why:
    tap.skip_all(why)
if run(["mount", "-t", "sysfs", "sysfs", "/sys"]).status:
    tap.skip_all("/sys of the new network namespace cannot be mounted here")

# No blank, slash or colon: the kernel takes no such name (dev_valid_name(), net/core/dev.c). 15 bytes at most.
HOSTILE = ["$(id>ran1)", "`id>ran2`", ";id>ran3;", "a'b\"c", "*", "~root", "&id>ran4&", "|id>ran5", "b$HOME", "<(id>ran6)",
           "\\$(id>ran7)", "#c", "d\x1b[2Jx", "e{1,2}", "!!", "$'\\x41'"]
# The completions run the program by its name.
BIN = os.path.join(tap.scratch(), "bin")
os.mkdir(BIN)
os.symlink(tap.SOCKVIEW, os.path.join(BIN, "sockview"))
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ". %s; sockview() { printf '%%s\\n' \"$@\" >took; }\n"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; fpath=(%s $fpath); autoload -Uz _sockview; "
            "compdef _sockview sockview; sockview() { printf '%%s\\n' \"$@\" >took }\n"),
    "fish": (["fish", "--no-config", "-i"], "source %s; function sockview; printf '%%s\\n' $argv >took; end\n"),
}


class Terminal:
    """A shell of our own on a terminal of its own."""

    def __init__(self, argv, folder):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            tap.die_with_parent()
            os.chdir(folder)
            os.execvpe(argv[0], argv, {**tap.environment(), "TERM": "dumb", "PATH": BIN + ":" + os.environ["PATH"], "HOME": folder, "PS1": "> ", "HISTFILE": "/dev/null"})

    def read(self, done, seconds=20):
        """Until done() or the time is over."""
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.shown += os.read(self.fd, 65536)
                except OSError:
                    return

    def quiet(self):
        """Until nothing has come for a while: what was typed has been worked on."""
        last = [time.monotonic(), len(self.shown)]

        def done():
            if len(self.shown) != last[1]:
                last[:] = time.monotonic(), len(self.shown)
            return time.monotonic() - last[0] > 0.4
        self.read(done)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def took(folder):
    try:
        with open(os.path.join(folder, "took")) as file:
            return file.read().split("\n")[:-1]
    except OSError:
        return None


def refused_name(name):
    """The one interface besides lo has this name now; or why not."""
    old = [other for other in os.listdir("/sys/class/net") if other != "lo"]
    if not old:
        return tap.first_refusal(["ip", "link", "add", "name", name, "type", "dummy"]) and \
            tap.first_refusal(["ip", "link", "add", "name", name, "type", "bridge"])
    return None if old[0] == name else tap.first_refusal(["ip", "link", "set", "dev", old[0], "name", name])


def scripts(folder):
    made = {}
    for shell in SHELLS:
        path = os.path.join(folder, "_sockview" if shell == "zsh" else "completion." + shell)
        with open(path, "wb") as file:
            file.write(tap.sockview("--completions", shell).out)
        made[shell] = folder if shell == "zsh" else path
    return made


def begin(name):
    """What a person types to tell the name from others; what a shell takes for its own comes quoted from him."""
    return "\\" + name[0] if not name[0].isalnum() else name[0]


def try_name(shell, terminal, folder, option, typed, word):
    terminal.type("sockview %s " % option)
    terminal.quiet()
    terminal.type(typed + "\t")
    terminal.quiet()
    terminal.type("\n")
    terminal.read(lambda: took(folder) is not None, 10)
    terminal.quiet()
    t.same(took(folder), [option, *word.split("\n")], "%s: %s %r" % (shell, option, word), terminal.shown[-600:])
    left = sorted(set(os.listdir(folder)) - {"took"})
    t.same([one for one in left if one.startswith("ran")], [], "%s: %r is not executed" % (shell, word))
    for one in left:
        if one.startswith("ran"):
            os.unlink(os.path.join(folder, one))
    if took(folder) is not None:
        os.unlink(os.path.join(folder, "took"))


def try_shell(shell, script, names):
    argv, setup = SHELLS[shell]
    folder = os.path.join(tap.scratch(), shell)
    os.mkdir(folder)
    terminal = Terminal(argv, folder)
    terminal.type(setup % script + "echo be''gun\n")
    terminal.read(lambda: b"begun" in terminal.shown)
    for name in names:
        refused = refused_name(name)
        if refused:
            t.skip("%s: %r" % (shell, name), refused)
            continue
        # lo is the other: nothing typed is no unique beginning.
        try_name(shell, terminal, folder, "--device", begin(name), name)
    for option, typed, word in RUNNING:
        # A line is a name to fish.
        if shell != "fish" or "\n" not in word:
            try_name(shell, terminal, folder, option, typed, word)
    terminal.end()


def pattern(name):
    """What --program and --cgroup take for this name alone."""
    return re.sub(r"([*?\[\\]|^\^)", r"\\\1", name)


def hold(name):
    """A process of that name."""
    code = "import ctypes,sys\nctypes.CDLL(None).prctl(15,sys.argv[1].encode(),0,0,0)\nprint('held',flush=True)\nsys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    child.stdout.readline()
    return child


def listed(kind):
    return tap.run([tap.SOCKVIEW, "--x-names", kind]).out.decode(errors="surrogateescape").split("\0")[:-1]


# --- what --x-names lists ---------------------------------------------------------------------------------

PROGRAMS = ["$(id>ran7)x", "`id>ran8`", ";id>ran9;", "Qz\nid>ran10", "**q", "^not", "a b\tc", "-n"]
held = [hold(name) for name in PROGRAMS]
listener = socket.create_server(("127.0.0.1", 47113))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 47114))
t.same([name for name in PROGRAMS if pattern(name) not in listed("program")], [], "programs that run, as patterns of themselves")
t.same(listed("port"), ["47113", "47114/udp"], "ports on which something listens")
pids = listed("pid")
t.ok(str(os.getpid()) in pids and str(held[0].pid) in pids and len(set(pids)) == len(pids), "pids, each once", pids)
t.ok(set(listed("user")) >= {pwd.getpwuid(os.getuid()).pw_name}, "users that have a process", listed("user"))
own = [line.split(":", 2)[2].rstrip("\n") for line in open("/proc/self/cgroup") if line.startswith("0::")]
t.same(set(map(pattern, own)) - set(listed("cgroup")), set(), "cgroups that have one")
t.ok({"all", "self"} <= set(listed("netns")), "the words of -N", listed("netns"))
result = tap.sockview("--x-names", "moon")
t.ok(result.status == 2 and b"moon" in result.err, "another kind", result)
for name in PROGRAMS[:5]:
    result = tap.sockview("-anH", "--program", pattern(name))
    t.ok(result.status == 1 and not result.out, "the pattern is read", result)

RUNNING = [("--program", begin(name) + ("" if name[0] in "$;Q" else name[1:2]), name) for name in ("$(id>ran7)x", "Qz\nid>ran10")]
RUNNING.append(("--explain", "47113", "47113"))
NETNS = "`id>ran11`"
# /run is this mount namespace's own: on many machines there is no /run/netns before the first `ip netns add`.
refused = tap.first_refusal(["mount", "-t", "tmpfs", "tmpfs", "/run"], ["ip", "netns", "add", NETNS])
if refused is None:
    t.ok(NETNS in listed("netns"), "a namespace by its name", listed("netns"))
    RUNNING.append(("--netns", begin(NETNS), NETNS))
else:
    t.skip("a namespace by its name", refused)


made = scripts(tap.scratch())
for shell in SHELLS:
    old = tap.older("fish", (3, 2)) if shell == "fish" else None  # --no-config is of fish 3.2
    if tap.missing(shell) or old:
        t.skip(shell, old or "it is not installed")
        continue
    try_shell(shell, made[shell], HOSTILE)
    script = tap.sockview("--completions", shell).out.decode()
    t.same(re.findall(r"compgen -W|\beval\b|\b_values\b", script), [], "%s: no compgen -W, eval or _values" % shell)
for child in held:
    child.stdin.close()
    child.wait()
t.done()
