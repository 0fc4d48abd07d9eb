// SPDX-License-Identifier: MIT
/* condition.c - the words of conditions (condition.h). */
#include "firewall/condition.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

enum value_form { FORM_HEX, FORM_ADDR, FORM_PORT, FORM_NAME, FORM_HOST32 };

static const struct {
	const char *word;
	enum value_form form;
} fields[FIELD_COUNT] = {
	[FIELD_OTHER] = { "a value", FORM_HEX },
	[FIELD_SADDR] = { "saddr", FORM_ADDR },
	[FIELD_DADDR] = { "daddr", FORM_ADDR },
	[FIELD_SPORT] = { "sport", FORM_PORT },
	[FIELD_DPORT] = { "dport", FORM_PORT },
	[FIELD_L4PROTO] = { "meta l4proto", FORM_HEX },
	[FIELD_NFPROTO] = { "meta nfproto", FORM_HEX },
	[FIELD_IIF] = { "iif", FORM_HOST32 },
	[FIELD_IIFNAME] = { "iifname", FORM_NAME },
	[FIELD_OIF] = { "oif", FORM_HOST32 },
	[FIELD_OIFNAME] = { "oifname", FORM_NAME },
	[FIELD_MARK] = { "meta mark", FORM_HOST32 },
	[FIELD_CT_STATE] = { "ct state", FORM_HOST32 },
	[FIELD_CT_STATUS] = { "ct status", FORM_HOST32 },
	[FIELD_CT_MARK] = { "ct mark", FORM_HOST32 },
	[FIELD_CT_OTHER] = { "ct", FORM_HEX },
	[FIELD_FIB] = { "fib", FORM_HEX },
	[FIELD_OWNER] = { "meta skuid or skgid", FORM_HOST32 },
	[FIELD_TIME] = { "the time", FORM_HEX },
	[FIELD_ETHER] = { "ether", FORM_HEX },
	[FIELD_HEADER] = { "a header field", FORM_HEX },
	[FIELD_PKTTYPE] = { "meta pkttype", FORM_HEX },
	[FIELD_META] = { "meta", FORM_HEX },
};

static const char *family_word(size_t len)
{
	return len == 4 ? "ip " : len == 16 ? "ip6 " : "";
}

/* The first open byte: its field is what the condition is on. */
static unsigned open_byte(const struct fw_registers *registers, unsigned offset, size_t len)
{
	for (unsigned i = 0; i < len && offset + i < FW_REGISTER_BYTES; i++)
		if (registers->byte[offset + i] != BYTE_KNOWN)
			return offset + i;
	return offset < FW_REGISTER_BYTES ? offset : 0;
}

/* Bits that the mask leaves, if they are a prefix of the address; -1. */
static int prefix_len(const struct fw_registers *registers, unsigned offset, size_t len)
{
	int bits = 0;
	bool ended = false;
	for (size_t i = 0; i < len; i++)
		for (int bit = 7; bit >= 0; bit--) {
			bool set = registers->mask[offset + i] >> bit & 1;
			if (set && ended)
				return -1;
			ended |= !set;
			bits += set;
		}
	return bits;
}

static void addr_words(char *to, size_t size, const struct fw_registers *registers, unsigned offset,
                       const uint8_t *value, size_t len)
{
	union addr addr = { { 0 } };
	char text[ADDR_TEXT_MAX + 1];
	memcpy(addr.byte, value, len);
	/* A prefix on a byte's border is compared as the address's first bytes alone. */
	int family = registers->field[offset] == FIELD_SADDR && len > 4 ? AF_INET6 : AF_INET;
	int whole = family == AF_INET ? 32 : 128;
	int bits = prefix_len(registers, offset, len);
	*addr_text(text, &addr, family, false) = '\0';
	if (bits < 0)
		snprintf(to, size, "%s with a mask", text);
	else if (bits < whole)
		snprintf(to, size, "%s/%d", text, bits);
	else
		snprintf(to, size, "%s", text);
}

static void value_words(char *to, size_t size, const struct fw_registers *registers, unsigned offset,
                        const uint8_t *value, size_t len, enum value_form form)
{
	uint32_t number = 0;
	char escaped[TEXT_ESCAPED_MAX(16) + 1];
	size_t name = strnlen((const char *)value, len < 16 ? len : 16);
	if (form == FORM_ADDR && (len <= 4 || len == 16)) {
		addr_words(to, size, registers, offset, value, len);
	} else if (form == FORM_PORT && len == 2) {
		snprintf(to, size, "%u", (unsigned)value[0] << 8 | value[1]);
	} else if (form == FORM_NAME) {
		*text_escape(escaped, value, name, TEXT_LINE) = '\0';
		/* A comparison of fewer bytes than a name has is nft's "eth*". */
		snprintf(to, size, "\"%s%s\"", escaped, name == len && len < 16 ? "*" : "");
	} else if (form == FORM_HOST32 && len == 4) {
		memcpy(&number, value, 4);
		if (offset < FW_REGISTER_BYTES && registers->at[offset] & FW_AT_SWAPPED)
			number = ntohl(number);
		snprintf(to, size, "0x%x", number);
	} else {
		size_t used = 0;
		for (size_t i = 0; i < len && i < 8 && used + 3 < size; i++)
			used += (size_t)snprintf(to + used, size - used, "%s%02x", i ? "" : "0x", value[i]);
	}
}

static void field_words(char *to, size_t size, const struct fw_registers *registers, unsigned at, size_t len,
                        uint8_t family)
{
	unsigned field = registers->field[at] < FIELD_COUNT ? registers->field[at] : FIELD_OTHER;
	bool addr = field == FIELD_SADDR || field == FIELD_DADDR;
	bool four = family == AF_INET;
	(void)len;
	snprintf(to, size, "%s%s", addr ? family_word(four ? 4 : 16) : "", fields[field].word);
}

void condition_compare(char text[PACKET_CONDITION_MAX], const struct fw_registers *registers, unsigned offset,
                       const char *operator, const uint8_t * value, size_t len, uint8_t family)
{
	char what[64], than[96] = "";
	unsigned at = open_byte(registers, offset, len);
	unsigned field = registers->field[at] < FIELD_COUNT ? registers->field[at] : FIELD_OTHER;
	field_words(what, sizeof(what), registers, at, len, family);
	value_words(than, sizeof(than), registers, offset, value, len, fields[field].form);
	snprintf(text, PACKET_CONDITION_MAX, "%s %s%s%s", what, operator, * operator? " " : "", than);
}

void condition_lookup(char text[PACKET_CONDITION_MAX], const struct fw_registers *registers, unsigned offset,
                      const char *set, bool anonymous, bool inverted, uint8_t family)
{
	char what[64], escaped[TEXT_ESCAPED_MAX(64) + 1];
	unsigned at = open_byte(registers, offset, 4);
	field_words(what, sizeof(what), registers, at, 0, family);
	*text_escape(escaped, set, strnlen(set, 64), TEXT_LINE) = '\0';
	if (anonymous)
		snprintf(text, PACKET_CONDITION_MAX, "%s %s{ ... }", what, inverted ? "!= " : "");
	else
		snprintf(text, PACKET_CONDITION_MAX, "%s %s@%.120s", what, inverted ? "!= " : "", escaped);
}
