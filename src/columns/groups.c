// SPDX-License-Identifier: MIT
/*
 * groups.c - sockets counted by the values of columns (groups.h).
 *
 * A socket's values are put into bytes as those of a sort are (sort.h): equal
 * bytes, the same group. A hash finds it. The columns of a group read from the
 * group instead of a socket: struct group_row is what the formats take for a
 * socket, and its address leads a column's get() back to the group.
 */
#include <sockview/groups.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/sort.h>
#include <sockview/vec.h>

enum group_column_kind { GROUP_COLUMN_COUNT, GROUP_COLUMN_KEY, GROUP_COLUMN_NET, GROUP_COLUMN_SUM };

struct group_column {
	struct column column;
	enum group_column_kind kind;
	size_t index;            /* among the keys, or among the sums */
	const struct column *of; /* the socket's column; NULL: COUNT */
	unsigned prefix[2];      /* GROUP_COLUMN_NET: bits of IPv4's and IPv6's networks */
	char name[64];
};

struct group_sum {
	uint64_t uint;
	double real;
	enum value_kind kind; /* VALUE_NONE: no socket of the group has a value */
};

/* One allocation: behind the struct the values of its keys, the sums, the bytes of the key, what the values point to. */
struct group {
	uint64_t count, hash;
	char *key;
	size_t key_len;
	struct group_sum *sum;
	struct value value[];
};

/* Formats take it for a socket: one without an inode, and so without owners. */
struct group_row {
	struct sock sock;
	const struct group *group;
};

struct groups {
	struct group_column **column; /* COUNT, keys, sums; each of the heap, as a format keeps their addresses */
	size_t count, capacity;
	size_t keys, sums;
	bool each_owner; /* a column tells of one process */
	struct sort_list order;
	struct group **group;
	size_t group_count, group_capacity;
	uint32_t *slot; /* by hash: index of a group + 1; 0: none */
	size_t slots;   /* a power of two, or 0 */
	uint64_t shared;
	struct text key, text; /* of the socket at hand */
	struct group_row row;
};

/* --- the columns of a group --- */

static const struct group_column *group_column_of(const struct column *column)
{
	return (const struct group_column *)((const char *)column - offsetof(struct group_column, column));
}

static const struct group *group_at_hand(const struct column_source *source)
{
	return ((const struct group_row *)((const char *)source->sock - offsetof(struct group_row, sock)))->group;
}

static void get_count(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_uint(value, group_at_hand(source)->count);
}

static void get_key(const struct column *column, const struct column_source *source, struct value *value)
{
	*value = group_at_hand(source)->value[group_column_of(column)->index];
}

static void get_sum(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct group_sum *sum = &group_at_hand(source)->sum[group_column_of(column)->index];
	if (sum->kind == VALUE_UINT)
		value_set_uint(value, sum->uint);
	else if (sum->kind == VALUE_REAL)
		*value = (struct value){ .kind = VALUE_REAL, .real = sum->real };
}

/* --- the words of the command line --- */

__attribute__((format(printf, 2, 3))) static int groups_problem(char problem[GROUPS_PROBLEM_MAX], const char *format,
                                                                ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(problem, GROUPS_PROBLEM_MAX, format, list);
	va_end(list);
	return -1;
}

static struct group_column *find_group_column(const struct groups *groups, const char *name, size_t len)
{
	for (size_t i = 0; i < groups->count; i++)
		if (text_is_name(groups->column[i]->name, name, len))
			return groups->column[i];
	return NULL;
}

static struct group_column *add_group_column(struct groups *groups, enum group_column_kind kind,
                                             const struct column *of, const char *before, const char *name)
{
	struct group_column *added = calloc(1, sizeof(*added));
	struct group_column **place = added ? vec_push(groups->column, groups->count, groups->capacity) : NULL;
	if (!place) {
		free(added);
		return NULL;
	}
	*place = added;
	snprintf(added->name, sizeof(added->name), "%s%s", before, name);
	added->kind = kind;
	added->of = of;
	if (of)
		added->column = (struct column){
			.unit = of->unit,
			.type = of->type,
			.group = of->group,
			.want = of->want,
			.details = of->details,
			.need = of->need,
		};
	added->column.name = added->name;
	if (kind == GROUP_COLUMN_COUNT) {
		added->column.type = COLUMN_NUMBER;
		added->column.get = get_count;
	} else if (kind == GROUP_COLUMN_SUM) {
		added->index = groups->sums++;
		added->column.get = get_sum;
	} else {
		added->index = groups->keys++;
		added->column.get = get_key;
	}
	/* A unit's or container's is the owner's, too, if owners were looked for. */
	groups->each_owner |= of && of->group == GROUP_OWNER && !of->all_owners;
	return added;
}

