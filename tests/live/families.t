#!/usr/bin/python3
# SPDX-License-Identifier: MIT
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
SOCK_DIAG_BY_FAMILY, NLMSG_NOOP, NLMSG_DONE, REQUEST_DUMP, MULTI = 20, 1, 3, 0x301, 2


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
# --- SCTP, DCCP, SMC, TIPC: never seen live here; answers made after linux/inet_diag.h, sctp.h, smc_diag.h, tipc_netlink.h ---

AF_SMC, AF_TIPC, IPPROTO_DCCP, IPPROTO_SCTP = 43, 30, 33, 132


def sockid(sport, dport, src, dst, cookie):
    return struct.pack("!HH", sport, dport) + src.ljust(16, b"\0") + dst.ljust(16, b"\0") + struct.pack("=I2I", 0, cookie, 0)


def inet(family, state, timer, retrans, ends, expires, queues, uid, inode):
    """struct inet_diag_msg"""
    return struct.pack("=BBBB", family, state, timer, retrans) + ends + struct.pack("=IIIII", expires, *queues, uid, inode)


def inet_request(protocol):
    return struct.pack("=BBBBI", socket.AF_INET, protocol, 0, 0, 0xffffffff) + bytes(48)


def storages(*addresses):
    """struct sockaddr_storage, of inet_sctp_fill_laddrs() and _paddrs()"""
    return b"".join((struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, one) if ":" in one else
                     struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton(one)).ljust(128, b"\0") for one in addresses)


HOME, FAR = socket.inet_aton("192.0.2.1"), socket.inet_aton("198.51.100.7")
LOCALS, PEERS, INFO = 12, 13, 2
# struct sctp_info up to what is read: tag, state, rwnd, unacked, pending, streams, eight more numbers, two flags, counters.
sctp_info = struct.pack("=3I4H8IBBH5Q", 1, 3, 65536, 4, 5, 10, 12, *range(8), 1, 1, 0, 20, 21, 300, 301, 17)
listening = inet(2, 10, 0, 0, sockid(3868, 0, HOME, b"", 5), 0, (1, 5), 1000, 91) + attribute(LOCALS, storages("192.0.2.1", "2001:db8::1"))
asked = inet(2, 1, 0, 0, sockid(3868, 0, HOME, b"", 6), 0, (0, 0), 1000, 92) + attribute(LOCALS, storages("192.0.2.1"))
associations = [inet(2, state, 4, 2, sockid(3868, 40000 + state, HOME, FAR, 6), 1500, (7, 8), 1000, 92) + attribute(LOCALS, storages("192.0.2.1")) +
                attribute(PEERS, storages("198.51.100.7", "::ffff:203.0.113.9")) + attribute(INFO, sctp_info) for state in range(8)]
path = recording("sctp", inet_request(IPPROTO_SCTP), listening, asked, *associations)
found = rows("--sctp", "-ano", "-4", "--replay", path, "--columns", "state,sctp_state,local_port,remote_port,sctp_locals,sctp_peers,inode,timer,retransmits,"
             "sctp_in_streams,sctp_out_streams,sctp_unacked,sctp_pending,sctp_packets_out,sctp_packets_in,sctp_retransmitted,recv_q,backlog")
t.same([(row["state"], row["sctp_state"]) for row in found],
       [("LISTEN", None), ("ESTABLISHED", None), ("UNCONNECTED", "CLOSED"), ("SYN_SENT", "COOKIE_WAIT"), ("SYN_SENT", "COOKIE_ECHOED"),
        ("ESTABLISHED", "ESTABLISHED"), ("FIN_WAIT1", "SHUTDOWN_PENDING"), ("FIN_WAIT2", "SHUTDOWN_SENT"),
        ("CLOSE_WAIT", "SHUTDOWN_RECEIVED"), ("LAST_ACK", "SHUTDOWN_ACK_SENT")], "SCTP: sockets, and associations by their own states", found)
t.same([found[0][name] for name in ("sctp_locals", "sctp_peers", "backlog", "sctp_unacked")], ["192.0.2.1,2001:db8::1", None, 5, None], "a socket", found[0])
t.same([found[5][name] for name in ("local_port", "remote_port", "sctp_locals", "sctp_peers", "inode", "timer", "retransmits", "sctp_in_streams", "sctp_out_streams",
                                   "sctp_unacked", "sctp_pending", "sctp_packets_out", "sctp_packets_in", "sctp_retransmitted", "recv_q")],
       [3868, 40003, "192.0.2.1", "198.51.100.7,203.0.113.9", 92, "on", 2, 10, 12, 4, 5, 300, 301, 17, 7], "an association", found[5])
