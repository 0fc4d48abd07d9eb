#!/usr/bin/python3
"""Packet, netlink, MPTCP and ping sockets beside ss and the kernel's own tables; vsock and XDP from recordings made
after the kernel's headers; peers of unix sockets; security contexts."""
import ctypes
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

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()
ME = str(os.getpid())
SOL_PACKET, PACKET_RX_RING, PACKET_FANOUT, SO_ATTACH_FILTER, SO_BINDTODEVICE = 263, 5, 18, 26, 25
ETH_P_ALL, ETH_P_ARP, ETH_P_IP = 3, 0x806, 0x800
IPPROTO_MPTCP = 262
has_ss = not tap.missing("ss")


def rows(*options):
    result = tap.sockview("--json", *options)
    t.ok(result.status == 0 or "--json" in options, "sockview --json %s" % " ".join(options), result)
    return json.loads(result.out)["sockets"]


def of(found, sock):
    """The row of a socket of this process."""
    inode = os.fstat(sock.fileno()).st_ino
    return next((row for row in found if row["inode"] == inode), {})


def ss(*options):
    """ss's lines, each after the heading as words, by inode."""
    lines = tap.run(["ss", "-Hnep", *options]).out.decode(errors="replace").split("\n")
    return {int(match[1]): line.split() for line in lines for match in [re.search(r"ino:(\d+)", line)] if match}


# --- packet ------------------------------------------------------------------------------------------

FILTER = [(0x28, 0, 0, 12), (0x15, 0, 1, ETH_P_IP), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)]
FILTER_TEXT = "ldh [12]; jeq #0x800, 2, 3; ret #0x40000; ret #0"

arp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
arp.bind(("lo", ETH_P_ARP))
every = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in FILTER))
arp.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), ctypes.addressof(program)))
ring = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
ring.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", 4096, 4, 2048, 8))
ring.bind(("lo", 0x88b5))
ring.setsockopt(SOL_PACKET, PACKET_FANOUT, 7 | 1 << 16)  # PACKET_FANOUT_LB
# Something waits to be read.
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))

MORE = ["-0e", "--columns", "+packet_version,packet_running,packet_rx_frame_size,packet_rx_blocks,packet_rx_block_size"]
found = rows(*MORE)
row = of(found, arp)
t.same([row.get(name) for name in ("proto", "family", "state", "packet_type", "packet_protocol", "interface", "packet_running")],
       ["packet", "packet", "UNCONNECTED", "raw", "arp", "lo", True], "a packet socket on an interface", row)
row = of(found, every)
t.same([row.get(name) for name in ("packet_type", "packet_protocol", "interface")], ["dgram", "all", None], "one on all of them", row)
t.ok(row.get("recv_q", 0) > 0, "bytes that wait to be read", row)
row = of(found, ring)
t.same([row.get(name) for name in ("packet_protocol", "packet_rx_frames", "packet_rx_frame_size", "packet_rx_blocks",
                                   "packet_rx_block_size", "packet_tx_frames", "packet_fanout", "packet_fanout_mode")],
       ["unkn-34997", 8, 2048, 4, 4096, None, 7, "lb"], "a ring and a group", row)
if has_ss:
    peers = ss("-0", "-a")
    for name, sock in (("arp", arp), ("every", every), ("ring", ring)):
        row, line = of(found, sock), peers.get(os.fstat(sock.fileno()).st_ino, [])
        # ss -n writes the protocol as a number in brackets.
        t.same([line[0] if line else "", int(line[2]) if line else -1],
               ["p_raw" if row["packet_type"] == "raw" else "p_dgr", row["recv_q"]], "ss's type and queue: %s" % name, line)
for options, name in ((["-0"], "by netlink"), (["-0", "--source", "proc"], "from /proc/net/packet")):
    result = rows(*options, "--columns", "inode,uid,packet_type,packet_protocol,interface")
    t.same(sorted((row["inode"], row["packet_type"], row["packet_protocol"], row["interface"]) for row in result),
           sorted((os.fstat(sock.fileno()).st_ino, *rest) for sock, *rest in
                  ((arp, "raw", "arp", "lo"), (every, "dgram", "all", None), (ring, "raw", "unkn-34997", "lo"))), name)
result = tap.sockview("-0np")
t.ok(any(re.fullmatch(r"packet +0 +0 arp:lo +\* +%s/\S+ *" % ME, line) for line in result.lines), "a line of netstat's kind", result)
t.same(result.lines[0], "Active packet sockets", "with a heading of its own")
t.ok(b"packet_filter:" + FILTER_TEXT.encode() in tap.sockview("-0b").out, "-b: the filter in words")
t.same([row["packet_filter"] for row in rows("-0", "--columns", "inode,packet_filter") if row["inode"] == os.fstat(arp.fileno()).st_ino],
       [FILTER_TEXT], "and as a column")
