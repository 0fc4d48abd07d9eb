// SPDX-License-Identifier: MIT
/* registers.c - bytes that are known, varying or unread (registers.h). */
#include "firewall/registers.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

unsigned fw_register(uint32_t reg)
{
	/* NFT_REG_1..4 are 16 bytes each, NFT_REG32_00.. name their quarters (nft_parse_register). */
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (reg - NFT_REG_1) * 16;
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return (reg - NFT_REG32_00) * 4;
	return FW_REGISTER_BYTES;
}

static size_t room(unsigned offset, size_t len)
{
	size_t left = offset < FW_REGISTER_BYTES ? FW_REGISTER_BYTES - offset : 0;
	return len < left ? len : left;
}

void fw_set_known(struct fw_registers *registers, unsigned offset, const void *value, size_t len, enum fw_field field)
{
	size_t fits = room(offset, len);
	for (size_t i = 0; i < fits; i++) {
		registers->value[offset + i] = ((const uint8_t *)value)[i];
		registers->mask[offset + i] = 0xff;
		registers->byte[offset + i] = BYTE_KNOWN;
		registers->field[offset + i] = (uint8_t)field;
		registers->at[offset + i] = (uint8_t)i;
	}
}

void fw_set_open(struct fw_registers *registers, unsigned offset, size_t len, enum fw_byte byte, enum fw_field field)
{
	size_t fits = room(offset, len);
	for (size_t i = 0; i < fits; i++) {
		registers->value[offset + i] = 0;
		registers->mask[offset + i] = 0xff;
		registers->byte[offset + i] = (uint8_t)byte;
		registers->field[offset + i] = (uint8_t)field;
		registers->at[offset + i] = (uint8_t)i;
	}
}

void fw_pad(struct fw_registers *registers, unsigned offset, size_t len)
{
	for (size_t i = len; i % 4 && offset + i < FW_REGISTER_BYTES; i++) {
		registers->value[offset + i] = 0;
		registers->mask[offset + i] = 0xff;
		registers->byte[offset + i] = BYTE_KNOWN;
		registers->field[offset + i] = FIELD_OTHER;
	}
}

bool fw_is_known(const struct fw_registers *registers, unsigned offset, size_t len)
{
	if (room(offset, len) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (registers->byte[offset + i] != BYTE_KNOWN)
			return false;
	return true;
}

/* What open bytes leave of an answer. */
static enum fw_match doubt_of(const struct fw_registers *registers, unsigned offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (registers->byte[offset + i] == BYTE_UNREAD)
			return MATCH_UNREAD;
	return MATCH_PERHAPS;
}

enum fw_match fw_equal(const struct fw_registers *registers, unsigned offset, const uint8_t *value, size_t len)
{
	bool open = false;
	if (room(offset, len) != len)
		return MATCH_UNREAD;
	for (size_t i = 0; i < len; i++) {
		unsigned at = offset + (unsigned)i;
		if (registers->byte[at] == BYTE_KNOWN && registers->value[at] != value[i])
			return MATCH_NO;
		/* Bits outside the mask are 0 in the register. */
		if (registers->byte[at] == BYTE_VARIES && value[i] & ~registers->mask[at])
			return MATCH_NO;
		open |= registers->byte[at] != BYTE_KNOWN;
	}
	return open ? doubt_of(registers, offset, len) : MATCH_YES;
}

enum fw_match fw_between(const struct fw_registers *registers, unsigned offset, const uint8_t *low, const uint8_t *high,
                         size_t len)
{
	if (room(offset, len) != len)
		return MATCH_UNREAD;
	if (!fw_is_known(registers, offset, len)) {
		/* The known bytes before the first open one may settle it. */
		for (size_t i = 0; i < len && registers->byte[offset + i] == BYTE_KNOWN; i++) {
			uint8_t value = registers->value[offset + i];
			if (value < low[i] && memcmp(low, high, i) == 0)
				return MATCH_NO;
			if (value > high[i] && memcmp(low, high, i) == 0)
				return MATCH_NO;
			if (low[i] != high[i])
				break;
		}
		return doubt_of(registers, offset, len);
	}
	const uint8_t *value = registers->value + offset;
	return memcmp(value, low, len) >= 0 && memcmp(value, high, len) <= 0 ? MATCH_YES : MATCH_NO;
}

enum fw_match fw_not(enum fw_match match)
{
	return match == MATCH_YES ? MATCH_NO : match == MATCH_NO ? MATCH_YES : match;
}
