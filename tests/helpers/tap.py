# SPDX-License-Identifier: MIT
"""tap - a test script's voice (TAP for prove), its bounded commands, and its clean end.

    from tap import Tap, run, sockview
    t = Tap()
    t.same(got, want, "name")
    t.done()

Environment, set by the Makefile: SOCKVIEW the program, BUILD where the helper
programs are, SRCDIR the top of the tree, SAN the sanitizers or empty.
"""
import atexit
import ctypes
import difflib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

SRCDIR = os.environ.get("SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(SRCDIR, "build/release")
SOCKVIEW = os.environ.get("SOCKVIEW") or os.path.join(BUILD, "sockview")
SAN = os.environ.get("SAN", "")

# For names that the whole machine sees (cgroups, programs): scripts that run side by side in pid namespaces
# have the same pids.
UNIQUE = os.urandom(6).hex()
COMMAND_SECONDS = 60       # a bound, not an expectation: sanitizers on a busy machine
NOBODY = 65534

# The machine whose system calls a process of ours makes: uname(2) names the kernel's, which may run i386's programs.
MACHINE = os.uname().machine
if ctypes.sizeof(ctypes.c_void_p) == 4:
    MACHINE = {"x86_64": "i386", "i686": "i386", "aarch64": "arm"}.get(MACHINE, MACHINE)
SYS_BPF = {"x86_64": 321, "i386": 357, "aarch64": 280, "arm": 386, "riscv64": 280, "s390x": 351}.get(MACHINE)

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4


def helper(name):
    """The path of a program built from tests/helpers/NAME.c."""
    return os.path.join(BUILD, "tests/helpers", name)


def die_with_parent():
    """To be called in a child: it is killed when the thread that forked it ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def keep_readable():
    """After a change of user the process's /proc files are root's; this makes them the user's (proc(5))."""
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


# --- commands ----------------------------------------------------------------

HIDDEN = re.compile(r"sockview: (\d+ process(es)? could not be looked into|\d+ sockets? (left out, as|shown although)|"
                    r".* could not be looked into, and may hold)")


class Result:
    """What a command did: `status` (negative: the signal that ended it), `out`, `err` as bytes."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    @property
    def lines(self):
        """A character for each byte, as the widths of netstat's columns count bytes."""
        return self.out.decode("latin-1").split("\n")[:-1]

    def complaints(self, verbose=False):
        """
        What is on stderr but the note that some processes were hidden: that
        depends on who runs the suite and where. Under -v other notes, too.
        """
        lines = self.err.decode("utf-8", "surrogateescape").splitlines()
        return [line for line in lines if not HIDDEN.match(line) and not (verbose and line.startswith("sockview: "))]

    def __repr__(self):
        return "%s -> %d\nstdout: %r\nstderr: %r" % (
            " ".join(map(repr, self.argv)), self.status, self.out[-3000:], self.err[-3000:])


def environment(extra=None):
    """A child's environment: the C locale, no colour, no settings of the person who runs the suite."""
    env = {key: value for key, value in os.environ.items()
           if key not in ("TCPDIAG_FILE", "NO_COLOR", "LANGUAGE") and not key.startswith("LC_")}
    env.update({"LC_ALL": "C", "LANG": "C"})
    env.update(extra or {})
    return env


def as_user(user):
    """Popen's arguments for a command that runs as this uid, None for the caller's."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def run(argv, user=None, env=None, stdin=b"", stdout=subprocess.PIPE, seconds=COMMAND_SECONDS, often=False, **more):
    """
    Runs a command to its end. One that hangs is killed and fails its test with
    status -9. `often`: started the quick way (vfork), for a thousand in a row.
    """
    if not often:
        more["preexec_fn"] = die_with_parent
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE,
                               env=environment(env), **as_user(user), **more)
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += b"\n[killed after %d s]" % seconds
    return Result(argv, process.returncode, out or b"", err)


def shell(script, **more):
    return run(["bash", "-c", script], **more)


def sockview(*args, **more):
    return run([program(more.get("user")), *args], **more)


_copy = {}


def program(user=None):
    """The program, copied where any user may run it if `user` is another one."""
    if user is None or user == os.getuid():
        return SOCKVIEW
    if SOCKVIEW not in _copy:
        path = os.path.join(scratch(), "sockview")
        shutil.copy(SOCKVIEW, path)
        os.chmod(path, 0o755)
        _copy[SOCKVIEW] = _copy[path] = path
    return _copy[SOCKVIEW]


def reachable_folder():
    """Where temporary files go, if other users may enter it: $TMPDIR may lie in a home or be one user's own."""
    folder = os.path.abspath(tempfile.gettempdir())
    above = [folder]
    while above[-1] != "/":
        above.append(os.path.dirname(above[-1]))
    return folder if all(os.stat(path).st_mode & 0o001 for path in above) else "/tmp"


_scratch = []


def scratch():
    """A directory of this script's own, world-readable, removed at its end."""
    if not _scratch:
        path = tempfile.mkdtemp(prefix="sockview-test-", dir=reachable_folder())
        os.chmod(path, 0o755)
        _scratch.append(path)
        take_over()
        atexit.register(lambda: is_script() and shutil.rmtree(path, ignore_errors=True))
    return _scratch[0]


_script = [0]


def is_script():
    """False in a child that the script forked for a part of its work."""
    return os.getpid() == _script[0]


def take_over():
    """This process is the script now, whose end is the time to clean up."""
    _script[0] = os.getpid()


def preloadable(name):
    """The library of tests/helpers/preload/NAME.c, None without a compiler."""
    library = os.path.join(scratch(), name + ".so")
    built = run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", library,
                 os.path.join(SRCDIR, "tests/helpers/preload/%s.c" % name), "-ldl"])
    return None if built.status else library


