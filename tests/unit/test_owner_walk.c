// SPDX-License-Identifier: MIT
/*
 * test_owner_walk.c - the walk, and the join of what BPF told, on a tree of files that looks like /proc.
 *
 * The tree is made here, so who holds what is known; other machines' pids,
 * dead leaders and odd bytes are but files.
 */
#include <sockview/finder.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/countof.h>
#include <sockview/process_list.h>

#include "owners/bpf.h"
#include "owners/crew.h"

static char root[64];

static void at(char *path, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void at(char *path, size_t size, const char *format, ...)
{
	va_list args;
	int len = snprintf(path, size, "%s/", root);
	va_start(args, format);
	assert_true(vsnprintf(path + len, size - (size_t)len, format, args) < (int)size - len);
	va_end(args);
}

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void make_task(const char *dir, char state, const char *comm, const char *argv, size_t argv_len)
{
	char path[300], text[256];
	assert_int_equal(mkdir(dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/fd", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/comm", dir);
	snprintf(text, sizeof(text), "%s\n", comm);
	write_file(path, text, strlen(text));
	snprintf(path, sizeof(path), "%s/cmdline", dir);
	write_file(path, argv, argv_len);
	snprintf(path, sizeof(path), "%s/stat", dir);
	snprintf(text, sizeof(text), "1 (%s) %c 42 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 777 9 9", comm, state);
	write_file(path, text, strlen(text));
}

static void make_process(int pid, char state, const char *comm, const char *argv, size_t argv_len)
{
	char path[200];
	at(path, sizeof(path), "%d", pid);
	make_task(path, state, comm, argv, argv_len);
	at(path, sizeof(path), "%d/task", pid);
	assert_int_equal(mkdir(path, 0755), 0);
	at(path, sizeof(path), "%d/task/%d", pid, pid);
	make_task(path, state, comm, argv, argv_len);
}

static void make_thread(int pid, int tid, const char *argv, size_t argv_len)
{
	char path[200];
	at(path, sizeof(path), "%d/task/%d", pid, tid);
	make_task(path, 'S', "thread", argv, argv_len);
}

static void make_fd(int pid, int tid, int fd, const char *target)
{
	char path[200];
	if (tid == pid)
		at(path, sizeof(path), "%d/fd/%d", pid, fd);
	else
		at(path, sizeof(path), "%d/task/%d/fd/%d", pid, tid, fd);
	assert_int_equal(symlink(target, path), 0);
}

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/sockview-walk-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 20, FTW_DEPTH | FTW_PHYS);
}

struct look {
	struct table table;
	struct owners owners;
};

static struct finder_request begin_look(struct look *look, const uint32_t *inode, size_t count, unsigned details,
                                        unsigned threads)
{
	memset(look, 0, sizeof(*look));
	table_init(&look->table, 0);
	for (size_t i = 0; i < count; i++) {
		struct sock sock = { .row.inode = inode[i] };
		assert_int_equal(table_add(&look->table, &sock), 0);
	}
	assert_int_equal(inode_index_build(&look->owners.index, &look->table, false), 0);
	struct finder_request request = { .proc_fd = open(root, O_RDONLY | O_DIRECTORY),
		                          .details = details,
		                          .index = &look->owners.index,
		                          .threads = threads };
	assert_true(request.proc_fd >= 0);
	return request;
}

static void look(struct look *look, const uint32_t *inode, size_t count, unsigned details, unsigned threads)
{
	struct error error;
	struct finder_request request = begin_look(look, inode, count, details, threads);
	assert_int_equal(finder_proc(&request, &look->owners, &error), 0);
	close(request.proc_fd);
	assert_true(look->owners.report.asked);
}

static void look_end(struct look *look)
{
	owners_free(&look->owners);
	table_free(&look->table);
}

static void expect_text(const struct look *look, struct process_text text, const char *want, size_t len)
{
	struct bytes got = owners_text(&look->owners, text);
	assert_non_null(got.data);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, want, len);
}

