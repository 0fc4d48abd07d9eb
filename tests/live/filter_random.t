#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Random expressions over every column, on a recording: which sockets they let
through, against an evaluator of our own over the JSON of the same recording.
FILTER_RANDOM=N is how many (1,000), FILTER_SEED=N the first seed.
"""
import json
import os
import random
import re
import sys
from datetime import datetime, timedelta, timezone
from fractions import Fraction

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import scenes
import select_scene
import tap

COUNT = int(os.environ.get("FILTER_RANDOM", "1000"))
SEED = int(os.environ.get("FILTER_SEED", "20261125"))
# Not the same from one look to the next, written by names that depend on the host, or lists.
LEFT_OUT = {"age", "local", "remote", "local_host", "remote_host", "local_service", "remote_service", "owners", "parents"}
# Keys with a meaning of their own: see the man page.
# `host` is an address there, as in other tools: the column of that name is the same for all rows.
KEYS = {"state", "pid", "program", "user", "inode", "cgroup", "host"}
TIMES = {"us": 1, "ms": 1000, "s": 1000000, "m": 60000000, "h": 3600000000}
COUNTS = {"": 1, "k": 1000, "M": 10 ** 6, "G": 10 ** 9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
# Of a column of the first owner, what it is called in each element of `owners`.
OF_OWNERS = {name: name for name in "pid tid fd program comm cmdline exe ppid start_time unit container "
             "container_name container_runtime".split()}
OF_OWNERS.update(process_uid="uid", process_user="user", process_cgroup="cgroup")

has, others = scenes.enter()
t = tap.Tap()
scene = scenes.full(has, others)
scene.add(select_scene.ports, six="ipv6" in has)
RECORDING = os.path.join(scenes.folder(), "recording")
ASKED = ["-tuUwxa"]

# --- the columns and their values ---------------------------------------------

columns = {}
for line in tap.sockview("--list-columns").lines:
    found = re.match(r"  (\w+)\s+(text|number|real|bool|time)\s.*?(?:\[([^\]]*)\])?$", line)
    if found and found.group(1) not in LEFT_OUT:
        columns[found.group(1)] = (found.group(2), found.group(3))
made = tap.sockview("--record", RECORDING, *ASKED)
t.ok(made.status == 0, "a recording", made)
rows = json.loads(tap.sockview("--replay", RECORDING, *ASKED, "--json", "--columns=all").out)["sockets"]
t.ok(len(rows) > 40 and all(row["cookie"] for row in rows), "%d sockets, each with its cookie" % len(rows))
t.ok(any(len(row["owners"] or []) > 1 for row in rows), "one that two processes have")


def values(row, column):
    """What the column says of the socket: of each owner if it is a thing of owners."""
    name = OF_OWNERS.get(column)
    if name and row["owners"]:
        return [owner[name] for owner in row["owners"]]
    return [row[column]]


def moment(text):
    return Fraction(int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()))


def number(column, value):
    """As a number that can be compared: times in microseconds."""
    if value is None:
        return None
    kind, unit = columns[column]
    if kind == "time":
        return moment(value)
    return Fraction(str(value) if kind == "real" else int(value)) * TIMES.get(unit, 1)


COMPARE = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}

# --- terms: a text, and what it says of a row -----------------------------------

rand = random.Random(SEED)
KNOWN = {name: sorted({str(v) if not isinstance(v, bool) else str(v).lower()
                       for row in rows for v in values(row, name) if v is not None}) for name in columns}


def comparison(choices):
    sign = rand.choice(choices)
    word = {"=": ["=", "==", " eq "], "!=": ["!=", " ne ", " neq "], "<": ["<", " lt "], "<=": ["<=", " le "],
            ">": [">", " gt "], ">=": [">=", " ge "]}[sign]
    return sign, rand.choice(word)


def blanks(word):
    return word if word.strip() != word else rand.choice(["", " "]) + word + rand.choice(["", " "])


def literal(column):
    """A number as text in some unit, and the number."""
    kind, unit = columns[column]
    known = KNOWN[column]
    base = Fraction(rand.choice(known)) if known and rand.random() < 0.8 else Fraction(rand.choice([0, 1, 7, 100, 65536]))
    base = max(Fraction(0), base + rand.choice([0, 0, 0, 1, -1]))
    own = TIMES.get(unit)
    if kind == "number" and rand.random() < 0.3:
        suffix = rand.choice(list(TIMES if own else COUNTS))
        factor = Fraction(TIMES[suffix], own) if own else Fraction(COUNTS[suffix])
        text = rand.choice(["%d", "%d.5", "%d.25"]) % rand.randrange(0, 100)
        return text + suffix, Fraction(text) * factor * (own or 1)
    if base.denominator != 1:
        text = ("%.6f" % float(base)).rstrip("0").rstrip(".")
        return text, Fraction(text) * (own or 1)
    if base < 1 << 63 and rand.random() < 0.1:
        return hex(int(base)), base * (own or 1)
    return str(int(base)), base * (own or 1)


def number_term(column):
    sign, word = comparison(list(COMPARE))
    if sign in ("=", "!=") and rand.random() < 0.4:
        parts, spans = [], []
        for _ in range(rand.randrange(1, 4)):
            low, low_value = literal(column)
            high, high_value = literal(column)
            if rand.random() < 0.5 and low_value <= high_value:
                parts.append(low + "-" + high)
                spans.append((low_value, high_value))
            else:
                parts.append(low)
                spans.append((low_value, low_value))
        text = ",".join(parts)
        return column + blanks(word) + text, lambda row: any(
            v is not None and any(low <= v <= high for low, high in spans) == (sign == "=")
            for v in (number(column, v) for v in values(row, column)))
    text, wanted = literal(column)
    return column + blanks(word) + text, lambda row: any(
        v is not None and COMPARE[sign](v, wanted) for v in (number(column, v) for v in values(row, column)))


def column_term(column):
    kind, unit = columns[column]
    numbers = ("number", "real")
    fits = [c for c, (k, u) in columns.items()
            if (k in numbers and kind in numbers and (u in TIMES) == (unit in TIMES)) or (k == kind and k in ("bool", "time"))]
    other = rand.choice(fits)
    sign, word = comparison(list(COMPARE))

    def fit(row):
        left, right = values(row, column), values(row, other)
        count = max(len(left), len(right))
        left, right = (x * count if len(x) == 1 else x for x in (left, right))
        return any(a is not None and b is not None and COMPARE[sign](number(column, a), number(other, b))
                   for a, b in zip(left, right))
    return column + blanks(word) + other, fit


def pattern(column):
    plain = [v for v in KNOWN[column] if re.fullmatch(r"[\w./:@-]+", v)]
    value = rand.choice(plain) if plain and rand.random() < 0.8 else rand.choice(["nosuch", "x*y", "?"])
    cut = rand.randrange(0, len(value) + 1)
    return rand.choice([value, value[:cut] + "*", "*" + value[cut:], "*", value[:-1] + "?"]) or "*"


def matches(glob, text):
    """Of the patterns made here: only * and ? are special."""
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob), text, re.S) is not None


def text_term(column):
    sign, word = comparison(["=", "!="])
    globs = [pattern(column) for _ in range(rand.choice([1, 1, 2]))]

    def fit(row):
        return any(v is not None and any(matches(glob, "@" + v[1:] if v[:1] == "\0" else v) for glob in globs) == (sign == "=")
                   for v in values(row, column))
    return column + blanks(word) + ",".join(globs), fit


def truth_term(column):
    sign, word = comparison(["=", "!="])
    wanted = rand.random() < 0.5
    text = rand.choice({True: ["true", "yes", "1"], False: ["false", "no", "0"]}[wanted])
    return column + blanks(word) + text, lambda row: any(
        v is not None and COMPARE[sign](v, wanted) for v in values(row, column))


def time_term(column):
    sign, word = comparison(list(COMPARE))
    base = moment(rand.choice(KNOWN[column])) + rand.choice([0, 0, 1, -1, 3600])
    hours = rand.choice([0, 0, 1, -5])
    when = datetime.fromtimestamp(int(base), timezone.utc).astimezone(timezone(timedelta(hours=hours)))
    text = when.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if hours == 0 else "%+03d:00" % hours)
    return column + blanks(word) + text, lambda row: any(
        v is not None and COMPARE[sign](moment(v), base) for v in values(row, column))


def key_term(key):
    """Today's keys: a list with = or nothing; != is the complement."""
    sign, word = comparison(["=", "!="])
    if key == "state":
        wanted = {rand.choice(KNOWN["state"]) for _ in range(2)}
        # The kernel's state CLOSE has two names.
        both = wanted | ({"CLOSE", "UNCONNECTED"} if wanted & {"CLOSE", "UNCONNECTED"} else set())
        fit = lambda row: row["state"] in both
    elif key in ("pid", "inode"):
        wanted = {rand.choice(KNOWN[key]) for _ in range(2)}
        fit = lambda row: any(str(v) in wanted for v in values(row, key))
    elif key == "program":
        wanted = {pattern("program")}
        glob = list(wanted)[0]
        fit = lambda row: any(v is not None and matches(glob, v)
                              for name in ("program", "comm") for v in values(row, name))
    else:
        wanted = {rand.choice(KNOWN["uid"])}
        uid = int(list(wanted)[0])
        fit = lambda row: (bool(row["inode"]) and row["uid"] == uid) or any(v == uid for v in values(row, "process_uid"))
    return key + blanks(word) + ",".join(sorted(wanted)), lambda row: fit(row) == (sign == "=")