def missing(*tools):
    """The first of these commands that is not installed, or None."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return next((tool for tool in tools if not shutil.which(tool, path=path)), None)


def older(tool, version, *ask):
    """"lsof 4.93.2 is older than 4.95" where it is; None where it is not, or says no version."""
    if missing(tool):
        return None
    told = run([tool, *(ask or ["--version"])])
    found = re.search(r"\d+(?:\.\d+)+", (told.out + told.err).decode(errors="replace"))
    if not found or tuple(map(int, found[0].split("."))) >= version:
        return None
    return "%s %s is older than %s" % (tool, found[0], ".".join(map(str, version)))


def last_words(result):
    """Why a command failed, in its own words: for a skip's reason."""
    lines = result.err.decode(errors="replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "status %d" % result.status)
    name = os.path.basename(result.argv[0]) + ": "
    return words if words.startswith(name) else name + words


def first_refusal(*commands):
    """Runs them one by one, as long as each succeeds. Returns the last words of the one that does not, or None."""
    for argv in commands:
        done = run(argv)
        if done.status:
            return last_words(done)
    return None


def no_bpf():
    """Why there are no BPF programs here, for a skip: the program's words, or those of a kernel that lets it load none."""
    with socket.create_server(("127.0.0.1", 0)):  # without a socket no owners are looked for
        return first_refusal([SOCKVIEW, "-ltnp", "--owners-from", "bpf"]) or "no program can be attached here"


os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


# --- TAP ---------------------------------------------------------------------

def printable(text):
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return re.sub(r"[^\x20-\x7e\t]", lambda m: "\\u%04x" % ord(m.group()), text)


class Tap:
    def __init__(self):
        self.count = self.failed = 0
        # From run_test.py, which ends a script that hangs: the script's own clean-up runs.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def note(self, *what):
        for item in what:
            text = item if isinstance(item, (str, bytes)) else repr(item)
            text = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
            for line in text.split("\n"):
                print("# " + printable(line))
        sys.stdout.flush()

    def ok(self, condition, name, *diagnosis):
        self.count += 1
        self.failed += not condition
        print("%sok %d - %s" % ("" if condition else "not ", self.count, name.replace("#", "")), flush=True)
        if not condition:
            self.note(*diagnosis)
        return bool(condition)

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name.replace("#", ""), why), flush=True)

    def same(self, got, want, name, *diagnosis):
        """Equal strings, bytes or lists of lines; a difference is shown line by line."""
        return self.ok(got == want, name, *difference(got, want), *diagnosis)

    def done(self):
        print("1..%d" % self.count, flush=True)
        sys.exit(1 if self.failed or not self.count else 0)


def as_bytes(text):
    """The text as Result.lines gives its UTF-8."""
    return text.encode().decode("latin-1")


def as_lines(value):
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return value.split("\n")
    if isinstance(value, (list, tuple)):
        return [item if isinstance(item, str) else repr(item) for item in value]
    return [repr(value)]


def difference(got, want):
    lines = list(difflib.unified_diff(as_lines(want), as_lines(got), "wanted", "got", lineterm="", n=0))
    return [line.replace(" \n", "$\n") for line in lines[:60]]


def skip_all(why):
    """The whole script cannot run here: one skipped test that says why."""
    print("1..1\nok 1 # SKIP " + why, flush=True)
    sys.exit(0)
