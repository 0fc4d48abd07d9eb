// SPDX-License-Identifier: MIT
/* xt.h - the matches and targets of iptables that iptables-nft wraps into nft's rules. */
#ifndef SOCKVIEW_FIREWALL_XT_H
#define SOCKVIEW_FIREWALL_XT_H

#include <sockview/attrs.h>
#include "firewall/rule_run.h"

void xt_match(struct rule_run *run, const struct attrs *attrs);
void xt_target(struct rule_run *run, const struct attrs *attrs);

#endif
