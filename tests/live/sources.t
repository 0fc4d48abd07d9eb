#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same scene through sock_diag and through /proc/net: the same rows, but for what /proc/net does not tell."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import oracle
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
scene = scenes.full(has, others)
by_netlink = scenes.judge(scene)
by_proc = scenes.judge(scene, backlog=False, bound=os.getuid() == 0)

# raw has no diag module in every kernel: --source=netlink is not asked for it.
for options in ("-atnp", "-tulpen", "-tuneopa", "-a4n", "-a6n", "-ltn", "-uan", "-Uanp"):
    by_netlink.compare(t, options.split(), "--source=netlink %s is netstat's table" % options, ["--source=netlink"])
for options in ("-atnp", "-tulpen", "-neopa", "-a4n", "-a6n", "-ltn", "-uan", "-Uanp", "-wanp", "-xap", "-tuUwxan"):
    by_proc.compare(t, options.split(), "--source=proc %s is netstat's table" % options, ["--source=proc"])


def both(options):
    """The two answers, what /proc/net does not tell taken out, or None if the scene moved in between."""
    first = tap.sockview(*options, "--source=netlink")
    proc = tap.sockview(*options, "--source=proc")
    second = tap.sockview(*options, "--source=netlink")
    if first.out != second.out:
        return None
    # Bound sockets are found by descriptors then, and come last of their family; root is shown all.
    last = [line for line in oracle.read(first.lines) if line.fields.get("state") == "BOUND"]
    rows = [line for line in oracle.read(first.lines) if line.fields.get("state") != "BOUND"]
    blank = [line.copy(sendq="0") if line.fields.get("state") == "LISTEN" else line for line in rows]
    bound = sorted(line for line in proc.lines if " BOUND " in line)
    if os.getuid() == 0:
        t.same(bound, sorted(line.text() for line in last), "%s: the same bound sockets" % " ".join(options))
    return [line.text() for line in blank], [line for line in proc.lines if " BOUND " not in line]


for options in (["-tuan"], ["-tuanpe"], ["-Uanp"], ["-ltnp"]):
    answer = next(filter(None, (both(options) for _ in range(10))), None)
    if t.ok(answer, "%s: the scene keeps still for both sources" % " ".join(options)):
        t.same(answer[0], answer[1], "%s: the same rows in the same order from both" % " ".join(options))
t.done()
