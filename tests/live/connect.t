#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
--connect: each way in which a connection fails, made in namespaces, and what is said of it without and with
the probe. The truth is a real connect() of our own, to the same end, with a time limit.
"""
import errno
import json
import os
import select
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import peers
import tap
from attached import attached, detach

t = tap.Tap()
why = netns.enter()
if why or tap.missing("nft", "ip", "nsenter", "unshare"):
    tap.skip_all(why or "nft, ip, nsenter and unshare are needed")
refused = tap.first_refusal(["nft", "add", "table", "ip", "try"])
if refused:
    tap.skip_all(refused)
tap.run(["nft", "flush", "ruleset"])
peers.make(t, ("eth1",))
OURS, THEIRS, OURS6, THEIRS6 = peers.PEERS["eth1"]
FAR = peers.inside("eth1")
STATUS = {"works": 0, "fails": 1, "unknown": 3}


def listen(address, port, v6only=0, backlog=64, bound=False):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    sock.bind((address, port))
    if not bound:
        sock.listen(backlog)
    return sock


def until(condition, seconds=15):
    """False if it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def really(address, port, seconds):
    """What connect() of our own ends with: "works", the name of an errno, or "silence"."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setblocking(False)
    with sock:
        error = sock.connect_ex((address, port))
        if error == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            if not poll.poll(seconds * 1000):
                return "silence"
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode[error] if error else "works"


def place(address, port):
    return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)


def ask(target, *words, before=()):
    done = tap.run([*before, tap.SOCKVIEW, "--connect", target, "--json", "-q", *words])
    try:
        return json.loads(done.out), done
    except ValueError:
        return {}, done


def check(name, address, port, verdict, stage, error, says="", probed=None, truth=None, seconds=0.4):
    """Without the probe (verdict, stage, error); with it `probed`, the same unless said; both exits; the truth."""
    answer, done = ask(place(address, port))
    got = [answer.get(key) for key in ("verdict", "stage", "error")]
    t.ok(got == [verdict, stage, error] and done.status == STATUS[verdict] and
         any(says in line for line in answer.get("evidence", [])), name, got, done)
    if probed is None:
        probed = (verdict, stage, error)
    answer, done = ask(place(address, port), "--probe=connect", "--for", str(seconds))
    got = tuple(answer.get(key) for key in ("verdict", "stage", "error"))
    real = really(address, port, seconds)
    real = {"silence": "ETIMEDOUT", "works": None}.get(real, real)
    t.ok(got == tuple(probed) and done.status == STATUS[probed[0]], name + ", tried", got, done)
    t.same(answer.get("error"), real, name + ": the error is a real connect()'s")
    return answer


# --- of this host -----------------------------------------------------------------------------------------

server = listen("0.0.0.0", 21001)
check("a listener", OURS, 21001, "works", None, None, "listens on 0.0.0.0:21001")
check("the same by loopback", "127.0.0.1", 21001, "works", None, None, "(pid %d)" % os.getpid())
check("nothing listens", OURS, 21009, "fails", "listener", "ECONNREFUSED", "nothing listens on " + place(OURS, 21009))
keep = [listen("127.0.0.1", 21002)]
check("of loopback alone", OURS, 21002, "fails", "listener", "ECONNREFUSED", "of loopback alone")
check("of the other family", "::1", 21001, "fails", "listener", "ECONNREFUSED", "of the other address family")
keep.append(listen("::", 21003, v6only=1))
check("IPv6 alone", "127.0.0.1", 21003, "fails", "listener", "ECONNREFUSED", "of the other address family")
keep.append(listen("::", 21004))
check("IPv4 by a socket of both", "127.0.0.1", 21004, "works", None, None, "[::]:21004")
check("IPv4 in an IPv6 address", "::ffff:" + OURS, 21001, "works", None, None, "listens on 0.0.0.0:21001")
check("IPv4 in an IPv6 address, of no listener", "::ffff:" + OURS, 21009, "fails", "listener", "ECONNREFUSED", "nothing listens on 10.1.0.1:21009")
check("and IPv6", OURS6, 21004, "works", None, None)
keep.append(listen("127.0.0.1", 21005, bound=True))
check("bound, not listening", "127.0.0.1", 21005, "fails", "listener", "ECONNREFUSED", "does not listen")
keep.append(listen("127.0.0.3", 21006))
check("of another address", "127.0.0.1", 21006, "fails", "listener", "ECONNREFUSED", "127.0.0.3:21006: of another address")
for name, port in ((b"eth1", 21007), (b"lo", 21011)):
    keep.append(socket.socket())
    keep[-1].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
    keep[-1].bind(("0.0.0.0", port))
    keep[-1].listen()
check("bound to the interface of the address", OURS, 21007, "works", None, None)
check("bound to another interface", "127.0.0.1", 21007, "fails", "listener", "ECONNREFUSED", "bound to another interface")
check("bound to lo", "127.0.0.1", 21011, "works", None, None)
check("bound to lo, by another address", OURS, 21011, "fails", "listener", "ECONNREFUSED", "bound to another interface")

SERVER = """
import socket, sys
socks = []
for word in sys.argv[1:]:
    addr, port = word.split(",")
    sock = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((addr, int(port)))
    sock.listen(64)
    socks.append(sock)
