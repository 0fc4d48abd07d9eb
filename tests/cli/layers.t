#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The check of the rooms: the tree passes, and each kind of fault put into a copy of it is found."""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

CHECK = "tests/helpers/check_layers.py"
t = tap.Tap()
copy = os.path.join(tap.scratch(), "tree")


def fresh():
    shutil.rmtree(copy, ignore_errors=True)
    for top in ("src", "include"):
        shutil.copytree(os.path.join(tap.SRCDIR, top), os.path.join(copy, top))
    os.makedirs(os.path.join(copy, "tests/helpers"))
    shutil.copy(os.path.join(tap.SRCDIR, CHECK), os.path.join(copy, CHECK))


def path(name):
    return os.path.join(copy, name)


def append(name, text):
    with open(path(name), "a") as file:
        file.write(text)


def name_in_map(room, name):
    """A line for a new file, so that the map is not what is wrong."""
    with open(path("src/main.c")) as file:
        text = file.read()
    with open(path("src/main.c"), "w") as file:
        file.write(text.replace(" *   %s/\n" % room, " *   %s/\n *     %s   a file\n" % (room, name), 1))


def check():
    return tap.run([sys.executable, path(CHECK)])


def finds(what, *words):
    result = check()
    t.ok(result.status == 1 and any(all(word in line for word in words) for line in result.out.splitlines()), what, result)


fresh()
result = check()
t.ok(result.status == 0 and not result.out, "the tree as it is", result)

append("src/sock/rows.c", '#include <sockview/filter.h>\n')
finds("an include of a room above", b"an arrow back up", b"sock/", b"select/")

fresh()
append("src/format/netstat.c", "#include \"wire/framing.h\"\n")
finds("a private header of another room", b"a private header of wire/")

fresh()
append("src/sock/rows.c", "\nstatic int row_twice(void)\n{\n\treturn 0;\n}\n")
append("src/base/text.c", "\nstatic int row_twice(void)\n{\n\treturn 0;\n}\n")
finds("a function that two files define", b"row_twice is defined in", b"base/text.c", b"sock/rows.c")

fresh()
append("src/sock/rows.c", "\nstruct kept_twice {\n\tint one;\n};\n")
append("src/base/text.c", "\nstruct kept_twice {\n\tint one;\n};\n")
finds("a type that two files define", b"kept_twice is defined in")

fresh()
append("include/sockview/lonely.h", "/* lonely.h - for one room. */\n")
append("src/wire/wire.c", "#include <sockview/lonely.h>\n")
name_in_map("wire", "lonely.h")
finds("a public header that one room alone uses", b"lonely.h serves wire/ alone")

fresh()
append("src/wire/new.c", "/* new.c - nothing. */\n")
finds("a file that the map does not name", b"the map does not name src/wire/new.c")

fresh()
os.unlink(path("src/wire/record.c"))
finds("a name in the map that is no file", b"the map names wire/record.c, which is no file")

fresh()
append("src/wire/text.c", "/* text.c - nothing. */\n")
name_in_map("wire", "text.c")
finds("two files of one name", b"two files of one name", b"base/text.c", b"wire/text.c")

fresh()
for name, other in (("ring_a", "ring_b"), ("ring_b", "ring_a")):
    append("src/wire/%s.h" % name, "/* %s.h - one of two. */\n" % name)
    append("src/wire/%s.c" % name, '#include "wire/%s.h"\n' % other)
    name_in_map("wire", "%s.c %s.h" % (name, name))
finds("a circle of two files", b"a circle", b"ring_a", b"ring_b")

fresh()
append("src/sock/rows.c", "#include <linux/netlink.h>\n")
finds("a header of netlink where none belongs", b"linux/ or libmnl outside")

fresh()
append("src/sock/rows.c", '\nvoid row_say(void)\n{\n\tprintf("a row");\n}\n')
finds("standard output outside its file", b"standard output outside")
# The promise of proto.h: a family is six files. The option of ss that foreign_words.c refuses is not of it.
found = set()
for top in ("src", "include"):
    for folder, _, names in os.walk(os.path.join(tap.SRCDIR, top)):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                if "tipc" in file.read().lower():
                    found.add(os.path.relpath(os.path.join(folder, name), tap.SRCDIR))
t.same(sorted(found - {"src/cli/foreign_words.c"}),
       ["include/sockview/row.h", "src/collect/family_tipc.c", "src/columns/columns_family.c", "src/columns/family_text.c", "src/main.c", "src/sock/proto.c"],
       "a family is six files: TIPC")

t.done()
