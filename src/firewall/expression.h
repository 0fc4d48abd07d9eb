// SPDX-License-Identifier: MIT
/* expression.h - nft's expressions, one after the other, over a packet that is known in part. */
#ifndef SOCKVIEW_FIREWALL_EXPRESSION_H
#define SOCKVIEW_FIREWALL_EXPRESSION_H

#include "firewall/rule_run.h"

/* Runs the rule of `run` until it fails or ends. run->match says whether its verdicts count. */
void expression_run_rule(struct rule_run *run);

#endif