static const struct process *expect_owner(const struct look *look, size_t row, size_t nth, int pid, int tid, int fd)
{
	struct owner_span span = owners_of(&look->owners, &look->table.row[row]);
	assert_true(span.count > nth);
	const struct process *process = &look->owners.process[span.first[nth].process];
	assert_int_equal(process->pid, pid);
	assert_int_equal(span.first[nth].tid, tid);
	assert_int_equal(span.first[nth].fd, fd);
	return process;
}

static void sockets_are_found_and_other_files_are_not(void **state)
{
	(void)state;
	make_process(812, 'S', "nginx", "nginx: worker\0", 14);
	make_fd(812, 812, 0, "/dev/null");
	make_fd(812, 812, 3, "socket:[100]");
	make_fd(812, 812, 4, "socket:[101]");
	make_fd(812, 812, 5, "pipe:[102]");
	make_fd(812, 812, 6, "/tmp/socket:[102]");
	make_process(90, 'S', "nginx", "nginx: master\0", 14);
	make_fd(90, 90, 9, "socket:[100]");
	static const uint32_t inode[] = { 100, 102, 0 };
	struct look got;
	look(&got, inode, 3, PROCESS_NAME, 0);
	assert_int_equal(got.owners.owner_count, 2);
	expect_owner(&got, 0, 0, 90, 90, 9); /* the lowest pid first */
	const struct process *process = expect_owner(&got, 0, 1, 812, 812, 3);
	expect_text(&got, process->program, "nginx", 5);
	assert_int_equal(owners_of(&got.owners, &got.table.row[1]).count, 0);
	assert_int_equal(owners_of(&got.owners, &got.table.row[2]).count, 0);
	assert_int_equal(got.owners.report.processes, 2);
	look_end(&got);
}

static void every_detail_is_read(void **state)
{
	(void)state;
	char path[200];
	make_process(5, 'S', "odd) \x1b\n x", "/opt/a b/serve\0-x\0--y z\0", 24);
	make_fd(5, 5, 3, "socket:[7]");
	at(path, sizeof(path), "5/cgroup");
	write_file(path, "3:cpu:/v1\n0::/a.slice\n", 22);
	at(path, sizeof(path), "5/exe");
	assert_int_equal(symlink("/opt/a b/serve (deleted)", path), 0);
	at(path, sizeof(path), "5/ns");
	assert_int_equal(mkdir(path, 0755), 0);
	at(path, sizeof(path), "5/ns/net");
	assert_int_equal(symlink("net:[4026531840]", path), 0);
	struct look got;
	static const uint32_t inode[] = { 7 };
	look(&got, inode, 1, ~0u, 0);
	const struct process *process = expect_owner(&got, 0, 0, 5, 5, 3);
	expect_text(&got, process->comm, "odd) \x1b\n x", 9);
	expect_text(&got, process->program, "serve", 5);
	expect_text(&got, process->cmdline, "/opt/a b/serve\0-x\0--y z", 23);
	expect_text(&got, process->exe, "/opt/a b/serve (deleted)", 24);
	expect_text(&got, process->cgroup, "/a.slice", 8);
	assert_int_equal(process->netns, 4026531840u);
	assert_int_equal(process->ppid, 42);
	assert_int_equal(process->start_ticks, 777);
	assert_int_equal(process->uid, geteuid());
	assert_int_equal(process->has, PROCESS_NAME | PROCESS_UID | PROCESS_CMDLINE | PROCESS_EXE | PROCESS_CGROUP |
	                                       PROCESS_START | PROCESS_NETNS);
	look_end(&got);
}

static void a_process_without_arguments_is_called_by_its_comm(void **state)
{
	(void)state;
	make_process(6, 'S', "two words", "", 0);
	make_fd(6, 6, 3, "socket:[7]");
	struct look got;
	static const uint32_t inode[] = { 7 };
	look(&got, inode, 1, PROCESS_NAME, 0);
	expect_text(&got, expect_owner(&got, 0, 0, 6, 6, 3)->program, "two words", 9);
	look_end(&got);
}

