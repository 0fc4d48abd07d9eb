// SPDX-License-Identifier: MIT
/* test_owner.c - the inode index, the join against a slow and simple one, and the reasons. */
#include <sockview/owner.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>

#include "owners/findings.h"

static uint64_t seed = 20240229;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % limit);
}

static void add_row(struct table *table, uint32_t inode)
{
	struct sock sock = { .row.inode = inode };
	assert_int_equal(table_add(table, &sock), 0);
}

static void index_of_nothing_finds_nothing(void **state)
{
	(void)state;
	struct table table;
	struct inode_index index;
	table_init(&table, 0);
	assert_int_equal(inode_index_build(&index, &table, false), 0);
	assert_int_equal(index.count, 0);
	assert_int_equal(inode_index_find(&index, 0), SLOT_NONE);
	assert_int_equal(inode_index_find(&index, 1), SLOT_NONE);
	inode_index_free(&index);
	table_free(&table);
}

static void index_leaves_out_rows_without_inode(void **state)
{
	(void)state;
	struct table table;
	struct inode_index index;
	table_init(&table, 0);
	add_row(&table, 0);
	add_row(&table, 7);
	add_row(&table, 0);
	add_row(&table, 7);
	add_row(&table, UINT32_MAX);
	assert_int_equal(inode_index_build(&index, &table, false), 0);
	assert_int_equal(index.count, 2);
	assert_int_equal(inode_index_find(&index, 7), 0);
	assert_int_equal(inode_index_find(&index, UINT32_MAX), 1);
	assert_int_equal(inode_index_find(&index, 0), SLOT_NONE);
	inode_index_free(&index);
	table_free(&table);
}

/* Every inode its own slot, and none for those in between; `step` apart, two ranges far from each other. */
static void check_ranges(uint32_t step, uint32_t distance)
{
	enum { EACH = 20000 };
	struct table table;
	struct inode_index index;
	table_init(&table, 0);
	for (uint32_t i = 0; i < EACH; i++) {
		add_row(&table, 1000 + i * step);
		add_row(&table, 1000 + distance + i * step);
	}
	assert_int_equal(inode_index_build(&index, &table, false), 0);
	assert_int_equal(index.count, 2 * EACH);
	bool *taken = calloc(2 * EACH, sizeof(*taken));
	assert_non_null(taken);
	for (size_t i = 0; i < table.count; i++) {
		uint32_t slot = inode_index_find(&index, table.row[i].inode);
		assert_true(slot < 2 * EACH);
		assert_false(taken[slot]);
		taken[slot] = true;
	}
	for (uint32_t i = 0; i < EACH && step > 1; i++)
		assert_int_equal(inode_index_find(&index, 1001 + i * step), SLOT_NONE);
	free(taken);
	inode_index_free(&index);
	table_free(&table);
}

static void index_takes_dense_and_sparse_ranges(void **state)
{
	(void)state;
	check_ranges(1, 1u << 20);
	check_ranges(1, 1u << 31);
	check_ranges(8, 1u << 24);
	check_ranges(1024, 1u << 30);
}

/* ------------------------------------------------------------------ join */

struct hit {
	int32_t pid, tid, fd;
	uint32_t inode;
};

/* What the join promises, done the slow way: sorted by (inode's slot, pid, tid, fd), one of each fd. */
static const struct inode_index *sort_index;

static int compare_hits(const void *a, const void *b)
{
	const struct hit *l = a, *r = b;
	uint32_t ls = inode_index_find(sort_index, l->inode), rs = inode_index_find(sort_index, r->inode);
	if (ls != rs)
		return ls < rs ? -1 : 1;
	if (l->pid != r->pid)
		return l->pid < r->pid ? -1 : 1;
	if (l->tid != r->tid)
		return l->tid < r->tid ? -1 : 1;
	return l->fd < r->fd ? -1 : l->fd > r->fd;
}

/* a says the same fd as b, and better. */
static bool is_better(const struct hit *a, const struct hit *b)
{
	if (a->pid != b->pid || a->fd != b->fd || a->inode != b->inode || a->tid == b->tid)
		return false;
	return a->tid == a->pid || (b->tid != b->pid && a->tid < b->tid);
}

static size_t slow_join(struct hit *hit, size_t count)
{
	size_t kept = 0;
	struct hit *out = calloc(count + 1, sizeof(*out));
	for (size_t i = 0; i < count; i++) {
		bool best = true;
		for (size_t j = 0; j < count && best; j++)
			best = !is_better(&hit[j], &hit[i]) && !(j < i && !memcmp(&hit[i], &hit[j], sizeof(*hit)));
		if (best)
			out[kept++] = hit[i];
	}
	memcpy(hit, out, kept * sizeof(*hit));
	free(out);
	qsort(hit, kept, sizeof(*hit), compare_hits);
	return kept;
}

