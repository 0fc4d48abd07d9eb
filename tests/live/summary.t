#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--summary against the rows it sums up; OpenMetrics by the parsers of Prometheus; the manual's recipes for many hosts."""
import collections
import json
import os
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import tap

has, others = scenes.enter()
t = tap.Tap()
stage = scenes.full(has, others)
path = os.path.join(tap.scratch(), "recording")
tap.sockview("-atuUwnxmI", "--record", path)
COLUMNS = "proto,family,state,owner_reason,remote_address,remote_port,local_address,local_port,program,owners,accept_queue,backlog,drops"


# Every look is one at the recording: a live scene's TIME_WAIT ends some time. Its processes are those of now.
def rows(*options):
    options = ["--replay", path, *options]
    return json.loads(tap.sockview(*options, "--json", "--columns", COLUMNS).out)["sockets"]


def summary(*options):
    options = ["--replay", path, *options]
    return json.loads(tap.sockview("--summary", "--json", *options).out)["summary"]


# --- a sum over the rows -----------------------------------------------------------------------------

for options in (["-tu"], ["-t"], ["-atuUw"], ["-uw"], ["-x"],
                ["-lt"], ["-t", "state", "established"], ["-t", "--state", "close-wait,listen"], ["-t4"], ["-6"], ["-t", "sport > 1024"]):
    got = summary(*options)
    every = rows(*(options if "-lt" in options else ["-a", *options]))
    want = collections.Counter((row["proto"], row["family"], row["state"]) for row in every)
    name = " ".join(options[:2])
    t.same({(item["protocol"], item["family"], item["state"]): item["count"] for item in got["sockets"]}, dict(want), "%s: the states" % name)
    t.same((got["total"], got["listeners"]),
           (len(every), sum(row["state"] == "LISTEN" and row["proto"] != "unix" for row in every)), "%s: the totals" % name)
    hosts = collections.Counter(row["remote_address"] for row in every if row["remote_port"] and row["remote_address"])
    shown = [(item["remote_address"], item["count"]) for item in got["remote_hosts"]]
    t.same(shown, sorted(hosts.items(), key=lambda pair: -pair[1])[:10] if len(set(hosts.values())) == len(hosts) else shown, "%s: hosts, in order" % name)
    t.same([hosts[host] for host, _ in shown], sorted(hosts.values(), reverse=True)[:10], "%s: the busiest hosts" % name)

got, every = summary("-tu"), rows("-atu")
reasons = collections.Counter(row["owner_reason"] for row in every if not row["owners"])
t.same(sum(got["without_owner"].values()), sum(reasons.values()), "as many without an owner as rows")
t.ok(got["without_owner"].get("time-wait") == reasons["time-wait"], "and those of TIME_WAIT", got["without_owner"], dict(reasons))
programs = collections.Counter()
for row in every:
    for pid, program in {(owner["pid"], owner["program"]) for owner in row["owners"]}:
        programs[program] += 1
t.same({item["program"]: item["count"] for item in got["programs"]}, dict(programs.most_common(10)), "programs, once for each process")
t.same(got["time_wait"]["count"], sum(row["state"] == "TIME_WAIT" for row in every), "TIME_WAIT")
queues = sorted((row["accept_queue"] / (row["backlog"] + 1) for row in every if row["accept_queue"] is not None), reverse=True)
t.same([round(item["accept_queue"] / (item["backlog"] + 1), 6) for item in got["accept_queues"]], [round(queue, 6) for queue in queues[:10]],
       "the fullest accept queues first")
t.same(len(summary("-tu", "--top", "2")["accept_queues"]), 2, "--top: the length of the lists")
with open("/proc/net/sockstat") as file:
    sockstat = file.read()
for name in got["host_wide"]:
    t.ok(name in got, "%s is the whole host's" % name)
live = json.loads(tap.sockview("-s", "--json").out)["summary"]
t.ok(" mem " not in sockstat or live["memory"]["tcp_bytes"] is not None, "memory is told where the kernel tells it", live["memory"])
t.same(got["memory"]["tcp_bytes"], None, "of a recording it is not known")

# --- as text -----------------------------------------------------------------------------------------

text = tap.sockview("-s", "--replay", path, "-n", "-q")
total = summary()
t.same(text.lines[0], "%d sockets" % total["total"], "text: the total", text)
counted = collections.Counter()
for found in re.finditer(r"\b([A-Z][A-Z_0-9]+) (\d+)", "\n".join(text.lines)):
    counted[found[1]] += int(found[2])
want = collections.Counter()
for item in total["sockets"]:
    want[item["state"]] += item["count"]
