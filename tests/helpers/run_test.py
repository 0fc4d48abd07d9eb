#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run_test - runs one test program for prove, and ends it, alone, when it hangs.

    prove --exec 'python3 tests/helpers/run_test.py' tests/live/netstat.t build/release/tests/unit/test_rows

No bound is on the clock alone: a busy machine makes a test slow, and a slow test
is not a failed one. A test hangs when it printed nothing for IDLE_SECONDS while
its processes used less than BUSY_SECONDS of CPU, or when they used CPU_SECONDS
in all. It then fails with that reason, its processes are ended, and prove goes on.

What a test started is what descends from it: this process is a subreaper
(prctl(2)), so that an orphan stays below it, and so does the first process of a
pid namespace. Processes that are left when the test has ended are ended, too.

A test is started in a session of its own with /dev/null as its input; a cmocka
program is told to print TAP.
"""
import argparse
import ctypes
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time

IDLE_SECONDS, CPU_SECONDS = 120, 300
BUSY_SECONDS = 1            # less is what a process uses that waits and polls
GRACE_SECONDS = 5           # between SIGTERM, on which a script removes its files, and SIGKILL
LOOK_SECONDS = 2            # between two looks at the CPU that was used
DRAIN_BYTES = 1 << 20
DETAILS_MAX = 12            # comments that are kept with a failure
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TICKS = os.sysconf("SC_CLK_TCK")

libc = ctypes.CDLL(None, use_errno=True)


def stats():
    """{pid: (parent, CPU ticks it and the children it waited for have used)} of all processes."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                fields = file.read().rpartition(b") ")[2].split()
        except OSError:         # it ended meanwhile
            continue
        # From the third on: state, ppid, ... utime, stime, cutime, cstime (proc(5)).
        found[int(name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return found


def descendants(found):
    """The pids below this process."""
    children = {}
    for pid, (parent, _) in found.items():
        children.setdefault(parent, []).append(pid)
    below, todo = [], [os.getpid()]
    while todo:
        below += children.get(todo[-1], ())
        todo = todo[:-1] + children.get(todo[-1], [])
    return below


def cpu_used():
    """Seconds of CPU that the test's processes have used: those waited for here, and those that live."""
    found = stats()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(found[pid][1] for pid in descendants(found)) / TICKS


class Test:
    def __init__(self, argv):
        self.name = argv[0]
        self.numbers = 0            # the results printed so far
        self.planned = False
        self.line = b""             # the last one, as far as it was printed
        self.skipped = None
        self.details = 0            # so many more comments belong to the last failure
        output, write = os.pipe()
        # A byte arrives with SIGCHLD, so that the end of the test is not polled for.
        wake, woken = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.output, self.wake = output, wake
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=write, start_new_session=True,
            env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP"),
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
        os.close(write)

    def say(self, data):
        """Passes lines on as they are completed."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            line = self.as_tap(line)
            self.numbers += bool(re.match(rb"(not )?ok\b", line))
            self.planned = self.planned or bool(re.match(rb"1\.\.\d", line))
            if b"# SKIP" in line:
                self.note("SKIPPED_TO", line)
            elif line.startswith(b"not ok"):
                self.note("FAILED_TO", line)
                self.details = DETAILS_MAX
            elif line.startswith(b"#") and self.details:
                self.note("FAILED_TO", line)
                self.details -= 1
            rest = line + b"\n"
            while rest:
                rest = rest[os.write(1, rest):]

    def end_line(self):
        """A line that a test left without its end is a line, too."""
        if self.line:
            self.say(b"\n")

    def as_tap(self, line):
        """
        Of a skipped test cmocka 1.1.5 says "not ok 3 # SKIP name", which is a failure to prove, 1.1.7 "ok 3 # SKIP name"
        and 2.0 "ok 3 - name # SKIP". The reason is in a comment "# skipped: ..." that the program printed before
        (tests/unit/skip.h). A skip without one is a failure.
        """
        told = re.fullmatch(rb"# skipped: (.*)", line)
        if told:
            self.skipped = told[1]
            return line
        if not re.match(rb"(not )?ok\b", line):
            return line
        reason, self.skipped = self.skipped, None
        skip = re.fullmatch(rb"not ok (\d+) # SKIP (.*)", line) or re.fullmatch(rb"ok (\d+)(?: - (.*?))? # SKIP\s*", line) or \
            reason and re.fullmatch(rb"ok (\d+) # SKIP (\w+)", line)
        if not skip:
            return line
        if not reason:
            return b"not ok %s - %s: skipped, and it does not say why" % (skip[1], skip[2] or b"")
        return b"ok %s - %s # SKIP %s" % (skip[1], skip[2] or b"", reason)

    def note(self, variable, line):
        """
        To the file that the variable names, if there is one: prove counts what was skipped and keeps the reasons to
        itself, and of a long output the end alone may be kept, where a failure stands no more.
        """
        path = os.environ.get(variable)
        if path:
            with open(path, "ab") as file:
                file.write(b"%s: %s\n" % (os.fsencode(self.name), line))

    def listen(self, seconds):
        """
        Waits that long at most for the test to print something or for a process
        to end. Passes on what was printed and returns whether there was anything.
        """
        ready = select.select([end for end in (self.output, self.wake) if end is not None], [], [], seconds)[0]
        if self.wake in ready:
            os.read(self.wake, 512)
        if self.output not in ready:
            return False
        data = os.read(self.output, 65536)
        if not data:
            os.close(self.output)
            self.output = None
        self.say(data)
        return bool(data)

    def ended(self):
        """Waits for those that have ended; returns whether the test itself is among them."""
        while self.process.returncode is None:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == self.process.pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.process.returncode is not None

    def watch(self, idle_bound, cpu_bound):
        """To the test's end. Returns None, or why it must be ended."""
        total = before = mark = 0.0         # seconds of CPU: in all, at the last look, when it was last active
        active = looked = time.monotonic()
        while not self.ended():
            printed = self.listen(LOOK_SECONDS)
            now = time.monotonic()
            if printed:
                active = now
            if now - looked < min(LOOK_SECONDS, idle_bound):
                continue
            looked = now
            used = cpu_used()
            # A child's time is lost if its parent ignores SIGCHLD: the sum may fall.
            total += max(0, used - before)
            before = used
            if printed or abs(used - mark) >= BUSY_SECONDS:
                active, mark = now, used
            if total >= cpu_bound:
                return "its processes used %g s of CPU" % cpu_bound
            if now - active >= idle_bound:
                return "it printed nothing and used no CPU for %g s" % idle_bound
        return None

    def drain(self):
        """The output before the end. A process that is left and prints for ever is not listened to."""
        for _ in range(DRAIN_BYTES // 65536):
            if self.output is None or not self.listen(0):
                break

    def end_all(self):
        """Ends every process below this one, those too that they start meanwhile."""
        try:
            while True:
                for pid in descendants(stats()):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
                time.sleep(0.01)
        except ChildProcessError:       # none is left
            pass

    def ask_to_end(self, grace):
        self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + grace
        while not self.ended() and time.monotonic() < end:
            self.listen(0.1)

    def fail(self, why):
        self.say(b"not ok %d - %s was ended: %s\n" % (self.numbers + 1, os.fsencode(os.path.basename(self.name)), why.encode()))
        if not self.planned:
            self.say(b"1..%d\n" % self.numbers)
        print("# %s was ended: %s" % (self.name, why), file=sys.stderr, flush=True)


class Stopped(Exception):
    pass


def stop(number, _):
    raise Stopped(number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without output or CPU")
    parser.add_argument("--cpu", type=float, default=CPU_SECONDS, help="seconds of CPU")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds from SIGTERM to SIGKILL")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A prove that is killed takes the test with it.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        test = Test(given.command)
    except OSError as error:
        sys.exit("# %s cannot be started: %s" % (given.command[0], error.strerror))
    status = 1
    try:
        why = test.watch(given.idle, given.cpu)
        if why:
            test.ask_to_end(given.grace)
        test.drain()
        test.end_line()
        if why:
            test.fail(why)
        else:
            status = test.process.returncode
        if status:
            test.note("FAILED_TO", b"it ended with status %d" % status)
    except (Stopped, BrokenPipeError):
        test.ask_to_end(given.grace)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        test.end_all()
    if status < 0:                      # as a shell tells a signal
        print("# %s ended by signal %d" % (test.name, -status), file=sys.stderr, flush=True)
        status = 128 - status
    sys.exit(status)


main()
