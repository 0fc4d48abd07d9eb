/* columns.h - the parts of the column table, joined in column.c; private to the core. */
#ifndef SOCKVIEW_COLUMNS_H
#define SOCKVIEW_COLUMNS_H

#include <sockview/column.h>

struct columns {
	const struct column *column;
	const size_t *count;
};

extern const struct column columns_socket[], columns_owner[], columns_extra[], columns_info[], columns_ulp[];
extern const size_t columns_socket_count, columns_owner_count, columns_extra_count, columns_info_count,
	columns_ulp_count;

static inline void value_set_uint(struct value *value, uint64_t number)
{
	value->kind = VALUE_UINT;
	value->uint = number;
}

static inline void value_set_bool(struct value *value, bool yes)
{
	value->kind = VALUE_BOOL;
	value->uint = yes;
}

/* NULL or "": absent. */
static inline void value_set_word(struct value *value, const char *word)
{
	value->kind = word && *word ? VALUE_WORD : VALUE_NONE;
	value->word = word;
}

static inline void value_set_bytes(struct value *value, struct bytes bytes)
{
	value->kind = bytes.data ? VALUE_BYTES : VALUE_NONE;
	value->bytes = bytes;
}

/*
 * Fetches the number; false if `len` bytes do not hold it, or if the field's
 * rule says that what they hold is no number.
 */
bool column_field_read(const struct column_field *field, const void *data, size_t len, uint64_t *number);

/* A number in one of the blobs; a get(). */
void column_get_blob(const struct column *column, const struct column_source *source, struct value *value);

#endif
