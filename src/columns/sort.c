// SPDX-License-Identifier: MIT
/*
 * sort.c - the order of rows by columns (sort.h).
 *
 * Each row's values are put into bytes whose memcmp() is the order wanted, so
 * that comparing knows nothing of columns and a value is fetched once:
 *
 *   1 value... | 2        there or absent, each key one behind the other
 *
 * Numbers are big-endian; text has 00 as 00 ff and ends in 00 00; all bits but
 * the first byte's are turned round where the order descends.
 */
#include <sockview/sort.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/vec.h>

int sort_list_parse(struct sort_list *list, const char *text, struct error *error)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		bool sign = *text == '-' || *text == '+';
		const struct column *column = column_named(text + sign, len - sign, error);
		if (!column)
			return -1;
		struct sort_key *key = vec_push(list->key, list->count, list->capacity);
		if (!key)
			return error_set(error, ENOMEM, "keep the columns", "");
		*key = (struct sort_key){ column, *text == '-' };
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

void sort_list_free(struct sort_list *list)
{
	free(list->key);
	*list = (struct sort_list){ 0 };
}

void sort_list_needs(const struct sort_list *list, struct column_needs *needs)
{
	for (size_t i = 0; i < list->count; i++)
		column_needs_add(needs, list->key[i].column);
}

/* --- keys --- */

static int key_number(struct text *keys, uint64_t number)
{
	char byte[8];
	for (int i = 0; i < 8; i++)
		byte[i] = (char)(number >> (56 - 8 * i));
	return text_add(keys, byte, sizeof(byte));
}

/* IEEE 754: as integers, positive ones are in order and negative ones in the reverse. */
static int key_real(struct text *keys, double real)
{
	uint64_t bits;
	memcpy(&bits, &real, sizeof(bits));
	return key_number(keys, bits >> 63 ? ~bits : bits | 1ull << 63);
}

static int key_bytes(struct text *keys, const char *data, size_t len)
{
	while (len) {
		size_t plain = strnlen(data, len);
		if (text_add(keys, data, plain) < 0)
			return -1;
		if (plain == len)
			break;
		if (text_add(keys, "\0\xff", 2) < 0)
			return -1;
		data += plain + 1;
		len -= plain + 1;
	}
	return text_add(keys, "\0\0", 2);
}

static int key_addr(struct text *keys, const struct value *value)
{
	char byte[19] = { 0 };
	bool v4 = value->addr.family == AF_INET || value->addr.mapped;
	byte[0] = v4 ? 4 : 6;
	if (value->addr.family == AF_INET)
		memcpy(byte + 1, value->addr.addr->byte, 4);
	else if (v4)
		memcpy(byte + 1, value->addr.addr->byte + 12, 4);
	else
		memcpy(byte + 1, value->addr.addr->byte, 16);
	byte[17] = (char)(value->addr.port >> 8);
	byte[18] = (char)value->addr.port;
	return text_add(keys, byte, value->kind == VALUE_ENDPOINT ? 19 : 17);
}

static int key_text(struct text *keys, const struct value *value, const struct column_source *source)
{
	struct text text = { 0 };
	int result = value_text(&text, value, source) < 0 ? -1 : key_bytes(keys, text.data, text.len);
	text_free(&text);
	return result;
}

static int key_value(struct text *keys, const struct value *value, const struct column_source *source)
{
	char word[VALUE_SHORT_MAX];
	switch (value->kind) {
	case VALUE_REAL:
		return key_real(keys, value->real);
	case VALUE_TIME:
		return key_number(keys, (uint64_t)value->time ^ 1ull << 63);
	case VALUE_WORD:
		return key_bytes(keys, value->word, strlen(value->word));
	case VALUE_UNKNOWN_WORD:
		return key_bytes(keys, word, (size_t)(value_short_text(word, value) - word));
	case VALUE_BYTES:
	case VALUE_ARGS:
	case VALUE_PRINTABLE:
		return key_bytes(keys, value->bytes.data, value->bytes.len);
	case VALUE_ADDR:
	case VALUE_ENDPOINT:
		return key_addr(keys, value);
	case VALUE_DETAIL:
		return key_text(keys, value, source);
	case VALUE_OWNERS:
		return key_number(keys, source->process ? (uint64_t)source->process->pid : 0);
	case VALUE_CANDIDATES:
		return key_number(keys, (uint64_t)source->context->owners->process[value->process].pid);
	case VALUE_PARENTS:
		return key_number(keys, source->process ? (uint64_t)source->process->ppid : 0);
	default:
		return key_number(keys, value->uint);
	}
}

int sort_value_add(struct text *keys, const struct value *value, const struct column_source *source)
{
	char presence = value->kind == VALUE_NONE ? 2 : 1;
	if (text_add(keys, &presence, 1) < 0)
		return -1;
	return value->kind == VALUE_NONE ? 0 : key_value(keys, value, source);
}

int sort_key_add(struct text *keys, const struct sort_key *key, const struct column_source *source)
{
	struct value value;
	column_get(key->column, source, &value);
	size_t start = keys->len + 1;
	if (sort_value_add(keys, &value, source) < 0)
		return -1;
	for (size_t i = start; key->descending && i < keys->len; i++)
		keys->data[i] = (char)~keys->data[i];
	return 0;
}

struct sorting {
	const struct table *table;
	struct text keys;
	size_t *start; /* of each row's keys, and the end of the last */
	uint32_t *order;
};

static int sorting_keys(struct sorting *sorting, const struct table *table, const struct sort_list *list,
                        const struct column_context *context)
{
	for (size_t i = 0; i < table->count; i++) {
		struct sock sock;
		struct column_source source;
		table_get(table, i, &sock);
		column_source_set(&source, context, &sock);
		sorting->start[i] = sorting->keys.len;
		for (size_t k = 0; k < list->count; k++)
			if (sort_key_add(&sorting->keys, &list->key[k], &source) < 0)
				return -1;
	}
	sorting->start[table->count] = sorting->keys.len;
	return 0;
}

/* Equal keys: the order of protocols and families; then the row's index, as qsort need not be stable. */
static int sort_compare(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	size_t llen = sorting->start[left + 1] - sorting->start[left];
	size_t rlen = sorting->start[right + 1] - sorting->start[right];
	int result = memcmp(sorting->keys.data + sorting->start[left], sorting->keys.data + sorting->start[right],
	                    llen < rlen ? llen : rlen);
	if (result)
		return result;
	unsigned lorder = row_order(&sorting->table->row[left]), rorder = row_order(&sorting->table->row[right]);
	if (lorder != rorder)
		return lorder < rorder ? -1 : 1;
	return left < right ? -1 : left > right;
}

uint32_t *sort_order(const struct table *table, const struct sort_list *list, const struct column_context *context)
{
	struct sorting sorting = { .table = table };
	if (table->count >= UINT32_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	sorting.order = calloc(table->count + 1, sizeof(*sorting.order));
	sorting.start = calloc(table->count + 1, sizeof(*sorting.start));
	if (!sorting.order || !sorting.start || sorting_keys(&sorting, table, list, context) < 0) {
		free(sorting.order);
		sorting.order = NULL;
	} else {
		for (uint32_t i = 0; i < table->count; i++)
			sorting.order[i] = i;
		/* Without keys they stay as they are. */
		if (list->count)
			qsort_r(sorting.order, table->count, sizeof(*sorting.order), sort_compare, &sorting);
	}
	free(sorting.start);
	text_free(&sorting.keys);
	return sorting.order;
}
