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
		detail->is_field = column->get == column_get_field;
		const struct column_field *field = &column->field;
		detail->is_plain = !column->words && column->type != COLUMN_BOOL &&
		                   (field->size == sizeof(uint32_t) || field->size == sizeof(uint64_t)) &&
		                   !((field->rule & ~FIELD_NOT_LISTEN) | field->bits | field->scale);
		detail->is_short = detail->name_len + 2 <= sizeof(detail->text);
		memset(detail->text, ' ', sizeof(detail->text));
		if (detail->is_short)
			*(char *)mempcpy(detail->text + 1, column->name, detail->name_len) = ':';
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
	char *to = out_room(out, sizeof(detail->text) + TEXT_U64_MAX + detail->unit_len);
	memcpy(to, detail->text, sizeof(detail->text)); /* of one length: no call */
	to = text_u64(to + detail->name_len + 2, number);
	if (detail->unit_len)
		to = mempcpy(to, detail->column->unit, detail->unit_len);
	out_advance(out, to);
}

static int out_detail(struct out *out, struct text *scratch, const struct detail *detail, const struct value *value,
                      const struct column_source *source)
{
	const struct column *column = detail->column;
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

/* Where the last field lay, which is where the next one lies as a rule. */
struct detail_place {
	struct column_place place;
	int from; /* enum field_from; -1: none yet */
};

/* Most of struct tcp_info. */
static enum value_kind plain_number(const struct column_place *place, const struct column_field *field,
                                    uint64_t *number)
{
	uint32_t four;
	if (!place->data || place->len < (size_t)field->offset + field->size)
		return VALUE_NONE;
	const char *at = (const char *)place->data + field->offset;
	if (field->size == sizeof(*number)) {
		memcpy(number, at, sizeof(*number));
	} else {
		memcpy(&four, at, sizeof(four));
		*number = four;
	}
	return VALUE_UINT;
}

static void detail_value(const struct detail *detail, const struct column_source *source, struct detail_place *last,
                         struct value *value)
{
	const struct column_field *field = &detail->column->field;
	if (!detail->is_field) {
		column_get(detail->column, source, value);
		return;
	}
	if (field->from != last->from)
		column_place(field->from, source, &last->place);
	last->from = field->from;
	value->kind = VALUE_NONE;
	if ((last->place.told & field->told) != field->told)
		return;
	if (detail->is_plain && source->sock->row.state != STATE_LISTEN)
		value->kind = plain_number(&last->place, field, &value->uint);
	else if (column_field_at(field, source, &last->place, &value->uint))
		column_set(detail->column, value->uint, value);
}

int detail_out(struct out *out, struct text *scratch, const struct detail_list *details,
               const struct column_source *source)
{
	struct detail_place last = { .from = -1 };
	for (size_t i = 0; i < details->count; i++) {
		const struct detail *detail = &details->item[i];
		struct value value;
		detail_value(detail, source, &last, &value);
		if (is_left_out(detail->column, &value))
			continue;
		if (value.kind == VALUE_UINT && source->context->exact && detail->is_short)
			out_number(out, detail, value.uint);
		else if (out_detail(out, scratch, detail, &value, source) < 0)
			return -1;
	}
	return 0;
}
