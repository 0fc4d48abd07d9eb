// SPDX-License-Identifier: MIT
/*
 * test_options.c - the command line: what words mean, and what is said of those that mean nothing.
 *
 * Each word lies in memory of its own, so that a sanitizer sees a look before
 * its first or behind its last byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/cli.h>
#include <sockview/countof.h>
#include <sockview/explain.h>
#include <sockview/format.h>
#include <sockview/proto.h>

#include "cli/contradictions.h"
#include "cli/option_table.h"

enum { WORDS_MAX = 24 };

struct line {
	int argc;
	char *argv[WORDS_MAX + 2];
	char *word[WORDS_MAX + 1]; /* as argv, which getopt sorts */
	struct options options;
	char problem[OPTIONS_PROBLEM_MAX];
	int result;
};

static void line_add(struct line *line, const char *word, size_t len)
{
	char *copy = malloc(len + 1);
	assert_non_null(copy);
	memcpy(copy, word, len);
	copy[len] = '\0';
	assert_true(line->argc <= WORDS_MAX);
	line->word[line->argc] = line->argv[line->argc] = copy;
	line->argv[++line->argc] = NULL;
}

static void line_parse(struct line *line)
{
	memset(line->problem, 0, sizeof(line->problem));
	line->result = options_parse(&line->options, line->argc, line->argv, line->problem);
	assert_true(line->result == 0 || (line->result == -1 && line->problem[0]));
}

/* Words with single blanks between them; a word may be empty. */
static void line_read(struct line *line, const char *text)
{
	*line = (struct line){ 0 };
	line_add(line, "sockview", strlen("sockview"));
	for (; text; text = strchr(text, ' ') ? strchr(text, ' ') + 1 : NULL)
		line_add(line, text, strcspn(text, " "));
	line_parse(line);
}

static void line_free(struct line *line)
{
	options_free(&line->options);
	for (int i = 0; i < line->argc; i++)
		free(line->word[i]);
}

/* --- options as text: what is set, in this order --- */

#define AT(field) #field, offsetof(struct options, field)

static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{ AT(protos_named) },  { AT(inet) },       { AT(inet6) },         { AT(listening) },
	{ AT(all) },           { AT(internet) },   { AT(pids) },          { AT(no_pushdown) },
	{ AT(timers) },        { AT(memory) },     { AT(info) },          { AT(numeric_hosts) },
	{ AT(numeric_ports) }, { AT(numeric_users) }, { AT(resolve) },    { AT(no_header) },
	{ AT(no_trunc) },      { AT(pager) },      { AT(fields_given) },  { AT(command_width_given) },
	{ AT(help_all) },      { AT(lsof_and) },      { AT(lsof_unix) },  { AT(search_may_fail) }, { AT(summary) },
	{ AT(show_parent) },   { AT(show_group) },
	{ AT(verbose) },       { AT(quiet) },      { AT(continuous) },    { AT(repeated) },
	{ AT(until_empty) },    { AT(reuseaddr) }, { AT(no_reuseaddr) },
	{ AT(reuseport) },     { AT(v6only) },     { AT(no_probe) },      { AT(force) },
}, numbers[] = {
	{ AT(mode) },          { AT(programs) },   { AT(extend) },        { AT(command_width) },
	{ AT(color) },         { AT(probe) },      { AT(source) },        { AT(owners_from) },
	{ AT(completions) },
}, texts[] = {
	{ AT(filter_file) },   { AT(columns) },    { AT(sort) },          { AT(fields) },
	{ AT(group_by) },      { AT(sum) },
	{ AT(explain) },       { AT(connect) },    { AT(as_user) },    { AT(device) }, { AT(proc_root) },
	{ AT(record) },        { AT(replay) },     { AT(stray_interval) },
}, lists[] = {
	{ AT(state) },         { AT(pid) },        { AT(program) },       { AT(user) },
	{ AT(cgroup) },        { AT(spec) },       { AT(proto_state) },   { AT(filter) },
	{ "item_pid", offsetof(struct options, item[ITEM_PID]) },
	{ "item_user", offsetof(struct options, item[ITEM_USER]) },
	{ "item_command", offsetof(struct options, item[ITEM_COMMAND]) },
	{ "item_group", offsetof(struct options, item[ITEM_GROUP]) },
};

