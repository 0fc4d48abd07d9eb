// SPDX-License-Identifier: MIT
/* addr.h - an internet address as data: its text, and what its bits say. */
#ifndef SOCKVIEW_ADDR_H
#define SOCKVIEW_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Network byte order. An IPv4 address is in the first four bytes, the rest 0. */
union addr {
	uint8_t byte[16];
	uint32_t word[4];
};

#define ADDR_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

char *addr_ipv4_text(char *to, const uint8_t *byte);
char *addr_ipv6_text(char *to, const uint8_t *byte);

/*
 * As inet_ntop writes it: no brackets, no zone. family AF_INET or AF_INET6;
 * `mapped`: an AF_INET6 address in ::ffff:0:0/96 is written as plain IPv4.
 */
static inline char *addr_text(char *to, const union addr *addr, int family, bool mapped)
{
	if (family == AF_INET)
		return addr_ipv4_text(to, addr->byte);
	return mapped ? addr_ipv4_text(to, addr->byte + 12) : addr_ipv6_text(to, addr->byte);
}

/* What has an address of this host. */
struct addr_device {
	uint32_t index; /* of the interface; 0: not known */
	uint32_t vrf;   /* that the interface is in; 0: none */
};

/* A socket that is bound to an interface serves those who come in there; one of a VRF, by any interface of it. */
static inline bool addr_device_serves(const struct addr_device *device, uint32_t bound)
{
	return !bound || bound == device->index || bound == device->vrf;
}

/* ::ffff:0:0/96, RFC 4291 2.5.5.2. */
bool addr_is_mapped(const union addr *addr);
/* 0.0.0.0, ::, and with `mapped` ::ffff:0.0.0.0: "every address" of a bound socket, "none" of a peer. */
static inline bool addr_is_any(const union addr *addr, bool mapped)
{
	return !addr->word[3] && (mapped || !(addr->word[0] | addr->word[1] | addr->word[2]));
}
/* lo has it: all of 127.0.0.0/8, and every prefix of it (fib_add_ifaddr(), net/ipv4/fib_frontend.c), and ::1. */
bool addr_is_loopback(int family, const union addr *addr);
/* A v4-mapped address as the IPv4 address in it. */
union addr addr_unmapped(const union addr *addr);
/* The first `bits` bits of both are the same; of a v4-mapped address, pass the IPv4 bytes (byte + 12). */
bool addr_has_prefix(const uint8_t *byte, const uint8_t *prefix, unsigned bits);

#endif
