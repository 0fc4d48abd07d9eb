/* detail.c - columns as name:value text (detail.h). */
#include <sockview/detail.h>

#include <string.h>

#include <sockview/countof.h>
#include <sockview/people.h>

static bool is_left_out(const struct column *column, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NONE:
		return true;
	case VALUE_REAL:
		return !(value->real > 0);
	case VALUE_UINT:
	case VALUE_BOOL:
		return !value->uint && column->group != GROUP_MEMORY;
	default:
		return false;
	}
}

/* Units of time and rate; bytes and segments are left out. */
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
	if (!source->context->exact) {
		char text[PEOPLE_MAX], *end = people_text(text, column, value);
		if (end > text) {
			out_char(out, ':');
			out_bytes(out, text, (size_t)(end - text));
			return 0;
		}
	}
	scratch->len = 0;
	if (value_text(scratch, value, source) < 0)
		return -1;
	out_char(out, ':');
	out_bytes(out, scratch->data, scratch->len);
	if (shows_unit(column))
		out_string(out, column->unit);
	return 0;
}

int detail_out(struct out *out, struct text *scratch, const struct column_list *columns,
               const struct column_source *source)
{
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = columns->column[i];
		struct value value;
		column_get(column, source, &value);
		if (!is_left_out(column, &value) && out_detail(out, scratch, column, &value, source) < 0)
			return -1;
	}
	return 0;
}
