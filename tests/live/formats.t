#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""json, jsonl, csv, tsv and table: the sockets of netstat's lines in each, and hostile names whole and harmless."""
import csv
import datetime
import io
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import actors
import oracle
import scenes
import tap

# argv[0], comm.
PROCESSES = [
    (b"evil\x1b[2Jname", b"two\nlines"),
    (b'quo"te\'s,and,commas', b'"quoted"'),
    (b"tab\there", b"tab\tcomm"),
    (b"back\\slash\\x41", b"back\\x41"),
    (b"caf\xe9\xff\xfe", b"\xff\xfe\xc0\xaf"),
    ("grün€".encode(), "é€ uni".encode()),
    ("\u202egnp.exe\u2028".encode(), "\u202e".encode()),
    (b"\r\n", b"\r\n"),
    (b"null", b"null"),
    (b"=1+1", b"@sum"),
    (b"x" * 3000, b"a) R 1 (b"),
    (b" ", b" "),
    (b"", b"-"),
]
ARGUMENT = b"an argument, with \"blanks\"\n\\ and\x80"

if tap.missing("jq"):
    tap.skip_all("jq is not installed")
has, others = scenes.enter()
t = tap.Tap()
stage = scenes.full(has, others)
pids = {}
for number, (argv0, comm) in enumerate(PROCESSES):
    label = "process%d" % number
    stage.add(actors.one_listener, label=label, argv0=argv0, hold=[b"comm=" + comm.hex().encode(), b"more=" + ARGUMENT])
    pids[stage.sock[label].pid] = number
folder = scenes.folder()
stage.add(actors.unix_hostile, folder=folder)

COLUMNS = ("proto,family,state,recv_q,send_q,local_address,local_port,remote_address,remote_port,ip_protocol,uid,inode,"
           "pid,program,comm,cmdline,exe,cookie,path,unix_type,owner_count,owner_reason")
SELECTION = ["-atuUwxn"]
has_6 = {"tcp": "tcp6", "udp": "udp6", "udplite": "udpl6", "raw": "raw6"}


def undo(text):
    """The bytes of an escaped text: sockview-json(5)."""
    return re.sub(rb"\\(\\|x([0-9a-f]{2}))", lambda m: bytes([int(m[2], 16)]) if m[2] else b"\\", text.encode())


def undo_args(text):
    return [undo(arg) for arg in text.split(" ")]


# --- reading each format ---------------------------------------------------------------------------

def typed(row):
    """A row of text cells with the types of the schema; an empty cell is absent."""
    return {name: None if cell == "" else int(cell) if name in NUMBERS else cell for name, cell in row.items()}


def read_json():
    return json.loads(tap.sockview(*SELECTION, "--json", "--columns", COLUMNS).out)["sockets"]


def read_jsonl():
    lines = tap.sockview(*SELECTION, "--jsonl", "--columns", COLUMNS).out.decode().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def read_jq():
    out = tap.sockview(*SELECTION, "--json", "--columns", COLUMNS).out
    return json.loads(tap.run(["jq", "-c", "[.sockets[]]"], stdin=out).out)


def read_csv():
    out = tap.sockview(*SELECTION, "--csv", "--columns", COLUMNS).out.decode()
    return [typed(row) for row in csv.DictReader(io.StringIO(out, newline=""), strict=True)]


def read_tsv():
    out = tap.sockview(*SELECTION, "--format=tsv", "--columns", COLUMNS).out.decode()
    return [typed(row) for row in csv.DictReader(io.StringIO(out, newline=""), dialect="excel-tab", strict=True)]


listed = tap.sockview("--list-columns").out.decode()
TYPES = {m[1]: m[2] for m in re.finditer(r"^  (\w+)\s+(text|number|real|bool|time|list)\s", listed, re.M)}
NUMBERS = {name for name, kind in TYPES.items() if kind == "number"}
READERS = {"json": read_json, "jsonl": read_jsonl, "jq": read_jq, "csv": read_csv, "tsv": read_tsv}
answers = {name: read() for name, read in READERS.items()}


def lasts(row):
    """A socket without a process that is about to end may be gone at the next look."""
    return row["inode"] or row["state"] in ("ESTABLISHED", "CLOSE_WAIT", "UNCONNECTED")


def stable(row):
    """What does not change from one look to the next."""
    return tuple((name, row[name]) for name in COLUMNS.split(",") if name not in ("recv_q", "send_q"))


for name, rows in answers.items():
    t.same(sorted(map(repr, map(stable, filter(lasts, rows)))), sorted(map(repr, map(stable, filter(lasts, answers["json"])))),
           "%s: the same sockets as json, value by value" % name)

# --- the same sockets as netstat's lines ------------------------------------------------------------

