#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""-N: network namespaces of every kind, each once and labelled, their rows against ss run in each."""
import atexit
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import netns
import tap
from tap import NOBODY, run

PORT = 7000
if os.geteuid():
    tap.skip_all("only root can make the scene")
why = netns.enter()
if why:
    tap.skip_all(why)
try:
    netns.unshare(netns.CLONE_NEWNS)
except OSError as error:
    tap.skip_all("no mount namespace can be made here (%s)" % error)
if tap.libc.mount(b"none", b"/", None, netns.MS_REC | netns.MS_PRIVATE, None) or tap.libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None) or \
        tap.libc.mount(b"tmpfs", b"/var/lib", b"tmpfs", 0, None):
    tap.skip_all("nothing can be mounted here")
if tap.missing("ss", "ip", "setpriv"):
    tap.skip_all("ss, ip or setpriv is missing")
t = tap.Tap()
OWN = os.open("/proc/self/ns/net", os.O_RDONLY)
scene = {}  # what it is called here: its inode
files = {}  # ... an open file of it
kept = []
pids = {}   # ... a process in it


def serve():
    """The same port in each: a listener, an unconnected UDP socket, a connection."""
    tcp = socket.create_server(("127.0.0.1", PORT))
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", PORT))
    end = socket.create_connection(("127.0.0.1", PORT))
    return [tcp, udp, end, tcp.accept()[0]]


def new(name, path="/proc/thread-self/ns/net"):
    """Of the calling thread, which has just made one."""
    run(["ip", "link", "set", "lo", "up"])
    files[name] = os.open(path, os.O_RDONLY)
    scene[name] = os.fstat(files[name]).st_ino


def back():
    assert tap.libc.setns(OWN, netns.CLONE_NEWNET) == 0


