// SPDX-License-Identifier: MIT
/* crew.h - items shared out over threads: each takes the next when it is free. */
#ifndef SOCKVIEW_OWNERS_CREW_H
#define SOCKVIEW_OWNERS_CREW_H

#include <stddef.h>

#define CREW_MAX 8

/*
 * How many threads to use for so many items: `wanted`, or for 0 as many as
 * the CPUs we may use; no more than CREW_MAX, and none for fewer than `each`
 * items (about what starting a thread costs). At least 1.
 */
unsigned crew_size(unsigned wanted, size_t items, size_t each);

/* One item by one member; what members share must be read-only. 0, or -1 to end the work (ENOMEM). */
typedef int crew_work(void *member, size_t item);

/*
 * Does all items; the calling thread is member 0, and does them alone if no
 * thread can be started. Threads have the capabilities of the caller, and are
 * gone when this returns. 0, or -1 with errno ENOMEM.
 */
int crew_run(unsigned size, size_t items, crew_work *work, void *const member[]);

#endif
