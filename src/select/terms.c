// SPDX-License-Identifier: MIT
/* terms.c - the values of the conditions that are neither ports nor hosts (reading.h). */
#include "select/reading.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/event_kind.h>
#include <sockview/glob.h>
#include <sockview/near.h>
#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

#define EXPECTED_STATE \
	"a state (established, syn-sent, listen, time-wait, bound ...) or a group (all, " \
	"connected, synchronized, bucket, big)"

/* N or N-M. */
static bool span_read(struct piece item, uint64_t max, struct expr_range *range)
{
	struct piece low;
	uint64_t from, to;
	piece_split(&item, '-', &low);
	if (!piece_number(low, max, &from))
		return false;
	if (!item.text)
		to = from;
	else if (!piece_number(item, max, &to) || to < from)
		return false;
	*range = (struct expr_range){ (uint32_t)from, (uint32_t)to };
	return true;
}

static bool user_read_one(struct reading *reading, struct piece item, struct expr_range *range)
{
	char name[256];
	uint64_t uid;
	uint32_t found;
	if (piece_number(item, UINT32_MAX, &uid))
		found = (uint32_t)uid;
	else if (!piece_copy(item, name, sizeof(name)) || !name[0] || reading->names->user(name, &found) < 0)
		return false;
	*range = (struct expr_range){ found, found };
	return true;
}

/* One item of a comma list as a range; EXPR_FAILED with the error worded, else 0. */
static uint32_t list_item_read(struct reading *reading, struct piece item, enum expr_kind kind,
                               struct expr_range *range)
{
	switch (kind) {
	case EXPR_PID:
		if (span_read(item, INT32_MAX, range))
			return 0;
		return reading_fail(reading, item.at, "a process id, a range, or several with commas",
		                    "bad pid \"%.*s\"", PIECE_ARGS(item));
	case EXPR_INODE:
		if (span_read(item, UINT32_MAX, range))
			return 0;
		return reading_fail(reading, item.at, "an inode number, a range, or several with commas",
		                    "bad inode \"%.*s\"", PIECE_ARGS(item));
	default:
		if (user_read_one(reading, item, range))
			return 0;
		return reading_fail(reading, item.at, "a user's name or number, or several with commas",
		                    "unknown user \"%.*s\"", PIECE_ARGS(item));
	}
}

static uint32_t list_read(struct reading *reading, struct piece piece, enum expr_kind kind)
{
	struct expr_node node = { .kind = (uint8_t)kind };
	struct expr_range *ranges = NULL, *range;
	size_t capacity = 0, count = 0;
	uint32_t result = 0;
	struct piece item;
	while (result != EXPR_FAILED && piece_split(&piece, ',', &item)) {
		range = vec_push(ranges, count, capacity);
		result = range ? list_item_read(reading, item, kind, range) : reading_no_memory(reading);
	}
	if (result != EXPR_FAILED && expr_keep_ranges(reading->expr, ranges, count, &node.ranges) < 0)
		result = reading_no_memory(reading);
	free(ranges);
	return result == EXPR_FAILED ? result : reading_add(reading, &node);
}

uint32_t pid_read(struct reading *reading, struct piece piece)
{
	return list_read(reading, piece, EXPR_PID);
}

uint32_t inode_read(struct reading *reading, struct piece piece)
{
	return list_read(reading, piece, EXPR_INODE);
}

uint32_t user_read(struct reading *reading, struct piece piece)
{
	return list_read(reading, piece, EXPR_USER);
}

const char *state_nearest(struct piece piece, size_t below)
{
	char word[NEAR_LONGEST + 1], name[NEAR_LONGEST + 1];
	const char *best = NULL, *state;
	if (!piece_copy(piece, word, sizeof(word)))
		return NULL;
	for (char *at = word; *at; at++)
		*at = *at == '-' ? '_' : text_lower(*at);
	for (size_t i = 0; (state = state_name_listed(i)); i++) {
		size_t len = 0;
		for (; state[len] && len < NEAR_LONGEST; len++)
			name[len] = text_lower(state[len]);
		name[len] = '\0';
		size_t far = near_distance(word, name);
		if (far < below) {
			below = far;
			best = state;
		}
	}
	return best;
}

uint32_t state_read(struct reading *reading, struct piece piece)
{
	struct expr_node node = { .kind = EXPR_STATE };
	struct piece item;
	while (piece_split(&piece, ',', &item)) {
		uint32_t mask = state_mask_by_name(item.text, item.len);
		const char *near = mask ? NULL : state_nearest(item, item.len / 3 + 1);
		char expected[sizeof(reading->error->expected)];
		snprintf(expected, sizeof(expected), "%s%s%s", near ? near : "", near ? "? " : "", EXPECTED_STATE);
		if (!mask)
			return reading_fail(reading, item.at, expected, "unknown state \"%.*s\"", PIECE_ARGS(item));
		node.mask |= mask;
	}
	return reading_add(reading, &node);
}