static void describe(const struct options *options, char *text, size_t size)
{
	const char *field = (const char *)options;
	FILE *file = fmemopen(text, size, "w");
	assert_non_null(file);
	for (enum proto proto = 0; proto < PROTO_COUNT; proto++)
		if (options->protos & PROTO_BIT(proto))
			fprintf(file, "%s ", proto_name(proto));
	for (size_t i = 0; i < countof(flags); i++)
		if (*(const bool *)(field + flags[i].at))
			fprintf(file, "%s ", flags[i].name);
	for (size_t i = 0; i < countof(numbers); i++)
		if (*(const unsigned *)(field + numbers[i].at))
			fprintf(file, "%s=%u ", numbers[i].name, *(const unsigned *)(field + numbers[i].at));
	if (options->format)
		fprintf(file, "format=%s ", options->format->name);
	if (options->continuous)
		fprintf(file, "interval=%g count=%llu ", options->interval, (unsigned long long)options->count);
	for (size_t i = 0; i < countof(texts); i++)
		if (*(const char *const *)(field + texts[i].at))
			fprintf(file, "%s=%s ", texts[i].name, *(const char *const *)(field + texts[i].at));
	for (size_t i = 0; i < countof(lists); i++) {
		const struct words *words = (const struct words *)(field + lists[i].at);
		for (size_t j = 0; j < words->count; j++)
			fprintf(file, "%s:%s ", lists[i].name, words->item[j]);
	}
	assert_int_equal(fclose(file), 0);
	size_t len = strlen(text);
	if (len && text[len - 1] == ' ')
		text[len - 1] = '\0';
}

/* --- what lines mean --- */

#define BOTH          "inet inet6"
#define DEFAULTS      "tcp udp " BOTH
#define DEFAULTS_FOUR "tcp udp inet"
#define NUMBERS       " numeric_hosts numeric_ports numeric_users"
#define LSOF          "tcp udp udplite " BOTH " internet"

