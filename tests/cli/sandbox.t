#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The sandbox's numbers of system calls are those of both machines' own headers, and it compiles for both."""
import os
import platform
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

SOURCE = os.path.join(tap.SRCDIR, "src/base/sandbox.c")
CROSS = {"x86_64": "x86_64-linux-gnu-gcc", "aarch64": "aarch64-linux-gnu-gcc"}
# Those that a machine never had.
LACKING = {("poll", "aarch64")}

t = tap.Tap()
with open(SOURCE) as file:
    rows = re.findall(r"\bCALL\((\w+), (\w+), (\w+)\) *[,}]", file.read())
t.ok(len(rows) > 30, "the table is found (%d rows)" % len(rows))
for column, machine in enumerate(("x86_64", "aarch64"), 1):
    compiler = os.environ.get("CC", "cc") if platform.machine() == machine else CROSS[machine]
    what = "%s: the numbers are those of its asm/unistd.h" % machine
    if tap.missing(compiler.split()[0]):
        t.skip(what, "%s is not installed" % compiler)
        continue
    macros = tap.run([*compiler.split(), "-E", "-dM", "-include", "asm/unistd.h", "-xc", "/dev/null"])
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)\n", macros.out.decode()))
    # Chosen by the width of a machine's pointers: __NR3264_mmap ...
    numbers.update({name: numbers.get(other, other) for name, other in re.findall(r"#define __NR_(\w+) (__NR\w+)\n", macros.out.decode())})
    numbers.update({name: number for name in numbers for key, number in re.findall(r"#define (__NR3264_\w+) (\d+)\n", macros.out.decode())
                    if numbers[name] == key})
    if not numbers:
        t.skip(what, "%s has no headers of the kernel" % compiler)
        continue
    wanted = [(row[0], "NONE" if (row[0], machine) in LACKING else numbers.get(row[0])) for row in rows]
    t.same([(row[0], row[column]) for row in rows], wanted, what)
    built = tap.run([*compiler.split(), "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-fsyntax-only",
                     "-I" + os.path.join(tap.SRCDIR, "include"), SOURCE])
    if b"No such file or directory" in built.err:
        t.skip("%s: it compiles" % machine, "%s has no headers of a libc" % compiler)
    else:
        t.ok(built.status == 0, "%s: it compiles without a warning" % machine, built)
t.done()
