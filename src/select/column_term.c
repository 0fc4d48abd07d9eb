// SPDX-License-Identifier: MIT
/* column_term.c - a column's value against what a filter compares it with (column_term.h). */
#include "select/column_term.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/glob.h>
#include <sockview/proto.h>

/* Both ends included. A long double holds every uint64_t on the machines that have 64 bits. */
struct column_span {
	long double low, high;
};

enum { SPANS_MAX = 256 };

/* --- units --- */

struct unit {
	const char *name;
	long double factor;
};

static const struct unit time_units[] = {
	{ "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "m", 60e6 }, { "h", 3600e6 },
};
static const struct unit count_units[] = {
	{ "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "Ki", 1 << 10 }, { "Mi", 1 << 20 }, { "Gi", 1 << 30 },
};

/* 0: the name is no unit of time. */
static long double time_factor(const char *name, size_t len)
{
	for (size_t i = 0; i < countof(time_units); i++)
		if (strlen(time_units[i].name) == len && memcmp(time_units[i].name, name, len) == 0)
			return time_units[i].factor;
	return 0;
}

/* The microseconds in the column's unit; 0: it is no time. */
static long double column_time(const struct column *column)
{
	return column->unit ? time_factor(column->unit, strlen(column->unit)) : 0;
}

/* What the suffix multiplies by; 0: there is no such unit of this column. */
static long double suffix_factor(const struct column *column, struct piece suffix)
{
	long double own = column_time(column);
	if (own > 0)
		return suffix.len ? time_factor(suffix.text, suffix.len) / own : 1;
	/* 4.2Gbit/s and 128KiB, as numbers for people are written. */
	if (column->unit && strcmp(column->unit, "bit/s") == 0 && suffix.len >= 5 &&
	    memcmp(suffix.text + suffix.len - 5, "bit/s", 5) == 0)
		suffix.len -= 5;
	if (column->unit && strcmp(column->unit, "bytes") == 0 && suffix.len && suffix.text[suffix.len - 1] == 'B')
		suffix.len--;
	if (!suffix.len)
		return 1;
	if (suffix.len == 2 && memcmp(suffix.text, "Ki", 2) == 0)
		return 1024;
	for (size_t i = 0; i < countof(count_units); i++)
		if (piece_is(suffix, count_units[i].name))
			return count_units[i].factor;
	return 0;
}

/* --- reading --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* DIGITS[.DIGITS][UNIT], or hexadecimal. */
static bool number_read(const struct column *column, struct piece item, long double *number)
{
	uint64_t whole;
	long double digits = 0, scale = 1;
	size_t at = 0;
	if (piece_number(item, UINT64_MAX, &whole)) {
		*number = (long double)whole;
		return true;
	}
	for (; at < item.len && is_digit(item.text[at]); at++)
		digits = digits * 10 + (item.text[at] - '0');
	if (!at || at > 19)
		return false;
	if (at + 1 < item.len && item.text[at] == '.' && is_digit(item.text[at + 1]))
		for (at++; at < item.len && is_digit(item.text[at]) && scale < 1e15L; at++) {
			digits = digits * 10 + (item.text[at] - '0');
			scale *= 10;
		}
	long double factor = suffix_factor(column, piece_from(item, at));
	/* A number with an even share of the unit stays exact: 1.5ms is 15 * 1000 / 10. */
	*number = digits * factor / scale;
	if (column->type == COLUMN_REAL)
		*number = (double)*number;
	return factor != 0;
}

/* 2026-11-20T16:00:45Z, 2026-11-20T17:00:45.5+01:00: RFC 3339, section 5.6. */
static bool moment_read(struct piece item, long double *number)
{
	static const char shape[] = "dddd-dd-dd dd:dd:dd";
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	enum { SHAPE = sizeof(shape) - 1 };
	const char *text = item.text;
	long double share = 0, scale = 1;
	size_t at = SHAPE;
	if (item.len < SHAPE + 1)
		return false;
	for (size_t i = 0; i < SHAPE; i++)
		if (shape[i] == 'd' ? !is_digit(text[i])
		                    : shape[i] != text[i] && !(i == 10 && (text[i] == 'T' || text[i] == 't')))
			return false;
#define TWO(place) ((text[place] - '0') * 10 + text[(place) + 1] - '0')
	struct tm tm = { .tm_year = TWO(0) * 100 + TWO(2) - 1900,
		         .tm_mon = TWO(5) - 1,
		         .tm_mday = TWO(8),
		         .tm_hour = TWO(11),
		         .tm_min = TWO(14),
		         .tm_sec = TWO(17) };
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > days[tm.tm_mon] || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	if (text[at] == '.')
		for (at++; at < item.len && is_digit(text[at]) && scale < 1e9L; at++) {
			scale *= 10;
			share += (text[at] - '0') / scale;
		}
	*number = (long double)timegm(&tm) + share;
	if (at + 1 == item.len && (text[at] == 'Z' || text[at] == 'z'))
		return true;
	if (at + 6 != item.len || (text[at] != '+' && text[at] != '-') || !is_digit(text[at + 1]) ||
	    !is_digit(text[at + 2]) || text[at + 3] != ':' || !is_digit(text[at + 4]) || !is_digit(text[at + 5]))
		return false;
	long double offset = TWO(at + 1) * 3600 + TWO(at + 4) * 60;
#undef TWO
	*number += text[at] == '-' ? offset : -offset;
	return true;
}

static bool truth_read(struct piece item, long double *number)
{
	static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };
	for (size_t i = 0; i < countof(words); i++)
		if (text_is_name(words[i], item.text, item.len)) {
			*number = i % 2;
			return true;
		}
	return false;
}

static bool operand_read(const struct column *column, struct piece item, long double *number)
{
	if (column->type == COLUMN_BOOL)
		return truth_read(item, number);
	return column->type == COLUMN_TIME ? moment_read(item, number) : number_read(column, item, number);
}

static uint32_t operand_fail(struct reading *reading, const struct column *column, struct piece item)
{
	char expected[sizeof(reading->error->expected)];
	const char *what = "a number, also with k M G (1000s) or Ki Mi Gi (1024s)";
	if (column->type == COLUMN_BOOL)
		what = "true or false";
	else if (column->type == COLUMN_TIME)
		what = "a time as in 2026-11-20T16:00:45Z";
	else if (column_time(column) > 0)
		what = "a number, also with us ms s m (minutes) h";
	snprintf(expected, sizeof(expected), "%s%s%s, or a column of such", what,
	         column->unit ? "; without one it is in " : "", column->unit ? column->unit : "");
	return reading_fail(reading, item.at, expected, "bad value \"%.*s\" of %s", PIECE_ARGS(item), column->name);
}

/* N or LOW-HIGH. */
static bool span_of(const struct column *column, struct piece item, struct column_span *span)
{
	if (operand_read(column, item, &span->low)) {
		span->high = span->low;
		return true;
	}
	const char *dash =
		column->type == COLUMN_NUMBER || column->type == COLUMN_REAL ? memchr(item.text, '-', item.len) : NULL;
	if (!dash)
		return false;
	size_t len = (size_t)(dash - item.text);
	return number_read(column, (struct piece){ item.text, len, item.at }, &span->low) &&
	       number_read(column, piece_from(item, len + 1), &span->high) && span->low <= span->high;
}

static uint32_t numbers_read(struct reading *reading, const struct column *column, struct expr_node *node,
                             struct piece value)
{
	struct column_span spans[SPANS_MAX];
	struct piece item, whole = value;
	size_t count = 0;
	while (piece_split(&value, ',', &item)) {
		if (count == SPANS_MAX)
			return reading_fail(reading, item.at, "fewer", "more than %d numbers in a list", SPANS_MAX);
		if (!span_of(column, item, &spans[count++]))
			return operand_fail(reading, column, item);
	}
	if (node->end > COMPARE_NE && (count > 1 || spans[0].low != spans[0].high))
		return reading_fail(reading, whole.at, "one number", "found several numbers to compare with");
	node->prefix_len = OPERAND_NUMBERS;
	if (expr_keep_text(reading->expr, (const char *)spans, count * sizeof(*spans), &node->text) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, node);
}

bool column_number(struct piece name, uint32_t *number)
{
	const struct column *column = column_find(name.text, name.len);
	if (!column)
		return false;
	for (*number = 0; column_at(*number) != column;)
		++*number;
	return true;
}

/* Numbers are compared with numbers, of time with those of time. */
static bool columns_compare(const struct column *left, const struct column *right)
{
	bool numbers = left->type == COLUMN_NUMBER || left->type == COLUMN_REAL;
	if (!numbers)
		return left->type == right->type && (left->type == COLUMN_BOOL || left->type == COLUMN_TIME);
	return (right->type == COLUMN_NUMBER || right->type == COLUMN_REAL) &&
	       (column_time(left) != 0) == (column_time(right) != 0);
}

bool column_right_of(const struct column *column, struct piece value, uint32_t *number)
{
	return column_number(value, number) && columns_compare(column, column_at(*number));
}

static bool is_text(const struct column *column)
{
	return column->type == COLUMN_TEXT || column->type == COLUMN_LIST;
}

/* The patterns, a NUL behind each. */
static uint32_t globs_keep(struct reading *reading, struct expr_node *node, struct piece value, bool quoted)
{
	struct text globs = { 0 };
	struct piece item = value, rest = value;
	uint32_t result = 0;
	node->prefix_len = OPERAND_GLOBS;
	while (result == 0 && (quoted ? rest.text != NULL : piece_split(&rest, ',', &item))) {
		if (quoted)
			rest.text = NULL;
		if (!item.len && !quoted)
			result = reading_fail(reading, item.at, "text; * and ? stand for any part of it",
			                      "a name is missing");
		else if (text_add(&globs, item.text, item.len) < 0 || text_add_char(&globs, '\0') < 0)
			result = reading_no_memory(reading);
	}
	if (result == 0 && expr_keep_text(reading->expr, globs.data, globs.len, &node->text) < 0)
		result = reading_no_memory(reading);
	text_free(&globs);
	return result == 0 ? reading_add(reading, node) : result;
}

static bool globs_fit(const struct expr *expr, const struct expr_node *node, const char *text, size_t len,
                      bool any_case)
{
	const char *at = expr->text + node->text.first, *end = at + node->text.count;
	for (size_t size; at < end; at += size + 1) {
		size = strlen(at);
		if (glob_match(at, size, text, len, any_case))
			return true;
	}
	return false;
}

/* --- what the kernel, or the kind of socket alone, can judge --- */

/* A protocol whose word is another over IPv6, of the one family that fits; EXPR_FAILED: both do, or none. */
static uint32_t half_read(struct reading *reading, const struct expr_node *term, enum proto proto)
{
	struct expr_node protos = { .kind = EXPR_PROTO, .mask = PROTO_BIT(proto) }, family = { .kind = EXPR_FAMILY };
	const char *four = proto_word(proto, AF_INET), *six = proto_word(proto, AF_INET6);
	bool fits_six = globs_fit(reading->expr, term, six, strlen(six), true);
	if (globs_fit(reading->expr, term, four, strlen(four), true) == fits_six)
		return EXPR_FAILED;
	family.family = fits_six ? AF_INET6 : AF_INET;
	return expr_and(reading->expr, reading_add(reading, &protos), reading_add(reading, &family));
}

/* Of `proto` and `family` the value is known of every kind of socket: protocols and families themselves. */
static uint32_t kind_read(struct reading *reading, const struct expr_node *term, bool family)
{
	struct expr_list list = { .kind = EXPR_OR };
	struct expr_node protos = { .kind = EXPR_PROTO };
	FOR_EACH_PROTO (proto, family ? PROTO_ALL & ~PROTO_INET_ALL : PROTO_ALL) {
		const char *name = family ? proto_family_name(proto, AF_UNSPEC) : proto_name(proto);
		uint32_t half = family ? EXPR_FAILED : half_read(reading, term, proto);
		if (half != EXPR_FAILED) {
			expr_list_add(reading->expr, &list, half);
			continue;
		}
		if (globs_fit(reading->expr, term, name, strlen(name), true))
			protos.mask |= PROTO_BIT(proto);
	}
	if (protos.mask)
		expr_list_add(reading->expr, &list, reading_add(reading, &protos));
	static const int families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < countof(families) && family; i++) {
		const char *name = proto_family_name(PROTO_TCP, families[i]);
		struct expr_node node = { .kind = EXPR_FAMILY, .family = (uint8_t)families[i] };
		if (globs_fit(reading->expr, term, name, strlen(name), true))
			expr_list_add(reading->expr, &list, reading_add(reading, &node));
	}
	uint32_t node = reading_keep(reading, expr_list_close(reading->expr, &list));
	return reading_negate(reading, term->end == COMPARE_NE, node);
}