print("up", flush=True)
sys.stdin.read()
"""
far = subprocess.Popen([*FAR, sys.executable, "-c", SERVER, "0.0.0.0,21101", "::,21102"], stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
far.stdout.readline()
check("it listens in another network namespace", OURS, 21101, "fails", "listener", "ECONNREFUSED", "in another network namespace")

hang = listen("127.0.0.1", 21010, backlog=1)
clients = []
for _ in range(4):
    clients.append(socket.socket())
    clients[-1].setblocking(False)
    clients[-1].connect_ex(("127.0.0.1", 21010))
queue = lambda: tap.run([tap.SOCKVIEW, "-ltn", "--json", "-q", "sport = :21010"]).out
until(lambda: any(row["recv_q"] > row["send_q"] for row in json.loads(queue())["sockets"]))
check("its accept queue is full", "127.0.0.1", 21010, "fails", "queue", "ETIMEDOUT", "2 of 2 places")


def rules(text):
    tap.run(["nft", "flush", "ruleset"])
    done = tap.run(["nft", "-f", "-"], stdin=text.encode())
    if done.status:
        t.ok(False, "nft takes the rules", done)


def chain(hook, body, policy="accept", kind="filter", priority="filter"):
    return "table inet f {\nchain c {\ntype %s hook %s priority %s; policy %s;\n%s\n}\n}\n" % (kind, hook, priority, policy, body)


rules(chain("input", "tcp dport 21001 drop"))
check("dropped as it comes in", "127.0.0.1", 21001, "fails", "input", "ETIMEDOUT", "inet f c handle")
rules(chain("output", "tcp dport 21001 drop"))
check("dropped as it leaves", "127.0.0.1", 21001, "fails", "output", "ETIMEDOUT", "inet f c handle")
rules(chain("output", "tcp dport 21001 reject with tcp reset"))
check("refused as it leaves", "127.0.0.1", 21001, "fails", "output", None, "rejects", ("fails", "output", "ECONNREFUSED"))
rules(chain("output", "tcp dport 21008 redirect to :21001", kind="nat", priority="-100"))
answer, done = ask(place(OURS, 21008))
t.ok(answer.get("advice", "").startswith("sockview --connect 127.0.0.1:21001, "), "where a redirect leads to, as a command", done)
check("a rule sends it to another port", "127.0.0.1", 21008, "unknown", "output", None, "sends it to 127.0.0.1:21001", ("works", None, None))
rules(chain("output", "meta skuid 4242 drop"))
check("a rule of other users", "127.0.0.1", 21001, "unknown", "output", None, "skuid", ("works", None, None))
rules(chain("input", "ct state established,related accept", policy="drop"))
check("new ones are dropped", "127.0.0.1", 21001, "fails", "input", "ETIMEDOUT", "policy")
rules(chain("input", 'iifname "eth1" drop'))
check("answers are dropped", THEIRS, 21101, "fails", "input", "ETIMEDOUT", "the answer")
tap.run(["nft", "flush", "ruleset"])

# lo has none of its own (net.ipv4.conf.lo.disable_xfrm).
done = tap.run("ip xfrm policy add dir out src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp dport 21001 action block".split())
if done.status == 0:
    check("a policy of IPsec", OURS, 21001, "unknown", "output", None, "xfrm", ("works", None, None))
    tap.run("ip xfrm policy flush".split())
else:
    t.skip("a policy of IPsec", done.err.decode(errors="replace").strip())

# --- routes ------------------------------------------------------------------------------------------------

check("no route", "203.0.113.1", 80, "fails", "route", "ENETUNREACH", "no route leads to 203.0.113.1")
for kind, error in (("prohibit", "EACCES"), ("blackhole", "EINVAL"), ("unreachable", "EHOSTUNREACH")):
    for address, net in (("198.51.100.1", "198.51.100.1/32"), ("2001:db8:1::1", "2001:db8:1::1/128")):
        tap.run(["ip", "route", "replace", kind, net])
        check("a route: %s %s" % (kind, address), address, 80, "fails", "route", error, address)
        tap.run(["ip", "route", "del", kind, net])
lone = ["unshare", "-n", "sh", "-c", "ip link add d0 type veth peer name d1 && ip link set d0 addrgenmode none && "
        "ip link set d1 addrgenmode none && ip link set d1 up && ip link set d0 up && ip -6 route add 2001:db8::/32 dev d0 && exec \"$@\"", "sh"]
refused = tap.first_refusal([*lone, "true"])
if refused is None:
    answer, done = ask("[2001:db8::1]:80", before=lone)
    t.same([answer.get("verdict"), answer.get("stage"), answer.get("error"), done.status], ["fails", "source", "EADDRNOTAVAIL", 1],
           "no source address", done)
else:
    t.skip("no source address", refused)

# --- programs of cgroups ------------------------------------------------------------------------------------

KIND_SKB, KIND_ADDR, INGRESS, CONNECT4, CONNECT6, SENDMSG4 = 8, 18, 0, 10, 11, 14
mounts = [line.split()[1] for line in open("/proc/self/mounts") if line.split()[2] == "cgroup2"]
try:
    group = os.path.join(mounts[0], "sockview-connect-%d" % os.getpid())
    os.mkdir(group)
except (IndexError, OSError) as error:
    t.skip("programs of cgroups", "no cgroup of its own: %s" % error)
else:
    within = ["sh", "-c", 'echo 0 > "$1/cgroup.procs" && shift && exec "$@"', "sh", group]

    def programs(name, hook, target, verdict, stage, probed, says, kind=KIND_ADDR, value=0, truth=None):
        """With the program in the cgroup that connects: without the probe, and with it beside a connect() of the same cgroup."""
        process, why = attached(kind, hook, 0, value, group)
        if not process:
            t.skip(name, why)
            return
        answer, done = ask(target, before=within)
        t.ok([answer.get("verdict"), answer.get("stage")] == [verdict, stage] and done.status == STATUS[verdict] and
             any(says in line for line in answer.get("evidence", [])), name, done)
        answer, done = ask(target, "--probe=connect", "--for", "0.3", before=within)
        if probed:
            t.same([answer.get("verdict"), answer.get("stage"), answer.get("error")], list(probed), name + ", tried", done)
            host, port = target.rsplit(":", 1)
            real = tap.run([*within, sys.executable, "-c", "import socket; socket.create_connection((%r, %s), 1)" % (host.strip("[]"), port)])
            t.same(real.status == 0, probed[0] == "works", name + ": as a real connect() finds", real)
        detach(process)

    programs("a program refuses connect()", CONNECT4, place(OURS, 21001), "unknown", "output", ("fails", "output", "EPERM"), "refuses connect()")
    programs("a program lets connect() through", CONNECT4, place(OURS, 21001), "unknown", "output", ("works", None, None), "cgroup-bpf", value=1)
    programs("one of IPv6 alone", CONNECT6, place(OURS, 21001), "works", None, ("works", None, None), "listens on")
    programs("one of IPv6", CONNECT6, place(OURS6, 21004), "unknown", "output", ("fails", "output", "EPERM"), "refuses connect()")
    programs("packets of the cgroup that connects", INGRESS, place(OURS, 21001), "unknown", "output", None, "cgroup-bpf", kind=KIND_SKB, value=1)
    programs("what sendto() of UDP meets", SENDMSG4, "udp:%s:53" % OURS, "unknown", "remote", None, "BPF programs of this cgroup", value=1)
    inner = subprocess.Popen([*within, sys.executable, "-c",
                              "import socket, sys\ns = socket.create_server(('0.0.0.0', 21061))\nprint('up', flush=True)\nsys.stdin.read()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    inner.stdout.readline()
    for value, probed in ((0, ("fails", "input", "ETIMEDOUT")), (1, ("works", None, None))):
        process, why = attached(KIND_SKB, INGRESS, 0, value, group)
        if not process:
            t.skip("a program of the listener's cgroup", why)
            continue
        check("a program of the listener's cgroup, that %s" % ("passes all" if value else "drops"), OURS, 21061, "unknown", "input", None,
              "BPF program of the listener's cgroup", probed)
        detach(process)
    check("once it is gone", OURS, 21061, "works", None, None, "listens on 0.0.0.0:21061")
    inner.kill()
    inner.wait()
    os.rmdir(group)

# --- another host -------------------------------------------------------------------------------------------

answer = check("another host, of which nothing is known", THEIRS, 21101, "unknown", "remote", None, "nothing here shows",
               ("works", None, None))
check("IPv6", THEIRS6, 21102, "unknown", "remote", None, "directly by eth1", ("works", None, None))
answer = check("it refuses", THEIRS, 21109, "unknown", "remote", None, "", ("fails", "remote", "ECONNREFUSED"))
t.ok("by a reset" in str(answer["evidence"]) and "not told apart" in str(answer["evidence"]), "a reset is told", answer)
tap.run([*FAR, "nft", "-f", "-"], stdin=chain("input", "tcp dport 21103 reject\ntcp dport 21104 drop").encode())
answer = check("its firewall rejects", THEIRS, 21103, "unknown", "remote", None, "", ("fails", "remote", "ECONNREFUSED"))
t.ok("by an ICMP error" in str(answer["evidence"]) and "a firewall rejects" in answer["evidence"][0], "an ICMP error is told", answer)
check("its firewall drops", THEIRS, 21104, "unknown", "remote", None, "", ("fails", "remote", "ETIMEDOUT"))
silent = socket.socket()
silent.setblocking(False)
silent.connect_ex((THEIRS, 21104))
sent = lambda: json.loads(tap.run([tap.SOCKVIEW, "-tn", "--json", "-q", "--columns", "retransmits", "dport = :21104"]).out)["sockets"]
until(lambda: any(row["retransmits"] for row in sent()))
check("a connection that begins gets no answer", THEIRS, 21104, "fails", "remote", "ETIMEDOUT", "SYN sent again")
silent.close()
other = socket.create_connection((THEIRS, 21101))
check("another connection to it is established", THEIRS, 21101, "works", None, None, "it works for others")
rules(chain("output", "meta skuid 4242 tcp dport 21101 drop"))
check("another's connection shows nothing of a rule by user", THEIRS, 21101, "unknown", "output", None, "it works for others", ("works", None, None))
rules(chain("output", "tcp dport 21101 ct state new drop"))
check("nor of one for new ones", THEIRS, 21101, "fails", "output", "ETIMEDOUT", "it works for others")
answer, done = ask(place(THEIRS, 21101), before=["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"])
t.ok(answer.get("verdict") != "works", "nor one that may not be read", done)
tap.run(["nft", "flush", "ruleset"])
# From a port of the other host that has no listener there.
came = subprocess.Popen([*FAR, sys.executable, "-c", "import socket, sys\ns = socket.socket()\ns.bind(('0.0.0.0', 21108))\n"
                         "s.connect((%r, 21001))\nsys.stdin.read()" % OURS], stdin=subprocess.PIPE, preexec_fn=tap.die_with_parent)
theirs = None
while theirs != (THEIRS, 21108):
    inbound, theirs = server.accept()
check("a connection that came from there", THEIRS, 21108, "unknown", "remote", None, "nothing here shows", ("fails", "remote", "ECONNREFUSED"))
came.kill()
came.wait()
inbound.close()
with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
    before = file.read()
# Four ports, none of which an earlier connection of this test has left in TIME_WAIT.
for first in range(42001, 42101, 4):
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
        file.write("%d %d" % (first, first + 3))
    used = [socket.socket() for _ in range(4)]
    if not any([sock.connect_ex((THEIRS, 21101)) for sock in used]):
        break
check("no local port is left", THEIRS, 21101, "fails", "ephemeral", "EADDRNOTAVAIL", "all 4 local ports of %d-%d" % (first, first + 3))
answer, done = ask(place(THEIRS, 21105))
t.same(answer.get("stage"), "remote", "towards another port there are some", done)
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
    file.write(before)
for name, value in (("retrans_time_ms", "20"), ("mcast_solicit", "2")):
    with open("/proc/sys/net/ipv4/neigh/eth1/" + name, "w") as file:
        file.write(value)
really("10.1.0.77", 80, 5)
if until(lambda: b"FAILED" in tap.run(["ip", "neigh", "show", "10.1.0.77"]).out):
    check("an absent host", "10.1.0.77", 80, "fails", "neighbour", "EHOSTUNREACH", "neighbour FAILED", seconds=5)
else:
    t.skip("an absent host", "ip neighbour does not show FAILED")

# --- names, UDP, users, usage ---------------------------------------------------------------------------------

answer, done = ask("no-such-host.invalid:80")
t.ok(answer.get("stage") == "name" and str(answer.get("error")).startswith("EAI_") and done.status == 1, "a name that is none", done)
answer, done = ask("localhost:21001")
t.same([answer.get("verdict"), done.status], ["works", 0], "a name: one of its addresses works")
answer, done = ask("21001")
t.same([answer.get("verdict"), answer.get("target"), sorted(answer)],
       ["works", "21001", ["advice", "error", "evidence", "stage", "target", "verdict"]], "a port alone is this host's; the keys")
answer, done = ask("udp:%s:53" % THEIRS)
t.same([answer.get("verdict"), answer.get("stage"), done.status], ["unknown", "remote", 3], "UDP: to the route")
answer, done = ask("udp:203.0.113.1:53")
t.same([answer.get("verdict"), answer.get("stage"), done.status], ["fails", "route", 1], "UDP without a route")
nobody = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
answer, done = ask("127.0.0.1:21001", before=nobody)
if done.status == 3:
    t.same([answer.get("verdict"), answer.get("stage")], ["unknown", "output"], "rules that may not be read leave it unknown")
    t.ok("could not be asked" in str(answer["evidence"]) and "cgroup-bpf" in str(answer["evidence"]),
         "programs that may not be asked for are told", done)
    answer, done = ask("udp:%s:53" % THEIRS, before=nobody)
    t.ok("could not be asked" in str(answer["evidence"]) and "sendto()" in str(answer["evidence"]), "of UDP likewise", done)
    answer, done = ask("127.0.0.1:21009", before=nobody)
    t.ok(answer.get("verdict") in ("unknown", "fails") and "nothing" in answer["evidence"][0] and "listens on 127.0.0.1:21009" in answer["evidence"][0],
         "that nothing listens is told first", done)
    answer, done = ask("127.0.0.1:21001", "--probe=connect", before=nobody)
    t.same([answer.get("verdict"), done.status], ["works", 0], "and the probe tells")
else:
    t.skip("rules that may not be read leave it unknown", "setpriv: " + done.err.decode(errors="replace").strip())
done = tap.run([tap.SOCKVIEW, "--connect", place(OURS, 21009), "-q"])
lines = done.out.decode().splitlines()
t.ok(lines[0] == "fails: nothing listens on 10.1.0.1:21009 (stage listener, ECONNREFUSED)" and lines[-1].startswith("To do: ") and
     all(line.startswith("  ") for line in lines[1:-1]), "the text: verdict, evidence, what to do", done)
for words, culprit in ((["1.2.3.4"], b"port"), (["1.2.3.4:80", "x"], b"x"), (["1.2.3.4:80-90"], b"range"), (["10.0.0.0/8:80"], b"network"),
                       (["1.2.3.4:80", "-c"], b"-c"), (["1.2.3.4:80", "--csv"], b"json"), (["1.2.3.4:80", "--probe=bind"], b"--explain"),
                       (["udp:1.2.3.4:80", "--probe=connect"], b"TCP"), (["unix:x"], b"port")):
    done = tap.run([tap.SOCKVIEW, "--connect", *words])
    t.ok(done.status == 2 and culprit in done.err and not done.out, "refused: " + " ".join(words), done)
done = tap.run([tap.SOCKVIEW, "--probe=connect", "-t"])
t.ok(done.status == 2 and b"--connect" in done.err, "the probe without --connect", done)

far.kill()
far.wait()
peers.end()
t.done()