static void a_dead_leaders_thread_is_found(void **state)
{
	(void)state;
	make_process(50, 'Z', "leader", "", 0);
	make_thread(50, 52, "server\0", 7);
	make_thread(50, 51, "server\0", 7);
	make_fd(50, 51, 8, "socket:[7]");
	make_fd(50, 52, 8, "socket:[7]");
	make_fd(50, 52, 9, "socket:[7]");
	struct look got;
	static const uint32_t inode[] = { 7 };
	look(&got, inode, 1, PROCESS_NAME, 0);
	assert_int_equal(got.owners.owner_count, 2);
	const struct process *process = expect_owner(&got, 0, 0, 50, 51, 8);
	expect_owner(&got, 0, 1, 50, 52, 9);
	expect_text(&got, process->comm, "leader", 6);
	expect_text(&got, process->program, "server", 6);
	look_end(&got);
}

static void a_process_that_is_gone_gives_no_owner(void **state)
{
	(void)state;
	char path[200];
	make_process(7, 'S', "x", "x", 1);
	make_fd(7, 7, 3, "socket:[7]");
	at(path, sizeof(path), "7/comm");
	assert_int_equal(unlink(path), 0);
	struct look got;
	static const uint32_t inode[] = { 7 };
	look(&got, inode, 1, PROCESS_NAME, 0);
	assert_int_equal(got.owners.owner_count, 0);
	assert_int_equal(got.owners.process_count, 0);
	assert_int_equal(got.owners.report.vanished, 1);
	assert_int_equal(owners_reason(&got.owners, &got.table.row[0]), REASON_UNKNOWN);
	look_end(&got);
}

/* Ends of a thread's look: what hides it is that another thread's, looked into later, went well. */

