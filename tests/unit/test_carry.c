// SPDX-License-Identifier: MIT
/* Owners from one look to the next: who is looked for again, and what is kept of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <sockview/carry.h>

#include "owners/findings.h"

static void fill(struct table *table, size_t count, const uint32_t *inodes)
{
	table_init(table, 0);
	for (size_t i = 0; i < count; i++) {
		const struct sock sock = { .row = { .inode = inodes[i], .cookie = i + 1, .family = AF_INET } };
		assert_int_equal(table_add(table, &sock), 0);
	}
}

static void add_process(struct findings *findings, int32_t pid, const char *name)
{
	struct process process = { .pid = pid, .start_ticks = (uint64_t)pid, .has = PROCESS_NAME };
	assert_int_equal(findings_add_text(findings, name, strlen(name), &process.program), 0);
	assert_int_equal(findings_add_process(findings, &process), 0);
}

static void add_owner(struct findings *findings, const struct owners *owners, uint32_t inode, uint32_t process, int fd)
{
	const struct owner owner = { .slot = inode_index_find(&owners->index, inode), .process = process, .fd = fd };
	assert_int_not_equal(owner.slot, SLOT_NONE);
	assert_int_equal(findings_add_owner(findings, &owner), 0);
}

static void assert_owner(const struct owners *owners, const struct row *row, size_t count, int32_t pid,
                         const char *name)
{
	struct owner_span span = owners_of(owners, row);
	assert_int_equal(span.count, count);
	if (!count)
		return;
	const struct process *process = &owners->process[span.first->process];
	struct bytes text = owners_text(owners, process->program);
	assert_int_equal(process->pid, pid);
	assert_int_equal(text.len, strlen(name));
	assert_memory_equal(text.data, name, text.len);
}

/* Sockets 1 (of 10 and 11), 2 (of 10), 3 (of no process that was seen), 4 (left waiting): 10 ends, 5 is new, 3 twice. */
static void test_carry(void **state)
{
	const uint32_t first[] = { 1, 2, 3, 4 }, second[] = { 5, 4, 3, 2, 1, 3, 0 }, late[] = { 4 };
	struct owners before = { 0 }, now = { 0 }, found = { 0 };
	struct findings findings = { 0 };
	struct inode_index waiting = { 0 };
	struct table table, later, left;
	int32_t pids[] = { 11, 12 };
	const struct process_list living = { .pid = pids, .count = 2 };
	(void)state;
	fill(&table, 4, first);
	assert_int_equal(inode_index_build(&before.index, &table, false), 0);
	add_process(&findings, 10, "ten");
	add_process(&findings, 11, "eleven");
	add_owner(&findings, &before, 1, 0, 3);
	add_owner(&findings, &before, 1, 1, 4);
	add_owner(&findings, &before, 2, 0, 5);
	assert_int_equal(owners_join(&before, &findings, 1), 0);
	before.report.denied = 7;
	assert_owner(&before, &table.row[0], 2, 10, "ten");
	fill(&left, 1, late);
	assert_int_equal(inode_index_build(&waiting, &left, false), 0);

	fill(&later, 7, second);
	assert_int_equal(owners_unknown(&before, &waiting, &living, &later, &found.index), 0);
	assert_int_equal(found.index.count, 3);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(inode_index_find(&found.index, second[i]) != SLOT_NONE,
		                 second[i] == 5 || second[i] == 4 || second[i] == 2);

	/* Nothing was looked for: what is known stays, and how that look went. */
	assert_int_equal(inode_index_build(&now.index, &later, false), 0);
	assert_int_equal(owners_carry(&now, &before, NULL, &living, &later), 0);
	assert_owner(&now, &later.row[4], 1, 11, "eleven");
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(owners_of(&now, &later.row[i]).count, i == 4);
	assert_int_equal(now.report.denied, 7);
	owners_free(&now);

	/* 12 has two of them now, and 11 another name. */
	add_process(&findings, 11, "renamed");
	add_process(&findings, 12, "twelve");
	add_owner(&findings, &found, 5, 1, 3);
	add_owner(&findings, &found, 2, 1, 4);
	add_owner(&findings, &found, 2, 0, 4);
	assert_int_equal(owners_join(&found, &findings, 1), 0);
	assert_int_equal(inode_index_build(&now.index, &later, false), 0);
	assert_int_equal(owners_carry(&now, &before, &found, &living, &later), 0);
	assert_owner(&now, &later.row[0], 1, 12, "twelve");
	assert_owner(&now, &later.row[1], 0, 0, "");
	assert_owner(&now, &later.row[2], 0, 0, "");
	assert_owner(&now, &later.row[3], 2, 11, "renamed");
	assert_owner(&now, &later.row[4], 1, 11, "renamed");
	assert_int_equal(now.process_count, 2);
	assert_int_equal(now.report.denied, 0);
	owners_free(&now);
	owners_free(&found);
	owners_free(&before);
	inode_index_free(&waiting);
	table_free(&table);
	table_free(&later);
	table_free(&left);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_carry) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
