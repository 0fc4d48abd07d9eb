#!/usr/bin/python3
"""make install-caps after make: the program that was built is what is installed, with the BPF programs it was built with."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

t = tap.Tap()
# What `make check` was told is in its environment and would be heard here, too.
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
built = os.path.join(tap.BUILD)
if os.access(os.path.join(built, "sockview"), os.X_OK) and any(name.startswith("with_bpf.") for name in os.listdir(built)):
    done = would_do(built, "install-caps", "SAN=" + tap.SAN)
    t.same([line for line in done.out.decode().splitlines() if " -c " in line and " -o " in line], [], "after make nothing is compiled")
else:
    t.skip("after make nothing is compiled", "this program was not built by make here")
t.done()