static int unknown_group_column(char problem[GROUPS_PROBLEM_MAX], const char *option, const char *name, size_t len)
{
	const struct column *near = column_nearest(name, len);
	return groups_problem(problem, "%s: there is no column '%.*s'%s%s%s; --list-columns names them", option,
	                      (int)len, name, near ? "; is it '" : "", near ? near->name : "", near ? "'?" : "");
}

/* "remote_net" and "local_net", which are no columns of a socket: the column whose addresses they put together. */
static const struct column *net_column(const char *name, size_t len)
{
	const char *address = text_is_name("remote_net", name, len)  ? "remote_address"
	                      : text_is_name("local_net", name, len) ? "local_address"
	                                                             : NULL;
	return address ? column_find(address, strlen(address)) : NULL;
}

/* "/24" or "/24,64" at *at, which is set behind it: a number behind a comma is no name of a column. */
static int parse_prefix(const char **at, unsigned prefix[2], char problem[GROUPS_PROBLEM_MAX])
{
	static const unsigned most[2] = { 32, 128 };
	const char *begin = *at;
	prefix[0] = 24;
	prefix[1] = 64;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t bits;
		if (**at != (i ? ',' : '/'))
			return 0;
		const char *digits = *at + 1;
		size_t len = strcspn(digits, ",");
		if (i && (!len || strspn(digits, "0123456789") < len))
			return 0;
		if (!text_parse_u64(digits, len, most[i], &bits))
			return groups_problem(problem,
			                      "--group-by: '%s' is no length of a network: as in remote_net/24, or "
			                      "remote_net/24,64 for IPv4 and IPv6",
			                      begin);
		prefix[i] = (unsigned)bits;
		*at = digits + len;
	}
	return 0;
}

static int parse_keys(struct groups *groups, const char *text, char problem[GROUPS_PROBLEM_MAX])
{
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",/");
		const char *name = at;
		const struct column *net = net_column(at, len), *column = net ? net : column_find(at, len);
		if (!column)
			return unknown_group_column(problem, "--group-by", at, strcspn(at, ","));
		if (find_group_column(groups, name, len))
			return groups_problem(problem, "--group-by: '%.*s' is named twice", (int)len, name);
		const char *shown = !net ? column->name : column->remote ? "remote_net" : "local_net";
		struct group_column *added =
			add_group_column(groups, net ? GROUP_COLUMN_NET : GROUP_COLUMN_KEY, column, "", shown);
		if (!added)
			return -1;
		at += len;
		if (net && parse_prefix(&at, added->prefix, problem) < 0)
			return -1;
		if (*at == '/')
			return groups_problem(problem,
			                      "--group-by: '%s' has no length: remote_net/24 and local_net/24 are "
			                      "networks of addresses",
			                      name);
		if (!*at)
			return 0;
	}
}

static int parse_sums(struct groups *groups, const char *text, char problem[GROUPS_PROBLEM_MAX])
{
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		const struct column *column = column_find(at, len);
		if (!column)
			return unknown_group_column(problem, "--sum", at, len);
		if (column->type != COLUMN_NUMBER && column->type != COLUMN_REAL)
			return groups_problem(problem, "--sum: the values of %s are no numbers (%s)", column->name,
			                      column_type_name(column->type));
		char name[64];
		snprintf(name, sizeof(name), "sum_%s", column->name);
		if (!find_group_column(groups, name, strlen(name)) &&
		    !add_group_column(groups, GROUP_COLUMN_SUM, column, "sum_", column->name))
			return -1;
		at += len;
		if (!*at)
			return 0;
	}
}