static const struct {
	const char *line, *meaning;
} meanings[] = {
	{ "-a", DEFAULTS " all" },
	{ "--all", DEFAULTS " all" },
	{ "--liste", DEFAULTS " listening" },
	{ "-tlnp", "tcp protos_named " BOTH " listening" NUMBERS " programs=1" },
	{ "-t -l -n -p", "tcp protos_named " BOTH " listening" NUMBERS " programs=1" },
	{ "-pp -ee", DEFAULTS " programs=2 extend=2" },
	{ "-x", "unix protos_named " BOTH },
	{ "-x4", "tcp udp unix protos_named inet" },
	{ "-4 -A tcp", "tcp protos_named inet" },
	{ "-A tcp,inet6", "tcp protos_named inet6" },
	{ "-A TCP,IPv6", "tcp protos_named inet6" },
	{ "-A local", "unix protos_named " BOTH },
	{ "-A all",
	  "tcp udp udplite raw icmp mptcp sctp dccp smc unix packet netlink vsock xdp tipc protos_named " BOTH },
	{ "-A !tcp", "udp udplite raw icmp mptcp sctp dccp smc unix packet netlink vsock xdp tipc protos_named " BOTH },
	{ "-tu -f !tcp", "udp protos_named " BOTH },
	{ "--family=raw", "raw protos_named " BOTH },
	{ "-W", DEFAULTS },
	{ "-o -m -I -r -H -v", DEFAULTS " timers memory info resolve no_header verbose" },
	{ "-P --numeric-users", DEFAULTS " numeric_ports numeric_users" },
	/* netstat's -c has its argument in the same word; others take the letters behind it for a bundle. */
	{ "-c", DEFAULTS " continuous interval=1 count=0" },
	{ "-c2", DEFAULTS " continuous interval=2 count=0" },
	{ "-c0.5", DEFAULTS " continuous interval=0.5 count=0" },
	{ "-c.5", DEFAULTS " continuous interval=0.5 count=0" },
	{ "--continuous=3", DEFAULTS " continuous interval=3 count=0" },
	{ "--count 4", DEFAULTS " continuous interval=1 count=4" },
	{ "--count 4 -c2", DEFAULTS " continuous interval=2 count=4" },
	{ "-c2 --count=4", DEFAULTS " continuous interval=2 count=4" },
	{ "-cant", "tcp protos_named " BOTH " all" NUMBERS " continuous interval=1 count=0" },
	{ "-cAtcp", "tcp protos_named " BOTH " continuous interval=1 count=0" },
	{ "-cA tcp", "tcp protos_named " BOTH " continuous interval=1 count=0" },
	{ "-atc2", "tcp protos_named " BOTH " all continuous interval=2 count=0" },
	{ "-c 5", DEFAULTS " continuous interval=1 count=0 stray_interval=5 filter:5" },
	{ "-ac 5", DEFAULTS " all continuous interval=1 count=0 stray_interval=5 filter:5" },
	{ "-c 500", DEFAULTS " continuous interval=1 count=0 filter:500" },
	/* lsof's -i and -F take the next word if it looks like theirs. */
	{ "-i", LSOF },
	{ "-i :8080", LSOF " spec::8080" },
	{ "-i:8080", LSOF " spec::8080" },
	{ "-i TCP:80", LSOF " spec:TCP:80" },
	{ "-i 4tcp", LSOF " spec:4tcp" },
	{ "-i 6", LSOF " spec:6" },
	{ "-i 80", LSOF " filter:80" },
	{ "-i tcpdump", LSOF " spec:tcpdump" },
	{ "-i -n", LSOF " numeric_hosts" },
	{ "-i -nP", LSOF " numeric_hosts numeric_ports" },
	{ "-i -n --format netstat", LSOF NUMBERS " format=netstat" },
	{ "-i -n --columns pid", LSOF NUMBERS " columns=pid" },
	{ "--internet=@10.0.0.1", LSOF " spec:@10.0.0.1" },
	{ "-iTCP -iUDP -sTCP:LISTEN", LSOF " spec:TCP spec:UDP proto_state:TCP:LISTEN" },
	/* lsof's line: its letters. */
	{ "-i -t", LSOF " pids" },
	{ "-ti:80", LSOF " pids spec::80" },
	{ "-nPiTCP:80 -sTCP:LISTEN -t", LSOF " pids numeric_hosts numeric_ports spec:TCP:80 proto_state:TCP:LISTEN" },
	{ "-Pnl +M -i4", LSOF " numeric_hosts numeric_ports numeric_users spec:4" },
	{ "-i -a -p 1,^2 -u ^root -c ngi -g 7",
	  LSOF " lsof_and show_group item_pid:1,^2 item_user:^root item_command:ngi "
	       "item_group:7" },
	{ "-i -p1 -uroot -c/x/i -g", LSOF " show_group item_pid:1 item_user:root item_command:/x/i" },
	{ "-i -r", LSOF " continuous repeated interval=15 count=0" },
	{ "-i -r2", LSOF " continuous repeated interval=2 count=0" },
	{ "-i -r 3", LSOF " continuous repeated interval=3 count=0" },
	{ "-i -r2nP", LSOF " numeric_hosts numeric_ports continuous repeated interval=2 count=0" },
	{ "-i -r tcp", LSOF " continuous repeated interval=15 count=0 filter:tcp" },
	{ "-i -r0", LSOF },
	{ "-i +r1", LSOF " continuous repeated until_empty interval=1 count=0" },
	{ "-i -U", "tcp udp udplite unix " BOTH " internet lsof_unix" },
	{ "-i -R -w +w -b -O -M +M -V -C -Q", LSOF " search_may_fail show_parent" },
	{ "-i --processes --pid 5", LSOF " programs=1 pid:5" },
	{ "-i -H -v", LSOF " no_header verbose" },
	{ "-i --color=never 80", LSOF " color=2 filter:80" },
	{ "-iTCP -- -t", LSOF " spec:TCP filter:-t" },
	/* ss's: -i is -I. */
	{ "-tin", "tcp protos_named " BOTH " info" NUMBERS },
	{ "-tnoemi", "tcp protos_named " BOTH " timers memory info" NUMBERS " extend=1" },
	{ "-t -i -m", "tcp protos_named " BOTH " memory info" },
	{ "-cti", "tcp protos_named " BOTH " info continuous interval=1 count=0" },
	{ "-stplu", "tcp udp protos_named " BOTH " listening summary programs=1" },
	{ "-O -t", "tcp protos_named " BOTH },
	{ "-tB", "tcp protos_named " BOTH " state:bound" },
	{ "--processes --no-header --oneline --extended --options", DEFAULTS " timers no_header programs=1 extend=1" },
	{ "--query=tcp,udp --ipv4", "tcp udp protos_named inet" },
	{ "--socket tcp --bound-inactive", "tcp protos_named " BOTH " state:bound" },
	/* netstat's --program has no argument. */
	{ "--program", DEFAULTS " programs=1" },
	{ "--program -n", DEFAULTS NUMBERS " programs=1" },
	{ "--program nginx", DEFAULTS " program:nginx" },
	{ "--symbolic --ip", DEFAULTS_FOUR },
	{ "-F", LSOF " fields_given" },
	{ "-F pcn", LSOF " fields_given fields=pcn" },
	{ "-Fpcn", LSOF " fields_given fields=pcn" },
	{ "-F xyz", LSOF " fields_given filter:xyz" },
	{ "-i +c0", LSOF " command_width_given" },
	{ "-i +c 15", LSOF " command_width_given command_width=15" },
	{ "-i +c15 80", LSOF " command_width_given command_width=15 filter:80" },
	/* Words of a filter stand anywhere. */
	{ "8080", DEFAULTS " filter:8080" },
	{ "sport = :80 -t", "tcp protos_named " BOTH " filter:sport filter:= filter::80" },
	{ "-t -- -x", "tcp protos_named " BOTH " filter:-x" },
	{ "--filter-file -", DEFAULTS " filter_file=-" },
	{ "--state listen --state ^bound --pid 1,2 --program nginx* --user root --cgroup /a",
	  DEFAULTS " state:listen state:^bound pid:1,2 program:nginx* user:root cgroup:/a" },
	{ "--pid= --program=", DEFAULTS " pid: program:" },
	/* Words of a list. */
	{ "--color", DEFAULTS " color=1" },
	{ "--color=never", DEFAULTS " color=2" },
	{ "--color=auto", DEFAULTS },
	{ "--color never", DEFAULTS " color=1 filter:never" },
	{ "--source netlink", DEFAULTS " source=1" },
	{ "--source=auto --source=auto", DEFAULTS },
	{ "--owners-from bpf", DEFAULTS " owners_from=2" },
	{ "--format tsv", DEFAULTS " format=tsv" },
	{ "--json", DEFAULTS " format=json" },
	{ "--jsonl", DEFAULTS " format=jsonl" },
	{ "--csv --format=csv", DEFAULTS " format=csv" },
	{ "--columns +pid --sort -pid,state", DEFAULTS " columns=+pid sort=-pid,state" },
	{ "--proc-root /tmp --record out", DEFAULTS " proc_root=/tmp record=out" },
	/* What is asked for in place of a listing. */
	{ "--explain 80", DEFAULTS " mode=1 explain=80" },
	{ "--explain=80 --probe bind", DEFAULTS " mode=1 probe=2 explain=80" },
	{ "--explain tcp:80 --probe=listen --json", DEFAULTS " mode=1 probe=3 format=json explain=tcp:80" },
	{ "--explain 80 --as-user www --device lo --v6only --reuseaddr --reuseport --no-probe",
	  DEFAULTS " reuseaddr reuseport v6only no_probe mode=1 explain=80 as_user=www device=lo" },
	{ "--connect a:80 --probe=connect", DEFAULTS " mode=11 probe=4 connect=a:80" },
	{ "--exposure --probe inject --force", DEFAULTS " force mode=10 probe=5" },
	{ "--list-columns", DEFAULTS " mode=12" },
	{ "--completions zsh", DEFAULTS " mode=13 completions=1" },
	{ "-V", DEFAULTS " mode=14" },
	{ "-h", DEFAULTS " mode=15" },
	{ "-hl", DEFAULTS " listening mode=15" },
	{ "-h all", DEFAULTS " help_all mode=15" },
	{ "--help=all", DEFAULTS " help_all mode=15" },
	{ "--help --version --explain 80", DEFAULTS " mode=15 explain=80" },
};

