// SPDX-License-Identifier: MIT
/* hidden.h - what a selection could not tell because an owner was not seen. */
#ifndef SOCKVIEW_RUN_HIDDEN_H
#define SOCKVIEW_RUN_HIDDEN_H

#include <sockview/filter.h>
#include <sockview/owner.h>
#include <sockview/privilege.h>

enum { HIDDEN_NAMED = 4 };

/* Zero-initialised is empty. */
struct hidden {
	uint32_t *suspect; /* processes that were not looked into and that a condition of the filter fits */
	size_t count, capacity;
	bool any;                     /* the owner may be a process of which not even the name is known */
	uint64_t left_out, shown;     /* sockets for which an owner that was not seen decides */
	uint32_t named[HIDDEN_NAMED]; /* suspects that the filter would select as the owner of one of them */
	size_t named_count;
};

/* Finds the suspects, once owners were looked for. 0, or -1 with errno ENOMEM. */
int hidden_begin(struct hidden *hidden, const struct owners *owners, const struct filter *filter, unsigned details);
/* Counts a socket that was judged so if another owner would change that; `lists` says that it may be shown without one. */
void hidden_judge(struct hidden *hidden, const struct owners *owners, const struct filter *filter,
                  const struct sock *sock, enum verdict verdict, bool lists);
/* Which processes those are, or how many sockets; `privilege` is NULL if no right would help. */
void hidden_say(const struct hidden *hidden, const struct owners *owners, const struct privilege *privilege);
/* Empties it. */
void hidden_free(struct hidden *hidden);

#endif
