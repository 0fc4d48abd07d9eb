// SPDX-License-Identifier: MIT
/* condition.h - a condition that could not be decided, in nft's own words. */
#ifndef SOCKVIEW_FIREWALL_CONDITION_H
#define SOCKVIEW_FIREWALL_CONDITION_H

#include "firewall/registers.h"

/* "ip saddr 10.0.0.0/8", "iifname \"eth0\"", "ct mark != 0x1": operator is "" for equality. */
void condition_compare(char text[PACKET_CONDITION_MAX], const struct fw_registers *registers, unsigned offset,
                       const char *operator, const uint8_t * value, size_t len, uint8_t family);
/* "ip saddr @blocked", "tcp sport { ... }". */
void condition_lookup(char text[PACKET_CONDITION_MAX], const struct fw_registers *registers, unsigned offset,
                      const char *set, bool anonymous, bool inverted, uint8_t family);

#endif
