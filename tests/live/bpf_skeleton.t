#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The committed BPF skeletons and those made here of the same sources find the same owners; and a
program that has none says so.

The truth is the walk through /proc, which shares no code with the BPF program.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

why = netns.enter(own_processes=False)
if why:
    tap.skip_all(why)
t = tap.Tap()
ROWS = 200 * 5  # 200 processes: a listener and two connections to itself each


def variant(name):
    """The program linked with its BPF parts compiled otherwise (BPF_VARIANTS of the Makefile), or None."""
    build = os.path.relpath(tap.BUILD, tap.SRCDIR)
    path = os.path.join(build, "bpf", name, "sockview")
    made = tap.run(["make", "-s", "-C", tap.SRCDIR, "PROFILE=" + os.path.basename(build), "SAN=" + tap.SAN, path],
                   seconds=150)
    if made.status:
        t.note(made.err)
    return None if made.status else os.path.join(tap.SRCDIR, path)


for name, words in (("without", "built without BPF programs"),
                    ("narrow", "the BPF programs are built for 64-bit little-endian machines only")):
    program = variant(name)
    if not t.ok(program, "%s: it can be built" % name):
        continue
    version = tap.run([program, "--version"])
    t.ok(version.status == 0 and version.out.endswith(b" (no BPF programs)\n"), "%s: --version" % name, version)
    load = subprocess.Popen([tap.helper("load"), "1", "0", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    load.stdout.readline()
    asked = tap.run([program, "-ltnp", "--owners-from", "bpf"])
    t.ok(asked.status == 3 and asked.err == b"sockview: cannot find owners by BPF: %s\n" % words.encode(),
         "%s: why it has none" % name, asked)
    walk = tap.run([program, "-ltnp"])
    t.ok(walk.status == 0 and re.search(rb"LISTEN +\d+/load ", walk.out), "%s: owners are found in /proc" % name, walk)
    load.stdin.close()
    load.wait()


def compare(program, which, walk):
    name = "the %s program finds the same by BPF" % which
    found = tap.run([program, "-atnppe", "--owners-from", "bpf"])
    if found.status == 3 and b"by BPF" in found.err:
        return t.skip(name, found.err.decode().strip())
    return t.same(found.out, walk, name, found.err)


missing = tap.missing(os.environ.get("BPF_CLANG", "clang"), "bpftool")
old = tap.older(os.environ.get("BPF_CLANG", "clang"), (12,)) or tap.older("bpftool", (5, 14), "version")
if missing or old:
    # __builtin_preserve_type_info() is of clang 12, skeletons without libbpf are of bpftool 5.14.
    t.skip("the regenerated program finds the same by BPF", old or "%s is not installed" % missing)
elif t.ok(variant("regenerated"), "regenerated: it can be built"):
    load = subprocess.Popen([tap.helper("load"), "200", "2", "3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    t.ok(load.stdout.readline().startswith(b"ready"), "200 processes stand")
    walk = tap.sockview("-atnppe", "--owners-from", "proc")
    t.ok(walk.out.count(b"/load") == ROWS, "the walk finds all of them", walk)
    compare(variant("regenerated"), "regenerated", walk.out)
    compare(tap.SOCKVIEW, "committed", walk.out)
    load.stdin.close()
    load.wait()
t.done()
