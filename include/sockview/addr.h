/* addr.h - an internet address as data: its text, and what its bits say. */
#ifndef SOCKVIEW_ADDR_H
#define SOCKVIEW_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Network byte order. An IPv4 address is in the first four bytes, the rest 0. */
union addr {
	uint8_t byte[16];
	uint32_t word[4];
};

#define ADDR_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/*
 * As inet_ntop writes it: no brackets, no zone. family AF_INET or AF_INET6;
 * `mapped`: an AF_INET6 address in ::ffff:0:0/96 is written as plain IPv4.
 */
char *addr_text(char *to, const union addr *addr, int family, bool mapped);

/* ::ffff:0:0/96, RFC 4291 2.5.5.2. */
bool addr_is_mapped(const union addr *addr);
/* The first `bits` bits are the same. */
bool addr_has_prefix(const union addr *addr, const union addr *prefix, unsigned bits);

#endif
