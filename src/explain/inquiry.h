// SPDX-License-Identifier: MIT
/*
 * inquiry.h - the inside of a struct explain: what was planned, found, judged and is to be said.
 * Data alone; each file's functions are in its own header.
 *
 *   target -> planned[1..2]     the binds a server would try
 *   table  -> holder[]          every socket that has the port, judged against each plan
 *          -> crowd[]           holders that are one thing to a person (a thousand TIME_WAITs)
 *          -> sentence[]            why, what frees it, what else surprises
 */
#ifndef SOCKVIEW_EXPLAIN_INQUIRY_H
#define SOCKVIEW_EXPLAIN_INQUIRY_H

#include <sockview/explain_types.h>
#include <sockview/expr.h>
#include <sockview/free_plan.h>
#include <sockview/other_netns.h>
#include <sockview/packet.h>
#include <sockview/sk_lookup.h>
#include <sockview/text.h>

#include "explain/bind_model.h"
#include "explain/explain_target.h"
#include "explain/facts.h"
#include "explain/probe.h"

enum { PLANS_MAX = 2, NEAR_MAX = 32, NEAR_RANGES = 4 };

struct planned {
	struct bind_plan bind;
	enum explain_verdict verdict;
	int number;              /* errno of the refusal; 0: none, or not known */
	enum probe_stage stage;  /* of the refusal */
	enum bind_outcome model; /* what the tables alone say */
	bool certain;            /* the tables are whole, so the kernel will answer as the model does */
	bool left_out;           /* a family that this host lacks and that the target did not name */
	bool checked;            /* the kernel was asked for everything but the port */
	bool tried;              /* bind() was tried */
	bool disagree;           /* the trial said otherwise than the tables */
};

struct holder {
	uint32_t row; /* in the table */
	uint32_t crowd;
	uint8_t reason; /* enum owner_reason */
	bool moved;     /* the socket was asked for its options and had gone, or its descriptor was another's */
	struct bind_holder is;
	struct bind_judgement judged[PLANS_MAX];
};

/* Holders that are alike to a reader: one line of text. */
struct crowd {
	uint32_t first; /* index of a holder */
	uint32_t count;
	uint32_t listener;      /* the listener that got these connections: index of a holder, or CROWD_NONE */
	uint32_t expires_ms;    /* TIME_WAIT: when the last of them is gone */
	bool in_the_way, maybe; /* of some plan: surely; perhaps */
	bool without;           /* in the way of the same plan without SO_REUSEADDR */
	bool outgoing;          /* connections that got the port as their own end's ephemeral port */
	bool to_itself;         /* connected to its own address and port */
};

#define CROWD_NONE UINT32_MAX

/* The processes of one program that hold sockets in the way: a supervisor and its workers, or one alone. */
struct gang {
	uint32_t process; /* the lowest pid's: index into owners.process */
	uint32_t count;   /* processes */
	uint32_t serving; /* sockets that listen, or of UDP */
	uint8_t rank;     /* enum gang_rank: of the worst of its sockets */
	bool shares;      /* those sockets share the port by SO_REUSEPORT */
};

enum gang_rank { GANG_SERVES, GANG_BOUND, GANG_CONNECTED };

/* A process that holds a socket in the way. */
struct culprit {
	uint32_t process; /* index into owners.process */
	uint32_t gang;
};

enum sentence_kind { SAY_WHY, SAY_ADVICE, SAY_NOTE, SAY_UNREAD };

/* A rule that takes the port's traffic, or brings that of another port here. */
struct nat_found {
	struct packet_nat nat;
	size_t way;    /* how the packet came: explain_nat.c's table */
	bool from_any; /* it sends other ports here */
};

/* A sentence, escaped already; `key` is its constant name in JSON. */
struct sentence {
	enum sentence_kind kind;
	const char *key;
	char *text;
	const struct nat_found *nat; /* whose condition could not be decided; NULL */
};

/* A connection from here to the port elsewhere. */
struct toward {
	union addr local, remote;
	uint16_t local_port;
	uint8_t family;
};

/* The destination that the target names; else the fullest of those. */
struct destination {
	struct toward one;
	bool named;
	unsigned used, range; /* ephemeral ports in use towards it, and all that may be used */
};

struct explain {
	struct explain_options options;
	struct target target;
	struct expr expr; /* the port at either end */
	bool bound_told;  /* the source tells of TCP sockets that are bound and nothing more */
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
	struct culprit *culprit; /* by gang, then by pid */
	size_t culprits, culprit_capacity;
	struct gang *gang; /* the worst first */
	size_t gangs, gang_capacity;
	struct free_plan freeing;
	uint32_t near_taken; /* bit i: a socket of the protocol has the port i + 1 above the target's, or may have */
	size_t others;       /* sockets of the other protocol on the port: UDP for TCP */
	uint32_t other;      /* the first of them: a row */
	struct toward *toward;
	size_t towards, toward_capacity;
	struct destination destination;
	struct elsewhere elsewhere;
	struct ruleset *ruleset; /* NULL: not asked for */
	struct nat_found *nat;
	size_t nats, nat_capacity, nats_left_out;
	struct sk_lookups sk_lookups;
	struct sentence *sentence;
	size_t sentences, sentence_capacity;
	enum explain_verdict verdict;
	enum explain_verdict without_reuseaddr; /* of the same binds without the option; of TCP with it */
	bool reuseaddr_tried, reuseaddr_helps;  /* a trial with SO_REUSEADDR on top of the plan */
};

#endif
