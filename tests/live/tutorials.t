#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The two stories every tutorial of netstat tells."""
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import oracle
import scene
import tap

why = netns.enter()
if why:
    tap.skip_all(why)
t = tap.Tap()


def rows(*options):
    return [line.fields for line in oracle.read(tap.sockview(*options).lines) if line.kind == "inet"]


def at_port(fields, port):
    return fields["local"].endswith(":%d" % port)


server = subprocess.Popen(["/usr/bin/python3", "-m", "http.server", "500"], cwd=tap.scratch(),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=tap.die_with_parent)
try:
    scene.wait_for(lambda: any(at_port(row, 500) for row in rows("-ltn")), "listener on port 500", 60)
    clients = [socket.create_connection(("127.0.0.1", 500)) for _ in range(2)]
    # The server has accept()ed once its ends have an owner.
    owner = "%d/python3" % server.pid

    def story():
        return [row for row in rows("-atnp") if at_port(row, 500)]

    scene.wait_for(lambda: [row["program"] for row in story()] == [owner] * 3, "two accepted connections", 60)
    listen = [row for row in story() if row["state"] == "LISTEN"]
    connected = [row for row in story() if row["state"] == "ESTABLISHED"]
    t.same(len(listen), 1, "one LISTEN row on port 500")
    t.same([listen[0]["local"], listen[0]["foreign"]], ["0.0.0.0:500", "0.0.0.0:*"], "of all addresses")
    t.same(sorted(row["foreign"] for row in connected),
           sorted("127.0.0.1:%d" % client.getsockname()[1] for client in clients),
           "two ESTABLISHED rows with the clients' ports")
    t.same({row["local"] for row in connected}, {"127.0.0.1:500"}, "on the server's port")
    ours = [row for row in rows("-tnp") if row["foreign"] == "127.0.0.1:500"]
    t.same(sorted(row["local"] for row in ours), sorted("127.0.0.1:%d" % c.getsockname()[1] for c in clients),
           "and the clients' two ends")
    t.same({row["program"] for row in ours}, {"%d/python3" % os.getpid()}, "which are this process's")
    for client in clients:
        client.close()
finally:
    server.kill()
    server.wait()

local = socket.create_server(("127.0.0.1", 0))
everywhere = socket.create_server(("0.0.0.0", 0))
listening = {row["local"] for row in rows("-ltn")}
t.same(listening, {"127.0.0.1:%d" % local.getsockname()[1], "0.0.0.0:%d" % everywhere.getsockname()[1]},
       "a listener on 127.0.0.1 is told from one on 0.0.0.0")
t.done()