t.same({state: counted[state] for state in want}, dict(want), "text: the states")
t.ok(all(len(line) < 80 for line in text.lines[:12]), "text: 80 columns", text)
t.ok("#" not in "".join(text.lines), "no bars where there is no terminal", text)
if tap.missing("script"):
    t.skip("bars on a terminal", "script is not installed")
else:
    bars = tap.run(["script", "-qec", "%s -s --replay %s -q" % (tap.SOCKVIEW, path), "/dev/null"])
    t.ok(b"#####" in bars.out and all(len(line) < 81 for line in bars.lines[:10]), "bars on a terminal, within 80 columns", bars)
for line, first in (("-su", "-uan"), ("-stn", "-tan"), ("-s -l -t", "-ltn"), ("-sn tcp:1", "-tan")):
    ours = tap.sockview(*line.split(), "--replay", path, "-q")
    want = len(tap.sockview(first, "-H", "--replay", path, "-q", *(["tcp:1"] if "tcp:1" in line else [])).lines)
    t.same((ours.lines[0].split()[0], ours.status), (str(want), 0 if want else 1), line, ours)
t.ok(tap.sockview("-i", "-sTCP:LISTEN", "-nP").out.startswith(b"COMMAND"), "-s TCP:LISTEN is lsof's")
for words in ("-s --columns pid", "-s --sort pid", "-s --csv", "-s --pids", "--format openmetrics", "-s --group-by pid", "-s --events"):
    refused = tap.sockview(*words.split())
    t.ok(refused.status == 2 and len(refused.err.splitlines()) == 1, "%s: refused in a line" % words, refused)

# --- OpenMetrics ----------------------------------------------------------------------------------------

metrics = tap.sockview("--replay", path, "--summary", "--format", "openmetrics", "-tu")
exposition = metrics.out.decode()
document = summary("-tu")
t.ok(exposition.endswith("\n# EOF\n") and exposition.count("# EOF") == 1, "one end", metrics)
t.ok(not re.search(r'remote|pid=|inode|(?<!_)uid=', exposition.split("# TYPE sockview_complete")[0].replace("SYN", "")), "no label of what comes and goes")
samples = re.findall(r'^sockview_sockets\{protocol="(\w+)",family="(\w+)",state="(\w+)"\} (\d+)$', exposition, re.M)
t.same({(proto, family, state): int(count) for proto, family, state, count in samples if count != "0"},
       {(item["protocol"], item["family"], item["state"]): item["count"] for item in document["sockets"]}, "the states are JSON's")
try:
    from prometheus_client.openmetrics import parser
except ImportError:
    parser = None
    t.skip("prometheus_client reads it", "python3-prometheus-client is not installed")
if parser:
    families = {family.name: family for family in parser.text_string_to_metric_families(exposition)}
    t.same(sum(sample.value for sample in families["sockview_sockets"].samples), document["total"], "prometheus_client reads it: the total is JSON's")
    names = {family.name for family in parser.text_string_to_metric_families(tap.sockview("-s", "--format", "openmetrics").out.decode())}
    t.ok({"sockview_ephemeral_used_ratio", "sockview_complete", "sockview_last_run_timestamp_seconds"} <= names, "and the host's, live", names)
    backlog = {sample.labels["port"] for sample in families["sockview_listener_backlog"].samples}
    t.same(backlog, {str(row["local_port"]) for row in rows("-lt")}, "every listener's port")
    t.same(families["sockview_listener_drops"].type, "counter", "drops are a counter")
    merged = collections.Counter()
    for row in rows("-lt"):
        merged[row["local_address"], str(row["local_port"])] += row["accept_queue"]
    told = collections.Counter()
    for sample in families["sockview_listener_accept_queue"].samples:
        told[sample.labels["address"], sample.labels["port"]] += int(sample.value)
    t.same(told, merged, "the accept queues are the rows'")

