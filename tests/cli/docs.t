#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every option, column, format and state is in --help, the manual pages and the completions, and nothing else is."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helpers"))
import tap

SHELLS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "-n"]}
t = tap.Tap()


def text(*args):
    result = tap.sockview(*args)
    t.ok(result.status == 0 and not result.err, "sockview %s" % " ".join(args), result)
    return result.out.decode()


def page(name):
    with open(os.path.join(tap.SRCDIR, "man", name)) as file:
        return file.read()


def plain(roff):
    """mdoc with its escapes and macros' Ns undone, good enough to look for words in."""
    return re.sub(r"\\&", "", roff).replace("\\e", "\\").replace(" Ns ", "")


help_text = text("--help", "all")
completions = {shell: text("--completions", shell) for shell in SHELLS}
columns_text = text("--list-columns")
manual, schema = page("sockview.8"), page("sockview-json.5")

# --- the page from the reader's side ---

version = tap.sockview("--version").out.decode().split()[1]
t.same([re.findall(r"^\.Os(.*)$", roff, re.M) for roff in (manual, schema)], [[" sockview " + version]] * 2,
       "man: the version is in the foot of both pages")
t.same([re.findall(r"^\.ds doc-volume-operating-system (\S+)$", roff, re.M) for roff in (manual, schema)], [["Linux"]] * 2,
       "man: Linux is in the head of both pages")
t.same(open(os.path.join(tap.SRCDIR, ".packaging/NEWS")).readline(), "sockview %s\n" % version, "the news begin with this version")
t.same(re.findall(r"^\.Sh (.*)", manual, re.M)[:5], ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS"], "man: examples come first")
described, examples = re.search(r"^\.Sh DESCRIPTION\n(.*?)^\.Sh EXAMPLES\n(.*?)^\.Sh ", manual, re.M | re.S).groups()
everyday = re.findall(r"^\.It (?!Sy).* Ta Li (.*) Ta Li (.*)$", described, re.M)
t.same(len(everyday), 12, "man: twelve everyday questions")
shown = [text for row in everyday for text in row] + re.findall(r"^\.Dl (.*)", examples, re.M)
literal = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", examples, re.M | re.S)
# Elsewhere than on Debian groff prints a bare - and ' as characters that a shell does not know.
t.same([line for text in shown + literal for line in text.split("\n") if re.search(r"(?<!\\)-|['`^~]", line)], [], "man: examples can be pasted")
for text_shown in [row[1] for row in everyday] + re.findall(r"^\.Dl (.*)", examples, re.M):
    command = plain(text_shown).replace("\\-", "-").replace("\\(aq", "'").replace("\\(ha", "^")
    result = tap.run(["bash", "-c", "sockview() { echo $#; }; kill() { :; }; " + command])
    t.ok(result.status == 0 and not result.err, "bash reads " + command, result)

# --- options: the four lists are one ---------------------------------------------------------------

options = {
    "--help": set(re.findall(r"(?<!\S)(--?[A-Za-z0-9][a-z0-9-]*)", help_text.partition("Examples:")[0])),
    "man": {"-" + name for name in re.findall(r"^\.It .*?(?:Fl|, Fl) (-?[A-Za-z0-9][a-z0-9-]*)", manual, re.M)},
    "bash": set(re.search(r"""_sockview_words '' "\$cur" (-\S.*)""", completions["bash"])[1].split()),
    "zsh": set(re.findall(r"^\t'\*(--?[A-Za-z0-9][a-z0-9-]*?)(?:[+=]?-?)\[", completions["zsh"], re.M)),
    "fish": set(),
}
for line in manual.splitlines():
    if line.startswith(".It Fl"):
        options["man"] |= {"-" + name for name in re.findall(r"Fl (-?[A-Za-z0-9][a-z0-9-]*)", line)}
# Those that the text of -n names.
options["man"] |= {"--" + name for name in re.findall(r"^\.Fl -(numeric-\w+)", manual, re.M)}
options["man"] |= {"-" + name for name in re.findall(r"^\.Pq also Fl (\w)", manual, re.M)}
for line in re.findall(r"^complete .*", completions["fish"], re.M):
    options["fish"] |= {"-" + letter for letter in re.findall(r" -s (\S)", line)}
    options["fish"] |= {"--" + name for name in re.findall(r" -l (\S+)", line)}
usage = {"-i", "--explain"}
everything = options["bash"]
t.ok(len(everything) > 60 and "--columns" in everything and "-F" in everything, "there are options to look for", everything)
for where, found in options.items():
    t.same(sorted(everything - found - (usage if where == "--help" else set())), [], "%s: no option is missing" % where)
    t.same(sorted(found - everything), [], "%s: no option that is none" % where)

shown = set(re.findall(r"(?<!\S)(--?[A-Za-z0-9][a-z0-9-]*)", text("--help").partition("Examples:")[0]))
t.same(sorted(shown - options["--help"]), [], "--help: a part of --help all")
t.ok(20 < len(shown) < len(options["--help"]), "--help: the everyday ones", shown)

# --- rights: each mode, and each capability the program knows, has its row -------------------------------

privileges = re.search(r"^\.Sh PRIVILEGES\n(.*?)^\.Sh ", manual, re.M | re.S)[1]
with open(os.path.join(tap.SRCDIR, "include/sockview/options.h")) as file:
    modes = re.search(r"enum mode \{(.*?)\}", file.read(), re.S)[1]
modes = {mode.lower() for mode in re.findall(r"MODE_(\w+)", modes)} - {"look", "count", "names"}
modes = {"list-columns" if mode == "columns" else mode.replace("_", "-") for mode in modes}
t.same([mode for mode in sorted(modes) if not re.search(r"^\.It .*-%s\b" % mode, privileges, re.M)], [], "PRIVILEGES: every mode")
with open(os.path.join(tap.SRCDIR, "src/base/privilege.c")) as file:
    used = set(re.findall(r"BIT\((CAP_\w+)\)", file.read())) - {"CAP_DAC_OVERRIDE"}
t.same([name for name in sorted(used) if name not in privileges], [], "PRIVILEGES: every capability")

# --- formats, states, columns --------------------------------------------------------------------

formats = "netstat lsof table json jsonl csv tsv openmetrics".split()
for where, found in (("--help", help_text), ("man", manual), *completions.items()):
    t.same([name for name in formats if not re.search(r"\b%s\b" % name, found)], [], "%s: every format" % where)
refused = tap.sockview("--format", "xml")
t.ok(refused.status == 2 and all(name.encode() in refused.err for name in formats), "an unknown format: what is right is named", refused)

columns = {}
for line in columns_text.splitlines():
    match = re.match(r"  (\w+)\s+(text|number|real|bool|time|list)\s+(\S.*)$", line)
    if match:
        columns[match[1]] = match.groups()[1:]
t.ok(len(columns) > 150, "there are columns to look for", len(columns))
for shell, script in completions.items():
    words = set(re.findall(r"\w+", script))
    written = words | {word.upper() for word in words}
    t.same(sorted(set(columns) - words), [], "%s: every column" % shell)
    t.same([state for state in "ESTABLISHED LISTEN TIME_WAIT BOUND connected bucket".split() if state not in written], [],
           "%s: states and their groups" % shell)
    argv = SHELLS[shell]
    if tap.missing(argv[0]):
        t.skip("%s: the script can be read" % shell, "%s is not installed" % argv[0])
    else:
        path = os.path.join(tap.scratch(), "completion." + shell)
        with open(path, "w") as file:
            file.write(script)
        read = tap.run([*argv, path])
        t.ok(read.status == 0 and not read.err, "%s: the script can be read" % shell, read)

documented = {}
for match in re.finditer(r"^\.It Va (\w+) Pq (\w+)(?:, (\S+))?\n((?:(?!\.).*\n)+)", schema, re.M):
    unit = " [%s]" % match[3] if match[3] else ""
    documented[match[1]] = (match[2], plain(" ".join(match[4].split())).removesuffix(".") + unit)
t.same(sorted(set(columns) ^ set(documented)), [], "sockview-json(5): the same columns")
wrong = [(name, columns[name], documented[name]) for name in columns if name in documented and
         (columns[name][0], columns[name][1].lower()) != (documented[name][0], documented[name][1].lower())]
t.same(wrong, [], "sockview-json(5): types, units and meanings as --list-columns has them")
t.ok(re.search(r"--list-columns\b", help_text), "--help says where the columns are")

# --- the bash script at work -------------------------------------------------------------------------

DRIVE = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sockview
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words):
    path = os.path.join(tap.scratch(), "completion.bash")
    result = tap.run(["bash", "-c", DRIVE, "drive", path, "sockview", *words])
    return result.out.decode().split()