static void name_of(int32_t pid, char name[16])
{
	snprintf(name, 16, "p%d", pid);
}

static void add_process(struct findings *findings, int32_t pid)
{
	char name[16];
	struct process process = { .pid = pid, .uid = (uint32_t)pid * 3 };
	name_of(pid, name);
	assert_int_equal(findings_add_text(findings, name, strlen(name), &process.comm), 0);
	assert_int_equal(findings_add_process(findings, &process), 0);
}

static void add_hit(struct findings *findings, const struct inode_index *index, const struct hit *hit)
{
	struct owner owner = { inode_index_find(index, hit->inode), (uint32_t)findings->process_count - 1, hit->tid,
		               hit->fd };
	assert_int_equal(findings_add_owner(findings, &owner), 0);
}

static void check_owner(const struct owners *owners, const struct owner *owner, const struct hit *hit)
{
	char name[16];
	const struct process *process = &owners->process[owner->process];
	struct bytes comm = owners_text(owners, process->comm);
	assert_int_equal(process->pid, hit->pid);
	assert_int_equal(process->uid, (uint32_t)hit->pid * 3);
	assert_int_equal(owner->tid, hit->tid);
	assert_int_equal(owner->fd, hit->fd);
	name_of(hit->pid, name);
	assert_int_equal(comm.len, strlen(name));
	assert_memory_equal(comm.data, name, comm.len + 1); /* a NUL behind */
}

static void check_answer(const struct owners *owners, const struct hit *hit, size_t count)
{
	size_t at = 0;
	assert_int_equal(owners->owner_count, count);
	for (size_t i = 1; i < owners->process_count; i++)
		assert_true(owners->process[i - 1].pid < owners->process[i].pid);
	for (uint32_t slot = 0; slot < owners->index.count; slot++)
		for (uint32_t o = owners->start[slot]; o < owners->start[slot + 1]; o++) {
			assert_int_equal(owners->owner[o].slot, slot);
			assert_int_equal(inode_index_find(&owners->index, hit[at].inode), slot);
			check_owner(owners, &owners->owner[o], &hit[at++]);
		}
	assert_int_equal(at, count);
}

/* Random processes over random threads of the finder, few inodes and fds so that doubles abound. */
static void check_random_join(uint32_t inodes, uint32_t processes, uint32_t hits_each, size_t findings_count)
{
	struct table table;
	struct owners owners = { 0 };
	struct findings findings[4] = { 0 };
	struct hit *hit = calloc((size_t)processes * hits_each + 1, sizeof(*hit));
	size_t count = 0;
	table_init(&table, 0);
	for (uint32_t i = 0; i < inodes; i++)
		add_row(&table, 5000 + i * 3);
	assert_int_equal(inode_index_build(&owners.index, &table, false), 0);
	for (uint32_t p = 0; p < processes; p++) {
		/* Descending, so that they need sorting. */
		int32_t pid = (int32_t)(100000 - p * 7);
		struct findings *to = &findings[random_below((uint32_t)findings_count)];
		add_process(to, pid);
		for (uint32_t h = 0; h < hits_each; h++) {
			int32_t tid = pid + (int32_t)random_below(3) - 1;
			hit[count] =
				(struct hit){ pid, tid, (int32_t)random_below(4), 5000 + random_below(inodes) * 3 };
			add_hit(to, &owners.index, &hit[count++]);
		}
	}
	assert_int_equal(owners_join(&owners, findings, findings_count), 0);
	sort_index = &owners.index;
	count = slow_join(hit, count);
	check_answer(&owners, hit, count);
	for (size_t i = 0; i < findings_count; i++)
		assert_null(findings[i].owner);
	owners_free(&owners);
	assert_null(owners.owner);
	table_free(&table);
	free(hit);
}

static void join_equals_the_slow_one(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++)
		check_random_join(1 + random_below(30), 1 + random_below(20), 1 + random_below(20),
		                  1 + random_below(4));
	check_random_join(1, 3, 300, 2);
	check_random_join(200, 100, 10, 4);
}

