# SPDX-License-Identifier: MIT
"""oracle - what sockview must print, worked out from what netstat printed.

netstat's text is taken apart and put together again; that this gives back
netstat's own bytes is checked for every line, so the widths here are netstat's.
Between the two the documented differences are applied to the fields, each
where it is documented and nowhere else (sockview(8), "differences from
netstat"):

  * Send-Q of a LISTEN row is the backlog, which `ss -ltn` knows
  * TCP and UDP only, if no protocol was asked for
  * Program is one word
  * a socket held by a thread whose leader has exited has its owner
  * unix paths are whole, and escaped
  * BOUND rows under -a, which the scene knows
  * unix sockets that were not accepted yet come after the others, from netlink
"""
import os
import pwd
import re
import socket
import time

from tap import difference, run, sockview

HEADINGS = ("Active Internet connections (", "Active UNIX domain sockets (")
INET_COLUMNS = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
UNIX_COLUMNS = "Proto RefCnt Flags       Type       State         I-Node   "
TIMER = re.compile(r"(\S+) \((\d+\.\d\d)/(\d+)/(\d+)\)")


class Line:
    """One line of netstat's. `fields` by name; `kind`: heading, columns, inet, unix."""

    def __init__(self, kind, fields):
        self.kind, self.fields = kind, fields

    def copy(self, **changes):
        return Line(self.kind, {**self.fields, **changes})

    def text(self, timer=True):
        f = self.fields
        if self.kind in ("heading", "columns"):
            return f["text"]
        if self.kind == "unix":
            text = "unix  %-6s %-11s %-10s %-13s %-8s " % (f["refcnt"], f["flags"], f["type"], f["state"], f["inode"])
            return text + ("%-20s " % f["program"] if "program" in f else "") + f["path"]
        text = "%-6s%6s %6s %-23s %-23s %-11s" % (f["proto"], f["recvq"], f["sendq"], f["local"], f["foreign"],
                                                  f["state"])
        if "user" in f:
            text += " %-10s %-10s" % (f["user"], f["inode"])
        if "program" in f:
            text += " %-20s" % f["program"]
        if "timer" in f and timer:
            text += " " + f["timer"]
        return text

    def port(self):
        port = self.fields["local"].rpartition(":")[2]
        return port if port.isdigit() else str(socket.getservbyname(port, self.fields["proto"][:3]))


class Format(Exception):
    pass


def cut(text, width):
    """A left-aligned field that may hold blanks, but only if it is no wider than its column."""
    if text[width:width + 1] not in ("", " "):
        return word(text, width)
    return text[:width].rstrip(" "), text[width + 1:]


def word(text, width):
    """The same for a field without blanks, which may be wider than its column."""
    value = text.split(" ", 1)[0]
    return value, text[max(width, len(value)) + 1:]


def read_inet(text, columns):
    match = re.match(r"(\S+) +(\d+) +(\d+) ", text)
    if not match:
        raise Format("not a row: %r" % text)
    fields = dict(zip(("proto", "recvq", "sendq"), match.groups()))
    rest = text[match.end():]
    fields["local"], rest = word(rest, 23)
    fields["foreign"], rest = word(rest, 23)
    fields["state"], rest = word(rest, 11)
    if " User " in columns:
        fields["user"], rest = word(rest, 10)
        fields["inode"], rest = word(rest, 10)
    if "PID/Program" in columns:
        fields["program"], rest = cut(rest, 20)
    if columns.endswith("Timer"):
        fields["timer"], rest = rest, ""
    if rest:
        raise Format("more than the columns: %r" % text)
    return Line("inet", fields)


def read_unix(text, columns):
    match = re.match(r"unix  (\d+) +(\[ .*?\]) +([A-Z]+) +", text)
    if not match:
        raise Format("not a unix row: %r" % text)
    fields = dict(zip(("refcnt", "flags", "type"), match.groups()))
    fields["state"], rest = cut(text[36:], 13)
    fields["inode"], rest = word(rest, 8)
    if "PID/Program" in columns:
        fields["program"], rest = cut(rest, 20)
    fields["path"] = rest
    return Line("unix", fields)


def read(lines):
    """The lines of a table as Line objects. Raises Format on anything netstat would not print."""
    result, columns = [], None
    for text in lines:
        if text.startswith(HEADINGS):
            result.append(Line("heading", {"text": text}))
        elif text.startswith("Proto "):
            columns = text
            result.append(Line("columns", {"text": text}))
        elif columns is None:
            raise Format("a row before the columns' names: %r" % text)
        elif columns.startswith(UNIX_COLUMNS):
            result.append(read_unix(text, columns))
        else:
            result.append(read_inet(text, columns))
        if result[-1].text() != text:
            raise Format("read %r\n as %r" % (text, result[-1].text()))
    return result


# --- the peers ---------------------------------------------------------------

class Unsteady(Exception):
    pass


def netstat(*options, **more):
    result = run(["netstat", "-W", *options], **more)
    if result.status:
        raise RuntimeError(repr(result))
    return read(result.lines)


