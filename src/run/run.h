/*
 * run.h - one invocation: the composition of all parts (see the map atop main.c).
 *
 * The files of run/ are the only ones beside main.c that know every folder:
 *
 *   open.c     what the options name is opened, and what follows from them is set
 *   gather.c   sockets and their owners, into a table or straight on
 *   show.c     rows to the format, in the order that was asked for
 *   explaining.c   --explain in place of a look
 *   look.c     one look: privileges, gathering, showing, the report; again with -c
 */
#ifndef SOCKVIEW_RUN_RUN_H
#define SOCKVIEW_RUN_RUN_H

#include <signal.h>

#include <sockview/explain.h>
#include <sockview/finder.h>
#include <sockview/format.h>
#include <sockview/legend.h>
#include <sockview/privilege.h>
#include <sockview/source.h>

#include "cli/options.h"
#include "run/listing.h"
#include "run/selection.h"

/* Everything one invocation needs; freed by run_close() in whatever state it is. */
struct run {
	struct options options;
	struct selection selection;
	struct privilege privilege;
	struct query query;
	struct explain *explain;     /* NULL: sockets are listed */
	struct view view;
	struct listing listing;
	void *format_state;
	bool begun;                  /* the format has begun, and must end */
	struct names *names;
	struct out out;
	pid_t pager;                 /* behind out; 0: none */
	int proc_fd, proc_net_fd;
	int record_fd, replay_fd;    /* -1: none */
	struct wire *wire;           /* recording or replaying; a live one is made for each look */
	struct table table;
	struct owners owners;
	struct finder_early *early;  /* begun beside the dump; NULL: none */
	struct report report;
	struct error error;
	uint64_t shown, shown_ever;  /* in this look, in all */
	uint64_t undecided;          /* rows whose owners decide whether they are wanted */
	uint64_t unowned;            /* shown, and a hidden process may be the owner */
	struct legend legend;        /* -v: why owners are blank */
};

/* --- open.c --- Each: 0, or -1 with run->error. */

/* The caller's files, with his own rights; what can not be opened is wrong usage. */
int run_open_paths(struct run *run);
/* All that a look needs: names, output, wire, query, view. */
int run_open(struct run *run);
/* Whatever state it is in. */
void run_close(struct run *run);
/* True if the processes under proc_fd are those of the sockets' machine. */
bool run_proc_fits(const struct run *run);

/* --- gather.c --- */

/* Asks the source that the options name; the request needs query, sink and context. */
int gather_sockets(struct run *run, struct source_request *request);
/* True if an owner can be shown, or decide. */
bool gather_needs_owners(const struct run *run);
/* Into the table what may be wanted, then the owners, then only what is wanted. */
int gather_table(struct run *run);

/* --- show.c --- */

bool show_needs_hosts(const struct run *run);
int show_want_hosts(struct run *run);
int show_begin(struct run *run);
/* Also after a failure: what was shown is ended as the format wants, and its memory freed. */
int show_end(struct run *run, int answer);
/* Sink for rows as they come; context is the run. */
int show_wanted(void *run, const struct sock *sock);
/* The gathered table, or --pids of it. */
int show_table(struct run *run);

/* Fills owners for the table's sockets. */
int gather_owners(struct run *run);
/* Adds to the table. 0, or -1 with error. */
int gather_keep(struct run *run, const struct sock *sock);
/* For a second try of a request into the table; context is the run. */
size_t gather_mark(const void *run);
void gather_rewind(void *run, size_t mark);

/* --- explaining.c --- */

/* False after a message: wrong usage. */
bool run_make_explain(struct run *run);
/* 0, or -1 with error. */
int run_explain(struct run *run);

/* --- look.c --- */

/* Once, or with -c until `stop_asked` is set or the count is reached. */
int look_run(struct run *run, const volatile sig_atomic_t *stop_asked);
/* A word where names could not be kept. */
void look_report_names(const struct run *run);
/* Nobody reads the output any more. */
bool look_closed_pipe(const struct run *run);

#endif
