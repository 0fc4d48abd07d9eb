// SPDX-License-Identifier: MIT
/* column_field.c - a number fetched from a row, an owner or a detail (column_field.h). */
#include <sockview/column_field.h>

#include <limits.h>
#include <string.h>

/* Applies the rules, then the bit field and the scale; false if the number is absent by a rule. */
static bool field_adjust(const struct column_field *field, uint64_t *number)
{
	if (field->rule & FIELD_ZERO_ABSENT && !*number)
		return false;
	/* Of that size: all its bits are set. */
	if (field->rule & FIELD_MAX_ABSENT && *number == UINT64_MAX >> (64 - 8 * field->size))
		return false;
	if (field->rule & FIELD_SSTHRESH && *number == 0x7fffffff)
		return false;
	if (field->bits)
		*number = *number >> field->shift & ((1u << field->bits) - 1);
	if (field->scale)
		*number = *number > UINT64_MAX / field->scale ? UINT64_MAX : *number * field->scale;
	return true;
}

static inline bool field_read(const struct column_field *field, const void *data, size_t len, uint64_t *number)
{
	if (!data || len < (size_t)field->offset + field->size)
		return false;
	const uint8_t *at = (const uint8_t *)data + field->offset;
	uint16_t two;
	uint32_t four;
	switch (field->size) {
	case 1:
		*number = *at;
		break;
	case 2:
		memcpy(&two, at, sizeof(two));
		*number = two;
		break;
	case 4:
		memcpy(&four, at, sizeof(four));
		*number = four;
		break;
	default:
		memcpy(number, at, sizeof(*number));
	}
	/* Most fields are the number as it stands. */
	return !(field->rule | field->bits | field->scale) || field_adjust(field, number);
}

bool column_field_read(const struct column_field *field, const void *data, size_t len, uint64_t *number)
{
	return field_read(field, data, len, number);
}

/* Whether the field means anything for this socket. */
static bool field_applies(const struct column_field *field, const struct column_source *source)
{
	enum { OF_STATE = FIELD_NOT_LISTEN | FIELD_NOT_SYN_SENT | FIELD_ONLY_6_18 | FIELD_TIMER_ON };
	if (!(field->rule & OF_STATE))
		return true;
	if (field->rule & FIELD_NOT_LISTEN && source->sock->row.state == STATE_LISTEN)
		return false;
	if (field->rule & FIELD_NOT_SYN_SENT && source->sock->row.state == STATE_SYN_SENT)
		return false;
	if (field->rule & FIELD_ONLY_6_18 && source->context->kernel != KERNEL(6, 18))
		return false;
	return !(field->rule & FIELD_TIMER_ON && source->sock->timer && source->sock->timer->kind == TIMER_OFF);
}

void column_place(enum field_from from, const struct column_source *source, struct column_place *place)
{
	const struct sock *sock = source->sock;
	const struct process *process = source->process;
	const void *data = NULL;
	size_t len;
	unsigned told = UINT_MAX;
	switch (from) {
	case FROM_ROW:
		data = &sock->row;
		len = sizeof(sock->row);
		told = sock->row.flags;
		break;
	case FROM_OWNER:
		data = process ? source->span.first : NULL;
		len = sizeof(*source->span.first);
		break;
	case FROM_PROCESS:
		data = process;
		len = sizeof(*process);
		told = process ? process->has : 0;
		break;
	case FROM_EXTRA:
		data = sock->extra;
		len = sizeof(*sock->extra);
		told = sock->extra ? sock->extra->has : 0;
		break;
	case FROM_TIMER:
		/* Only internet sockets have a timer, though a table keeps one for each row. */
		data = row_is_inet(&sock->row) ? sock->timer : NULL;
		len = sizeof(*sock->timer);
		break;
	case FROM_SKMEM:
		data = sock->skmem;
		len = sock->skmem ? sock->skmem->count * sizeof(uint32_t) : 0;
		break;
	case FROM_UNIX:
		data = sock->unix_;
		len = sizeof(*sock->unix_);
		told = sock->unix_ ? sock->unix_->has : 0;
		break;
	case FROM_DETAIL:
		data = sock->detail;
		len = sizeof(*sock->detail);
		told = sock->detail ? sock->detail->has : 0;
		break;
	default:
		data = sock->blob[from - FROM_BLOB].data;
		len = sock->blob[from - FROM_BLOB].len;
	}
	*place = (struct column_place){ .data = data, .len = len, .told = told };
}

bool column_field_at(const struct column_field *field, const struct column_source *source,
                     const struct column_place *place, uint64_t *number)
{
	if ((place->told & field->told) != field->told || (field->rule && !field_applies(field, source)))
		return false;
	return field_read(field, place->data, place->len, number);
}

bool column_field_number(const struct column_field *field, const struct column_source *source, uint64_t *number)
{
	struct column_place place;
	column_place(field->from, source, &place);
	return column_field_at(field, source, &place, number);
}