t.same([len(rows("-A", word)) for word in ("p_raw", "p_dgr", "packet", "link", "p_raw,p_dgr")], [2, 1, 3, 3, 3], "-A p_raw, p_dgr, packet, link")
t.same([len(rows("-0", "src", word)) for word in ("packet:arp:lo", "packet:arp", "link:*:lo", "packet:all:*")], [1, 1, 2, 1],
       "src packet:PROTOCOL:INTERFACE")
t.same(tap.sockview("-0", "src", "packet:ip").status, 1, "one that no socket has")
t.same(len(rows("packet_type = raw and packet_rx_frames >= 8")), 1, "columns of the family are keys, and choose it")
t.ok(b"packet" not in tap.sockview("-an").out, "never shown unless named")
t.ok(all(word in tap.sockview("-A", "all", "-an").out for word in (b"\npacket ", b"\nnetlink ")), "-A all names it")

# --- netlink -----------------------------------------------------------------------------------------

route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
route.bind((0, 1 | 4 | 1 << 8))
audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
audit.bind((0, 0))
far = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
far.bind((0, 0))
far.setsockopt(270, 1, 33)  # NETLINK_ADD_MEMBERSHIP of a group beyond the first 32
COLUMNS = ["--columns", "inode,local,remote,netlink_protocol,netlink_port,netlink_groups,netlink_drops,netlink_dumping,pid,owner_reason"]
for options in (["--netlink"], ["--netlink", "--source", "proc"]):
    found = rows(*options, *COLUMNS)
    row = of(found, route)
    t.same([row.get(name) for name in ("local", "remote", "netlink_protocol", "netlink_port", "netlink_groups", "pid")],
           ["route:" + str(route.getsockname()[0]), "*", "route", route.getsockname()[0], "1,3,9", os.getpid()],
           "%s: a socket with groups, once" % " ".join(options), row)
    t.same(len([row for row in found if row["inode"] == os.fstat(route.fileno()).st_ino]), 1, "%s: each once" % " ".join(options))
    t.same(of(found, audit).get("netlink_protocol"), "netfilter", "%s: the protocol by name" % " ".join(options))
    kernel = [row for row in found if row["netlink_port"] == 0]
    t.ok(kernel and all(row["local"].endswith(":kernel") and row["owner_reason"] == "kernel" for row in kernel),
         "%s: the kernel's own" % " ".join(options), kernel)
t.same(of(rows("--netlink", *COLUMNS), far).get("netlink_groups"), "33", "a group beyond the first 32")
if has_ss:
    lines = tap.run(["ss", "-Hna", "-A", "netlink"]).out.decode().split("\n")
    # ss writes port ids as signed numbers.
    ends = [line.split()[3].split(":") for line in lines if line]
    told = sorted({(protocol, str(int(port) & 0xffffffff)) for protocol, port in ends})
    numbers = {"route": "0", "sock_diag": "4", "xfrm": "6", "audit": "9", "fib_lookup": "10", "netfilter": "12",
               "kobject_uevent": "15", "generic": "16", "crypto": "21", "rdma": "20", "iscsi": "8", "nflog": "5", "connector": "11",
               "scsitransport": "18", "usersock": "2", "selinux": "7"}
    ours = sorted({(numbers.get(row["netlink_protocol"], "?"), str(row["netlink_port"])) for row in rows("--netlink", *COLUMNS)})
    # Each of the two sees a socket of its own, of sock_diag.
    t.same([one for one in ours if one[0] != "4"], [one for one in told if one[0] != "4"], "ss's protocols and ports")
t.same({row["local"].split(":")[1] for row in rows("--netlink", *COLUMNS, "src", "netlink:kernel")}, {"kernel"}, "src netlink:kernel")
t.same({row["netlink_protocol"] for row in rows("--netlink", *COLUMNS, "src", "netlink:route:*")}, {"route"}, "src netlink:route:*")

# --- MPTCP -------------------------------------------------------------------------------------------

try:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
except OSError as error:
    t.skip("MPTCP", "this kernel makes no MPTCP sockets (%s)" % error)
