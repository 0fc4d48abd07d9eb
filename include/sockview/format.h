/*
 * format.h - rows to bytes.
 *
 * A format is a table of functions over struct sock. It never decodes and
 * never asks the system for anything but through the view.
 */
#ifndef SOCKVIEW_FORMAT_H
#define SOCKVIEW_FORMAT_H

#include <sockview/names.h>
#include <sockview/out.h>
#include <sockview/owner.h>
#include <sockview/query.h>
#include <sockview/row.h>

/* How rows are to be shown: the options, as data. */
struct view {
	bool listening, all;              /* -l, -a: netstat's headings name them */
	unsigned protos;                  /* PROTO_BIT()s asked for: which sections have a heading */
	unsigned programs;                /* -p: 1 the lowest pid, 2 all */
	unsigned extend;                  /* -e, -ee */
	bool timers, memory, info;        /* -o, -m, -I */
	bool numeric_hosts, numeric_ports, numeric_users;
	bool resolve;                     /* -r: names_host() has what could be had */
	bool no_header;
	bool color;
	struct names *names;
	const struct owners *owners;      /* NULL: not looked for */
};

struct format {
	const char *name;
	const char *help;
	/* Each: 0, or -1 with errno set. Writing to `out` may fail later: the caller checks it. */
	int (*begin)(void *state, const struct view *view, struct out *out);
	int (*row)(void *state, const struct view *view, struct out *out, const struct sock *sock);
	int (*end)(void *state, const struct view *view, struct out *out);
	size_t state_size;                /* zeroed before begin */
};

extern const struct format format_netstat;

#endif
