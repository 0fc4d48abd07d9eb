// SPDX-License-Identifier: MIT
/* test_lexer.c - the words of a filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/glob.h>
#include "select/lexer.h"

/* One letter a token; words in braces. */
static void shape(const char *text, size_t len, char *out)
{
	static const char letters[] = {
		[TOKEN_OPEN] = '(',      [TOKEN_CLOSE] = ')',     [TOKEN_AND] = '&', [TOKEN_OR] = '|',
		[TOKEN_NOT] = '!',       [TOKEN_EQ] = '=',        [TOKEN_NE] = '#',  [TOKEN_LT] = '<',
		[TOKEN_LE] = 'l',        [TOKEN_GT] = '>',        [TOKEN_GE] = 'g',  [TOKEN_BAD_NUL] = '0',
		[TOKEN_BAD_QUOTE] = '?', [TOKEN_NO_MEMORY] = 'M',
	};
	struct lexer lexer = { .text = text, .len = len };
	struct token token;
	for (;;) {
		token = lexer_next(&lexer);
		if (token.kind == TOKEN_END)
			break;
		if (token.kind == TOKEN_WORD)
			out += sprintf(out, "{%s}", token.word);
		else
			*out++ = letters[token.kind];
		if (token.kind >= TOKEN_BAD_NUL)
			break;
	}
	*out = '\0';
	lexer_free(&lexer);
}

static void words_and_operators(void **state)
{
	static const struct {
		const char *text, *shape;
	} cases[] = {
		{ "", "" },
		{ "  \t\n ", "" },
		{ "sport = :22", "{sport}={:22}" },
		{ "sport=:22", "{sport}={:22}" },
		{ "sport==:22", "{sport}={:22}" },
		{ "sport eq :22", "{sport}={:22}" },
		{ "a != b ne c neq d", "{a}#{b}#{c}#{d}" },
		{ "a<b<=c lt d le e leq f", "{a}<{b}l{c}<{d}l{e}l{f}" },
		{ "a>b>=c gt d ge e geq f", "{a}>{b}g{c}>{d}g{e}g{f}" },
		{ "a and b & c && d", "{a}&{b}&{c}&{d}" },
		{ "a or b | c || d", "{a}|{b}|{c}|{d}" },
		{ "!a not b", "!{a}!{b}" },
		{ "(a)and(b)", "({a})&({b})" },
		{ "((a))", "(({a}))" },
		{ "android notes orb", "{android}{notes}{orb}" },
		{ "'and' \"or\" \\not", "{and}{or}{not}" },
		{ "'a b' a\\ b \"a'b\"", "{a b}{a b}{a'b}" },
		{ "a'b'c", "{abc}" },
		{ "''", "{}" },
		{ "a\\*b a\\(b", "{a\\*b}{a(b}" },
		{ "a\\", "{a\\}" },
		{ "# all of it\n a # b\n  #c\nd", "{a}{#}{b}{d}" },
		{ "[::1]:631 10.0.0.0/8", "{[::1]:631}{10.0.0.0/8}" },
		{ "'open", "?" },
		{ "a\"b", "{" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char out[256];
		shape(cases[i].text, strlen(cases[i].text), out);
		if (strcmp(cases[i].shape, "{") == 0)
			assert_string_equal(out, "?");
		else
			assert_string_equal(out, cases[i].shape);
	}
}

static void nul_is_no_text(void **state)
{
	char out[64];
	(void)state;
	shape("a \0 b", 5, out);
	assert_string_equal(out, "{a}0");
	shape("a\0b", 3, out);
	assert_string_equal(out, "0");
	shape("'a\0b'", 5, out);
	assert_string_equal(out, "0");
	shape("\\\0", 2, out);
	assert_string_equal(out, "0");
}

/* What a value may hold and where it ends. */
static void values(void **state)
{
	static const struct {
		const char *text, *value;
		size_t end;
	} cases[] = {
		{ " a=b c", "a=b", 4 }, { "!x", "!x", 2 },
		{ "<a>", "<a>", 3 },    { "/a/user@1.service)", "/a/user@1.service", 17 },
		{ ":80&&b", ":80", 3 }, { ":80|b", ":80", 3 },
		{ "'a)b'", "a)b", 5 },  { "and", "and", 3 },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct lexer lexer = { .text = cases[i].text, .len = strlen(cases[i].text) };
		struct token token = lexer_value(&lexer);
		assert_int_equal(token.kind, TOKEN_WORD);
		assert_string_equal(token.word, cases[i].value);
		assert_int_equal(token.len, strlen(cases[i].value));
		assert_int_equal(token.end, cases[i].end);
		lexer_free(&lexer);
	}
}

static void no_value(void **state)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} cases[] = {
		{ "", TOKEN_END },     { "  ", TOKEN_END },   { ")", TOKEN_CLOSE },
		{ " (a", TOKEN_OPEN }, { "&& a", TOKEN_AND }, { "| a", TOKEN_OR },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct lexer lexer = { .text = cases[i].text, .len = strlen(cases[i].text) };
		assert_int_equal(lexer_value(&lexer).kind, cases[i].kind);
		lexer_free(&lexer);
	}
}

static void globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool yes;
	} cases[] = {
		{ "nginx", "nginx", true },
		{ "nginx", "nginx2", false },
		{ "nginx*", "nginx2", true },
		{ "*", "", true },
		{ "", "", true },
		{ "", "a", false },
		{ "*x", "nginx", true },
		{ "n*x", "nx", true },
		{ "n**x", "nabcx", true },
		{ "n?inx", "nginx", true },
		{ "?", "", false },
		{ "?", "\xc3\xa9", true },
		{ "[a-c]x", "bx", true },
		{ "[!a-c]x", "bx", false },
		{ "[^a-c]x", "dx", true },
		{ "[]]", "]", true },
		{ "[a-]", "-", true },
		{ "[ab", "[ab", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a\\", "a\\", true },
		{ "/a/*", "/a/b/c", true },
		{ "*a*b*c*", "xxaxxbxxcxx", true },
		{ "*a*b*c", "xxaxxbxxcxx", false },
		{ "NGINX", "nginx", false },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(glob_match(cases[i].pattern, strlen(cases[i].pattern), cases[i].text,
		                            strlen(cases[i].text), false),
		                 cases[i].yes);
	assert_true(glob_match("/RUN/[a-z]*", 11, "/run/Docker", 11, true));
	assert_true(glob_match("a*c", 3, "a\0bc", 4, false));
}

/* fnmatch(3) would not end before the sun does. */
static void globs_are_bounded(void **state)
{
	char pattern[2001], text[20000];
	(void)state;
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[2000] = 'b';
	memset(text, 'a', sizeof(text));
	assert_false(glob_match(pattern, sizeof(pattern), text, sizeof(text), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_operators),
		cmocka_unit_test(nul_is_no_text),
		cmocka_unit_test(values),
		cmocka_unit_test(no_value),
		cmocka_unit_test(globs),
		cmocka_unit_test(globs_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
