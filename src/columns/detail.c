/* detail.c - the columns of a group as name:value text (detail.h). */
#include <sockview/detail.h>

#include <string.h>

#include <sockview/countof.h>

static bool is_nothing(const struct column *column, const struct value *value)
{
	bool number = value->kind == VALUE_UINT || value->kind == VALUE_BOOL;
	if (value->kind == VALUE_NONE)
		return true;
	if (value->kind == VALUE_REAL)
		return !(value->real > 0) && column->group == GROUP_INFO;
	return number && !value->uint && column->group != GROUP_MEMORY;
}

/* Bytes and segments go without saying. */
static bool shows_unit(const struct column *column)
{
	static const char *const shown[] = { "us", "ms", "s", "bit/s" };
	for (size_t i = 0; column->unit && i < countof(shown); i++)
		if (strcmp(column->unit, shown[i]) == 0)
			return true;
	return false;
}

static int out_detail(struct out *out, struct text *scratch, const struct column *column, const struct value *value,
                      const struct column_source *source)
{
	out_char(out, ' ');
	out_string(out, column->name);
	if (value->kind == VALUE_BOOL)
		return 0;
	scratch->len = 0;
	if (value_text(scratch, value, source) < 0)
		return -1;
	out_char(out, ':');
	out_bytes(out, scratch->data, scratch->len);
	if (shows_unit(column))
		out_string(out, column->unit);
	return 0;
}

int detail_out(struct out *out, struct text *scratch, enum column_group group, const struct column_source *source)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++) {
		struct value value;
		if (column->group != group)
			continue;
		column_get(column, source, &value);
		if (!is_nothing(column, &value) && out_detail(out, scratch, column, &value, source) < 0)
			return -1;
	}
	return 0;
}
