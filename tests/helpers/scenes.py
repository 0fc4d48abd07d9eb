# SPDX-License-Identifier: MIT
"""scenes - the full scene, and what the tests must know of it."""
import os
import tempfile

import actors
import netns
import oracle
import scene
import tap

STATES = {"LISTEN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE_WAIT",
          "LAST_ACK", "CLOSING"}


def tcp(where, six=True):
    for actor in (actors.listeners4, actors.states4, actors.timers, actors.oddities):
        where.add(actor)
    if netns.kernel_has(actors.STREAM, actors.IPPROTO_MPTCP):
        where.add(actors.multipath)
    where.add(actors.orphans)
    if six:
        where.add(actors.states6)
        where.add(actors.tcp6)
        where.add(actors.orphans, family=actors.V6, host="::1", name="tcp6")


def devices(where, has):
    if "link" in has:
        where.add(actors.link_local, device="vsock0", address="fe80::1")
        where.add(actors.device_bound, device="vsock1")


def owners(where, others):
    """`others`: uids that this process may become."""
    where.add(actors.shared_by_forks, label="owner.shared")
    where.add(actors.in_flight, label="owner.inflight")
    where.add(actors.handed_over, label="owner.handed")
    where.add(actors.one_listener, label="owner.thread", argv0=b"/opt/threaded", hold=["leader-exits"])
    where.add(actors.one_listener, label="owner.title", argv0=b"titled: worker process")
    where.add(actors.one_udp, label="owner.path", argv0=b"/usr/lib/some/daemon")
    for uid in others:
        where.add(actors.one_listener, label="owner.user%d.tcp" % uid, user=uid)
        where.add(actors.one_udp, label="owner.user%d.udp" % uid, user=uid)
        where.add(actors.shared_by_forks, label="owner.user%d.shared" % uid, user=uid)


def timewait(where, six=True):
    """Made last, they live for 60 seconds."""
    where.add(actors.timewait)
    if six:
        where.add(actors.timewait, family=actors.V6, host="::1", name="tcp6")


def full(has, others=()):
    """Every state, family and kind of owner. `has`: the answer of netns.furnish()."""
    six = "ipv6" in has
    where = scene.Scene()
    tcp(where, six)
    devices(where, has)
    where.add(actors.udp, six=six)
    if netns.kernel_has(actors.DGRAM, actors.IPPROTO_UDPLITE):
        where.add(actors.udplite, six=six)
    where.add(actors.raw, six=six)
    where.add(actors.unix, folder=folder())
    owners(where, others)
    timewait(where, six)
    return where


def folder():
    """A new one for each scene: a path can be bound once."""
    return tempfile.mkdtemp(prefix="unix-", dir=tap.scratch())


def judge(where, **options):
    """The oracle of this scene, told what netstat cannot find out."""
    result = oracle.Oracle(where, **options)
    for label, program in (("owner.thread", "threaded"), ("owner.title", "titled"), ("owner.path", "daemon")):
        if label in where.sock:
            result.owners[str(where.sock[label].inode)] = "%d/%s" % (where.sock[label].pid, program)
    return result


def need_peers():
    tool = tap.missing("netstat", "ss", "ip")
    if tool:
        tap.skip_all("%s is not installed" % tool)
    if b"net-tools" not in tap.run(["netstat", "--version"]).out:
        tap.skip_all("this netstat is not net-tools'")


def enter(others=True):
    """Into a furnished namespace, or out of the script with the reason. Returns (has, uids)."""
    need_peers()
    scene.prepare()
    root = os.getuid() == 0         # in a user namespace every user is
    tap.program(tap.NOBODY if root else None)
    why = netns.enter()
    if why:
        tap.skip_all(why)
    uids = [tap.NOBODY, 1] if others and root else []
    return netns.furnish(), uids
