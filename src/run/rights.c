// SPDX-License-Identifier: MIT
/* rights.c - the rights that a look takes, and gives up before it prints (rights.h). */
#include "run/rights.h"

#include <errno.h>

bool rights_unused(const struct run *run)
{
	return run->privilege.elevated && run->options->proc_root;
}

int rights_raise(struct run *run)
{
	const struct run_needs *needs = &run->needs;
	unsigned wanted = needs->privileges;
	if (!rights_unused(run)) {
		if (needs->owners)
			wanted |= PRIVILEGE_FDS;
		if (needs->owners && run->options->owners_from != OWNERS_PROC)
			wanted |= PRIVILEGE_BPF;
		if (needs->secrets)
			wanted |= PRIVILEGE_MARK;
	}
	/* To raise nothing is to drop all: rights_drop() need not say it again. */
	run->rights_gone = !wanted;
	if ((wanted ? privilege_raise(&run->privilege, wanted) : privilege_drop()) < 0)
		return error_set(&run->error, errno, "set privileges", "");
	return 0;
}

int rights_away(struct run *run)
{
	if (privilege_owners(&run->privilege, false) == 0)
		return 0;
	return error_set(&run->error, errno, "put privileges away", "");
}

int rights_own(struct run *run)
{
	if (privilege_own(&run->privilege) == 0)
		return 0;
	return error_set(&run->error, errno, "give up privileges", "");
}

int rights_drop(struct run *run, bool last)
{
	if (run->rights_gone)
		return 0;
	if ((last ? privilege_drop() : privilege_rest()) == 0)
		return 0;
	return error_set(&run->error, errno, "give up privileges", "");
}
