// SPDX-License-Identifier: MIT
/* loads.h - what nft's expressions put into registers: values of the packet, and values made of these. */
#ifndef SOCKVIEW_FIREWALL_LOADS_H
#define SOCKVIEW_FIREWALL_LOADS_H

#include <sockview/attrs.h>

#include "firewall/rule_run.h"

/* Into the register that the attribute names. */
void load_known(struct rule_run *run, struct attr reg, const void *value, size_t len, enum fw_field field);
void load_open(struct rule_run *run, struct attr reg, size_t len, enum fw_byte byte, enum fw_field field);

/*
 * What connection tracking has made of the packet where the rule stands. Before its own hook, at -200 of
 * prerouting and output, no packet has a connection: it is INVALID, and what asks for more of it breaks the rule.
 */
enum ct_view { CT_TRACKED, CT_UNTRACKED, CT_INVALID, CT_OPEN };
enum ct_view ct_view(const struct rule_run *run);
#define CT_HAS_CONNECTION "ct state != invalid,untracked"

/* Expressions by their names; payload, meta, ct and notrack may change the packet or its state instead. */
void load_payload(struct rule_run *run, const struct attrs *a);
void load_meta(struct rule_run *run, const struct attrs *a);
void load_ct(struct rule_run *run, const struct attrs *a);
void load_notrack(struct rule_run *run, const struct attrs *a);
void load_fib(struct rule_run *run, const struct attrs *a);
void load_bitwise(struct rule_run *run, const struct attrs *a);
void load_byteorder(struct rule_run *run, const struct attrs *a);
void load_random(struct rule_run *run, const struct attrs *a);

#endif
