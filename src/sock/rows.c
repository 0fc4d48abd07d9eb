// SPDX-License-Identifier: MIT
/*
 * rows.c - the table of sockets: growable parallel arrays (row.h).
 *
 *   row[i]  timer[i]  skmem[i]  extra[i]  blob[i] --offset--> arena
 *                                                  [kind len bytes]... [0]
 *
 * Only the arrays that `keep` names exist. The blobs of one row lie one behind
 * the other in the arena as (kind, length, bytes), the unix details among them.
 */
#include <sockview/row.h>

#include <string.h>

#include <sockview/vec.h>

struct table_blob {
	uint64_t offset; /* into the arena */
	uint32_t len;    /* of all this row's records together */
};

struct record_head {
	uint32_t len;
	uint8_t kind; /* enum blob, RECORD_UNIX or RECORD_DETAIL */
};

enum { RECORD_UNIX = BLOB_COUNT, RECORD_DETAIL, RECORD_ALIGN = 8 };

/* Details that are records in the arena. */
#define WANT_RECORDS (WANT_INFO | WANT_TCP_INFO | WANT_UNIX | WANT_DETAIL | WANT_FILTER | WANT_STORAGE)

void table_init(struct table *table, unsigned keep)
{
	*table = (struct table){ .keep = keep };
}

/* Grows one parallel array to `capacity`, if it is kept at all. */
static int grow_one(void *array_at, bool kept, size_t capacity, size_t size)
{
	void **array = array_at;
	if (!kept)
		return 0;
	void *grown = reallocarray(*array, capacity, size);
	if (!grown)
		return -1;
	*array = grown;
	return 0;
}

static int grow(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 256;
	if (grow_one(&table->row, true, capacity, sizeof(*table->row)) < 0 ||
	    grow_one(&table->timer, table->keep & WANT_TIMER, capacity, sizeof(*table->timer)) < 0 ||
	    grow_one(&table->skmem, table->keep & WANT_SKMEM, capacity, sizeof(*table->skmem)) < 0 ||
	    grow_one(&table->extra, table->keep & WANT_EXTRA, capacity, sizeof(*table->extra)) < 0 ||
	    grow_one(&table->blob, table->keep & WANT_RECORDS, capacity, sizeof(*table->blob)) < 0)
		return -1;
	table->capacity = capacity;
	return 0;
}

