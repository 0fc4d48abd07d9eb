#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command line: bundles, synonyms, help, and what wrong usage is told. On a /proc of plain files."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import fakeproc
import tap

TCP = [
    "   0: 0100007F:01F4 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0",
    "   1: 0100007F:01F4 0100007F:C350 01 00000024:00000005 01:00000096 00000002  1000        0 102 2 0 20 4 30 10 -1",
    "   2: 0100007F:01F4 0100007F:C351 06 00000000:00000000 03:00001725 00000000     0        0 0 3 0",
]
TCP6 = ["   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000"
        " 00:00000000 00000000    33        0 103 1 0 100 0 0 10 0"]
UDP = ["  200: 00000000:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 104 2 0 0"]
FULL = """\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer
tcp        3      0 127.0.0.1:500           0.0.0.0:*               LISTEN      0          101        7/one                off (0.00/0/0)
tcp        5     36 127.0.0.1:500           127.0.0.1:50000         ESTABLISHED 1000       102        8/two                on (1.50/2/0)
tcp        0      0 127.0.0.1:500           127.0.0.1:50001         TIME_WAIT   0          0          -                    timewait (59.25/0/0)
tcp6       0      0 :::443                  :::*                    LISTEN      33         103        7/one                off (0.00/0/0)
udp      768      0 0.0.0.0:53              0.0.0.0:*                           101        104        -                    off (0.00/0/0)
"""
SAME = [  # one meaning, many spellings
    ["-antp", "-a -n -t -p", "-tpna", "--all --numeric --tcp --programs", "-a --tcp -pn", "-A tcp -anp", "-f tcp -anp",
     "--protocol=tcp -anp", "-antpW", "-antp --wide"],
    ["-cant --count 1", "-c -ant --count 1", "-c -a -n -t --count 1", "-antc --count 1"],
    ["-c -4 -tan --count 1", "-tanc --count 1 -4"],
    ["-tulpen", "-t -u -l -p -e -n", "--listening --tcp --udp -pen", "-neplut", "-lenp"],
    ["-putan", "-a -putn", "-anp", "-anp -tu", "-A tcp,udp -anp"],
    ["-neopa", "-a -e -o -n -p", "--all --extend --timers --numeric --programs"],
    ["-an", "-an -4 -6", "-an46", "-an -A inet,inet6", "--inet --inet6 -an"],
    ["-ant4", "-A inet -ant", "--inet -ant", "-4tna"],
    ["-ant6", "-A inet6 -ant", "--inet6 -ant"],
    ["-an", "-a --numeric-hosts --numeric-ports --numeric-users"],
    ["-anv", "-van"],
]
WRONG = [  # the words, and what must be named
    ("-Y", "-Y"), ("-antpY", "-Y"), ("--nope", "--nope"), ("--tcp=1", "--tcp"), ("-c0", "'0'"), ("-cz", "'z'"),
    ("-c-1", "'-1'"), ("--continuous=never", "'never'"), ("-i -Fpq", "'q'"), ("--count 0", "--count"), ("--count 1x", "'1x'"),
    ("--count 99999999999999999999", "--count"), ("--count", "--count"), ("--source moon", "'moon'"),
    ("--source", "--source"), ("-A tcp,nonsense", "'nonsense'"), ("-A", "-A"), ("-f !nonsense", "nonsense"),
    ("--color=blue", "'blue'"), ("--owners-from hearsay", "'hearsay'"), ("--format poem", "'poem'"),
    ("--record a --replay b", "--replay"), ("--record a -c", "-c"), ("--record a --count 2", "-c"), ("-K", "-K"), ("-N x", "-N"),
    ("--kill", "--kill"),
    ("--pids --json -l", "--pids and --json exclude each other"), ("--pids --columns pid -l", "--columns"), ("--pids --sort pid -l", "--sort"),
    ("-i --unix", "-i and --unix exclude each other"), ("-A tcp,!tcp", "leaves no protocol"), ("--verbose -q", "-q"),
    ("--watch=0", "'0'"), ("--watch --json", "--watch"),
    ("--replay /nonexistent/file", "/nonexistent/file"), ("--proc-root /nonexistent", "/nonexistent"),
    ("--record /nonexistent/file", "/nonexistent/file"),
]

