#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What people pipe netstat into, as they wrote it: with sockview in its place the result is the same."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import scene
import scenes
import tap

PIPELINES = r"""
netstat -nat | awk '{print $6}' | sort | uniq -c | sort -n
netstat -n | awk '/^tcp/ {++S[$NF]} END {for(a in S) print a, S[a]}' | sort
netstat -tunl | grep -- ':80\ ' | awk '{print $1, $4, $5, $6}'
netstat -ntu | awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -nr
netstat -ntu | awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -n
netstat -tlnp | awk '$4 ~ /:5000$/ {split($7,a,"/"); print a[1]}'
netstat -tna | grep 'LISTEN\>' | grep -q ':8081\>' && echo up
netstat -an | grep :5000 | wc -l
netstat -anp | grep ':5000 ' | awk '{print $7}' | cut -d/ -f1 | sort -u
netstat -tulpn | grep LISTEN | awk '{print $4}' | awk -F: '{print $NF}' | sort -n -u
netstat -ant | grep -c ESTABLISHED
netstat -an | grep TIME_WAIT | wc -l
netstat -plant | grep python3 | awk '{print $6}' | sort | uniq -c
netstat -tn | awk 'NR>2 {print $4}' | sed 's/.*://' | sort -n
netstat -ltn | sed -n 's/^tcp .*:\([0-9]*\) .*LISTEN.*/\1/p' | sort -n
netstat -lnt | grep '^tcp .*:80 ' | wc -l
netstat -tulpen | awk 'NR>2 && $1=="udp" {print $4, $6, $7, $8}'
netstat -antp | awk '$6=="CLOSE_WAIT"{print $7}' | sort | uniq -c
netstat -tan | awk '{print $1}' | sort | uniq -c
netstat -anu | grep -E '^udp ' | wc -l
netstat -ano | grep keepalive | wc -l
netstat -atne | awk '$6=="LISTEN" {print $8}' | sort -n
kill -0 $(netstat -tlnp | awk '/:5000 /{split($7,a,"/");print a[1]}') && echo alive
netstat -ant | awk '{print $5}' | grep -v ':\*' | sort -u
netstat -xan | grep LISTENING | awk '{print $NF}' | sort
netstat -an | grep -E '^(tcp|udp)' | awk '{print $1, $4, $5}'
netstat -nputw | grep -c '^tcp'
netstat -ant | tail -n +3 | while read proto recvq sendq local foreign state; do echo "$state $local"; done | sort
netstat -tnap | grep ESTABLISHED | awk '{print $7}' | awk -F/ '{print $2}' | sort | uniq -c | sort -rn
netstat -lx | grep -c '^unix'
netstat -antu | awk '$5 ~ /^127/ {n++} END {print n}'
netstat -at --numeric-ports --numeric-hosts | head -2
netstat -tn 2>/dev/null | grep :5000 | awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -nr | head
""".strip().split("\n")


def servers(stage):
    stage.keep("http", stage.listener(actors.V4, ("0.0.0.0", 80), 10))
    stage.keep("alt", stage.listener(actors.V4, ("127.0.0.1", 8081), 10))
    stage.keep("decoy", stage.listener(actors.V4, ("127.0.0.1", 8080), 10))
    stage.keep("app", stage.listener(actors.V4, ("127.0.0.1", 5000), 10))
    stage.keep("dns", stage.bound(actors.V4, ("127.0.0.1", 53), actors.DGRAM))
    for i in range(3):
        client = stage.keep("client%d" % i, stage.client(actors.V4, ("127.0.0.1", 5000)))
        stage.keep("server%d" % i, stage.kept[3].accept()[0])
        client.setsockopt(actors.socket.SOL_SOCKET, actors.socket.SO_KEEPALIVE, 1)
    client = stage.client(actors.V4, ("127.0.0.1", 8081))
    left = stage.keep("closewait", stage.kept[1].accept()[0])
    client.close()
    scene.reach(left, scene.CLOSE_WAIT)
    stage.keep("unix", stage.listener(actors.UNIX, os.path.join(scenes.folder(), "socket"), 1))


def servers6(stage):
    stage.keep("http6", stage.listener(actors.V6, ("::", 80), 10, v6only=1))
    client, server = stage.pair(actors.V6, "::1")
    stage.keep("client6", client), stage.keep("server6", server)


has, _ = scenes.enter(others=False)
t = tap.Tap()
stage = scene.Scene()
stage.add(servers)
if "ipv6" in has:
    stage.add(servers6)
stage.add(actors.udp, six="ipv6" in has)
stage.add(actors.timewait)


def outcome(pipeline, program):
    """What the pipeline prints with this program in netstat's place."""
    return tap.shell(re.sub(r"\bnetstat\b", program, pipeline))


for pipeline in PIPELINES:
    # A TIME_WAIT that ends in between is not a difference.
    for _ in range(5):
        want, got = outcome(pipeline, "netstat"), outcome(pipeline, '"$SOCKVIEW"')
        if want.out == outcome(pipeline, "netstat").out:
            break
    same = want.out == got.out and want.status == got.status and not got.complaints()
    t.ok(same and want.out.strip(), pipeline, *tap.difference(got.out, want.out), got.err, got.status)
t.done()
