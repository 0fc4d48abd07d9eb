// SPDX-License-Identifier: MIT
/* rights.c - the rights that a look takes, and gives up before it prints (rights.h). */
#include "run/rights.h"

#include <errno.h>

#include <sockview/cgroup.h>
#include <sockview/servant.h>

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

/* Rights that the look takes beside it, before its first row, are not the servant's. */
static ssize_t serve_less(void *context)
{
	const struct run *run = context;
	return privilege_raise(&run->privilege, PRIVILEGE_MARK | (run->needs.privileges & PRIVILEGE_CGROUPS));
}

void rights_serve_end(struct run *run)
{
	if (run->listing.cgroups)
		cgroups_serve(run->listing.cgroups, NULL);
	servant_end(run->servant);
	run->servant = NULL;
}

bool rights_serve(struct run *run)
{
	run->servant = servant_begin();
	if (run->servant && servant_call(run->servant, serve_less, run) < 0)
		rights_serve_end(run);
	if (run->servant && run->listing.cgroups)
		cgroups_serve(run->listing.cgroups, run->servant);
	return run->servant;
}

int rights_drop(struct run *run, bool last)
{
	if (run->rights_gone)
		return 0;
	if ((last ? privilege_drop() : privilege_rest()) == 0)
		return 0;
	return error_set(&run->error, errno, "give up privileges", "");
}
