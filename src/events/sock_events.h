/* sock_events.h - what the BPF programs write, for both sides; and the programs, loaded. */
#ifndef SOCKVIEW_EVENTS_SOCK_EVENTS_H
#define SOCKVIEW_EVENTS_SOCK_EVENTS_H

/* What is known of a FIN or of the SYN; as enum payload_fact. */
enum record_fact { FACT_UNKNOWN, FACT_NO, FACT_YES };

enum record_flag {
	RECORD_OPENED = 1 << 0,   /* close: its open was told */
	RECORD_COUNTERS = 1 << 1, /* acked .. total_retrans are set */
	RECORD_UNTOLD = 1 << 2,   /* close: it was open, and no program saw it open */
};

struct event_record {
	unsigned long long ns; /* CLOCK_MONOTONIC */
	unsigned long long opened_ns;
	unsigned long long cookie;
	unsigned long long acked, received, sent, retrans_bytes;
	unsigned int netns, pid, uid, ifindex, inode, candidates, total_retrans;
	int error;
	unsigned short family, local_port, remote_port; /* host order */
	unsigned char kind;                             /* enum event_kind */
	unsigned char owner_from;                       /* enum event_owner_from */
	unsigned char direction;                        /* enum event_direction */
	unsigned char connecting, fin_acked, fin_received;
	unsigned char flags; /* enum record_flag */
	unsigned char pad[3];
	unsigned char local[16], remote[16];
	char comm[16];
};

#ifndef __bpf__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_events;

/*
 * Loads and attaches. `netns`: inode of the one namespace that is told of. NULL
 * with errno and *why, in constant words.
 */
struct sock_events *sock_events_load(uint32_t netns, const char **why);
void sock_events_free(struct sock_events *programs);
/* Writes into each socket that a process has open who that is. 0, or -1 with errno. */
int sock_events_seed(struct sock_events *programs);
/* Records that are there, in the order they were written, at most `limit`. The sink's answer if it is not 0. */
int sock_events_read(struct sock_events *programs, size_t limit,
                     int (*sink)(void *context, const struct event_record *record), void *context);
/* Records that found no room. */
uint64_t sock_events_lost(const struct sock_events *programs);
/* Times the kernel did not run a program since it was running; false: it does not tell. */
bool sock_events_missed(const struct sock_events *programs, uint64_t *missed);
#endif

#endif
