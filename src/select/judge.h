// SPDX-License-Identifier: MIT
/* judge.h - a filter against what little is known of a socket before it is asked for. */
#ifndef SELECT_JUDGE_H
#define SELECT_JUDGE_H

#include <sockview/expr.h>
#include <sockview/filter_types.h>
#include <sockview/owner.h>

/* NO if no socket of this protocol, family and state can fit. */
enum verdict judge_kind(const struct expr *expr, enum proto proto, int family, enum state state);

struct filter;

/* One node of the filter. */
enum verdict judge_part(const struct filter *filter, uint32_t node, const struct sock *sock,
                        const struct owners *owners);
/* A node of lsof's items, of a process that need not be an owner. */
bool judge_process(const struct filter *filter, const struct expr_node *node, const struct filter_process *process);

#endif