t.same([len(rows("--sctp", "-an", "--replay", path, *words)) for words in (["dport = :40003"], ["sctp_state = SHUTDOWN*"], ["state", "listen"], ["sctp_unacked > 3"])],
       [1, 4, 1, 8], "SCTP: chosen")
t.ok(b"sctp" in tap.sockview("-S", "-an", "--replay", path).out and tap.sockview("--sctp", "-an", "--replay", path).out ==
     tap.sockview("-A", "sctp", "-an", "--replay", path).out, "ss's -S, and -A sctp")

root = os.path.join(tap.scratch(), "sctp_proc")
os.makedirs(os.path.join(root, "net/sctp"))
netns.write(os.path.join(root, "net/sctp/eps"), " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n"
            "00000000a1b2c3d4 00000000b1b2c3d4 2   10  29   3868    1000 91 192.0.2.1 2001:0db8:0000:0000:0000:0000:0000:0001 \n"
            "00000000a1b2c3d5 00000000b1b2c3d5 1   7   30   2905       0 93 2001:0db8:0000:0000:0000:0000:0000:0001 \nnonsense\n")
netns.write(os.path.join(root, "net/sctp/assocs"),
            " ASSOC     SOCK   STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT LADDRS <-> RADDRS HBINT INS OUTS MAXRT T1X T2X RTXC wmema wmemq sndbuf rcvbuf\n"
            "00000000a1b2c3d6 00000000b1b2c3d6 2   1   3  0       3        8        7    1000 92 3868  40003  192.0.2.9 *192.0.2.1 <-> 203.0.113.9 *198.51.100.7 \t    7500    10    10   10    0    0        0        1        0   212992   212992\n"
            "00000000a1b2c3d7 00000000b1b2c3d7 2   1   5  0       4        0        0       0 94 5000  5001  2001:0db8:0000:0000:0000:0000:0000:0001 <-> *2001:0db8:0000:0000:0000:0000:0000:0002 \t    7500    10    10   10    0    0        0        1        0   212992   212992\n")
names = ("proto", "family", "state", "sctp_state", "local_address", "local_port", "remote_address", "remote_port", "uid", "inode", "send_q")
options = ("--sctp", "-an", "--proc-root", root, "--source", "proc", "--columns", ",".join(names))
result = tap.sockview("--json", *options)
t.same([[row[name] for name in names] for row in json.loads(result.out)["sockets"]],
       [["sctp", "inet", "LISTEN", None, "192.0.2.1", 3868, None, None, 1000, 91, None],
        ["sctp", "inet6", "UNCONNECTED", None, "2001:db8::1", 2905, None, None, 0, 93, None],
        ["sctp", "inet", "ESTABLISHED", "ESTABLISHED", "192.0.2.1", 3868, "198.51.100.7", 40003, 1000, 92, 8],
        ["sctp", "inet6", "FIN_WAIT2", "SHUTDOWN_SENT", "2001:db8::1", 5000, "2001:db8::2", 5001, 0, 94, 0]], "/proc/net/sctp", result)
t.ok(b"1 line" in result.err or b"could not be read" in result.err, "a line that is none is counted", result)
t.same([row["inode"] for row in json.loads(tap.sockview("--json", "-6", *options).out)["sockets"]], [93, 94], "-6: of both files")

path = recording("dccp", inet_request(IPPROTO_DCCP), inet(2, 10, 0, 0, sockid(5001, 0, HOME, b"", 1), 0, (0, 5), 0, 95),
                 inet(2, 1, 2, 0, sockid(5001, 40001, HOME, FAR, 2), 900, (0, 0), 0, 96), inet(2, 14, 0, 0, sockid(40002, 5001, HOME, FAR, 3), 0, (0, 0), 0, 97))
t.same([(row["proto"], row["state"], row["local_port"], row["remote_port"]) for row in rows("--dccp", "-an", "--replay", path)],
       [("dccp", "LISTEN", 5001, None), ("dccp", "ESTABLISHED", 5001, 40001), ("dccp", "ESTABLISHED", 40002, 5001)], "DCCP; PARTOPEN stands")


