#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sockview, ss, netstat and lsof on the same sockets, in one run.

Usage: bench.py small|quiet|200k|3000p|1m|corners|fds|watch|netns|exposure   (by `make bench BENCH=...`)

Builds the load in a network namespace of its own, runs every command in turn,
round after round, drops the first round and prints the medians. A command
that takes over 60 s is cut, said to be cut, and not run again. SOCKVIEW and
BUILD in the environment say what to run; ROUNDS how often; FAMILY=6 makes the
load's sockets IPv6.

A run waits for a quiet moment, and if other programs took more than a
twentieth of the CPUs meanwhile it is taken again, up to five times, while two
minutes of patience a table last; what stayed disturbed is counted under it.

`corners` is what is fast by a way of its own: filters by owner, the first
rows, details, cgroups, a dump in parts, namespaces without a socket, unix
sockets, and owners while a client connects 200 times a second. `fds` is one
process with all of the descriptors. TABLE in the environment names the tables
to make, by the beginning of their titles.

`watch` is what looks again and again: of the CPU time of eleven looks less that of
one, a tenth is a tick, of which there is one a second: under 0.15 s.

`netns` (root alone) is a look at 1,000 network namespaces, each with a name and
a listener, beside the loop that one would write around ss.

`exposure` (root alone) is who can reach 200 listeners by 1,000 rules, once of the filter and once of NAT, beside
what one would read by oneself: the rules and the listeners.

`small` and `quiet` also say how long after listen() a --wait-for ends: within
100 ms, as it looks 20 times a second; and what an event costs --events.

With `small` the times mean nothing; that every tool found what the load holds
is checked for each size.
"""
import os
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT = 60
TRIES = 5
PATIENCE = 120
DISTURBED = 0.05

# processes, connections in each, other files in each, rounds
SIZES = {
    "small": (4, 50, 10, 3),
    "quiet": (10, 10, 10, 8),
    "200k": (20, 5000, 0, 8),
    "3000p": (3000, 8, 57, 8),
    "1m": (100, 5000, 0, 6),
    "corners": (20, 5000, 0, 6),
    "fds": (1, 9400, 0, 8),
    "watch": (50, 500, 0, 6),
    "netns": (20, 50, 10, 3),
    "exposure": (20, 50, 10, 8),
}
NAMESPACES = 1000
LISTENERS, RULES = 200, 1000
CGROUPS = 1500
UNIX_PAIRS = 9000

SOCKVIEW = os.environ["SOCKVIEW"]
BUILD = os.environ["BUILD"]
CONNECTS = os.path.join(BUILD, "tests/helpers/connects")


def tool(name):
    return os.path.join(BUILD, "tests/bench", name)


def row_count(path, pattern):
    with open(path, errors="replace") as lines:
        return sum(1 for line in lines if re.search(pattern, line))


def busy_seconds():
    """CPU time all programs have taken since boot."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Patience:
    """Seconds left to wait for other programs, in all."""

    def __init__(self, seconds):
        self.left = seconds

    def wait_for_quiet(self):
        """Until others take next to nothing for a moment. False if patience has run out."""
        begin = time.monotonic()
        while time.monotonic() - begin < self.left:
            busy = busy_seconds()
            time.sleep(0.3)
            if busy_seconds() - busy <= 0.02:
                break
        self.left -= time.monotonic() - begin
        return self.left > 0


