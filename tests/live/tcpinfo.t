#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The running kernel's struct tcp_info, as its BTF describes it, against the columns: none is missing, none is misplaced."""
import json
import os
import re
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

BTF = "/sys/kernel/btf/vmlinux"
if tap.missing("bpftool"):
    tap.skip_all("bpftool is not installed")
if tap.older("bpftool", (7,), "version"):
    tap.skip_all(tap.older("bpftool", (7,), "version") + ": it does not know this kernel's BTF")
if not os.access(BTF, os.R_OK):
    tap.skip_all("this kernel has no BTF")
why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()


def fields():
    """{name: (bit offset, bits)} of the kernel's own struct."""
    dump = tap.run(["bpftool", "-j", "btf", "dump", "file", BTF])
    types = {one["id"]: one for one in json.loads(dump.out)["types"]}
    info = next(one for one in types.values() if one["kind"] == "STRUCT" and one["name"] == "tcp_info")

    def size(type_id):
        one = types[type_id]
        return one["size"] if "size" in one else size(one["type_id"])

    return {member["name"].removeprefix("tcpi_"): (member["bits_offset"], member.get("bitfield_size") or 8 * size(member["type_id"]))
            for member in info["members"]}, info["size"]


# Columns that are called otherwise than the field; fields whose number is told as a word.
RENAMED = {"state": "tcpi_state", "retransmits": "tcpi_retransmits", "probes": "tcpi_probes", "options": "tcpi_options",
           "delivery_rate_app_limited": "app_limited", "fastopen_client_fail": "fastopen_fail"}
WORDS = {"ca_state": ["open", "disorder", "cwr", "recovery", "loss"],
         "fastopen_fail": [None, "no-cookie", "data-not-acked", "syn-retransmitted"]}
kernel, size = fields()
listed = tap.sockview("--list-columns").out.decode()
columns = set(re.findall(r"^  (\w+) ", listed, re.M))
t.same([name for name in kernel if RENAMED.get(name, name) not in columns], [], "every field of this kernel has a column")

# A recording of one connection, its tcp_info overwritten with bytes that differ everywhere.
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server = listener.accept()[0]
path = os.path.join(tap.scratch(), "recording")
t.same(tap.sockview("-tnI", "--record", path).status, 0, "a connection is recorded")
with open(path, "rb") as file:
    data = bytearray(file.read())
NLMSG, DIAG, INET_DIAG_INFO = 16, 72, 2
pattern = bytes((i * 37 + 11) % 101 + 1 for i in range(size))


def overwrite():
    """How many tcp_infos there were, and how long."""
    at, lengths = 0, []
    while at + NLMSG <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        inside, end = at + NLMSG + DIAG, at + length
        while kind in (18, 20) and inside + 4 <= end:
            attribute, name = struct.unpack_from("=HH", data, inside)
            if name == INET_DIAG_INFO:
                data[inside + 4:inside + attribute] = (pattern * 4)[:attribute - 4]
                lengths.append(attribute - 4)
            inside += (attribute + 3) & ~3
        at += (length + 3) & ~3
    return lengths


lengths = overwrite()
t.same(lengths, [size] * 2, "the kernel sends all of it, of both ends")
with open(path, "wb") as file:
    file.write(data)
told = tap.sockview("-tn", "--replay", path, "--jsonl", "--columns", "all")
rows = [json.loads(line) for line in told.out.decode().splitlines()]
t.same(len(rows), 2, "both are replayed", told)


def value(name):
    offset, bits = kernel[name]
    number = int.from_bytes(pattern, sys.byteorder) >> (offset if sys.byteorder == "little" else 8 * size - offset - bits)
    return number & ((1 << bits) - 1)


wrong = []
for name in kernel:
    column, want = RENAMED.get(name, name), value(name)
    if column.startswith("accecn_"):
        continue          # told only where the kernel is known, which it is not in a replay
    if column in WORDS:
        words = WORDS[column]
        want = words[want] if want < len(words) else None
    if column in ("app_limited",):
        want = bool(want)
    if column.endswith("_rate"):
        want = min(want * 8, (1 << 64) - 1)
    for row in rows:
        if row[column] != want:
            wrong.append((column, row[column], want))
t.same(wrong, [], "every column is where the kernel has the field, %d fields of %d bytes" % (len(kernel), size))
t.done()
