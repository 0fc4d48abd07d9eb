/*
 * nat_rule.h - what one nftables rule does with a packet to one port.
 *
 * A rule is run over a packet of which protocol and destination port are
 * known and nothing else: each expression holds, fails, or may do either.
 */
#ifndef SOCKVIEW_FIREWALL_NAT_RULE_H
#define SOCKVIEW_FIREWALL_NAT_RULE_H

#include <sockview/row.h>

/* The kernel's names are shorter than NFT_NAME_MAXLEN, 256; a longer one than this is cut. */
enum { NAT_RULE_NAME_MAX = 64 };

enum nat_action { NAT_NONE, NAT_JUMP, NAT_DNAT, NAT_REDIRECT };

/* What a register holds, by its 4-byte slots: 0-3 of NFT_REG_1 and so on. */
enum nat_slot_kind { SLOT_OTHER, SLOT_PORT, SLOT_PROTO, SLOT_DATA };
enum { NAT_SLOTS = 20, NAT_KEY_SLOTS = 16 };

/* A look into a set, which takes a question of its own to the kernel. */
struct nat_lookup {
	char set[NAT_RULE_NAME_MAX];
	uint8_t kind[NAT_KEY_SLOTS]; /* enum nat_slot_kind: what the key is made of */
	uint8_t slots;
	bool inverted, has_port, verdict; /* `verdict`: the element says where to go */
	bool map;                         /* the element says what address or port to send to */
};

enum { NAT_LOOKUPS_MAX = 2 };

struct nat_seen {
	char table[NAT_RULE_NAME_MAX], chain[NAT_RULE_NAME_MAX];
	uint8_t family; /* NFPROTO_* */
	bool fails;     /* it cannot be about this packet */
	bool port;      /* it asks for the port by name */
	bool more;      /* and for what is not known here: addresses, interfaces */
	enum nat_action action;
	char jump[NAT_RULE_NAME_MAX]; /* NAT_JUMP */
	uint8_t to_family;
	union addr to;
	uint16_t to_port;
	struct nat_lookup lookup[NAT_LOOKUPS_MAX];
	unsigned lookups;
};

/* Reads the payload of an NFT_MSG_NEWRULE. False if it lacks what a rule has. */
bool nat_rule_read(const void *payload, size_t len, enum proto proto, uint16_t port, struct nat_seen *seen);

/* An element of a set against the lookup's key: bytes of the key (and its end, for ranges). */
bool nat_key_fits(const struct nat_lookup *lookup, const uint8_t *key, size_t len, const uint8_t *key_end,
                  size_t end_len, uint8_t proto, uint16_t port);

#endif
