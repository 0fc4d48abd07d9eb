#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Interfaces and cgroups with hostile names: each form tells the name whole, printable, and in its own cell.

The kernel forbids little: no blank, slash or colon in an interface's name
(dev_valid_name(), net/core/dev.c), no newline and no slash in a cgroup's
(cgroup_mkdir(), kernel/cgroup/cgroup.c). The expected text is worked out here,
by the page's rule and Python's copy of Unicode.
"""
import atexit
import csv
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import unicodedata

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import select_scene
import tap
from tap import run

SO_BINDTODEVICE = 25
# The kernel takes no "%" but in one "%d", which it replaces by a number (dev_alloc_name(), net/core/dev.c).
INTERFACES = [b"\x1b[2J\x1b[H", b"\xe2\x80\xaetxt.exe", b"a,b\"c'", b"\xff\xfe", b"=1+1", b"$(id)", b"\\x41", b"-rf", b"\xd8\x80", b"\xef\xbf\xbf",
              b"lo\xe2\x80\x8b", b"\x07\x08\x7f", b"or|and&not", b"_!~*"]
CGROUPS = [b"\x1b]0;owned\x07", b"a b,c\"d", b"=cmd|'x'!A0", b"\xe2\x80\xae\xe2\x80\x8b", b"\xff\xc0\xaf", b"tab\tand\rcr", b"$(id)`id`", b"docker-\x1b[31m.scope",
           b"system.slice\\x2d", b"\xdb\x9d", b"*?[a]", b"%s%n"]

t = tap.Tap()
why = netns.enter()
if why:
    tap.skip_all(why)


def escaped(name, word):
    """sockview(8), Lines: what is printed of a name."""
    out, at = "", 0
    while at < len(name):
        for size in (1, 2, 3, 4):
            try:
                char = name[at:at + size].decode()
                break
            except UnicodeDecodeError:
                char = None
        if char is None:
            out += "\\x%02x" % name[at]
            at += 1
            continue
        hidden = unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") or (char == " " and word) or ord(char) & 0xFFFE == 0xFFFE
        out += "".join("\\x%02x" % byte for byte in char.encode()) if hidden else "\\\\" if char == "\\" else char
        at += len(char.encode())
    return out


def harmless(result, name):
    """No byte that a terminal acts on, and valid UTF-8."""
    bad = sorted({byte for byte in result.out + result.err if byte < 0x20 and byte not in (9, 10, 13) or byte == 0x7F})
    try:
        text = (result.out + result.err).decode()
    except UnicodeDecodeError:
        return t.ok(False, name, result)
    bad += [hex(ord(char)) for char in text if unicodedata.category(char) == "Cf"]
    return t.same(bad, [], name, result)


def columns_of(column, select):
    """The column's value in each of the formats that have any."""
    out = tap.sockview("-ltn", "--json", "--columns", column, *select).out
    yield "json", [row[column] for row in json.loads(out)["sockets"]]
    out = tap.sockview("-ltn", "--csv", "--columns", column, *select).out.decode()
    yield "csv", [row[column] for row in csv.DictReader(io.StringIO(out, newline=""), strict=True)]
    out = tap.sockview("-ltnH", "--format=tsv", "--columns", column, *select).out.decode()
    yield "tsv", [row[0] for row in csv.reader(io.StringIO(out), dialect="excel-tab")]
    out = tap.sockview("-ltn", "--csv-safe", "--columns", column, *select).out.decode()
    yield "csv-safe", [row[column].removeprefix("'") if row[column][:2] in ("'=", "'-", "'+", "'@", "''") else "!" if row[column][:1] in "=+-@'" else row[column]
                       for row in csv.DictReader(io.StringIO(out, newline=""), strict=True)]


# --- interfaces ---------------------------------------------------------------------------------

made = netns.ip("link", "add", "h0", "type", "veth", "peer", "name", "h1") and netns.ip("addr", "add", "192.0.2.1/24", "dev", "h0") \
    and netns.ip("link", "set", "h0", "up")
