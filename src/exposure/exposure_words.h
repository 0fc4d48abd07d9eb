// SPDX-License-Identifier: MIT
/* exposure_words.h - layers and rules by their names. */
#ifndef SOCKVIEW_EXPOSURE_WORDS_H
#define SOCKVIEW_EXPOSURE_WORDS_H

#include <sockview/packet.h>
#include <sockview/text.h>

#include "exposure/ways.h"

extern const char *const layer_words[LAYER_COUNT];

/* Each: 0, or -1 with errno ENOMEM. */

/* The names of LAYER_BIT()s, with commas between. */
int exposure_add_layers(struct text *text, unsigned layers);
/* A word of hostile bytes. */
int exposure_add_word(struct text *text, const char *word);
/* What the answer of FATE_DEPENDS or FATE_UNKNOWN hangs on: "only with ip saddr 10.0.0.0/8". */
int exposure_add_condition(struct text *text, const struct packet_answer *answer);
/* "inet filter input handle 7", or "policy" for the chain's. */
int exposure_add_rule(struct text *text, const struct packet_rule *rule);

#endif
