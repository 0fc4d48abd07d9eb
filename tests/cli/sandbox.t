#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The sandbox's numbers of system calls are those of both machines' own headers, and it compiles for both."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

SOURCE = os.path.join(tap.SRCDIR, "src/base/sandbox.c")
TRIPLES = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
# Those that a machine never had.
LACKING = {("poll", "aarch64")}


def compiler_for(machine):
    """What compiles for it, with the kernel's headers and a libc's, and None; or None, and why there is none."""
    triple, own = TRIPLES[machine], os.environ.get("CC", "cc").split()
    if tap.run([*own, "-dumpmachine"]).out.startswith(machine.encode()):
        # musl-gcc does not look where the kernel's headers are.
        return [*own, "-idirafter", "/usr/include/" + triple, "-idirafter", "/usr/include"], None
    if not tap.missing(triple + "-gcc"):
        return [triple + "-gcc"], None
    # Debian's libc6-dev-arm64-cross brings no compiler; clang is one for every machine.
    headers = "/usr/%s/include" % triple
    if not os.path.exists(headers + "/asm/unistd.h") or not os.path.exists(headers + "/stdint.h"):
        return None, "no headers of a libc and the kernel in " + headers
    if tap.missing("clang"):
        return None, "neither %s-gcc nor clang is installed" % triple
    return ["clang", "--target=" + triple, "-isystem", headers], None


t = tap.Tap()
with open(SOURCE) as file:
    rows = re.findall(r"\bCALL\((\w+), (\w+), (\w+)\) *[,}]", file.read())
t.ok(len(rows) > 30, "the table is found (%d rows)" % len(rows))
for column, machine in enumerate(("x86_64", "aarch64"), 1):
    what = "%s: the numbers are those of its asm/unistd.h" % machine
    compiler, why = compiler_for(machine)
    if why:
        t.skip(what, why)
        t.skip("%s: it compiles" % machine, why)
        continue
    macros = tap.run([*compiler, "-E", "-dM", "-include", "asm/unistd.h", "-xc", "/dev/null"])
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)\n", macros.out.decode()))
    # Chosen by the width of a machine's pointers: __NR3264_mmap ...
    numbers.update({name: numbers.get(other, other) for name, other in re.findall(r"#define __NR_(\w+) (__NR\w+)\n", macros.out.decode())})
    numbers.update({name: number for name in numbers for key, number in re.findall(r"#define (__NR3264_\w+) (\d+)\n", macros.out.decode())
                    if numbers[name] == key})
    wanted = [(row[0], "NONE" if (row[0], machine) in LACKING else numbers.get(row[0])) for row in rows]
    t.same([(row[0], row[column]) for row in rows], wanted, what)
    built = tap.run([*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-fsyntax-only",
                     "-I" + os.path.join(tap.SRCDIR, "include"), SOURCE])
    t.ok(built.status == 0, "%s: it compiles without a warning" % machine, built)
t.done()
