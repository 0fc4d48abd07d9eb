// SPDX-License-Identifier: MIT
/*
 * culprits.c - every process that holds a socket in the way, put together by program (culprits.h).
 *
 * All owners count, not the first alone: a socket that a child inherited stays
 * when its parent ends.
 */
#include "explain/culprits.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/vec.h>

#include "explain/holders.h"

bool culprits_blames(const struct explain *explain, const struct crowd *crowd)
{
	if (explain->verdict == EXPLAIN_FREE)
		return crowd->without && explain->without_reuseaddr == EXPLAIN_TAKEN;
	return crowd->in_the_way || crowd->maybe;
}

bool culprits_have(const struct explain *explain, int32_t pid)
{
	for (size_t i = 0; i < explain->culprits; i++)
		if (explain->facts.owners->process[explain->culprit[i].process].pid == pid)
			return true;
	return false;
}

static uint8_t rank_of(const struct bind_holder *is)
{
	if (!proto_listens(is->proto) || is->state == STATE_LISTEN)
		return GANG_SERVES;
	return is->state == STATE_BOUND ? GANG_BOUND : GANG_CONNECTED;
}

static bool is_of_gang(const struct owners *owners, const struct gang *gang, const struct process *process)
{
	return process_alike(owners, &owners->process[gang->process], process);
}

static int culprit_add(struct explain *explain, uint32_t index)
{
	const struct owners *owners = explain->facts.owners;
	uint32_t g = 0;
	while (g < explain->gangs && !is_of_gang(owners, &explain->gang[g], &owners->process[index]))
		g++;
	if (g == explain->gangs) {
		struct gang *gang = vec_push(explain->gang, explain->gangs, explain->gang_capacity);
		if (!gang)
			return -1;
		*gang = (struct gang){ .process = index, .rank = GANG_CONNECTED };
	}
	struct culprit *culprit = vec_push(explain->culprit, explain->culprits, explain->culprit_capacity);
	if (!culprit)
		return -1;
	*culprit = (struct culprit){ index, g };
	explain->gang[g].count++;
	return 0;
}

/* Two sockets that listen on one address and port at once can only share by SO_REUSEPORT. */
static bool is_shared(const struct explain *explain, const struct holder *holder)
{
	if (holder->is.reuseport == KNOWN_ON)
		return true;
	for (size_t i = 0; i < explain->holders && holder->is.state == STATE_LISTEN; i++) {
		const struct holder *other = &explain->holder[i];
		if (other->is.state != STATE_LISTEN)
			break;
		if (other != holder && other->is.family == holder->is.family &&
		    other->is.ifindex == holder->is.ifindex && other->is.v6only == holder->is.v6only &&
		    memcmp(&other->is.addr, &holder->is.addr, sizeof(holder->is.addr)) == 0)
			return true;
	}
	return false;
}

/* What a blamed socket says of the gang of its first owner. */
static void tell_gang(struct explain *explain, const struct holder *holder)
{
	const struct process *process = holder_process(explain, holder);
	for (size_t g = 0; process && g < explain->gangs; g++) {
		struct gang *gang = &explain->gang[g];
		uint8_t rank = rank_of(&holder->is);
		if (!is_of_gang(explain->facts.owners, gang, process))
			continue;
		gang->serving += rank == GANG_SERVES;
		gang->shares |= rank == GANG_SERVES && is_shared(explain, holder);
		if (rank < gang->rank)
			gang->rank = rank;
	}
}

static int compare_gangs(const void *a, const void *b)
{
	const struct gang *left = a, *right = b;
	if (left->rank != right->rank)
		return left->rank - right->rank;
	return left->process < right->process ? -1 : 1;
}

/* The gangs in order, and the culprits' numbers after them. */
static void order_gangs(struct explain *explain)
{
	const struct owners *owners = explain->facts.owners;
	if (explain->gangs)
		qsort(explain->gang, explain->gangs, sizeof(*explain->gang), compare_gangs);
	for (size_t i = 0; i < explain->culprits; i++)
		for (uint32_t g = 0; g < explain->gangs; g++)
			if (is_of_gang(owners, &explain->gang[g], &owners->process[explain->culprit[i].process]))
				explain->culprit[i].gang = g;
}

int culprits_find(struct explain *explain)
{
	const struct owners *owners = explain->facts.owners;
	bool *seen = calloc(owners->process_count + 1, sizeof(*seen));
	int answer = seen ? 0 : -1;
	for (size_t i = 0; i < explain->holders && !answer; i++) {
		struct owner_span span = owners_of(owners, holder_row(explain, &explain->holder[i]));
		if (!culprits_blames(explain, &explain->crowd[explain->holder[i].crowd]))
			continue;
		for (size_t o = 0; o < span.count; o++)
			seen[span.first[o].process] = true;
	}
	/* By ascending pid, as owners->process is. */
	for (uint32_t i = 0; i < owners->process_count && !answer; i++)
		answer = seen[i] ? culprit_add(explain, i) : 0;
	free(seen);
	for (size_t i = 0; i < explain->holders && !answer; i++)
		if (culprits_blames(explain, &explain->crowd[explain->holder[i].crowd]))
			tell_gang(explain, &explain->holder[i]);
	order_gangs(explain);
	return answer;
}