def ss_backlogs():
    """{(six, port): (waiting, backlog)} of the namespace's listeners, each port of the scene being unique."""
    backlogs = {}
    for line in run(["ss", "-Hltn"]).lines:
        _, waiting, backlog, local, _ = line.split()[:5]
        address, _, port = local.rpartition(":")
        six = not re.match(r"\d+\.\d+\.\d+\.\d+(%|$)", address)
        backlogs[six, port] = (waiting, backlog)
    return backlogs


def one_word(program, comm=None):
    """netstat's PID/Program as one word: to the first blank, a last ':' dropped."""
    if program == "-":
        return program
    pid, _, name = program.partition("/")
    name = name.split(" ")[0]
    return "%s/%s" % (pid, name[:-1] if name.endswith(":") and len(name) > 1 else name)


def sections(lines):
    """[(heading lines, rows)]: netstat's sections, one for internet sockets and one for unix."""
    result = []
    for line in lines:
        if line.kind == "heading":
            result.append(([line], []))
        elif line.kind == "columns":
            result[-1][0].append(line)
        else:
            result[-1][1].append(line)
    return result


def has_protocol(options):
    """True if netstat's options (bundles too) name a protocol of the internet."""
    return any(has(options, letter, long) for letter, long in
               (("t", "--tcp"), ("u", "--udp"), ("U", "--udplite"), ("w", "--raw")))


def has_unix(options):
    return has(options, "x", "--unix")


def has(options, letter, long):
    return long in options or any(letter in o[1:] for o in options if o.startswith("-") and not o.startswith("--"))


