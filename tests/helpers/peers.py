# SPDX-License-Identifier: MIT
"""peers - other hosts: network namespaces at the far end of veth pairs.

    peers.make(t)                     # skips the whole script if they cannot be had
    peers.inside("eth1")              # words before a command that is to run at that peer
    peers.end()

Ours is eth1 with 10.1.0.1 and fd01::1, the peer's interface `far` with 10.1.0.2 and fd01::2; eth2 likewise.
"""
import subprocess

import tap

PEERS = {"eth1": ("10.1.0.1", "10.1.0.2", "fd01::1", "fd01::2"), "eth2": ("10.2.0.1", "10.2.0.2", "fd02::1", "fd02::2")}
processes = {}


def inside(link):
    return ["nsenter", "-t", str(processes[link].pid), "-n"]


def make_one(t, link, ours, theirs, ours6, theirs6):
    process = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo up; exec sleep 1000"], stdout=subprocess.PIPE,
                               preexec_fn=tap.die_with_parent)
    processes[link] = process
    process.stdout.readline()
    for command in (["ip", "link", "add", link, "type", "veth", "peer", "name", "far", "netns", str(process.pid)],
                    ["ip", "addr", "add", ours + "/24", "dev", link], ["ip", "link", "set", link, "up"],
                    ["ip", "addr", "add", ours6 + "/64", "dev", link, "nodad"],
                    [*inside(link), "ip", "addr", "add", theirs + "/24", "dev", "far"],
                    [*inside(link), "ip", "addr", "add", theirs6 + "/64", "dev", "far", "nodad"],
                    [*inside(link), "ip", "link", "set", "far", "up"], [*inside(link), "ip", "link", "set", "lo", "up"]):
        done = tap.run(command)
        if done.status:
            end()
            tap.skip_all("a peer cannot be made: " + tap.last_words(done))


def make(t, links=tuple(PEERS)):
    for link in links:
        make_one(t, link, *PEERS[link])
    return processes


def end():
    for process in processes.values():
        process.kill()
        process.wait()
    processes.clear()