class Measured:
    """One run of a command."""

    def __init__(self, argv, output):
        busy, begin = busy_seconds(), time.monotonic()
        line = subprocess.run([tool("measure"), str(LIMIT), output, *argv], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wall, cpu, peak, self.status = line.stdout.split()
        self.seconds, self.cpu, self.peak, self.said = float(wall), float(cpu), int(peak), line.stderr
        # Ticks are coarse: short runs cannot be judged, and are too short to be disturbed often.
        others = busy_seconds() - busy - float(cpu) - 0.03
        self.disturbed = others > DISTURBED * os.cpu_count() * (time.monotonic() - begin)


class Command:
    """One line of the table. `rows`: what counts as a row in its output, None for none."""

    def __init__(self, name, argv, rows=None):
        self.name, self.argv, self.rows = name, argv, rows
        self.times, self.cpus, self.peaks = [], [], []
        self.cut, self.missing, self.found, self.disturbed = False, None, None, 0

    def run(self, output, patience):
        for _ in range(TRIES):
            patient = patience.wait_for_quiet()
            run = Measured(self.argv, output)
            if not patient or not run.disturbed or run.status == "cut":
                break
        self.disturbed += run.disturbed
        self.peaks.append(run.peak)
        if run.status == "cut":
            self.cut = True
        elif run.status not in ("0", "1"):
            self.missing = (run.said.strip().splitlines() or ["exit status " + run.status])[-1]
        else:
            self.times.append(run.seconds)
            self.cpus.append(run.cpu)

    def median(self, values=None):
        values = self.times if values is None else values
        kept = values[1:] if len(values) > 1 else values
        return statistics.median(kept) if kept and not self.cut and not self.missing else None


TCP_ROW = r"^tcp"
SS_ROW = r"^(ESTAB|LISTEN|UNCONN|TIME-WAIT|FIN|CLOSE|SYN|LAST)"
LSOF_ROW = r" TCP "


def floors(walk):
    lines = [Command("floor of the dump", [tool("floor_dump")])]
    if walk:
        lines.append(Command("floor of the walk, 2 threads", [tool("floor_walk")]))
    return lines


def ours(*options, name=None, rows=TCP_ROW):
    return Command(name or "sockview " + " ".join(options), [SOCKVIEW, *options], rows)


def peers(options, lsof=None):
    lines = [Command("ss " + options, ["ss", *options.split()], SS_ROW),
             Command("netstat " + options, ["netstat", *options.split()], TCP_ROW)]
    if lsof:
        lines.append(Command("lsof " + lsof, ["lsof", *lsof.split()], LSOF_ROW))
    return lines


def owners(options, lsof):
    return [ours(options, "--owners-from", "proc"), ours(options, "--owners-from", "bpf"), ours(options),
            *peers(options, lsof)]


def formats():
    return [ours("-atn", "--jsonl", rows=r"^\{"), ours("-atn", "--csv", rows=r"^.?tcp"),
            ours("-atn", "--json", rows=None)]


def one_port(port):
    return [Command("sockview -tan sport = :%d" % port, [SOCKVIEW, "-tan", "sport", "=", ":%d" % port], TCP_ROW),
            Command("ss -tan sport = :%d" % port, ["ss", "-tan", "sport", "=", ":%d" % port], SS_ROW)]


def first_rows(*argv):
    """Until three lines are there; the program ends by its next write, for which nothing waits."""
    return Command("first rows of " + " ".join([os.path.basename(argv[0]), *argv[1:]]),
                   ["bash", "-c", 'head -n 3 < <("$@")', "bash", *argv])


def health():
    """Beside two dumps of what it asks for: all states but BOUND; memory, TCP's internals (INET_DIAG_INFO and _SKMEMINFO)."""
    return ("health", None, [Command("floor of two dumps with details", [tool("floor_dump"), "ffe", "42", "2"]),
                             ours("--health=0.001", rows=None)], False)


def corners(pid, port):
    """Tables as those of tables(), and what stands beside them meanwhile: True for a client that connects."""
    beside = [("%s beside %s" % (ours, theirs), None, [Command("sockview " + ours, [SOCKVIEW, *ours.split()], TCP_ROW),
                                                     Command("ss " + theirs, ["ss", *theirs.split()])], False)
              for ours, theirs in (("-atnm", "-atnm"), ("-atnI", "-atni"), ("-atnee", "-atne"),
                                   ("-atn --format=table", "-atn"))]
    pids = [*floors(False), ours("-atn", "--pid", str(pid)), ours("-atnp", "--pid", str(pid)),
            ours("-atnpp", "--pid", str(pid)), Command("lsof of the pid", ["lsof", "-nP", "-a", "-iTCP", "-p", str(pid)])]
    # The bench itself has no TCP socket.
    idle = [ours("-atnp", "--pid", str(os.getpid())),
            Command("lsof of the pid", ["lsof", "-nP", "-a", "-iTCP", "-p", str(os.getpid())])]
    program = [ours("-atnp", "--program", "nosuch"), Command("lsof of the program", ["lsof", "-nP", "-a", "-iTCP", "-c", "nosuch"])]
    # A socket may be of a user whom no process runs as, which lsof does not see: the floor is the kernel's dump.
    user = [*floors(False), ours("-atnp", "--user", "nobody"),
            Command("lsof of the user", ["lsof", "-nP", "-a", "-iTCP", "-u", "nobody"]),
            Command("netstat -atne and grep", ["bash", "-c", "netstat -atne | grep ' 65534 '"])]
    filtered = [ours("-atnp", "--pid", str(pid)), ours("-atnp", "--program", "load", "sport = :%d" % port)]
    alone, child = ["unshare", "-n"], ["unshare", "-pf", "--mount-proc"]
    return [
        ("first rows", None, [first_rows(SOCKVIEW, "-atn"), first_rows("ss", "-atn"), first_rows("netstat", "-atn")], False),
        *beside,
        ("one pid", None, pids, False),
        ("a pid without a TCP socket", None, idle, False),
        ("a program that does not run", None, program, False),
        ("a user without a socket", None, user, False),
        ("by owner", None, filtered, False),
        # The client leaves TIME_WAIT behind: what counts the sockets comes before.
        ("owners", "all", [ours("-atnp"), ours("-atnp", "--owners-from", "proc")], False),
        ("a dump in parts", "all", [*floors(False), ours("-atn"), ours("-atn", "--x-parts=1"), ours("-atnp"), ours("-tn", rows=None),
                                    ours("-tn", "--x-parts=1", rows=None)], False),
        ("by owner, 200 connects a second", None, filtered, True),
        ("owners, 200 connects a second", None, [ours("-atnp"), ours("-atnp", "--owners-from", "proc")], True),
        health(),
        ("unix sockets", None, [ours("-ax", rows=None), *[Command(tool + " -ax", [tool, "-ax"]) for tool in ("ss", "netstat")],
                                *[ours("-ax", "--format", form, rows=None) for form in ("csv", "tsv", "json", "jsonl", "table")]],
         UnixSockets),
        ("owners in an empty network namespace beside them", None,
         [within(alone, "-tnp"), within(alone, "-tnp", "--owners-from", "proc"), within(alone, "-tn")], False),
        ("owners in a pid namespace of its own", None,
         [within(child, "-tnp"), within(child, "-tnp", "--owners-from", "proc"), within(child, "-tn")], False),
        ("%d cgroups, and no socket of theirs" % CGROUPS, None,
         [within(alone, "-ltnee"), Command("unshare -n ss -ltne", [*alone, "ss", "-ltne"]), within(alone, "-ltn")], Cgroups),
        ("memory", None, [ours("-atnp", rows=None), ours("-nPi", rows=None), ours("-atnI", rows=None), ours("-atn", rows=None),
                          Command("lsof -nPi", ["lsof", "-nPi"])], False),
    ]


def within(way, *options):
    """Ours, behind a command that goes elsewhere first."""
    return Command(" ".join([*way, "sockview", *options]), [*way, SOCKVIEW, *options])


def one_process(pid):
    """
    Its descriptors read by as many threads as CPUs, by one, and by the peers; the dump is in each. What the kernel
    lets two threads win at most is what a bare loop wins by them.
    """
    one_cpu = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    return [("one process", "all", [ours("-atnp", "--owners-from", "proc"), within(one_cpu, "-atnp", "--owners-from", "proc"),
                                    ours("-atn"), within(one_cpu, "-atn"), *peers("-atnp", "-nP -iTCP")], False),
            ("a bare loop over one process's descriptors", None,
             [Command("%d thread%s" % (threads, "s" * (threads > 1)), [tool("floor_walk"), str(threads), str(pid)]) for threads in (1, 2)], False)]


def totals():
    """Counting beside the listing of what is counted, and the pipelines that are written for it."""
    hosts = "awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -nr"
    return [*floors(False), ours("-atn", rows=None), ours("-atn", "--group-by", "remote_address", rows=None),
            *[Command("%s -atn, and awk, cut, sort, uniq" % name, ["bash", "-c", "%s -atn | %s" % (name, hosts)])
              for name in ("ss", "netstat")],
            ours("-atnp", rows=None), ours("--summary", rows=None), Command("ss -s", ["ss", "-s"])]


def ticks():
    """Each twice: one look, and ten more."""
    return [[ours(*options, "--count", str(count), rows=None) for count in (1, 11)]
            for options in (("-atn", "--watch=0.1"), ("-atn", "-c0.1", "--columns", "local,remote,tx_rate,rx_rate"))]


def namespaces():
    loop = "for name in $(ip netns list | cut -d' ' -f1); do ip netns exec $name ss -Hltnp; done"
    return [("%d network namespaces" % NAMESPACES, None,
             [ours("-N", "all", "-ltnp"), ours("-ltnp"), ours("-N", "all", "-atnp"), ours("--list-netns", rows=None),
              Command("ip netns exec ... ss -ltnp, one by one", ["bash", "-c", loop])], False)]


def exposures():
    by_oneself = Command("nft list ruleset, and sockview -ltnp", ["bash", "-c", "nft list ruleset; exec \"$0\" -ltnp", SOCKVIEW])
    return [ours("--exposure", "-t", rows=r"^tcp +3[0-9]{4} "), by_oneself, ours("-ltnp", rows=None)]


def tables(size, port, pid):
    """(title, number of sockets it must show or None, commands)"""
    everything = [
        ("-atn", "all", [*floors(False), ours("-atn"), *peers("-atn")]),
        ("-atn in other formats", "all", [ours("-atn"), *formats()]),
        ("-atnp", "all", [*floors(True), *owners("-atnp", "-nP -iTCP")]),
        ("-ltn", "listening", [ours("-ltn"), *peers("-ltn")]),
        ("-ltnp", "listening", [*floors(True)[1:], *owners("-ltnp", "-nP -iTCP -sTCP:LISTEN")]),
        ("one port", "port", one_port(port)),
        ("totals", None, totals()),
        ("why a port is taken", None, [ours("-ltnp", rows=None), ours("--explain", str(port), rows=None)]),
    ]
    if size == "corners":
        return corners(pid, port)
    if size == "fds":
        return one_process(pid)
    if size == "watch":
        return [("--watch", None, ticks()[0], False), ("-c with rates", None, ticks()[1], False)]
    if size == "netns":
        return namespaces()
    if size == "exposure":
        return [("--exposure, %d rules of %s" % (RULES, kind), "exposed", exposures(), False) for kind in KINDS]
    chosen = {
        "small": [*everything, health()[:3]],
        "quiet": [everything[3]],
        "200k": [*(everything[i] for i in (0, 1, 2, 5, 6)), health()[:3]],
        "3000p": [everything[i] for i in (4, 7)],
        "1m": [*(everything[i] for i in (0, 2, 6)), ("-nPi", None, [ours("-nPi", rows=None)])],
    }
    return [(*table, False) for table in chosen[size]]


class Client:
    """Connects and closes until it is told to end, beside a listener whose descriptor is in flight: no process has it."""

    def __init__(self):
        self.ends = socket.socketpair()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            socket.send_fds(self.ends[0], [b"x"], [listener.fileno()])
        self.child = subprocess.Popen([CONNECTS, "200", "3600"],
                                      stdout=subprocess.PIPE)
        self.child.stdout.readline()

    def end(self):
        self.child.terminate()
        self.child.communicate()
        for end in self.ends:
            end.close()


class UnixSockets:
    """Pairs, and a listener with a name for every fiftieth of them."""

    def __init__(self):
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            kept = []
            for number in range(min(UNIX_PAIRS, (hard - 100) // 3)):
                kept.append(socket.socketpair())
                if number % 50 == 0:
                    server = socket.socket(socket.AF_UNIX)
                    server.bind("\0bench-%d-with-a-name" % number)
                    server.listen()
                    kept.append(server)
            os.write(write, b"ready")
            signal.pause()
            os._exit(0)
        os.close(write)
        os.read(read, 8)
        os.close(read)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Cgroups:
    """As many as a host with many services has, below one of their own; none where that is not allowed."""

    def __init__(self):
        self.made = []
        folder = "/sys/fs/cgroup/sockview-bench-%d" % os.getpid()
        try:
            os.mkdir(folder)
            self.made.append(folder)
            for number in range(CGROUPS):
                os.mkdir("%s/%d" % (folder, number))
                self.made.append("%s/%d" % (folder, number))
        except OSError as error:
            print("\ncgroups cannot be made here: %s" % error.strerror)

    def end(self):
        for path in reversed(self.made):
            os.rmdir(path)


class Namespaces:
    """Made and held by a child, which is in none of them; their names are in this mount namespace alone."""

    def __init__(self, count):
        subprocess.run("mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/netns", shell=True, check=True)
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
            import netns
            resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
            kept = []
            for number in range(count):
                netns.unshare(netns.CLONE_NEWNET)
                open("/run/netns/bench%d" % number, "w").close()
                netns.bind_mount("/proc/self/ns/net", "/run/netns/bench%d" % number)
                kept.append(socket.create_server(("0.0.0.0", 80)))
            os.write(write, b"ready")
            signal.pause()
            os._exit(0)
        os.close(write)
        if os.read(read, 8) != b"ready":
            sys.exit("bench: the namespaces do not stand")
        os.close(read)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


# Every fifth port has a listener. Rules on one port each, as scripts and docker-proxy's masters make them.
KINDS = {
    "the filter": "chain c { type filter hook input priority 0; policy drop;\nct state established accept\n%s\n}\n" %
                  "\n".join("ip saddr != 192.0.2.%d tcp dport %d counter accept" % (number % 250, 30000 + number) for number in range(RULES)),
    "NAT": "chain c { type nat hook prerouting priority -100; policy accept;\n%s\n}\n" %
           "\n".join("tcp dport %d dnat to 10.1.0.2:80" % (31000 + number) for number in range(RULES)),
}


class Rules:
    """Listeners on every address, two interfaces, and in turn each kind of rules."""

    def __init__(self):
        for link in ("bench1", "bench2"):
            subprocess.run("ip link add %s type veth peer name %s-p && ip addr add 10.%s.0.1/24 dev %s && ip link set %s up && ip link set %s-p up"
                           % (link, link, link[-1], link, link, link), shell=True, check=True)
        self.sockets = [socket.create_server(("0.0.0.0", 30000 + 5 * number)) for number in range(LISTENERS)]
        self.rows = {"the filter": LISTENERS, "NAT": LISTENERS + RULES}

    def begin(self, title):
        kind = next(kind for kind in KINDS if title.endswith(kind))
        subprocess.run(["nft", "-f", "-"], input="flush ruleset\ntable ip bench {\n%s}\n" % KINDS[kind], text=True, check=True)
        return self.rows[kind]


class Load:
    def __init__(self, size):
        self.processes, self.connections, fillers, _ = SIZES[size]
        self.child = subprocess.Popen([os.path.join(BUILD, "tests/helpers/load"), str(self.processes),
                                       str(self.connections), str(fillers), os.environ.get("FAMILY", "4")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, sockets, fds, port = self.child.stdout.readline().split() or (None, 0, 0, 0)
        if word != "ready":
            sys.exit("bench: the load does not stand")
        self.sockets, self.fds, self.port = int(sockets), int(fds), int(port)

    def expected(self, what):
        return {"all": self.sockets, "listening": self.processes, "port": self.connections + 1}[what]

    def holder(self):
        """The pid of one of the processes that have the sockets."""
        with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid)) as children:
            return int((children.read().split() or [self.child.pid])[-1])

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def check_rows(command, expected, output):
    """Every tool must have shown what the load holds; a tool that did not is no comparison."""
    if command.rows is None or command.cut or command.missing or expected is None:
        return True
    command.found = row_count(output, command.rows)
    if command.found == expected:
        return True
    print("bench: %s shows %d rows, the load has %d" % (command.name, command.found, expected), file=sys.stderr)
    return not command.name.startswith("sockview")


def run_table(commands, expected, rounds, scratch):
    good, patience = True, Patience(PATIENCE if rounds > SIZES["small"][3] else 0)
    for turn in range(rounds):
        for command in commands:
            if command.cut or command.missing:
                continue
            output = os.path.join(scratch, "out") if turn == 0 else "/dev/null"
            command.run(output, patience if turn else Patience(0))
            if turn == 0:
                good = check_rows(command, expected, output) and good
    return good


def times(median, base):
    return "%.2f" % (median / base) if median and base else ""


def print_table(title, commands):
    floor = [c.median() for c in commands if c.name.startswith("floor")]
    floor = sum(floor) if floor and None not in floor else None
    mine = next((c.median() for c in commands if "sockview" in c.name), None)
    print("\n### `%s`\n" % title)
    print("| command | median | CPU | x floor | x sockview | peak memory |")
    print("|---|---:|---:|---:|---:|---:|")
    for command in commands:
        median = command.median()
        if command.cut:
            shown = "cut at %d s" % LIMIT
        elif command.missing:
            shown = "not run: " + command.missing
        else:
            shown = "%.4f s" % median
        peak = "%.1f MB" % (max(command.peaks) / 1024) if command.peaks else ""
        cpu = "%.4f s" % command.median(command.cpus) if median is not None else ""
        print("| `%s` | %s | %s | %s | %s | %s |" % (command.name, shown, cpu, times(median, floor),
                                                     times(median, mine), peak))
    disturbed = sum(command.disturbed for command in commands)
    if disturbed:
        print("\n%d of %d runs were disturbed by other programs." %
              (disturbed, sum(len(command.peaks) for command in commands)))


def waits(rounds):
    """Milliseconds from listen() to the end of a --wait-for that waits for it."""
    late = []
    for number in range(rounds):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            waiting = subprocess.Popen([SOCKVIEW, "--wait-for", str(server.getsockname()[1]), "--for", str(LIMIT)])
            # Anywhere between two of its looks, which are 50 ms apart.
            time.sleep(0.3 + 0.05 * number / rounds)
            server.listen()
            begun = time.monotonic()
            status = waiting.wait()
            late.append(1000 * (time.monotonic() - begun))
            if status:
                sys.exit("bench: --wait-for ended with %d" % status)
    return late


def print_waits(rounds):
    """False if the median is over what is promised."""
    late = waits(rounds)
    print("\n### `--wait-for`: from listen() to its end\n")
    print("median %.0f ms, the longest of %d %.0f ms; 100 ms at most are promised" % (statistics.median(late), rounds, max(late)))
    return statistics.median(late) <= 100


def on_cpu(pid):
    """(nanoseconds on a CPU, times that it slept) of a process of one thread."""
    with open("/proc/%d/schedstat" % pid) as file:
        spent = int(file.read().split()[0])
    with open("/proc/%d/status" % pid) as file:
        return spent, int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.M)[1])


def watch_events(form, seconds):
    """(why not by BPF, wake-ups a second while nothing happens, events told, microseconds of CPU for each)."""
    with tempfile.TemporaryFile() as out:
        watch = subprocess.Popen([SOCKVIEW, "-E", "-v", "--for", str(LIMIT), *form], stdout=out, stderr=subprocess.PIPE, text=True)
        said = ""
        for line in watch.stderr:
            said += line
            if line == "sockview: watching\n":
                break
        try:
            if "a look every" in said:
                return said.splitlines()[0], 0, 0, 0
            _, before = on_cpu(watch.pid)
            time.sleep(2)
            idle, after = on_cpu(watch.pid)
            subprocess.run([CONNECTS, "20000", str(seconds)], stdout=subprocess.DEVNULL, check=True)
            time.sleep(0.5)
            busy, _ = on_cpu(watch.pid)
            watch.terminate()
            said += watch.stderr.read()
        finally:
            watch.kill()
            watch.wait()
    told = int(re.search(r"(\d+) events told", said)[1])
    return "", (after - before) / 2, told, (busy - idle) / 1000 / max(told, 1)


def print_events(seconds):
    """False if it wakes up more often than its timer has it, which is every 50 ms at most."""
    print("\n### `--events`: CPU time of its own, beside as many connections as the machine makes\n")
    good = True
    for form in ([], ["--jsonl"], ["--csv"]):
        why, wakes, told, each = watch_events(form, seconds)
        if why:
            print(why)
            return True
        print("%-8s idle: %.1f wake-ups a second; %d events, %.2f us each (1 us is promised)" % (" ".join(form) or "text", wakes, told, each))
        good = good and wakes <= 25
    return good


def describe(size, load):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
               platform.machine())
    print("## %s: %d TCP sockets, %d fds, %d processes" % (size, load.sockets, load.fds, load.processes))
    print("\n%s, %d CPUs, Linux %s, %s" % (cpu, len(os.sched_getaffinity(0)), platform.release(), time.strftime("%Y-%m-%d")))
    for name, argv in (("ss", ["ss", "-V"]), ("netstat", ["netstat", "--version"]), ("lsof", ["lsof", "-v"])):
        if not shutil.which(name):
            print("%s is not installed" % name)
            continue
        said = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        version = re.search(r"iproute2-\S+|net-tools \S+|revision: \S+", said)
        print("%s: %s" % (name, version.group(0) if version else "?"))