def kernel_tells_bound():
    """Bound-inactive sockets are in sock_diag since Linux 6.8 (net/ipv4/inet_diag.c)."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return tuple(map(int, version.groups())) >= (6, 8)


class Oracle:
    """
    Compares one scene's tables. `scene` gives the sockets netstat cannot see
    (BOUND) or whose owner it cannot find (`owners`: {inode: "PID/word"}).
    """

    def __init__(self, scene, backlog=True, bound=True):
        self.scene = scene
        self.backlog = backlog                       # LISTEN's Send-Q is told (netlink)
        # BOUND rows are told by netlink, or found by descriptors.
        self.bound = bound and (kernel_tells_bound() or os.getuid() == 0)
        self.owners = {}
        self.paths = {}                              # unix inode: the path in sockview's writing

    # --- from netstat's lines to sockview's

    def expected(self, lines, options, backlogs, inodes):
        """`inodes`: {(proto, local, foreign, state): inode}, for rows printed without one."""
        result = []
        for head, rows in sections(lines):
            unix = head[0].text().startswith(HEADINGS[1])
            if unix and not has_unix(options):
                continue
            if not unix and not has_protocol(options):
                rows = [row for row in rows if row.fields["proto"] in ("tcp", "tcp6", "udp", "udp6")]
            if unix and self.backlog:
                # unix_diag leaves out sockets that were not accepted yet; they come after the others.
                rows = sorted(rows, key=lambda row: row.fields["inode"] == "0")
            result += head + [self.change(row, backlogs, inodes) for row in rows]
        return result

    def change(self, line, backlogs, inodes):
        changes = {}
        fields = line.fields
        inode = fields.get("inode") or inodes.get(key_of(line))
        if line.kind == "inet" and fields["state"] == "LISTEN" and self.backlog:
            waiting, changes["sendq"] = backlogs[fields["proto"] == "tcp6", line.port()]
            if waiting != fields["recvq"]:
                raise Unsteady("accept queue of port " + line.port())
        if "program" in fields:
            changes["program"] = self.owners.get(inode) or one_word(fields["program"])
        if line.kind == "unix" and inode in self.paths:
            changes["path"] = self.paths[inode]
        return line.copy(**changes)

    def bound_rows(self, columns, options):
        """The rows of sockets that are bound and nothing more."""
        if not (self.bound and has(options, "a", "--all")):
            return []
        family_named = has(options, "4", "--inet") or has(options, "6", "--inet6")
        tcp = has(options, "t", "--tcp") or not has_protocol(options) and (family_named or not has_unix(options))
        four, six = has(options, "4", "--inet"), has(options, "6", "--inet6")
        numeric = has(options, "n", "--numeric") or "--numeric-users" in options
        rows = []
        for label, sock in self.scene.sock.items():
            family = 6 if label.startswith("tcp6") else 4
            wanted = tcp and (family == 6 and (six or not four) or family == 4 and (four or not six))
            if wanted and re.match(r"tcp[46]\.bound", label):
                rows.append(self.bound_row(sock, family, columns, numeric))
        return rows

    def bound_row(self, sock, family, columns, numeric):
        address = re.sub("^::ffff:", "", sock.local[0])
        fields = {"proto": "tcp6" if family == 6 else "tcp", "recvq": "0", "sendq": "0", "state": "BOUND",
                  "local": "%s:%d" % (address, sock.local[1]), "foreign": ":::*" if family == 6 else "0.0.0.0:*"}
        if " User " in columns:
            fields.update(user=str(sock.uid) if numeric else pwd.getpwuid(sock.uid).pw_name, inode=str(sock.inode))
        if "PID/Program" in columns:
            fields["program"] = self.program_of(sock)
        if columns.endswith("Timer"):
            fields["timer"] = "off (0.00/0/0)"
        return Line("inet", fields)

    def program_of(self, sock):
        return self.owners.get(str(sock.inode)) or "%d/python3" % sock.pid

    # --- one comparison

    def compare(self, t, options, name=None, extra=(), user=None, attempts=12):
        """`options` go to both programs, `extra` to sockview alone."""
        name = name or "%s: every row and column as netstat -W prints it" % " ".join(options)
        for attempt in range(attempts):
            try:
                found, why = self.attempt(options, extra, user)
                if not why:
                    return t.ok(True, name)
                if found == "different":
                    break
            except Unsteady as reason:
                why = ["the scene did not keep still: %s" % reason]
            t.note("%s: once more" % name, *why)
            time.sleep(0.05 * 2 ** min(attempt, 5))
        return t.ok(False, name, *why)

    def attempt(self, options, extra, user):
        inodes = self.known_inodes(options, user)
        backlogs = ss_backlogs()
        before = netstat(*options, user=user)
        ours = sockview(*options, *extra, user=user)
        after = netstat(*options, user=user)
        if [line.text(timer=False) for line in before] != [line.text(timer=False) for line in after]:
            raise Unsteady("\n".join(difference([line.text(False) for line in after],
                                               [line.text(False) for line in before])))
        if backlogs != ss_backlogs():
            raise Unsteady("ss's two tables differ")
        if ours.status or ours.complaints(has(options, "v", "--verbose")):
            return "different", [repr(ours)]
        try:
            got = read(ours.lines)
        except Format as error:
            return "different", ["a line not in netstat's form: %s" % error]
        want = self.expected(before, options, backlogs, inodes)
        columns = next((line.text() for line in want if line.kind == "columns"), "")
        extra_rows = sorted(line.text(False) for line in self.bound_rows(columns, options))
        bound = [line for line in got if line.fields.get("state") == "BOUND"]
        rest = [line for line in got if line.fields.get("state") != "BOUND"]
        return self.verdict(rest, want, bound, extra_rows, before, after, options)

    def verdict(self, rest, want, bound, extra_rows, before, after, options):
        got_text = [line.text(False) for line in rest]
        want_text = [line.text(False) for line in want]
        if got_text != want_text:
            # Rows that came or went are told from rows in another order.
            order = ["(same rows in another order)"] if sorted(got_text) == sorted(want_text) else []
            return "different", order + difference(got_text, want_text)
        if sorted(line.text(False) for line in bound) != extra_rows:
            return "different", difference(sorted(line.text(False) for line in bound), extra_rows)
        wrong = [line.text() for line in bound if line.fields.get("timer", "off (0.00/0/0)") != "off (0.00/0/0)"]
        wrong += timers(rest, before, after)
        # A timer that fired between the two looks gives another verdict at the next attempt.
        return "timers", wrong

    def known_inodes(self, options, user):
        """For tables without -e: the inodes of the same rows, from a table with it."""
        if has(options, "e", "--extend") or not self.owners or not has(options, "p", "--programs"):
            return {}
        lines = netstat("-e", *options, user=user)
        return {key_of(line): line.fields["inode"] for line in lines if line.kind == "inet"}


def key_of(line):
    return tuple(line.fields.get(name) for name in ("proto", "local", "foreign", "state"))


def timers(got, before, after):
    """
    Rows whose timer is not between netstat's two. The kind must be one of the
    two seen, the counters between theirs; a timer that counts down is between
    the two unless it was set again in between.
    """
    wrong = []
    first = {key_of(line): line for line in before if line.kind == "inet"}
    last = {key_of(line): line for line in after if line.kind == "inet"}
    for line in got:
        if "timer" not in line.fields:
            continue
        pair = [TIMER.fullmatch(side[key_of(line)].fields["timer"]).groups() for side in (first, last)]
        match = TIMER.fullmatch(line.fields["timer"])
        if not match or not between(match.groups(), *pair):
            wrong.append("%s\n  netstat before: %s\n  netstat after:  %s" % (line.text(), *map("/".join, pair)))
    return wrong


def between(timer, before, after, slack=0.05):
    kind, seconds, retransmits, probes = timer
    if kind not in (before[0], after[0]):
        return False
    for got, low, high in ((retransmits, before[2], after[2]), (probes, before[3], after[3])):
        if not min(int(low), int(high)) <= int(got) <= max(int(low), int(high)):
            return False
    if before[0] == after[0] and before[2:] == after[2:] and float(after[1]) <= float(before[1]):
        return float(after[1]) - slack <= float(seconds) <= float(before[1]) + slack
    return True
