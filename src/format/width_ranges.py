#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes width_ranges.h of Unicode's own files: width_ranges.py FOLDER >width_ranges.h (make unicode)."""
import re
import sys

LAST = 0x110000


def ranges(path, wanted, field):
    """(first, last) of the lines "FIRST[..LAST]; ..." or "FIRST;NAME;CATEGORY;..." whose field is wanted."""
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


folder = sys.argv[1]
with open(folder + "/EastAsianWidth.txt", encoding="utf-8") as file:
    version = re.match(r"# EastAsianWidth-(\S+)\.txt", file.readline())[1]
width = bytearray([1]) * LAST
# The hexagrams, and numbers in black squares: terminals and glibc show them wide (glibc, localedata/unicode-gen/utf8_gen.py).
for first, last in [*ranges(folder + "/EastAsianWidth.txt", {"W", "F"}, 1), (0x3248, 0x324f), (0x4dc0, 0x4dff)]:
    width[first:last + 1] = bytes([2]) * (last + 1 - first)
# Medial vowels and final consonants of Hangul join the syllable before them.
for first, last in [*ranges(folder + "/UnicodeData.txt", {"Mn", "Me", "Cf"}, 2), (0x1160, 0x11ff), (0xd7b0, 0xd7c6), (0xd7cb, 0xd7fb)]:
    width[first:last + 1] = bytes(last + 1 - first)
# The soft hyphen, and signs that span the digits behind them.
for first, last in [(0xad, 0xad), *ranges(folder + "/PropList.txt", {"Prepended_Concatenation_Mark"}, 1)]:
    width[first:last + 1] = bytes([1]) * (last + 1 - first)
print("// SPDX-License-Identifier: MIT\n/*\n * width_ranges.h - the characters that do not take one place. Made by `make unicode`\n"
      " * from EastAsianWidth.txt, UnicodeData.txt and PropList.txt of Unicode %s.\n */" % version)
print("#ifndef SOCKVIEW_FORMAT_WIDTH_RANGES_H\n#define SOCKVIEW_FORMAT_WIDTH_RANGES_H\n\n#include <stdint.h>\n\n"
      "/* In ascending order: East_Asian_Width W and F: 2; general categories Mn, Me, Cf but for U+00AD and Prepended_Concatenation_Mark: 0. */\n"
      "static const struct width_range {\n\tuint32_t first, last;\n\tuint32_t width;\n} width_ranges[] = {")
at = 0
while at < LAST:
    end = at
    while end + 1 < LAST and width[end + 1] == width[at]:
        end += 1
    if width[at] != 1:
        print("\t{ 0x%x, 0x%x, %d }," % (at, end, width[at]))
    at = end + 1
print("};\n\n#endif")
