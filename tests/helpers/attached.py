# SPDX-License-Identifier: MIT
"""attached - BPF programs of two instructions that return a value, loaded and attached by bpf(2).

    process, why = attached(kind, attach, target, value)        # of an interface, by its index
    process, why = attached(kind, attach, 0, value, cgroup)     # of a cgroup, by its path
    detach(process)
"""
import subprocess
import sys

import tap

BPF = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attr):
    attr = ctypes.create_string_buffer(attr.ljust(160, b"\\0"))
    answer = libc.syscall(%d, command, attr, 160)
    if answer < 0:
        sys.exit("bpf: " + os.strerror(ctypes.get_errno()))
    return answer
kind, attach, target, value = (int(word) for word in sys.argv[1:5])
code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, value, 0x95, 0, 0, 0))
gpl = ctypes.create_string_buffer(b"GPL")
program = bpf(5, struct.pack("<IIQQIIQII16sII", kind, 2, ctypes.addressof(code), ctypes.addressof(gpl), 0, 0, 0, 0, 0, b"", 0, attach))
target = os.open(sys.argv[5], os.O_RDONLY | os.O_DIRECTORY) if len(sys.argv) > 5 else target
link = bpf(28, struct.pack("<IIII", program, target, attach, 0))
print("up", flush=True)
sys.stdin.read()
""" % (tap.SYS_BPF or -1)


def attached(kind, attach, target, value, *path):
    """A process that keeps the program attached; None with the reason in its place."""
    process = subprocess.Popen([sys.executable, "-c", BPF, *map(str, (kind, attach, target, value)), *path], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    if process.stdout.readline():
        return process, None
    return None, process.communicate()[1].decode().strip()


def detach(process):
    process.kill()
    process.wait()
