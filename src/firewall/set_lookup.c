// SPDX-License-Identifier: MIT
/*
 * set_lookup.c - a key against the elements of a set (set_lookup.h).
 *
 * Three ways of the kernel to tell intervals: none (key alone), a key and its
 * end (concatenations: NFTA_SET_ELEM_KEY_END), or a beginning and, flagged
 * INTERVAL_END, the first key behind it, in any order (nft_set_rbtree.c).
 */
#include "firewall/set_lookup.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

/* NFT_SET_ELEM_CATCHALL, Linux 5.13. */
#define ELEMENT_CATCHALL 2

static const uint8_t *bytes_of(const struct ruleset *ruleset, struct fw_span span)
{
	return ruleset->bytes + span.offset;
}

static void add(struct set_answer *answer, enum fw_match match, uint32_t element)
{
	if (match == MATCH_NO)
		return;
	if (answer->count < FW_VERDICTS_MAX)
		answer->element[answer->count++] = element;
	else
		answer->more = true;
	/* Several that may match: at best perhaps. */
	if (match == MATCH_YES)
		answer->match = MATCH_YES;
	else if (answer->match == MATCH_NO || match == MATCH_UNREAD)
		answer->match = answer->match == MATCH_YES ? MATCH_YES : match;
}

/* The bytes from `at` on that are of one field. */
static size_t field_len(const struct fw_registers *registers, unsigned at, size_t most)
{
	size_t len = 1;
	while (len < most && registers->field[at + len] == registers->field[at] &&
	       registers->at[at + len] == registers->at[at + len - 1] + 1)
		len++;
	return len;
}

/* Each field of a concatenation lies within its own bounds (nft_pipapo_lookup). */
static enum fw_match in_fields(const struct rule_run *run, unsigned offset, const uint8_t *low, const uint8_t *high,
                               size_t len)
{
	enum fw_match result = MATCH_YES;
	if (offset + len > FW_REGISTER_BYTES)
		return MATCH_UNREAD;
	for (size_t at = 0, size; at < len; at += size) {
		size = field_len(&run->registers, offset + (unsigned)at, len - at);
		enum fw_match one = fw_between(&run->registers, offset + (unsigned)at, low + at, high + at, size);
		if (one == MATCH_NO)
			return MATCH_NO;
		result = one > result ? one : result;
	}
	return result;
}

struct boundary {
	const uint8_t *key;
	uint32_t element;
	bool ends;
};

struct boundaries {
	size_t key_len;
};

static int compare_boundaries(const void *a, const void *b, void *context)
{
	const struct boundary *left = a, *right = b;
	int order = memcmp(left->key, right->key, ((struct boundaries *)context)->key_len);
	/* An interval that ends where the next one begins. */
	return order ? order : (int)right->ends - (int)left->ends;
}

/* An element that times out may be gone by then. */
static void add_lasting(const struct ruleset *ruleset, struct set_answer *answer, enum fw_match match, uint32_t element)
{
	bool limited = ruleset->element[element].limited;
	add(answer, match == MATCH_YES && limited ? MATCH_PERHAPS : match, element);
}

/* Beginnings and ends in order; between a beginning and what comes next lies an interval. */
static bool look_into_intervals(const struct rule_run *run, const struct fw_set *set, unsigned offset,
                                struct set_answer *answer)
{
	const struct ruleset *ruleset = run->ruleset;
	struct boundaries context = { .key_len = set->key_len };
	struct boundary *list = calloc(set->count + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return false;
	for (uint32_t i = set->first; i < set->first + set->count; i++) {
		const struct fw_element *element = &ruleset->element[i];
		if (element->key.len >= set->key_len)
			list[count++] = (struct boundary){ bytes_of(ruleset, element->key), i,
				                           element->flags & NFT_SET_ELEM_INTERVAL_END };
	}
	if (count)
		qsort_r(list, count, sizeof(*list), compare_boundaries, &context);
	for (size_t i = 0; i < count; i++) {
		uint8_t high[FW_REGISTER_BYTES];
		if (list[i].ends || set->key_len > sizeof(high))
			continue;
		if (i + 1 < count) {
			/* The last key before the next boundary. */
			memcpy(high, list[i + 1].key, set->key_len);
			for (size_t at = set->key_len; at-- && high[at]-- == 0;)
				;
		} else {
			memset(high, 0xff, set->key_len);
		}
		add_lasting(ruleset, answer, fw_between(&run->registers, offset, list[i].key, high, set->key_len),
		            list[i].element);
	}
	free(list);
	return true;
}

void set_lookup(const struct rule_run *run, const struct fw_set *set, unsigned offset, struct set_answer *answer)
{
	const struct ruleset *ruleset = run->ruleset;
	uint32_t catchall = UINT32_MAX;
	bool intervals = false, ends = false;
	*answer = (struct set_answer){ .match = MATCH_NO };
	if (set->unread || set->key_len > FW_REGISTER_BYTES) {
		answer->match = MATCH_UNREAD;
		return;
	}
	for (uint32_t i = set->first; i < set->first + set->count; i++) {
		const struct fw_element *element = &ruleset->element[i];
		if (element->flags & ELEMENT_CATCHALL)
			catchall = i;
		ends |= element->key_end.len;
	}
	intervals = set->flags & NFT_SET_INTERVAL && !ends;
	if (intervals && !look_into_intervals(run, set, offset, answer))
		answer->match = MATCH_UNREAD;
	for (uint32_t i = set->first; !intervals && i < set->first + set->count; i++) {
		const struct fw_element *element = &ruleset->element[i];
		const uint8_t *key = bytes_of(ruleset, element->key);
		if (element->flags & ELEMENT_CATCHALL || element->key.len < set->key_len)
			continue;
		enum fw_match match =
			element->key_end.len >= set->key_len
				? in_fields(run, offset, key, bytes_of(ruleset, element->key_end), set->key_len)
				: fw_equal(&run->registers, offset, key, set->key_len);
		add_lasting(ruleset, answer, match, i);
	}
	if (catchall != UINT32_MAX && answer->match != MATCH_YES)
		add(answer, answer->match == MATCH_NO ? MATCH_YES : MATCH_PERHAPS, catchall);
	/* Packets themselves add elements to it (dynset). */
	if (answer->match == MATCH_NO && set->flags & NFT_SET_EVAL)
		answer->match = MATCH_PERHAPS;
}
