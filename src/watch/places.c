/* places.c - rows that keep their place (sockview/places.h). */
#include <sockview/places.h>

#include <string.h>

#include <sockview/vec.h>

static int compare_rows(const struct row *left, const struct row *right)
{
	if (left->cookie != right->cookie)
		return left->cookie < right->cookie ? -1 : 1;
	if (left->cookie)
		return 0;
	/* Without a cookie (/proc/net): by what it is. */
	if (left->local_port != right->local_port)
		return left->local_port < right->local_port ? -1 : 1;
	if (left->remote_port != right->remote_port)
		return left->remote_port < right->remote_port ? -1 : 1;
	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	if (left->proto != right->proto)
		return left->proto < right->proto ? -1 : 1;
	int order = memcmp(&left->local, &right->local, sizeof(left->local));
	return order ? order : memcmp(&left->remote, &right->remote, sizeof(left->remote));
}

static int by_row(const void *a, const void *b, void *table)
{
	const struct row *row = ((const struct table *)table)->row;
	return compare_rows(&row[*(const size_t *)a], &row[*(const size_t *)b]);
}

struct place_index {
	const struct row *row;
	size_t *order, count;
	bool *placed; /* by index of the table */
};

/* The first that is not placed yet of those that are the row; PLACE_GONE. */
static size_t index_find(const struct place_index *index, const struct row *row)
{
	size_t low = 0, high = index->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_rows(&index->row[index->order[middle]], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->count && compare_rows(&index->row[index->order[low]], row) == 0; low++)
		if (!index->placed[index->order[low]])
			return index->order[low];
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
		*place = (struct place){ table->row[i], i, place_mark(&table->row[i], places->looked) };
	}
	places->looked = true;
	return 0;
}

int places_update(struct places *places, const struct table *table)
{
	struct place_index index = {
		.row = table->row,
		.count = table->count,
		.order = calloc(table->count + 1, sizeof(size_t)),
		.placed = calloc(table->count + 1, sizeof(bool)),
	};
	int result = -1;
	if (index.order && index.placed) {
		for (size_t i = 0; i < table->count; i++)
			index.order[i] = i;
		qsort_r(index.order, index.count, sizeof(*index.order), by_row, (void *)(uintptr_t)table);
		result = places_fill(places, &index, table);
	}
	free(index.order);
	free(index.placed);
	return result;
}

void places_free(struct places *places)
{
	free(places->place);
	*places = (struct places){ 0 };
}