static int add_order(struct groups *groups, const struct group_column *column, bool descending)
{
	struct sort_key *key = vec_push(groups->order.key, groups->order.count, groups->order.capacity);
	if (!key)
		return -1;
	*key = (struct sort_key){ &column->column, descending };
	return 0;
}

static int parse_order(struct groups *groups, const char *text, char problem[GROUPS_PROBLEM_MAX])
{
	for (const char *at = text; text; at++) {
		size_t len = strcspn(at, ",");
		bool sign = *at == '-' || *at == '+';
		const struct group_column *column = find_group_column(groups, at + sign, len - sign);
		if (!column)
			return groups_problem(problem,
			                      "--sort: groups have no column '%.*s': they are sorted by count, by "
			                      "--group-by's columns and by sums, as sum_recv_q",
			                      (int)(len - sign), at + sign);
		if (add_order(groups, column, *at == '-') < 0)
			return -1;
		at += len;
		if (!*at)
			break;
	}
	/* The largest first, and the rest in an order that is always the same. */
	if (!text && add_order(groups, groups->column[0], true) < 0)
		return -1;
	for (size_t i = 0; i < groups->keys; i++)
		if (add_order(groups, groups->column[1 + i], false) < 0)
			return -1;
	return 0;
}

struct groups *groups_new(const struct groups_words *words, char problem[GROUPS_PROBLEM_MAX])
{
	struct groups *groups = calloc(1, sizeof(*groups));
	*problem = '\0';
	if (!groups)
		return NULL;
	if (add_group_column(groups, GROUP_COLUMN_COUNT, NULL, "", "count") &&
	    parse_keys(groups, words->by, problem) == 0 &&
	    (!words->sum || parse_sums(groups, words->sum, problem) == 0) &&
	    parse_order(groups, words->sort, problem) == 0) {
		groups->each_owner &= !words->first_owner;
		return groups;
	}
	groups_free(groups);
	return NULL;
}

int groups_columns(const struct groups *groups, struct column_list *list)
{
	for (size_t i = 0; i < groups->count; i++)
		if (column_list_add(list, &groups->column[i]->column) < 0)
			return -1;
	return 0;
}

/* --- a socket's values --- */

/* The address as the network it is in: "192.0.2.0/24". */
static int net_text(struct text *text, const struct group_column *column, const struct value *end)
{
	bool v4 = end->addr.family == AF_INET || end->addr.mapped;
	unsigned bits = column->prefix[!v4];
	union addr addr = *end->addr.addr;
	if (v4 && end->addr.family == AF_INET6)
		addr = addr_unmapped(&addr);
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
		if (kept < 8)
			addr.byte[i] = (uint8_t)(addr.byte[i] & ~(0xffu >> kept));
	}
	char *to = text_room(text, ADDR_TEXT_MAX);
	if (!to)
		return -1;
	text_advance(text, addr_text(to, &addr, v4 ? AF_INET : AF_INET6, false));
	if (text_add_char(text, '/') < 0)
		return -1;
	return text_add_u64(text, bits);
}

/* A value of several fields or processes is compared as the text that is shown, which is in groups->text then. */
static int group_value(struct groups *groups, const struct group_column *column, const struct column_source *source,
                       struct value *value)
{
	column_get(column->of, source, value);
	bool net = column->kind == GROUP_COLUMN_NET && value->kind == VALUE_ADDR;
	if (!net && value->kind != VALUE_ENDPOINT && value->kind < VALUE_ARGS)
		return 0;
	groups->text.len = 0;
	if ((net ? net_text(&groups->text, column, value) : value_text(&groups->text, value, source)) < 0)
		return -1;
	value->kind = groups->text.len ? VALUE_PRINTABLE : VALUE_NONE;
	value->bytes = (struct bytes){ groups->text.data, groups->text.len };
	return 0;
}

/* What the value points to that does not outlive the socket. */
static struct bytes pointed_to(const struct value *value)
{
	if (value->kind == VALUE_ADDR)
		return (struct bytes){ value->addr.addr, sizeof(*value->addr.addr) };
	if (value->kind == VALUE_BYTES || value->kind == VALUE_PRINTABLE)
		return value->bytes;
	return (struct bytes){ 0 };
}

