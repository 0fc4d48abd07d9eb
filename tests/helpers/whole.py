# SPDX-License-Identifier: MIT
"""whole - whether the answer of a run in which something failed is whole, or says what it lacks."""
import json
import re


# "netns": null says itself that it is not known. A process's start is reckoned from the clock of now: near a second's end it may be either.
CLOCK = ("time", "report", "unread", "running_seconds", "start_time", "netns")
# Samples of --summary that are of the whole host, or of the clock.
HOST = rb"(?m)^sockview_(orphans|tcp_allocated|tcp_memory_bytes|udp_memory_bytes|last_run_timestamp_seconds) .*"


def without_clock(data):
    """The notes on what could not be seen depend on the finder: the BPF iterator sees more than the walk instead of it."""
    if isinstance(data, list):
        return [without_clock(item) for item in data]
    if not isinstance(data, dict):
        return data
    left_out = set(CLOCK) | {name.partition(".")[0] for name in data.get("host_wide", [])}
    return {key: without_clock(value) for key, value in data.items() if key not in left_out}


def unseen(out):
    """What --explain says that it has not seen, as lines."""
    if out.startswith(b"{") and b'"unread":[' in out:
        answer = json.loads(out)
        return {json.dumps(one) for target in answer.get("targets", [answer]) for one in target["unread"]}
    return set(out.partition(b"Not seen:")[2].split(b"\n"))


def steady(out):
    """Without the clock and what other processes of the machine do meanwhile."""
    if out.startswith(b"{"):
        try:
            data = json.loads(out)
        except ValueError:
            return out
        return without_clock(data)
    if out.startswith(b"# TYPE sockview_"):
        return re.sub(HOST, b"", out)
    if re.match(rb"(Port|Whether|\S+:\d+) ", out):
        seen = re.sub(rb"\s*Not seen:.*", b"", out, flags=re.DOTALL)
        return re.sub(rb"\s+", b" ", re.sub(rb"running for\s+\d+\s+(s|min)", b"", seen)).strip()
    return out


def lines(out):
    """The answer as lines, for a difference that can be read."""
    out = steady(out)
    return json.dumps(out, indent=1).encode() if isinstance(out, dict) else out


def verdict(got, whole, strict=True, words=()):
    """What is wrong with this result beside the whole one; None if nothing is. `words`: any of them says it, too."""
    if got.status < 0:
        return "a crash or a hang"
    if got.status > 3:
        return "no status of ours"
    if got.status >= 2 and got.status != whole.status:
        told = re.match(rb"sockview: .", got.err) and b"(null)" not in got.err
        return None if told else "fails without a word"
    said = set(got.err.splitlines()) - set(whole.err.splitlines()) or unseen(got.out) - unseen(whole.out)
    said = said or any(word.encode() in got.out and word.encode() not in whole.out for word in words)
    if strict and not said and (got.status != whole.status or steady(got.out) != steady(whole.out)):
        return "silently another answer"
    return None
