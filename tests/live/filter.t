#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ss's expressions: what ss shows of the same live sockets, sockview shows."""
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import select_scene
import tap

has = select_scene.enter()
t = tap.Tap()
scene = select_scene.fill(has)
cgroup = select_scene.Cgroup(scene, select_scene.in_cgroup)
six = "ipv6" in has

# Everything here is in the language of both; the differences are at the end.
EXPRESSIONS = """
sport = :80
sport = :http
sport = http
sport == :80
sport eq :80
sport :80
sport 80
sport = 80
sport = :0x50
sport != :80
sport ne :80
sport neq :80
sport < :80
sport lt :80
sport <= :80
sport le :80
sport leq :80
sport > :80
sport gt :80
sport >= :80
sport ge :80
sport geq :80
sport < 1024
sport >= 1024
sport < 65535
sport > 65534
sport >= 0
sport <= 0
dport = :80
dport = :443
dport == https
dport eq https
dport :https
dport https
dport != :443
dport ne :443
dport neq :443
dport < :443
dport lt :443
dport <= :443
dport le :443
dport leq :443
dport > :443
dport gt :443
dport >= :443
dport ge :443
dport geq :443
dport = :0
dport = 0
dport != 0
sport = inet::80
sport = inet6::8080
sport = inet:http
dport = inet6::443
src 127.0.0.1
src = 127.0.0.1
src == 127.0.0.1
src eq 127.0.0.1
src 127.0.0.1:80
src = 127.0.0.1:http
src 127.0.0.0/8
src 127/8
src 127.0/16
src 127.0.0.0/8:443
src 0.0.0.0
src 0.0.0.0/0
src 0.0.0.0:80
src 192.0.2.1
src 192.0.2/24
src 192.0.2.0/30
src 192.0.2.0/31
src 192.0.2.128/25
src :80
src :*
src any
src all
src default
src inet:127.0.0.1
src inet:*
src inet:0.0.0.0:80
src localhost
src localhost:http
dst 127.0.0.1
dst = 127.0.0.1
dst 127.0.0.1:443
dst 127.0.0.0/8
dst 0.0.0.0
dst 0.0.0.0/0
dst 0.0.0.0:0
dst 192.0.2.1
dst 192.0.2.1:22
dst 192.0.2.0/24
dst :443
dst :0
dst any
dst inet:127.0.0.1
dst localhost
not src 127.0.0.1
! src 127.0.0.1
not dst 127.0.0.0/8
not dst :443
( sport = :80 )
( ( ( sport = :80 ) ) )
( sport = :80 or sport = :443 )
sport = :80 or dport = :80
sport = :80 | dport = :80
sport = :80 || dport = :80
sport = :80 and src 127.0.0.1
sport = :80 & src 127.0.0.1
sport = :80 && src 127.0.0.1
sport = :80 src 127.0.0.1
sport = :443 dport != 0
not sport = :80
! sport = :80
not ( sport = :80 or sport = :443 )
not ( sport = :80 or dport = :80 ) and src 127.0.0.1
( sport = :80 or sport = :443 ) and ( src 127.0.0.1 or src 192.0.2.1 )
( sport = :80 and src 127.0.0.1 ) or ( dport = :443 and dst 127.0.0.1 )
not not sport = :80
! ! sport = :80
( not sport = :80 ) and ( not sport = :443 )
sport > 79 and sport < 81
sport >= 80 and sport <= 443
sport >= 80 and sport <= 443 and not sport = 100
dport >= 22 and dport <= 80
( sport >= 5000 and sport <= 5100 ) or ( dport >= 5000 and dport <= 5100 )
sport gt 0 and dport gt 0
sport le 1023 or dport le 1023
not ( sport gt 1023 and dport gt 1023 )
state listening
state listening sport = :80
state established
state established sport = :443
state established dport = :443
state syn-sent
state syn-recv
state fin-wait-1
state fin-wait-2
state time-wait
state closed
state close-wait
state last-ack
state closing
state connected
state connected dport != :443
state synchronized
state synchronized src 127.0.0.1
state bucket
state big
state big sport = :80
state all
state all sport = :80
state established state listening
state established state listening sport = :443
state all exclude established
exclude established
exclude established exclude listening
exclude listening sport = :80
excl established
state connected exclude time-wait
state connected exclude established
state synchronized exclude time-wait dst 127.0.0.1
dev lo
dev = lo
dev 0
dev = 0
dev != lo
dev ne 0
not dev 0
dev 0 and sport = :80
dev != 0 or sport = :80
autobound
autobound and src 127.0.0.1
autobound or sport = :80
"""
SIX = """
src [::1]
src [::1]:8081
src [::]
src [::]:8080
src [::/0]
src [2001:db8::/32]
src [2001:db8::1]
src [2001:db8::1]:443
src [2001:db8::/32]:443
src [2001:db8::/33]
src [fe80::/10]
src [::ffff:127.0.0.1]
src [::ffff:0:0/96]
src inet6:[::1]
src inet6:*
src inet6:[::]:8080
dst [::1]
dst [::]
dst [2001:db8::1]:443
dst [2001:db8::/32]
dst [::ffff:127.0.0.1]
dst inet6:[::1]:8081
not src [::1]
not dst [2001:db8::/32]
src [::1] or src 127.0.0.1
( src [::1] or src [2001:db8::1] ) and sport != :443
src [::]:8080 or sport = :80
state listening src [::]
"""
LINK = """
dev vsock1
dev = vsock1
dev vsock0
dev != vsock1
dev ne vsock1
not dev vsock1
dev vsock1 and sport = :5008
dev vsock1 or sport = :80
"""
MARK = """
fwmark 5
fwmark = 5
fwmark = 0x5
fwmark = 0x5/0x5
fwmark = 1/1
fwmark = 0xff
fwmark = 0
fwmark != 0
fwmark ne 5
not fwmark 0
fwmark = 5 or sport = :80
"""