else:
    listener.bind(("127.0.0.1", 0))
    listener.listen(3)
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"x" * 1000)
    server.recv(1000, socket.MSG_WAITALL)
    found = rows("-Ma", "--columns", "+pid,mptcp_bytes_sent,mptcp_bytes_received")
    t.same([(row["proto"], row["state"], row["pid"]) for row in (of(found, listener), of(found, client), of(found, server))],
           [("mptcp", "LISTEN", os.getpid()), ("mptcp", "ESTABLISHED", os.getpid()), ("mptcp", "ESTABLISHED", os.getpid())],
           "MPTCP: a listener and both ends", found)
    t.same([len(rows("-M")), len(rows("-Ml"))], [2, 1], "-M and -Ml")
    if of(found, client).get("mptcp_bytes_sent") is None:
        t.skip("MPTCP: bytes", "this kernel does not count them (6.5)")
    else:
        t.same([of(found, client)["mptcp_bytes_sent"], of(found, server)["mptcp_bytes_received"]], [1000, 1000], "MPTCP: bytes")
    subflows = rows("-tn", "--columns", "local_port,remote_port,mptcp_token")
    for name, sock in (("client", client), ("server", server)):
        token, port = of(found, sock)["mptcp_token"], sock.getsockname()[1]
        t.ok(token and [row for row in subflows if row["mptcp_token"] == token and row["local_port"] == port],
             "MPTCP: the %s's subflow has its token" % name, subflows)
    if has_ss:
        text = tap.run(["ss", "-HMain"]).out.decode()
        t.same(sorted(int(token, 16) for token in re.findall(r"token:([0-9a-f]+)", text)),
               sorted(row["mptcp_token"] for row in found if row["mptcp_token"]), "ss's tokens", text)
    t.ok(all(row["proto"] == "tcp" for row in rows("-tan")), "TCP alone has no MPTCP rows")
    plain = len([row for row in rows("-tan", "--columns", "proto,ulp") if row["ulp"] != "mptcp"])
    result = tap.sockview("-tMan", "--group-by", "proto", "--json", "-v")
    counts = {group["proto"]: group["count"] for group in json.loads(result.out)["groups"]}
    t.same([counts.get("mptcp"), counts.get("tcp", 0)], [3, plain], "a connection of both is counted once", result)
    t.ok(b"3 TCP subflows are not counted" in result.err, "which is told", result)
    t.ok(len(rows("-tan")) >= plain + 3, "in a listing they all stand")

# --- ping --------------------------------------------------------------------------------------------

try:
    netns.write("/proc/sys/net/ipv4/ping_group_range", "0 0")
    ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    ping.bind(("127.0.0.1", 77))
except OSError as error:
    t.skip("icmp", "no ping socket can be made here (%s)" % error)
else:
    row = of(rows("--icmp", "--columns", "+pid,ip_protocol"), ping)
    t.same([row.get(name) for name in ("proto", "family", "local_address", "local_port", "pid", "ip_protocol")],
           ["icmp", "inet", "127.0.0.1", 77, os.getpid(), 1], "a ping socket", row)
    if netns.has_ipv6():
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
        six.bind(("::1", 78))
        row = of(rows("--icmp", "--columns", "+ip_protocol"), six)
        t.same([row.get(name) for name in ("proto", "family", "local_port", "ip_protocol")], ["icmp6", "inet6", 78, 58], "over IPv6", row)
        t.same([row["proto"] for row in rows("--icmp", "proto = icmp6")], ["icmp6"], "proto = icmp6")

# --- vsock and XDP: this kernel may have neither's sock_diag ------------------------------------------

AF_VSOCK, AF_XDP, ANY = 40, 44, 0xffffffff
SOCK_DIAG_BY_FAMILY, NLMSG_DONE, REQUEST_DUMP, MULTI = 20, 3, 0x301, 2


