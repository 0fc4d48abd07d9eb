// SPDX-License-Identifier: MIT
/* rating.h - see rating.c. */
#ifndef SOCKVIEW_RUN_RATING_H
#define SOCKVIEW_RUN_RATING_H

#include "run/invocation.h"

/* Before the first of several looks: closes are listened to, where something that is printed or chosen is a rate. */
void rating_open(struct run *run);
/* A look begins. 0, or -1 with error. */
int rating_begin(struct run *run);
/* A row of the look's dump, before it is judged. 0, or -1 with error. */
int rating_see(struct run *run, const struct sock *sock);
/* After the dump: the connections that closed and had no row go to the sink. Its answer, or -1 with error. */
int rating_end(struct run *run, sock_sink *sink);
/* Closes that were told by now; one that cannot be read is the last, which rating_say() tells. */
void rating_read(struct run *run);
/* Waits for the next look, reading closes meanwhile. False if no other look is wanted. */
bool rating_wait(struct run *run);
/* What the rates lack, a line each once. */
void rating_say(struct run *run);
void rating_close(struct run *run);

#endif
