#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the tree to the map atop src/main.c and to the order of its rooms.

Fails on: a file that the map does not name, or a name in it that is no file; an
include of a room above, or of one to the left on the same line of the order; a
circle among files; a public header (include/sockview/) that no other room
includes, a private one that another room does; a function or type that two .c
files define; two .c files of one name; a library or a stream outside its place.
"""
import os
import re
import sys

# The rooms from top to bottom; those on one line from left to right.
ORDER = [
    ["main.c"],
    ["cli"],
    ["run"],
    ["act", "explain", "exposure", "health", "watch", "events"],
    ["evidence"],
    ["firewall"],
    ["collect"],
    ["format"],
    ["select"],
    ["columns"],
    ["host"],
    ["owners"],
    ["sock"],
    ["wire"],
    ["base"],
]
RANK = {room: (floor, place) for floor, line in enumerate(ORDER) for place, room in enumerate(line)}

# What only some files may use: pattern, why, the files that may.
PLACES = [
    (r"#include <(linux/(?!magic\.h|kcmp\.h|securebits\.h)|libmnl/)", "linux/ or libmnl outside the rooms of netlink",
     r"(wire|host|collect|evidence|firewall|explain|exposure|watch|events|act)/|[a-z_]*/[a-z_]*bpf|base/sandbox\.c$"),
    (r"#include <sys/capability\.h>", "libcap outside the privileges", r"base/privilege\.c$"),
    (r"\b(printf|puts|putchar|vprintf) ?\(|\bstdout *[,;)]", "standard output outside out.c", r"base/out\.c$"),
    (r"\bperror ?\(|\bstderr *[,;)]|STDERR_FILENO", "standard error outside message.c", r"base/message\.c$"),
    # The children of a trial bind, of a trial connection and of a command end where they began.
    (r"\b(exit|_exit|abort|err|errx|warn|warnx) ?\(", "an exit below main", r"main\.c$|explain/probe\.c$|act/(wait|act_command)\.c$"),
]

failures = []


def fail(text):
    failures.append(text)


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def sources():
    """Every file of the program: path from src/ or include/ on."""
    found = []
    for top in ("src", "include"):
        for folder, _, names in os.walk(top):
            found += [os.path.join(folder, name) for name in names if re.search(r"\.[ch]$", name)]
    return sorted(path for path in found if not re.search(r"\.lskel\.h$", path))


def read_map():
    """The map: {(room, file name): how often}."""
    comment = re.search(r"A map of the code(.*?)\*/", read("src/main.c"), re.S).group(1)
    rooms, room = {}, None
    for line in comment.splitlines():
        line = re.sub(r"^ \*", "", line)
        heading = re.match(r" +(\w+)/\s*$", line)
        if heading:
            room = heading.group(1)
            continue
        names = re.match(r" +((?:[\w.]+\.[ch] ?)+)", line)
        if not names or not room:
            continue
        for name in names.group(1).split():
            rooms[room, name] = rooms.get((room, name), 0) + 1
    return rooms


def take(rooms, key):
    """One mention is used up: a private and a public header may bear one name."""
    if key in rooms:
        rooms[key] -= 1
        if not rooms[key]:
            del rooms[key]


def place_files(paths, rooms):
    """{path: room}; a public header's room is the one that the map names it in."""
    placed = {}
    named = {}
    for room, name in rooms:
        named.setdefault(name, []).append(room)
    for path in paths:
        name = os.path.basename(path)
        if path == "src/main.c":
            placed[path] = "main.c"
        elif path.startswith("src/"):
            room = path.split("/")[1]
            placed[path] = room
            if (room, name) not in rooms:
                fail(f"the map does not name {path}")
            take(rooms, (room, name))
        else:
            owners = [room for room in named.get(name, []) if (room, name) in rooms]
            if not owners:
                fail(f"the map does not name {path}")
                continue
            placed[path] = owners[0]
            take(rooms, (owners[0], name))
    for room, name in rooms:
        fail(f"the map names {room}/{name}, which is no file")
    return placed