static void lines_have_their_meaning(void **state)
{
	(void)state;
	assert_int_equal(MODE_EXPLAIN, 1);
	assert_int_equal(EXPLAIN_PROBE_BIND, 2);
	assert_int_equal(EXPLAIN_PROBE_LISTEN, 3);
	for (size_t i = 0; i < countof(meanings); i++) {
		struct line line;
		char got[1024] = "";
		line_read(&line, meanings[i].line);
		if (line.result < 0)
			print_error("%s: %s\n", meanings[i].line, line.problem);
		else
			describe(&line.options, got, sizeof(got));
		if (strcmp(got, meanings[i].meaning) != 0)
			print_error("%s\n", meanings[i].line);
		assert_string_equal(got, meanings[i].meaning);
		line_free(&line);
	}
}

/* --- what is said of wrong lines --- */

#define KNOWN_FAMILIES \
	"tcp, udp, udplite, raw, icmp, mptcp, sctp, dccp, smc, unix, packet, netlink, vsock, xdp, tipc, inet, inet6, all, " \
	"unix_stream, unix_dgram, unix_seqpacket, p_raw, p_dgr, or !PROTOCOL"

static const struct {
	const char *line, *problem;
} wrong[] = {
	{ "-Y", "unknown option '-Y'" },
	{ "-aY", "unknown option '-Y'" },
	{ "--listn", "unknown option '--listn'; did you mean --listening?" },
	{ "--listn=3", "unknown option '--listn'; did you mean --listening?" },
	{ "--nope", "unknown option '--nope'; --help all names each" },
	{ "--hlep", "unknown option '--hlep'; did you mean --help?" },
	{ "--port 80", "unknown option '--port'; newer tools: write the port itself: sockview 80" },
	{ "--threads", "unknown option '--threads'; ss: --columns +tid" },
	{ "--pro",
	  "option '--pro' may be one of --protocol, --program, --proto-state, --programs, --probe, --proc-root" },
	{ "-tT", "unknown option '-T'; ss: shows threads: --columns +tid" },
	{ "-g", "unknown option '-g'; netstat: multicast groups: ip maddr" },
	{ "-udp", "unknown option '-d' in '-udp'; did you mean --udp?" },
	{ "-p4924", "-p takes no argument: --pid 4924 selects a process, -p 4924 a port" },
	{ "-p 99999", "'99999' is no port; of a process: --pid 99999" },
	{ "-s --columns pid", "-s and --columns exclude each other: it prints totals, no rows" },
	{ "-s --csv",
	  "-s and --format csv exclude each other: it prints text, or with --json or --format openmetrics" },
	{ "--summary --group-by state", "--summary and --group-by exclude each other: it prints totals, no rows" },
	{ "--summary --events", "--events and --summary exclude each other: it has lines of its own" },
	{ "--format openmetrics", "--format openmetrics goes with --summary, --health" },
	{ "-i -x", "-x: lsof's -x is about directories, not sockets; unix sockets are added to those of -i with -U" },
	{ "-i -A unix",
	  "-i and unix sockets exclude each other: it lists internet sockets; lsof's -U adds unix sockets" },
	{ "help", "'help': the options are shown by sockview --help" },
	{ "--help=x", "-h, --help: 'x' is nothing to help with; it takes all, or no word" },
	{ "-i -p", "option -p of lsof needs LIST" },
	{ "-i -c -n", "option -c of lsof needs NAME" },
	{ "-i -s", "option -s of lsof needs PROTO:STATE" },
	{ "-i -K", "-K: lsof's -K lists tasks: --columns +tid" },
	{ "-i +L", "+L: lsof's +L shows link counts, which sockets have none of" },
	{ "-i -Y", "unknown option '-Y'" },
	{ "-i +Y", "unknown option '+Y'" },
	{ "-i -r99999999999", "-r: '99999999999' is not a number of seconds" },
	{ "-i -t -F", "-t and -F exclude each other: pids are printed alone" },
	{ "-i --listn", "unknown option '--listn'; did you mean --listening?" },
	{ "-i --all=1", "option '--all' takes no argument" },
	{ "-i --format", "option --format needs one of netstat,lsof,table,json,jsonl,csv,tsv,openmetrics" },
	{ "--num", "option '--num' may be one of --numeric, --numeric-hosts, --numeric-ports, --numeric-users" },
	{ "--all=1", "option '--all' takes no argument" },
	{ "--json=1", "option '--json' takes no argument" },
	{ "-A", "option -A, --protocol needs LIST" },
	{ "-cA", "option -A, --protocol needs LIST" },
	{ "--columns", "option --columns needs LIST" },
	{ "--source", "option --source needs one of auto,netlink,proc" },
	{ "--record", "option --record needs FILE" },
	{ "-A tcp,moon", "-A, --protocol: unknown family or protocol 'moon'; it takes " KNOWN_FAMILIES },
	{ "-A tcp,!tcp", "-A, --protocol: 'tcp,!tcp' leaves no protocol" },
	{ "-A tcp,", "-A, --protocol: unknown family or protocol ''; it takes " KNOWN_FAMILIES },
	{ "-f !inet", "-f, --family: unknown family or protocol 'inet'; it takes " KNOWN_FAMILIES },
	{ "-c0", "-c, --continuous: '0' is not a number of seconds above 0, as in -c2 or -c0.5" },
	{ "-c1e3", "-c, --continuous: '1e3' is not a number of seconds above 0, as in -c2 or -c0.5" },
	{ "-cz", "-c, --continuous: 'z' is not a number of seconds above 0, as in -c2 or -c0.5" },
	{ "-catz", "unknown option '-z'; ss: shows the sockets' contexts too: -Z shows the owners'" },
	{ "--continuous=ant", "-c, --continuous: 'ant' is not a number of seconds above 0, as in -c2 or -c0.5" },
	{ "--continuous=", "-c, --continuous: '' is not a number of seconds above 0, as in -c2 or -c0.5" },
	{ "--top 0", "--top: '0' is not a whole number above 0" },
	{ "--sum inode", "--sum goes with --group-by" },
	{ "--group-by state --columns pid",
	  "--group-by and --columns exclude each other: groups have a count, --group-by's columns and --sum's" },
	{ "--group-by state --pids", "--group-by and --pids exclude each other" },
	{ "--group-by state --events", "--events and --group-by exclude each other: it has lines of its own" },
	{ "-i --top 3",
	  "--top and -i exclude each other: lsof's listing is a line for each file; --format table has rows" },
	{ "--group-by pid --format lsof",
	  "--group-by and --format lsof exclude each other: lsof's listing is a line for each file" },
	{ "--count 0", "--count: '0' is not a whole number above 0" },
	{ "--count 1x", "--count: '1x' is not a whole number above 0" },
	{ "--count ", "--count: '' is not a whole number above 0" },
	{ "--color=blue", "--color: unknown word 'blue'; it takes one of auto,always,never" },
	{ "--color=", "--color: unknown word ''; it takes one of auto,always,never" },
	{ "--format xml",
	  "--format: unknown word 'xml'; it takes one of netstat,lsof,table,json,jsonl,csv,tsv,openmetrics" },
	{ "--explain 80 --probe look", "--probe: unknown word 'look'; it takes one of bind,listen,connect,inject" },
	{ "--completions ksh", "--completions: unknown word 'ksh'; it takes one of bash,zsh,fish" },
	{ "-Fpq", "-F: there is no field 'q'" },
	{ "+c", "option +c of lsof needs WIDTH" },
	{ "+c x", "+c: 'x' is not a width; it takes 0 (whole) to 1024" },
	{ "+c1025", "+c: '1025' is not a width; it takes 0 (whole) to 1024" },
	{ "-v -q", "-v and -q exclude each other" },
	{ "--record a --replay b", "--record and --replay exclude each other: a replay is already recorded" },
	{ "--record a -c", "--record and -c exclude each other: a recording is of one look" },
	{ "--record a --count 1", "--record and --count exclude each other: a recording is of one look" },
	{ "--record a --source proc",
	  "--record and --source proc exclude each other: a recording is of netlink's answers" },
	{ "--replay a --source proc", "--replay and --source proc exclude each other: a replay is netlink's answers" },
	{ "--explain 80 -c", "--explain and -c exclude each other: it answers once, about one port" },
	{ "--explain 80 443", "--explain takes one TARGET and no filter: '443' is too much" },
	{ "--explain 80 --csv", "--explain and --format csv exclude each other: it prints text, or JSON with --json" },
	{ "--explain 80 --probe bind --no-probe", "--probe bind and --no-probe exclude each other" },
	{ "--v6only", "--v6only goes with --explain" },
	{ "-0 -4", "-4 and -0 exclude each other: those sockets have no addresses of IPv4 or IPv6" },
	{ "--inet6 --vsock",
	  "--inet6 and --vsock exclude each other: those sockets have no addresses of IPv4 or IPv6" },
	{ "--internet --unix",
	  "--internet and --unix exclude each other: it lists internet sockets; lsof's -U adds unix sockets" },
	{ "--json --csv", "the formats json and csv exclude each other: --format takes one" },
	{ "--json --format jsonl", "the formats json and jsonl exclude each other: --format takes one" },
	{ "--owners-from bpf --proc-root /proc",
	  "--owners-from bpf and --proc-root exclude each other: BPF tells of this kernel, and nothing of another "
	  "/proc" },
	{ "--source proc --owners-from=bpf",
	  "--owners-from bpf and --source proc exclude each other: BPF tells of this kernel, and nothing of another "
	  "/proc" },
	{ "--source proc --source=auto", "--source proc and --source auto exclude each other" },
	{ "--explain 80 --explain 81", "--explain 80 and --explain 81 exclude each other" },
	{ "--replay a --replay b", "--replay a and --replay b exclude each other" },
	{ "--events --health", "--events and --health exclude each other: each has an answer of its own" },
	{ "--exposure --explain 80", "--exposure and --explain exclude each other: each has an answer of its own" },
	{ "--kill --signal :80",
	  "--kill and --signal exclude each other: --kill closes sockets, --signal ends their owners" },
	{ "-K -x", "-K and unix sockets exclude each other: it is of TCP and UDP" },
	{ "-r --numeric-hosts", "-r and --numeric-hosts exclude each other" },
	{ "--utc", "--utc goes with --events" },
	{ "explain 8080", "'explain' is no word of a filter: sockview --explain 8080" },
	{ "why 8080 -n", "'why' is no word of a filter: sockview --explain 8080" },
	{ "--explain 80 --reuseaddr --no-reuseaddr", "--reuseaddr and --no-reuseaddr exclude each other" },
};

