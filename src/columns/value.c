/* value.c - values as printable text (column.h). */
#include <sockview/column.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/text.h>
#include <sockview/vec.h>

static char *word_text(char *to, const char *word)
{
	return stpcpy(to, word);
}

static char *padded(char *to, uint64_t number, unsigned digits)
{
	for (unsigned i = digits; i--; number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + digits;
}

/*
 * Six digits behind the point, trailing zeros dropped. What a column gives are
 * shares and gains, far from the ends of the range.
 */
static char *real_text(char *to, double real)
{
	if (real < 0) {
		*to++ = '-';
		real = -real;
	}
	if (!(real < 1e12))
		real = 1e12;
	uint64_t millionths = (uint64_t)(real * 1e6 + 0.5);
	to = text_u64(to, millionths / 1000000);
	*to++ = '.';
	char *first = to;
	to = padded(to, millionths % 1000000, 6);
	while (to > first + 1 && to[-1] == '0')
		to--;
	return to;
}

/* Howard Hinnant's days-to-civil: years begin in March, eras have 400 of them. */
static char *date_text(char *to, int64_t days)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day = days - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	int64_t of_month = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	to = padded(to, (uint64_t)(year + era * 400 + (month <= 2)), 4);
	*to++ = '-';
	to = padded(to, (uint64_t)month, 2);
	*to++ = '-';
	return padded(to, (uint64_t)of_month, 2);
}

char *text_time(char *to, int64_t time)
{
	int64_t days = time / 86400, second = time % 86400;
	if (second < 0) {
		second += 86400;
		days--;
	}
	to = date_text(to, days);
	*to++ = 'T';
	to = padded(to, (uint64_t)second / 3600, 2);
	*to++ = ':';
	to = padded(to, (uint64_t)second / 60 % 60, 2);
	*to++ = ':';
	to = padded(to, (uint64_t)second % 60, 2);
	*to++ = 'Z';
	return to;
}

char *value_short_text(char *to, const struct value *value)
{
	switch (value->kind) {
	case VALUE_BOOL:
		return word_text(to, value->uint ? "true" : "false");
	case VALUE_UINT:
		return text_u64(to, value->uint);
	case VALUE_REAL:
		return real_text(to, value->real);
	case VALUE_TIME:
		return text_time(to, value->time);
	case VALUE_WORD:
		return word_text(to, value->word);
	case VALUE_ADDR:
		return addr_text(to, value->addr.addr, value->addr.family, value->addr.mapped);
	default:
		return to;
	}
}

static int add_char(struct text *text, char c)
{
	return text_add(text, &c, 1);
}

static int add_u64(struct text *text, uint64_t number)
{
	char *to = text_room(text, TEXT_U64_MAX);
	if (!to)
		return -1;
	text_advance(text, text_u64(to, number));
	return 0;
}

/* --- the other kinds --- */

/* A blank between arguments, those inside them escaped: whoever splits at blanks has them back. */
static int add_args(struct text *text, struct bytes args)
{
	const char *at = args.data;
	size_t left = args.len;
	while (left && !at[left - 1])
		left--;
	for (;;) {
		size_t len = strnlen(at, left);
		if (text_add_escaped(text, (struct bytes){ at, len }, TEXT_WORD) < 0)
			return -1;
		if (len == left)
			return 0;
		if (add_char(text, ' ') < 0)
			return -1;
		at += len + 1;
		left -= len + 1;
	}
}

static int add_address(struct text *text, const struct value *value)
{
	char *to = text_room(text, ADDR_TEXT_MAX + 2);
	if (!to)
		return -1;
	bool brackets = value->addr.family == AF_INET6 && !value->addr.mapped;
	if (brackets)
		*to++ = '[';
	to = addr_text(to, value->addr.addr, value->addr.family, value->addr.mapped);
	if (brackets)
		*to++ = ']';
	text_advance(text, to);
	return 0;
}

static int add_host(struct text *text, const struct value *value, const struct column_context *context)
{
	const char *host = NULL;
	if (context->resolve && !context->numeric_hosts)
		host = names_host(context->names, value->addr.family, value->addr.addr);
	if (!host)
		return add_address(text, value);
	return text_add_escaped(text, (struct bytes){ host, strlen(host) }, TEXT_WORD);
}

static int add_port(struct text *text, const struct value *value, const struct column_context *context)
{
	if (!value->addr.port)
		return add_char(text, '*');
	const char *service = NULL;
	if (!context->numeric_ports)
		service = names_service(context->names, value->addr.proto, value->addr.port);
	if (!service)
		return add_u64(text, value->addr.port);
	return text_add_escaped(text, (struct bytes){ service, strlen(service) }, TEXT_WORD);
}

static int add_endpoint(struct text *text, const struct value *value, const struct column_context *context)
{
	if (add_host(text, value, context) < 0 || add_char(text, ':') < 0)
		return -1;
	return add_port(text, value, context);
}

static int add_process(struct text *text, const struct owners *owners, const struct process *process,
                       enum text_escape how)
{
	struct bytes name = owners_text(owners, process->program);
	if (!name.data)
		name = owners_text(owners, process->comm);
	if (add_u64(text, (uint64_t)process->pid) < 0)
		return -1;
	if (!name.data)
		return 0;
	return add_char(text, '/') < 0 ? -1 : text_add_escaped(text, name, how);
}

/* "812/nginx,813/nginx": each process once, as a fork holds what its parent does. */
static int add_owners(struct text *text, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	for (size_t i = 0; i < source->span.count; i++) {
		const struct owner *owner = &source->span.first[i];
		if (i && owner->process == owner[-1].process)
			continue;
		if (i && add_char(text, ',') < 0)
			return -1;
		if (add_process(text, owners, &owners->process[owner->process], TEXT_ITEM) < 0)
			return -1;
	}
	return 0;
}

static int add_parents(struct text *text, const struct value *value, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	const struct process *process = &owners->process[value->process];
	for (unsigned depth = 0; (process = owners_parent(owners, process)) && depth < OWNERS_PARENTS_MAX; depth++) {
		if (depth && add_char(text, ' ') < 0)
			return -1;
		if (add_process(text, owners, process, TEXT_WORD) < 0)
			return -1;
	}
	return 0;
}

int value_text(struct text *text, const struct value *value, const struct column_source *source)
{
	switch (value->kind) {
	case VALUE_ENDPOINT:
		return add_endpoint(text, value, source->context);
	case VALUE_BYTES:
		return text_add_escaped(text, value->bytes, TEXT_LINE);
	case VALUE_ARGS:
		return add_args(text, value->bytes);
	case VALUE_OWNERS:
		return add_owners(text, source);
	case VALUE_PARENTS:
		return add_parents(text, value, source);
	default:
		break;
	}
	char *to = text_room(text, VALUE_SHORT_MAX);
	if (!to)
		return -1;
	text_advance(text, value_short_text(to, value));
	return 0;
}

/* --- where a value comes from --- */

void column_source_set(struct column_source *source, const struct column_context *context, const struct sock *sock)
{
	*source = (struct column_source){ .context = context, .sock = sock };
	if (!context->owners || !sock->row.inode)
		return;
	source->span = owners_of(context->owners, &sock->row);
	if (source->span.count)
		source->process = &context->owners->process[source->span.first->process];
}
