// SPDX-License-Identifier: MIT
/*
 * test_owner_scene.c - both finders on real processes.
 *
 * A scene is a process that arranges sockets over fds, threads and children,
 * and tells each (inode, pid, tid, fd) it knows to hold by fstat(2) and
 * gettid(2): the truth the finders are held against. Nothing is bound or sent.
 */
#include <sockview/finder.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "owners/task_file.h"

#include "skip.h"

struct truth {
	uint32_t inode;
	int32_t pid, tid, fd;
};

enum { TRUTH_MAX = 65536, NOBODY = 65534 };

/* Shared by all processes of a scene. */
struct stage {
	volatile int ready; /* how many have said all they have to say */
	volatile int count;
	volatile int act; /* 2: those who wait for it go on */
	struct truth truth[TRUTH_MAX];
};

static struct stage *stage;

/* ------------------------------------------------------------------ inside a scene */

static int32_t self_tid(void)
{
	return (int32_t)syscall(SYS_gettid);
}

static uint32_t inode_of(int fd)
{
	struct stat stat;
	if (fstat(fd, &stat))
		abort();
	return (uint32_t)stat.st_ino;
}

static void tell(int fd, int32_t tid)
{
	int at = __atomic_fetch_add(&stage->count, 1, __ATOMIC_SEQ_CST);
	if (at >= TRUTH_MAX)
		abort();
	stage->truth[at] = (struct truth){ inode_of(fd), getpid(), tid, fd };
}

static void ready(void)
{
	__atomic_fetch_add(&stage->ready, 1, __ATOMIC_SEQ_CST);
}

static void stay(void)
{
	for (;;)
		pause();
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		abort();
	return fd;
}

/* In the child: returns. It dies with its parent. */
static bool spawn(void)
{
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (pid)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return true;
}

static void spawn_thread(void *(*run)(void *), void *context)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, context))
		abort();
}

/* Only this thread ends; as the leader it stays as a zombie. */
static void exit_thread(void)
{
	syscall(SYS_exit, 0);
	abort();
}

static void wait_for_dead_leader(void)
{
	char text[512];
	for (int i = 0; i < 5000; i++) {
		int fd = open("/proc/self/stat", O_RDONLY);
		ssize_t len = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[len > 0 ? len : 0] = '\0';
		const char *close_bracket = strrchr(text, ')');
		if (close_bracket && close_bracket[2] == 'Z')
			return;
		poll(NULL, 0, 1);
	}
	abort();
}

/* ------------------------------------------------------------------ scenes */

static void scene_plain(void)
{
	for (int i = 0; i < 5; i++)
		tell(new_socket(), getpid());
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		abort();
	tell(pair[0], getpid());
	tell(pair[1], getpid());
	ready();
	stay();
}

/* The same socket on many fds, far more than one getdents64 gives. */
static void scene_dups(void)
{
	int fd = new_socket();
	tell(fd, getpid());
	for (int i = 0; i < 900; i++)
		tell(dup(fd), getpid());
	int high = fcntl(fd, F_DUPFD, 1000);
	tell(high, getpid());
	ready();
	stay();
}

/* Forked: every process holds the first socket, each child one of its own. */
static void scene_forks(void)
{
	int shared = new_socket();
	tell(shared, getpid());
	for (int i = 0; i < 20; i++)
		if (spawn()) {
			tell(shared, getpid());
			tell(new_socket(), getpid());
			ready();
			stay();
		}
	ready();
	stay();
}

static void *just_stay(void *context)
{
	(void)context;
	stay();
	return NULL;
}

/* The usual case of threads: one table, seen once. */
static void scene_threads_sharing(void)
{
	int fd = new_socket();
	for (int i = 0; i < 8; i++)
		spawn_thread(just_stay, NULL);
	tell(fd, getpid());
	ready();
	stay();
}

struct own_table {
	int inherited; /* open in both tables: told by the leader */
	int closed_in_leader;
	atomic_bool copied;
	atomic_bool closed;
};

