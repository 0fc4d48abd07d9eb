# SPDX-License-Identifier: MIT
"""Unicode's own files to a header, for the scripts of `make unicode`: lines -> a value for each character -> ranges."""
import re

LAST = 0x110000


def version(folder, name):
    with open("%s/%s.txt" % (folder, name), encoding="utf-8") as file:
        return re.match(r"# %s-(\S+)\.txt" % name, file.readline())[1]


def ranges(path, wanted, field):
    """(first, last) of the lines "FIRST[..LAST] ; ..." or "FIRST;NAME;CATEGORY;..." whose field is wanted."""
    first = None
    for line in open(path, encoding="utf-8"):
        fields = [part.strip() for part in line.partition("#")[0].split(";")]
        if len(fields) <= field or fields[field] not in wanted:
            continue
        start, _, end = fields[0].partition("..")
        if fields[1].endswith(", First>"):
            first = int(start, 16)
            continue
        yield int(start, 16) if first is None else first, int(end or start, 16)
        first = None


def fill(values, pairs, value):
    for first, last in pairs:
        values[first:last + 1] = bytes([value]) * (last + 1 - first)


def runs(values, usual):
    """(first, last, value) of the neighbours that have the same value, but for the usual one."""
    at = 0
    while at < LAST:
        end = at
        while end + 1 < LAST and values[end + 1] == values[at]:
            end += 1
        if values[at] != usual:
            yield at, end, values[at]
        at = end + 1


def header(path, comment, array):
    """The header src/PATH: `comment` is what it begins with behind its name, `array` all behind its includes."""
    guard = "SOCKVIEW_" + re.sub(r"\W", "_", path).upper()
    print("// SPDX-License-Identifier: MIT\n/*\n * %s - %s\n */" % (path.rpartition("/")[2], comment))
    print("#ifndef %s\n#define %s\n\n#include <stdint.h>\n\n%s\n\n#endif" % (guard, guard, array))