def as_netstat(row):
    """The fields of netstat's line that are this socket's."""
    if row["proto"] == "unix":
        return ("unix", str(row["inode"] or 0))
    raw = row["proto"] == "raw"
    proto = {"udplite": "udpl"}.get(row["proto"], row["proto"])
    local = "%s:%s" % (row["local_address"], row["ip_protocol"] or "*" if raw else row["local_port"] or "*")
    any_address = "::" if row["family"] == "inet6" else "0.0.0.0"
    remote = "%s:%s" % (row["remote_address"] or any_address, row["remote_port"] or "*")
    state = "" if row["state"] == "UNCONNECTED" else row["state"]
    if raw:
        state = {"UNCONNECTED": "7", "ESTABLISHED": "1"}[row["state"]]
    owner = "%d/%s" % (row["pid"], row["program"].replace(" ", r"\x20") if row["program"] else "-") if row["pid"] else "-"
    return (has_6[row["proto"]] if row["family"] == "inet6" else proto, str(row["recv_q"]), str(row["send_q"]),
            local, remote, state, str(row["uid"]), str(row["inode"] or 0), owner)


def netstat_rows():
    rows = []
    for line in oracle.read(tap.sockview(*SELECTION, "-ep").lines):
        f = line.fields
        if line.kind == "unix":
            rows.append(("unix", f["inode"]))
        elif line.kind == "inet" and (f["inode"] != "0" or f["state"] in ("ESTABLISHED", "CLOSE_WAIT", "")):
            rows.append((f["proto"], f["recvq"], f["sendq"], f["local"], f["foreign"], f["state"], f["user"], f["inode"],
                         f["program"].encode("latin-1").decode()))
    return rows


want = netstat_rows()
t.ok(len(want) > 100, "there is something to compare", len(want))
t.same(sorted(map(as_netstat, filter(lasts, answers["json"]))), sorted(want), "json: every field as in netstat's lines")

# --- types -------------------------------------------------------------------------------------------