static int group_key(struct groups *groups, const struct column_source *source)
{
	groups->key.len = 0;
	for (size_t i = 0; i < groups->keys; i++) {
		struct value value;
		if (group_value(groups, groups->column[1 + i], source, &value) < 0 ||
		    sort_value_add(&groups->key, &value, source) < 0)
			return -1;
	}
	return 0;
}

static size_t align_up(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

/* A group of the socket whose key is at hand. */
static struct group *make_group(struct groups *groups, const struct column_source *source, uint64_t hash)
{
	size_t values = groups->keys * sizeof(struct value), sums = groups->sums * sizeof(struct group_sum);
	size_t fixed = align_up(sizeof(struct group) + values) + align_up(sums), size = fixed;
	for (size_t i = 0; i < groups->keys; i++) {
		struct value value;
		if (group_value(groups, groups->column[1 + i], source, &value) < 0)
			return NULL;
		size += align_up(pointed_to(&value).len);
	}
	struct group *group = calloc(1, size + groups->key.len + 1);
	if (!group)
		return NULL;
	char *to = (char *)group + fixed;
	group->sum = (struct group_sum *)((char *)group + align_up(sizeof(struct group) + values));
	for (size_t i = 0; i < groups->keys; i++) {
		struct value *value = &group->value[i];
		if (group_value(groups, groups->column[1 + i], source, value) < 0) {
			free(group);
			return NULL;
		}
		struct bytes bytes = pointed_to(value);
		if (!bytes.data)
			continue;
		memcpy(to, bytes.data, bytes.len);
		if (value->kind == VALUE_ADDR)
			value->addr.addr = (const union addr *)to;
		else
			value->bytes.data = to;
		to += align_up(bytes.len);
	}
	group->hash = hash;
	group->key = to;
	group->key_len = groups->key.len;
	memcpy(to, groups->key.data, groups->key.len);
	return group;
}

/* --- the groups by their keys --- */

/* FNV-1a, eight bytes at once; the rest of the mixing is murmur3's. */
static uint64_t hash_of(const char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u ^ len, word;
	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, data, len);
	hash = (hash ^ word) * 0xff51afd7ed558ccdu;
	return hash ^ hash >> 33;
}

static int grow_slots(struct groups *groups)
{
	size_t slots = groups->slots ? 2 * groups->slots : 256;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -1;
	for (size_t i = 0; i < groups->group_count; i++) {
		size_t at = groups->group[i]->hash & (slots - 1);
		while (slot[at])
			at = (at + 1) & (slots - 1);
		slot[at] = (uint32_t)i + 1;
	}
	free(groups->slot);
	groups->slot = slot;
	groups->slots = slots;
	return 0;
}

static struct group *find_group(struct groups *groups, const struct column_source *source)
{
	if (2 * groups->group_count >= groups->slots && grow_slots(groups) < 0)
		return NULL;
	uint64_t hash = hash_of(groups->key.data, groups->key.len);
	size_t at = hash & (groups->slots - 1);
	for (; groups->slot[at]; at = (at + 1) & (groups->slots - 1)) {
		struct group *group = groups->group[groups->slot[at] - 1];
		if (group->hash == hash && group->key_len == groups->key.len &&
		    memcmp(group->key, groups->key.data, group->key_len) == 0)
			return group;
	}
	if (groups->group_count >= UINT32_MAX - 1) {
		errno = ENOMEM;
		return NULL;
	}
	struct group **place = vec_push(groups->group, groups->group_count, groups->group_capacity);
	if (!place)
		return NULL;
	*place = make_group(groups, source, hash);
	if (!*place) {
		groups->group_count--;
		return NULL;
	}
	groups->slot[at] = (uint32_t)groups->group_count;
	return *place;
}

