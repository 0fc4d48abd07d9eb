#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes width_ranges.h of Unicode's own files: width_ranges.py FOLDER >width_ranges.h (make unicode)."""
import sys

from unicode_files import LAST, fill, header, ranges, runs, version

folder = sys.argv[1]
width = bytearray([1]) * LAST
# The hexagrams, and numbers in black squares: terminals and glibc show them wide (glibc, localedata/unicode-gen/utf8_gen.py).
fill(width, [*ranges(folder + "/EastAsianWidth.txt", {"W", "F"}, 1), (0x3248, 0x324f), (0x4dc0, 0x4dff)], 2)
# Medial vowels and final consonants of Hangul join the syllable before them.
fill(width, [*ranges(folder + "/UnicodeData.txt", {"Mn", "Me", "Cf"}, 2), (0x1160, 0x11ff), (0xd7b0, 0xd7c6), (0xd7cb, 0xd7fb)], 0)
# The soft hyphen, and signs that span the digits behind them.
fill(width, [(0xad, 0xad), *ranges(folder + "/PropList.txt", {"Prepended_Concatenation_Mark"}, 1)], 1)
header("format/width_ranges.h",
       "the characters that do not take one place. Made by `make unicode`\n"
       " * from EastAsianWidth.txt, UnicodeData.txt and PropList.txt of Unicode %s." % version(folder, "EastAsianWidth"),
       "/* In ascending order: East_Asian_Width W and F: 2; general categories Mn, Me, Cf but for U+00AD and Prepended_Concatenation_Mark: 0. */\n"
       "static const struct width_range {\n\tuint32_t first, last;\n\tuint32_t width;\n} width_ranges[] = {\n"
       + "".join("\t{ 0x%x, 0x%x, %d },\n" % run for run in runs(width, 1)) + "};")
