#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""lsof's -i and -s: what lsof selects of the same live sockets, sockview -i selects."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import select_scene
import tap

if tap.missing("lsof"):
    tap.skip_all("lsof is not installed")
has = select_scene.enter()
t = tap.Tap()
scene = select_scene.fill(has)

SPECS = """
-i
-i4
-i6
-i 4
-i 6
-i4 -i6
-i TCP
-iTCP
-itcp
-i udp
-iUDP
-i udplite
-i 4TCP
-i 6TCP
-i 4tcp -i udp
-i 4udp
-i 6udp
-i 6TCP -i 4
-i :80
-i :http
-i:http
-i :80,443
-i :80-443
-i :22,http,8080-9000
-i :1-http
-i TCP:80
-iTCP:80
-i tcp:http,https
-i TCP:5000-6000
-i UDP:53
-i UDP:domain
-i udp:1-1024
-i tcp:53
-i 4:80
-i 4:8080
-i 6:8080
-i 4TCP:8080
-i @127.0.0.1
-i @192.0.2.1
-i 4@127.0.0.1
-i @127.0.0.1:80
-i @127.0.0.1:80-443
-i @127.0.0.1:http,443
-i TCP@127.0.0.1
-iTCP@127.0.0.1:443
-i UDP@127.0.0.1
-i UDP@127.0.0.1:domain
-i 4TCP@192.0.2.1:22
-i @localhost
-i 4@localhost
-i TCP@localhost:http
-i @192.0.2.77
-i TCP:1
-i :80 -i :443
-i TCP:22 -i UDP:53
-i @127.0.0.1:80 -i UDP -i 6TCP:8080
-iTCP -sTCP:LISTEN
-i TCP -s TCP:LISTEN
-i -sTCP:LISTEN
-i -sTCP:^LISTEN
-iTCP -sTCP:^LISTEN
-iTCP -sTCP:ESTABLISHED
-iTCP -sTCP:LISTEN,ESTABLISHED
-i -sTCP:LISTEN,^ESTABLISHED
-iTCP -sTCP:^LISTEN,^ESTABLISHED
-iTCP -sTCP:CLOSE_WAIT
-iTCP -sTCP:SYN_SENT
-iTCP -stcp:fin_wait2
-iTCP -sTCP:TIME_WAIT
-i udp -sTCP:LISTEN
-iTCP:80 -sTCP:LISTEN
-i :443 -sTCP:ESTABLISHED
"""
SIX = """
-i @[::1]
-i 6@[::1]
-i @[::1]:8081
-i 6TCP@[::1]:8081
-i TCP@[2001:db8::1]
-i @[2001:db8::1]:8444
-i UDP@[2001:db8::1]
-i @[2001:db8::1]:5355
"""


# lsof does not find a thread that keeps a socket after its process's leader has exited.
THREAD = scene.sock["owner.thread"].pid


def rows(result):
    """(pid, fd, device) of the listing."""
    return sorted((fields[1], fields[3], fields[5]) for fields in
                  (line.split() for line in result.lines) if fields[0] != "COMMAND" and fields[1] != str(THREAD))


def compare(spec):
    words = spec.split()
    # A socket may change its state between the two looks: then once more.
    for _ in range(3):
        theirs = tap.run(["lsof", "-nP", "+c0", *words])
        mine = tap.sockview("-nP", "--format=lsof", *words)
        want, got = rows(theirs), rows(mine)
        if want == got:
            break
    t.same([" ".join(row) for row in got], [" ".join(row) for row in want], "%s (%d)" % (spec, len(want)), mine, theirs)
    t.ok(mine.status == (0 if want else 1), "%s: status" % spec, mine)


def pids(spec):
    words = spec.split()
    want = tap.run(["lsof", "-t", "-nP", *words])
    got = tap.sockview("--pids", "--pid", "^%d" % THREAD, *words)
    t.same(got.out, want.out, "--pids %s is lsof -t" % spec, got, want)


for line in filter(None, SPECS.split("\n")):
    compare(line)
for line in filter(None, SIX.split("\n")):
    if "ipv6" in has:
        compare(line)
    else:
        t.skip(line, "no IPv6 here")
for line in ("-i", "-i :80", "-iTCP -sTCP:LISTEN", "-i UDP:53", "-i TCP:1"):
    pids(line)

# A listener's pids and not its clients': what lsof says with -sTCP:LISTEN, said as one filter.
server = scene.sock["p80.listen"].pid
result = tap.sockview("--pids", "-i", "tcp@127.0.0.1:80", "--state", "listen")
t.same(result.out, b"%d\n" % server, "--pids -i TCP@127.0.0.1:80 --state listen is the listener's pid", result)
scene.close()
t.done()