static void join_of_nothing_is_empty(void **state)
{
	(void)state;
	struct table table;
	struct owners owners = { 0 };
	struct findings findings[2] = { 0 };
	table_init(&table, 0);
	add_row(&table, 9);
	assert_int_equal(inode_index_build(&owners.index, &table, false), 0);
	findings[0].report = (struct owner_report){ .processes = 3, .denied = 2, .vanished = 1 };
	findings[1].report = (struct owner_report){ .processes = 4, .denied = 5, .vanished = 6 };
	assert_int_equal(owners_join(&owners, findings, 2), 0);
	assert_int_equal(owners_of(&owners, &table.row[0]).count, 0);
	assert_int_equal(owners.report.processes, 7);
	assert_int_equal(owners.report.denied, 7);
	assert_int_equal(owners.report.vanished, 7);
	owners_free(&owners);
	table_free(&table);
}

/* A pid can be used again between two records of the kernel. */
static void join_tells_processes_of_one_pid_apart(void **state)
{
	(void)state;
	static const uint64_t start_ticks[] = { 100, 100, 200 };
	struct table table;
	struct owners owners = { 0 };
	struct findings findings = { 0 };
	table_init(&table, 0);
	add_row(&table, 9);
	assert_int_equal(inode_index_build(&owners.index, &table, false), 0);
	for (int i = 0; i < 3; i++) {
		struct hit hit = { .pid = 7, .tid = 7, .fd = 3 + i, .inode = 9 };
		add_process(&findings, 7);
		findings.process[i].start_ticks = start_ticks[i];
		add_hit(&findings, &owners.index, &hit);
	}
	assert_int_equal(owners_join(&owners, &findings, 1), 0);
	assert_int_equal(owners.process_count, 2);
	assert_int_equal(owners.owner_count, 3);
	for (int i = 0; i < 3; i++) {
		const struct owner *owner = &owners.owner[i];
		assert_int_equal(owners.process[owner->process].start_ticks, start_ticks[owner->fd - 3]);
	}
	owners_free(&owners);
	table_free(&table);
}

static void text_that_is_absent_or_outside_is_null(void **state)
{
	(void)state;
	char strings[] = "\0abc";
	struct owners owners = { .strings = strings, .strings_len = 5 };
	assert_null(owners_text(&owners, (struct process_text){ 0, 3 }).data);
	assert_null(owners_text(&owners, (struct process_text){ 4, 3 }).data);
	assert_null(owners_text(&owners, (struct process_text){ UINT32_MAX, UINT32_MAX }).data);
	assert_memory_equal(owners_text(&owners, (struct process_text){ 1, 3 }).data, "abc", 4);
	assert_int_equal(owners_text(&owners, (struct process_text){ 4, 0 }).len, 0);
}

/* ------------------------------------------------------------------ parents */

static void a_parent_that_began_later_is_another_process(void **state)
{
	(void)state;
	enum { HAS = PROCESS_NAME | PROCESS_START };
	struct process owners_processes[] = {
		{ .pid = 10, .ppid = 1, .start_ticks = 100, .has = HAS },
		{ .pid = 20, .ppid = 10, .start_ticks = 99, .has = HAS }, /* pid 10 was used again */
		{ .pid = 21, .ppid = 10, .start_ticks = 100, .has = HAS },
		{ .pid = 22, .ppid = 10, .start_ticks = 101, .has = HAS },
		{ .pid = 23, .ppid = 5, .start_ticks = 50, .has = HAS },
		{ .pid = 24, .ppid = 5, .start_ticks = 60, .has = HAS },
		{ .pid = 25, .ppid = 6, .start_ticks = 1, .has = HAS },
		{ .pid = 26, .ppid = 7, .start_ticks = 500, .has = HAS },
		{ .pid = 27, .ppid = 0, .start_ticks = 500, .has = HAS },
		{ .pid = 28, .ppid = 10, .start_ticks = 500, .has = PROCESS_NAME },
	};
	struct process parents[] = {
		{ .pid = 5, .start_ticks = 60, .has = HAS },
		{ .pid = 6, .start_ticks = 500, .has = PROCESS_NAME }, /* its start is not known */
	};
	static const struct {
		size_t process;
		int32_t parent; /* 0: none */
	} cases[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 10 }, { 3, 10 }, { 4, 0 }, { 5, 5 }, { 6, 6 }, { 7, 0 }, { 8, 0 }, { 9, 0 },
	};
	struct owners owners = { .process = owners_processes,
		                 .process_count = countof(owners_processes),
		                 .parent = parents,
		                 .parent_count = countof(parents) };
	for (size_t i = 0; i < countof(cases); i++) {
		const struct process *parent = owners_parent(&owners, &owners_processes[cases[i].process]);
		assert_int_equal(parent ? parent->pid : 0, cases[i].parent);
	}
}

/* ------------------------------------------------------------------ reasons */

