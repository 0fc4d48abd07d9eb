// SPDX-License-Identifier: MIT
/* record.h - what the BPF programs of the watch write and are told, for both sides. */
#ifndef SOCKVIEW_EVENTS_RECORD_H
#define SOCKVIEW_EVENTS_RECORD_H

enum { RECORD_RING = 8 << 20 }; /* bytes; a power of two */

/* What a program is told before it is loaded. */
struct record_settings {
	unsigned int netns;     /* inode of the one namespace that is told of; 0: those of the map, or */
	unsigned int all_netns; /* all */
	/* Our pid namespace if it is a child: numbers of others are not told. */
	unsigned int nested, pad;
	unsigned long long pidns_dev, pidns_inode;
};

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

#endif
