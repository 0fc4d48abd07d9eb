// SPDX-License-Identifier: MIT
/* rule_ports.h - the destination ports that a rule can hold for: a look in place of a run for each other port. */
#ifndef SOCKVIEW_FIREWALL_RULE_PORTS_H
#define SOCKVIEW_FIREWALL_RULE_PORTS_H

#include <sockview/attrs.h>

struct rule_ports {
	uint16_t low, high; /* low above high: for none */
};

/* Of the rule's expressions. Nothing that a rule changes stands before the comparison that fails for all others. */
struct rule_ports rule_ports_of(struct attr_walk expressions);

#endif
