#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The runner below prove: a test that hangs or spins fails alone, with its reason, and leaves no process."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

RUNNER = [sys.executable, os.path.join(tap.SRCDIR, "tests/helpers/run_test.py")]
t = tap.Tap()
# Those of the tests below are no failures and no skips of the suite.
for variable in ("SKIPPED_TO", "FAILED_TO"):
    os.environ[variable] = os.path.join(tap.scratch(), variable)


def script(name, text):
    path = os.path.join(tap.scratch(), name)
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def runs(name, text, *options):
    return tap.run([*RUNNER, *options, script(name, text)])


def left(name):
    """The pids that the script `name` wrote to its file and that are still there."""
    with open(os.path.join(tap.scratch(), name)) as file:
        return [pid for pid in file.read().split() if os.path.exists("/proc/" + pid)]


def keeps(name):
    """Lines of a script: three sleepers, two of them in sessions of their own and one an orphan."""
    path = os.path.join(tap.scratch(), name)
    return ("sleep 1000 & echo $! >%s\nsetsid sh -c 'echo $$ >>%s; exec sleep 1001' &\n"
            "(setsid sh -c 'echo $$ >>%s; exec sleep 1002' &)\n"
            "while [ $(wc -l <%s) -lt 3 ]; do sleep 0.01; done\n") % ((path,) * 4)


result = runs("good.t", "echo 1..1\necho ok 1 - it")
t.same((result.status, result.out, result.err), (0, b"1..1\nok 1 - it\n", b""), "a test that passes: its own words and status")
result = runs("bad.t", "echo 1..1\necho not ok 1 - it\nexit 7")
t.same((result.status, result.out, result.err), (7, b"1..1\nnot ok 1 - it\n", b""), "a test that fails")
result = runs("killed.t", "echo ok 1 - it\nkill -SEGV $$")
t.ok(result.status == 128 + 11 and b"killed.t ended by signal 11" in result.err, "a test that a signal ends", result)
result = runs("tap.t", 'echo "# $CMOCKA_MESSAGE_OUTPUT"\nread line || echo "# no input"')
t.same(result.out, b"# TAP\n# no input\n", "cmocka is asked for TAP, the input is empty")
result = runs("cmocka.t", """echo '# skipped: no such thing'; echo not ok 1 '# SKIP' one; echo not ok 2 '# SKIP' two
echo '# skipped: nor this'; echo 'ok 3 - three # SKIP'; echo 'ok 4 - four # SKIP'; echo '# skipped: of another'; echo ok 5 - five
echo 'ok 6 - six # SKIP'; echo '# skipped: nor that'; echo 'ok 7 # SKIP seven'; echo 'ok 8 # SKIP not here'; printf 1..8""")
t.same(result.out, b"# skipped: no such thing\nok 1 - one # SKIP no such thing\nnot ok 2 - two: skipped, and it does not say why\n"
       b"# skipped: nor this\nok 3 - three # SKIP nor this\nnot ok 4 - four: skipped, and it does not say why\n"
       b"# skipped: of another\nok 5 - five\nnot ok 6 - six: skipped, and it does not say why\n"
       b"# skipped: nor that\nok 7 - seven # SKIP nor that\nok 8 # SKIP not here\n1..8\n",
       "what cmocka calls a skip is none of its failures, without a reason it is one; a last line without its end is a line")
result = tap.run([*RUNNER, os.path.join(tap.scratch(), "none.t")])
t.ok(result.status == 1 and result.err.endswith(b"none.t cannot be started: No such file or directory\n"), "a test that is not there", result)

result = runs("tells.t", "echo 1..3; echo not ok 1 - it; echo '# want 2'; echo ok 2 '# SKIP none'; echo ok 3; exit 1")
with open(os.environ["FAILED_TO"], "rb") as file:
    told = [line.partition(b"tells.t: ")[2] for line in file.read().splitlines()]
t.same([line for line in told if line], [b"not ok 1 - it", b"# want 2", b"it ended with status 1"], "what failed is written to a file")
with open(os.environ["SKIPPED_TO"], "rb") as file:
    t.ok(file.read().endswith(b"tells.t: ok 2 # SKIP none\n"), "what was skipped, too")

WHY = b"hangs.t was ended: it printed nothing and used no CPU for 3 s\n"
result = runs("hangs.t", "echo ok 1 - one\n" + keeps("hung") + "printf half\nsleep 1003", "--idle", "3")
t.same(result.out, b"ok 1 - one\nhalf\nnot ok 2 - " + WHY + b"1..2\n", "a test that hangs: its reason is a test that failed")
t.ok(result.status == 1 and result.err.startswith(b"# ") and result.err.endswith(WHY), "and is told on stderr", result)
t.same(left("hung"), [], "none of its processes is left")
result = runs("deaf.t", "trap '' TERM\necho 1..3\nwhile :; do :; done", "--cpu", "1", "--grace", "0.5")
t.same(result.out, b"1..3\nnot ok 1 - deaf.t was ended: its processes used 1 s of CPU\n", "a test that spins and hears no SIGTERM")
result = runs("cleans.t", "trap 'echo cleaned; exit' TERM\nsleep 1005 & wait", "--idle", "1")
t.ok(result.out.startswith(b"cleaned\n"), "a test that cleans up on SIGTERM has the time for it", result)
result = runs("leaves.t", keeps("remained") + "echo 1..1\necho ok 1 - it")
t.same((result.status, result.out, left("remained")), (0, b"1..1\nok 1 - it\n", []), "what a test leaves running is ended")
result = runs("prints.t", "for i in 1 2 3 4 5 6 7 8; do echo ok $i; sleep 0.5; done\necho 1..8", "--idle", "3")
t.ok(result.status == 0 and result.out.endswith(b"ok 8\n1..8\n"), "one that prints now and then does not hang", result)

# The runner itself is ended: so is the test.
path = script("long.t", keeps("stopped") + "echo ok 1\nsleep 1006")
process = subprocess.Popen([*RUNNER, path], stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
process.stdout.readline()
process.terminate()
process.communicate()
t.same((process.returncode, left("stopped")), (1, []), "SIGTERM to the runner ends the test, too")

if tap.missing("prove"):
    t.skip("prove goes on behind it", "prove is not installed")
else:
    after = script("second.t", "echo 1..1\necho ok 1 - second")
    result = tap.run(["prove", "--exec", " ".join([*RUNNER, "--idle", "1"]), script("first.t", "sleep 1007"), after])
    t.ok(result.status == 1 and b"second.t .. ok\n" in result.out and b"Result: FAIL" in result.out and b"first.t was ended" in result.err,
         "prove goes on behind it", result)
t.done()
