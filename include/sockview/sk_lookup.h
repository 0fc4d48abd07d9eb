// SPDX-License-Identifier: MIT
/* sk_lookup.h - BPF programs that choose the socket of a packet (BPF_SK_LOOKUP, since Linux 5.9). */
#ifndef SOCKVIEW_SK_LOOKUP_H
#define SOCKVIEW_SK_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

enum { SK_LOOKUPS_MAX = 16 };

struct sk_lookups {
	int error;                        /* errno: could not be asked (EPERM: it takes CAP_SYS_ADMIN); 0: asked */
	uint32_t program[SK_LOOKUPS_MAX]; /* ids, as `bpftool prog` shows them */
	size_t count; /* attached to this network namespace; more than the array has are not in it */
	/* Links to hooks of netfilter (Linux 6.4), of any network namespace: the kernel does not tell which. */
	size_t netfilter;
};

/* `netns`: inode of the namespace (st_ino of /proc/self/ns/net). */
void sk_lookups_find(struct sk_lookups *found, uint64_t netns);

#endif
