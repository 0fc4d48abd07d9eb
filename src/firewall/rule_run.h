// SPDX-License-Identifier: MIT
/* rule_run.h - one rule being run over one packet: what its parts share. */
#ifndef SOCKVIEW_FIREWALL_RULE_RUN_H
#define SOCKVIEW_FIREWALL_RULE_RUN_H

#include "firewall/registers.h"
#include "firewall/ruleset.h"

enum { FW_VERDICTS_MAX = 32 };

struct fw_verdict {
	int32_t code;  /* NF_ACCEPT, NF_DROP, NFT_JUMP, NFT_GOTO, NFT_RETURN */
	uint32_t jump; /* text of the ruleset */
	bool perhaps;  /* one of several that a map may give */
};

struct rule_run {
	const struct ruleset *ruleset;
	const struct fw_rule *rule;
	const struct packet_state *state; /* before the rule */
	enum packet_hook hook;
	int32_t priority; /* of the base chain */
	struct fw_registers registers;
	enum fw_match match;                  /* so far; never back from NO */
	enum fw_match held;                   /* before that */
	char condition[PACKET_CONDITION_MAX]; /* the parts that may hold or fail; the first that could not be judged */
	struct fw_verdict verdict[FW_VERDICTS_MAX];
	unsigned verdicts;
	bool writes;   /* it was reached by what keeps a state: a dynamic set, recent, a count of connections, a log */
	bool rewrites; /* the packet itself: what it is behind the rule is not followed */
	bool rejects;  /* the drop answers with a reset or an ICMP error */
	bool moves_source; /* SNAT, masquerade: no NAT chain behind it runs at this hook */
	bool translates;
	struct packet_nat nat; /* if so: kind and target */
	bool nat_takes_address, nat_takes_port;
	/* Changes to the packet's state. */
	bool sets_mark, mark_known;
	uint8_t untracks;         /* 1, or 2: perhaps */
	bool templates, retracks; /* chooses a zone, also for what was untracked before */
	uint32_t mark;
};

/* A part of the rule holds, fails or neither; `what` names it where it is neither. */
void rule_run_settle(struct rule_run *run, enum fw_match match, const char *what);
/* Connection tracking is to leave the packet alone. */
void rule_run_untrack(struct rule_run *run);
void rule_run_verdict(struct rule_run *run, int32_t code, uint32_t jump, bool perhaps);

#endif