static void wrong_lines_are_told_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(wrong); i++) {
		struct line line;
		line_read(&line, wrong[i].line);
		if (line.result == 0 || strcmp(line.problem, wrong[i].problem) != 0)
			print_error("%s\n", wrong[i].line);
		assert_string_equal(line.problem, wrong[i].problem);
		line_free(&line);
	}
}

/* A name that is no option would contradict nothing. */
static void what_contradicts_is_an_option(void **state)
{
	const char *list;
	size_t names = 0;
	(void)state;
	for (size_t i = 0; (list = contradictions_names(i)); i++)
		for (size_t len; (len = strcspn(list += strspn(list, " "), " ")); list += len, names++)
			if (option_index(list, strcspn(list, " =")) == OPTIONS_MAX)
				fail_msg("%.*s", (int)len, list);
	assert_true(names > 100);
}

static void a_long_wrong_word_is_cut(void **state)
{
	struct line line = { 0 };
	char word[4 * OPTIONS_PROBLEM_MAX] = "--format=";
	(void)state;
	memset(word + strlen(word), 'x', sizeof(word) - strlen(word) - 1);
	line_add(&line, "sockview", strlen("sockview"));
	line_add(&line, word, sizeof(word) - 1);
	line_parse(&line);
	assert_int_equal(line.result, -1);
	assert_int_equal(strlen(line.problem), OPTIONS_PROBLEM_MAX - 1);
	line_free(&line);
}