CHECKS = {
    "text": lambda v: isinstance(v, str) and v.isprintable(),
    "number": lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 1 << 64,
    "real": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "time": lambda v: datetime.datetime.strptime(v, "%Y-%m-%dT%H:%M:%SZ"),
    "list": lambda v: isinstance(v, list),
}
document = json.loads(tap.sockview(*SELECTION, "--json", "--columns", "all").out)
t.same(sorted(document), sorted(["version", "time", "host", "netns", "source", "sockets", "report"]), "json: the document's members")
t.same(document["netns"], os.stat("/proc/self/ns/net").st_ino, "json: the namespace's inode")
t.same(document["host"], os.uname().nodename, "json: the host")
t.same(document["report"]["owners"] is not None, True, "json: the report tells of the look for owners")
asked = datetime.datetime.strptime(document["time"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
t.ok(abs((datetime.datetime.now(datetime.timezone.utc) - asked).total_seconds()) < 120, "json: the time is now", document["time"])
wrong, seen = [], set()
for sock in document["sockets"]:
    if set(sock) != set(TYPES):
        wrong.append(sorted(set(sock) ^ set(TYPES)))
    for name, value in sock.items():
        if value is not None:
            seen.add(name)
            if not CHECKS[TYPES[name]](value):
                wrong.append((name, value))
t.same(wrong, [], "json: each column of all has its type or is null")
t.ok(len(seen) > 130, "most columns have a value somewhere", sorted(set(TYPES) - seen))
OWNER = {"pid": int, "tid": int, "fd": int, "uid": int, "user": str, "program": str, "comm": str, "cmdline": str,
         "exe": str, "ppid": int, "start_time": str, "cgroup": str, "unit": str, "container": str,
         "container_name": str, "container_runtime": str}
wrong = [owner for sock in document["sockets"] for owner in sock["owners"] or []
         if set(owner) != set(OWNER) or any(v is not None and type(v) is not OWNER[k] for k, v in owner.items())]
t.same(wrong, [], "json: an owner's members and their types")
wrong = [sock for sock in document["sockets"] if sock["owner_count"] != len(sock["owners"]) or
         (sock["owners"] and sock["pid"] != min(owner["pid"] for owner in sock["owners"])) or
         bool(sock["owners"]) == bool(sock["owner_reason"])]
t.same(wrong, [], "json: owners, owner_count, owner_reason and pid agree")

# --- hostile names -----------------------------------------------------------------------------------

for name, rows in answers.items():
    found = {}
    for row in rows:
        if row["pid"] in pids and row["proto"] == "tcp":
            found[pids[row["pid"]]] = row
    wrong = []
    for number, (argv0, comm) in enumerate(PROCESSES):
        row = found.get(number)
        if row is None:
            wrong.append("no row for %r" % argv0)
            continue
        args = undo_args(row["cmdline"]) if row["cmdline"] is not None else None
        if undo(row["comm"]) != comm[:15]:
            wrong.append(("comm", comm, row["comm"]))
        with open("/proc/%d/cmdline" % row["pid"], "rb") as file:
            truth = file.read()
        if args is not None and b"\0".join(args) + b"\0" != truth:
            wrong.append(("cmdline", truth, row["cmdline"]))
        if os.fsencode(os.readlink("/proc/%d/exe" % row["pid"])) != undo(row["exe"]):
            wrong.append(("exe", row["exe"]))
    t.same(wrong, [], "%s: comm, cmdline and exe give the original bytes back" % name)
    paths = {row["inode"]: undo(row["path"]) for row in rows if row["path"] is not None}
    truth = {}
    for label, sock in stage.sock.items():
        if label.startswith("hostile."):
            truth[sock.inode] = paths.get(sock.inode)
    with_nul = [path for path in truth.values() if path is None]
    t.same(with_nul, [], "%s: every hostile path is there" % name)
    expected = sorted([os.path.join(os.fsencode(folder), n) for n in
                       (b"two\nlines", b"a b", b"\x1b[31mred", b"caf\xe9", "grün".encode(), b"back\\slash", b"t\tab", b"q\"'")] +
                      [b"@name", b"\0name", b"\0nul\0inside\0"])
    t.same(sorted(truth.values()), expected, "%s: unix paths give the original bytes back" % name)

for words in (["--json"], ["--jsonl"], ["--csv"], ["--format=tsv"], ["--format=table"]):
    raw = tap.sockview(*SELECTION, *words, "--columns", "all").out
    allowed = {10} | ({13} if "--csv" in words else set()) | ({9} if "tsv" in words[0] else set())
    harmful = sorted({byte for byte in raw if byte < 0x20 and byte not in allowed or byte == 0x7F})
    t.same(harmful, [], "%s: no control character" % words[0])
    try:
        text = raw.decode("utf-8")
        t.ok(not re.search("[\u0080-\u009f\u200b-\u200f\u2028-\u202e\ufeff]", text), "%s: valid UTF-8, nothing invisible" % words[0])
    except UnicodeDecodeError as error:
        t.ok(False, "%s: valid UTF-8, nothing invisible" % words[0], str(error))

def counted(*options):
    """The number of lines, while nothing ends."""
    for _ in range(20):
        before = len(tap.sockview(*SELECTION, "--jsonl").out.splitlines())
        out = tap.sockview(*SELECTION, *options).out
        if before == len(tap.sockview(*SELECTION, "--jsonl").out.splitlines()):
            break
    return before, out


count, raw = counted("--jsonl", "-p")
lines = raw.split(b"\n")
t.same(len(lines) - 1, count, "jsonl: one socket is one line")
t.same(tap.run(["jq", "-c", "."], stdin=b"\n".join(lines)).out.count(b"\n"), count, "jsonl: jq reads each line")
count, raw = counted("--csv", "--columns", COLUMNS)
t.same(raw.count(b"\r\n"), raw.count(b"\n"), "csv: lines end in CR LF")
t.same(raw.count(b"\n"), count + 1, "csv: one socket is one line")
count, raw = counted("--csv", "-H", "--columns", COLUMNS)
t.same(raw.count(b"\n"), count, "csv: -H leaves out the names")
raw = tap.sockview(*SELECTION, "--format=tsv", "--columns", COLUMNS).out
t.same({line.count(b"\t") for line in raw.split(b"\n")[:-1]}, {COLUMNS.count(",")}, "tsv: cut and awk see as many fields in each line")

# --- table ---------------------------------------------------------------------------------------------

plain = "proto,family,state,recv_q,local_address,local_port,inode,uid"
lines = tap.sockview(*SELECTION, "--format=table", "--columns", plain).lines
t.same(lines[0].split(), "PROTO FAMILY STATE RECV-Q LOCAL-ADDRESS LOCAL-PORT INODE UID".split(), "table: headings")
def cells(row):
    return tuple("-" if row[name] is None else str(row[name]) for name in plain.split(","))


lasting = sorted(map(cells, filter(lasts, answers["json"])))
t.same(sorted(line for line in (tuple(line.split()) for line in lines[1:]) if line in set(lasting)), lasting,
       "table: every cell as in json, absent as -")
ends = {name: lines[0].index(name) + len(name) for name in ("RECV-Q", "LOCAL-PORT", "INODE", "UID")}
starts = {name: lines[0].index(name) for name in ("PROTO", "FAMILY", "STATE", "LOCAL-ADDRESS")}
wrong = [line for line in lines[1:] if any(line[end - 1:end] in ("", " ") or line[end:end + 1] not in ("", " ") for end in ends.values())
         or any(line[at] == " " for at in starts.values())]
t.same(wrong, [], "table: numbers end and texts begin where their heading does")
t.same([line for line in lines if line != line.rstrip()], [], "table: no blanks at the end of a line")
t.done()
