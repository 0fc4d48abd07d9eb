// SPDX-License-Identifier: MIT
/* family_text.h - what only sockets of one family tell, as text. */
#ifndef SOCKVIEW_COLUMNS_FAMILY_TEXT_H
#define SOCKVIEW_COLUMNS_FAMILY_TEXT_H

#include <sockview/column_source.h>
#include <sockview/text.h>

/* The number in a VALUE_DETAIL: which text of the socket it is. */
enum family_text {
	FAMILY_LOCAL,
	FAMILY_REMOTE,
	FAMILY_GROUPS,
	FAMILY_FILTER,
	FAMILY_STORAGE,
	FAMILY_LOCALS,
	FAMILY_PEERS
};

/* True if the socket has ends that are such texts. */
bool family_has_ends(const struct sock *sock);
/* Appends it. 0, or -1 with errno ENOMEM. */
int family_text_add(struct text *text, enum family_text what, const struct column_source *source);

/* The name of a protocol of frames (ETH_P_*, host byte order); NULL: none is known. */
const char *family_ether_type(unsigned number);

/* The protocols of netlink(7) by number, NULL behind the last; "": nothing has that number. */
enum { FAMILY_NETLINK_NAMES = 23 };
extern const char *const family_netlink_names[FAMILY_NETLINK_NAMES + 1];

#endif