def marks_are_told():
    """sock_diag tells them, and judges them, for CAP_NET_ADMIN of the initial user namespace alone."""
    return tap.run(["ss", "-Htuan", "fwmark = 5"]).out.count(b"\n") == 1


def addresses(name):
    """All that the name stands for, as ss writes them."""
    found = {info[4][0] for info in socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)}
    return sorted("[%s]" % address if ":" in address else address for address in found)


def by_ss(words):
    """(lines, None), or ([], what it said). ss takes one address of a name, sockview all of them."""
    lines = []
    for address in addresses("localhost") if any("localhost" in word for word in words) else ("",):
        done = tap.run(["ss", "-Htuan", *(word.replace("localhost", address) for word in words)])
        if done.status != 0 or done.err:
            return [], done
        lines += done.lines
    return sorted(lines), None


BOUND = select_scene.ss_tells_bound()


def compare(expression, words):
    """The rows of both. Sockets of TIME_WAIT end: then once more."""
    for _ in range(3):
        before, refused = by_ss(words)
        result = select_scene.mine("-tua", *words)
        after, refused = by_ss(words)
        if before == after:
            break
    if refused:
        t.ok(False, "ss takes: " + expression, refused)
        return
    # To ss they are of `connected` and of other groups, too.
    bound = BOUND and not {"state", "exclude"} & set(words)
    want, got = select_scene.from_ss(after, bound=bound), select_scene.from_sockview(result, bound)
    if "big" in words:
        # Since 6.15 ss asks for NEW_SYN_RECV with it, which the kernel takes for SYN_RECV.
        want = [row for row in want if row[2] != "SYN_RECV"]
    if any(row[2] == "ANY" for row in want):
        states = {row[2] for row in got}
        t.ok(len(states) == 1, "%s: one state" % expression, states)
        got = sorted(row[:2] + ("ANY",) + row[3:] for row in got)
    t.same(select_scene.lines_of(got), select_scene.lines_of(want), "%s (%d rows)" % (expression, len(want)), result)


def group(text, missing):
    for expression in filter(None, text.split("\n")):
        if missing:
            t.skip(expression, missing)
        else:
            compare(expression, expression.split())


group(EXPRESSIONS, None)
group(SIX, None if six else "no IPv6 here")
group(LINK, None if "link" in has else "no veth devices here")
group(MARK, None if marks_are_told() else "the kernel tells no marks here")
if cgroup.path:
    for expression in ("cgroup %s", "cgroup = %s", "cgroup == %s", "cgroup != %s", "not cgroup %s",
                       "cgroup %s and sport = :5010", "cgroup %s or sport = :80"):
        compare(expression % "PATH", (expression % cgroup.path).split())
    compare("cgroup FULLPATH", ["cgroup", select_scene.cgroup_mount() + cgroup.path])
else:
    t.skip("cgroup PATH", "no cgroup can be made here")
cgroup.remove(scene)
t.done()
