#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make install-caps after make: the program that was built is what is installed, with the BPF programs it was built with.
And `make try`: what a build needs, the build, the program, in this order."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

t = tap.Tap()
# Variables given to `make check` are in its environment and would be heard here, too.
PLAIN = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}


def would_do(build, *words):
    """The commands that make would run in this build folder."""
    argv = ["make", "-n", "-C", tap.SRCDIR, "B=" + build, "DESTDIR=" + os.path.join(tap.scratch(), "root"), *words]
    return tap.run(["env", "-i", *["%s=%s" % item for item in PLAIN.items()], *argv])


if tap.missing("make"):
    t.skip("make install-caps", "make is not installed")
    t.done()
FLAGS = {"no": "-DWITHOUT_BPF", "yes": "-DBPF_REQUIRED", "build": "/generated"}
for choice, flag in FLAGS.items():
    folder = os.path.join(tap.scratch(), choice)
    os.mkdir(folder)
    # What `make WITH_BPF=...` leaves.
    open(os.path.join(folder, "with_bpf." + choice), "w").close()
    done = would_do(folder, "install-caps")
    compiled = [line for line in done.out.decode().splitlines() if " -c " in line and "task_file.c" in line]
    t.ok(compiled and all(flag in line for line in compiled), "built with WITH_BPF=%s, installed so" % choice, compiled, done.err)
    t.ok("setcap cap_sys_ptrace,cap_dac_read_search+ep" in done.out.decode(), "... with the capabilities", done.out[-600:])
    again = would_do(folder, "install-caps", "WITH_BPF=auto")
    t.ok(not any(flag in line for line in again.out.decode().splitlines() if "task_file.c" in line and " -c " in line),
         "... and otherwise if that is said")
# For another machine the program that was built is not run: a compiler that only says so takes its place.
other = os.path.join(tap.scratch(), "other-gcc")
with open(other, "w") as file:
    file.write("#!/bin/sh\necho other-linux-gnu\n")
os.chmod(other, 0o755)
folder = os.path.join(tap.scratch(), "cross")
os.mkdir(folder)
done = would_do(folder, "install", "CC=" + other, "BASHCOMPDIR=/b", "ZSHCOMPDIR=/z", "FISHCOMPDIR=/f").out.decode()
printing = [line.split()[0] for line in done.splitlines() if " --completions " in line]
t.same(printing, ["build/completer/sockview"], "cross: another program prints the completions", done[-900:])
t.ok("bash:/b/sockview zsh:/z/_sockview fish:/f/sockview.fish" in done, "completions go where it is said", done[-900:])
built = os.path.join(tap.BUILD)
if os.access(os.path.join(built, "sockview"), os.X_OK) and any(name.startswith("with_bpf.") for name in os.listdir(built)):
    done = would_do(built, "install-caps", "SAN=" + tap.SAN)
    t.same([line for line in done.out.decode().splitlines() if " -c " in line and " -o " in line], [], "after make nothing is compiled")
else:
    t.skip("after make nothing is compiled", "this program was not built by make here")

# --- make try: the package manager and the compiler are scripts that say what they were called for, and do nothing ---

tools, said = os.path.join(tap.scratch(), "tools"), os.path.join(tap.scratch(), "said")
folder = os.path.join(tap.scratch(), "try")
os.mkdir(tools)


def tool(name, script):
    path = os.path.join(tools, name)
    with open(path, "w") as out:
        out.write("#!/bin/sh\n%s\n" % script)
    os.chmod(path, 0o755)


tool("apt-get", 'echo "apt-get $*" >>%s; exit ${APT_FAILS:-0}' % said)
tool("sudo", '"$@"')
# As gcc: it makes what -o names; here the program that is linked says how it was called.
tool("gcc-said", """echo "cc" >>%s
while [ $# -gt 0 ]; do [ "$1" = -o ] && to=$2; shift; done
printf '#!/bin/sh\\necho "sockview $*" >>%s\\n' >$to && chmod +x $to""" % (said, said))


def tried(**more):
    """(status, what was called): apt-get's lines, "cc" once, the program's lines."""
    open(said, "w").close()
    environment = dict(PLAIN, PATH=tools + ":" + os.environ["PATH"], **more)
    argv = ["make", "-C", tap.SRCDIR, "B=" + folder, "CC=gcc-said", "AR=true", "WITH_BPF=no", "try"]
    done = tap.run(["env", "-i", *["%s=%s" % item for item in environment.items()], *argv])
    with open(said) as lines:
        called = lines.read().splitlines()
    return done.status, [line for i, line in enumerate(called) if i == 0 or line != called[i - 1]]


status, called = tried(APT_FAILS="1")
t.ok(status != 0 and len(called) == 1 and called[0].startswith("apt-get install "), "make try: no build without what it needs", status, called)
status, called = tried()
t.same(status, 0, "make try")
t.ok(len(called) == 4 and called[0].startswith("apt-get install ") and "libmnl-dev" in called[0], "... packages first", called)
t.same(called[1:], ["cc", "sockview --version", "sockview -atnp"], "... the build, and the program")
with open(os.path.join(tap.SRCDIR, "README.md")) as readme:
    first = next(line.strip() for line in readme if line.startswith("    apt-get update"))
t.ok(first.endswith("&& make try") and len(first) <= 60, "it is the README's first command, and short", first)
t.done()
