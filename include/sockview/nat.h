/* nat.h - rules of nftables that take a port's traffic before any listener sees it. */
#ifndef SOCKVIEW_NAT_H
#define SOCKVIEW_NAT_H

#include <sockview/row.h>

enum { NAT_NAME_MAX = 64, NAT_RULES_MAX = 16 };

/* A rule that sends packets to the port elsewhere. Names as the kernel has them: hostile. */
struct nat_rule {
	char family[8]; /* "ip", "ip6", "inet": nft's word */
	char table[NAT_NAME_MAX], chain[NAT_NAME_MAX];
	bool output;       /* of connections made on this host; else of those that come in */
	bool more;         /* if other conditions hold, too */
	bool redirect;     /* to this host's own port `to_port` */
	uint8_t to_family; /* AF_UNSPEC: not told, or chosen at run time */
	union addr to;
	uint16_t to_port; /* 0: the same */
};

struct nat {
	bool asked;
	int unread;         /* errno: nftables could not be read whole (E2BIG: there is too much of it) */
	bool legacy_unread; /* iptables' older tables are in use and were not read */
	struct nat_rule rule[NAT_RULES_MAX];
	size_t rules;
	unsigned left_out;
};

/* 0, or -1 with errno ENOMEM. nat->unread says what could not be read. */
int nat_find(struct nat *nat, int proc_fd, enum proto proto, uint16_t port);

#endif
