// SPDX-License-Identifier: MIT
/* places.c - rows that keep their place (sockview/places.h). */
#include <sockview/places.h>

#include <string.h>

#include <sockview/vec.h>

static bool is_same(const struct row *left, const struct row *right)
{
	if (left->cookie || right->cookie)
		return left->cookie == right->cookie;
	/* Without a cookie (/proc/net): by what it is. */
	return left->local_port == right->local_port && left->remote_port == right->remote_port &&
	       left->inode == right->inode && left->proto == right->proto && left->netns == right->netns &&
	       memcmp(&left->local, &right->local, sizeof(left->local)) == 0 &&
	       memcmp(&left->remote, &right->remote, sizeof(left->remote)) == 0;
}

/* The table's rows by what they are: open addressing, at most half full. */
struct place_index {
	const struct row *row;
	uint32_t *slot; /* index in the table + 1; 0: empty */
	size_t mask;
	bool *placed; /* by index of the table */
};

static size_t index_home(const struct place_index *index, const struct row *row)
{
	uint64_t key = row->cookie;
	if (!key)
		key = (uint64_t)row->local_port << 48 ^ (uint64_t)row->remote_port << 32 ^ row->inode ^
		      (uint64_t)row->remote.word[0] << 16;
	return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & index->mask;
}

static void index_add_row(struct place_index *index, size_t number)
{
	size_t at = index_home(index, &index->row[number]);
	while (index->slot[at])
		at = (at + 1) & index->mask;
	index->slot[at] = (uint32_t)number + 1;
}

/* The first that is not placed yet of those that are the row; PLACE_GONE. */
static size_t index_find(const struct place_index *index, const struct row *row)
{
	for (size_t at = index_home(index, row); index->slot[at]; at = (at + 1) & index->mask) {
		size_t number = index->slot[at] - 1;
		if (!index->placed[number] && is_same(&index->row[number], row))
			return number;
	}
	return PLACE_GONE;
}

static char place_mark(const struct row *row, bool is_new)
{
	/* TCP sockets in this state are those that closed between two looks. */
	if (row->proto == PROTO_TCP && row->state == STATE_CLOSE)
		return '-';
	return is_new ? '+' : ' ';
}

static int places_fill(struct places *places, const struct place_index *index, const struct table *table)
{
	size_t kept = 0;
	for (size_t i = 0; i < places->count; i++) {
		struct place place = places->place[i];
		if (place.mark == '-')
			continue;
		place.index = index_find(index, &place.row);
		place.mark = '-';
		if (place.index != PLACE_GONE) {
			index->placed[place.index] = true;
			place.row = table->row[place.index];
			place.mark = place_mark(&place.row, false);
		}
		places->place[kept++] = place;
	}
	places->count = kept;
	for (size_t i = 0; i < table->count; i++) {
		if (index->placed[i])
			continue;
		struct place *place = vec_push(places->place, places->count, places->capacity);
		if (!place)
			return -1;
		place->row = table->row[i];
		place->index = i;
		place->mark = place_mark(&table->row[i], places->looked);
	}
	places->looked = true;
	return 0;
}

int places_update(struct places *places, const struct table *table)
{
	size_t slots = 16;
	while (slots < table->count * 2)
		slots *= 2;
	struct place_index index = {
		.row = table->row,
		.mask = slots - 1,
		.slot = calloc(slots, sizeof(*index.slot)),
		.placed = calloc(table->count + 1, sizeof(bool)),
	};
	int result = -1;
	if (index.slot && index.placed) {
		for (size_t i = 0; i < table->count; i++)
			index_add_row(&index, i);
		result = places_fill(places, &index, table);
	}
	free(index.slot);
	free(index.placed);
	return result;
}

void places_free(struct places *places)
{
	free(places->place);
	*places = (struct places){ 0 };
}
