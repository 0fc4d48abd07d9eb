#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--watch: what each key shows, by the screen of tmux, beside what the sockets of the test are."""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
if tap.missing("tmux"):
    t.skip("the keys", "no tmux here")
    t.done()
    sys.exit()
server_name = "sockview-%d-%s" % (os.getpid(), os.urandom(4).hex())
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
RESET = struct.pack("ii", 1, 0)


def pair():
    one = socket.create_connection(("127.0.0.1", port))
    return one, listener.accept()[0]


def name_of(sock):
    return "127.0.0.1:%d" % sock.getsockname()[1]


def tmux(*args):
    return tap.run(["tmux", "-u", "-L", server_name, "-f", "/dev/null", *args], env={"TERM": "screen", "TMUX": ""})


def screen():
    return tmux("capture-pane", "-p").out.decode(errors="replace")


def wait(true, what):
    """Polls, for half a minute at most; the screen for which it is true."""
    for _ in range(600):
        shown = screen()
        if true(shown):
            t.ok(True, what)
            return shown
        time.sleep(0.05)
    t.ok(False, what, screen())
    return shown


def keys(*names):
    for name in names:
        tmux("send-keys", name)


def rows(shown):
    """The lines between the columns' names and the keys, without marks; words."""
    return [line[2:].split() for line in shown.rstrip("\n").split("\n")[4:-1] if line.strip()]


def column(shown, name):
    heading = shown.split("\n")[3][2:].split()
    return [row[heading.index(name)] for row in rows(shown)]


def watch(more="", locale="C.UTF-8", filter="port %d" % port):
    tmux("send-keys", "-l", "LC_ALL=%s %s -tan --watch=0.3 %s '%s'" % (locale, tap.SOCKVIEW, more, filter))
    keys("Enter")
    wait(lambda shown: "q quit" in shown and "LISTEN" in shown, "it runs (%s %s)" % (more, locale))


def leave():
    keys("q")
    wait(lambda shown: "q quit" not in shown, "it has ended")


started = tmux("new-session", "-d", "-x", "160", "-y", "30", "env PS1='$ ' HISTFILE= bash --norc --noprofile +o history")
if started.status:
    t.skip("the keys", "tmux does not start: %s" % started.err)
    t.done()
    sys.exit()