/* In a child, which may drop root's rights and its own descriptors: 0 if `check` returned true. */
static void in_child(bool (*check)(void))
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(check() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static struct owner_report report_of_look(void)
{
	static const uint32_t inode[] = { 7 };
	struct look got;
	look(&got, inode, 1, PROCESS_NAME, 1);
	struct owner_report report = got.owners.report;
	look_end(&got);
	return report;
}

enum { UID_NOBODY = 65534 };

static bool one_was_denied(void)
{
	if (geteuid() == 0 &&
	    (setresgid(UID_NOBODY, UID_NOBODY, UID_NOBODY) || setresuid(UID_NOBODY, UID_NOBODY, UID_NOBODY)))
		return false;
	struct owner_report report = report_of_look();
	return report.denied == 1 && !report.starved && !report.vanished && report.processes == 1;
}

static void a_later_thread_does_not_hide_a_denial(void **state)
{
	(void)state;
	char path[200];
	assert_int_equal(chmod(root, 0755), 0);
	make_process(50, 'Z', "leader", "", 0);
	make_thread(50, 51, "server\0", 7);
	make_thread(50, 52, "server\0", 7);
	at(path, sizeof(path), "50/task/51/fd");
	assert_int_equal(chmod(path, 0), 0);
	in_child(one_was_denied);
	assert_int_equal(chmod(path, 0755), 0);
}

/* Descriptors for the walk: /proc, the process, its threads, one of them, but not for that one's name. */
static bool one_was_starved(void)
{
	enum { SPARE = 4, MANY = 1000 };
	struct rlimit limit;
	int highest = 0, next;
	for (int fd = 0; fd < MANY; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			highest = fd;
	while ((next = dup(0)) >= 0 && next < highest)
		;
	close(next); /* all below it are open */
	if (next < 0 || getrlimit(RLIMIT_NOFILE, &limit))
		return false;
	limit.rlim_cur = (rlim_t)next + SPARE;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return false;
	struct owner_report report = report_of_look();
	return report.starved == 1 && !report.denied && !report.vanished && report.processes == 1;
}

static void a_later_thread_does_not_hide_starvation(void **state)
{
	(void)state;
	make_process(50, 'Z', "leader", "", 0);
	make_thread(50, 51, "server\0", 7);
	make_thread(50, 52, "server\0", 7);
	make_fd(50, 51, 8, "socket:[7]");
	in_child(one_was_starved);
}

static void a_thread_that_ends_is_not_its_process(void **state)
{
	(void)state;
	char path[200];
	make_process(50, 'Z', "leader", "", 0);
	make_thread(50, 51, "server\0", 7);
	make_thread(50, 52, "server\0", 7);
	at(path, sizeof(path), "50/task/52/fd");
	assert_int_equal(rmdir(path), 0);
	struct owner_report report = report_of_look();
	assert_int_equal(report.vanished, 0);
	/* But this is the process's own end. */
	make_fd(50, 51, 8, "socket:[7]");
	at(path, sizeof(path), "50/comm");
	assert_int_equal(unlink(path), 0);
	report = report_of_look();
	assert_int_equal(report.vanished, 1);
	assert_int_equal(report.processes, 1);
}

/* ------------------------------------------------------------------ parents */

static void set_parent(int pid, int ppid, int start_ticks)
{
	char path[200], text[256];
	at(path, sizeof(path), "%d/stat", pid);
	snprintf(text, sizeof(text), "%d (x) S %d 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 %d 9 9", pid, ppid, start_ticks);
	write_file(path, text, strlen(text));
}

static void parents_are_read_up_to_the_first(void **state)
{
	(void)state;
	static const struct {
		int pid, ppid, start_ticks;
	} processes[] = { { 1, 0, 1 }, { 20, 1, 30 }, { 30, 20, 40 }, { 31, 20, 25 }, { 32, 99, 50 } };
	static const uint32_t inode[] = { 7 };
	struct look got;
	for (size_t i = 0; i < countof(processes); i++) {
		make_process(processes[i].pid, 'S', "x", "x", 1);
		set_parent(processes[i].pid, processes[i].ppid, processes[i].start_ticks);
		if (processes[i].pid >= 30)
			make_fd(processes[i].pid, processes[i].pid, 3, "socket:[7]");
	}
	look(&got, inode, 1, PROCESS_NAME | PROCESS_START, 1);
	int proc_fd = open(root, O_RDONLY | O_DIRECTORY);
	assert_int_equal(finder_parents(proc_fd, &got.owners), 0);
	close(proc_fd);
	assert_int_equal(got.owners.parent_count, 2);
	const struct process *parent = owners_parent(&got.owners, expect_owner(&got, 0, 0, 30, 30, 3));
	assert_non_null(parent);
	assert_int_equal(parent->pid, 20);
	expect_text(&got, parent->comm, "x", 1);
	parent = owners_parent(&got.owners, parent);
	assert_non_null(parent);
	assert_int_equal(parent->pid, 1);
	assert_null(owners_parent(&got.owners, parent));
	/* Its parent ended, and another process has the pid; one that is gone. */
	assert_null(owners_parent(&got.owners, expect_owner(&got, 0, 1, 31, 31, 3)));
	assert_null(owners_parent(&got.owners, expect_owner(&got, 0, 2, 32, 32, 3)));
	look_end(&got);
}

static void processes_are_listed_anew_each_time(void **state)
{
	(void)state;
	struct process_list list;
	int proc_fd = open(root, O_RDONLY | O_DIRECTORY);
	make_process(7, 'S', "x", "x", 1);
	assert_int_equal(mkdirat(proc_fd, "self", 0755), 0);
	assert_int_equal(mkdirat(proc_fd, "8x", 0755), 0);
	assert_int_equal(mkdirat(proc_fd, "0", 0755), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(process_list_read(&list, proc_fd), 0);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.pid[0], 7);
		process_list_free(&list);
	}
	close(proc_fd);
	errno = 0;
	assert_int_equal(process_list_read(&list, -1), -1);
	assert_int_equal(errno, EBADF);
	process_list_free(&list);
}

/* ------------------------------------------------------------------ what BPF told */

static uint64_t nanoseconds_of(uint64_t ticks)
{
	return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The records as the kernel gives them: through an fd. */
static void read_records(struct bpf_records *records, const struct task_file *record, size_t count)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], record, count * sizeof(*record)), (ssize_t)(count * sizeof(*record)));
	close(ends[1]);
	assert_int_equal(bpf_records_read(records, ends[0], NULL, NULL, NULL), 0);
	close(ends[0]);
}

