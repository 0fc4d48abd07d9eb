/* invocation.h - one invocation: all that its parts share. */
#ifndef SOCKVIEW_RUN_INVOCATION_H
#define SOCKVIEW_RUN_INVOCATION_H

#include <sockview/explain.h>
#include <sockview/finder.h>
#include <sockview/format.h>
#include <sockview/options.h>
#include <sockview/privilege.h>
#include <sockview/source.h>

#include "run/notes_legend.h"
#include "run/listing.h"
#include "run/selection.h"

/* Everything one invocation needs; freed by run_close() in whatever state it is. */
struct run {
	const struct options *options;
	struct selection selection;
	struct privilege privilege;
	struct query query;
	struct explain *explain; /* NULL: sockets are listed */
	struct view view;
	struct listing listing;
	void *format_state;
	bool begun; /* the format has begun, and must end */
	struct names *names;
	struct out out;
	pid_t pager; /* behind out; 0: none */
	int proc_fd, proc_net_fd;
	bool proc_is_ours;        /* proc_fd is the /proc of this process's own pid namespace */
	struct lookup lookup;     /* names in what the caller asks for */
	int record_fd, replay_fd; /* -1: none */
	struct wire *wire;        /* recording or replaying; a live one is made for each look */
	struct table table;
	struct owners owners;
	struct finder_early *early; /* begun beside the dump; NULL: none */
	struct report report;
	struct error error;
	uint64_t shown, shown_ever; /* in this look, in all */
	uint64_t undecided;         /* rows whose owners decide whether they are wanted */
	uint64_t unowned;           /* shown, and a hidden process may be the owner */
	struct legend legend;       /* -v: why owners are blank */
};

#endif
