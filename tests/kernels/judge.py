#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads the console of a booted kernel (tests/kernels/init) and says what is not as it must be; exit 1 if there is something."""
import re
import sys

text = sys.stdin.buffer.read().decode(errors="replace").replace("\r", "")
kernel = re.search(r"KERNEL (\S+)", text)
truth = sorted(line.split("\t") for line in re.findall(r"^TRUTH (.*)", text, re.M))
parts = {}
for name, body in re.findall(r"^PART (\S+)\n(.*?^STATUS \d+)$", text, re.M | re.S):
    parts[name] = ("\n".join(re.findall(r"^OUT (.*)", body, re.M)), "\n".join(re.findall(r"^ERR (.*)", body, re.M)),
                   int(re.search(r"^STATUS (\d+)$", body, re.M)[1]))
wrong = []


def need(right, what, part):
    if not right:
        wrong.append("%s: %.600r" % (what, parts.get(part)))


def rows(part):
    return sorted(line.split("\t") for line in parts[part][0].splitlines())


if not kernel or "\nEND" not in text or len(truth) < 60:
    print("it did not come to its end: %d lines of truth, parts %s\n%s" % (len(truth), " ".join(parts), text[-1500:]))
    sys.exit(1)
release = tuple(map(int, re.match(r"(\d+)\.(\d+)", kernel[1]).groups()))
modules = "no-modules" not in sys.argv
tells_bound = release >= (6, 8) and modules
for part in ("all", "proc"):
    need(rows(part) == truth, "%s: every socket of the scene, and no other; lacking %r, too many %r" % (
        part, [row for row in truth if row not in rows(part)], [row for row in rows(part) if row not in truth]), part)
held = [row for row in truth if row[1] == "BOUND"]
need(rows("bound") == held, "--state bound", "bound")
need(len(rows("target")) == 1 and rows("target")[0] in held, "a bare port", "target")
need(parts["explain"][2] == 1 and "taken by scene" in parts["explain"][0], "--explain names the holder", "explain")
need("let the bind pass" not in parts["explain"][0], "--explain does not contradict itself", "explain")
need(parts["free"][2] == 0, "--explain: free, says the kernel", "free")
need(parts["free-no-probe"][2] == (0 if tells_bound else 3), "--no-probe: free only where all tables were read", "free-no-probe")
for part in ("info", "memory", "extend", "unix", "summary", "health", "lsof"):
    need(parts[part][2] in (0, 1) and parts[part][0], "%s: an answer" % part, part)
for part, wanted in (("info", truth), ("memory", truth), ("extend", truth), ("record", [row for row in truth if row[0] == "tcp"])):
    need(len(re.findall(r"^(?:tcp|udp)", parts[part][0], re.M)) == len(wanted), "%s: every socket, as rows come" % part, part)
need("does not tell of udplite" not in parts["lsof"][1], "UDP-Lite is no missing part where there is none", "lsof")
need(parts["bpf"][2] == (0 if release >= (5, 14) else 3), "owners by BPF", "bpf")
need(len(re.findall(r"\d+/scene", parts["bpf"][0])) == (12 if release >= (5, 14) else 0), "owners by BPF: each listener's", "bpf")
need(("BPF programs take" in parts["events"][1]) == (release < (5, 14)), "events by BPF", "events")
need(parts["netlink"][2] == (0 if modules else 3), "--source netlink", "netlink")
need(parts["record"][2] == (0 if modules else 3), "--record", "record")
need(parts["replay"][2] in ((0, 3) if modules else (3,)), "a recording says free only of what it knows", "replay")
asked = re.findall(r"net-pf-16-proto-4-type-2-6$", parts["modprobes"][0], re.M)
need(len(asked) <= (0 if modules else 1), "--explain asks for tcp_diag once", "modprobes")
if not modules:
    need("modprobe tcp_diag" in parts["info"][1], "the note names the module", "info")
compared = parts["sandbox"][0].splitlines()
need(len(compared) > 10 and all(line.startswith("same ") for line in compared), "the sandbox changes no byte", "sandbox")
lacks = [line for line in parts["sandbox-lacks"][1].splitlines() if "sandbox" in line]
need(lacks == ([] if release >= (5, 13) else ["sockview: the sandbox lacks Landlock: Function not implemented"]),
     "-v says what the sandbox lacks, and nothing else", "sandbox-lacks")
need(parts["first-write"][0].split() == ["NoNewPrivs:", "1", "Seccomp:", "2"], "the sandbox is in force at the first write", "first-write")
need(not re.search(r"Argument list too long|Segmentation|Aborted", text), "no crash, and words for what is refused", "bpf")
for one in wrong:
    print("  " + one)
print("%s%s: %d sockets, %d parts, %d wrong" % (kernel[1], "" if modules else " without modules", len(truth), len(parts), len(wrong)))
sys.exit(bool(wrong))
