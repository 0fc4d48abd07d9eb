#!/usr/bin/python3
"""The completions on a terminal, beside names that are commands: the name is completed as a word, and nothing is executed.

Each shell is typed to as a person does, Tab and Enter; in place of the program
a function writes its arguments to a file. What is expected is the interface's
own name.
"""
import os
import pty
import re
import select
import shutil
import signal
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
            os.execvpe(argv[0], argv, {**tap.environment(), "TERM": "dumb", "HOME": folder, "PS1": "> ", "HISTFILE": "/dev/null"})

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


def named(name):
    """The one interface besides lo has this name now."""
    old = [other for other in os.listdir("/sys/class/net") if other != "lo"]
    if not old:
        return netns.ip("link", "add", "name", name, "type", "dummy") or netns.ip("link", "add", "name", name, "type", "bridge")
    return old[0] == name or netns.ip("link", "set", "dev", old[0], "name", name)


def scripts(folder):
    made = {}
    for shell in SHELLS:
        path = os.path.join(folder, "_sockview" if shell == "zsh" else "completion." + shell)
        with open(path, "wb") as file:
            file.write(tap.sockview("--completions", shell).out)
        made[shell] = folder if shell == "zsh" else path
    return made


def try_shell(shell, script, names):
    argv, setup = SHELLS[shell]
    folder = os.path.join(tap.scratch(), shell)
    os.mkdir(folder)
    terminal = Terminal(argv, folder)
    terminal.type(setup % script + "echo be''gun\n")
    terminal.read(lambda: b"begun" in terminal.shown)
    for name in names:
        if not named(name):
            t.skip("%s: %r" % (shell, name), "ip(8) or the kernel does not take the name")
            continue
        terminal.type("sockview --device ")
        terminal.quiet()
        # lo is the other: nothing typed is no unique beginning, so the first character comes quoted from a person.
        terminal.type(begin(shell, name) + "\t")
        terminal.quiet()
        terminal.type("\n")
        terminal.read(lambda: took(folder) is not None, 10)
        terminal.quiet()
        t.same(took(folder), ["--device", name], "%s: --device %r" % (shell, name), terminal.shown[-600:])
        left = sorted(set(os.listdir(folder)) - {"took"})
        t.same([one for one in left if one.startswith("ran")], [], "%s: %r is not executed" % (shell, name))
        for one in left:
            if one.startswith("ran"):
                os.unlink(os.path.join(folder, one))
        if took(folder) is not None:
            os.unlink(os.path.join(folder, "took"))
    terminal.end()


def begin(shell, name):
    """What a person types to tell the name from lo."""
    return "\\" + name[0] if not name[0].isalnum() else name[0]


made = scripts(tap.scratch())
for shell in SHELLS:
    if tap.missing(shell):
        t.skip(shell, "it is not installed")
        continue
    try_shell(shell, made[shell], HOSTILE)
    script = tap.sockview("--completions", shell).out.decode()
    t.same(re.findall(r"compgen -W|\beval\b|\b_values\b", script), [], "%s: no compgen -W, eval or _values" % shell)
t.done()