t = tap.Tap()
tree = fakeproc.FakeProc(os.path.join(tap.scratch(), "proc"))
tree.net("tcp", fakeproc.TCP_HEAD, [line.ljust(149) for line in TCP])
tree.net("tcp6", fakeproc.TCP6_HEAD, TCP6)
tree.net("udp", fakeproc.TCP_HEAD, UDP)
tree.net("udp6", fakeproc.TCP6_HEAD, [])
tree.process(7, "one", ["/sbin/one", "-d"], {3: "socket:[101]", 4: "socket:[103]"})
tree.process(8, "two", ["two"], {3: "socket:[102]"})


def fake(*words, **more):
    return tap.sockview(*words, "--source=proc", "--proc-root", tree.root, **more)


result = fake("-neopa")
t.same(result.out, FULL.encode(), "-neopa of a /proc of plain files, byte for byte", result)
t.ok(result.status == 0 and result.err == b"", "and nothing on stderr", result)

for group in SAME:
    want = fake(*group[0].split())
    t.ok(want.status == 0 and want.out.count(b"\n") > 2, "%s: there are rows" % group[0], want)
    for words in group[1:]:
        result = fake(*words.split())
        t.same((result.status, result.out), (0, want.out), "%s is %s" % (words, group[0]), result.err)

for words, culprit in WRONG:
    result = tap.sockview(*words.split(), cwd=tap.scratch())
    lines = result.err.decode(errors="replace").split("\n")
    t.ok(result.status == 2 and result.out == b"" and len(lines) == 2 and lines[1] == ""
         and lines[0].startswith("sockview: ") and culprit in lines[0],
         "%s: exit 2, one line that names %s" % (words, culprit), result)
t.same(os.listdir(tap.scratch()), ["proc"], "wrong usage leaves no file behind")

hostile = tap.sockview("--\x1b[31m")
t.ok(hostile.status == 2 and b"\x1b" not in hostile.err and rb"\x1b[31m" in hostile.err,
     "a hostile word is escaped in the message", hostile)

for words in (["--help"], ["-h"], ["-antp", "--help"]):
    result = tap.sockview(*words)
    t.ok(result.status == 0 and result.err == b"" and result.out, "%s: exit 0, on stdout" % " ".join(words), result)
text = tap.sockview("--help").out.decode()
lines = text.split("\n")[:-1]
t.ok(max(map(len, lines)) <= 80, "--help: no line over 80 columns", [line for line in lines if len(line) > 80])
t.ok(len(lines) <= 24, "--help: at most 24 lines", len(lines))
t.ok(lines[0].startswith("Usage: sockview "), "--help: begins with the usage", lines[0])
examples = text.partition("Examples:")[2]
t.ok(len(re.findall(r"^ *sockview -", examples, re.M)) >= 3, "--help: three examples", examples)
text = tap.sockview("--help", "all").out.decode()
t.ok(max(map(len, text.split("\n"))) <= 80, "--help all: no line over 80 columns")
t.same(tap.sockview("-h", "all").out.decode(), text, "-h all")
t.ok(b"--help" in tap.sockview("help").err, "help: where it is", tap.sockview("help"))
for option in "-a -l -t -u -U -w -x -4 -6 -A -f -n -r -p -e -o -W -c -H -v -q".split():
    t.ok(re.search(r"(?<![\w-])%s(?![\w-])" % option, text.replace("[", " ")), "--help: names %s" % option)
for option in ("--source", "--proc-root", "--record", "--replay", "--color", "--version", "--help", "--count",
               "--numeric-hosts", "--numeric-ports", "--numeric-users"):
    t.ok(option in text, "--help: names %s" % option)

result = tap.sockview("--version")
t.ok(result.status == 0 and re.fullmatch(rb"sockview \d+\.\d+\.\d+ \((no BPF programs|BPF programs: [a-z_, ]+)\)\n", result.out), "--version", result)

