/* text.c - numbers, addresses and hostile text as printable bytes (text.h). */
#include <sockview/text.h>

#include <string.h>

static inline size_t count_digits(uint64_t value)
{
	/* Ports and pids, mostly. */
	if (value < 100000)
		return 1u + (value >= 10) + (value >= 100) + (value >= 1000) + (value >= 10000);
	size_t count = 1;
	for (uint64_t limit = 10; value >= limit && count < TEXT_U64_MAX; limit *= 10)
		count++;
	return count;
}

/* From behind, two digits a division. */
char *text_u64(char *to, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
	                            "25262728293031323334353637383940414243444546474849"
	                            "50515253545556575859606162636465666768697071727374"
	                            "75767778798081828384858687888990919293949596979899";
	/* Most queues are empty. */
	if (value < 10) {
		*to = (char)('0' + value);
		return to + 1;
	}
	char *end = to + count_digits(value), *at = end;
	while (value >= 10) {
		at -= 2;
		memcpy(at, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (at > to)
		*to = (char)('0' + value);
	return end;
}

char *text_hex(char *to, uint64_t value)
{
	int shift = 60;
	while (shift && !(value >> shift & 15))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

/* --- addresses ------------------------------------------------------------- */

#define TEN(tens) tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8", tens "9"

static const char octets[256][4] = {
	TEN(""), TEN("1"), TEN("2"), TEN("3"), TEN("4"), TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9"),
	TEN("10"), TEN("11"), TEN("12"), TEN("13"), TEN("14"), TEN("15"), TEN("16"), TEN("17"), TEN("18"), TEN("19"),
	TEN("20"), TEN("21"), TEN("22"), TEN("23"), TEN("24"), "250", "251", "252", "253", "254", "255",
};

/* Writes four bytes and keeps those that count: the caller has room for the longest address. */
static inline char *text_byte(char *to, unsigned value)
{
	memcpy(to, octets[value], 4);
	return to + 1 + (value >= 10) + (value >= 100);
}

static char *text_ipv4(char *to, const uint8_t *byte)
{
	for (int i = 0; i < 3; i++) {
		to = text_byte(to, byte[i]);
		*to++ = '.';
	}
	return text_byte(to, byte[3]);
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

static char *text_ipv6(char *to, const uint8_t *byte)
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
	return text_ipv4(to, byte + 12);
}

char *text_addr(char *to, const union addr *addr, int family, bool mapped)
{
	if (family == AF_INET)
		return text_ipv4(to, addr->byte);
	if (mapped)
		return text_ipv4(to, addr->byte + 12);
	return text_ipv6(to, addr->byte);
}

/* --- hostile text ---------------------------------------------------------- */

size_t text_utf8_len(const void *data, size_t len)
{
	const uint8_t *byte = data;
	if (!len)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	size_t want = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (byte[0] < 0xc2 || byte[0] > 0xf4 || len < want)
		return 0;
	/* Overlong forms, surrogates and what is above U+10FFFF show in the second byte. */
	uint8_t low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return want;
}

static uint32_t utf8_value(const uint8_t *byte, size_t len)
{
	if (len == 1)
		return byte[0];
	uint32_t value = byte[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		value = value << 6 | (byte[i] & 0x3f);
	return value;
}

/*
 * Characters that are valid and yet hide, reorder or break what stands around
 * them: controls, invisible and bidirectional ones, other blanks and line ends.
 */
static bool harmful(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },     { 0x7f, 0xa0 },     { 0xad, 0xad },     { 0x34f, 0x34f },
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 }, { 0x1680, 0x1680 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
		{ 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static char *escape_byte(char *to, uint8_t byte)
{
	*to++ = '\\';
	*to++ = 'x';
	*to++ = "0123456789abcdef"[byte >> 4];
	*to++ = "0123456789abcdef"[byte & 15];
	return to;
}

/* What nearly all names are made of. */
static inline bool is_plain(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != '\\';
}

/* What separates one thing from the next where the text is to stand. */
static inline bool separates(uint8_t byte, enum text_escape how)
{
	return (byte == ' ' && how != TEXT_LINE) || (byte == ',' && how == TEXT_ITEM);
}

char *text_escape(char *to, const void *data, size_t len, enum text_escape how)
{
	const uint8_t *byte = data;
	for (size_t at = 0; at < len;) {
		bool separator = separates(byte[at], how);
		if (is_plain(byte[at]) && !separator) {
			*to++ = (char)byte[at++];
			continue;
		}
		size_t size = text_utf8_len(byte + at, len - at);
		if (size == 1 && byte[at] == '\\') {
			*to++ = '\\';
			*to++ = '\\';
			at++;
			continue;
		}
		if (size && !separator && !harmful(utf8_value(byte + at, size))) {
			memcpy(to, byte + at, size);
			to += size;
			at += size;
			continue;
		}
		for (size_t i = 0; i < (size ? size : 1); i++)
			to = escape_byte(to, byte[at + i]);
		at += size ? size : 1;
	}
	return to;
}

bool text_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		unsigned digit = (unsigned)(text[i] - '0');
		if (digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return len > 0;
}
