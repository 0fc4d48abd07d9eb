// SPDX-License-Identifier: MIT
/* invocation.h - one invocation: all that its parts share. */
#ifndef SOCKVIEW_RUN_INVOCATION_H
#define SOCKVIEW_RUN_INVOCATION_H

#include <signal.h>

#include <sockview/bound.h>
#include <sockview/collect.h>
#include <sockview/destroy.h>
#include <sockview/finder.h>
#include <sockview/format.h>
#include <sockview/netns.h>
#include <sockview/options.h>
#include <sockview/privilege.h>
#include <sockview/rates.h>
#include <sockview/sandbox.h>

#include "run/hidden.h"
#include "run/listing.h"
#include "run/mode.h"
#include "run/notes_legend.h"
#include "run/selection.h"

/* What the mode takes beside the sockets; filled in by its plan(). */
struct run_needs {
	bool owners;         /* they can be shown, or decide what is wanted */
	bool owners_shown;   /* they are printed: found even if the filter decides without them */
	bool evidence;       /* the second look: why a socket has no owner */
	bool parents;        /* of the owners */
	bool peers;          /* owners of unix sockets' other ends */
	bool hosts;          /* names of all rows' hosts are looked up before the first row is printed */
	bool secrets;        /* what the kernel tells only with CAP_NET_ADMIN: marks, keys, MPTCP's sequence numbers */
	unsigned details;    /* of the owners: enum process_detail */
	unsigned privileges; /* enum privilege_need beside those that follow from the above */
};

/* What the kernel's counters said of a namespace's TCP sockets, and which of them have come. */
struct netns_part {
	uint32_t listeners, in_use, time_wait;
	uint32_t held; /* that processes hold, of those that in_use counts; by BPF */
	bool entered;  /* and its listeners were asked for: the rest is yet to come */
	bool dump;     /* by a dump */
};

/* -N: the network namespaces of one look, and which of them are wanted. */
struct namespaces {
	struct netns_list list; /* empty without -N */
	bool *chosen;           /* beside the list */
	bool every;             /* all were named: those that begin later, too */
	size_t count;           /* of those that are chosen */
	struct netns_answer *answer;
	struct netns_part *part; /* beside the list, while they are asked */
	size_t told;             /* answers, once all were asked */
	unsigned not_looked;     /* of them, neither entered nor read */
	unsigned skipped;        /* of them, some states were not looked for */
	bool out_of_time;        /* some of them for want of time */
};

/* Rates, where two looks are taken. */
struct rating {
	struct rates rates;
	struct destroy destroy;
	bool listens;   /* to closes */
	int deaf_errno; /* why not; 0: it does, or need not, or that was said */
	bool lost;      /* closes were lost, which was said */
};

/* Owners of looks that are taken again and again: see keeping.c. */
struct keeper {
	bool on;
	struct owners before;       /* of the last look */
	unsigned details;           /* of theirs */
	int64_t looked_ns, all_ns;  /* when some were looked for last, and when all were: CLOCK_MONOTONIC */
	int64_t cost_ns;            /* of that, CPU */
	struct inode_index waiting; /* new sockets that are not looked for yet */
};

/* Everything one invocation needs; run_close() frees it, also half opened. */
/* True if sockets are counted rather than listed. */
static inline bool run_counts(const struct options *options)
{
	return options->summary || options->group_by;
}

struct run {
	const struct options *options;
	const struct run_mode *mode;
	void *own; /* the mode's state */
	const volatile sig_atomic_t *stop_asked;
	struct privilege privilege;
	bool rights_gone; /* since they were raised for a look that needs none */
	struct selection selection;
	struct listing listing;
	struct query query;
	struct run_needs needs;
	struct view view;
	void *format_state;
	bool looked; /* once at least */
	bool begun;  /* the format has begun, and must end */
	struct names *names;
	struct out out;
	bool on_terminal; /* standard output, before a pager took its place */
	pid_t pager;      /* behind out; 0: none */
	int proc_fd, proc_net_fd;
	struct bound_rows bound;  /* of one answer */
	unsigned absent;          /* of sources */
	int proc_errno;           /* why proc_fd is -1 */
	bool proc_is_ours;        /* proc_fd is the /proc of this process's own pid namespace */
	struct lookup lookup;     /* what the filter's names are looked up in */
	int record_fd, replay_fd; /* -1: none */
	struct wire *wire;        /* recording or replaying; a live one is made for each look */
	struct servant
		*servant; /* has the rights that rows which are written as they come take; NULL: they take none */
	struct namespaces namespaces;
	bool entered; /* the calling thread is in the namespace that is looked at: no other is */
	struct table table;
	struct owners owners;
	struct process_list
		fitting;   /* processes that the filter's conditions on owners fit; see gather.c, choose_processes() */
	bool fitting_only; /* no other owner matters, and no other process is looked into */
	struct owners chosen;       /* the sockets of those processes; its index is empty where that is not known */
	bool only_chosen;           /* no other socket fits, unless ... */
	bool chosen_by_uid;         /* ... by its own uid */
	struct finder_early *early; /* begun beside the dump; NULL: none */
	bool looks_early;           /* it is to be begun with the first socket that has an inode */
	struct report report;
	struct error error;
	bool number_is_pid;  /* the filter is a number that no socket has as its port, and a process is its pid */
	bool elsewhere;      /* nothing listens on the port, and sockets in other states have it */
	bool storage_hidden; /* what BPF programs keep for sockets was asked for, and is not told to the caller */
	uint64_t shown, shown_ever; /* in this look, in all */
	uint64_t subflows;          /* TCP sockets of MPTCP connections that are counted as those */
	uint64_t undecided;         /* rows whose owners decide whether they are wanted */
	uint64_t nul_or_at;         /* rows shown with an abstract name in which an @ may be a NUL */
	uint64_t undecidable;       /* rows left out: neither the filter nor its `not` is known to fit them */
	uint64_t unowned;           /* rows shown without an owner that a hidden process may be */
	size_t listeners;           /* rows of the table from which on all are of listeners, or none are asked for */
	struct hidden hidden;       /* what the selection could not tell for want of owners */
	struct rating rating;
	struct keeper keeper;
	struct legend legend; /* -v: why owners are blank */
	/* confine.c: */
	bool confined;  /* a sandbox begins with the first byte of output */
	bool streaming; /* rows are written as they come, and more may come */
	bool told;      /* the format has all of its rows, and has ended */
	struct sandbox_grants grants;
	struct source_files files;
};

#endif