def smc(state, mode, ends, uid, inode):
    """struct smc_diag_msg"""
    return struct.pack("=BBBB", AF_SMC, state, mode, 0) + ends + struct.pack("=IQ", uid, inode)


smc_states = ((1, "ESTABLISHED", "ACTIVE"), (2, "UNCONNECTED", "INIT"), (7, "UNCONNECTED", "CLOSED"), (10, "LISTEN", "LISTEN"), (20, "FIN_WAIT1", "PEERCLOSEWAIT1"),
              (21, "FIN_WAIT2", "PEERCLOSEWAIT2"), (22, "CLOSE_WAIT", "APPCLOSEWAIT1"), (23, "CLOSE_WAIT", "APPCLOSEWAIT2"), (24, "LAST_ACK", "APPFINCLOSEWAIT"),
              (25, "CLOSING", "PEERFINCLOSEWAIT"), (26, "UNCONNECTED", "PEERABORTWAIT"), (27, "UNCONNECTED", "PROCESSABORT"))
# 4 bytes, 48 of the ends, 4 of the uid: the inode is at 56, a multiple of 8.
path = recording("smc", struct.pack("=BxxB", AF_SMC, 0) + bytes(48),
                 *[smc(state, state % 3, sockid(4000 + state, 80, HOME, FAR, state), 1000, 100 + state) for state, _, _ in smc_states],
                 smc(1, 0, sockid(443, 50000, socket.inet_pton(socket.AF_INET6, "2001:db8::1"), socket.inet_pton(socket.AF_INET6, "2001:db8::2"), 77), 0, 99))
found = rows("--smc", "-an", "--replay", path, "--columns", "proto,family,state,smc_state,smc_mode,local_address,local_port,remote_address,remote_port,uid,inode")
t.same([(row["state"], row["smc_state"], row["smc_mode"], row["local_port"], row["inode"]) for row in found[:-1]],
       [(tcp, own, ("smcr", "tcp", "smcd")[state % 3], 4000 + state, 100 + state) for state, tcp, own in smc_states], "SMC: each of its states", found)
t.same(list(found[-1].values()), ["smc", "inet6", "ESTABLISHED", "ACTIVE", "smcr", "2001:db8::1", 443, "2001:db8::2", 50000, 0, 99], "over IPv6", found[-1])
t.same([len(rows("--smc", "-an", "--replay", path, *words)) for words in (["sport = :443"], ["dst", "198.51.100.7"], ["smc_mode = smcd"])], [1, 12, 4], "SMC: chosen")


def tipc(kind, state, inode, uid, cookie, node, port, peer=None):
    """TIPC_NLA_SOCK, as tipc_sk_fill_sock_diag() nests it."""
    def number(attr, value):
        return attribute(attr, struct.pack("=I", value))
    inside = number(6, kind) + number(9, state) + number(7, inode) + number(8, uid) + attribute(10, struct.pack("=Q", cookie)) + \
        attribute(5 | 0x8000, number(0, 3) + number(1, 4) + number(4, 6)) + number(1, node) + number(2, port)
    if peer:
        inside += attribute(3 | 0x8000, number(2, peer[0]) + number(3, peer[1]))
    return attribute(2 | 0x8000, inside)


path = recording("tipc", struct.pack("=BBHI", AF_TIPC, 0, 0, 0xffffffff), tipc(5, 10, 201, 0, 7, 16781313, 1024),
                 tipc(1, 1, 202, 1000, 8, 16781313, 1025, (16781314, 2049)), tipc(4, 7, 203, 0, 9, 16781313, 1026))
found = rows("--tipc", "-aen", "--replay", path, "--columns", "state,tipc_type,local,remote,recv_q,send_q,tipc_drops,uid,inode,tipc_peer_node")
t.same([list(row.values()) for row in found],
       [["LISTEN", "seqpacket", "16781313:1024", "*:*", 3, 4, 6, 0, 201, None],
        ["ESTABLISHED", "stream", "16781313:1025", "16781314:2049", 3, 4, 6, 1000, 202, 16781314],
        ["UNCONNECTED", "rdm", "16781313:1026", "*:*", 3, 4, 6, 0, 203, None]], "TIPC", found)
