/* judge.h - a filter against what little is known of a socket before it is asked for. */
#ifndef SELECT_JUDGE_H
#define SELECT_JUDGE_H

#include <sockview/expr.h>
#include <sockview/filter_types.h>

/* NO if no socket of this protocol, family and state can fit. */
enum verdict judge_kind(const struct expr *expr, enum proto proto, int family, enum state state);

#endif