/* The ports that can fit, for the kernel to look for; EXPR_ALL where that is not said in ports. */
static uint32_t ports_hint(struct reading *reading, const struct expr_node *term, enum expr_end end)
{
	/* For filter_is_bounded() the column's own node counts, not this hint. */
	struct expr_node node = { .kind = EXPR_HOST, .end = (uint8_t)end, .mask = EXPR_HOST_ORDER };
	struct column_span span;
	if (term->prefix_len != OPERAND_NUMBERS || term->text.count != sizeof(span) || term->end == COMPARE_NE)
		return 0;
	memcpy(&span, reading->expr->text + term->text.first, sizeof(span));
	/* Ports are whole numbers: the nearest below and above do no harm. */
	struct expr_range range = { 0, 65535 };
	if (term->end == COMPARE_EQ || term->end == COMPARE_GT || term->end == COMPARE_GE)
		range.low = span.low > 65535 ? 65535 : (uint32_t)span.low;
	if (term->end == COMPARE_EQ || term->end == COMPARE_LT || term->end == COMPARE_LE)
		range.high = span.high > 65534 ? 65535 : (uint32_t)span.high + 1;
	if (term->end == COMPARE_EQ && span.high <= 65535 && span.high == (uint32_t)span.high)
		range.high = (uint32_t)span.high;
	if (expr_keep_ranges(reading->expr, &range, 1, &node.ranges) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, &node);
}