/* --- every row of the table --- */

/* A word that the option takes. */
static const char *good_word(const struct option_row *row)
{
	if (row->words)
		return row->words(0);
	if (strcmp(row->metavar, "PROTO:STATE") == 0 || strcmp(row->metavar, "SPEC") == 0)
		return *row->metavar == 'S' ? "tcp" : "tcp:listen";
	if (strcmp(row->metavar, "all") == 0)
		return "all";
	return strcmp(row->metavar, "N") == 0 || strcmp(row->metavar, "SEC") == 0 ? "7" : "p";
}

static void describe_line(const char *first, const char *second, char *text, size_t size)
{
	struct line line = { 0 };
	line_add(&line, "sockview", strlen("sockview"));
	line_add(&line, first, strlen(first));
	if (second)
		line_add(&line, second, strlen(second));
	line_parse(&line);
	if (line.result < 0)
		snprintf(text, size, "%s", line.problem);
	else
		describe(&line.options, text, size);
	line_free(&line);
}

/* -Xword, -X word, --name=word and --name word are one. */
static void an_argument_is_part_of_the_word_or_one_of_its_own(void **state)
{
	struct option_row made;
	const struct option_row *row;
	size_t rows = 0;
	(void)state;
	for (size_t i = 0; (row = option_at(i, &made)); i++) {
		char first[128], expected[1024] = "", got[1024] = "";
		if (row->argument == ARGUMENT_NONE)
			continue;
		rows++;
		const char *word = good_word(row), *spelling[2] = { 0 };
		bool required = row->argument == ARGUMENT_REQUIRED;
		snprintf(first, sizeof(first), row->name ? "--%s=%s" : "-F%s", row->name ? row->name : word, word);
		describe_line(first, NULL, expected, sizeof(expected));
		assert_true(*expected);
		snprintf(first, sizeof(first), "-%c%s", row->letter, word);
		if (row->letter) {
			describe_line(first, NULL, got, sizeof(got));
			assert_string_equal(got, expected);
		}
		snprintf(first, sizeof(first), "-%c", row->letter);
		spelling[0] = row->letter ? first : NULL;
		if (required && spelling[0]) {
			describe_line(first, word, got, sizeof(got));
			assert_string_equal(got, expected);
		}
		if (required && row->name) {
			snprintf(first, sizeof(first), "--%s", row->name);
			describe_line(first, word, got, sizeof(got));
			assert_string_equal(got, expected);
		}
	}
	assert_true(rows > 20);
}