t.same(complete("--format", "js"), ["json", "jsonl"], "bash: --format js")
t.same(complete("--format", "=", "ts"), ["tsv"], "bash: --format=ts")
t.same(complete("--columns", "pid,cook"), ["pid,cookie"], "bash: --columns pid,cook")
t.same(complete("--sort", "-retrans_s"), ["-retrans_share"], "bash: --sort -retrans_s")
t.same(complete("--colu"), ["--columns"], "bash: --colu")
t.same(complete("--color", "=", "a"), ["auto", "always"], "bash: --color=a")
t.same(complete("--state", "TIME"), ["TIME_WAIT"], "bash: --state TIME")
t.same(complete("--state", "^est"), ["^established", "^estab"], "bash: states in the case that is typed, excluded too")
t.same(complete("--state", "established,time"), ["established,time_wait"], "bash: a list of states")
t.same(complete("state", "bou"), ["bound", "bound_inactive"], "bash: state bou, in a filter")
t.same(complete("exclude", "fin_wait"), ["fin_wait1", "fin_wait2", "fin_wait_1", "fin_wait_2"], "bash: exclude fin_wait")
t.same(complete("--state", "syn_r"), ["syn_recv", "syn_rcv"], "bash: each state once")
t.same(complete("dev", "l"), [name for name in sorted(os.listdir("/sys/class/net")) if name.startswith("l")], "bash: dev l")
t.same(complete("--completions", "f"), ["fish"], "bash: --completions f")


# --- and the script of fish, which completes without a terminal ------------------------------------------

def complete_in_fish(line):
    script = os.path.join(tap.scratch(), "completion.fish")
    result = tap.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', script, line])
    return [row.split("\t")[0] for row in result.out.decode().splitlines()]


if tap.missing("fish") or tap.older("fish", (3, 2)):
    # --no-config is of fish 3.2.
    t.skip("fish at work", tap.older("fish", (3, 2)) or "it is not installed")
else:
    t.same(complete_in_fish("sockview --state listen,^est"), ["listen,^estab", "listen,^established"], "fish: --state listen,^est")
    t.same(complete_in_fish("sockview --sort=-retrans_s"), ["--sort=-retrans_share"], "fish: --sort=-retrans_s")
    t.same(complete_in_fish("sockview --columns +tim"), ["+timer", "+timer_expires", "+timestamps"], "fish: --columns +tim")
t.done()
