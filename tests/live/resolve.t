#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""-r with name servers that answer, say no, lie or never answer.

The test has a network of its own, whose only name server is a UDP socket of
this script, and an /etc of its own, which points there. No time is measured:
a thousand names without an answer would take the resolver hours one after
the other, so that a run ends before PATIENCE proves that they were not waited
for in turn.
"""
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

SOCKVIEW = os.environ["SOCKVIEW"]
PATIENCE = 60  # seconds; a thousand timeouts one by one take over 5,000


def enter_namespaces():
    user = [] if os.geteuid() == 0 else ["-Ur"]
    if os.environ.get("RESOLVE_T_INSIDE"):
        return
    tried = subprocess.run(["unshare", *user, "-nm", "true"], stderr=subprocess.PIPE, text=True)
    if tried.returncode:
        print("1..0 # SKIP no network and mount namespace can be made here (%s)" % tried.stderr.strip())
        sys.exit(0)
    os.environ["RESOLVE_T_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", *user, "-nm", sys.executable, __file__])


def own_etc(folder):
    for name in ("passwd", "group", "services", "protocols", "ld.so.cache"):
        if os.path.exists("/etc/" + name):
            shutil.copy("/etc/" + name, folder)
    for name, text in {
        "resolv.conf": "nameserver 127.0.0.1\n",
        "nsswitch.conf": "hosts: files dns\nservices: files\nprotocols: files\npasswd: files\n",
        "hosts": "127.0.0.1 localhost\n"
        + "".join(f"10.9.0.{i} file-{i}.test\n" for i in range(1, 21)),
    }.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    subprocess.run(["mount", "--bind", folder, "/etc"], check=True)


def own_network():
    subprocess.run("ip link set lo up && ip route add 10.0.0.0/8 dev lo", shell=True, check=True)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def blind_to_libc(folder):
    """ThreadSanitizer does not see the locks inside libc's resolver, which name_ask() calls;
    tests/unit/test_hosts.c runs the same threads with a getnameinfo() that it does see."""
    path = os.path.join(folder, "tsan")
    with open(path, "w") as file:
        file.write("race:name_ask\n")
    os.environ["TSAN_OPTIONS"] = f"suppressions={path}:" + os.environ.get("TSAN_OPTIONS", "")


class Server(threading.Thread):
    """Answers by the second byte of the address: see answer()."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = {}

    def run(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            answer = self.answer(query)
            if answer:
                self.socket.sendto(answer, client)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]])
            at += 1 + query[at]
        question = query[12 : at + 5]
        address = b".".join(reversed(labels[:4])).decode("latin-1")
        self.asked[address] = self.asked.get(address, 0) + 1
        if labels[4:] != [b"in-addr", b"arpa"]:
            return self.reply(query, question, 3)
        _, kind, high, low = map(int, address.split("."))
        if kind == 2:
            return self.reply(query, question, 0, [b"host-%d-%d" % (high, low), b"test"])
        if kind == 5:  # bytes no host name has
            return self.reply(query, question, 0, [b"a\nb\x1b[31m c", b"test"])
        if kind == 6:  # an address for a name
            return self.reply(query, question, 0, [b"192", b"0", b"2", b"1"])
        if kind == 3:
            return self.reply(query, question, 3)
        return None  # never

    @staticmethod
    def reply(query, question, code, name=None):
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if name else 0, 0, 0)
        if not name:
            return head + question
        data = b"".join(bytes([len(label)]) + label for label in name) + b"\0"
        return head + question + b"\xc0\x0c" + struct.pack(">HHIH", 12, 1, 60, len(data)) + data


def peer(address, family=socket.AF_INET):
    """A UDP socket connected there: a row with that foreign address."""
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.connect((address, 9))
    return client


