// SPDX-License-Identifier: MIT
/* options.h - the command line as data. */
#ifndef SOCKVIEW_OPTIONS_H
#define SOCKVIEW_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sockview/collect.h>
#include <sockview/explain_types.h>
#include <sockview/filter_types.h>

struct format;

/* What is asked for in place of a listing of the sockets; of several options the highest wins. */
enum mode {
	MODE_LOOK,
	MODE_EXPLAIN,
	MODE_EVENTS,
	MODE_SIGNAL,
	MODE_KILL,
	MODE_FREE,
	MODE_WAIT,
	MODE_HEALTH,
	MODE_LIST_NETNS,
	MODE_WATCH,
	MODE_EXPOSURE,
	MODE_CONNECT,
	MODE_COLUMNS,
	MODE_COMPLETIONS,
	MODE_VERSION,
	MODE_HELP,
	MODE_NAMES,
	MODE_COUNT
};

/* Of --probe, behind those of --explain. */
enum { PROBE_CONNECT = EXPLAIN_PROBE_LISTEN + 1, PROBE_INJECT };

/* Words given to a repeatable option, in order; pointers into argv. */
struct words {
	const char **item;
	size_t count, capacity;
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };
enum owners_from { OWNERS_AUTO, OWNERS_PROC, OWNERS_BPF };
enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH };
/* What --x-names lists for the completions. */
enum names_of { NAMES_PID, NAMES_PROGRAM, NAMES_USER, NAMES_CGROUP, NAMES_NETNS, NAMES_PORT };

/* All options, checked for form; zero is "not given". */
struct options {
	enum mode mode;
	bool help_all; /* --help all */

	/* which sockets */
	unsigned protos;             /* PROTO_BIT()s; set to TCP and UDP if none is named */
	bool protos_named;           /* some were named */
	uint16_t types[PROTO_COUNT]; /* bits by SOCK_*: only sockets of these types; 0: of every type */
	bool inet, inet6;            /* both set if none is named */
	bool listening, all;
	struct words state, pid, program, user, cgroup;
	struct words netns;  /* -N: each a list */
	bool all_netns;      /* set if -N names them, too */
	struct words filter; /* the words left over */
	const char *filter_file;
	bool internet;            /* -i, with or without SPEC */
	struct words spec;        /* each SPEC of -i */
	struct words proto_state; /* each PROTO:STATE of -s */
	bool summary;             /* ss's -s, without PROTO:STATE */
	bool pids;                /* --pids: nothing but pids */
	/* lsof's line: the lists of -p, -u, -c and -g, as it joins them. */
	struct words item[ITEM_COUNT];
	bool lsof_and;        /* -a */
	bool lsof_unix;       /* -U: unix sockets too */
	bool search_may_fail; /* -Q: a search without result is no failure */
	bool no_pushdown;
	uint64_t parts; /* --x-parts: struct sources */

	/* what is printed */
	unsigned programs, extend; /* how often -p, -e were given */
	bool timers, memory, info, filters, storage, contexts;
	bool numeric; /* -n; sets some of the three that follow, by format */
	bool numeric_hosts, numeric_ports, numeric_users;
	bool resolve, wide, no_header, no_trunc, csv_safe, pager;
	const struct format *format;
	const char *columns, *sort, *fields;
	const char *group_by, *sum; /* lists of columns */
	uint64_t top;               /* so many rows or groups at most; 0: all */
	bool fields_given;          /* -F, with or without FIELDS */
	unsigned command_width;     /* +cN: lsof's COMMAND column; 0: whole */
	bool command_width_given;
	bool show_parent, show_group; /* lsof's -R and -g: columns PPID and PGID */
	enum when color;
	bool verbose, quiet;
	bool continuous;
	bool repeated;    /* lsof's -r: its line behind each listing */
	bool until_empty; /* +r: until nothing is listed */
	double interval;  /* seconds */
	uint64_t count;   /* 0: no end */
	double seconds;   /* --for; 0: no end */
	bool utc;

	/* --health */
	double health_seconds; /* between the looks; 0: one */
	struct words thresholds;

	/* --kill, --signal, --free */
	bool dry_run, yes, force;
	int signal; /* 0: none */
	const char *free_target;

	/* --wait-for, --wait-free */
	const char *wait_for, *wait_free;
	struct words command; /* the words behind "--" */

	/* --explain */
	const char *explain, *as_user, *as_unit;
	bool reuseaddr, no_reuseaddr, reuseport, v6only, no_probe;
	unsigned probe; /* enum explain_probe, PROBE_CONNECT, PROBE_INJECT */
	const char *device;

	/* --connect */
	const char *connect;

	/* where from */
	enum source_from source;
	enum owners_from owners_from;
	const char *proc_root, *record, *replay;
	bool no_sandbox;
	bool sandbox; /* begun with the first byte of output; the program sets it, no option does */

	const char *stray_interval; /* a number behind a bare -c: a filter's word, and maybe meant as seconds */
	enum shell completions;
	enum names_of names;
	/* Of the heap: a line each on standard error, before the answer; words of other tools, spelled as ours. */
	struct words notes, spelled;
	struct words asides; /* of the heap, too: notes for a person alone, on a terminal or with -v */
	char *hint; /* said if the filter cannot be read: what one of its words may have been meant as; NULL: nothing */
};

/* A line for the user: the culprit and what would be right. */
enum { OPTIONS_PROBLEM_MAX = 512 };

#endif
