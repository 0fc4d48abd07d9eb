// SPDX-License-Identifier: MIT
/*
 * registers.h - nft's registers over a packet that is known in part.
 *
 *   payload, meta, ct ... --load--> bytes, each known, varying or unread --compare--> holds, fails, perhaps
 *
 * A varying byte is a field of the packet that was left open (its source): a
 * condition on it can be named. An unread byte comes from an expression that
 * is not modelled here: nothing may be said of it.
 */
#ifndef SOCKVIEW_FIREWALL_REGISTERS_H
#define SOCKVIEW_FIREWALL_REGISTERS_H

#include <sockview/packet.h>

/* What a rule's part says of the packet; by how much is known, least last. */
enum fw_match { MATCH_YES, MATCH_NO, MATCH_PERHAPS, MATCH_UNREAD };

enum { FW_REGISTER_BYTES = 80 }; /* NFT_REG32_NUM (20) of 4 bytes; the first 16 are the verdict's */

enum fw_byte { BYTE_VARIES, BYTE_KNOWN, BYTE_UNREAD };

/* Where varying bytes come from: an index of the table of words in condition.c. */
enum fw_field {
	FIELD_OTHER,
	FIELD_SADDR,
	FIELD_DADDR,
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_L4PROTO,
	FIELD_NFPROTO,
	FIELD_IIF,
	FIELD_IIFNAME,
	FIELD_OIF,
	FIELD_OIFNAME,
	FIELD_MARK,
	FIELD_CT_STATE,
	FIELD_CT_STATUS,
	FIELD_CT_MARK,
	FIELD_CT_OTHER,
	FIELD_FIB,
	FIELD_OWNER,
	FIELD_TIME,
	FIELD_ETHER,
	FIELD_HEADER,
	FIELD_PKTTYPE,
	FIELD_META,
	FIELD_COUNT
};

struct fw_registers {
	uint8_t value[FW_REGISTER_BYTES];
	uint8_t mask[FW_REGISTER_BYTES];  /* of varying bytes: the bits that are left of the field */
	uint8_t byte[FW_REGISTER_BYTES];  /* enum fw_byte */
	uint8_t field[FW_REGISTER_BYTES]; /* enum fw_field */
	uint8_t at[FW_REGISTER_BYTES];    /* offset in the field; FW_AT_SWAPPED */
};

/* The bytes of the field were put into the other order (nft's byteorder). */
enum { FW_AT_SWAPPED = 0x80 };

/* Byte offset of nft's register; FW_REGISTER_BYTES if it is none of data. */
unsigned fw_register(uint32_t reg);

/* Sets `len` bytes at `offset`; what does not fit is left out. */
void fw_set_known(struct fw_registers *registers, unsigned offset, const void *value, size_t len, enum fw_field field);
void fw_set_open(struct fw_registers *registers, unsigned offset, size_t len, enum fw_byte byte, enum fw_field field);

/* A value of `len` bytes ends in zeros up to the next register (nft_reg_store8, nft_reg_store16). */
void fw_pad(struct fw_registers *registers, unsigned offset, size_t len);

/* All `len` bytes are known. */
bool fw_is_known(const struct fw_registers *registers, unsigned offset, size_t len);

/* Equality: a known byte that differs settles it whatever the others are. */
enum fw_match fw_equal(const struct fw_registers *registers, unsigned offset, const uint8_t *value, size_t len);
/* low <= register <= high, as memcmp() orders them (nft_cmp, nft_range). */
enum fw_match fw_between(const struct fw_registers *registers, unsigned offset, const uint8_t *low, const uint8_t *high,
                         size_t len);

enum fw_match fw_not(enum fw_match match);

#endif
