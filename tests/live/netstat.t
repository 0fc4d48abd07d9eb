#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every row and column of a scene with every state and family, compared with `netstat -W`, byte by byte."""
import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import oracle
import scenes
import tap

OPTIONS = """
-atnp
-putan
-tulpen
-ltn
-ant
-a4n
-a6n
-neopa
-xap
-wanp
-n
-tn
-an
-ln
-lun
-lxp
-xn
-uan
-Uan
-Ulpen
-wln
-tuwxan
-to4n
-atno6
-tane
-antpo
-van
-l -t -u -n
--tcp --listening --numeric
--udp --all --numeric --programs --extend --timers
--numeric-hosts --numeric-ports -ate
""".strip().split("\n")

root = os.getuid() == 0
has, others = scenes.enter()
t = tap.Tap()
scene = scenes.full(has, others)
judge = scenes.judge(scene)

lines = oracle.netstat("-antp")
there = {line.fields["state"] for line in lines if line.kind == "inet"}
t.same(sorted(scenes.STATES - there), [], "the scene has every state of TCP")
if "ipv6" not in has:
    t.skip("IPv6 rows", "this kernel has no IPv6")
if "link" not in has:
    t.skip("rows of a link-local address and a bound device", "no veth pair can be made here")
if not root:
    t.skip("rows of other users", "only root can become another user")

for options in OPTIONS:
    words = options.split()
    judge.compare(t, words)

seed = int(os.environ.get("SEED", "20261120"))
chance = random.Random(seed)
t.note("seed %d; SEED=N tries others" % seed)
for _ in range(40):
    letters = [letter for letter in "altuUwx46peoW" if chance.random() < 0.3] + ["n"]
    chance.shuffle(letters)
    judge.compare(t, ["-" + "".join(letters)])

owners = {line.fields["inode"]: line.fields["program"] for line in oracle.read(tap.sockview("-atunppe").lines)
          if line.kind == "inet"}
for label, sock in scene.sock.items():
    if label.startswith("owner.") and "carrier" not in label:
        pids = sock.extra.get("owners", [sock.pid])
        want = "-" if sock.extra.get("unowned") else judge.owners.get(str(sock.inode)) or ",".join(
            "%d/python3" % pid for pid in sorted(pids))
        t.same(owners.get(str(sock.inode)), want, "-pp: %s has all its owners" % label)
t.done()
