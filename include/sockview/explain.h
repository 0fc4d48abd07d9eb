// SPDX-License-Identifier: MIT
/*
 * explain.h - why a bind() would fail: from a target to a verdict.
 *
 * Of one port; explain_list_*() is the same of all that a target names:
 *
 *   explain_new() -> explain_query() -> [sockets by the caller] -> explain_look_elsewhere() -> [owners by the caller]
 *      -> explain_run() -> [privileges dropped] -> explain_text() or explain_json() -> explain_status()
 */
#ifndef SOCKVIEW_EXPLAIN_H
#define SOCKVIEW_EXPLAIN_H

#include <sockview/explain_types.h>
#include <sockview/free_plan.h>
#include <sockview/out.h>

struct explain;

/*
 * NULL with a line for the user in `problem` if the words make no sense;
 * problem[0] is 0 if memory ran out (errno).
 */
struct explain *explain_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX]);
void explain_free(struct explain *explain);

/* True if the planned bind is another user's: then PRIVILEGE_SET_USER is needed. */
bool explain_changes_user(const struct explain *explain);
/*
 * Before the request: what listens near the port is asked of the kernel; `absent` as in struct sources. 0, or -1 with
 * errno ENOMEM.
 */
int explain_look_near(struct explain *explain, unsigned *absent);
/* The request, valid as long as the struct explain: every socket that has the port, and the connections to it. */
void explain_query(const struct explain *explain, struct query *query);
/* Of the answers, which sockets are wanted: of the connections to other hosts a few, the rest is only counted. */
bool explain_wants(struct explain *explain, const struct row *row);
/*
 * Adds to the table the sockets that have the port in other network
 * namespaces, as far as their processes can be seen: rows whose netns is not
 * 0. `proc_fd` is a live /proc. 0, or -1 with errno ENOMEM.
 */
int explain_look_elsewhere(struct explain *explain, int proc_fd, struct table *table);
/* The verdict and its sentences. 0, or -1 with errno ENOMEM. */
int explain_run(struct explain *explain, const struct explain_facts *facts);

/* The exit status: 0 free, 1 taken or refused, 3 could not tell. */
int explain_status(const struct explain *explain);

/* Each: 0, or -1 with errno ENOMEM. Writing fails later: the caller checks `out`. */
int explain_text(const struct explain *explain, struct out *out);
int explain_json(const struct explain *explain, struct out *out);

/*
 * --wait-free: 1 if a socket of the table is surely in the way of the bind, by what the table says and by options that
 * the kernel tells where it may be asked, without a trial; 0; -1 with errno ENOMEM. Of the facts: table, report,
 * owners, proc_fd, live.
 */
int explain_in_the_way(struct explain *explain, const struct explain_facts *facts);
/* --free: the first sentence alone, a line. 0, or -1 with errno ENOMEM. */
int explain_verdict(const struct explain *explain, struct out *out);
/* --free: the steps, in order; valid as long as the struct explain. */
const struct free_plan *explain_free_plan(const struct explain *explain);
/* --free: the first sentence of that key, escaped; NULL: there is none. */
const char *explain_sentence(const struct explain *explain, const char *key);

/*
 * One port; or several, each of which is a line: `80,443`, `8000-8010`, -tu, or those that a process or
 * a program holds. The functions are those above.
 */
struct explain_list;

struct explain_list *explain_list_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX]);
void explain_list_free(struct explain_list *list);
bool explain_list_changes_user(const struct explain_list *list);
int explain_list_look_near(struct explain_list *list, unsigned *absent);
void explain_list_query(const struct explain_list *list, struct query *query);
bool explain_list_wants(struct explain_list *list, const struct row *row);
int explain_list_look_elsewhere(struct explain_list *list, int proc_fd, struct table *table);
int explain_list_run(struct explain_list *list, const struct explain_facts *facts);
/* Several: 0 all are free, 1 one is taken, or the process or program holds none, 3 one could not be told. */
int explain_list_status(const struct explain_list *list);
int explain_list_text(const struct explain_list *list, struct out *out);
int explain_list_json(const struct explain_list *list, struct out *out);

#endif
