/*
 * column.h - what can be said of a socket, a typed column each.
 *
 * One table drives --columns, --list-columns, the formats table, csv, tsv,
 * json and jsonl, --sort, the text of -ee, -m and -I behind a row, the man
 * pages and the tests. A column knows what has to be collected for it; its
 * get() turns a socket into a value and never asks the system.
 *
 *   struct sock --column.get()--> struct value --value_text()--> bytes
 */
#ifndef SOCKVIEW_COLUMN_H
#define SOCKVIEW_COLUMN_H

#include <sockview/names.h>
#include <sockview/owner.h>
#include <sockview/error.h>
#include <sockview/query.h>
#include <sockview/row.h>
#include <sockview/text.h>

struct cgroups;
struct containers;

/* What a value is, and so how JSON writes it and how it is sorted. */
enum value_kind {
	VALUE_NONE, /* absent: null in JSON, empty in csv, last when sorted */
	VALUE_BOOL,
	VALUE_UINT,
	VALUE_REAL,
	VALUE_TIME, /* seconds since 1970; written as RFC 3339 in UTC */
	VALUE_WORD, /* text of our own: printable ASCII, nothing to escape */
	VALUE_ADDR,
	VALUE_ENDPOINT, /* address and port or service, for people */
	VALUE_BYTES,    /* somebody else's text: hostile */
	VALUE_ARGS,     /* the same with NUL between the arguments */
	VALUE_OWNERS,   /* all owners of the socket: an array in JSON */
	VALUE_PARENTS,  /* the processes above the owner, nearest first */
};

struct value {
	enum value_kind kind;
	union {
		uint64_t uint; /* also bool */
		double real;
		int64_t time;
		const char *word;
		struct bytes bytes; /* and arguments */
		struct {
			const union addr *addr;
			uint16_t port;
			uint8_t family;
			uint8_t proto;
			bool mapped;
		} addr;
		uint32_t process; /* VALUE_PARENTS: index of the process they belong to */
	};
};

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
	NEED_EVIDENCE = 1 << 6,   /* evidence_find() */
	NEED_NET_ADMIN = 1 << 5,  /* what the kernel tells only with CAP_NET_ADMIN */
};

/* A number inside a detail the kernel sent. */
struct column_field {
	uint16_t offset;     /* bytes; of skmem: enum skmem_field */
	uint8_t size;        /* bytes: 1, 2, 4, 8; more than the blob has: absent */
	uint8_t shift, bits; /* of a bit field, counted from the lowest bit; bits 0: all of it */
	uint8_t blob;        /* enum blob */
	uint8_t rule;        /* enum field_rule */
	uint8_t scale;       /* multiplied by this; 0: 1 */
};

enum field_rule {
	FIELD_ZERO_ABSENT = 1 << 0, /* 0: not measured */
	FIELD_MAX_ABSENT = 1 << 1,  /* all bits set: not measured, or no limit */
	FIELD_NOT_LISTEN = 1 << 2,  /* means something else, or nothing, for a listener */
	FIELD_SSTHRESH = 1 << 3,    /* 0x7fffffff: not reached yet */
	FIELD_ONLY_6_18 = 1 << 4,   /* only if the kernel is known to be that one */
};

/* The part of the kernel's or the owner's knowledge a column belongs to: the headings of --list-columns. */
enum column_group {
	GROUP_SOCKET,
	GROUP_OWNER,
	GROUP_EXTRA,
	GROUP_TIMER,
	GROUP_MEMORY,
	GROUP_INFO,
	GROUP_UNIX,
	GROUP_COUNT
};
const char *column_group_title(enum column_group group);

struct column_source;

