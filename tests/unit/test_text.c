// SPDX-License-Identifier: MIT
/* Numbers, addresses and escapes; the oracle of addresses is libc's inet_ntop. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/addr.h>
#include <sockview/countof.h>
#include <sockview/text.h>

#include "skip.h"

#ifdef __GLIBC__
#define LIBC_IS_GLIBC true
#else
#define LIBC_IS_GLIBC false
#endif

static void assert_addr(int family, const union addr *addr)
{
	char want[ADDR_TEXT_MAX], got[ADDR_TEXT_MAX + 1];
	union addr back = { 0 };
	inet_ntop(family, addr, want, sizeof(want));
	*addr_text(got, addr, family, false) = 0;
	assert_int_equal(inet_pton(family, got, &back), 1);
	assert_memory_equal(&back, addr, family == AF_INET ? 4 : 16);
	/* musl leaves a run of zeros elsewhere, and writes ::1.2.3.4 in hexadecimal. */
	if (LIBC_IS_GLIBC)
		assert_string_equal(got, want);
}

static void addresses_read_like_inet_ntop(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"::",
		"::1",
		"1::",
		"::ffff:1.2.3.4",
		"::1.2.3.4",
		"fe80::1",
		"2001:db8::1:0:0:1",
		"2001:db8:0:1:1:1:1:1",
		"1:2:3:4:5:6:7:8",
		"0:0:1::",
		"::100",
		"ff02::1:ff00:0",
	};
	for (size_t i = 0; i < countof(cases); i++) {
		union addr addr = { { 0 } };
		assert_int_equal(inet_pton(AF_INET6, cases[i], &addr), 1);
		assert_addr(AF_INET6, &addr);
	}
	srandom(7);
	for (int i = 0; i < 200000; i++) {
		union addr addr;
		/* Zero groups are where the rules are: make them frequent. */
		for (int g = 0; g < 8; g++) {
			int value = random() % 3 ? 0 : (int)(random() >> (random() % 16) & 0xffff);
			addr.byte[2 * g] = (uint8_t)(value >> 8);
			addr.byte[2 * g + 1] = (uint8_t)value;
		}
		assert_addr(AF_INET6, &addr);
		assert_addr(AF_INET, &addr);
	}
}

static void mapped_addresses_are_plain_ipv4(void **state)
{
	(void)state;
	union addr addr;
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &addr);
	char got[ADDR_TEXT_MAX + 1];
	*addr_text(got, &addr, AF_INET6, true) = 0;
	assert_string_equal(got, "192.0.2.7");
}

static void numbers(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 9, 10, 65535, 4294967295u, UINT64_MAX };
	for (size_t i = 0; i < countof(values); i++) {
		char want[32], got[32];
		snprintf(want, sizeof(want), "%llu", (unsigned long long)values[i]);
		*text_u64(got, values[i]) = 0;
		assert_string_equal(got, want);
		snprintf(want, sizeof(want), "%llx", (unsigned long long)values[i]);
		*text_hex(got, values[i]) = 0;
		assert_string_equal(got, want);
	}
}

static void hostile_text_is_one_word(void **state)
{
	(void)state;
	static const struct {
		const char *in, *word, *line;
	} cases[] = {
		{ "nginx", "nginx", "nginx" },
		{ "a b", "a\\x20b", "a b" },
		{ "a\nb\033[31m", "a\\x0ab\\x1b[31m", "a\\x0ab\\x1b[31m" },
		{ "back\\slash", "back\\\\slash", "back\\\\slash" },
		{ "caf\303\251", "caf\303\251", "caf\303\251" },
		{ "\377\303", "\\xff\\xc3", "\\xff\\xc3" },
		{ "\302\205", "\\xc2\\x85", "\\xc2\\x85" },                           /* NEL */
		{ "\342\200\256evil", "\\xe2\\x80\\xaeevil", "\\xe2\\x80\\xaeevil" }, /* RLO */
		{ "\355\240\200", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },             /* a surrogate */
		{ "\300\257", "\\xc0\\xaf", "\\xc0\\xaf" },                           /* overlong */
		{ "\t\177", "\\x09\\x7f", "\\x09\\x7f" },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		char got[128];
		*text_escape(got, cases[i].in, strlen(cases[i].in), TEXT_WORD) = 0;
		assert_string_equal(got, cases[i].word);
		*text_escape(got, cases[i].in, strlen(cases[i].in), TEXT_LINE) = 0;
		assert_string_equal(got, cases[i].line);
	}
}