static void reasons_come_from_row_and_report(void **state)
{
	(void)state;
	static const struct {
		struct row row;
		struct owner_report report;
		enum owner_reason reason;
		const char *name;
	} cases[] = {
		{ { .inode = 9 }, { .asked = false }, REASON_NOT_ASKED, "not-asked" },
		{ { .state = STATE_TIME_WAIT }, { .asked = true }, REASON_TIME_WAIT, "time-wait" },
		{ { .state = STATE_SYN_RECV }, { .asked = true }, REASON_SYN_RECV, "syn-recv" },
		{ { .state = STATE_ESTABLISHED }, { .asked = true }, REASON_UNACCEPTED, "unaccepted" },
		{ { .state = STATE_CLOSE_WAIT }, { .asked = true }, REASON_UNACCEPTED, "unaccepted" },
		{ { .state = STATE_FIN_WAIT1 }, { .asked = true }, REASON_ORPHAN, "orphan" },
		{ { .state = STATE_FIN_WAIT2 }, { .asked = true }, REASON_ORPHAN, "orphan" },
		{ { .state = STATE_LAST_ACK }, { .asked = true }, REASON_ORPHAN, "orphan" },
		{ { .state = STATE_CLOSING }, { .asked = true }, REASON_ORPHAN, "orphan" },
		{ { .state = STATE_CLOSE }, { .asked = true }, REASON_VANISHED, "vanished" },
		/* Why a socket without inode has no owner is known whatever was hidden. */
		{ { .state = STATE_TIME_WAIT }, { .asked = true, .denied = 9 }, REASON_TIME_WAIT, "time-wait" },
		{ { .inode = 9 }, { .asked = true, .denied = 1, .vanished = 1 }, REASON_PERMISSION, "permission" },
		{ { .inode = 9 }, { .asked = true, .hides = true }, REASON_PERMISSION, "permission" },
		{ { .inode = 9 }, { .asked = true, .starved = 1, .vanished = 1 }, REASON_UNKNOWN, "unknown" },
		{ { .inode = 9 }, { .asked = true, .unread = { { EIO, 1 } } }, REASON_UNKNOWN, "unknown" },
		{ { .inode = 9 }, { .no_proc = ENOENT }, REASON_NO_PROC, "no-proc" },
		{ { .state = STATE_TIME_WAIT }, { .no_proc = ENOENT }, REASON_TIME_WAIT, "time-wait" },
		{ { .inode = 9 }, { .asked = true, .vanished = 1 }, REASON_UNKNOWN, "unknown" },
		{ { .inode = 9 }, { .asked = true, .other_pidns = true }, REASON_OTHER_PIDNS, "other-pidns" },
		{ { .inode = 9, .flags = ROW_HAS_UID, .family = AF_INET },
		  { .asked = true },
		  REASON_UNKNOWN,
		  "unknown" },
		{ { .inode = 9, .flags = ROW_HAS_UID, .family = AF_INET, .uid = 5 },
		  { .asked = true },
		  REASON_UNKNOWN,
		  "unknown" },
		{ { .inode = 9, .flags = ROW_HAS_UID, .family = AF_UNIX },
		  { .asked = true },
		  REASON_UNKNOWN,
		  "unknown" },
	};
	assert_int_equal(owners_reason(NULL, &cases[0].row), REASON_NOT_ASKED);
	for (size_t i = 0; i < countof(cases); i++) {
		struct owners owners = { .report = cases[i].report };
		enum owner_reason reason = owners_reason(&owners, &cases[i].row);
		assert_int_equal(reason, cases[i].reason);
		assert_string_equal(owner_reason_name(reason), cases[i].name);
	}
	assert_string_equal(owner_reason_name(REASON_OWNED), "");
}

/* ------------------------------------------------------------------ whose accept() is waited for */

enum { WAIT_LISTENERS = 3000, WAIT_PROCESSES = 24, WAIT_ROWS = 4000 };