t.same([len(rows("--tipc", "-an", "--replay", path, *words)) for words in (["state", "listen"], ["src", "tipc:16781313:1025"], ["tipc_port > 1024"])], [1, 1, 2], "TIPC: chosen")
t.ok(b"16781313:1025" in tap.sockview("-A", "tipc", "-an", "--replay", path).out, "TIPC: netstat's lines")

for word in ("--vsock", "--xdp", "--sctp", "--dccp", "--smc", "--tipc"):
    result = tap.sockview(word)
    t.ok(result.status == 0 or b"does not tell of" in result.err, "%s: shown, or said that this kernel does not tell" % word, result)

# --- vsock and XDP that are there: by sock_diag, or where the kernel has none of it by the descriptors of processes ---


def try_socket(family, kind):
    try:
        return socket.socket(family, kind)
    except OSError as error:
        t.skip("a socket of family %d that is there" % family, str(error))
        return None


vs = try_socket(AF_VSOCK, socket.SOCK_STREAM)
if vs:
    vs.bind((ANY, 0x50505050))
    vs.listen(3)
    loose = socket.socket(AF_VSOCK, socket.SOCK_STREAM)
    dup = os.dup(vs.fileno())
    found = rows("--vsock", "-ap", "--columns", "state,vsock_type,local,remote,uid,inode,pid")
    for sock, state, local in ((vs, "LISTEN", "*:%d" % 0x50505050), (loose, "UNCONNECTED", None)):
        mine = [row for row in found if row["inode"] == os.fstat(sock.fileno()).st_ino]
        t.same([(row["state"], row["vsock_type"], row["remote"], row["uid"], row["pid"]) for row in mine], [(state, "stream", "*:*", os.getuid(), os.getpid())],
               "vsock: %s, once, and whose it is" % state, mine)
        t.ok(not local or (mine and mine[0]["local"] == local), "its end", mine)
    ours = os.fstat(vs.fileno()).st_ino
    t.same([row["inode"] for row in rows("--vsock", "-l") if row["inode"] == ours], [ours], "-l")
    t.same([row["inode"] for row in rows("--vsock", "-a", "src", "vsock:*:%d" % 0x50505050)], [ours], "src")
    t.same([row["inode"] for row in rows("--vsock", "-a", "--pid", ME) if row["inode"] == ours], [ours], "--pid")
    os.close(dup)
    if os.getuid() == 0 and not tap.missing("setpriv"):
        result = tap.sockview("--vsock", "-a", "--json", user=65534)
        answer = json.loads(result.out)["sockets"]
        t.ok(ours not in [row["inode"] for row in answer] and b"could not be looked into" in result.err or
             ours in [row["inode"] for row in answer] and b"no table" not in result.err, "another user's are told by the kernel, or said to be left out", result)
    # Sockets told by descriptors are in a recording, and marked there as such.
    path = os.path.join(tap.scratch(), "held")
    for more in ([], ["-N", "self"]):
        names = ["--columns", "state,vsock_type,local,remote,inode"]
        live = json.loads(tap.sockview("--vsock", "-a", "--json", *names, *more, "--record", path).out)
        told = json.loads(tap.sockview("--vsock", "-a", "--json", *names, *more, "--replay", path).out)
        # Without a copy of a descriptor only the kind of the socket is known.
        t.same([row["inode"] for row in live["sockets"] if row["inode"] == ours], [ours], "recorded: %s" % " ".join(more), live)
        t.same(told["sockets"], live["sockets"], "and replayed", told)
        t.same([told["report"][name] for name in ("from_descriptors", "descriptors_unread", "unavailable", "complete")],
               [live["report"][name] for name in ("from_descriptors", "descriptors_unread", "unavailable", "complete")], "with what it lacks", told["report"])
    report = json.loads(tap.sockview("--vsock", "-a", "--json").out)["report"]
    t.same(report["complete"], not report["descriptors_unread"], "complete where each process was looked into", report)
    if os.getuid() == 0 and not tap.missing("setpriv"):
        report = json.loads(tap.sockview("--vsock", "-a", "--json", user=65534).out)["report"]
        t.ok(not report["from_descriptors"] or (report["descriptors_unread"] and not report["complete"]), "processes that were not looked into: not complete, and counted", report)
