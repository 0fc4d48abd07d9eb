// SPDX-License-Identifier: MIT
/*
 * filter.h - which sockets are wanted: what the words and options say of it, as one predicate.
 *
 * The life of a filter: filter_new(), any of filter_add_*() in any order,
 * filter_close(), then filter_narrow(), filter_judge() as often as needed,
 * filter_free(). All parts must hold (AND), but that -i SPECs are joined by OR.
 */
#ifndef SOCKVIEW_FILTER_H
#define SOCKVIEW_FILTER_H

#include <sockview/column_source.h>
#include <sockview/filter_types.h>
#include <sockview/lookup.h>
#include <sockview/owner.h>
#include <sockview/query.h>

struct filter;

/* NULL with errno ENOMEM. `names` must outlive the filter. */
struct filter *filter_new(const struct lookup *names);
void filter_free(struct filter *filter);

/*
 * Before anything is added: what is added is read for an option that acts on
 * the sockets. A bare port, with an address or without, is the local end's;
 * a bare word is no state and no program; ::1:3000 is refused.
 */
void filter_set_strict(struct filter *filter);

/*
 * The FILTER of the command line or of a file: see the man page. `family` is
 * what a host is if the text does not tell: AF_UNSPEC, AF_INET, AF_INET6, or
 * AF_UNIX when unix sockets alone are asked for. 0, or -1 with error.
 */
int filter_add_text(struct filter *filter, const char *text, size_t len, int family, struct filter_error *error);
/* A SPEC of -i, without the -i; "" for all internet sockets. */
int filter_add_spec(struct filter *filter, const char *spec, size_t len, struct filter_error *error);
/* PROTO:STATE[,^STATE] of -s. */
int filter_add_proto_states(struct filter *filter, const char *text, size_t len, struct filter_error *error);

int filter_add_option(struct filter *filter, enum filter_option option, const char *text, size_t len,
                      struct filter_error *error);

/* A list of lsof's -p, -u or -g, or the name of its -c: the file of a process. */
int filter_add_item(struct filter *filter, enum filter_item kind, const char *text, size_t len,
                    struct filter_error *error);
/* SPECs and items must all hold (lsof's -a), or one of them; `also` (PROTO_BIT()s): any socket of these does. */
void filter_join_items(struct filter *filter, bool all, unsigned also);

/* Nothing is added after it. 0, or -1 with errno ENOMEM. */
int filter_close(struct filter *filter);

void filter_needs(const struct filter *filter, struct filter_needs *needs);

/*
 * After filter_close(): each alternative names, by equality, a port, an
 * address, a pid, a program, a user, a unit, a cgroup or a cookie. A condition
 * under `not` or `^` or with `!=` names nothing, nor does a prefix of no
 * bits, a pattern without a character of its own, or more than
 * FILTER_BOUND numbers.
 */
#define FILTER_BOUND 1024
bool filter_is_bounded(const struct filter *filter);
/* After filter_close(): whether only sockets fit of which one owner alone says so, or (OR_UID) the socket's uid. */
enum filter_by_owner filter_by_owner(const struct filter *filter);

/*
 * Takes out of the query what no socket that fits can be of (protocols,
 * families, states), and sets query->expr. query->protos is 0 if no socket can
 * fit at all.
 */
void filter_narrow(const struct filter *filter, struct query *query);

/*
 * What columns' values are taken from, but for context->owners, which are the
 * judge's own: from now on, and as it is at the time of each judgement.
 */
void filter_set_context(struct filter *filter, const struct column_context *context);

/*
 * If the filter's needs say that it `settles`, it is shown each row before it
 * judges any with owners: a listener on every address serves an address if
 * some row has that as its own, where this host's addresses are not those of
 * the rows (a recording).
 */
void filter_see(struct filter *filter, const struct row *row);

/* `owners` NULL: not looked for yet, nor hosts' and containers' names; then MAYBE if they decide. */
enum verdict filter_judge(const struct filter *filter, const struct sock *sock, const struct owners *owners);
/* The same as if the socket had this one owner alone: YES or NO. */
enum verdict filter_judge_owner(const struct filter *filter, const struct sock *sock, const struct owners *owners,
                                const struct owner *owner);

/* The same as if nothing were known of the socket's owners: MAYBE if they decide. */
enum verdict filter_judge_unseen(const struct filter *filter, const struct sock *sock, const struct owners *owners);
/* True if a condition of the filter on owners, `not` or not, fits the process. */
bool filter_concerns(const struct filter *filter, const struct owners *owners, const struct process *process);

/*
 * Which of lsof's items were found: each is a SPEC, which a socket that fits the
 * whole must fit; a state of -s, which any socket with a file may have; or a
 * pid, user, command or group, which any process may have.
 */
enum filter_sought_in { SOUGHT_FITTING, SOUGHT_STATE, SOUGHT_PROCESS };
void filter_seek_state(struct filter *filter, const struct sock *sock);
void filter_seek_in(struct filter *filter, const struct sock *sock, const struct owners *owners);
void filter_seek_process(struct filter *filter, const struct filter_process *process);
/* How many were not. */
unsigned filter_missing(const struct filter *filter);
/* The same of one kind. */
unsigned filter_missing_in(const struct filter *filter, enum filter_sought_in in);

#endif
