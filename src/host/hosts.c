// SPDX-License-Identifier: MIT
/*
 * hosts.c - a hash of addresses over the array of what was looked up; see hosts.h.
 */
#include "host/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <sockview/vec.h>

#include "host/resolver.h"

struct hosts {
	struct host_lookup *lookup;
	size_t count, capacity;
	size_t asked;   /* lookups before this one have had their chance */
	uint32_t *cell; /* index of a lookup + 1; 0: free. Open addressing, at most half full */
	size_t cells;   /* power of two, or 0 */
	uint64_t seed;  /* peers choose their addresses; they shall not choose our collisions */
	struct resolver *resolver;
	size_t failed; /* lookups, see hosts_failed() */
	int number;    /* errno: why */
};

struct hosts *hosts_new(void)
{
	return calloc(1, sizeof(struct hosts));
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	resolver_free(hosts->resolver);
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->lookup[i].name);
	free(hosts->lookup);
	free(hosts->cell);
	free(hosts);
}

/* ::ffff:a.b.c.d has its name as a.b.c.d. */
static struct host_lookup lookup_key(int family, const union addr *addr)
{
	struct host_lookup key = { .addr = *addr, .family = family };
	if (family == AF_INET6 && addr_is_mapped(addr)) {
		key.family = AF_INET;
		key.addr.word[0] = addr->word[3];
	}
	if (key.family == AF_INET)
		memset(&key.addr.word[1], 0, 12);
	return key;
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	value = (value ^ (value >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	return value ^ (value >> 32);
}

static uint64_t hash(const struct hosts *hosts, const struct host_lookup *key)
{
	uint64_t half[2];
	memcpy(half, &key->addr, sizeof(half));
	return mix(mix(mix(hosts->seed ^ (uint64_t)key->family) ^ half[0]) ^ half[1]);
}

static bool same_address(const struct host_lookup *a, const struct host_lookup *b)
{
	return a->family == b->family && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* The key's cell, or the free one where it belongs. Only where cells is not 0. */
static uint32_t *hosts_cell(const struct hosts *hosts, const struct host_lookup *key)
{
	size_t at = hash(hosts, key) & (hosts->cells - 1);
	while (hosts->cell[at] && !same_address(&hosts->lookup[hosts->cell[at] - 1], key))
		at = (at + 1) & (hosts->cells - 1);
	return &hosts->cell[at];
}

static int cells_grow(struct hosts *hosts)
{
	size_t cells = hosts->cells ? 2 * hosts->cells : 64;
	uint32_t *cell = calloc(cells, sizeof(*cell));
	if (!cell)
		return -1;
	/* Not before there is an address: glibc 2.41's getrandom() makes four more calls the first time. */
	if (!hosts->cells && getrandom(&hosts->seed, sizeof(hosts->seed), GRND_NONBLOCK) < 0)
		hosts->seed = (uintptr_t)cell;
	free(hosts->cell);
	hosts->cell = cell;
	hosts->cells = cells;
	for (size_t i = 0; i < hosts->count; i++)
		*hosts_cell(hosts, &hosts->lookup[i]) = (uint32_t)i + 1;
	return 0;
}

static bool is_unspecified(const struct host_lookup *key)
{
	return !(key->addr.word[0] | key->addr.word[1] | key->addr.word[2] | key->addr.word[3]);
}

int hosts_want(struct hosts *hosts, int family, const union addr *addr)
{
	struct host_lookup key = lookup_key(family, addr);
	if (is_unspecified(&key))
		return 0;
	if (2 * (hosts->count + 1) > hosts->cells && cells_grow(hosts))
		return -1;
	uint32_t *cell = hosts_cell(hosts, &key);
	if (*cell)
		return 0;
	struct host_lookup *grown = vec_reserve(hosts->lookup, &hosts->capacity, hosts->count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	hosts->lookup = grown;
	hosts->lookup[hosts->count++] = key;
	*cell = (uint32_t)hosts->count;
	return 0;
}

void hosts_resolve(struct hosts *hosts, unsigned deadline_ms)
{
	if (hosts->asked == hosts->count)
		return;
	if (!hosts->resolver)
		hosts->resolver = resolver_new();
	size_t count = hosts->count - hosts->asked, failed = count;
	int number = ENOMEM;
	if (hosts->resolver)
		failed = resolver_run(hosts->resolver, hosts->lookup + hosts->asked, count, deadline_ms, &number);
	hosts->asked = hosts->count;
	hosts->failed += failed;
	if (failed)
		hosts->number = number;
}

size_t hosts_failed(const struct hosts *hosts, int *number)
{
	*number = hosts->number;
	return hosts->failed;
}

const char *hosts_find(const struct hosts *hosts, int family, const union addr *addr)
{
	if (!hosts->cells)
		return NULL;
	struct host_lookup key = lookup_key(family, addr);
	uint32_t cell = *hosts_cell(hosts, &key);
	return cell ? hosts->lookup[cell - 1].name : NULL;
}