xs = try_socket(AF_XDP, socket.SOCK_RAW)
if xs:
    mine = of(rows("--xdp", "--columns", "proto,family,pid,inode"), xs)
    t.same([mine.get(name) for name in ("proto", "family", "pid")], ["xdp", "xdp", os.getpid()], "XDP: that it is there, and whose it is", mine)
    t.same(of(rows("--xdp", "-N", "self"), xs).get("inode"), os.fstat(xs.fileno()).st_ino, "-N")
    path = os.path.join(tap.scratch(), "held_xdp")
    names = ["--columns", "proto,family,state,local,remote,interface,uid,inode"]
    live = json.loads(tap.sockview("--xdp", "--json", *names, "--record", path).out)["sockets"]
    t.same(json.loads(tap.sockview("--xdp", "--json", *names, "--replay", path).out)["sockets"], live, "XDP: recorded and replayed", live)

# A kernel before 6.8: TCP sockets that are only bound, by descriptors.
NOTE = b"sockview descriptors "
path = recording("bound", inet_request(socket.IPPROTO_TCP), inet(2, 13, 0, 0, sockid(7071, 0, HOME, b"", 3), 0, (0, 0), 1000, 301))
with open(path, "rb") as file:
    answers = file.read()
with open(recording("asked", inet_request(socket.IPPROTO_TCP)), "rb") as file:
    asked = file.read()
for note, complete, unread in ((b"", True, 0), (message(NLMSG_NOOP, 0, NOTE + b"0"), True, 0), (message(NLMSG_NOOP, 0, NOTE + b"3"), False, 3)):
    with open(path, "wb") as file:
        file.write(asked + note + answers if note else answers)
    result = tap.sockview("-atn4", "--json", "--replay", path)
    answer = json.loads(result.out)
    t.same([[row["state"] for row in answer["sockets"]], *[answer["report"][name] for name in ("complete", "descriptors_unread", "from_descriptors")]],
           [["BOUND"], complete, unread, ["tcp"] if note else []], "bound sockets of a recording that says %r" % note[16:], result)
    t.same(b"but for 3 processes" in result.err or b"of your own processes" in result.err, unread == 3, "and so does the note", result)

# --- another network namespace ------------------------------------------------------------------------

told, tell = os.pipe()
stay, go = os.pipe()
child = os.fork()
if child == 0:
    tap.die_with_parent()
    os.close(go)
    netns.unshare(netns.CLONE_NEWNET)
    tap.run(["ip", "link", "set", "lo", "up"])
    there = [socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ARP)), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)]
    there[1].bind((0, 0))
    try:
        there.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP))
        there[2].bind(("127.0.0.1", 0))
        there[2].listen(1)
    except OSError:
        pass
    os.write(tell, json.dumps([os.fstat(sock.fileno()).st_ino for sock in there]).encode())
    os.read(stay, 1)
    os._exit(0)
inodes = json.loads(os.read(told, 4096))
for option, words, inode in zip(("-0", "--netlink", "-M"), (["packet_protocol = arp"], ["src", "netlink:route"], ["state", "listen"]), inodes):
    found = [(row["proto"], row["netns"], row["owners"][0]["pid"] if row["owners"] else None) for row in rows(option, "-apN", str(child), *words)
             if row["inode"] == inode]
    t.same([row[1:] for row in found], [(os.stat("/proc/%d/ns/net" % child).st_ino, child)], "-N: %s, chosen, and whose it is" % option, found)
os.close(go)
os.waitpid(child, 0)

# --- recorded and replayed ----------------------------------------------------------------------------

path = os.path.join(tap.scratch(), "families")
tap.sockview("-A", "packet,mptcp,netlink", "-an", "--record", path)
replayed = tap.sockview("-A", "packet,mptcp,netlink", "-an", "--replay", path)
t.ok(b"arp:lo" in replayed.out and b"route:%d" % route.getsockname()[0] in replayed.out, "a recording of them is read back", replayed)
# No netlink tells of ping sockets: a recording of them alone would be empty.
refused = tap.sockview("--icmp", "-an", "--record", path)
t.same((refused.status, refused.err.decode().splitlines()[-1]),
       (3, "sockview: cannot record in %s: netlink does not tell of these sockets here" % path), "nothing to record is told")

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
