// SPDX-License-Identifier: MIT
/* detail.c - columns as name:value text (detail.h). */
#include <sockview/detail.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/people.h>
#include <sockview/vec.h>

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

int detail_list_make(struct detail_list *list, const struct column_list *columns)
{
	*list = (struct detail_list){ 0 };
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = columns->column[i];
		struct detail *detail = vec_push(list->item, list->count, list->capacity);
		if (!detail)
			return -1;
		*detail = (struct detail){
			.column = column,
			.name_len = strlen(column->name),
			.unit_len = shows_unit(column) ? strlen(column->unit) : 0,
		};
	}
	return 0;
}

void detail_list_free(struct detail_list *list)
{
	free(list->item);
	*list = (struct detail_list){ 0 };
}

/* The usual detail of -n, in one piece. */
static void out_number(struct out *out, const struct detail *detail, uint64_t number)
{
	char *to = out_room(out, detail->name_len + TEXT_U64_MAX + detail->unit_len + 2);
	*to++ = ' ';
	to = mempcpy(to, detail->column->name, detail->name_len);
	*to++ = ':';
	to = text_u64(to, number);
	if (detail->unit_len)
		to = mempcpy(to, detail->column->unit, detail->unit_len);
	out_advance(out, to);
}

static int out_detail(struct out *out, struct text *scratch, const struct detail *detail, const struct value *value,
                      const struct column_source *source)
{
	const struct column *column = detail->column;
	if (value->kind == VALUE_UINT && source->context->exact) {
		out_number(out, detail, value->uint);
		return 0;
	}
	out_char(out, ' ');
	out_bytes(out, column->name, detail->name_len);
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
	out_bytes(out, column->unit ? column->unit : "", detail->unit_len);
	return 0;
}

int detail_out(struct out *out, struct text *scratch, const struct detail_list *details,
               const struct column_source *source)
{
	for (size_t i = 0; i < details->count; i++) {
		const struct detail *detail = &details->item[i];
		struct value value;
		column_get(detail->column, source, &value);
		if (!is_left_out(detail->column, &value) && out_detail(out, scratch, detail, &value, source) < 0)
			return -1;
	}
	return 0;
}