def includes(path):
    """Files of the tree that the file includes."""
    found = []
    for quoted, angled in re.findall(r'^#include (?:"([^"]+)"|<(sockview/[^>]+)>)', read(path), re.M):
        target = "include/" + angled if angled else "src/" + quoted
        if not os.path.exists(target):
            fail(f"{path} includes \"{quoted or angled}\", which is written from no root")
        else:
            found.append(target)
    return found


def noun(path):
    """x.c and its x.h are one."""
    return re.sub(r"\.(bpf\.)?[ch]$", "", os.path.basename(path))


def check_arrows(placed, graph):
    for path, targets in graph.items():
        for target in targets:
            if path not in placed or target not in placed or placed[path] == placed[target]:
                continue
            if RANK[placed[path]] >= RANK[placed[target]]:
                fail(f"an arrow back up: {path} ({placed[path]}/) includes {target} ({placed[target]}/)")
            if not target.startswith("include/"):
                fail(f"{path} includes {target}, a private header of {placed[target]}/")


def check_headers(placed, graph):
    """A public header serves another room than its own, itself or through another public header."""
    for path in placed:
        if not path.startswith("include/"):
            continue
        if any(path in targets for user, targets in graph.items() if user.startswith("include/")):
            continue
        users = {placed[user] for user, targets in graph.items() if path in targets and user in placed}
        if not users - {placed[path]}:
            fail(f"{path} serves {placed[path]}/ alone: it belongs beside its source")


def check_circles(placed, graph):
    arrows = {}
    for path, targets in graph.items():
        if path not in placed:
            continue
        node = (placed[path], noun(path))
        arrows.setdefault(node, set()).update(
            (placed[target], noun(target)) for target in targets if target in placed)
    state = {}

    def visit(node, trail):
        if state.get(node) == "done":
            return
        if node in trail:
            fail("a circle: " + " -> ".join("/".join(each) for each in trail[trail.index(node):] + [node]))
            return
        for target in sorted(arrows.get(node, ())):
            if target != node:
                visit(target, trail + [node])
        state[node] = "done"

    for node in sorted(arrows):
        visit(node, [])


def definitions(text):
    """Functions and types that a file defines: those that begin in the first column."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    names = re.findall(r"^(?!return|else|typedef|#)[A-Za-z_][\w \t*]*?[ *](\w+)\([^;{}]*\)\s*\n\{", text, re.M)
    names += [name for name in re.findall(r"^(?:struct|enum|union) (\w+) \{", text, re.M)]
    return set(names)


def check_names(paths):
    files, bases = {}, {}
    for path in paths:
        if not path.startswith("src/") or not path.endswith(".c") or path.endswith(".bpf.c"):
            continue
        bases.setdefault(os.path.basename(path), []).append(path)
        for name in definitions(read(path)):
            files.setdefault(name, []).append(path)
    for base, where in sorted(bases.items()):
        if len(where) > 1:
            fail(f"two files of one name: {', '.join(where)}")
    for name, where in sorted(files.items()):
        if len(where) > 1:
            fail(f"{name} is defined in {', '.join(where)}")


def check_places(paths):
    for pattern, why, allowed in PLACES:
        for path in paths:
            short = re.sub(r"^src/", "", path)
            if re.match(allowed, short) or re.search(allowed, short) and "/" in allowed:
                continue
            for number, line in enumerate(read(path).splitlines(), 1):
                if re.search(pattern, line) and not re.match(r"\s*(/?\*|//)", line):
                    fail(f"{why}: {path}:{number}: {line.strip()}")


def check_licences():
    """Each source says under which licence it is, near its top."""
    for top in ("src", "include", "tests", "man"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if re.search(r"\.([ch]|py|t|sh|[58])$", name) and "SPDX-License-Identifier: " not in read(path)[:400]:
                    fail(f"no SPDX-License-Identifier: {path}")


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    paths = sources()
    placed = place_files(paths, read_map())
    graph = {path: includes(path) for path in paths}
    check_arrows(placed, graph)
    check_headers(placed, graph)
    check_circles(placed, graph)
    check_names(paths)
    check_places(paths)
    check_licences()
    for text in failures:
        print(text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