/* An address or a prefix in place of a pattern, as src and dst take them; absent values stay so. */
static uint32_t column_address(struct reading *reading, struct expr_node *term, struct piece value, enum expr_end end)
{
	struct expr_list list = { .kind = EXPR_AND };
	uint32_t host = host_read(reading, value, end);
	if (host == EXPR_FAILED)
		return host;
	if (term->end == COMPARE_NE)
		host = expr_not(reading->expr, host);
	term->end = COMPARE_EQ;
	expr_list_add(reading->expr, &list, host);
	expr_list_add(reading->expr, &list, globs_keep(reading, term, (struct piece){ "*", 1, value.at }, true));
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

static bool is_address(struct piece value)
{
	return piece_is_ipv6(value) ||
	       (piece_consists_of(value, "0123456789./:abcdefABCDEF") && memchr(value.text, '/', value.len)) ||
	       (piece_consists_of(value, "0123456789.") && memchr(value.text, '.', value.len));
}

static uint32_t text_read(struct reading *reading, const struct column *column, struct expr_node *node,
                          struct piece value, bool quoted)
{
	if (node->end > COMPARE_NE)
		return reading_fail(reading, value.at, "= or !=: it is text", "%s has no order", column->name);
	if ((strcmp(column->name, "local_address") == 0 || strcmp(column->name, "remote_address") == 0) && !quoted &&
	    is_address(value))
		return column_address(reading, node, value, column->remote ? EXPR_REMOTE : EXPR_LOCAL);
	uint32_t term = globs_keep(reading, node, value, quoted);
	bool family = strcmp(column->name, "family") == 0;
	if (term == EXPR_FAILED || !(family || strcmp(column->name, "proto") == 0))
		return term;
	struct expr_node kept = reading->expr->node[term];
	return kind_read(reading, &kept, family);
}

uint32_t column_read(struct reading *reading, uint32_t number, enum compare compare, struct piece value, bool quoted)
{
	const struct column *column = column_at(number);
	struct expr_node node = { .kind = EXPR_COLUMN, .value = number, .end = (uint8_t)compare };
	if (is_text(column))
		return text_read(reading, column, &node, value, quoted);
	if (!quoted && column_right_of(column, value, &node.mask)) {
		node.prefix_len = OPERAND_COLUMN;
		return reading_add(reading, &node);
	}
	uint32_t term = numbers_read(reading, column, &node, value);
	bool local = strcmp(column->name, "local_port") == 0;
	if (term == EXPR_FAILED || !(local || strcmp(column->name, "remote_port") == 0))
		return term;
	struct expr_node kept = reading->expr->node[term];
	return reading_keep(
		reading, expr_and(reading->expr, ports_hint(reading, &kept, local ? EXPR_LOCAL : EXPR_REMOTE), term));
}

/* --- judging --- */

bool column_asks_owners(const struct column *column)
{
	return column->need & NEED_OWNERS || column->group == GROUP_OWNER;
}

static bool is_of_owner(const struct column *column)
{
	return column_asks_owners(column) && !column->all_owners;
}

bool column_term_is_of_owner(const struct expr_node *node)
{
	return is_of_owner(column_at(node->value)) ||
	       (node->prefix_len == OPERAND_COLUMN && is_of_owner(column_at(node->mask)));
}

static bool column_waits(const struct column *column, const struct row *row)
{
	if (column->need & (NEED_HOSTS | NEED_CONTAINERS))
		return true;
	/* No process has a file of a socket without an inode. */
	return column_asks_owners(column) && (row->inode || column->all_owners);
}

bool column_term_waits(const struct expr_node *node, const struct row *row)
{
	return column_waits(column_at(node->value), row) ||
	       (node->prefix_len == OPERAND_COLUMN && column_waits(column_at(node->mask), row));
}

/* False if it is absent. */
static bool number_of(const struct column *column, const struct column_source *source, long double *number)
{
	struct value value;
	column_get(column, source, &value);
	switch (value.kind) {
	case VALUE_BOOL:
	case VALUE_UINT:
		*number = (long double)value.uint;
		return true;
	case VALUE_REAL:
		/* As it is printed: text_real(). */
		*number = (double)(uint64_t)(value.real * 1e6 + 0.5) / 1e6;
		return true;
	case VALUE_TIME:
		*number = (long double)value.time;
		return true;
	default:
		return false;
	}
}

static bool compares(enum compare compare, long double left, long double right)
{
	switch (compare) {
	case COMPARE_EQ:
		return left == right;
	case COMPARE_NE:
		return left != right;
	case COMPARE_LT:
		return left < right;
	case COMPARE_LE:
		return left <= right;
	case COMPARE_GT:
		return left > right;
	default:
		return left >= right;
	}
}

static bool numbers_fit(const struct expr *expr, const struct expr_node *node, long double number)
{
	struct column_span span;
	const char *at = expr->text + node->text.first, *end = at + node->text.count;
	bool among = false;
	for (; at < end; at += sizeof(span)) {
		memcpy(&span, at, sizeof(span));
		if (node->end > COMPARE_NE)
			return compares(node->end, number, span.low);
		among |= number >= span.low && number <= span.high;
	}
	return among == (node->end == COMPARE_EQ);
}

long double column_term_count(const struct expr *expr, const struct expr_node *node)
{
	struct column_span span;
	long double count = 0;
	for (uint32_t at = 0; at < node->text.count; at += (uint32_t)sizeof(span)) {
		memcpy(&span, expr->text + node->text.first + at, sizeof(span));
		count += span.high - span.low + 1;
	}
	return count;
}

static bool fits_column(const struct expr_node *node, const struct column_source *source, long double left)
{
	const struct column *other = column_at(node->mask);
	long double right, own = column_time(column_at(node->value)), its = column_time(other);
	if (!number_of(other, source, &right))
		return false;
	return compares(node->end, own > 0 ? left * own : left, its > 0 ? right * its : right);
}

static bool text_fits(const struct expr *expr, const struct expr_node *node, const char *text, size_t len,
                      bool any_case)
{
	return globs_fit(expr, node, text, len, any_case) == (node->end == COMPARE_EQ);
}

/* A text from outside as it is, with the @ of an abstract name for its NUL; any other as it is printed. */
static bool fits_text(const struct expr *expr, const struct expr_node *node, const struct column_source *source)
{
	struct value value;
	struct text text = { 0 };
	char name[256];
	column_get(column_at(node->value), source, &value);
	if (value.kind == VALUE_NONE)
		return false;
	if (value.kind == VALUE_WORD)
		return text_fits(expr, node, value.word, strlen(value.word), true);
	if (value.kind == VALUE_BYTES) {
		const char *bytes = value.bytes.data;
		if (value.bytes.len && value.bytes.len <= sizeof(name) && !*bytes) {
			memcpy(name, bytes, value.bytes.len);
			*name = '@';
			bytes = name;
		}
		return text_fits(expr, node, bytes, value.bytes.len, false);
	}
	bool fits = value_text(&text, &value, source) == 0 &&
	            text_fits(expr, node, text.data ? text.data : "", text.len, false);
	text_free(&text);
	return fits;
}

bool column_term_fits(const struct expr *expr, const struct expr_node *node, const struct column_source *one,
                      const struct column_source *all)
{
	const struct column *column = column_at(node->value);
	const struct column_source *source = column->all_owners ? all : one;
	long double number;
	if (node->prefix_len == OPERAND_GLOBS)
		return fits_text(expr, node, source);
	if (!number_of(column, source, &number))
		return false;
	if (node->prefix_len == OPERAND_NUMBERS)
		return numbers_fit(expr, node, number);
	return fits_column(node, column_at(node->mask)->all_owners ? all : one, number);
}