static void the_table_fits_its_readers(void **state)
{
	struct option_row made[2];
	const struct option_row *row, *other;
	size_t count = 0;
	(void)state;
	for (; (row = option_at(count, &made[0])); count++) {
		assert_true(row->letter || row->name);
		assert_true((row->argument == ARGUMENT_NONE) == (!row->metavar && !row->words));
		assert_true(row->action != CHOOSE || row->argument != ARGUMENT_OPTIONAL || row->without);
		for (size_t i = 0; i < count && (other = option_at(i, &made[1])); i++) {
			assert_true(!row->letter || row->letter != other->letter);
			assert_true(!row->name || !other->name || strcmp(row->name, other->name) != 0);
		}
	}
	assert_true(count > 60 && count < OPTIONS_MAX);
}

/* Any words: an answer or a problem, and no look beyond a word's ends. */
static void any_words_are_read_or_refused(void **state)
{
	static const char *const words[] = {
		"",         "-",        "--",    "-c",         "-i",        "-F",         "-A",        "-s",
		"-catn",    "-ci",      "-icF",  "--c",        "=",         "-c=",        "-i=",       "--=",
		"-A=",      "+c",       "+",     "+c9",        "tcp",       ":80",        "5",         "-5",
		"p",        "!",        "-A!",   "-Fp",        "-iT",       "-cs",        "-cA",       "--count",
		"--count=", "--color",  "-c5a",  "--all=",     "--explain", "--explain=", "--format=", "--format",
		"--state",  "--source", "-\xff", "--\xff\xfe", "-cF",       "-cAF",
	};
	unsigned seed = 1;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct line line = { 0 };
		line_add(&line, "sockview", strlen("sockview"));
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			seed = seed * 1103515245 + 12345;
			const char *word = words[seed / 65536 % countof(words)];
			line_add(&line, word, strlen(word));
		}
		line_parse(&line);
		line_free(&line);
	}
}