/* What an escape stands for, read back by the rule in the man page. */
static size_t unescape(uint8_t *to, const char *from, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		unsigned value = (uint8_t)from[i];
		size_t used = 1;
		if (from[i] == '\\' && from[i + 1] == '\\')
			used = 2;
		else if (from[i] == '\\')
			used = (size_t)(sscanf(from + i, "\\x%2x", &value) * 4);
		to[n++] = (uint8_t)value;
		i += used;
	}
	return n;
}

static void no_two_texts_look_the_same(void **state)
{
	(void)state;
	srandom(8);
	for (int i = 0; i < 100000; i++) {
		uint8_t in[8], back[64];
		char out[TEXT_ESCAPED_MAX(8) + 1];
		for (size_t j = 0; j < sizeof(in); j++)
			in[j] = (uint8_t)(random() % 4 ? random() : "\\x1b \n"[random() % 6]);
		char *end = text_escape(out, in, sizeof(in), TEXT_WORD);
		*end = 0;
		for (char *c = out; c < end; c++)
			assert_true((uint8_t)*c > ' ' && *c != 127);
		assert_int_equal(unescape(back, out, (size_t)(end - out)), sizeof(in));
		assert_memory_equal(back, in, sizeof(in));
	}
}

/* UTF-8 of a code point. */
static size_t encode(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len; i-- > 1; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(0xf00 >> len | c);
	return len;
}

/*
 * Perl's copy of the Unicode database says which characters are controls,
 * blanks, line ends, formats, ignorable or no characters. U+2800 is a blank by its looks
 * alone; U+890, U+891 and U+180F are such since Unicode 14, U+13439 to U+1343F since
 * 15, which an older Perl does not know.
 */
static const char oracle[] =
	"perl -e 'for (0..0xd7ff, 0xe000..0x10ffff) {"
	"$c = chr; print \"$_\\n\" if $c =~ /[\\p{Cc}\\p{Zs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]/"
	"|| $c =~ /[\\p{Cf}\\p{Noncharacter_Code_Point}]/ || $_ == 0x2800 || $_ == 0x890 || $_ == 0x891 || $_ == 0x180f || $_ >= 0x13439 && $_ <= 0x1343f }'";

static bool is_escaped(uint32_t c)
{
	char in[4], out[TEXT_ESCAPED_MAX(4)];
	size_t len = encode(in, c);
	return (size_t)(text_escape(out, in, len, TEXT_WORD) - out) != len;
}

static void characters_that_hide_or_reorder_are_escaped(void **state)
{
	(void)state;
	static bool want[0x110000];
	unsigned c, found = 0;
	FILE *perl = popen(oracle, "r");
	assert_non_null(perl);
	for (; fscanf(perl, "%u", &c) == 1; found++)
		want[c] = true;
	if (pclose(perl) != 0 || !found)
		skip_because("no perl, or one without these properties");
	for (c = 0; c < countof(want); c++) {
		/* Surrogates are no characters; a backslash is escaped as what begins an escape. */
		if ((c >= 0xd800 && c < 0xe000) || c == '\\')
			continue;
		if (is_escaped(c) != want[c])
			print_message("U+%04X: %s\n", c, want[c] ? "not escaped" : "escaped");
		assert_int_equal(is_escaped(c), want[c]);
	}
}

static void whole_numbers_only(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_true(text_parse_u64("65535", 5, 65535, &value));
	assert_int_equal(value, 65535);
	assert_false(text_parse_u64("65536", 5, 65535, &value));
	assert_false(text_parse_u64("", 0, 65535, &value));
	assert_false(text_parse_u64("-1", 2, 65535, &value));
	assert_false(text_parse_u64(" 1", 2, 65535, &value));
	assert_false(text_parse_u64("18446744073709551616", 20, UINT64_MAX, &value));
	assert_true(text_parse_u64("18446744073709551615", 20, UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_read_like_inet_ntop),
		cmocka_unit_test(mapped_addresses_are_plain_ipv4),
		cmocka_unit_test(numbers),
		cmocka_unit_test(hostile_text_is_one_word),
		cmocka_unit_test(no_two_texts_look_the_same),
		cmocka_unit_test(characters_that_hide_or_reorder_are_escaped),
		cmocka_unit_test(whole_numbers_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
