#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
struct tcp_info, timers and memory of live connections, against `ss -tinoem`.

Both read one and the same dump: ss writes it with -D and prints it from
there, so every value must be equal, however fast it changes in the kernel.
"""
import json
import os
import re
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import scene
import scenes
import tap

SO_DETACH_FILTER = 27
TCP_CONGESTION = 13
IPPROTO_MPTCP = 262
has, _ = scenes.enter(others=False)
t = tap.Tap()
stage = scene.Scene()
scenes.tcp(stage, "ipv6" in has)


def loss(stage_):
    """What a deaf receiver did not hear is sent again when it can hear: retransmits that are over."""
    for control in (b"reno", b"cubic", b"bbr"):
        client, server = stage_.pair(actors.V4, "192.0.2.1")
        try:
            client.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, control)
        except OSError:
            continue
        client.send(b"before" * 100)
        server.recv(1000)
        actors.deafen(server)
        client.send(b"lost" * 5000)
        time.sleep(0.9)
        server.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        scene.wait_for(lambda: len(server.recv(20000, socket.MSG_PEEK)) == 20000, "what was lost")
        name = control.decode()
        stage_.keep("loss.%s.client" % name, client), stage_.keep("loss.%s.server" % name, server)


def bulk(stage_):
    """Much data both ways, some of it still unread."""
    client, server = stage_.pair(actors.V4, "127.0.0.1")
    for one, other in ((client, server), (server, client)):
        for _ in range(200):
            one.send(b"b" * 20000)
            got = 0
            while got < 20000:
                got += len(other.recv(65536))
    client.send(b"rest")
    stage_.keep("bulk.client", client), stage_.keep("bulk.server", server)


def mptcp(stage_):
    listener = stage_.listener(actors.V4, ("127.0.0.1", 0), 2)
    listener.close()
    listener = socket.socket(actors.V4, actors.STREAM, IPPROTO_MPTCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2)
    client = socket.socket(actors.V4, actors.STREAM, IPPROTO_MPTCP)
    client.connect(listener.getsockname())
    server = listener.accept()[0]
    client.send(b"hello")
    stage_.keep("mptcp.listen", listener), stage_.keep("mptcp.client", client), stage_.keep("mptcp.server", server)


stage.add(loss)
stage.add(bulk)
with_mptcp = True
try:
    stage.add(mptcp)
except RuntimeError:
    with_mptcp = False
scenes.timewait(stage, "ipv6" in has)

# --- the two readings ------------------------------------------------------------------------------

ours, lines, said, dumps = {}, {}, "", {}
# ss reads back only the first dump of a file, so each family has its own.
for family in ["-4"] + ["-6"] * ("ipv6" in has):
    dump = dumps[family] = os.path.join(tap.scratch(), "dump" + family)
    written = tap.run(["ss", family, "-tinoema", "-D", dump])
    t.ok(written.status == 0 and os.path.getsize(dump) > 10000, "ss %s writes a dump" % family, written)
    printed = tap.run(["ss", family, "-tinoemaO", "-H"], env={"TCPDIAG_FILE": dump}).out.decode()
    replayed = tap.sockview("-tan", "--replay", dump, "--jsonl", "--columns", "all")
    t.ok(replayed.status == 0, "sockview replays it", replayed)
    of_ours = {sock["cookie"]: sock for sock in map(json.loads, replayed.out.decode().splitlines())}
    of_lines = {int(re.search(r" sk:([0-9a-f]+)", line)[1], 16): line for line in printed.splitlines()}
    t.same(sorted(of_ours), sorted(of_lines), "the same sockets")
    ours.update(of_ours), lines.update(of_lines)
    said += printed
t.ok(len(lines) > 60, "there is something to compare", len(lines))


def ms(number):
    return round(float(number) * 1000)


def close(got, want):
    """ss prints six significant digits."""
    return abs(got - want) <= abs(want) * 1e-5 + 1e-9


# Decimal since 6.15; 64 random bits have no letter among their 16 digits in 1 of 1,800 cases, so all are asked.
SEQ_BASE = 16 if any(re.search(r" seq:\d*[a-f]", line) for line in lines.values()) else 10

# Pattern in ss's line -> columns, each with the way from ss's text to its value.
FIELDS = [
    (r" ino:(\d+)", [("inode", lambda v: int(v) or None)]),
    (r" uid:(\d+)", [("uid", int)]),
    (r" v6only:(\d)", [("v6only", lambda v: v == "1")]),
    (r" fwmark:(0x[0-9a-f]+)", [("mark", lambda v: int(v, 16))]),
    (r"skmem:\(r(\d+),rb(\d+),t(\d+),tb(\d+),f(\d+),w(\d+),o(\d+),bl(\d+),d(\d+)\)",
     [(name, int) for name in "rmem_alloc rcvbuf wmem_alloc sndbuf fwd_alloc wmem_queued optmem sk_backlog drops".split()]),
    (r" wscale:(\d+),(\d+)", [("snd_wscale", int), ("rcv_wscale", int)]),
    (r" rto:([\d.]+)", [("rto", ms)]),
    (r" backoff:(\d+)", [("backoff", int)]),
    (r" rtt:([\d.]+)/([\d.]+)", [("rtt", ms), ("rttvar", ms)]),
    (r" ato:([\d.]+)", [("ato", ms)]),
    (r" mss:(\d+)", [("snd_mss", int)]),
    (r" pmtu:(\d+)", [("pmtu", int)]),
    (r" rcvmss:(\d+)", [("rcv_mss", int)]),
    (r" advmss:(\d+)", [("advmss", int)]),
    (r" cwnd:(\d+)", [("snd_cwnd", int)]),
    (r" ssthresh:(\d+)", [("snd_ssthresh", int)]),
    (r" bytes_sent:(\d+)", [("bytes_sent", int)]),
    (r" bytes_retrans:(\d+)", [("bytes_retrans", int)]),
    (r" bytes_acked:(\d+)", [("bytes_acked", int)]),
    (r" bytes_received:(\d+)", [("bytes_received", int)]),
    (r" segs_out:(\d+)", [("segs_out", int)]),
    (r" segs_in:(\d+)", [("segs_in", int)]),
    (r" data_segs_out:(\d+)", [("data_segs_out", int)]),
    (r" data_segs_in:(\d+)", [("data_segs_in", int)]),
    (r" bbr:\(bw:(\d+)bps,mrtt:([\d.]+)", [("bbr_bw", int), ("bbr_min_rtt", ms)]),
    (r"pacing_gain:([\d.]+)", [("bbr_pacing_gain", float)]),
    (r",cwnd_gain:([\d.]+)", [("bbr_cwnd_gain", float)]),
    (r" send (\d+)bps", [("send_rate", int)]),
    (r" lastsnd:(\d+)", [("last_data_sent", int)]),
    (r" lastrcv:(\d+)", [("last_data_recv", int)]),
    (r" lastack:(\d+)", [("last_ack_recv", int)]),
    (r" pacing_rate (\d+)bps", [("pacing_rate", int)]),
    (r" delivery_rate (\d+)bps", [("delivery_rate", int)]),
    (r" delivered:(\d+)", [("delivered", int)]),
    (r" busy:(\d+)ms", [("busy_time", lambda v: int(v) * 1000)]),
    (r" rwnd_limited:(\d+)ms", [("rwnd_limited", lambda v: int(v) * 1000)]),
    (r" sndbuf_limited:(\d+)ms", [("sndbuf_limited", lambda v: int(v) * 1000)]),
    (r" unacked:(\d+)", [("unacked", int)]),
    (r" retrans:(\d+)/(\d+)", [("retrans", int), ("total_retrans", int)]),
    (r" lost:(\d+)", [("lost", int)]),
    (r" sacked:(\d+)", [("sacked", int)]),
    (r" dsack_dups:(\d+)", [("dsack_dups", int)]),
    (r" reordering:(\d+)", [("reordering", int)]),
    (r" reord_seen:(\d+)", [("reord_seen", int)]),
    (r" rcv_rtt:([\d.]+)", [("rcv_rtt", ms)]),
    (r" rcv_space:(\d+)", [("rcv_space", int)]),
    (r" rcv_ssthresh:(\d+)", [("rcv_ssthresh", int)]),
    (r" notsent:(\d+)", [("notsent_bytes", int)]),
    (r" minrtt:([\d.]+)", [("min_rtt", ms)]),
    (r" rcv_ooopack:(\d+)", [("rcv_ooopack", int)]),
    (r" snd_wnd:(\d+)", [("snd_wnd", int)]),
    (r" tcp-ulp-(\w+)", [("ulp", str)]),
    (r" token:[0-9a-f]+\(id:\d+\)/([0-9a-f]+)\(id:(\d+)\)", [("mptcp_token_local", lambda v: int(v, 16)), ("mptcp_id_local", int)]),
    (r" seq:([0-9a-f]+) sfseq:(\d+)", [("mptcp_map_seq", lambda v: int(v, SEQ_BASE)), ("mptcp_map_sfseq", int)]),
    (r" maplen:(\d+)", [("mptcp_map_datalen", int)]),
]
# ss rounds milliseconds down from microseconds.
COARSE = {"busy_time": 1000, "rwnd_limited": 1000, "sndbuf_limited": 1000}
# A word of its own in ss's line.
FLAGS = {"ts": "timestamps", "sack": "sack", "ecn": "ecn", "ecnseen": "ecn_seen", "app_limited": "app_limited"}
# ss leaves out what is 0, or not worth a word.
SHUTDOWN = {"<->": "none", "-->": "receive", "<--": "send", "---": "both"}


def equal(column, got, want):
    if column in COARSE:
        return got is not None and 0 <= got - want < COARSE[column]
    if isinstance(want, float) or column in ("send_rate", "rto", "rtt", "rttvar", "ato", "rcv_rtt", "min_rtt", "bbr_min_rtt"):
        return got is not None and (close(got, want) or abs(got - want) <= 1)
    return got == want


compared, wrong, since_boot = {}, [], []
for cookie, line in lines.items():
    sock = ours.get(cookie)
    if sock is None:
        continue
    # Of a listener, ss prints the accept queue as unacked; here it has columns of its own.
    if sock["state"] == "LISTEN":
        line = re.sub(r" (unacked|sacked):\d+", "", line)
    for pattern, columns in FIELDS:
        match = re.search(pattern, line)
        for index, (column, way) in enumerate(columns):
            if match:
                compared[column] = compared.get(column, 0) + 1
                # Until the first answer the kernel counts these from its boot: here they have no value then.
                if sock["state"] == "SYN_SENT" and column.startswith("last_"):
                    since_boot.append(sock[column])
                elif not equal(column, sock[column], way(match[index + 1])):
                    wrong.append((column, sock[column], match[0], sock["state"]))
    words = set(line.split())
    for word, column in FLAGS.items():
        if bool(sock[column]) != (word in words):
            wrong.append((column, sock[column], line))
        compared[column] = compared.get(column, 0) + (word in words)
    arrows = [word for word in words if word in SHUTDOWN]
    if arrows and sock["shutdown"] != SHUTDOWN[arrows[0]]:
        wrong.append(("shutdown", sock["shutdown"], arrows))
    controls = words & {"reno", "cubic", "bbr"}
    if controls and sock["congestion"] not in controls:
        wrong.append(("congestion", sock["congestion"], controls))
t.same(wrong, [], "every value that ss prints")
t.same(since_boot, [None] * len(since_boot), "but what is not yet counted from anything in SYN_SENT")

must = """inode rmem_alloc rcvbuf wmem_alloc sndbuf snd_wscale rcv_wscale rto backoff rtt rttvar ato snd_mss pmtu rcv_mss advmss
    snd_cwnd ssthresh bytes_sent bytes_retrans bytes_acked bytes_received segs_out segs_in data_segs_out data_segs_in
    last_data_sent pacing_rate delivery_rate delivered busy_time rwnd_limited unacked retrans total_retrans lost
    rcv_space rcv_ssthresh notsent_bytes min_rtt snd_wnd send_rate app_limited timestamps sack""".replace("ssthresh bytes", "snd_ssthresh bytes")
# ss tells snd_wnd since 5.11.
untold = {"snd_wnd"} if tap.older("ss", (5, 11), "-V") else set()
t.same([name for name in must.split() if not compared.get(name) and name not in untold], [], "the scene has a value of each to compare", compared)
if "bbr" in said:
    t.ok(compared.get("bbr_bw") and compared.get("bbr_pacing_gain"), "bbr's own values were compared")
else:
    t.skip("bbr's own values were compared", "this kernel has no bbr")
if with_mptcp and os.getuid() == 0:
    t.ok(compared.get("mptcp_token_local") and compared.get("mptcp_map_seq"), "MPTCP's values were compared")
else:
    t.skip("MPTCP's values were compared", "this kernel has no MPTCP, or tells only root")

# --- timers ---------------------------------------------------------------------------------------------

UNITS = {"min": 60000, "sec": 1000, "ms": 1}


def milliseconds(text):
    """
    ss's "1min59sec", "5.400ms" (thousandths of a second, until 6.14), "5.400sec" (since), "200ms": (milliseconds, how
    coarse).
    """
    thousandths = re.fullmatch(r"(\d+)\.(\d{3})ms", text)
    if thousandths:
        return int(thousandths[1]) * 1000 + int(thousandths[2]), 1
    parts = re.findall(r"([\d.]+)(min|sec|ms)", text)
    coarse = UNITS[parts[-1][1]] if parts and "." not in parts[-1][0] else 1
    return sum(round(float(number) * UNITS[unit]) for number, unit in parts), coarse


KINDS = {"on": "on", "keepalive": "keepalive", "timewait": "timewait", "persist": "probe", "unknown": None}
wrong, kinds = [], set()
for cookie, line in lines.items():
    sock, match = ours.get(cookie), re.search(r"timer:\((\w+),([^,]*),(\d+)\)", line)
    if sock is None:
        continue
    if not match:
        if sock["timer"] != "off":
            wrong.append(("timer", sock["timer"], line))
        continue
    kinds.add(KINDS[match[1]])
    expires, coarse = milliseconds(match[2])
    retransmits = sock["probes"] if match[1] in ("keepalive", "persist") else sock["retransmits"]
    if sock["timer"] != KINDS[match[1]] or retransmits != int(match[3]) or not 0 <= sock["timer_expires"] - expires < coarse:
        wrong.append((match[0], sock["timer"], sock["timer_expires"], sock["retransmits"], sock["probes"]))
t.same(wrong, [], "timers: kind, time left, retransmits and probes as ss prints them")
t.same(sorted(kinds), ["keepalive", "on", "probe", "timewait"], "every kind of timer was there")

# --- what follows ----------------------------------------------------------------------------------------

by_inode = {sock["inode"]: sock for sock in ours.values() if sock["inode"]}
for control in ("reno", "cubic", "bbr"):
    if "loss.%s.client" % control in stage.sock:
        sock = by_inode[stage.sock["loss.%s.client" % control].inode]
        t.same(sock["congestion"], control, "congestion: %s" % control)
        t.ok(sock["bytes_retrans"] > 0 and abs(sock["retrans_share"] - sock["bytes_retrans"] / sock["bytes_sent"]) < 1e-6,
             "retrans_share of a connection with loss (%s)" % control, sock["bytes_retrans"], sock["bytes_sent"])
probed = by_inode[stage.sock["timer.probe.client"].inode]
t.same((probed["timer"], probed["limited_by"]), ("probe", "receive-window"), "limited_by: a peer that never reads", probed["busy_time"], probed["rwnd_limited"])
kept = by_inode[stage.sock["timer.keepalive.client"].inode]
t.same(kept["timer"], "keepalive", "a kept-alive connection's timer")
t.ok(7100000 < kept["timer_expires"] <= 7200000, "and the two hours it waits", kept["timer_expires"])

# --- as text behind netstat's row --------------------------------------------------------------------------

text = tap.sockview("-tanoeemI", "--replay", dumps["-4"]).lines
control = next(name for name in ("cubic", "reno", "bbr") if "loss.%s.client" % name in stage.sock)
inode = stage.sock["loss.%s.client" % control].inode
row, sock = next(line for line in text if " %d " % inode in line), by_inode[inode]
found = dict(re.findall(r" ([a-z_0-9]+):(\S+)", row))
wrong = [(name, found.get(name), sock[name]) for name in
         "rcvbuf sndbuf snd_mss snd_cwnd bytes_sent bytes_retrans total_retrans segs_out congestion cookie".split()
         if found.get(name) != str(sock[name])]
t.same(wrong, [], "-ee, -m, -I: name:value behind the row, as in the columns")
t.same((found.get("rtt"), found.get("rto")), ("%dus" % sock["rtt"], "%dus" % sock["rto"]), "-I: with units")
t.same([name for name, value in found.items() if value == "0" and name not in
        "rmem_alloc wmem_alloc fwd_alloc wmem_queued optmem sk_backlog drops".split()], [], "-I: what is 0 is left out")
# --- what the kernel tells CAP_NET_ADMIN alone --------------------------------------------------------

SO_MARK, TCP_MD5SIG = 36, 14
marked = socket.socket()
marked.bind(("127.0.0.1", 0))
try:
    marked.setsockopt(socket.SOL_SOCKET, SO_MARK, 0x5eed)
except PermissionError as why:
    t.skip("-ee: the mark", why)
else:
    marked.listen()
    own = tap.sockview("-ltnee", "sport = :%d" % marked.getsockname()[1])
    t.ok(" mark:%d " % 0x5eed in (own.lines[-1] + " "), "-ee: the mark", own)
try:
    # struct tcp_md5sig (linux/tcp.h): an address of 128 bytes, flags, prefix, length, interface, 80 of key
    marked.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, struct.pack("=HH4s120xBBHI80s", socket.AF_INET, 0,
                      socket.inet_aton("192.0.2.9"), 0, 0, 6, 0, b"secret"))
    marked.listen()
except OSError as why:
    t.skip("-I: MD5 keys", why)
else:
    own = tap.sockview("-ltnI", "sport = :%d" % marked.getsockname()[1])
    t.ok(" md5_keys:1 " in (own.lines[-1] + " "), "-I: MD5 keys", own)
t.done()