static size_t record_size(size_t len)
{
	size_t size = sizeof(struct record_head) + len;
	return (size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static int record_add(struct table *table, unsigned kind, const void *data, size_t len)
{
	if (len > UINT32_MAX / 2) {
		errno = EMSGSIZE;
		return -1;
	}
	size_t size = record_size(len);
	void *arena = vec_reserve(table->arena, &table->arena_capacity, table->arena_len + size, 1);
	if (!arena)
		return -1;
	table->arena = arena;
	struct record_head head = { .len = (uint32_t)len, .kind = (uint8_t)kind };
	uint8_t *at = table->arena + table->arena_len;
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	table->arena_len += size;
	return 0;
}

static unsigned blob_want(unsigned kind)
{
	switch (kind) {
	case BLOB_PATH:
		return WANT_UNIX;
	case BLOB_TCP_INFO:
		return WANT_INFO | WANT_TCP_INFO;
	case BLOB_GROUPS:
	case BLOB_LOCALS:
	case BLOB_PEERS:
		return WANT_DETAIL;
	case BLOB_FILTER:
		return WANT_FILTER;
	case BLOB_STORAGE:
		return WANT_STORAGE;
	default:
		return WANT_INFO;
	}
}

static int add_records(struct table *table, const struct sock *sock)
{
	if (sock->unix_ && (table->keep & WANT_UNIX) &&
	    record_add(table, RECORD_UNIX, sock->unix_, sizeof(*sock->unix_)) < 0)
		return -1;
	if (sock->detail && (table->keep & WANT_DETAIL) &&
	    record_add(table, RECORD_DETAIL, sock->detail, sizeof(*sock->detail)) < 0)
		return -1;
	for (unsigned kind = 0; kind < BLOB_COUNT; kind++) {
		const struct bytes *blob = &sock->blob[kind];
		if (blob->data && table->keep & blob_want(kind) && record_add(table, kind, blob->data, blob->len) < 0)
			return -1;
	}
	return 0;
}

int table_add(struct table *table, const struct sock *sock)
{
	if (table->count == table->capacity && grow(table) < 0)
		return -1;
	size_t i = table->count;
	table->row[i] = sock->row;
	if (table->timer)
		table->timer[i] = sock->timer ? *sock->timer : (struct sock_timer){ 0 };
	if (table->skmem)
		table->skmem[i] = sock->skmem ? *sock->skmem : (struct sock_skmem){ 0 };
	if (table->extra)
		table->extra[i] = sock->extra ? *sock->extra : (struct sock_extra){ 0 };
	if (table->blob) {
		size_t start = table->arena_len;
		if (add_records(table, sock) < 0) {
			table->arena_len = start;
			return -1;
		}
		table->blob[i] = (struct table_blob){ start, (uint32_t)(table->arena_len - start) };
	}
	table->count++;
	return 0;
}

int table_sink(void *table, const struct sock *sock)
{
	return table_add(table, sock);
}

static void get_records(const struct table *table, size_t index, struct sock *sock)
{
	const uint8_t *at = table->arena + table->blob[index].offset;
	const uint8_t *end = at + table->blob[index].len;
	while (at < end) {
		struct record_head head;
		memcpy(&head, at, sizeof(head));
		const void *data = at + sizeof(head);
		if (head.kind == RECORD_UNIX)
			sock->unix_ = data;
		else if (head.kind == RECORD_DETAIL)
			sock->detail = data;
		else
			sock->blob[head.kind] = (struct bytes){ data, head.len };
		at += record_size(head.len);
	}
}

void table_get(const struct table *table, size_t index, struct sock *sock)
{
	*sock = (struct sock){ .row = table->row[index], .at = (uint32_t)index };
	if (table->timer)
		sock->timer = &table->timer[index];
	if (table->skmem && table->skmem[index].count)
		sock->skmem = &table->skmem[index];
	if (table->extra && table->extra[index].has)
		sock->extra = &table->extra[index];
	if (table->blob && table->blob[index].len)
		get_records(table, index, sock);
}

void table_truncate(struct table *table, size_t count)
{
	if (count >= table->count)
		return;
	if (table->blob)
		table->arena_len = table->blob[count].offset;
	table->count = count;
}

static void move_row(struct table *table, size_t to, size_t from)
{
	table->row[to] = table->row[from];
	if (table->timer)
		table->timer[to] = table->timer[from];
	if (table->skmem)
		table->skmem[to] = table->skmem[from];
	if (table->extra)
		table->extra[to] = table->extra[from];
	if (table->blob)
		table->blob[to] = table->blob[from];
}

void table_keep(struct table *table, bool (*wanted)(void *context, const struct sock *sock), void *context)
{
	size_t kept = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (wanted(context, &sock))
			move_row(table, kept++, i);
	}
	table->count = kept;
}

void table_clear(struct table *table)
{
	table->count = 0;
	table->arena_len = 0;
}

void table_free(struct table *table)
{
	free(table->row);
	free(table->timer);
	free(table->skmem);
	free(table->extra);
	free(table->blob);
	free(table->arena);
	table_init(table, table->keep);
}

bool row_covers(const struct row *row, int family, const union addr *addr)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	bool any = addr_is_any(&row->local, mapped);
	if (row->family == AF_INET6 && !mapped) {
		if (any)
			return family == AF_INET6 || !(row->flags & ROW_V6ONLY);
		return family == AF_INET6 && !memcmp(&row->local, addr, sizeof(row->local));
	}
	union addr bound = mapped ? addr_unmapped(&row->local) : row->local;
	return family == AF_INET && (any || bound.word[0] == addr->word[0]);
}