struct column {
	const char *name;
	const char *heading; /* of the table format; NULL: the name in capitals */
	const char *unit;    /* "bytes", "us", "bit/s" ...; NULL: none */
	const char *help;    /* one line */
	enum column_type type;
	enum column_group group;
	uint16_t want;             /* enum want */
	uint16_t details;          /* enum process_detail */
	uint16_t need;             /* enum column_need */
	struct column_field field; /* what get() fetches, where one get() serves many columns */
	/* Leaves the value VALUE_NONE where there is none: call column_get(). */
	void (*get)(const struct column *column, const struct column_source *source, struct value *value);
};

/* Sets value->kind at least. */
static inline void column_get(const struct column *column, const struct column_source *source, struct value *value)
{
	value->kind = VALUE_NONE;
	column->get(column, source, value);
}

#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* The same for all sockets of an answer. */
struct column_context {
	struct names *names;                 /* never NULL */
	const struct owners *owners;         /* NULL: not looked for */
	const struct cgroups *cgroups;       /* NULL: not to be had */
	const struct containers *containers; /* likewise */
	int64_t boot_time;                   /* when the kernel started, seconds since 1970; 0: not known */
	int64_t now;
	long ticks_per_second;
	unsigned kernel;                            /* KERNEL() of the one that answered; 0: not known */
	bool numeric_hosts, numeric_ports, resolve; /* of VALUE_ENDPOINT */
};

/* One socket, with its owners at hand. Filled by column_source_set(). */
struct column_source {
	const struct column_context *context;
	const struct sock *sock;
	const struct process *process; /* of the first owner; NULL: none */
	struct owner_span span;
};

void column_source_set(struct column_source *source, const struct column_context *context, const struct sock *sock);

/* --- the table --- */

/* Columns are numbered 0 .. column_count() - 1, group after group; NULL behind the last. */
const struct column *column_at(size_t index);
size_t column_count(void);
/* NULL if there is none of that name. Any case, `-` for `_`. */
const struct column *column_find(const char *name, size_t len);

/* A choice of columns, in order. Zero-initialised is empty; column_list_free() frees the array. */
struct column_list {
	const struct column **column;
	size_t count, capacity;
};

/* Adds it unless it is there. 0, or -1 with errno ENOMEM. */
int column_list_add(struct column_list *list, const struct column *column);
/*
 * Reads "proto,state,-inode": the named columns instead of what the list
 * holds; a first name with `+` adds all of them to it. 0, or -1 with error (EINVAL: subject is
 * the name nobody knows).
 */
int column_list_parse(struct column_list *list, const char *text, struct error *error);
void column_list_free(struct column_list *list);

/* What the options of netstat's lines mean for the columns nobody named. */
enum column_style {
	COLUMNS_TABLE, /* for people: endpoints instead of addresses and ports */
	COLUMNS_FLAT,  /* csv, tsv: one text a cell */
	COLUMNS_TREE,  /* json: lists may be cells */
};

struct column_defaults {
	enum column_style style;
	bool unix_; /* unix sockets are asked for */
	bool inet;  /* internet sockets are */
	unsigned programs, extend;
	bool timers, memory, info;
	bool numeric_users;
};
int column_list_default(struct column_list *list, const struct column_defaults *defaults);

/* All that has to be collected for the columns; adds to what the needs hold. */
struct column_needs {
	unsigned want;    /* enum want */
	unsigned details; /* enum process_detail */
	unsigned need;    /* enum column_need */
};
void column_list_needs(const struct column_list *list, struct column_needs *needs);

/* --- values --- */

/* Room for the text of every kind before VALUE_BYTES. */
#define VALUE_SHORT_MAX 128

static inline bool value_is_short(const struct value *value)
{
	return value->kind < VALUE_BYTES && value->kind != VALUE_ENDPOINT;
}

/* Text of a short value; the new end. Nothing for VALUE_NONE. */
char *value_short_text(char *to, const struct value *value);

/* "2026-11-20T16:00:45Z", 20 bytes; seconds since 1970. */
char *text_time(char *to, int64_t time);

/* Appends any value as one printable line. 0, or -1 with errno ENOMEM. */
int value_text(struct text *text, const struct value *value, const struct column_source *source);

#endif