static void *run_with_own_table(void *context)
{
	struct own_table *own = context;
	if (unshare(CLONE_FILES))
		abort();
	own->copied = true;
	while (!own->closed)
		poll(NULL, 0, 1);
	tell(own->closed_in_leader, self_tid());
	tell(new_socket(), self_tid());
	ready();
	stay();
	return NULL;
}

static void scene_thread_with_own_table(void)
{
	static struct own_table own;
	own.inherited = new_socket();
	own.closed_in_leader = new_socket();
	tell(own.inherited, getpid());
	for (int i = 0; i < 3; i++)
		spawn_thread(just_stay, NULL);
	spawn_thread(run_with_own_table, &own);
	while (!own.copied)
		poll(NULL, 0, 1);
	close(own.closed_in_leader);
	/* Same number, another socket: the leader's is its own. */
	int again = new_socket();
	if (again != own.closed_in_leader)
		abort();
	tell(again, getpid());
	own.closed = true;
	ready();
	stay();
}

/* The threads a sanitizer starts share the table too. */
static int32_t lowest_living_thread(void)
{
	int32_t lowest = self_tid();
	DIR *dir = opendir("/proc/self/task");
	for (struct dirent *entry; (entry = readdir(dir));) {
		int tid = atoi(entry->d_name);
		if (tid > 0 && tid != getpid() && tid < lowest)
			lowest = tid;
	}
	closedir(dir);
	return lowest;
}

static void *thread_alone(void *context)
{
	int fd = *(int *)context;
	wait_for_dead_leader();
	tell(fd, lowest_living_thread());
	ready();
	stay();
	return NULL;
}

static void scene_dead_leader(void)
{
	static int fd;
	fd = new_socket();
	spawn_thread(thread_alone, &fd);
	exit_thread();
}

/* Threads of a dead leader that share a table: one owner, the lowest tid. */
static void scene_dead_leader_many_threads(void)
{
	static int fd;
	fd = new_socket();
	for (int i = 0; i < 5; i++)
		spawn_thread(just_stay, NULL);
	spawn_thread(thread_alone, &fd);
	exit_thread();
}

static void *dead_leader_own_table(void *context)
{
	(void)context;
	if (unshare(CLONE_FILES))
		abort();
	wait_for_dead_leader();
	tell(new_socket(), self_tid());
	ready();
	stay();
	return NULL;
}

static void scene_dead_leader_own_tables(void)
{
	for (int i = 0; i < 3; i++)
		spawn_thread(dead_leader_own_table, NULL);
	exit_thread();
}

static void send_fd(int over, int fd)
{
	char byte = 'x', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(over, &message, 0) != 1)
		abort();
}

static int receive_fd(int over)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int fd;
	if (recvmsg(over, &message, 0) != 1)
		abort();
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void scene_passed(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		abort();
	if (spawn()) {
		close(pair[0]);
		int moved = fcntl(receive_fd(pair[1]), F_DUPFD, 77);
		tell(moved, getpid());
		tell(moved == 77 ? pair[1] : -1, getpid());
		for (int fd = 3; fd < 77; fd++)
			if (fd != pair[1])
				close(fd);
		ready();
		stay();
	}
	int fd = new_socket();
	send_fd(pair[0], fd);
	close(fd);
	close(pair[1]);
	tell(pair[0], getpid());
	ready();
	stay();
}

/* A socket now and another in the second act. */
static void two_acts(int32_t tid)
{
	tell(new_socket(), tid);
	ready();
	while (__atomic_load_n(&stage->act, __ATOMIC_SEQ_CST) < 2)
		poll(NULL, 0, 1);
	tell(new_socket(), tid);
	ready();
	stay();
}

static void *two_acts_with_own_table(void *context)
{
	(void)context;
	if (unshare(CLONE_FILES))
		abort();
	two_acts(self_tid());
	return NULL;
}