MAKERS = {"number": number_term, "real": number_term, "text": text_term, "bool": truth_term, "time": time_term}
# Half of the terms are of columns that say different things of these sockets.
LIVELY = [name for name in columns if len(KNOWN[name]) > 1 and name not in KEYS]
ALL = [name for name in columns if name not in KEYS and (columns[name][0] != "time" or KNOWN[name])]


def term():
    if rand.random() < 0.1:
        return key_term(rand.choice(["state", "pid", "inode", "program", "user"]))
    column = rand.choice(LIVELY if rand.random() < 0.7 else ALL)
    kind = columns[column][0]
    if kind != "text" and rand.random() < 0.2:
        return column_term(column)
    return MAKERS[kind](column)


def expression(depth):
    if depth == 0 or rand.random() < 0.3:
        return term()
    kind = rand.choice(["not", "and", "and", "or"])
    text, fit = expression(depth - 1)
    if kind == "not":
        return rand.choice(["not ", "! "]) + "( " + text + " )", lambda row: not fit(row)
    text_b, fit_b = expression(depth - 1)
    if kind == "and":
        return "(%s)%s(%s)" % (text, rand.choice([" and ", " & ", " ", "&&"]), text_b), lambda row: fit(row) and fit_b(row)
    return "(%s)%s(%s)" % (text, rand.choice([" or ", "|", " || "]), text_b), lambda row: fit(row) or fit_b(row)


wrong, some, none = [], 0, 0
for _ in range(COUNT):
    text, fit = expression(3)
    wanted = sorted(row["cookie"] for row in rows if fit(row))
    result = tap.sockview("--replay", RECORDING, *ASKED, "--format=tsv", "-H", "--columns=cookie", "--", text)
    got = sorted(int(line) for line in result.lines)
    some += bool(wanted) and len(wanted) < len(rows)
    none += not wanted
    if got != wanted or result.status != (0 if wanted else 1):
        wrong.append((text, result, sorted(set(got) - set(wanted)), sorted(set(wanted) - set(got))))
for text, result, more, less in wrong[:5]:
    t.ok(False, text, "%r\ntoo many: %s\ntoo few: %s" % (
        result, [row for row in rows if row["cookie"] in more][:1], [row for row in rows if row["cookie"] in less][:1]))
t.ok(not wrong, "%d expressions, %d wrong" % (COUNT, len(wrong)))
t.ok(some > COUNT // 4, "%d of them let some sockets through, %d none" % (some, none))
t.done()