color = fake("-atn", "--color=always")
t.ok(b"\x1b[" in color.out, "--color=always colours", color)
t.same(re.sub(rb"\x1b\[[0-9;]*m", b"", color.out), fake("-atn").out, "and changes nothing else")
for words, env in ((["--color=never"], {}), ([], {}), (["--color=auto"], {"NO_COLOR": "1", "TERM": "xterm"})):
    t.ok(b"\x1b" not in fake("-atn", *words, env=env).out, "no colour in a pipe: %s %s" % (" ".join(words), env))



def on_terminal(*words, **env):
    """What a terminal of 80 columns would get."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    setting = termios.tcgetattr(theirs)
    setting[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, setting)
    result = fake(*words, stdout=theirs, env=env)
    os.close(theirs)
    data = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            part = b""
        if not part:
            break
        data += part
    os.close(ours)
    return result.status, data


# --- an empty answer says what was looked at, where a person reads it ---------------------------------

for words, note in (("-tn port 9", "no socket (tcp) is of that kind"),
                    ("-uln port 9", "no socket that listens (udp) is of that kind; -a looks at all sockets"),
                    ("-tan port 9", "no socket (tcp) is of that kind"), ("-t6n", "no connected socket (tcp) is here; -a looks at all sockets, -l at those that listen"),
                    ("-tn --pid 812", "no connected socket (tcp) is of that kind; -a looks at all sockets, -l at those that listen")):
    ours, theirs = pty.openpty()
    result = fake(*words.split(), stdout=theirs)
    t.same(result.err.decode(), "sockview: %s\n" % note, "%s: on a terminal" % words)
    t.same(fake(*words.split()).err, b"", "%s: nothing in a pipe" % words)
    os.close(ours)
    os.close(theirs)

# Sockets that a user of another tool may miss are told to a person: on a terminal, or with -v.
for words, note in (("-tan -A inet", "IPv4 alone"), ("-an", "unix sockets are not listed")):
    ours, theirs = pty.openpty()
    subprocess.run([tap.SOCKVIEW, "--proc-root", tree.root, "--source", "proc", *words.split()], stdout=subprocess.DEVNULL, stderr=theirs)
    t.ok(note in os.read(ours, 65536).decode(), "%s: a note on a terminal" % words)
    t.ok(note.encode() in fake(*words.split(), "-v").err, "%s -v: the note" % words)
    t.ok(note.encode() not in fake(*words.split()).err, "%s: none in a pipe" % words)
    os.close(ours)
    os.close(theirs)
for words, own in (("-u root", b"--user root"), ("-c nosuchprogram", b"--program nosuchprogram"), ("-tu ^root", b"--user ^root")):
    result = tap.sockview(*words.split())
    t.ok(result.status == 2 and own in result.err and not result.out, "%s: %s" % (words, own.decode()), result)
for words in ("-i6 -4", "-i4 --inet6", "tcp:80 and udp:80", "-u state listen", "-t --state unconn", "-4 [::1]:80", "-x tcp:80", "-t udp"):
    result = tap.sockview(*words.split())
    t.ok(result.status == 1, "%s cannot fit: exit 1" % words, result)
result = tap.sockview("-Mtv")
t.ok(result.status == 0 and b"conntrack -L" in result.err, "netstat's -M is noted", result)
for words in ("-rn", "-r -n"):
    t.ok(b"ip route" in fake(*words.split()).err, "%s: netstat's table of routes is named" % words)
t.ok(b"ip route" not in fake("-trn").err, "-trn is of sockets")

plain = fake("-atnp").out
status, shown = on_terminal("-atnp", TERM="xterm-256color")
t.same((status, re.sub(rb"\x1b\[[0-9;]*m", b"", shown)), (0, plain), "on a terminal of 80 columns: the same text")
t.ok(b"\x1b[" in shown, "with colour", shown)
t.ok(re.sub(rb"\x1b\[[1-9;][0-9;]*m[A-Z_0-9]+ *\x1b\[0?m", b"", shown).count(b"\x1b") == 0, "of the state and nothing else", shown)
for words, env in (((), {"TERM": "dumb"}), ((), {"TERM": "xterm", "NO_COLOR": "1"}), (("--color=never",), {"TERM": "xterm"})):
    t.same(on_terminal("-atnp", *words, **env), (0, plain), "on a terminal without colour: %s %s" % (words, env))

quiet = fake("-atnU", "-q")
t.ok(quiet.status == 0 and quiet.err == b"", "-q: no notes", quiet)
# netstat's heading names the kinds that may be among the rows, in whichever way they were asked for.
for words, heading in (("500", "servers and established"), ("--state ^established", "servers and established"),
                       ("state listen", "only servers"), ("--state listen -t", "only servers"),
                       ("-l state established", "w/o servers"), ("state = listen or dport = :50000", "servers and established"),
                       ("-a state listen", "servers and established"), ("dport = :50000", "w/o servers")):
    result = fake("-n", *words.split())
    t.same((result.status, result.lines[0]), (0, "Active Internet connections (%s)" % heading), "the heading of %s" % words)

for words, note in (("-atnc 5 --count 1", "5"), ("-atn --count 1 -c 0.5", "0.5"), ("-atn --count 1 -c 500", None),
                    ("-atnqc 5 --count 1", None), ("-atnc5 --count 1", None)):
    result = fake(*words.split())
    told = ["sockview: '%s' is taken as a filter, as any word is: every %s seconds is -c%s" % (note, note, note)]
    t.same([line for line in result.complaints() if "seconds" in line], told if note else [], "%s: a port and no interval" % words)

# With -c each table is one of its own: where owners decided about the last, and nothing is for them to decide
# in the next, the next says no more than a single look.
line = ["-anv", "sport = :500 or ( sport = :443 and program = one )", "--source=proc", "--proc-root", tree.root]
process = subprocess.Popen([tap.SOCKVIEW, "-c0.1", *line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env=tap.environment(), preexec_fn=tap.die_with_parent)
shown = b""


def tables_of(wanted):
    """Reads on until the output holds what is wanted, or ends."""
    global shown
    while not wanted(shown.split(b"Active ")[1:]):
        part = os.read(process.stdout.fileno(), 65536)
        if not part:
            break
        shown += part
    return shown.split(b"Active ")[1:]


first = tables_of(lambda tables: len(tables) > 1)[0]
t.ok(b":443 " in first and b"without an owner: time-wait" in first, "owners decide: their reasons are told", first)
tree.net("tcp6", fakeproc.TCP6_HEAD, [])
later = tables_of(lambda tables: len(tables) > 1 and b":443 " not in tables[-2])[-2]
process.kill()
process.wait()
single = tap.sockview(*line)
# A machine for which there is no sandbox is told of once.
said = b"".join(line for line in single.err.splitlines(True) if b"no sandbox" not in line)
t.same(b"Active " + later, single.out + said, "nothing for them to decide in the next table: as a single look")
tree.net("tcp6", fakeproc.TCP6_HEAD, TCP6)

bare = fakeproc.FakeProc(os.path.join(tap.scratch(), "bare"))
result = tap.sockview("-atn", "--source=proc", "--proc-root", bare.root)
t.ok(result.status in (0, 3) and result.err.count(b"\n") == 1 and result.err.startswith(b"sockview: "),
     "a /proc without tables is told of in one line", result)

# These FIFOs have no writer: opening one as a file waits for ever.
for name in ("7/comm", "7/cmdline", "7/stat", "7/status", "8/cgroup", "8/exe", "net/sockstat6", "stat"):
    path = tree.path(*name.split("/"))
    if os.path.exists(path):
        os.unlink(path)
    os.mkfifo(path)
os.makedirs(tree.path("sys", "kernel", "random"))
os.mkfifo(tree.path("sys", "kernel", "random", "boot_id"))
for words in ("-atnp", "-atnpp --json", "-atn --format=table --columns=+cgroup,cmdline,exe,age"):
    result = fake(*words.split(), seconds=20)
    t.ok(result.status == 0 and result.out.count(b"\n") > 2, "%s: FIFOs below --proc-root hold nothing up" % words, result)
result = tap.sockview("-ltn", "--proc-root", tree.root, "--record", os.path.join(tap.scratch(), "other"), seconds=20)
t.ok(result.status in (0, 3), "nor when a recording is begun", result)
t.done()