def main():
    size = sys.argv[1] if len(sys.argv) > 1 else "small"
    if size not in SIZES:
        sys.exit("bench: BENCH is one of " + " ".join(SIZES))
    if os.environ.get("BENCH_INSIDE") != "1":
        how = ["unshare", "-nm" if size == "netns" else "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
        os.environ["BENCH_INSIDE"] = "1"
        os.execvp("unshare", [*how, sys.executable, os.path.abspath(__file__), size])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rounds = int(os.environ.get("ROUNDS", SIZES[size][3]))
    good = True
    load = Load(size)
    others = Namespaces(NAMESPACES) if size == "netns" else None
    rules = Rules() if size == "exposure" else None
    try:
        describe(size, load)
        with tempfile.TemporaryDirectory() as scratch:
            for title, what, commands, beside in tables(size, load.port + load.processes // 2, load.holder()):
                if not title.startswith(tuple(os.environ.get("TABLE", "").split(","))):
                    continue
                client = (Client if beside is True else beside)() if beside else None
                expected = rules.begin(title) if rules else load.expected(what) if what else None
                commands = [c for c in commands if shutil.which(c.argv[0])]
                # A few milliseconds each: more rounds cost nothing and calm the median.
                turns = 5 * rounds if title == "-ltn" and size != "small" else rounds
                try:
                    good = run_table(commands, expected, turns, scratch) and good
                finally:
                    if client:
                        client.end()
                print_table(title, commands)
                sys.stdout.flush()
        if size in ("small", "quiet") and not print_waits(20):
            sys.exit("bench: --wait-for ends late")
        if size in ("small", "quiet") and not print_events(1 if size == "small" else 5):
            sys.exit("bench: --events wakes up while nothing happens")
    finally:
        # It has the pipe that the load's end is told by, too.
        if others:
            others.end()
        load.end()
    if not good:
        sys.exit("bench: sockview did not show every socket")


if __name__ == "__main__":
    main()
