#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--bpf-maps: what BPF programs keep for sockets (sk_storage), put there by bpf(2) as a program would."""
import ctypes
import json
import os
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap

MAP_CREATE, MAP_UPDATE, BTF_LOAD, INFO_BY_FD = 0, 2, 18, 15
SK_STORAGE, NO_PREALLOC = 24, 1

why = netns.enter()
if why:
    tap.skip_all(why)
if not tap.SYS_BPF:
    tap.skip_all("bpf(2)'s number is not known for %s" % tap.MACHINE)
kept = []


def address(data):
    kept.append(ctypes.create_string_buffer(data, len(data)))
    return ctypes.addressof(kept[-1])


def bpf(command, *parts):
    attr = ctypes.create_string_buffer(b"".join(parts), 128)
    result = tap.libc.syscall(tap.SYS_BPF, command, attr, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def btf():
    """One type: int. The kernel wants a name for what is stored."""
    names = b"\0int\0"
    types = struct.pack("=IIII", 1, 1 << 24, 4, 1 << 24 | 32)
    data = struct.pack("=HBBIIIII", 0xeb9f, 1, 0, 24, 0, len(types), len(types), len(names)) + types + names
    return bpf(BTF_LOAD, struct.pack("=QQII", address(data), 0, len(data), 0))


def storage(types):
    return bpf(MAP_CREATE, struct.pack("=7I16s4I", SK_STORAGE, 4, 4, 0, NO_PREALLOC, 0, 0, b"kept", 0, types, 1, 1))


def keep(store, sock, number):
    bpf(MAP_UPDATE, struct.pack("=IIQQQ", store, 0, address(struct.pack("=i", sock.fileno())), address(struct.pack("=I", number)), 0))


def map_id(store):
    info = ctypes.create_string_buffer(128)
    bpf(INFO_BY_FD, struct.pack("=IIQ", store, 128, ctypes.addressof(info)))
    return struct.unpack("=I", info.raw[4:8])[0]


try:
    stores = [storage(btf()) for _ in range(2)]
except OSError as error:
    tap.skip_all("no socket storage can be made here (%s)" % error)
t = tap.Tap()
ids = [map_id(store) for store in stores]

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
accepted, _ = listener.accept()
six = socket.create_server(("::1", port), family=socket.AF_INET6)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", port))
keep(stores[0], udp, 0x01020304)  # inet_sk_diag_fill() tells of TCP alone
for sock, numbers in ((listener, (0x0a,)), (client, (0xdeadbeef, 7)), (six, (3,))):
    for store, number in zip(stores, numbers):
        keep(store, sock, number)


def words(*numbers):
    return ["%d:4:%s" % (number, struct.pack("=I", value).hex()) for number, value in zip(ids, numbers)]


wanted = {os.fstat(sock.fileno()).st_ino: sorted(words(*numbers)) for sock, numbers in
          ((listener, (0x0a,)), (client, (0xdeadbeef, 7)), (six, (3,)), (udp, ()), (accepted, ()))}


def shown(*options):
    result = tap.sockview("-tuan", "--bpf-maps", "--json", *options)
    return {row["inode"]: sorted(row["bpf_maps"].split(",")) if row["bpf_maps"] else [] for row in json.loads(result.out)["sockets"] if row["inode"]}


t.same(shown(), wanted, "each socket's, by map, with size and value")
t.same(shown("port %d" % port), wanted, "with a filter that the kernel judges")
t.same(shown("-m", "-I", "-ee"), wanted, "beside other details")
t.same(shown("-N", "self"), wanted, "with -N")
t.same(shown("bpf_maps = *:0a000000" if sys.byteorder == "little" else "bpf_maps = *:0000000a"),
       {os.fstat(listener.fileno()).st_ino: wanted[os.fstat(listener.fileno()).st_ino]}, "a filter by it")
record = os.path.join(tap.scratch(), "record")
tap.sockview("-tuan", "--bpf-maps", "--record", record)
t.same(shown("--replay", record), wanted, "recorded and replayed")
result = tap.sockview("-4", "-ltn", "--bpf-maps", "sport = :%d" % port)
t.ok(result.lines[-1].rstrip().endswith("bpf_maps:" + words(0x0a)[0]), "netstat's line", result)
t.ok("bpf_maps" not in tap.sockview("-tan", "--json").out.decode(), "only if it is asked for")
result = tap.sockview("-tan", "--bpf-maps", "--source", "proc")
t.ok(result.status == 0 and len(result.lines) >= 5, "/proc/net tells nothing of it, and the rows are there", result)

if os.getuid() or tap.missing("setpriv"):
    t.skip("without CAP_BPF", "not root, or no setpriv")
else:
    lacking = ["setpriv", "--bounding-set=-cap_39,-sys_admin", "--inh-caps=-all", tap.SOCKVIEW]
    result = tap.run([*lacking, "-tuan", "--bpf-maps", "--json"])
    t.ok(result.status == 0 and len(json.loads(result.out)["sockets"]) == 5 and b"CAP_BPF" in result.err, "without CAP_BPF: all rows, and a note", result)
    t.same([row["bpf_maps"] for row in json.loads(result.out)["sockets"]], [None] * 5, "and null")
t.done()
