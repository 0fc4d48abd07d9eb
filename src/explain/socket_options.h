// SPDX-License-Identifier: MIT
/* socket_options.h - SO_REUSEADDR and the like, asked of the sockets themselves. */
#ifndef SOCKVIEW_EXPLAIN_SOCKET_OPTIONS_H
#define SOCKVIEW_EXPLAIN_SOCKET_OPTIONS_H

#include "explain/inquiry.h"

/* Fills the given options of one holder, as far as it can be asked. */
void socket_options_ask_one(const struct explain *explain, struct holder *holder, unsigned options);
/* Fills the given options (OPTION_*) of the holders whose judgement hangs on them, as far as they can be asked. */
void socket_options_ask(struct explain *explain, unsigned options);

#endif
