#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes text_hidden.h of Unicode's own files: text_hidden.py FOLDER >text_hidden.h (make unicode)."""
import sys

from unicode_files import LAST, fill, header, ranges, runs, version

folder = sys.argv[1]
hidden = bytearray(LAST)
fill(hidden, ranges(folder + "/UnicodeData.txt", {"Cc", "Cf", "Zl", "Zp", "Zs"}, 2), 1)
fill(hidden, ranges(folder + "/DerivedCoreProperties.txt", {"Default_Ignorable_Code_Point"}, 1), 1)
fill(hidden, ranges(folder + "/PropList.txt", {"Noncharacter_Code_Point"}, 1), 1)
hidden[0x20], hidden[0x2800] = 0, 1
header("base/text_hidden.h",
       "what text.c escapes. Made by `make unicode` from UnicodeData.txt,\n"
       " * DerivedCoreProperties.txt and PropList.txt of Unicode %s." % version(folder, "PropList"),
       "/*\n * In ascending order: general categories Cc, Cf, Zl, Zp, Zs but for the blank,\n"
       " * Default_Ignorable_Code_Point, Noncharacter_Code_Point, and the braille\n"
       " * pattern without dots U+2800, which looks like a blank.\n */\n"
       "static const struct {\n\tuint32_t first, last;\n} text_hidden[] = {\n"
       + "".join("\t{ 0x%02x, 0x%02x },\n" % run[:2] for run in runs(hidden, 0)) + "};")
