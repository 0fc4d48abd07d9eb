#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Processes and unix sockets whose names are made to break rows and terminals: one row is one printable line."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import oracle
import scene
import scenes
import tap

# argv[0], comm (only looked at where argv[0] gives no name), and what is shown.
PROCESSES = [
    (b"evil\x1b[2Jname", b"c", r"evil\x1b[2Jname"),
    (b"two\nlines", b"c", r"two\x0alines"),
    (b"carriage\rreturn", b"c", r"carriage\x0dreturn"),
    (b"titled: with words", b"c", "titled"),
    (b"paren) R 1 (x", b"c", "paren)"),
    (b"quo\"te's", b"c", "quo\"te's"),
    (b"caf\xe9", b"c", r"caf\xe9"),
    ("grün".encode(), b"c", "grün"),
    (b"back\\slash", b"c", r"back\\slash"),
    (b"back\\x1bslash", b"c", r"back\\x1bslash"),
    (b"/opt/a b/daemon", b"c", "daemon"),
    (b"/usr/sbin/colon:", b"c", "colon"),
    ("\u202egnp.exe".encode(), b"c", r"\xe2\x80\xaegnp.exe"),
    (b"over\xc0\xaflong", b"c", r"over\xc0\xaflong"),
    (b"surro\xed\xa0\x80gate", b"c", r"surro\xed\xa0\x80gate"),
    (b"c1\xc2\x9bcsi", b"c", r"c1\xc2\x9bcsi"),
    (b"delete\x7f", b"c", r"delete\x7f"),
    (b"x" * 300, b"c", None),
    (b"", b"a) R 1 (b", r"a)\x20R\x201\x20(b"),
    (b"", b"two\nlines", r"two\x0alines"),
    (b"", b"\x1b[31mred", r"\x1b[31mred"),
    (b"", b"\xff\xfe", r"\xff\xfe"),
    (b"", b"12/34 tcp", r"12/34\x20tcp"),
    (b" leading", b"comm", "comm"),
    (b"", b"a,1/init", "a,1/init"),
    (b"b,1", b"c", "b,1"),
]
# With -pp a comma stands between owners.
LISTED = {"a,1/init": r"a\x2c1/init", "b,1": r"b\x2c1"}
PATHS = {"hostile.newline": r"two\x0alines", "hostile.blank": "a b", "hostile.escape": r"\x1b[31mred",
         "hostile.latin": r"caf\xe9", "hostile.utf8": "grün", "hostile.backslash": r"back\\slash",
         "hostile.tab": r"t\x09ab", "hostile.quote": "q\"'"}

has, _ = scenes.enter(others=False)
t = tap.Tap()
stage = scene.Scene()
for number, (argv0, comm, _) in enumerate(PROCESSES):
    stage.add(actors.one_listener, label="process%d" % number, argv0=argv0, hold=["comm=" + comm.hex()])
folder = scenes.folder()
stage.add(actors.unix_hostile, folder=folder)


def program_by_inode(*options):
    return {line.fields["inode"]: line.fields["program"]
            for line in oracle.read(tap.sockview(*options).lines) if line.kind == "inet"}


for options in (["-ltnpe"], ["-atnpe"], ["-ltnpe", "--source=proc"], ["-ltnpe", "--owners-from=proc"]):
    shown = program_by_inode(*options)
    for number, (argv0, comm, want) in enumerate(PROCESSES):
        sock = stage.sock["process%d" % number]
        got = shown.get(str(sock.inode))
        if want is None:
            t.ok(got and got.startswith("%d/xxxxxx" % sock.pid) and " " not in got, "%s: a very long name" %
                 " ".join(options), repr(got))
        else:
            t.same(got, "%d/%s" % (sock.pid, tap.as_bytes(want)), "%s: argv[0] %r, comm %r" % (" ".join(options), argv0, comm))
    t.same(len(shown), len(PROCESSES), "%s: a row for each and no more" % " ".join(options))


shown = program_by_inode("-ltnppe")
for number, (_, _, name) in enumerate(PROCESSES):
    if name in LISTED:
        sock = stage.sock["process%d" % number]
        t.same(shown.get(str(sock.inode)), "%d/%s" % (sock.pid, LISTED[name]), "-pp: %s adds no owner" % name)
        table = tap.sockview("-ltn", "--format=tsv", "--columns=owners", "inode = %d" % sock.inode)
        t.same(table.lines[1:], ["%d/%s" % (sock.pid, LISTED[name])], "--columns=owners: %s adds no owner" % name)


def path_by_inode(*options):
    return {line.fields["inode"]: line.fields["path"]
            for line in oracle.read(tap.sockview(*options).lines) if line.kind == "unix"}


paths = path_by_inode("-lxp")
for label, want in PATHS.items():
    t.same(paths.get(str(stage.sock[label].inode)), tap.as_bytes(os.path.join(folder, want)), "unix path: %s" % label)
t.same(paths.get(str(stage.sock["hostile.nul"].inode)), r"@nul\x00inside\x00", "an abstract name holding NUL is whole")
t.same(paths.get(str(stage.sock["hostile.at"].inode)), r"\x40name", "a relative path that begins with @")
t.same(paths.get(str(stage.sock["hostile.abstract"].inode)), "@name", "is told from the abstract name")
read = tap.sockview("-lx", "--source=proc")
t.ok(b"in 1 abstract name an @ behind the first may be either" in read.err and b"@nul@inside@" in read.out,
     "/proc/net/unix: that an @ may be a NUL is said", read)
t.ok(b"abstract name" not in tap.sockview("-lx").err, "... and not where NUL is told from @")
t.same(len(paths), len(stage.sock) - len(PROCESSES), "a line for each and no more")
t.same(len(set(paths.values())), len(paths), "no two look the same")

for options in (["-lxp"], ["-lxp", "--source=proc"], ["-xap", "--source=proc"], ["-ltunp"], ["-ltunpp"]):
    raw = tap.sockview(*options)
    harmful = [byte for byte in raw.out if byte < 0x20 and byte != 0x0A or byte == 0x7F]
    t.same(harmful, [], "%s: no control character is printed" % " ".join(options))
    try:
        raw.out.decode("utf-8")
        lines = oracle.read(raw.lines)
        t.ok(lines, "%s: every line is a row, in valid UTF-8" % " ".join(options))
    except (UnicodeDecodeError, oracle.Format) as error:
        t.ok(False, "%s: every line is a row, in valid UTF-8" % " ".join(options), str(error))
t.done()
