// SPDX-License-Identifier: MIT
/*
 * column.h - a column: one thing that can be said of a socket, with its type.
 *
 * One table (column_table.h) drives --columns, --list-columns, the formats
 * table, csv, tsv, json and jsonl, --sort, the text of -ee, -m and -I behind a
 * row, the man pages and the tests. A column names what has to be collected
 * for it; column_get() turns a socket into a value and asks the system for names alone.
 *
 *   struct sock --column_get()--> struct value --value_text()--> bytes
 */
#ifndef SOCKVIEW_COLUMN_H
#define SOCKVIEW_COLUMN_H

#include <sockview/column_field.h>
#include <sockview/column_source.h>
#include <sockview/value.h>

/* The classes of columns by what --list-columns and JSON's schema call them. */
enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_REAL, COLUMN_BOOL, COLUMN_TIME, COLUMN_LIST };
const char *column_type_name(enum column_type type);

/* Besides WANT_* bits: what a column's values come from. */
enum column_need {
	NEED_OWNERS = 1 << 0,     /* the look for fds */
	NEED_HOSTS = 1 << 1,      /* names_resolve() */
	NEED_CGROUPS = 1 << 2,    /* cgroups_open() */
	NEED_PARENTS = 1 << 3,    /* owners->process's parents */
	NEED_CONTAINERS = 1 << 4, /* containers_new() */
	NEED_NET_ADMIN = 1 << 5,  /* what the kernel tells only with CAP_NET_ADMIN */
	NEED_EVIDENCE = 1 << 6,   /* evidence_find() */
	NEED_PEERS = 1 << 9,      /* owners of unix sockets' other ends: inode_index_build() */
	NEED_BOOT_ID = 1 << 7,    /* the name of this boot */
	NEED_RATES = 1 << 8,      /* two looks: rates.h */
	NEED_STORAGE = 1 << 10,   /* what the kernel tells only with CAP_BPF */
	/* Names that are looked up as a value is made: confine.c */
	NEED_SERVICES = 1 << 11,
	NEED_INTERFACES = 1 << 12,
	NEED_USERS = 1 << 13,         /* sockets' */
	NEED_PROCESS_USERS = 1 << 14, /* owners' */
};

/* The headings of --list-columns. */
enum column_group {
	GROUP_SOCKET,
	GROUP_OWNER,
	GROUP_EXTRA,
	GROUP_TIMER,
	GROUP_MEMORY,
	GROUP_INFO,
	GROUP_RATE,
	GROUP_UNIX,
	GROUP_FAMILY,
	GROUP_FILTER,
	GROUP_STORAGE,
	GROUP_COUNT
};
const char *column_group_title(enum column_group group);

/* When the formats for people colour a value. */
enum column_mark {
	COLUMN_MARK_NEVER,
	COLUMN_MARK_STATE, /* by the row's state */
	COLUMN_MARK_QUEUE, /* a full accept queue */
	COLUMN_MARK_SOME,  /* not 0 and not false */
};

struct column {
	const char *name;
	const char *heading; /* of the table format; NULL: the name in capitals */
	const char *unit;    /* "bytes", "us", "bit/s" ...; NULL: none */
	const char *help;    /* one line */
	enum column_type type;
	enum column_group group;
	uint16_t want;    /* enum want */
	uint16_t details; /* enum process_detail */
	uint16_t need;    /* enum column_need */
	uint8_t mark;     /* enum column_mark */
	bool remote;      /* get() tells of the other end of the connection */
	bool all_owners;  /* get() tells of all owners of the socket together */
	uint16_t protos;  /* PROTO_BIT()s beside that of the family that the column is named for */
	struct column_field field;
	/* What the field's numbers mean, from first_word on, with NULL behind the last; "": absent. NULL: a number. */
	const char *const *words;
	uint16_t first_word;
	bool unknown_words; /* a number that no word is of is no absence: unkn-N */
	/* column_get_field() if the value is the field. Leaves the value VALUE_NONE if there is none. */
	void (*get)(const struct column *column, const struct column_source *source, struct value *value);
};

/* PROTO_BIT()s of those whose sockets alone have the column; 0: any may. */
unsigned column_protos(const struct column *column);

/* A number as the column's value: by its words, its type. */
void column_set(const struct column *column, uint64_t number, struct value *value);
/* A get(): the value that is the field. */
void column_get_field(const struct column *column, const struct column_source *source, struct value *value);

/* Sets value->kind at least. */
static inline void column_get(const struct column *column, const struct column_source *source, struct value *value)
{
	value->kind = VALUE_NONE;
	column->get(column, source, value);
}

#endif