children = []
try:
    # --- s, r -------------------------------------------------------------------------------------------

    pairs = [pair() for _ in range(4)]
    watch()
    shown = wait(lambda shown: len(rows(shown)) == 9, "nine sockets")
    t.ok("9 sockets;" in shown.split("\n")[0], "which the head says", shown)
    before = column(shown, "LOCAL")
    orders = []
    for _ in range(8):
        keys("s")
        shown = wait(lambda shown: shown.split("\n")[0].partition(";")[0] != (orders[-1] if orders else "9 sockets"),
                     "s: another order")
        orders.append(shown.split("\n")[0].partition(";")[0])
    t.same(orders, ["9 sockets, sorted by " + name for name in
                    ("tx_rate", "rx_rate", "program", "local", "remote", "state", "proto")] + ["9 sockets"],
           "s goes through the columns, rates first")
    t.same(column(shown, "LOCAL"), before, "not sorted: rows have the places they had")
    keys("s", "s", "s", "s")
    shown = wait(lambda shown: "sorted by local" in shown, "by local")
    ports = [int(local.rpartition(":")[2]) for local in column(shown, "LOCAL")]
    t.same(ports, sorted(ports), "rows are in its order")
    keys("r")
    shown = wait(lambda shown: "sorted by local, reversed" in shown, "r reverses")
    t.same([int(local.rpartition(":")[2]) for local in column(shown, "LOCAL")], sorted(ports, reverse=True),
           "rows are in the reverse order")
    keys("s", "s", "s", "s", "r")
    shown = wait(lambda shown: "9 sockets, reversed" in shown, "r without a sort")
    t.same(column(shown, "LOCAL"), before[::-1], "the places in reverse")
    keys("r")

    # --- rates, t, the last minute -------------------------------------------------------------------------

    def send(ends, count):
        ends[0].sendall(b"x" * count)
        left = count
        while left:
            left -= len(ends[1].recv(left))

    send(pairs[1], 7777)
    shown = wait(lambda shown: "LAST MINUTE" in shown and "\u2588" in shown, "a picture of the last minute")
    busy = [line for line in shown.split("\n")[4:-1] if "\u2588" in line]
    t.same(sorted(name_of(end) for end in pairs[1]), sorted(line[2:].split()[1] for line in busy),
           "behind the rows that sent and received")
    keys("t")
    shown = wait(lambda shown: "TX-TOTAL" in shown, "t: totals")
    by_name = dict(zip(zip(column(shown, "LOCAL"), column(shown, "REMOTE")),
                       zip(column(shown, "TX-TOTAL"), column(shown, "RX-TOTAL"))))
    ends = name_of(pairs[1][0]), name_of(listener)
    t.same([by_name.get(ends), by_name.get(ends[::-1])], [("7777B", "0B"), ("0B", "7777B")],
           "as much as was sent since the first look")
    keys("t")
    wait(lambda shown: "TX-RATE" in shown, "t again: rates")

    # --- p, h -----------------------------------------------------------------------------------------------

    program = [sys.executable, "-c", """if True:
        import os, socket, sys
        one = socket.create_connection(("127.0.0.1", %d))
        two = socket.create_connection(("127.0.0.1", %d))
        three = socket.create_connection(("127.0.0.2", %d))
        print("ready", flush=True)
        sys.stdin.read()
    """]

    def named(name, text, ports):
        """A process of that name which has three connections; they are accepted here."""
        child = subprocess.Popen([name, "-c", text % ports], executable=sys.executable, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
        children.append(child)
        accepted = [listener.accept()[0] for _ in range(2)] + [other.accept()[0]]
        child.stdout.readline()
        return child, accepted

    other = socket.create_server(("127.0.0.2", port))
    leaver, accepted = named("leaver", program[2], (port, port, port))
    ours = os.path.basename(sys.executable)
    keys("p")
    shown = wait(lambda shown: ["3", "leaver"] in [row[:2] for row in rows(shown)], "p: by program")
    t.ok(re.match(r"  COUNT  PROGRAM +SUM-TX-RATE +SUM-RX-RATE", shown.split("\n")[3]), "its columns", shown)
    t.ok(sum(int(row[0]) for row in rows(shown)) == 16 and len(rows(shown)) == 2, "each socket in one of them", shown)
    send(pairs[2], 5000)
    keys("t")
    wait(lambda shown: "SUM-TX-TOTAL" in shown and
         any(row[2:4] == ["12.5KiB", "12.5KiB"] for row in rows(shown)), "t: totals of the program")
    keys("t", "p")
    wait(lambda shown: " LOCAL " in shown, "p again: sockets")
    keys("h")
    shown = wait(lambda shown: "REMOTE-ADDRESS" in shown, "h: by remote host")
    t.same({row[1]: row[0] for row in rows(shown)}, {"127.0.0.1": "13", "127.0.0.2": "1"}, "connections of each host")
    keys("h", "p")
    wait(lambda shown: ["3", "leaver"] in [row[:2] for row in rows(shown)], "p once more")
    for one in accepted:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    leaver.kill()
    leaver.wait()
    for one in accepted:
        one.close()
    wait(lambda shown: "COUNT" in shown and "leaver" not in shown, "a process that ended leaves the list")
    keys("p")
    wait(lambda shown: " LOCAL " in shown and "leaver" not in shown and len(rows(shown)) == 10, "and so do its sockets")

    # --- a socket that is handed on ------------------------------------------------------------------------

    heir = """if True:
        import os, socket, sys
        one = socket.create_connection(("127.0.0.1", %d))
        two = socket.create_connection(("127.0.0.1", %d))
        three = socket.create_connection(("127.0.0.2", %d))
        os.set_inheritable(one.fileno(), True)
        if os.fork() == 0:
            os.execv("/proc/self/exe", ["stayer", "-c", "import sys; sys.stdin.read()"])
        print("ready", flush=True)
        sys.stdin.readline()
    """
    giver, accepted = named("giver", heir, (port, port, port))
    wait(lambda shown: column(shown, "PROGRAM").count("giver") == 3, "a process with three sockets")
    giver.kill()
    giver.wait()
    wait(lambda shown: "giver" not in shown and column(shown, "PROGRAM").count("stayer") == 1,
         "it ended, and who else has its socket is shown")
    giver.stdin.close()
    wait(lambda shown: "stayer" not in shown, "until that has ended, too")
    for one in accepted:
        one.close()

    # --- another filter -------------------------------------------------------------------------------------

    keys("/", "C-u")
    tmux("send-keys", "-l", "sport = htp and port 1")
    keys("Enter")
    shown = wait(lambda shown: "unknown service" in shown, "/ with what is no filter")
    lines = shown.rstrip("\n").split("\n")
    at = next(i for i, line in enumerate(lines) if "unknown service" in line)
    t.ok(lines[at + 1].strip() == "sport = htp and port 1" and lines[at + 2].index("^") == lines[at + 1].index("htp"),
         "a caret is under the place", lines)
    t.ok(lines[-1].startswith("/sport = htp and port 1"), "it can be mended", lines)
    keys("C-u")
    tmux("send-keys", "-l", "sport = %d and state = listenx" % port)
    keys("BSpace")
    wait(lambda shown: shown.rstrip("\n").split("\n")[-1].startswith("/sport = %d and state = listen " % port) or
         shown.rstrip("\n").split("\n")[-1] == "/sport = %d and state = listen" % port, "the backspace key")
    keys("Enter")
    shown = wait(lambda shown: "q quit" in shown and len(rows(shown)) == 2, "Enter: its rows alone")
    t.same(sorted(column(shown, "LOCAL")), sorted([name_of(listener), name_of(other).replace("0.1", "0.2")]),
           "which are the listeners")
    t.ok(all(line.startswith("  ") for line in shown.split("\n")[4:6]), "none is marked as new", shown)
    keys("/", "C-u")
    tmux("send-keys", "-l", "sport = 1")
    keys("Escape")
    shown = wait(lambda shown: "q quit" in shown, "Escape")
    t.same(len(rows(shown)), 2, "leaves the filter as it was")
    keys("/", "C-u")
    tmux("send-keys", "-l", "port %d and state = established" % port)
    keys("Enter")
    wait(lambda shown: "q quit" in shown and len(rows(shown)) == 8 and set(column(shown, "STATE")) == {"ESTABLISHED"},
         "and another one")
    keys("?")
    wait(lambda shown: all(re.search("^%s  " % re.escape(key), shown, re.M) for key in ("q", "space", "s", "r", "/", "p", "h", "t", r"?")),
         "? names each key")
    keys("?")
    leave()

    # --- the interfaces --------------------------------------------------------------------------------------

    PEER = """if True:
        import os, socket, sys, threading
        print("made", flush=True)
        sys.stdin.readline()
        for words in ("addr add 10.99.0.2/24 dev w1", "link set w1 up", "link set lo up"):
            os.system("ip " + words)
        one = socket.create_server(("10.99.0.2", 0))
        print(one.getsockname()[1], flush=True)
        end = one.accept()[0]
        threading.Thread(target=lambda: [None for _ in iter(lambda: end.recv(1 << 20), b"")], daemon=True).start()
        sys.stdin.read()
    """
    peer = subprocess.Popen([sys.executable, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            preexec_fn=lambda: (netns.unshare(netns.CLONE_NEWNET), tap.die_with_parent()))
    children.append(peer)
    peer.stdout.readline()
    for words in ("link add w0 type veth peer name w1 netns %d" % peer.pid, "addr add 10.99.0.1/24 dev w0", "link set w0 up"):
        tap.run(["ip", *words.split()])
    peer.stdin.write(b"\n")
    peer.stdin.flush()
    far = socket.create_connection(("10.99.0.2", int(peer.stdout.readline())))
    noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    noise.connect(("10.99.0.2", 9))
    watch(filter="port %d or dst 10.99.0.2" % port)

    def share(shown):
        found = re.search(r"but lo: tx (\S+?)(?:, (\d+) % in rows)?; rx", shown)
        return int(found.group(2)) if found and found.group(2) else None

    def datagrams():
        for _ in range(200):
            try:
                noise.send(bytes(1400))
            except OSError:         # refused
                pass

    wait(lambda shown: (far.sendall(bytes(200000)) or True) and (share(shown) or 0) > 80,
         "what goes over an interface is of the rows")
    wait(lambda shown: (far.sendall(bytes(20000)), datagrams()) and 0 < (share(shown) or 0) < 30,
         "UDP beside it is not, which the share says")
    wait(lambda shown: (send(pairs[0], 500000) or True) and "kB/s" in shown.split("\n")[0].replace("MB", "kB") and
         re.search(r"but lo: tx \d+(\.\d+)?B/s|but lo: tx 0B/s", shown) and not (share(shown) or 0) > 80,
         "nor does what goes over lo count")
    leave()
    far.close()

    # --- other locales, wide characters, a narrow screen ----------------------------------------------------

    watch(locale="C")
    shown = wait(lambda shown: "LAST MINUTE" in shown and (send(pairs[0], 100000) or True) and
                 re.search(r"tcp +[1-9]+$", shown, re.M), "digits where the locale has no UTF-8")
    t.ok(not re.search("[\u2581-\u2588]", shown), "and no blocks", shown)
    leave()

    wide = subprocess.Popen(["\u65e5\u672c\u8a9e", "-c", "import socket,sys\n"
                             "one = socket.create_connection(('127.0.0.1', %d))\nprint('ready', flush=True)\nsys.stdin.read()" % port],
                            executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            preexec_fn=tap.die_with_parent)
    children.append(wide)
    accepted = [listener.accept()[0]]
    wide.stdout.readline()

    def cells(text):
        """As many cells as tmux gave it: it pads nothing."""
        return sum(2 if ord(c) > 0x2e80 else 1 for c in text)

    watch()
    shown = wait(lambda shown: "\u65e5\u672c\u8a9e" in shown, "a program's name of wide characters")
    lines = [line for line in shown.split("\n")[4:-1] if "127.0.0.1" in line]
    t.same({cells(line[:line.index("127.0.0.")]) for line in lines}, {cells(shown.split("\n")[3].partition("LOCAL")[0])},
           "columns are in line", shown)
    for width, height in ((80, 24), (20, 6), (300, 50)):
        tmux("resize-window", "-x", str(width), "-y", str(height))
        shown = wait(lambda shown: len(shown.rstrip("\n").split("\n")) == height and
                     shown.rstrip("\n").split("\n")[-1].startswith("q quit") and "LOCAL" in (shown if width > 20 else "LOCAL"),
                     "%d columns, %d lines" % (width, height))
        t.ok(max(map(cells, shown.split("\n"))) <= width and len(re.findall("^q quit", shown, re.M)) == 1,
             "%d columns: no line is longer" % width, shown)
    leave()
finally:
    tmux("kill-server")
    for child in children:
        child.kill()
        child.wait()
t.done()
