/*
 * inquiry.h - the inside of a struct explain: what was planned, found, judged and is to be said.
 *
 *   target -> planned[1..2]     the binds a server would try
 *   table  -> holder[]          every socket that has the port, judged against each plan
 *          -> crowd[]           holders that are one thing to a person (a thousand TIME_WAITs)
 *          -> line[]            why, what frees it, what else surprises
 */
#ifndef SOCKVIEW_EXPLAIN_INQUIRY_H
#define SOCKVIEW_EXPLAIN_INQUIRY_H

#include <sockview/explain.h>
#include <sockview/expr.h>
#include <sockview/text.h>

#include "explain/bind_model.h"
#include "explain/other_netns.h"
#include "explain/facts.h"
#include <sockview/nat.h>
#include "explain/probe.h"
#include "explain/explain_target.h"

enum { PLANS_MAX = 2 };

struct planned {
	struct bind_plan bind;
	enum explain_verdict verdict;
	int number;              /* errno of the refusal; 0: none, or not known */
	enum probe_stage stage;  /* of the refusal */
	enum bind_outcome model; /* what the tables alone say */
	bool certain;            /* the tables are whole, so the model's word is the kernel's */
	bool left_out;           /* a family this host has not; nobody asked for it by name */
	bool checked;            /* the kernel was asked for everything but the port */
	bool tried;              /* bind() was tried */
	bool disagree;           /* the trial said otherwise than the tables */
};

struct holder {
	uint32_t row; /* in the table */
	uint32_t crowd;
	uint8_t reason; /* enum owner_reason */
	struct bind_holder is;
	struct bind_judgement judged[PLANS_MAX];
};

/* Holders alike: one line of text. */
struct crowd {
	uint32_t first; /* index of a holder */
	uint32_t count;
	uint32_t listener;      /* whose connections these are: index of a holder, or CROWD_NONE */
	uint32_t expires_ms;    /* TIME_WAIT: when the last of them is gone */
	bool in_the_way, maybe; /* of some plan: surely; perhaps */
	bool outgoing;          /* connections that got the port as their own end's ephemeral port */
	bool to_itself;         /* connected to its own address and port */
};

#define CROWD_NONE UINT32_MAX

enum line_kind { LINE_WHY, LINE_ADVICE, LINE_NOTE, LINE_UNREAD };

/* A sentence, escaped already; `key` is its constant name in JSON. */
struct line {
	enum line_kind kind;
	const char *key;
	char *text;
};

/* A connection from here to the port elsewhere. */
struct toward {
	union addr local, remote;
	uint16_t local_port;
	uint8_t family;
};

/* The fullest destination of those. */
struct destination {
	struct toward one;
	unsigned used, range; /* ephemeral ports in use towards it, and to be had */
};

struct explain {
	struct explain_options options;
	struct target target;
	struct expr local, remote; /* the port at this end, at the other */
	bool bound_told;           /* the source tells of TCP sockets that are bound and nothing more */
	struct probe_user user;
	char user_name[64]; /* of --as-user, as given */
	struct planned plan[PLANS_MAX];
	size_t plans;
	struct explain_facts facts;
	struct facts host;
	struct holder *holder;
	size_t holders, holder_capacity;
	struct crowd *crowd;
	size_t crowds, crowd_capacity;
	size_t others;  /* sockets of the other protocol on the port: UDP for TCP */
	uint32_t other; /* the first of them: a row */
	struct toward *toward;
	size_t towards, toward_capacity;
	struct destination destination;
	struct elsewhere elsewhere;
	struct nat nat;
	struct line *line;
	size_t lines, line_capacity;
	enum explain_verdict verdict;
	bool reuseaddr_tried, reuseaddr_helps; /* a trial with SO_REUSEADDR on top of the plan */
};

/* holders.c: table -> holder[] and other; 0, or -1 ENOMEM. */
int holders_find(struct explain *explain);
void holders_judge(struct explain *explain);
int holders_crowd(struct explain *explain);
/* What the tables say of a plan that may differ from those explained. */
enum bind_outcome holders_outcome(const struct explain *explain, const struct bind_plan *plan);

/* ask.c: SO_REUSEADDR and the like of holders a verdict hangs on, from the processes that hold them. */
void holders_ask(struct explain *explain, unsigned options);

/* ephemeral.c: connections towards the port, kept and counted. False: enough of them are rows already. */
bool ephemeral_keep(struct explain *explain, const struct row *row);
/* The same of a connection that a server here has accepted from this host itself. */
void ephemeral_keep_reversed(struct explain *explain, const struct row *row);
void ephemeral_find(struct explain *explain);

/* reasons.c, advice.c, notes.c: -> line[]; 0, or -1 ENOMEM. */
int reasons_say(struct explain *explain);
int advice_say(struct explain *explain);
int notes_say(struct explain *explain);

/* words.c */
int line_add(struct explain *explain, enum line_kind kind, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
enum { WORDS_ADDR_MAX = 64, WORDS_NAME_MAX = 256, WORDS_SPAN_MAX = 32 };
/* "0.0.0.0:80", "[::1]:80", "[fe80::1%eth0]:80". */
void words_endpoint(const struct explain *explain, char text[WORDS_ADDR_MAX], int family, const union addr *addr,
                    uint16_t port, uint32_t ifindex);
/* The same without a port and brackets only where needed to be read: "0.0.0.0", "[::]". */
void words_addr(char text[WORDS_ADDR_MAX], int family, const union addr *addr);
/* Escaped; cut visibly if it is long. */
void words_bytes(char text[WORDS_NAME_MAX], struct bytes bytes, enum text_escape how);
/* "root", or the number. */
void words_user(const struct explain *explain, char text[WORDS_NAME_MAX], uint32_t uid);
/* "42 s", "2 h 13 min", "3 days". */
void words_span(char text[WORDS_SPAN_MAX], uint64_t seconds);
/* "EADDRINUSE". */
const char *words_errno(int number);
/* The process's age in seconds; false if it is not known. */
bool process_age(const struct explain *explain, const struct process *process, uint64_t *seconds);

/* The first owner's process, NULL. */
const struct process *holder_process(const struct explain *explain, const struct holder *holder);
static inline const struct row *holder_row(const struct explain *explain, const struct holder *holder)
{
	return &explain->facts.table->row[holder->row];
}

#endif