/* 0, or -1 for ENOMEM. */
static int find_and_join(struct bpf_records *records, const struct finder_request *request, struct owners *owners)
{
	struct findings findings[CREW_MAX];
	struct error error;
	int count = bpf_records_find(records, request, findings);
	bpf_records_free(records);
	return count < 0 ? -1 : bpf_join(request, owners, findings, (size_t)count, &error);
}

static void join_records(struct look *look, const struct task_file *record, size_t count)
{
	static const uint32_t inode[] = { 100, 101 };
	struct bpf_records records = { 0 };
	struct finder_request request = begin_look(look, inode, 2, PROCESS_NAME, 1);
	read_records(&records, record, count);
	assert_int_equal(find_and_join(&records, &request, &look->owners), 0);
	close(request.proc_fd);
}

/* Its stat file says that it began at tick 777. */
static void a_process_that_got_the_pid_later_is_no_owner(void **state)
{
	(void)state;
	make_process(5, 'S', "later", "later", 5);
	make_process(6, 'S', "same", "same", 4);
	const struct task_file record[] = {
		{ .inode = 100, .pid = 5, .tid = 5, .fd = 3, .start_boottime = nanoseconds_of(776) },
		{ .inode = 100, .pid = 6, .tid = 6, .fd = 4, .start_boottime = nanoseconds_of(777) + 1 },
		{ .inode = 999, .pid = 6, .tid = 6, .fd = 5, .start_boottime = nanoseconds_of(777) + 1 },
		{ .inode = 101, .pid = 6, .tid = 7, .fd = 4, .start_boottime = nanoseconds_of(777) + 1 },
		{ .inode = 101, .pid = 5, .tid = 5, .fd = 3, .start_boottime = nanoseconds_of(778) },
		{ .inode = 101, .pid = 9, .tid = 9, .fd = 3, .start_boottime = nanoseconds_of(1) },
	};
	struct look got;
	join_records(&got, record, countof(record));
	assert_int_equal(got.owners.owner_count, 2);
	assert_int_equal(got.owners.process_count, 1); /* two tables, one process */
	expect_text(&got, expect_owner(&got, 0, 0, 6, 6, 4)->comm, "same", 4);
	expect_owner(&got, 1, 0, 6, 7, 4);
	assert_true(got.owners.report.by_bpf);
	assert_int_equal(got.owners.report.processes, 5);
	assert_int_equal(got.owners.report.vanished, 3);
	look_end(&got);
}

/* No descriptor is left to open /proc/PID with: not looked into, which is not gone. */
static bool bpf_was_starved(void)
{
	struct rlimit limit;
	struct look got;
	struct bpf_records records = { 0 };
	static const uint32_t inode[] = { 100 };
	const struct task_file record = {
		.inode = 100, .pid = 5, .tid = 5, .fd = 3, .start_boottime = nanoseconds_of(777)
	};
	struct finder_request request = begin_look(&got, inode, 1, PROCESS_NAME, 1);
	read_records(&records, &record, 1);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return false;
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_NOFILE, &limit) || find_and_join(&records, &request, &got.owners))
		return false;
	struct owner_report report = got.owners.report;
	look_end(&got);
	return report.starved == 1 && !report.vanished;
}

