#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes text_hidden.h of Unicode's own files: text_hidden.py FOLDER >text_hidden.h (make unicode)."""
import re
import sys


def characters(path, wanted, field):
    """The code points of the lines "FIRST[..LAST] ; ..." or "FIRST;NAME;CATEGORY;..." whose field is wanted."""
    first = None
    for line in open(path, encoding="utf-8"):
        fields = [part.strip() for part in line.partition("#")[0].split(";")]
        if len(fields) <= field or fields[field] not in wanted:
            continue
        start, _, end = fields[0].partition("..")
        if fields[1].endswith(", First>"):
            first = int(start, 16)
            continue
        yield from range(int(start, 16) if first is None else first, int(end or start, 16) + 1)
        first = None


folder = sys.argv[1]
with open(folder + "/PropList.txt", encoding="utf-8") as file:
    version = re.match(r"# PropList-(\S+)\.txt", file.readline())[1]
hidden = set(characters(folder + "/UnicodeData.txt", {"Cc", "Cf", "Zl", "Zp", "Zs"}, 2))
hidden |= set(characters(folder + "/DerivedCoreProperties.txt", {"Default_Ignorable_Code_Point"}, 1))
hidden |= set(characters(folder + "/PropList.txt", {"Noncharacter_Code_Point"}, 1))
hidden = hidden - {0x20} | {0x2800}
ranges = []
for c in sorted(hidden):
    if ranges and ranges[-1][1] == c - 1:
        ranges[-1][1] = c
    else:
        ranges.append([c, c])
print("// SPDX-License-Identifier: MIT\n/*\n * text_hidden.h - what text.c escapes. Made by `make unicode` from UnicodeData.txt,\n"
      " * DerivedCoreProperties.txt and PropList.txt of Unicode %s.\n */" % version)
print("#ifndef SOCKVIEW_BASE_TEXT_HIDDEN_H\n#define SOCKVIEW_BASE_TEXT_HIDDEN_H\n\n#include <stdint.h>\n\n"
      "/*\n * In ascending order: general categories Cc, Cf, Zl, Zp, Zs but for the blank,\n"
      " * Default_Ignorable_Code_Point, Noncharacter_Code_Point, and the braille\n"
      " * pattern without dots U+2800, which looks like a blank.\n */\n"
      "static const struct {\n\tuint32_t first, last;\n} text_hidden[] = {")
for first, last in ranges:
    print("\t{ 0x%02x, 0x%02x }," % (first, last))
print("};\n\n#endif")