/* Sums stay at the greatest number that there is, rather than begin again at 0. */
static void add_to_sum(struct group_sum *sum, const struct value *value)
{
	if (value->kind == VALUE_UINT && __builtin_add_overflow(sum->uint, value->uint, &sum->uint))
		sum->uint = UINT64_MAX;
	else if (value->kind == VALUE_REAL)
		sum->real += value->real;
	if (value->kind == VALUE_UINT || value->kind == VALUE_REAL)
		sum->kind = value->kind;
}

int groups_add_alike(struct groups *groups, const struct column_source *source, uint64_t count)
{
	if (group_key(groups, source) < 0)
		return -1;
	struct group *group = find_group(groups, source);
	if (!group)
		return -1;
	group->count += count;
	for (size_t i = 0; i < groups->sums; i++) {
		const struct group_column *column = groups->column[1 + groups->keys + i];
		struct value value;
		column_get(column->of, source, &value);
		add_to_sum(&group->sum[i], &value);
	}
	return 0;
}

int groups_add(struct groups *groups, const struct column_context *context, const struct sock *sock)
{
	struct column_source source;
	column_source_set(&source, context, sock);
	if (!groups->each_owner || !source.span.count)
		return groups_add_alike(groups, &source, 1);
	const struct owner_span span = source.span;
	unsigned processes = 0;
	for (size_t i = 0; i < span.count; i++) {
		if (i && span.first[i].process == span.first[i - 1].process)
			continue;
		source.span = (struct owner_span){ &span.first[i], 1 };
		source.process = &context->owners->process[span.first[i].process];
		if (groups_add_alike(groups, &source, 1) < 0)
			return -1;
		processes++;
	}
	groups->shared += processes > 1;
	return 0;
}

/* --- in order --- */

struct group_sorting {
	struct text keys;
	struct group_place {
		struct group *group;
		size_t start, len; /* of its bytes among the keys */
	} * place;
};

static int compare_groups(const void *a, const void *b, void *keys)
{
	const struct group_place *left = a, *right = b;
	const char *data = ((const struct text *)keys)->data;
	size_t len = left->len < right->len ? left->len : right->len;
	int result = memcmp(data + left->start, data + right->start, len);
	return result ? result : (left->len > right->len) - (left->len < right->len);
}

int groups_order(struct groups *groups, const struct column_context *context)
{
	struct group_sorting sorting = { .place = calloc(groups->group_count + 1, sizeof(*sorting.place)) };
	int result = sorting.place ? 0 : -1;
	for (size_t i = 0; i < groups->group_count && result == 0; i++) {
		struct column_source source;
		column_source_set(&source, context, groups_at(groups, i));
		struct group_place *place = &sorting.place[i];
		*place = (struct group_place){ groups->group[i], sorting.keys.len, 0 };
		for (size_t k = 0; k < groups->order.count && result == 0; k++)
			result = sort_key_add(&sorting.keys, &groups->order.key[k], &source);
		place->len = sorting.keys.len - place->start;
	}
	if (result == 0 && groups->group_count) {
		qsort_r(sorting.place, groups->group_count, sizeof(*sorting.place), compare_groups, &sorting.keys);
		for (size_t i = 0; i < groups->group_count; i++)
			groups->group[i] = sorting.place[i].group;
	}
	free(sorting.place);
	text_free(&sorting.keys);
	return result;
}

uint64_t groups_shared(const struct groups *groups)
{
	return groups->shared;
}

size_t groups_count(const struct groups *groups)
{
	return groups->group_count;
}

const struct sock *groups_at(struct groups *groups, size_t index)
{
	groups->row = (struct group_row){ .group = groups->group[index] };
	return &groups->row.sock;
}

uint64_t groups_mark(const struct groups *groups, size_t index)
{
	return groups->group[index]->hash;
}

void groups_clear(struct groups *groups)
{
	for (size_t i = 0; i < groups->group_count; i++)
		free(groups->group[i]);
	groups->group_count = 0;
	groups->shared = 0;
	free(groups->slot);
	groups->slot = NULL;
	groups->slots = 0;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	groups_clear(groups);
	for (size_t i = 0; i < groups->count; i++)
		free(groups->column[i]);
	free(groups->column);
	free(groups->group);
	sort_list_free(&groups->order);
	text_free(&groups->key);
	text_free(&groups->text);
	free(groups);
}