static void bpf_without_descriptors_is_starved(void **state)
{
	(void)state;
	make_process(5, 'S', "x", "x", 1);
	in_child(bpf_was_starved);
}

static void nothing_wanted_looks_nowhere(void **state)
{
	(void)state;
	make_process(7, 'S', "x", "x", 1);
	struct look got;
	static const uint32_t inode[] = { 0 };
	look(&got, inode, 1, PROCESS_NAME, 0);
	assert_int_equal(got.owners.report.processes, 0);
	look_end(&got);
}

/* Threads must not change the answer: 400 processes, each socket held by two of them. */
static void any_number_of_threads_gives_the_same(void **state)
{
	(void)state;
	enum { PROCESSES = 400 };
	uint32_t inode[PROCESSES];
	for (int i = 0; i < PROCESSES; i++) {
		char comm[16], target[32];
		snprintf(comm, sizeof(comm), "p%d", 1000 + i);
		make_process(1000 + i, 'S', comm, "", 0);
		inode[i] = 5000 + (uint32_t)i;
		snprintf(target, sizeof(target), "socket:[%d]", 5000 + i);
		make_fd(1000 + i, 1000 + i, 3, target);
		snprintf(target, sizeof(target), "socket:[%d]", 5000 + (i + 1) % PROCESSES);
		make_fd(1000 + i, 1000 + i, 12, target);
	}
	for (unsigned threads = 1; threads <= 8; threads++) {
		struct look got;
		look(&got, inode, PROCESSES, PROCESS_NAME, threads);
		assert_int_equal(got.owners.owner_count, 2 * PROCESSES);
		assert_int_equal(got.owners.report.processes, PROCESSES);
		for (int i = 1; i < PROCESSES; i++) {
			char comm[16];
			expect_owner(&got, (size_t)i, 0, 1000 + i - 1, 1000 + i - 1, 12);
			const struct process *process = expect_owner(&got, (size_t)i, 1, 1000 + i, 1000 + i, 3);
			snprintf(comm, sizeof(comm), "p%d", 1000 + i);
			expect_text(&got, process->comm, comm, strlen(comm));
		}
		look_end(&got);
	}
}

/* More names than one getdents64 gives. */
static void thousands_of_fds_are_all_read(void **state)
{
	(void)state;
	enum { FDS = 5000 };
	static uint32_t inode[FDS];
	make_process(9, 'S', "x", "x", 1);
	for (int i = 0; i < FDS; i++) {
		char target[32];
		inode[i] = 10000 + (uint32_t)i;
		snprintf(target, sizeof(target), "socket:[%d]", 10000 + i);
		make_fd(9, 9, i, target);
	}
	struct look got;
	look(&got, inode, FDS, PROCESS_NAME, 1);
	assert_int_equal(got.owners.owner_count, FDS);
	for (int i = 0; i < FDS; i++)
		expect_owner(&got, (size_t)i, 0, 9, 9, i);
	look_end(&got);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		CASE(sockets_are_found_and_other_files_are_not),
		CASE(every_detail_is_read),
		CASE(a_process_without_arguments_is_called_by_its_comm),
		CASE(a_dead_leaders_thread_is_found),
		CASE(a_process_that_is_gone_gives_no_owner),
		CASE(a_later_thread_does_not_hide_a_denial),
		CASE(a_later_thread_does_not_hide_starvation),
		CASE(a_thread_that_ends_is_not_its_process),
		CASE(parents_are_read_up_to_the_first),
		CASE(processes_are_listed_anew_each_time),
		CASE(a_process_that_got_the_pid_later_is_no_owner),
		CASE(bpf_without_descriptors_is_starved),
		CASE(nothing_wanted_looks_nowhere),
		CASE(any_number_of_threads_gives_the_same),
		CASE(thousands_of_fds_are_all_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
