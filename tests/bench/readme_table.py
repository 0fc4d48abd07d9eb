#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""README's table of times, out of what bench.py printed: by `make bench-readme`.

Usage: readme_table.py README OUTPUT...

Stands between the two markers in README. The outputs are those of 200k and
3000p; a row whose table is in none of them, or was disturbed in more than a
quarter of its runs, is an error, and README stays as it is.
"""
import re
import sys

BEGIN, END = "<!-- made by make bench-readme -->", "<!-- end -->"
TOOLS = ("sockview", "ss", "netstat", "lsof")
# What it is called, the size, the table, and the options of sockview's line, of ss's and netstat's, and of lsof's.
ROWS = (
    ("all TCP sockets, `-atn`", "200k", "-atn", "-atn", "-atn", None),
    ("and their programs, `-atnp`", "200k", "-atnp", "-atnp", "-atnp", "-nP -iTCP"),
    ("counted by remote host, `-atn --group-by remote_address`", "200k", "totals", "-atn --group-by remote_address",
     "-atn, and awk, cut, sort, uniq", None),
    ("who listens among 3,000 processes, `-ltnp`", "3000p", "-ltnp", "-ltnp", "-ltnp", "-nP -iTCP -sTCP:LISTEN"),
)
MEMORY_OF = ROWS[:2] + ROWS[3:]


def fail(text):
    sys.exit("readme_table: " + text)


def read(paths):
    """{(size, table): {command: (seconds or text, memory in MB)}}, and the lines that say of what and where."""
    found, said = {}, {}
    for path in paths:
        size = table = None
        for line in open(path):
            head = re.match(r"## (\S+): (.*)", line)
            title = re.match(r"### `(.*)`$", line)
            row = re.match(r"\| `(.*)` \| ([^|]*) \| [^|]* \| [^|]* \| [^|]* \| ([^|]*) \|$", line)
            disturbed = re.match(r"(\d+) of (\d+) runs were disturbed", line)
            if head:
                size, table = head[1], None
                said[size] = [head[2]]
            elif title:
                table = found.setdefault((size, title[1]), {})
            elif row and table is not None:
                table[row[1]] = (row[2], float(row[3].split()[0]) if row[3] else 0)
            elif disturbed and 4 * int(disturbed[1]) > int(disturbed[2]):
                fail("%s: %s" % (path, line.strip()))
            elif size and len(said[size]) < 2 and " CPUs, Linux " in line:
                said[size].append(line.strip())
    return found, said


def shown(cell):
    """0.1712 s as 0.17 s, 28.1 s as 28 s, `cut at 60 s` as over 60 s."""
    if cell.startswith("cut at "):
        return "over " + cell[len("cut at "):]
    seconds = re.match(r"([\d.]+) s$", cell)
    if not seconds:
        return "-"
    value = float(seconds[1])
    return "%.2f s" % value if value < 1 else "%.1f s" % value if value < 10 else "%.0f s" % value


def command_of(tool, row):
    options = row[3] if tool == "sockview" else row[5] if tool == "lsof" else row[4]
    return options and "%s %s" % (tool, options)


def cells(found, row):
    table = found.get((row[1], row[2]))
    if table is None:
        fail("no table `%s` of BENCH=%s" % (row[2], row[1]))
    return [table.get(command_of(tool, row)) if command_of(tool, row) else None for tool in TOOLS]


def made(found, said):
    date = said["200k"][1].rsplit(", ", 1)
    lines = ["%s; %s." % (said["200k"][0], said["3000p"][0]), "%s; %s." % (date[0], date[1]), "",
             "| | sockview | ss | netstat | lsof |", "|---|---:|---:|---:|---:|"]
    for row in ROWS:
        lines.append("| %s | %s |" % (row[0], " | ".join(shown(cell[0]) if cell else "" for cell in cells(found, row))))
    peaks = [[cell[1] for cell in column if cell] for column in zip(*(cells(found, row) for row in MEMORY_OF))]
    lines.append("| most memory of these, the count aside | %s |" % " | ".join("%.0f MB" % max(peak) for peak in peaks))
    return lines


def main():
    if len(sys.argv) < 3:
        fail("README OUTPUT... are wanted")
    with open(sys.argv[1]) as file:
        readme = file.read()
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        fail("%s has not the two markers" % sys.argv[1])
    lines = made(*read(sys.argv[2:]))
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    with open(sys.argv[1], "w") as file:
        file.write("%s%s\n%s\n%s%s" % (before, BEGIN, "\n".join(lines), END, after))


if __name__ == "__main__":
    main()