# A program's name may hold anything, a listener's labels are told once, and no more than 200 are.
NASTY = 'a"b\\c\xff'.encode("latin1")
FEW = 230
script = os.path.join(tap.scratch(), "many.py")
with open(script, "w") as file:
    file.write("""import socket, sys
kept = []
for i in range(%d):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", 7000 + i // 2 if i < 20 else 8000 + i))
    s.listen()
    kept.append(s)
print("ready", flush=True)
sys.stdin.read()
""" % FEW)
many = subprocess.Popen([NASTY, script], executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
t.same(many.stdout.readline(), b"ready\n", "a program with many listeners")
crowd = tap.sockview("--summary", "--format", "openmetrics", "-t", "-q", "src 127.0.0.1").out.decode()
queue = re.findall(r"^sockview_listener_accept_queue(\{.*\}) \d+$", crowd, re.M)
t.same((len(queue), len(set(queue))), (200, 200), "200 listeners, each once")
left = int(re.search(r"^sockview_listeners_left_out (\d+)$", crowd, re.M)[1])
t.ok(left >= FEW - 10 - 200, "the others are counted", left)
t.ok('program="a\\"b\\\\\\\\c\\\\xff"' in crowd, "a hostile name is printable, and escaped again as a label", crowd[:3000])
if parser:
    names = {sample.labels.get("program") for family in parser.text_string_to_metric_families(crowd) for sample in family.samples}
    t.ok('a"b\\\\c\\xff' in names, "and parsed to what every other format prints", names)
many.stdin.close()
many.wait()

# --- the manual's recipes --------------------------------------------------------------------------------

with open(os.path.join(tap.SRCDIR, "man/sockview.8")) as file:
    manual = file.read()
PRINTED = {"\\e": "\\", "\\-": "-", "\\(aq": "'", "\\(ha": "^", "\\(ti": "~", "\\(ga": "`"}
recipes = [re.sub(r"\\(?:[e-]|\(..)", lambda match: PRINTED[match[0]], recipe) for recipe in re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", manual[manual.index(".Ss Many hosts"):], re.M | re.S)]
t.same(len(recipes), 4, "four recipes")
folder = os.path.join(tap.scratch(), "recipes")
os.mkdir(folder)
tools = os.path.join(folder, "bin")
os.mkdir(tools)


def tool(name, text):
    with open(os.path.join(tools, name), "w") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(os.path.join(tools, name), 0o755)


def recipe(text):
    return tap.run(["sh", "-c", "cd %s\nPATH=%s:$PATH\n%s" % (folder, tools, text)])


tool("sockview", 'exec "%s" "$@"\n' % tap.SOCKVIEW)

# Hosts: each a network namespace and a name; ssh's stand-in goes there.
HOST = """import ctypes, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x40000000 | 0x04000000):
    sys.exit(os.strerror(ctypes.get_errno()))
socket.sethostname(sys.argv[1])
subprocess.check_call(["ip", "link", "set", "lo", "up"])
subprocess.check_call(["ip", "addr", "add", sys.argv[2] + "/32", "dev", "lo"])
listener = socket.create_server((sys.argv[2], 5432))
client = socket.create_connection((sys.argv[2], 5432))
print("ready", flush=True)
sys.stdin.read()
"""
hosts = {}
for name, address in (("web1", "10.0.0.9"), ("web2", "10.0.0.8")):
    hosts[name] = subprocess.Popen([sys.executable, "-c", HOST, name, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=tap.die_with_parent)
ready = [host.stdout.readline() for host in hosts.values()]
if tap.older("sqlite3", (3, 38)):
    t.skip("JSON lines of several hosts in SQLite", tap.older("sqlite3", (3, 38)) + ": it has no ->>")
elif tap.missing("sqlite3") or tap.missing("nsenter") or ready != [b"ready\n"] * 2:
    t.skip("JSON lines of several hosts in SQLite", "sqlite3 or nsenter is not installed, or there are no more namespaces here")
else:
    tool("ssh", 'case $1 in %s esac\nshift\nexec nsenter -t $pid -n -u -- "$@"\n' %
         "".join("%s) pid=%d;; " % (name, host.pid) for name, host in hosts.items()))
    asked = recipe(recipes[0])
    t.ok(asked.status == 0 and not asked.err, "JSON lines of several hosts in SQLite", asked)
    t.same([line.split("|")[0] for line in asked.lines if "python" in line], ["web1"], "who still talks to 10.0.0.9", asked)
# The same of all of them at once: as much as each has, with the namespace in the labels.
if ready == [b"ready\n"] * 2 and not tap.missing("nsenter"):
    pids = ",".join(str(host.pid) for host in hosts.values())
    each = collections.Counter()
    for host in hosts.values():
        one = tap.run(["nsenter", "-t", str(host.pid), "-n", tap.SOCKVIEW, "-at", "--group-by", "state", "--jsonl", "-q"])
        each.update({group["state"]: group["count"] for group in map(json.loads, one.lines)})
    both = tap.sockview("-at", "-N", pids, "--group-by", "state", "--jsonl", "-q")
    t.same({group["state"]: group["count"] for group in map(json.loads, both.lines)}, dict(each), "-N --group-by: the sum over the namespaces", both)
    both = json.loads(tap.sockview("-s", "-t", "-N", pids, "--json", "-q").out)["summary"]
    t.same(({item["state"]: item["count"] for item in both["sockets"]}, both["time_wait"]["limit"]), (dict(each), None), "-N --summary: the same")
    both = tap.sockview("-s", "-t", "-N", pids, "--format", "openmetrics", "-q").out.decode()
    labels = re.findall(r'^sockview_listener_backlog\{.*address="(.*?)".*netns="(.*?)"\}', both, re.M)
    t.same((sorted(address for address, _ in labels), len({name for _, name in labels})), (["10.0.0.8", "10.0.0.9"], 2), "-N --format openmetrics: netns is a label")
    t.ok("ephemeral" not in both, "and no share of a range that is another namespace's", both)
for host in hosts.values():
    host.stdin.close()
    host.wait()

prom = os.path.join(folder, "sockview.prom")
made = recipe(re.sub(r"^file=.*$", "file=" + prom, recipes[1], flags=re.M))
t.ok(made.status == 0 and os.listdir(folder).count("sockview.prom.new") == 0, "the textfile is there, and no half of one", made)
with open(os.path.join(folder, "rules.yml"), "w") as file:
    file.write(recipes[2])
with open(os.path.join(folder, "rules_test.yml"), "w") as file:
    file.write("""rule_files: [rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - series: 'sockview_listener_drops_total{instance="a",protocol="tcp",address="0.0.0.0",port="80",program="nginx"}'
    values: '5 5 5 5 5 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9'
  - series: 'sockview_ephemeral_used_ratio{instance="a",family="inet"}'
    values: '0.1x9 0.9x10'
  - series: 'sockview_sockets{instance="a",protocol="tcp",family="inet",state="CLOSE_WAIT"}'
    values: '60x20'
  - series: 'sockview_sockets{instance="a",protocol="tcp",family="inet6",state="CLOSE_WAIT"}'
    values: '60x20'
  alert_rule_test:
  - {eval_time: 4m, alertname: AcceptQueueDrops}
  - eval_time: 7m
    alertname: AcceptQueueDrops
    exp_alerts: [{exp_labels: {instance: a, program: nginx}}]
  - {eval_time: 8m, alertname: EphemeralPortsRunOut}
  - eval_time: 15m
    alertname: EphemeralPortsRunOut
    exp_alerts: [{exp_labels: {instance: a, family: inet}}]
  - {eval_time: 5m, alertname: CloseWaitLeak}
  - eval_time: 15m
    alertname: CloseWaitLeak
    exp_alerts: [{exp_labels: {instance: a}}]
""")
promtool = os.environ.get("PROMTOOL") or "promtool"
if tap.missing(promtool):
    t.skip("promtool reads the metrics and tests the rules", "it is not installed; PROMTOOL may name one")
else:
    with open(prom) as file:
        read = subprocess.run([promtool, "check", "metrics"], stdin=file, capture_output=True)
    # 1: it cannot be read; 3: it can, and a name is not to the linter's liking.
    t.ok(read.returncode in (0, 3) and b"error while linting" not in read.stderr, "promtool reads the metrics as text", read)
    tested = tap.run([promtool, "test", "rules", os.path.join(folder, "rules_test.yml")])
    t.ok(tested.status == 0, "promtool: the three alerts fire, and not before", tested)

# Events into syslog: logger's own, with a socket of the test's in place of /dev/log.
if tap.missing("logger"):
    t.skip("events into syslog", "logger is not installed")
else:
    syslog = os.path.join(folder, "log")
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(syslog)
    log.settimeout(tap.COMMAND_SECONDS)
    tool("logger", 'exec /usr/bin/logger -u %s "$@"\n' % syslog)
    watch = subprocess.Popen(["sh", "-c", "PATH=%s:$PATH\n%s" % (tools, recipes[3].replace("--jsonl", "--jsonl -v --for 60 --count 1 'event = listen'"))],
                             stderr=subprocess.PIPE, preexec_fn=tap.die_with_parent)
    watching = False
    for line in iter(watch.stderr.readline, b""):
        if b"watching" in line:
            watching = True
            break
    if not watching:
        t.skip("events into syslog", "events cannot be watched here")
    else:
        server = socket.create_server(("127.0.0.1", 0))
        message = log.recv(65536)
        found = re.search(rb"sockview: (\{.*\})", message)
        t.ok(found and json.loads(found[1])["local_port"] == server.getsockname()[1], "an event arrives in syslog", message)
        server.close()
    watch.stderr.close()
    watch.wait()
t.done()
