// SPDX-License-Identifier: MIT
/*
 * keeping.c - the owners of looks that are taken again and again (keeping.h).
 *
 * To find the owner of one socket takes a look at every descriptor there is. So
 * it is taken for new sockets alone, no more often than that it takes a
 * twentieth of the time, and anew for all of them (a process may have given
 * its sockets away, or have another name after exec) no more often than a
 * fiftieth. A process that has ended is no owner any more.
 */
#include "run/keeping.h"

#include <errno.h>
#include <time.h>

#include <sockview/carry.h>

enum {
	NEW_SHARE = 20,
	ALL_SHARE = 50,
	ALL_SECONDS = 10, /* at least, between two looks for all */
};

static int64_t keeping_clock(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void keeping_turn(struct run *run)
{
	struct keeper *keeper = &run->keeper;
	owners_free(&keeper->before);
	keeper->before = run->owners;
	run->owners = (struct owners){ 0 };
}

bool keeping_fits(const struct run *run)
{
	const struct run_needs *needs = &run->needs;
	return run->keeper.on && !needs->evidence && !needs->parents && !needs->peers;
}

static int find_timed(struct run *run, keeping_finder *find, struct owners *owners)
{
	struct keeper *keeper = &run->keeper;
	int64_t before = keeping_clock(CLOCK_PROCESS_CPUTIME_ID);
	int answer = find(run, owners);
	keeper->cost_ns = keeping_clock(CLOCK_PROCESS_CPUTIME_ID) - before;
	keeper->looked_ns = keeping_clock(CLOCK_MONOTONIC);
	return answer;
}

static void forget_waiting(struct keeper *keeper)
{
	inode_index_free(&keeper->waiting);
	keeper->waiting = (struct inode_index){ 0 };
}

static bool is_due(const struct keeper *keeper, int64_t now)
{
	int64_t pause = keeper->cost_ns * ALL_SHARE, least = (int64_t)ALL_SECONDS * 1000000000;
	return now - keeper->all_ns >= (pause > least ? pause : least);
}

static int find_new(struct run *run, keeping_finder *find, const struct process_list *living, int64_t now)
{
	struct keeper *keeper = &run->keeper;
	struct owners found = { 0 };
	/* Rows that owners decide about are not shown without them. */
	bool decides = run->undecided && run->selection.needs.owners;
	int answer = 0;
	if (owners_unknown(&keeper->before, &keeper->waiting, living, &run->table, &found.index) < 0)
		return error_set(&run->error, errno, "find owners", "");
	bool looks = found.index.count && (decides || now - keeper->looked_ns >= keeper->cost_ns * NEW_SHARE);
	forget_waiting(keeper);
	if (looks)
		answer = find_timed(run, find, &found);
	if (answer == 0 && owners_carry(&run->owners, &keeper->before, looks ? &found : NULL, living, &run->table) < 0)
		answer = error_set(&run->error, errno, "find owners", "");
	if (!looks) {
		keeper->waiting = found.index;
		found.index = (struct inode_index){ 0 };
	}
	owners_free(&found);
	return answer;
}

int keeping_find(struct run *run, keeping_finder *find)
{
	struct keeper *keeper = &run->keeper;
	struct process_list living = { 0 };
	int64_t now = keeping_clock(CLOCK_MONOTONIC);
	bool all = !keeper->before.report.asked || run->needs.details & ~keeper->details || is_due(keeper, now);
	if (all || process_list_read(&living, run->proc_fd) < 0) {
		process_list_free(&living);
		forget_waiting(keeper);
		keeper->details = run->needs.details;
		keeper->all_ns = now;
		return find_timed(run, find, &run->owners);
	}
	int answer = find_new(run, find, &living, now);
	process_list_free(&living);
	return answer;
}

void keeping_end(struct run *run)
{
	owners_free(&run->keeper.before);
	forget_waiting(&run->keeper);
}