uint32_t event_read(struct reading *reading, struct piece piece)
{
	struct expr_node node = { .kind = EXPR_EVENT };
	struct piece item;
	while (piece_split(&piece, ',', &item)) {
		enum event_kind kind = event_named(item.text, item.len);
		if (kind == EVENT_NONE)
			return reading_fail(reading, item.at, "listen, unlisten, connect, open, failed, bind or close",
			                    "unknown event \"%.*s\"", PIECE_ARGS(item));
		node.mask |= 1u << kind;
	}
	return reading_add(reading, &node);
}

/* A comma list of globs as an OR of nodes, each made by `make`. */
static uint32_t globs_read(struct reading *reading, struct piece piece, const char *expected,
                           uint32_t (*make)(struct reading *reading, struct piece item))
{
	struct expr_list list = { .kind = EXPR_OR };
	struct piece item;
	while (piece_split(&piece, ',', &item)) {
		uint32_t node =
			item.len ? make(reading, item) : reading_fail(reading, item.at, expected, "a name is missing");
		if (node == EXPR_FAILED)
			return node;
		expr_list_add(reading->expr, &list, node);
	}
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

static uint32_t program_node(struct reading *reading, struct piece item)
{
	struct expr_node node = { .kind = EXPR_PROGRAM };
	if (expr_keep_text(reading->expr, item.text, item.len, &node.text) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, &node);
}

uint32_t program_read(struct reading *reading, struct piece piece)
{
	return globs_read(reading, piece, "a program's name; * and ? stand for any part of it", program_node);
}

/* "/a/b" from "a/b/"; the root stays "/". Freed by the caller; NULL with errno. */
static char *absolute_path(struct piece item)
{
	while (item.len && item.text[item.len - 1] == '/')
		item.len--;
	while (item.len && item.text[0] == '/')
		item = piece_from(item, 1);
	char *path = malloc(item.len + 2);
	if (!path)
		return NULL;
	path[0] = '/';
	memcpy(path + 1, item.text, item.len);
	path[item.len + 1] = '\0';
	return path;
}

static int cgroup_fill(struct reading *reading, struct piece item, const struct cgroup_match *match,
                       struct expr_node *node)
{
	if (match->known && !match->count && !glob_is_pattern(match->path, strlen(match->path))) {
		reading_fail(reading, item.at, "a path below the cgroup hierarchy, as in /proc/PID/cgroup",
		             "unknown cgroup \"%.*s\"", PIECE_ARGS(item));
		return -1;
	}
	if (expr_keep_numbers(reading->expr, match->id, match->count, &node->numbers) < 0 ||
	    expr_keep_text(reading->expr, match->path, strlen(match->path), &node->text) < 0) {
		reading_no_memory(reading);
		return -1;
	}
	return 0;
}

static uint32_t cgroup_node(struct reading *reading, struct piece item)
{
	struct expr_node node = { .kind = EXPR_CGROUP };
	struct cgroup_match match = { 0 };
	char *path = absolute_path(item);
	int result = path ? reading->names->cgroups(reading->names, path, &match) : -1;
	if (result < 0)
		reading_no_memory(reading);
	else
		result = cgroup_fill(reading, item, &match, &node);
	cgroup_match_free(&match);
	free(path);
	return result < 0 ? EXPR_FAILED : reading_add(reading, &node);
}

uint32_t cgroup_read(struct reading *reading, struct piece piece)
{
	return globs_read(reading, piece, "a cgroup's path; * stands for any part of it", cgroup_node);
}

uint32_t device_read(struct reading *reading, struct piece piece)
{
	struct expr_node node = { .kind = EXPR_DEV };
	char name[64];
	uint64_t number;
	if (piece_copy(piece, name, sizeof(name)) && reading->names->interface(name, &node.value) == 0)
		return reading_add(reading, &node);
	if (!piece_number(piece, INT32_MAX, &number))
		return reading_fail(reading, piece.at, "an interface's name or index, 0 for none",
		                    "unknown interface \"%.*s\"", PIECE_ARGS(piece));
	node.value = (uint32_t)number;
	return reading_add(reading, &node);
}

uint32_t mark_read(struct reading *reading, struct piece piece)
{
	struct piece whole = piece, mark;
	uint64_t value, mask = UINT32_MAX;
	piece_split(&piece, '/', &mark);
	if (!piece_number(mark, UINT32_MAX, &value) || (piece.text && !piece_number(piece, UINT32_MAX, &mask)))
		return reading_fail(reading, whole.at, "MARK or MARK/MASK, numbers", "bad mark \"%.*s\"",
		                    PIECE_ARGS(whole));
	if (value & ~mask)
		return expr_none(reading->expr);
	return reading_add(reading,
	                   &(struct expr_node){ .kind = EXPR_MARK, .value = (uint32_t)value, .mask = (uint32_t)mask });
}

uint32_t autobound_read(struct reading *reading)
{
	struct expr_node node = { .kind = EXPR_AUTOBOUND };
	uint16_t low, high;
	/* The kernel's default: net/ipv4/af_inet.c, inet_init_net(). */
	if (reading->names->local_ports(reading->names, &low, &high) < 0) {
		low = 32768;
		high = 60999;
	}
	struct expr_range range = { low, high };
	if (expr_keep_ranges(reading->expr, &range, 1, &node.ranges) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, &node);
}