def message(kind, flags, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload + b"\0" * (-len(payload) % 4)


def attribute(number, payload):
    return struct.pack("=HH", 4 + len(payload), number) + payload + b"\0" * (-len(payload) % 4)


def recording(name, request, *answers):
    path = os.path.join(tap.scratch(), name)
    with open(path, "wb") as file:
        file.write(message(SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, request))
        for answer in answers:
            file.write(message(SOCK_DIAG_BY_FAMILY, MULTI, answer))
        file.write(message(NLMSG_DONE, MULTI, b"\0\0\0\0"))
    return path


def vsock(kind, state, *rest):
    return struct.pack("=BBBB7I", AF_VSOCK, kind, state, 0, *rest)


path = recording("vsock", struct.pack("=BBH5I", AF_VSOCK, 0, 0, ANY, 0, 0, ANY, ANY),
                 vsock(1, 10, ANY, 1024, ANY, ANY, 71, 1, 0), vsock(1, 1, 3, 1024, 2, 900000, 72, 2, 0), vsock(5, 7, 3, ANY, ANY, ANY, 73, 3, 0))
found = rows("--vsock", "-a", "--replay", path, "--columns", "+local,remote")
t.same([(row["state"], row["vsock_type"], row["local"], row["remote"]) for row in found],
       [("LISTEN", "stream", "*:1024", "*:*"), ("ESTABLISHED", "stream", "3:1024", "2:900000"), ("UNCONNECTED", "seqpacket", "3:*", "*:*")],
       "vsock", found)
t.same([len(rows("--vsock", "--replay", path, *options)) for options in (["-l"], ["-a", "src", "vsock:3:1024"], ["-a", "vsock_remote_cid = 2"])],
       [1, 1, 1], "vsock: chosen")
xdp = struct.pack("=BBHIII", AF_XDP, 3, 0, 81, 9, 0) + attribute(1, struct.pack("=II", 1, 3)) + attribute(2, struct.pack("=I", 1000)) + \
    attribute(3, struct.pack("=I", 2048)) + attribute(6, struct.pack("=I", 512)) + \
    attribute(5, struct.pack("=Q8I", 1 << 20, 4, 256, 4096, 0, 1, 3, 0, 1)) + attribute(9, struct.pack("=6Q", 5, 0, 6, 0, 0, 7))
path = recording("xdp", struct.pack("=BBHII2I", AF_XDP, 0, 0, 0, 31, ANY, ANY), xdp)
found = rows("--xdp", "-e", "--replay", path, "--columns", "+local,uid,xdp_rx_full,xdp_tx_empty")
t.same([[row[name] for name in ("local", "uid", "xdp_queue", "xdp_rx", "xdp_tx", "xdp_fill", "xdp_umem", "xdp_umem_bytes",
                                "xdp_rx_dropped", "xdp_rx_full", "xdp_tx_empty")] for row in found],
       [["lo:q3", 1000, 3, 2048, None, 512, 4, 1 << 20, 5, 6, 7]], "XDP", found)
for word in ("--vsock", "--xdp"):
    result = tap.sockview(word)
    t.ok(result.status == 0 or b"does not tell of" in result.err, "%s: shown, or said that this kernel does not tell" % word, result)

# --- recorded and replayed ----------------------------------------------------------------------------

path = os.path.join(tap.scratch(), "families")
tap.sockview("-A", "packet,mptcp,netlink", "-an", "--record", path)
replayed = tap.sockview("-A", "packet,mptcp,netlink", "-an", "--replay", path)
t.ok(b"arp:lo" in replayed.out and b"route:%d" % route.getsockname()[0] in replayed.out, "a recording of them is read back", replayed)

# --- the other end of unix sockets --------------------------------------------------------------------

ours, theirs = socket.socketpair()
child = os.fork()
if child == 0:
    ours.close()
    theirs.recv(1)
    os._exit(0)
inode = os.fstat(ours.fileno()).st_ino
theirs.close()
row = next(iter(rows("-x", "--columns", "inode,pid,peer_pid,peer_program", "inode = %d" % inode)), {})
t.same([row.get("pid"), row.get("peer_pid")], [os.getpid(), child], "the other end's process, though it is not listed", row)
t.same([one["inode"] for one in rows("-x", "--columns", "inode", "peer_pid = %d and pid = %s" % (child, ME))], [inode], "peer_pid is a key")
ours.send(b"x")
os.waitpid(child, 0)

# --- security contexts ---------------------------------------------------------------------------------

listener = socket.create_server(("127.0.0.1", 0))
root = os.path.join(tap.scratch(), "proc")
os.makedirs(os.path.join(root, ME, "fd"))
os.makedirs(os.path.join(root, ME, "attr"))
os.symlink("socket:[%d]" % os.fstat(listener.fileno()).st_ino, os.path.join(root, ME, "fd", "3"))
for name, data in (("comm", b"web\n"), ("cmdline", b"web\0"), ("stat", b"%s (web) S 1 1 1 0" % ME.encode() + b" 0" * 46),
                   ("attr/current", b"system_u:system_r:httpd_t:s0-\x1b[31m evil\0")):
    with open(os.path.join(root, ME, name), "wb") as file:
        file.write(data)
port = "sport = :%d" % listener.getsockname()[1]
result = tap.sockview("-ltnZ", "--proc-root", root, port)
t.ok(b" context:system_u:system_r:httpd_t:s0-\\x1b[31m evil" in result.out, "-Z: the owner's context, escaped", result)
row = next(iter(rows("-ltn", "--proc-root", root, "--columns", "context", port)), {})
t.same(row.get("context"), "system_u:system_r:httpd_t:s0-\\x1b[31m evil", "and as a column, escaped as text is", row)

t.done()