current = b"h0"
for name in INTERFACES if made else ():
    shown = escaped(name, False)
    refused = tap.first_refusal(["ip", "link", "set", "dev", current, "name", name])
    if refused:
        t.skip("interface %s" % shown, refused)
        continue
    current = name
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name + b"\0")
    sock.bind(("192.0.2.1", 5001))
    sock.listen()
    for how, got in columns_of("interface", ["sport = :5001"]):
        t.same(got, [shown], "interface %s: %s" % (shown, how))
    for options in (["-ltnee"], ["-ltn", "--format=table", "--columns=+interface"], ["-nP", "-iTCP"], ["-ltnW", "--json"],
                    ["--explain", "192.0.2.1:5001"], ["--explain", "5001", "--json"], ["--explain", "tcp:5001", "--device", name]):
        result = tap.sockview(*options)
        harmless(result, "interface %s: %s is harmless" % (shown, " ".join(map(str, options[:2]))))
        t.ok(result.out, "interface %s: ... and something" % shown, result)
    quoted = b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    for word in (b"dev = " + quoted, b"dev " + quoted):
        got = tap.sockview("-ltnH", word)
        harmless(got, "interface %s: as a filter" % shown)
    sock.close()
if not made:
    t.skip("interfaces", "no veth pair can be made here")

# --- cgroups ------------------------------------------------------------------------------------

here = select_scene.cgroup_mount() if os.geteuid() == 0 else None
if not here:
    t.skip("cgroups", "it takes root, and a cgroup2 that is mounted")
    t.done()
netns.unshare(netns.CLONE_NEWNS)
run(["mount", "--make-rprivate", "/"])
mount = tempfile.mkdtemp(prefix="sockview-cgroup-").encode()
if run(["mount", "-t", "cgroup2", "none", mount]).status:
    os.rmdir(mount)
    t.skip("cgroups", "cgroup2 cannot be mounted here")
    t.done()
SCRIPT = os.getpid()
top = mount + b"/sockview-test-" + tap.UNIQUE.encode()


def clean_up():
    if os.getpid() != SCRIPT:
        return
    for name in CGROUPS:
        if os.path.isdir(top + b"/" + name):
            os.rmdir(top + b"/" + name)
    if os.path.isdir(top):
        os.rmdir(top)
    run(["umount", "-l", mount])
    os.rmdir(mount)


atexit.register(clean_up)
os.mkdir(top)
HOLD = ("import os, socket, sys\n"
        "open(os.fsencode(sys.argv[1]) + b'/cgroup.procs', 'w').write(str(os.getpid()))\n"
        "s = socket.socket(); s.bind(('127.0.0.1', 5002)); s.listen(); print(flush=True); sys.stdin.read()\n")
for name in CGROUPS:
    shown, path = escaped(name, False), b"/" + os.path.basename(top) + b"/" + name
    try:
        os.mkdir(top + b"/" + name)
    except OSError as error:
        t.skip("cgroup %s" % shown, "the kernel does not take the name: %s" % error)
        continue
    child = subprocess.Popen([sys.executable, "-c", HOLD, top + b"/" + name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    child.stdout.readline()
    for column in ("cgroup", "process_cgroup"):
        for how, got in columns_of(column, ["sport = :5002"]):
            # The namespace of the test may begin elsewhere than the mount.
            t.ok(len(got) == 1 and got[0].endswith("/" + escaped(name, False)), "%s %s: %s" % (column, shown, how), got, escaped(path, False))
    for options in (["-ltnpee"], ["-ltn", "--format=table", "--columns=+cgroup,process_cgroup,unit,container,container_name"],
                    ["-nP", "-iTCP"], ["-ltnp", "--json", "--columns=all"], ["--explain", "5002"], ["--explain", "5002", "--json"]):
        harmless(tap.sockview(*options), "cgroup %s: %s is harmless" % (shown, " ".join(options[:2])))
    if b"," in name:  # which stands between the paths of --cgroup's list
        child.communicate()
        continue
    literal = b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\" else bytes([byte]) for byte in path)
    found = tap.sockview("-ltnH", "--cgroup", literal)
    t.ok(b":5002 " in found.out, "cgroup %s: --cgroup finds it" % shown, found)
    child.communicate()
t.done()
