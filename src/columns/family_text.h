/* family_text.h - what only sockets of one family tell, as text. */
#ifndef SOCKVIEW_COLUMNS_FAMILY_TEXT_H
#define SOCKVIEW_COLUMNS_FAMILY_TEXT_H

#include <sockview/value.h>

/* The number in a VALUE_DETAIL: which text of the socket it is. */
enum family_text { FAMILY_LOCAL, FAMILY_REMOTE, FAMILY_GROUPS, FAMILY_FILTER };

void family_text_set(struct value *value, enum family_text what);
/* Sets an end of a socket beside the internet protocols; leaves the value as it is if it has none. */
void family_set_end(const struct column_source *source, struct value *value, bool remote);
/* Appends the text of a VALUE_DETAIL. 0, or -1 with errno ENOMEM. */
int family_text_add(struct text *text, const struct value *value, const struct column_source *source);

/* The name of a protocol of frames (ETH_P_*, host byte order); NULL: none is known. */
const char *family_ether_type(unsigned number);

/* The protocols of netlink(7) by number, NULL behind the last; "": nothing has that number. */
enum { FAMILY_NETLINK_NAMES = 23 };
extern const char *const family_netlink_names[FAMILY_NETLINK_NAMES + 1];

#endif
