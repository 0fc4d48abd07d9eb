// SPDX-License-Identifier: MIT
/* tallies.c - a hash of what is counted together (tallies.h). */
#include "health/tallies.h"

#include <stdlib.h>
#include <string.h>

static bool same_tally(const struct tally *tally, const struct tally *key)
{
	return tally->port == key->port && tally->family == key->family && tally->netns == key->netns &&
	       !memcmp(&tally->local, &key->local, sizeof(key->local)) &&
	       !memcmp(&tally->remote, &key->remote, sizeof(key->remote));
}

static size_t tally_place(const struct tallies *tallies, const struct tally *key)
{
	uint64_t hash = (uint64_t)key->netns << 32 | (uint64_t)key->port << 8 | key->family;
	for (int i = 0; i < 4; i++)
		hash = (hash ^ key->local.word[i]) * 0x9e3779b97f4a7c15u ^ (hash >> 29) ^ key->remote.word[i];
	hash *= 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(hash >> 32) & (tallies->capacity - 1);
	while (tallies->tally[at].port && !same_tally(&tallies->tally[at], key))
		at = (at + 1) & (tallies->capacity - 1);
	return at;
}

static int tallies_grow(struct tallies *tallies)
{
	struct tallies grown = { .count = tallies->count, .capacity = tallies->capacity ? tallies->capacity * 2 : 256 };
	grown.tally = calloc(grown.capacity, sizeof(*grown.tally));
	if (!grown.tally)
		return -1;
	for (size_t i = 0; i < tallies->capacity; i++)
		if (tallies->tally[i].port)
			grown.tally[tally_place(&grown, &tallies->tally[i])] = tallies->tally[i];
	free(tallies->tally);
	*tallies = grown;
	return 0;
}

static struct tally *tally_add(struct tallies *tallies, const struct tally *key)
{
	if (tallies->count >= tallies->capacity / 2 && tallies_grow(tallies) < 0)
		return NULL;
	struct tally *tally = &tallies->tally[tally_place(tallies, key)];
	if (tally->port)
		return tally;
	*tally = *key;
	tallies->count++;
	return tally;
}

struct tally *tally_of_destination(struct tallies *tallies, const struct row *row)
{
	return tally_add(tallies, &(struct tally){ .local = row->local,
	                                           .remote = row->remote,
	                                           .port = row->remote_port,
	                                           .netns = row->netns,
	                                           .family = row->family });
}

static struct tally port_key(const struct row *row)
{
	return (struct tally){ .port = row->local_port, .netns = row->netns };
}

struct tally *tally_of_port(struct tallies *tallies, const struct row *row)
{
	struct tally key = port_key(row);
	return tally_add(tallies, &key);
}

struct tally *tally_find_port(const struct tallies *tallies, const struct row *row)
{
	struct tally key = port_key(row);
	if (!tallies->count)
		return NULL;
	struct tally *tally = &tallies->tally[tally_place(tallies, &key)];
	return tally->port ? tally : NULL;
}

void tallies_free(struct tallies *tallies)
{
	free(tallies->tally);
	*tallies = (struct tallies){ 0 };
}
