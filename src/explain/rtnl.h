/* rtnl.h - the host's addresses and interfaces. */
#ifndef SOCKVIEW_EXPLAIN_RTNL_H
#define SOCKVIEW_EXPLAIN_RTNL_H

#include "explain/facts.h"

/* Fills facts->addr and facts->link, by rtnetlink(7). 0, or -1 with errno: what was read until then stays. */
int rtnl_read(struct facts *facts);

#endif