/* foreign_options.txt says of which versions: each is taken, or refused with an answer that is no guess. */
static void each_option_of_other_tools_has_an_answer(void **state)
{
	const char *top = getenv("SRCDIR");
	char path[4096], text[4096], *rest;
	unsigned count = 0;
	(void)state;
	snprintf(path, sizeof(path), "%s/tests/unit/foreign_options.txt", top ? top : ".");
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		if (*text == '#')
			continue;
		text[strcspn(text, "\n")] = '\0';
		const char *tool = strtok_r(text, " ", &rest);
		for (const char *word; (word = strtok_r(NULL, " ", &rest)); count++) {
			struct line line;
			line_read(&line, word);
			bool guessed = strstr(line.problem, "did you mean") || strstr(line.problem, "may be one of") ||
			               strstr(line.problem, "--help all names each");
			bool named = strstr(line.problem, ": ") || strstr(line.problem, "needs");
			if (guessed || (line.result < 0 && !named))
				fail_msg("%s %s: %s", tool, word, line.problem);
			line_free(&line);
		}
	}
	fclose(file);
	assert_true(count > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_their_meaning),
		cmocka_unit_test(wrong_lines_are_told_what_is_wrong),
		cmocka_unit_test(what_contradicts_is_an_option),
		cmocka_unit_test(a_long_wrong_word_is_cut),
		cmocka_unit_test(an_argument_is_part_of_the_word_or_one_of_its_own),
		cmocka_unit_test(the_table_fits_its_readers),
		cmocka_unit_test(any_words_are_read_or_refused),
		cmocka_unit_test(each_option_of_other_tools_has_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
