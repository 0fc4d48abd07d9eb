// SPDX-License-Identifier: MIT
/*
 * servant.h - a thread that keeps capabilities which its caller gives up.
 *
 * Capabilities belong to threads (capabilities(7)). So one thread can ask the
 * kernel for what takes one, while the thread that writes has none.
 */
#ifndef SOCKVIEW_SERVANT_H
#define SOCKVIEW_SERVANT_H

#include <sys/types.h>

struct servant;
/* Its answer, with errno. */
typedef ssize_t servant_work(void *context);

/* A thread with the capabilities that the calling one has now. NULL with errno. */
struct servant *servant_begin(void);
/* Does the work in that thread, and waits for it. Any thread may call. */
ssize_t servant_call(struct servant *servant, servant_work *work, void *context);
/* Ends the thread, and its capabilities with it; takes NULL, too. */
void servant_end(struct servant *servant);

#endif