/* Few ports, addresses and devices, so that many listeners are in each other's way. */
static struct row random_end(uint8_t state, uint32_t inode)
{
	static const uint8_t addresses[][16] = {
		{ 0 },
		{ 127, 0, 0, 1 },
		{ 127, 0, 0, 2 },
		{ [15] = 1 },
		{ [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 },
	};
	static const size_t first[] = { 0, 2 }, count[] = { 3, 3 };
	bool six = random_below(2);
	size_t address = first[six] + random_below((uint32_t)count[six]);
	if (six && address == first[1])
		address = 0;
	struct row row = { .proto = PROTO_TCP, .family = six ? AF_INET6 : AF_INET, .state = state, .inode = inode };
	memcpy(&row.local, addresses[address], sizeof(row.local));
	row.local_port = (uint16_t)(80 + random_below(4) + 8 * random_below(8));
	row.ifindex = random_below(3);
	row.flags = row_mapped(&row);
	if (random_below(3)) {
		row.flags |= ROW_HAS_QUEUES;
		row.recv_q = random_below(2);
	}
	return row;
}

/* What the kernel does, one listener after the other. */
static bool may_wait_at(const struct row *listener, const struct row *row, bool empty)
{
	bool is_empty = listener->flags & ROW_HAS_QUEUES && !listener->recv_q;
	bool any = addr_is_any(&listener->local, false);
	return listener->local_port == row->local_port && listener->family == row->family && is_empty == empty &&
	       (!listener->ifindex || listener->ifindex == row->ifindex) &&
	       (any || !memcmp(&listener->local, &row->local, sizeof(row->local)));
}

static void waiting_equals_the_slow_one(void **state)
{
	(void)state;
	struct table table;
	struct owners owners = { 0 };
	static struct owner owner[2 * WAIT_LISTENERS];
	static uint32_t start[WAIT_LISTENERS + 1];
	unsigned several = 0, none = 0, full = 0;
	table_init(&table, 0);
	for (uint32_t i = 0; i < WAIT_LISTENERS; i++) {
		struct sock sock = { .row = random_end(STATE_LISTEN, 1000 + i) };
		/* Some ports have few listeners, and some none of some addresses. */
		if (sock.row.local_port > 100 && random_below(30))
			sock.row.local_port = 80;
		assert_int_equal(table_add(&table, &sock), 0);
	}
	assert_int_equal(inode_index_build(&owners.index, &table, false), 0);
	for (uint32_t slot = 0; slot < WAIT_LISTENERS; slot++) {
		/* Without an owner, which is one that was not seen; with one; or with two. */
		uint32_t count = random_below(200) ? 1 + random_below(2) : 0;
		uint32_t process = random_below(random_below(4) ? 3 : WAIT_PROCESSES);
		start[slot] = (uint32_t)owners.owner_count;
		for (uint32_t i = 0; i < count; i++)
			owner[owners.owner_count++] = (struct owner){ .slot = slot, .process = process + i };
	}
	start[WAIT_LISTENERS] = (uint32_t)owners.owner_count;
	owners.owner = owner;
	owners.start = start;
	assert_int_equal(owners_add_listeners(&owners, &table, 0), 0);
	assert_true(owners.listener_count < WAIT_LISTENERS / 2);
	for (int i = 0; i < WAIT_ROWS; i++) {
		struct row row = random_end(STATE_ESTABLISHED, 0);
		bool has[WAIT_PROCESSES + 1] = { 0 }, found = false, more = false;
		size_t count = 0;
		for (int empty = 0; empty < 2 && !found; empty++)
			for (size_t j = 0; j < table.count; j++) {
				if (!may_wait_at(&table.row[j], &row, empty))
					continue;
				struct owner_span span = owners_of(&owners, &table.row[j]);
				found = true;
				more |= !span.count;
				for (size_t k = 0; k < span.count; k++) {
					count += !has[span.first[k].process];
					has[span.first[k].process] = true;
				}
			}
		struct owner_waiting waiting;
		owners_waiting(&owners, &row, &waiting);
		assert_int_equal(waiting.listener != NULL, found);
		assert_int_equal(waiting.more, more || count > OWNER_WAITING_MAX);
		assert_int_equal(waiting.count, count > OWNER_WAITING_MAX ? OWNER_WAITING_MAX : count);
		for (size_t j = 0; j < waiting.count; j++) {
			assert_true(has[waiting.process[j]]);
			has[waiting.process[j]] = false;
		}
		if (found)
			assert_int_equal(waiting.listener->port, row.local_port);
		several += count > 1 && count <= OWNER_WAITING_MAX;
		full += count > OWNER_WAITING_MAX;
		none += !found;
	}
	assert_true(several && none && full);
	owners.owner = NULL;
	owners.start = NULL;
	owners_free(&owners);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_of_nothing_finds_nothing),
		cmocka_unit_test(index_leaves_out_rows_without_inode),
		cmocka_unit_test(index_takes_dense_and_sparse_ranges),
		cmocka_unit_test(join_equals_the_slow_one),
		cmocka_unit_test(join_of_nothing_is_empty),
		cmocka_unit_test(join_tells_processes_of_one_pid_apart),
		cmocka_unit_test(text_that_is_absent_or_outside_is_null),
		cmocka_unit_test(a_parent_that_began_later_is_another_process),
		cmocka_unit_test(reasons_come_from_row_and_report),
		cmocka_unit_test(waiting_equals_the_slow_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