def child(name, prepare, stay=True):
    """A process that prepares the namespace; stays in it, or goes back to ours and holds its sockets."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        tap.die_with_parent()
        prepare()
        run(["ip", "link", "set", "lo", "up"])
        inside = serve()
        inode = os.stat("/proc/self/ns/net").st_ino
        os.write(write, b"%d" % inode)
        time.sleep(300)
        os._exit(len(inside))
    os.close(write)
    scene[name] = int(os.read(read, 64))
    files[name] = os.open("/proc/%d/ns/net" % pid, os.O_RDONLY)
    kept.append(pid)
    pids[name] = pid
    return pid


def bind_here(name, path, hold):
    """Bound at a path, its sockets held from our own namespace."""
    netns.unshare(netns.CLONE_NEWNET)
    new(name)
    open(path, "w").close()
    assert tap.libc.mount(b"/proc/thread-self/ns/net", path.encode(), None, netns.MS_BIND, None) == 0
    kept.append(serve())
    back()


scene["self"], files["self"] = os.fstat(OWN).st_ino, OWN
kept.append(serve())
run(["ip", "netns", "add", "web"])
assert os.path.exists("/run/netns/web"), "ip netns add"
files["web"] = os.open("/run/netns/web", os.O_RDONLY)
scene["web"] = os.fstat(files["web"]).st_ino
tap.libc.setns(files["web"], netns.CLONE_NEWNET)
run(["ip", "link", "set", "lo", "up"])
kept.append(serve())
back()
PID = child("process", lambda: netns.unshare(netns.CLONE_NEWNET))


def own_users():
    netns.unshare(netns.CLONE_NEWNET | netns.CLONE_NEWUSER)
    netns.write("/proc/self/setgroups", "deny")
    netns.write("/proc/self/uid_map", "0 0 1")
    netns.write("/proc/self/gid_map", "0 0 1")


child("user", own_users)
bind_here("bound", "/run/a place", True)


def elsewhere():
    """Bound in a mount namespace that only this process has."""
    netns.unshare(netns.CLONE_NEWNS)
    tap.libc.mount(b"none", b"/", None, netns.MS_REC | netns.MS_PRIVATE, None)
    bind_here("hidden", "/run/hidden", True)


read, write = os.pipe()
pid = os.fork()
if pid == 0:
    tap.die_with_parent()
    elsewhere()
    os.write(write, b"%d" % scene["hidden"])
    time.sleep(300)
    os._exit(0)
os.close(write)
scene["hidden"] = int(os.read(read, 64))
hidden = "/proc/%d/root/run/hidden" % pid
files["hidden"] = os.open(hidden, os.O_RDONLY)
kept.append(pid)


# Held by sockets alone: neither a process nor a mount.
netns.unshare(netns.CLONE_NEWNET)
run(["ip", "link", "set", "lo", "up"])
scene["held"] = os.stat("/proc/thread-self/ns/net").st_ino
held = serve()
kept.append(held)
back()
files["held"] = fcntl.ioctl(held[0].fileno(), 0x894c)   # SIOCGSKNS

# Containers: processes in cgroups that are called as their runtimes call them, and the runtimes' files.
DOCKER, CRIO = "d0c4" * 16, "c410" * 16
CGROUPS = {"docker": "docker-%s.scope" % DOCKER, "crio": "crio-%s.scope" % CRIO, "nspawn": "machine-sockviewtest.scope"}
SCRIPT = os.getpid()
TOP = "/run/cgroup/sockview-test-" + tap.UNIQUE


def remove_cgroups():
    if os.getpid() != SCRIPT:
        return
    # Where the script fails, they are still there.
    for pid in pids.values():
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except OSError:
            pass
    for name in [TOP + "/" + cgroup for cgroup in CGROUPS.values()] + [TOP]:
        for _ in range(100):
            try:
                os.rmdir(name)
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.02)


os.makedirs("/run/cgroup")
atexit.register(remove_cgroups)
containers = run(["sh", "-c", 'mount -t cgroup2 none /run/cgroup && cd /run/cgroup && mkdir "$1" && cd "$1" && mkdir "$2" "$3" "$4"', "sh",
                  TOP, *CGROUPS.values()]).status == 0


def contained(name):
    def prepare():
        netns.write("%s/%s/cgroup.procs" % (TOP, CGROUPS[name]), str(os.getpid()))
        netns.unshare(netns.CLONE_NEWNET)
    return child(name, prepare)


if containers:
    os.makedirs("/var/lib/docker/containers/" + DOCKER)
    with open("/var/lib/docker/containers/%s/config.v2.json" % DOCKER, "w") as file:
        file.write('{"State":{"Running":true},"ID":"%s","Name":"/shop"}' % DOCKER)
    for name in CGROUPS:
        contained(name)
else:
    t.skip("containers", "no cgroups can be made here")

# Comes and goes while the others are looked at.
churn = os.fork()
if churn == 0:
    tap.die_with_parent()
    for _ in range(20000):
        netns.unshare(netns.CLONE_NEWNET)
        time.sleep(0.002)
    os._exit(0)
kept.append(churn)

ready, done = threading.Event(), threading.Event()


def thread():
    netns.unshare(netns.CLONE_NEWNET)
    new("thread")
    kept.append(serve())
    ready.set()
    done.wait()


worker = threading.Thread(target=thread, daemon=True)
worker.start()
ready.wait()


def ss(name, *options):
    """What ss lists in the namespace: protocol, state, local end."""
    found = []
    before = files[name]
    answer = subprocess.run(["ss", "-H", "-n", *options], stdout=subprocess.PIPE, text=True, check=True,
                            preexec_fn=lambda: tap.libc.setns(before, netns.CLONE_NEWNET))
    for line in answer.stdout.splitlines():
        fields = line.split()
        found.append((fields[0], fields[1].replace("-", "_").replace("ESTAB", "ESTABLISHED").replace("UNCONN", "UNCONNECTED"),
                      fields[4].replace("*", "[::]") if fields[0] == "udp" else fields[4]))
    return sorted(found)


def rows(answer, name):
    def end(row):
        return ("[%s]:%d" if ":" in row["local_address"] else "%s:%d") % (row["local_address"], row["local_port"])
    return sorted((row["proto"], row["state"], end(row)) for row in answer["sockets"] if row["netns"] == scene[name])


def listing(*options, **more):
    result = tap.sockview("-N", *options, "--json", **more)
    try:
        return json.loads(result.out), result
    except ValueError:
        t.ok(False, "JSON", result)
        return {"sockets": [], "report": {"namespaces": []}}, result


LABEL = {"self": "self", "web": "web", "process": "net:[%d]" % scene["process"], "user": "net:[%d]" % scene["user"],
         "bound": "/run/a place", "hidden": "/run/hidden", "thread": "net:[%d]" % scene["thread"],
         "held": "net:[%d]" % scene["held"], "docker": "shop", "crio": CRIO[:12], "nspawn": "sockviewtest"}

# --- root: every namespace, row by row ------------------------------------------

for options in (["-ltu"], ["-atu"]):
    answer, result = listing("all", *options, "-n")
    for name in sorted(scene):
        t.same(rows(answer, name), ss(name, *options), "%s: the rows of the namespace '%s' are those of ss in it" % (options[0], name))
named = {entry["netns"]: entry for entry in answer["report"]["namespaces"]}
for name in sorted(scene):
    t.same(named.get(scene[name], {}).get("label", "").split("@")[0] if "service" not in named.get(scene[name], {}).get("label", "") and
           "scope" not in named.get(scene[name], {}).get("label", "") else LABEL[name], LABEL[name], "'%s': its label" % name)
t.ok(all(entry["by"] == "netlink" and entry["complete"] for number, entry in named.items() if number in scene.values()),
     "each was asked by netlink, whole", named)
for _ in range(20):
    answer, result = listing("all", "-ltun")
    found = {row["netns"] for row in answer["sockets"]}
    if result.status or not set(scene.values()) <= found or b"ESRCH" in result.err or b"No such" in result.err:
        break
t.ok(not result.status and set(scene.values()) <= found and not result.complaints(), "one that disappears meanwhile is no error", result)
listed = [entry["netns"] for entry in answer["report"]["namespaces"] if entry["netns"]]
t.same(sorted(set(listed)), sorted(listed), "each once", answer["report"]["namespaces"])
t.same({row["netns_name"] for row in answer["sockets"] if row["netns"] == scene["web"]}, {"web"}, "every row has the label")

# --- the words of -N -----------------------------------------------------------

for word, name in (("self", "self"), ("web", "web"), ("net:[%d]" % scene["process"], "process"), ("/run/netns/web", "web"),
                   ("/proc/%d/ns/net" % PID, "process"), (str(PID), "process"), ("/run/a place", "bound"), (hidden, "hidden"),
                   ("net:[%d]" % scene["held"], "held"),
                   *((("shop", "docker"), (DOCKER, "docker"), (DOCKER[:8], "docker"), (CRIO[:12], "crio"), ("sockviewtest", "nspawn")) if containers else ())):
    answer, result = listing(word, "-ltun")
    t.same({row["netns"] for row in answer["sockets"]}, {scene[name]}, "-N %s" % word)
answer, result = listing("self,web", "-N", str(PID), "-ltun")
t.same({row["netns"] for row in answer["sockets"]}, {scene["self"], scene["web"], scene["process"]}, "a list, and the option twice")
for word in ("nowhere", "net:[1]", "/run/nowhere", "99999999", ""):
    result = tap.sockview("-N", word, "-ltn")
    t.ok(result.status == 2 and not result.out and b"'%s'" % word.encode() in result.err, "-N '%s': exit 2, the word is named" % word, result)
same = tap.sockview("--all-netns", "-ltun").lines
t.same(same, tap.sockview("-N", "all", "-ltun").lines, "--all-netns is -N all")

# --- keys of filters, and addresses ----------------------------------------------

for text, names in (("netns_name = web", ["web"]), ("netns = %d" % scene["process"], ["process"]), ("netns_name != web and netns = %d" % scene["self"], ["self"]),
                    ("process_netns = %d and netns = %d" % (scene["process"], scene["process"]), ["process"]), ("netns_name = we*", ["web"])):
    answer, result = listing("all", "-ltun", text)
    t.same({row["netns"] for row in answer["sockets"]}, {scene[name] for name in names}, "-N all '%s'" % text)
answer, result = listing("web", "-tan", "127.0.0.1:%d" % PORT)
t.ok({"LISTEN", "ESTABLISHED"} <= {row["state"] for row in answer["sockets"]}, "an address is judged by the addresses of the rows", result)

# --- --list-netns -----------------------------------------------------------------

answer, result = listing("all", "-atun")
counted = {}
for row in answer["sockets"]:
    kind = "udp" if row["proto"] == "udp" else {"LISTEN": "listen", "ESTABLISHED": "established"}.get(row["state"], "other")
    counted.setdefault(row["netns"], {"listen": 0, "established": 0, "other": 0, "udp": 0})[kind] += 1
answer = json.loads(tap.sockview("--list-netns", "--json").out)
told = {entry["netns"]: {key: entry[key] for key in ("listen", "established", "other", "udp")} for entry in answer["namespaces"]}
for name in sorted(scene):
    t.same(told.get(scene[name]), counted.get(scene[name]), "--list-netns: the sockets of '%s'" % name)
labels = {entry["netns"]: entry["label"] for entry in answer["namespaces"]}
t.same([labels[scene["self"]], labels[scene["web"]]], ["self", "web"], "their labels")
processes = {entry["netns"]: entry["processes"] for entry in answer["namespaces"]}
t.same([processes[scene["process"]], processes[scene["web"]]], [1, 0], "how many processes")
lines = tap.sockview("--list-netns", "-N", "self,web").lines
t.same([lines[0].split(), [line.split()[0] for line in lines[1:]]],
       [["LABEL", "NETNS", "PROCESSES", "LISTEN", "ESTABLISHED", "OTHER", "UDP"], ["self", "web"]], "as a table")
t.same([json.loads(line)["label"] for line in tap.sockview("--list-netns", "-N", "web", "--jsonl").lines], ["web"], "as lines of JSON")
t.same([line.split(",")[0] for line in tap.sockview("--list-netns", "-N", "web", "--csv").lines], ["label", "web"], "as csv")
t.same(tap.sockview("--list-netns", "-H", "-N", "web", "--format", "tsv").lines[0].split("\t")[0], "web", "as tsv")
for words in ("--list-netns 80", "--list-netns -c", "--list-netns --columns pid", "--list-netns -i"):
    t.same(tap.sockview(*words.split()).status, 2, "%s: exit 2" % words)

# --- formats --------------------------------------------------------------------

result = tap.sockview("-N", "web,self", "-ltn")
t.ok(result.lines[1].endswith("State       Netns") and [line.split()[-1] for line in result.lines[2:]] == ["self", "web"],
     "netstat's lines: a last field, self first", result)
result = tap.sockview("-N", "/run/a place", "-ltn")
t.ok(result.lines[2].endswith(r" /run/a\x20place"), "... which is one word", result)
plain = tap.sockview("-ltunp").lines
t.same([re.sub(" self$", "", line) for line in tap.sockview("-N", "self", "-ltunp").lines], [re.sub("$", " Netns", line) if line.startswith("Proto") else line for line in plain],
       "without -N not a byte is other")
result = tap.sockview("--netns", "all", "-nP", "-iTCP", "-sTCP:LISTEN")
held = [line.split()[:2] + line.split()[3:5] for line in result.lines[1:]]
t.ok("NETNS" in result.lines[0] and any("web" in line for line in held), "lsof's listing: a column NETNS", result)
t.same(len({tuple(line) for line in held}), len(held), "... each descriptor of each process once")
result = tap.sockview("-N", "web", "-ltn", "--format", "table")
t.ok(result.lines[0].split()[-1] == "NETNS-NAME" and result.lines[1].split()[-1] == "web", "the table", result)
answer, result = listing(str(PID), "-ltnp")
t.ok(PID in [owner["pid"] for row in answer["sockets"] for owner in row["owners"]], "one look for owners, whichever namespace the socket is of", result)
result = tap.sockview("-N", "web,self", "-ltn", "-c0.01", "--count", "2")
t.same(len([line for line in result.lines if line.startswith("tcp")]), 4, "-c looks at them again")

# --explain answers for the namespace that is named: the kernel's own bind() in it says the same.

def can_bind(name, port):
    back()
    tap.libc.setns(files[name], netns.CLONE_NEWNET)
    try:
        with socket.socket() as one:
            one.bind(("0.0.0.0", port))
            return True
    except OSError:
        return False
    finally:
        back()


tap.libc.setns(files["held"], netns.CLONE_NEWNET)
kept.append(socket.create_server(("0.0.0.0", PORT + 1)))    # a port that is taken there alone
back()
for name, word in (("self", "self"), ("web", "web"), ("process", str(PID)), ("bound", "/run/a place"), ("held", "net:[%d]" % scene["held"])):
    for port in (PORT, PORT + 1):
        result = tap.sockview("-N", word, "--explain", str(port), "--json", "--no-reuseaddr")
        entry = json.loads(result.out)["namespaces"][0]
        t.same([entry["netns"], entry["netns_name"], entry["explain"]["verdict"] == "free", result.status], [scene[name], named[scene[name]]["label"], can_bind(name, port), 0 if can_bind(name, port) else 1],
               "-N %s --explain %d: as bind() in it" % (word, port), result)
result = tap.sockview("-N", "self,web", "--explain", str(PORT))
t.ok(result.status == 1 and {line.split(":")[0] for line in result.lines if ": Port" in line} == {"self", "web"}, "--explain of two: each is named", result)

# --- recordings ---------------------------------------------------------------------

FILE = os.path.join(tap.scratch(), "recording")


def of_scene(answer):
    return sorted((row["netns"], row["netns_name"], row["proto"], row["state"], row["local_address"], row["local_port"], row["remote_port"] or 0)
                  for row in answer["sockets"] if row["netns"] in scene.values())


answer, result = listing("all", "-atun", "--record", FILE)
before = os.stat(FILE).st_size
again, result = listing("all", "-atun", "--replay", FILE)
t.same(of_scene(again), of_scene(answer), "a recording says the namespace of each socket", result)
t.same({entry["netns"]: entry["label"] for entry in again["report"]["namespaces"] if entry["netns"] in scene.values()},
       {entry["netns"]: entry["label"] for entry in answer["report"]["namespaces"] if entry["netns"] in scene.values()}, "... and what it is called")
for word, name in (("web", "web"), ("net:[%d]" % scene["held"], "held"), ("/run/a place", "bound"), ("self", "self"),
                   *((("shop", "docker"), (CRIO[:9], "crio")) if containers else ())):
    again, result = listing(word, "-atun", "--replay", FILE)
    t.same(of_scene(again), [row for row in of_scene(answer) if row[0] == scene[name]], "--replay -N %s" % word, result)
result = tap.sockview("--replay", FILE, "-atun", "--json")
t.same([len(json.loads(result.out)["sockets"]), b"sockets of other network namespaces are in the recording: -N all shows them" in result.err],
       [sum(row[0] == scene["self"] for row in of_scene(answer)), True], "without -N those of the recording's own, and the rest is counted", result)
result = tap.sockview("--replay", FILE, "-atun", "-N", "web,nowhere")
t.ok(result.status == 3 and b"nowhere" in result.err, "a namespace that is not in it", result)
whole = open(FILE, "rb").read()
cut = os.path.join(tap.scratch(), "cut")
for length in range(0, len(whole), max(4, len(whole) // 199 & ~3)):
    with open(cut, "wb") as file:
        file.write(whole[:length])
    result = tap.sockview("--replay", cut, "-atun", "-N", "all", "--json", often=True)
    if result.status not in (0, 3) or b"Sanitizer" in result.err:
        break
t.ok(result.status in (0, 3) and b"Sanitizer" not in result.err, "cut anywhere it is a shorter answer or an error", result)
plain = tap.sockview("-atun", "--record", FILE, "--json")
again, result = listing("all", "-atun", "--replay", FILE)
t.same([{row["netns_name"] for row in again["sockets"]}, len(again["sockets"])], [{"self"}, len(json.loads(plain.out)["sockets"])],
       "one that was made without -N is of self", result)
result = tap.sockview("-N", "all", "--explain", "80", "--replay", FILE)
t.ok(result.status == 2 and b"--replay" in result.err and not result.out, "--explain -N is of this host", result)
result = tap.sockview("-N", "all", "-atun", "--record", "/dev/full")
t.ok(result.status == 3 and b"/dev/full" in result.err, "a recording that cannot be written", result)

# --- families, groups, totals ---------------------------------------------------------

others = {}     # of the namespaces whose sockets this process has: protocol and inode
for name in ("self", "web", "bound", "held"):
    tap.libc.setns(files[name], netns.CLONE_NEWNET)
    made = {"unix": socket.socket(socket.AF_UNIX), "packet": socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300),
            "netlink": socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0), "raw": socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)}
    made["unix"].bind("\0sockview-%s-%s" % (tap.UNIQUE, name))
    made["unix"].listen()
    made["netlink"].bind((0, 0))
    back()
    others[name] = {proto: os.fstat(sock.fileno()).st_ino for proto, sock in made.items()}
    kept.append(made)
answer, result = listing("all", "-a", "-x", "-0", "-w", "--netlink", "-p")
where = {row["inode"]: (row["proto"], row["netns"], {owner["pid"] for owner in row["owners"]}) for row in answer["sockets"] if row["inode"]}
for name, made in others.items():
    for proto, inode in made.items():
        t.ok(inode in where and where[inode][:2] == (proto, scene[name]) and os.getpid() in where[inode][2], "%s in '%s', and whose it is" % (proto, name), where.get(inode))
result = tap.sockview("-N", "web,net:[%d]" % scene["held"], "-xl")
t.same([line.split()[-1] for line in result.lines if "sockview-" + tap.UNIQUE in line], ["web", "net:[%d]" % scene["held"]], "unix sockets have the last field, too", result)
words = "web,%d,net:[%d]" % (PID, scene["held"])
answer, result = listing(words, "-atun")
grouped = json.loads(tap.sockview("-N", words, "-atun", "--group-by", "netns,proto,state", "--json").out)["groups"]
counts = {}
for row in answer["sockets"]:
    key = row["netns"], row["proto"], row["state"]
    counts[key] = counts.get(key, 0) + 1
t.same({(group["netns"], group["proto"], group["state"]): group["count"] for group in grouped}, counts, "--group-by netns counts each namespace's")
total = json.loads(tap.sockview("-N", words, "-tu", "-s", "--json").out)["summary"]["sockets"]
t.same(sum(entry["count"] for entry in total), sum(counts.values()), "--summary is of all of them", total)
order = [row["netns"] for row in json.loads(tap.sockview("-N", words, "-atun", "--sort", "-netns", "--json").out)["sockets"]]
t.same(order, sorted(order, reverse=True), "--sort netns")

# --- less than root -------------------------------------------------------------

# A namespace that only /proc tells of has no number; the words for it are of its process.
IN_IT = {"process": PID, "user": pids["user"], **{name: pids[name] for name in CGROUPS if containers}}


def by_label(answer, name):
    """Rows of the namespace as others than root may call it."""
    word = named[scene[name]]["label"].split("@%d" % scene[name])[0]    # a unit's, where the test runs in one
    labels = {word, "pid:%d" % IN_IT.get(name, 0), "%s@pid:%d" % (word, IN_IT.get(name, 0))}
    ours = [row for row in answer["sockets"] if row["netns"] == scene[name] or (row["netns"] is None and row["netns_name"] in labels)]
    return rows({"sockets": [dict(row, netns=scene[name]) for row in ours]}, name)


for who, prefix in (("root without CAP_SYS_ADMIN", ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]),
                    ("nobody", ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"])):
    program = tap.program(NOBODY)
    for options in (["-ltu"], ["-atu"]):
        done_ = run([*prefix, program, "-N", "all", "-n", "--json", *options])
        answer = json.loads(done_.out)
        for name in ("self", *IN_IT):
            want = ss(name, *options)
            # /proc/net/tcp has no sockets that are only bound; here are none.
            t.same(by_label(answer, name), want, "%s: %s of '%s' are those of ss in it" % (who, options[0], name), done_.err)
    spoken = {entry["label"]: entry for entry in answer["report"]["namespaces"]}
    t.ok({entry["by"] for entry in spoken.values()} <= {"netlink", "proc", "none"} and spoken["self"]["by"] == "netlink" and
         sum(entry["by"] == "proc" for entry in spoken.values()) >= 2, "%s: by /proc" % who, spoken)
    left = sum(entry["by"] == "none" for entry in spoken.values())
    t.ok(not left or b"%d network namespace" % left in done_.err, "%s: what was not looked at is counted" % who, done_)
    done_ = run([*prefix, program, "-N", "all", "-ltun", "--for", "0.000001", "--json"])
    answer = json.loads(done_.out)
    spoken = {entry["label"]: entry for entry in answer["report"]["namespaces"]}
    left = sum(entry["by"] == "none" for entry in spoken.values())
    t.ok(left >= 2 and b"%d network namespaces were not looked at" % left in done_.err and b"--for" in done_.err,
         "%s: without time the rest is counted" % who, done_)

# --- elevated: no more than the caller may see ------------------------------------

elevated = os.path.join(tap.scratch(), "elevated")
shutil.copy(tap.SOCKVIEW, elevated)
os.chmod(elevated, 0o755)
inside = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh", "setpriv", "--reuid=%d" % NOBODY,
          "--regid=%d" % NOBODY, "--clear-groups"]
if tap.SAN:
    t.skip("elevated, with hidepid", "LeakSanitizer cannot open /proc/PID/task of a program with file capabilities then")
elif run(["setcap", "cap_sys_ptrace,cap_dac_read_search,cap_sys_admin,cap_net_admin+ep", elevated]).status or \
        run([*inside, elevated, "--version"]).status:
    t.skip("elevated, with hidepid", "no /proc with hidepid, or no file capabilities here")
else:
    for options in (["-N", "all", "-atun", "--json"], ["-N", "all", "-atunp", "--json"]):
        done_ = run([*inside, elevated, *options])
        answer = json.loads(done_.out)
        # Every user may see mounts.
        t.same([{row["netns_name"] for row in answer["sockets"]}, {entry["netns"] for entry in answer["report"]["namespaces"]}],
               [{"self"}, {scene["self"], scene["web"], scene["bound"]}], "elevated, hidepid: no namespace of processes that the caller does not see: %s" % " ".join(options), done_)
    done_ = run([*inside, elevated, "--list-netns", "-H"])
    t.same([line.split()[:2] for line in done_.lines if line.split()[1] not in (str(scene["web"]), str(scene["bound"]))],
           [["self", str(scene["self"])]], "... nor listed")
    for word in (str(PID), "net:[%d]" % scene["process"], "shop"):
        done_ = run([*inside, elevated, "-N", word, "-ltn"])
        t.ok(done_.status == 2 and not done_.out, "... nor entered by '%s'" % word, done_)

for pid in (one for one in kept if isinstance(one, int)):
    os.kill(pid, 9), os.waitpid(pid, 0)
done.set()
t.done()
