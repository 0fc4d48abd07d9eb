/*
 * explain.h - why a bind() would fail: from a target to a verdict.
 *
 *   explain_new() -> explain_query() -> [sockets by the caller] -> explain_query_more() -> [the same]
 *      -> explain_look_elsewhere()
 *      -> [owners by the caller] -> explain_run() -> [privileges dropped] -> explain_text() or explain_json() -> explain_status()
 */
#ifndef SOCKVIEW_EXPLAIN_H
#define SOCKVIEW_EXPLAIN_H

#include <sockview/names.h>
#include <sockview/out.h>
#include <sockview/owner.h>
#include <sockview/query.h>

struct explain;

enum explain_probe {
	EXPLAIN_PROBE_AUTO, /* ask the kernel all that can be asked without taking the port; try the bind
	                         itself where the tables leave a doubt or it can hurt nobody */
	EXPLAIN_PROBE_NONE,
	EXPLAIN_PROBE_BIND,   /* try bind() in any case */
	EXPLAIN_PROBE_LISTEN, /* and listen() */
};

/* The command line's words; they must live as long as the struct explain. */
struct explain_options {
	const char *target; /* [PROTO:][ADDR:]PORT */
	bool reuseaddr, reuseport, v6only;
	const char *as_user, *device; /* NULL: the caller, any */
	enum explain_probe probe;
	unsigned protos; /* PROTO_BIT()s; the one of them, if the target names none */
	int family;      /* AF_INET, AF_INET6: the same for an address; AF_UNSPEC: both */
};

enum { EXPLAIN_PROBLEM_MAX = 256 };

/*
 * NULL with a line for the user in `problem` if the words make no sense;
 * problem[0] is 0 if memory ran out (errno).
 */
struct explain *explain_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX]);
void explain_free(struct explain *explain);

/* True if the planned bind is another user's: then PRIVILEGE_SET_USER is needed. */
bool explain_changes_user(const struct explain *explain);
/* What is to be asked, as long as the struct explain lives: all that have the port. */
void explain_query(const struct explain *explain, struct query *query);
/*
 * What is to be asked then: connections to the port elsewhere. False if the
 * sockets in the table leave no question: a server here has the port.
 */
bool explain_query_more(const struct explain *explain, const struct table *table, struct query *query);
/* Of the answers, which sockets are wanted: of the connections elsewhere a few, the rest is only counted. */
bool explain_wants(struct explain *explain, const struct row *row);
/*
 * Adds to the table who has the port in other network namespaces, as far as
 * their processes can be seen: rows whose netns is not 0. `proc_fd` is a live
 * /proc. 0, or -1 with errno ENOMEM.
 */
int explain_look_elsewhere(struct explain *explain, int proc_fd, struct table *table);
/* What must be read of the owners: enum process_detail. */
#define EXPLAIN_DETAILS (PROCESS_NAME | PROCESS_UID | PROCESS_CMDLINE | PROCESS_CGROUP | PROCESS_START | PROCESS_NETNS)

/* What the caller has collected, to stay until the answer is printed. */
struct explain_facts {
	const struct table *table;
	const struct report *report;
	const struct owners *owners;
	struct names *names;
	int proc_fd;   /* an open /proc; -1: none */
	bool may_look; /* the rights to look into every process are there: more would not help */
	bool live;     /* the sockets are this kernel's and this moment's: it may be asked more */
};
/* 0, or -1 with errno ENOMEM. */
int explain_run(struct explain *explain, const struct explain_facts *facts);

enum explain_verdict { EXPLAIN_FREE, EXPLAIN_TAKEN, EXPLAIN_REFUSED, EXPLAIN_UNKNOWN };
enum explain_verdict explain_verdict(const struct explain *explain);
/* The exit status: 0 free, 1 taken or refused, 3 could not tell. */
int explain_status(const struct explain *explain);

/* Each: 0, or -1 with errno ENOMEM. Writing fails later: the caller checks `out`. */
int explain_text(const struct explain *explain, struct out *out);
int explain_json(const struct explain *explain, struct out *out);

#endif
