#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Services and users by name, as netstat names them; a hostile /etc/services."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import netns
import oracle
import scene
import scenes
import tap

SERVICES = b"""# of this test
http 80/tcp www
only-udp 443/udp
last 65535/tcp
mdns 5353/udp
both 5000/tcp
both 5000/udp
evil\x1b[31mred 6001/tcp
latin\xe9 6002/tcp
back\\slash 6003/tcp
gr\xc3\xbcn 6004/tcp
bidi\xe2\x80\xaetxt 6005/tcp
paren)x 6006/tcp
"""
SHOWN = {6001: r"evil\x1b[31mred", 6002: r"latin\xe9", 6003: r"back\\slash", 6004: "grün",
         6005: r"bidi\xe2\x80\xaetxt", 6006: "paren)x", 6007: "6007"}


def named(stage):
    for port in SHOWN:
        stage.keep("port%d" % port, stage.listener(actors.V4, ("127.0.0.1", port), 2))


has, others = scenes.enter()
t = tap.Tap()
why = netns.own_mounts()
if why:
    tap.skip_all(why)
path = os.path.join(tap.scratch(), "services")
with open(path, "wb") as file:
    file.write(SERVICES)
os.chmod(path, 0o644)
if not os.path.exists("/etc/services"):
    tap.skip_all("there is no /etc/services to put another over")
if not netns.bind_mount(path, "/etc/services"):
    tap.skip_all("no file can be mounted over /etc/services here")

stage = scenes.full(has, others)
judge = scenes.judge(stage)
# netstat looks every address up without this; sockview does not without -r.
for options in ("-at", "-aup", "-ltue", "-tu", "-Ua", "-wa", "-ateo", "-aupe", "-lxpe"):
    judge.compare(t, [options, "--numeric-hosts"], "%s: services and users as netstat names them" % options)
judge.compare(t, ["-ate", "--numeric-hosts", "--numeric-ports"], "--numeric-ports: ports by number, users by name")
judge.compare(t, ["-ate", "--numeric-hosts", "--numeric-users"], "--numeric-users: users by number, ports by name")
judge.compare(t, ["-aten"], "-n: everything by number")

plain = [line.fields for line in oracle.read(tap.sockview("-lt").lines) if line.kind == "inet"]
t.ok("192.0.2.1:http" in {row["local"] for row in plain}, "hosts stay numbers without -r")
t.ok("2001:db8::1:443" in {row["local"] for row in plain} or "ipv6" not in has,
     "a name that only UDP has is not given to a TCP port")

stage.add(named)
rows = [line.fields for line in oracle.read(tap.sockview("-lt").lines) if line.kind == "inet"]
ports = {line.fields["inode"]: line.fields["local"].rpartition(":")[2]
         for line in oracle.read(tap.sockview("-lte").lines) if line.kind == "inet"}
for port, name in SHOWN.items():
    t.same(ports.get(str(stage.sock["port%d" % port].inode)), tap.as_bytes(name), "port %d is shown as %s" % (port, name))
t.ok(len(rows) == len(ports), "one line per socket all the same")
t.done()