def foreign(*options):
    """The program's status and the foreign addresses (no ports) of the rows with port 9."""
    done = subprocess.run(
        [SOCKVIEW, "-u", "-r", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, errors="replace",
    )
    fields = [line.split() for line in done.stdout.splitlines() if line.startswith("udp")]
    return done, [f[4].rsplit(":", 1)[0] for f in fields if f[4].rsplit(":", 1)[1] in ("9", "discard")]


number = 0


def check(good, what, *why):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {what}")
    if not good:
        for line in why:
            print("#", repr(line)[:2000])
    return good


def test_answers(server):
    wanted, peers = {}, []
    for i in range(200):
        wanted[f"10.2.{i % 7}.{i}"] = f"host-{i % 7}-{i}.test"
    for i in range(1, 21):
        wanted[f"10.9.0.{i}"] = f"file-{i}.test"
    for address in ["10.3.0.1", "10.3.0.2", "10.4.0.1", "10.5.0.1", "10.6.0.1"]:
        wanted[address] = address
    for address in list(wanted) + ["10.2.0.0", "10.4.0.1"]:  # two of them twice
        peers.append(peer(address))
    done, seen = foreign()
    expected = list(wanted.values()) + [wanted["10.2.0.0"], wanted["10.4.0.1"]]
    check(done.returncode == 0 and done.stderr == "", "a dead name is no error", done.returncode, done.stderr)
    check(sorted(seen) == sorted(expected),
          "each gets its own name; no, no answer, a hostile name or an address for a name is the number",
          sorted(set(seen) ^ set(expected)), len(seen))
    twice = {a: n for a, n in server.asked.items() if n > 1 and not a.startswith("10.4.")}
    check(not twice, "each address is asked for once", twice)
    unasked = set(a for a in wanted if not a.startswith("10.9.")) - set(server.asked)
    check(not unasked, "... and each is", unasked)
    check(not [a for a in server.asked if a.startswith("10.9.")], "not those that /etc/hosts has")
    server.asked.clear()
    done, seen = foreign("-c0.1", "--count", "3")
    check(sorted(seen) == sorted(3 * expected), "-c shows the names in every table", len(seen))
    again = {a: n for a, n in server.asked.items() if n > 1 and not a.startswith("10.4.")}
    check(not again, "... and asks for each of them once", again)
    for client in peers:
        client.close()


def test_mapped(server):
    server.asked.clear()
    client = peer("::ffff:10.2.77.78", socket.AF_INET6)
    done, seen = foreign()
    check(seen == ["host-77-78.test"], "an IPv4-mapped address has the name of its IPv4", seen, done.stderr)
    check(list(server.asked) == ["10.2.77.78"], "... and is asked for as one", server.asked)
    client.close()


def test_dead():
    """The name server's socket is there and silent: not even a refusal is sent."""
    addresses = [f"10.4.{i >> 8}.{i & 255}" for i in range(1, 1001)]
    files = [f"10.9.0.{i}" for i in range(1, 21)]
    peers = [peer(a) for a in addresses]
    try:
        done, seen = foreign()
        check(sorted(seen) == sorted(addresses), "1,000 names without an answer are 1,000 numbers",
              len(seen), done.stderr)
        check(done.returncode == 0, "... and no error", done.returncode, done.stderr)
    except subprocess.TimeoutExpired:
        check(False, "1,000 names without an answer are not waited for one by one")
    for client in peers[100:]:
        client.close()
    peers += [peer(a) for a in files]
    try:
        done, seen = foreign()
        names = [a for a in seen if not a.startswith("10.4.")]
        check(sorted(names) == sorted(f"file-{i}.test" for i in range(1, 21)) and len(seen) == 120,
              "100 dead names do not keep those of /etc/hosts from being shown", len(seen), names)
    except subprocess.TimeoutExpired:
        check(False, "100 dead names do not stall the rest")
    for client in peers:
        client.close()


def main():
    enter_namespaces()
    print("1..12")
    with tempfile.TemporaryDirectory() as folder:
        own_etc(folder)
        own_network()
        blind_to_libc(folder)
        server = Server()
        server.start()
        test_answers(server)
        test_mapped(server)
        test_dead()
        subprocess.run(["umount", "-l", "/etc"])


main()
