// SPDX-License-Identifier: MIT
/* tallies.c - a hash of what is counted together (tallies.h). */
#include "health/tallies.h"

#include <stdlib.h>
#include <string.h>

static bool same_key(const struct tally_key *left, const struct tally_key *right)
{
	return left->port == right->port && left->family == right->family && left->netns == right->netns &&
	       !memcmp(&left->local, &right->local, sizeof(left->local)) &&
	       !memcmp(&left->remote, &right->remote, sizeof(left->remote));
}

/* Products that do not wait for each other: this is done for each row of both looks. */
static size_t tally_place(const struct tallies *tallies, const struct tally_key *key)
{
	uint64_t local[2], remote[2], hash = (uint64_t)key->netns << 32 | (uint64_t)key->port << 8 | key->family;
	memcpy(local, &key->local, sizeof(local));
	memcpy(remote, &key->remote, sizeof(remote));
	hash = hash * 0x9e3779b97f4a7c15u ^ local[0] * 0xff51afd7ed558ccdu ^ local[1] * 0xc4ceb9fe1a85ec53u;
	hash += remote[0] * 0xbf58476d1ce4e5b9u ^ remote[1] * 0x94d049bb133111ebu;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(hash >> 32) & (tallies->capacity - 1);
	while (tallies->tally[at].key.port && !same_key(&tallies->tally[at].key, key))
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
		if (tallies->tally[i].key.port)
			grown.tally[tally_place(&grown, &tallies->tally[i].key)] = tallies->tally[i];
	free(tallies->tally);
	*tallies = grown;
	return 0;
}

static struct tally *tally_add(struct tallies *tallies, const struct tally_key *key)
{
	if (tallies->count >= tallies->capacity / 2 && tallies_grow(tallies) < 0)
		return NULL;
	struct tally *tally = &tallies->tally[tally_place(tallies, key)];
	if (tally->key.port)
		return tally;
	tally->key = *key;
	tallies->count++;
	return tally;
}

struct tally *tally_of_destination(struct tallies *tallies, const struct row *row)
{
	return tally_add(tallies, &(struct tally_key){ .local = row->local,
	                                               .remote = row->remote,
	                                               .port = row->remote_port,
	                                               .netns = row->netns,
	                                               .family = row->family });
}

static struct tally_key port_key(const struct row *row)
{
	return (struct tally_key){ .port = row->local_port, .netns = row->netns };
}

struct tally *tally_of_port(struct tallies *tallies, const struct row *row)
{
	struct tally_key key = port_key(row);
	return tally_add(tallies, &key);
}

struct tally *tally_find_port(const struct tallies *tallies, const struct row *row)
{
	struct tally_key key = port_key(row);
	if (!tallies->count)
		return NULL;
	struct tally *tally = &tallies->tally[tally_place(tallies, &key)];
	return tally->key.port ? tally : NULL;
}

void tallies_free(struct tallies *tallies)
{
	free(tallies->tally);
	*tallies = (struct tallies){ 0 };
}
