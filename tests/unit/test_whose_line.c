// SPDX-License-Identifier: MIT
/* test_whose_line.c - lsof's, ss's and netstat's command lines are told apart before they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>

#include "cli/whose_line.h"

enum { WORDS_MAX = 32 };

static enum line_of whose(const char *text)
{
	char copy[256], *argv[WORDS_MAX + 1], *rest = copy, *word;
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", text);
	while (argc < WORDS_MAX && (word = strsep(&rest, " ")))
		argv[argc++] = word;
	argv[argc] = NULL;
	return whose_line(argc, argv);
}

static const char *const names[] = { [LINE_OWN] = "neither's", [LINE_LSOF] = "lsof's", [LINE_SS] = "ss's" };

/* Lines of public scripts: ss's with an i in a bundle are ss's, its others and netstat's need no decision. */
static void lines_of_scripts_fall_right(void **state)
{
	char path[4096], line[256];
	const char *tree = getenv("SRCDIR");
	unsigned count[3] = { 0 }, wrong = 0;
	(void)state;
	snprintf(path, sizeof(path), "%s/tests/live/typed_lines.txt", tree ? tree : ".");
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		bool lsof = strncmp(line, "lsof ", 5) == 0, ss = strncmp(line, "ss ", 3) == 0;
		count[lsof ? 0 : ss ? 1 : 2]++;
		enum line_of found = whose(line);
		if ((found == LINE_LSOF) != lsof || (found == LINE_SS && !ss)) {
			print_error("%s: %s\n", line, names[found]);
			wrong++;
		}
	}
	fclose(file);
	assert_int_equal(wrong, 0);
	assert_true(count[0] >= 60 && count[1] >= 60 && count[2] >= 60);
}

static const struct {
	const char *line;
	enum line_of of;
} lines[] = {
	{ "sockview", LINE_OWN },
	{ "sockview -tlnp", LINE_OWN },
	{ "sockview -ti", LINE_SS },
	{ "sockview -ti :80", LINE_LSOF },
	{ "sockview -ti:80", LINE_LSOF },
	{ "sockview -ti -P", LINE_LSOF },
	{ "sockview -t -i", LINE_LSOF },
	{ "sockview -t -i -m", LINE_SS },
	{ "sockview -4 -t -i -m -o -e", LINE_SS },
	{ "sockview -i :80 -m", LINE_LSOF },
	{ "sockview -i -e -P", LINE_LSOF },
	{ "sockview -i -sTCP:LISTEN -o", LINE_LSOF },
	{ "sockview -i -s TCP:LISTEN -o", LINE_LSOF },
	{ "sockview -i -s -o", LINE_SS },
	{ "sockview -tie", LINE_SS },
	{ "sockview -pi", LINE_SS },
	{ "sockview -upi", LINE_SS },
	{ "sockview -cti", LINE_SS },
	{ "sockview -cnginx -i", LINE_LSOF },
	{ "sockview -unginx -i", LINE_LSOF },
	{ "sockview --internet", LINE_LSOF },
	{ "sockview --internet=tcp -t", LINE_LSOF },
	{ "sockview --sort -inode", LINE_OWN },
	{ "sockview --sort=-inode", LINE_OWN },
	{ "sockview --columns -inode -t", LINE_OWN },
	{ "sockview --info", LINE_OWN },
	{ "sockview -t -- -i", LINE_OWN },
	{ "sockview -i dst 192.0.2.7", LINE_SS },
	{ "sockview -i tcp dst 192.0.2.7", LINE_LSOF },
	{ "sockview -i -- dst 192.0.2.7", LINE_LSOF },
	{ "sockview -F pcn", LINE_OWN },
	{ "sockview -A inet -ti", LINE_SS },
	{ "sockview -i -g", LINE_LSOF },
};

static void each_sign_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(lines); i++) {
		if (whose(lines[i].line) != lines[i].of)
			print_error("%s\n", lines[i].line);
		assert_int_equal(whose(lines[i].line), lines[i].of);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_scripts_fall_right),
		cmocka_unit_test(each_sign_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