static void share_many(void)
{
	int fd[500];
	for (int i = 0; i < 500; i++)
		fd[i] = new_socket();
	for (int child = 0; child < 40; child++)
		if (spawn()) {
			for (int i = 0; i < 500; i++)
				tell(fd[i], getpid());
			ready();
			stay();
		}
	for (int i = 0; i < 500; i++)
		close(fd[i]);
}

/* Few do anything in the second act, a process, a thread of it, a child; and most sockets are others'. */
static void scene_two_acts(void)
{
	spawn_thread(two_acts_with_own_table, NULL);
	while (!__atomic_load_n(&stage->ready, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	share_many();
	if (spawn())
		two_acts(getpid());
	two_acts(getpid());
}

/* All do, so many that the whole machine is looked at again. */
static void scene_two_acts_of_a_crowd(void)
{
	for (int i = 0; i < 300; i++)
		if (spawn())
			two_acts(getpid());
	two_acts(getpid());
}

static void scene_crowd(void)
{
	int shared = new_socket();
	tell(shared, getpid());
	for (int i = 0; i < 1500; i++)
		if (spawn()) {
			tell(shared, getpid());
			tell(new_socket(), getpid());
			ready();
			stay();
		}
	ready();
	stay();
}

static void scene_other_user(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		abort();
	tell(new_socket(), getpid());
	ready();
	stay();
}

static void scene_named(void)
{
	prctl(PR_SET_NAME, "a) b\n\x1b[1m\xff");
	tell(new_socket(), getpid());
	ready();
	stay();
}

/* ------------------------------------------------------------------ the finders on it */

static pid_t raise_curtain(void (*scene)(void), int players)
{
	memset((void *)stage, 0, sizeof(*stage));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		scene();
		_exit(1);
	}
	for (int i = 0; i < 30000 && stage->ready < players; i++)
		poll(NULL, 0, 1);
	assert_int_equal(stage->ready, players);
	return pid;
}

static void drop_curtain(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct look {
	struct table table;
	struct owners owners;
	int answer;
};

typedef int finder(const struct finder_request *request, struct owners *owners, struct error *error);

static void look_at(struct look *look, finder *find, bool ours, unsigned details, unsigned threads)
{
	struct error error;
	memset(look, 0, sizeof(*look));
	table_init(&look->table, 0);
	for (int i = 0; i < stage->count; i++) {
		struct sock sock = { .row.inode = stage->truth[i].inode };
		assert_int_equal(table_add(&look->table, &sock), 0);
	}
	assert_int_equal(inode_index_build(&look->owners.index, &look->table, false), 0);
	struct finder_request request = { .proc_fd = open("/proc", O_RDONLY | O_DIRECTORY),
		                          .details = details,
		                          .index = &look->owners.index,
		                          .proc_is_ours = ours,
		                          .threads = threads };
	look->answer = find(&request, &look->owners, &error);
	assert_true(look->answer >= 0);
	close(request.proc_fd);
}

static void look(struct look *look, finder *find, unsigned details, unsigned threads)
{
	look_at(look, find, true, details, threads);
}

static void look_end(struct look *look)
{
	owners_free(&look->owners);
	table_free(&look->table);
}

static int compare_truth(const void *a, const void *b)
{
	const struct truth *l = a, *r = b;
	if (l->inode != r->inode)
		return l->inode < r->inode ? -1 : 1;
	if (l->pid != r->pid)
		return l->pid < r->pid ? -1 : 1;
	if (l->tid != r->tid)
		return l->tid < r->tid ? -1 : 1;
	return l->fd < r->fd ? -1 : l->fd > r->fd;
}

/* What was found, with each slot's inode looked up again in the rows. */
static size_t found(const struct look *look, struct truth *out)
{
	size_t count = 0;
	bool *done = calloc(look->owners.index.count, sizeof(*done));
	for (size_t i = 0; i < look->table.count; i++) {
		uint32_t slot = inode_index_find(&look->owners.index, look->table.row[i].inode);
		struct owner_span span = owners_of(&look->owners, &look->table.row[i]);
		if (done[slot])
			continue;
		done[slot] = true;
		for (size_t o = 0; o < span.count; o++) {
			const struct owner *owner = &span.first[o];
			assert_true(count < TRUTH_MAX);
			out[count++] =
				(struct truth){ look->table.row[i].inode, look->owners.process[owner->process].pid,
				                owner->tid, owner->fd };
		}
	}
	free(done);
	return count;
}

static void show(const char *title, const struct truth *truth, size_t count)
{
	for (size_t i = 0; i < count && i < 20; i++)
		print_message("# %s: inode %u pid %d tid %d fd %d\n", title, truth[i].inode, truth[i].pid, truth[i].tid,
		              truth[i].fd);
}

static void compare(const struct look *look)
{
	static struct truth got[TRUTH_MAX], want[TRUTH_MAX];
	size_t count = found(look, got), expected = (size_t)stage->count;
	memcpy(want, stage->truth, expected * sizeof(*want));
	qsort(got, count, sizeof(*got), compare_truth);
	qsort(want, expected, sizeof(*want), compare_truth);
	if (count != expected || memcmp(got, want, count * sizeof(*got))) {
		show("found", got, count);
		show("truth", want, expected);
	}
	assert_int_equal(count, expected);
	assert_memory_equal(got, want, count * sizeof(*got));
}

static void compare_bpf(void)
{
	struct look got;
	look(&got, finder_bpf, PROCESS_NAME | PROCESS_UID, 0);
	if (got.answer) {
		print_message("# not compared with the BPF iterator: %s: %s\n", got.owners.report.bpf_why,
		              strerror(got.owners.report.bpf_errno));
	} else {
		assert_true(got.owners.report.by_bpf);
		compare(&got);
	}
	look_end(&got);
}

/* Players that are ready then, of the second act. */
static void second_act(int players)
{
	__atomic_store_n(&stage->act, 2, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 30000 && stage->ready < players; i++)
		poll(NULL, 0, 1);
	assert_int_equal(stage->ready, players);
}

/*
 * The look begun before the sockets are known. `odd`: an inode that is in no
 * table, 0 for none. `players`: so many are ready in the second act, which
 * begins after the look did; 0: there is none.
 */
static void look_early(struct look *look, uint32_t odd, int players)
{
	struct error error;
	struct finder_request request = { .proc_fd = open("/proc", O_RDONLY | O_DIRECTORY),
		                          .proc_is_ours = true,
		                          .details = PROCESS_NAME,
		                          .index = &look->owners.index };
	memset(look, 0, sizeof(*look));
	table_init(&look->table, 0);
	struct finder_early *early = finder_bpf_early(&request);
	assert_non_null(early);
	if (players) {
		poll(NULL, 0, 100); /* most likely it has ended then; whether or not, the same must be found */
		second_act(players);
	}
	for (int i = 0; i < stage->count + (odd != 0); i++) {
		struct sock sock = { .row.inode = i < stage->count ? stage->truth[i].inode : odd };
		assert_int_equal(table_add(&look->table, &sock), 0);
	}
	assert_int_equal(inode_index_build(&look->owners.index, &look->table, false), 0);
	look->answer = finder_bpf_late(early, &request, &look->owners, &error);
	close(request.proc_fd);
}

/* Ends `look` and the scene of `pid`, and skips, where there is no BPF iterator. */
static void need_early(struct look *look, pid_t pid)
{
	assert_in_range(look->answer, 0, 1);
	if (look->answer == 0) {
		assert_true(look->owners.report.by_bpf);
		return;
	}
	assert_null(look->owners.owner);
	look_end(look);
	drop_curtain(pid);
	skip_because("no BPF iterator here");
}

static void compare_early(void (*scene)(void), int players, int second)
{
	struct look got;
	pid_t pid = raise_curtain(scene, players);
	look_early(&got, 0, second);
	need_early(&got, pid);
	compare(&got);
	look_end(&got);
	drop_curtain(pid);
}

static void an_early_look_finds_the_same(void **state)
{
	(void)state;
	compare_early(scene_crowd, 1501, 0);
}

/* By /proc, in those that ran. */
static void what_an_early_look_missed_is_looked_for_again(void **state)
{
	(void)state;
	compare_early(scene_two_acts, 43, 46);
}

/* By the iterator. */
static void much_that_an_early_look_missed_is_looked_for_again(void **state)
{
	(void)state;
	compare_early(scene_two_acts_of_a_crowd, 301, 602);
}

/* A socket in no table stays without an owner, and the others keep theirs. */
static void an_early_look_with_a_gap_is_kept(void **state)
{
	(void)state;
	struct look got;
	int closed = new_socket();
	uint32_t odd = inode_of(closed);
	close(closed);
	pid_t pid = raise_curtain(scene_plain, 1);
	look_early(&got, odd, 0);
	need_early(&got, pid);
	assert_int_equal(got.owners.index.count, stage->count + 1);
	uint32_t slot = inode_index_find(&got.owners.index, odd);
	assert_int_equal(got.owners.start[slot], got.owners.start[slot + 1]);
	compare(&got);
	look_end(&got);
	drop_curtain(pid);
}

static void an_early_look_can_be_dropped(void **state)
{
	(void)state;
	struct finder_request request = { .proc_fd = open("/proc", O_RDONLY | O_DIRECTORY), .proc_is_ours = true };
	finder_bpf_drop(finder_bpf_early(&request));
	finder_bpf_drop(NULL);
	close(request.proc_fd);
}

/* However much is still to come: so a look is dropped at once. */
static void a_stopped_iterator_gives_no_more(void **state)
{
	(void)state;
	const char *why;
	char buffer[4096];
	struct task_file_programs *programs = task_file_load(false, &why);
	if (!programs) {
		skip_because("%s: %s", why, strerror(errno));
	}
	int idle = new_socket();
	int fd = task_file_open(programs);
	assert_true(fd >= 0);
	assert_false(task_file_stopped(programs));
	assert_true(read(fd, buffer, sizeof(struct task_file)) > 0);
	task_file_stop(programs);
	assert_true(task_file_stopped(programs));
	ssize_t got;
	int reads = 0; /* what the kernel has in its buffer comes first: 8 pages */
	while ((got = read(fd, buffer, sizeof(buffer))) > 0 && reads < 100)
		reads++;
	assert_int_equal(got, -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	fd = task_file_open(programs);
	assert_int_equal(read(fd, buffer, sizeof(buffer)), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	close(idle);
	task_file_unload(programs);
}

static void check_scene(void (*scene)(void), int players)
{
	struct look got;
	pid_t pid = raise_curtain(scene, players);
	for (unsigned threads = 0; threads <= 1; threads++) {
		look(&got, finder_proc, PROCESS_NAME | PROCESS_UID, threads);
		compare(&got);
		look_end(&got);
	}
	/* As if it were another system's /proc: kcmp(2) cannot be asked then. */
	look_at(&got, finder_proc, false, PROCESS_NAME, 0);
	compare(&got);
	look_end(&got);
	compare_bpf();
	drop_curtain(pid);
}

#define SCENE(name, players) \
	static void name(void **state) \
	{ \
		(void)state; \
		check_scene(scene_##name, players); \
	}

SCENE(plain, 1)
SCENE(dups, 1)
SCENE(forks, 21)
SCENE(threads_sharing, 1)
SCENE(thread_with_own_table, 2)
SCENE(dead_leader, 1)
SCENE(dead_leader_many_threads, 1)
SCENE(dead_leader_own_tables, 3)
SCENE(passed, 2)
SCENE(crowd, 1501)

/* ------------------------------------------------------------------ names and rights */

static void check_text(const struct look *look, struct process_text text, const char *want)
{
	struct bytes got = owners_text(&look->owners, text);
	assert_non_null(got.data);
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.data, want, got.len);
}

static void check_names(finder *find)
{
	struct look got;
	look(&got, find, PROCESS_NAME | PROCESS_UID | PROCESS_START, 0);
	if (got.answer == 0) {
		struct owner_span span = owners_of(&got.owners, &got.table.row[0]);
		assert_int_equal(span.count, 1);
		const struct process *process = &got.owners.process[span.first[0].process];
		check_text(&got, process->comm, "a) b\n\x1b[1m\xff");
		check_text(&got, process->program, "test_owner_scene");
		assert_int_equal(process->uid, geteuid());
		assert_int_equal(process->ppid, getpid());
	}
	look_end(&got);
}

static void any_name_is_read_as_it_is(void **state)
{
	(void)state;
	pid_t pid = raise_curtain(scene_named, 1);
	check_names(finder_proc);
	check_names(finder_bpf);
	drop_curtain(pid);
}

/* The name is the process's own although its memory has gone with its leader. */
static void a_dead_leader_keeps_its_program(void **state)
{
	(void)state;
	pid_t pid = raise_curtain(scene_dead_leader, 1);
	finder *const finders[] = { finder_proc, finder_bpf };
	for (int i = 0; i < 2; i++) {
		struct look got;
		look(&got, finders[i], PROCESS_NAME, 0);
		if (got.answer == 0) {
			assert_int_equal(got.owners.process_count, 1);
			assert_int_equal(got.owners.process[0].pid, pid);
			check_text(&got, got.owners.process[0].program, "test_owner_scene");
		}
		look_end(&got);
	}
	drop_curtain(pid);
}

static void a_user_is_told_what_was_hidden(void **state)
{
	(void)state;
	if (geteuid())
		skip_because("only root can become another user");
	pid_t pid = raise_curtain(scene_plain, 1);
	pid_t looker = fork();
	assert_true(looker >= 0);
	if (!looker) {
		struct look got;
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(2);
		look(&got, finder_proc, PROCESS_NAME, 0);
		bool right = got.owners.owner_count == 0 && got.owners.report.denied > 0 &&
		             owners_reason(&got.owners, &got.table.row[0]) == REASON_PERMISSION;
		look_end(&got);
		look(&got, finder_bpf, PROCESS_NAME, 0);
		right = right && got.answer == 1 && got.owners.report.bpf_why;
		_exit(right ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(looker, &status, 0), looker);
	assert_int_equal(status, 0);
	drop_curtain(pid);
}

static void root_sees_other_users(void **state)
{
	(void)state;
	if (geteuid())
		skip_because("only root can become another user");
	struct look got;
	pid_t pid = raise_curtain(scene_other_user, 1);
	look(&got, finder_proc, PROCESS_UID, 0);
	compare(&got);
	assert_int_equal(got.owners.process[0].uid, NOBODY);
	look_end(&got);
	compare_bpf();
	drop_curtain(pid);
}

int main(void)
{
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(dups),
		cmocka_unit_test(forks),
		cmocka_unit_test(threads_sharing),
		cmocka_unit_test(thread_with_own_table),
		cmocka_unit_test(dead_leader),
		cmocka_unit_test(dead_leader_many_threads),
		cmocka_unit_test(dead_leader_own_tables),
		cmocka_unit_test(passed),
		cmocka_unit_test(crowd),
		cmocka_unit_test(an_early_look_finds_the_same),
		cmocka_unit_test(what_an_early_look_missed_is_looked_for_again),
		cmocka_unit_test(much_that_an_early_look_missed_is_looked_for_again),
		cmocka_unit_test(an_early_look_with_a_gap_is_kept),
		cmocka_unit_test(an_early_look_can_be_dropped),
		cmocka_unit_test(a_stopped_iterator_gives_no_more),
		cmocka_unit_test(any_name_is_read_as_it_is),
		cmocka_unit_test(a_dead_leader_keeps_its_program),
		cmocka_unit_test(a_user_is_told_what_was_hidden),
		cmocka_unit_test(root_sees_other_users),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
