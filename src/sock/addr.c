// SPDX-License-Identifier: MIT
/* addr.c - addresses as text, and what their bits say (addr.h). */
#include <sockview/addr.h>

#include <arpa/inet.h>
#include <string.h>

#include <sockview/text.h>

#define TEN(tens) tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8", tens "9"

static const char octets[256][4] = {
	TEN(""),   TEN("1"),  TEN("2"),  TEN("3"),  TEN("4"),  TEN("5"),  TEN("6"),  TEN("7"),
	TEN("8"),  TEN("9"),  TEN("10"), TEN("11"), TEN("12"), TEN("13"), TEN("14"), TEN("15"),
	TEN("16"), TEN("17"), TEN("18"), TEN("19"), TEN("20"), TEN("21"), TEN("22"), TEN("23"),
	TEN("24"), "250",     "251",     "252",     "253",     "254",     "255",
};

/* Copies four bytes, a fixed size, and counts one to three: the caller has room for the longest address. */
static inline char *byte_text(char *to, unsigned value)
{
	memcpy(to, octets[value], 4);
	return to + 1 + (value >= 10) + (value >= 100);
}

char *addr_ipv4_text(char *to, const uint8_t *byte)
{
	for (int i = 0; i < 3; i++) {
		to = byte_text(to, byte[i]);
		*to++ = '.';
	}
	return byte_text(to, byte[3]);
}

static unsigned group_of(const uint8_t *byte, int group)
{
	return (unsigned)byte[2 * group] << 8 | byte[2 * group + 1];
}

struct zeros {
	int first, count;
};

/* The longest run of zero groups, the first of equals; a single one is not shortened (RFC 5952, 4.2). */
static struct zeros longest_zeros(const uint8_t *byte)
{
	struct zeros best = { -1, 1 }, run = { 0, 0 };
	for (int i = 0; i < 8; i++) {
		if (group_of(byte, i)) {
			run = (struct zeros){ i + 1, 0 };
			continue;
		}
		run.count++;
		if (run.count > best.count)
			best = run;
	}
	return best;
}

/*
 * glibc's inet_ntop, which every older tool uses, writes the last 32 bits in
 * dots when all before them is zero (::1.2.3.4), or ::ffff.
 */
static bool ends_in_ipv4(const uint8_t *byte, struct zeros zeros)
{
	if (zeros.first != 0)
		return false;
	return zeros.count == 6 || (zeros.count == 5 && group_of(byte, 5) == 0xffff);
}

char *addr_ipv6_text(char *to, const uint8_t *byte)
{
	struct zeros zeros = longest_zeros(byte);
	int groups = ends_in_ipv4(byte, zeros) ? 6 : 8;
	for (int i = 0; i < groups; i++) {
		if (i == zeros.first) {
			*to++ = ':';
			i += zeros.count - 1;
			if (i == 7)
				*to++ = ':';
			continue;
		}
		if (i)
			*to++ = ':';
		to = text_hex(to, group_of(byte, i));
	}
	if (groups == 8)
		return to;
	*to++ = ':';
	return addr_ipv4_text(to, byte + 12);
}

bool addr_is_mapped(const union addr *addr)
{
	return !addr->word[0] && !addr->word[1] && addr->word[2] == htonl(0xffff);
}

bool addr_is_loopback(int family, const union addr *addr)
{
	if (family == AF_INET)
		return addr->byte[0] == 127;
	return !addr->word[0] && !addr->word[1] && !addr->word[2] && addr->word[3] == htonl(1);
}

union addr addr_unmapped(const union addr *addr)
{
	return (union addr){ .word = { addr->word[3] } };
}

bool addr_has_prefix(const uint8_t *byte, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(byte, prefix, whole) != 0)
		return false;
	return !rest || (byte[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}
