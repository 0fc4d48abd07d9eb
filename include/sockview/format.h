// SPDX-License-Identifier: MIT
/*
 * format.h - rows to bytes.
 *
 * A format is a table of functions over struct sock. It never decodes and
 * never asks the system for anything but through the view.
 */
#ifndef SOCKVIEW_FORMAT_H
#define SOCKVIEW_FORMAT_H

#include <sockview/column_list.h>
#include <sockview/filter.h>
#include <sockview/out.h>
#include <sockview/owner.h>
#include <sockview/query.h>
#include <sockview/row.h>

struct host_numbers;
struct names;
struct netns;

/* How rows are to be shown: the options, as data. */
struct view {
	bool listening, all; /* -l, -a: netstat's headings name them */
	unsigned protos;     /* PROTO_BIT()s asked for: which sections have a heading */
	unsigned programs;   /* -p: 1 the lowest pid, 2 all */
	unsigned extend;     /* -e, -ee */
	bool timers, memory, info, filters, storage, contexts; /* -o, -m, -I, -b, --bpf-maps, -Z */
	bool numeric_hosts, numeric_ports, numeric_users;
	bool resolve; /* -r: names_host() has been filled */
	bool no_header;
	bool csv_safe; /* --csv-safe: no text cell is a formula to a spreadsheet */
	bool color;
	struct names *names;
	const struct owners *owners; /* NULL: not looked for */
	const struct table *table;   /* with owners: where the rows stay until end(), sock->at their place */

	/* The formats of columns: table, csv, tsv, json, jsonl. */
	const struct column_list *columns;
	const struct column_context *context;
	unsigned width;                  /* table: of the terminal, in characters; 0: nothing is cut */
	const struct document *document; /* json */

	/* --summary. */
	const struct host_numbers *host;
	bool bars;    /* beside numbers, for a terminal */
	uint64_t top; /* so many items of each list; 0: as many as there is room for */

	/* lsof. */
	const struct filter *chosen;  /* files of the owners that fit it alone; NULL: of all */
	bool show_parent, show_group; /* PPID, PGID */
	bool repeated;                /* lsof's line ends the listing */
	unsigned command_width;       /* COMMAND is cut to it; 0: not at all */
	const char *fields;           /* -F's letters; NULL: the listing; "": those lsof prints by default */
};

/* What is told of one network namespace's part of the answer. */
struct netns_answer {
	const struct netns *netns;
	const char *by;          /* "netlink", "bpf", "proc", "none" */
	uint32_t skipped_states; /* STATE_BIT()s of TCP of which sockets may be lacking */
	bool complete;
	bool gone; /* it vanished before it was asked: not told */
};

/* What JSON says of the whole answer. */
struct document {
	bool groups;                 /* the rows are groups, not sockets */
	int64_t time;                /* when it was asked, seconds since 1970 */
	const char *host;            /* the machine's name; NULL: not known */
	uint64_t netns;              /* inode of the network namespace; 0: not known */
	const char *source;          /* "netlink", "proc", "replay": which is asked, if the report names none */
	const struct report *report; /* complete only when end() is called */
	const struct error *error;   /* what ended the answer; NULL: it came to its end. Known then, too */
	const struct netns_answer *netns_answer; /* the same */
	size_t netns_answers;                    /* 0: only our own was asked */
};

struct format {
	const char *name;
	/*
	 * Each: 0, or -1 with errno set. Writing to `out` may fail later: the
	 * caller checks it. end() frees what the state holds: once begin() was
	 * called it has to be, also after a failure.
	 */
	int (*begin)(void *state, const struct view *view, struct out *out);
	int (*row)(void *state, const struct view *view, struct out *out, const struct sock *sock);
	int (*end)(void *state, const struct view *view, struct out *out);
	size_t state_size;       /* zeroed before begin */
	enum column_style style; /* which columns by default; COLUMNS_NONE: it has lines of its own */
	unsigned details;        /* enum process_detail: what lines of its own show of an owner */
	unsigned want;           /* WANT_* bits: and of a socket, beside what every row has */
	bool owned_only;         /* sockets without an owner are not shown */
	bool own_order;          /* nothing else can be sorted by */
	bool tells_errors;       /* begun and ended for a failure alone, too */
	bool unix_apart;         /* unix sockets have a section of their own, behind the others */
};

extern const struct format format_netstat, format_lsof, format_table, format_json, format_jsonl, format_csv, format_tsv,
	format_openmetrics;
/* --summary's text and its JSON, which --format does not name. */
extern const struct format format_summary, format_summary_json;
/* All of them; NULL behind the last. */
const struct format *format_at(size_t index);

#endif
