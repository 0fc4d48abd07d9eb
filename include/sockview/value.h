// SPDX-License-Identifier: MIT
/* value.h - what a column says of one socket: a typed value, and its text. */
#ifndef SOCKVIEW_VALUE_H
#define SOCKVIEW_VALUE_H

#include <sockview/column_source.h>
#include <sockview/proto.h>
#include <sockview/text.h>

/* Decides how JSON writes a value and how it is sorted. */
enum value_kind {
	VALUE_NONE, /* absent: null in JSON, empty in csv, last when sorted */
	VALUE_BOOL,
	VALUE_UINT,
	VALUE_REAL,
	VALUE_TIME,         /* seconds since 1970; written as RFC 3339 in UTC */
	VALUE_WORD,         /* text of our own: printable ASCII, nothing to escape */
	VALUE_UNKNOWN_WORD, /* a number that has no word yet: unkn-N, as netstat writes it */
	VALUE_ADDR,
	VALUE_ENDPOINT,   /* address and port or service, for people */
	VALUE_DETAIL,     /* text made of a socket's detail: columns_family.c */
	VALUE_BYTES,      /* text from outside the program: hostile */
	VALUE_ARGS,       /* the same with NUL between the arguments */
	VALUE_PRINTABLE,  /* text that was put together from such, escaped already */
	VALUE_OWNERS,     /* all owners of the socket: an array in JSON */
	VALUE_CANDIDATES, /* who may accept the connection: an array in JSON */
	VALUE_PARENTS,    /* the processes above the owner, nearest first */
};

struct value {
	enum value_kind kind;
	union {
		uint64_t uint; /* also bool */
		double real;
		int64_t time;
		const char *word;
		struct bytes bytes; /* and arguments, and printable text */
		struct {
			const union addr *addr;
			uint16_t port;
			uint8_t family;
			uint8_t proto;
			bool mapped;
		} addr;
		uint32_t process; /* VALUE_CANDIDATES: the first; VALUE_PARENTS: index of the process they belong to */
	};
};

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

/* VALUE_DETAIL; `what` is enum family_text. */
static inline void value_set_detail(struct value *value, unsigned what)
{
	value->kind = VALUE_DETAIL;
	value->uint = what;
}

static inline void value_set_bytes(struct value *value, struct bytes bytes)
{
	value->kind = bytes.data ? VALUE_BYTES : VALUE_NONE;
	value->bytes = bytes;
}

/* A NUL-terminated hostile text; NULL: absent. */
void value_set_string(struct value *value, const char *text);

/* An end of an internet socket, VALUE_ADDR. A raw socket has no port: the row keeps its protocol's number there. */
static inline void value_set_end(struct value *value, const struct row *row, bool remote)
{
	value->kind = VALUE_ADDR;
	value->addr.addr = remote ? &row->remote : &row->local;
	value->addr.port = remote ? row->remote_port : proto_has(row->proto, PROTO_OWN_NUMBER) ? 0 : row->local_port;
	value->addr.family = row->family;
	value->addr.proto = row->proto;
	value->addr.mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
}

/* Room for the text of every kind before VALUE_BYTES. */
#define VALUE_SHORT_MAX 128

static inline bool value_is_short(const struct value *value)
{
	return value->kind < VALUE_ENDPOINT;
}

/* Text of a short value; the new end. Nothing for VALUE_NONE. */
char *value_short_text(char *to, const struct value *value);

/* Appends any value as one printable line. 0, or -1 with errno ENOMEM. */
int value_text(struct text *text, const struct value *value, const struct column_source *source);

/* The parts of an endpoint, by name if the context wants names: "[::1]" or "localhost", "443" or "https" or "*". */
int value_add_host(struct text *text, const struct value *end, const struct column_context *context);
int value_add_port(struct text *text, const struct value *end, const struct column_context *context);

#endif
