// SPDX-License-Identifier: MIT
/*
 * inject.c - runs a program of which one system call fails (seccomp_unotify(2)).
 *
 *   inject FILE - PROGRAM...                      every call is counted: a line "NUMBER COUNT" each in FILE
 *   inject NUMBER ERRNO[+] NTH PROGRAM...         the NTH call of that number, with + all from then on
 *
 * Counted from the first call on that the loader of shared libraries does not
 * make, over all threads and children. A call that fails is not made. Exits as
 * the program does.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 1024 };

struct plan {
	const char *counts; /* the file; NULL: one call fails */
	long number, nth;
	int error;
	bool on;
	char **program;
};

static int usage(void)
{
	fprintf(stderr, "usage: inject FILE - PROGRAM... | inject NUMBER ERRNO[+] NTH PROGRAM...\n");
	return 125;
}

static int fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	return 125;
}

/* Every call is asked about, or execve() and the one that fails. */
static int listen_to_calls(const struct plan *plan)
{
	uint32_t others = plan->counts ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)plan->number, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, others),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

/* Shares the parent's table of fds until execve(), which is how the parent has the listener. */
static _Noreturn void become_program(const struct plan *plan, volatile int *listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Without CAP_SYS_ADMIN a filter takes this; with it execve() keeps what it would. */
	int fd = listen_to_calls(plan);
	if (fd < 0 && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fd = listen_to_calls(plan);
	*listener = fd < 0 ? -errno : fd;
	if (fd >= 0)
		execv(plan->program[0], plan->program);
	_exit(127);
}

static bool is_to_fail(const struct plan *plan, long number, long count)
{
	return !plan->counts && number == plan->number && (count == plan->nth || (plan->on && count > plan->nth));
}

struct range {
	unsigned long from, to;
};

/* Where the kernel put the loader (getauxval(3)); 0 for a static program. */
static unsigned long loader_base(pid_t pid)
{
	char path[64];
	unsigned long pair[2], base = 0;
	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	FILE *file = fopen(path, "r");
	while (file && fread(pair, sizeof(pair), 1, file) == 1)
		if (pair[0] == AT_BASE)
			base = pair[1];
	if (file)
		fclose(file);
	return base;
}

/* All mappings of the loader's file, which follow each other. */
static struct range loader_of(pid_t pid)
{
	char line[512], name[256], loader[256] = "";
	struct range range = { 1, 1 };
	unsigned long base = loader_base(pid), from, to;
	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	FILE *file = fopen(line, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &from, &to, name) != 3)
			continue;
		if (from == base) {
			strcpy(loader, name);
			range.from = from;
		}
		if (!strcmp(name, loader))
			range.to = to;
	}
	if (file)
		fclose(file);
	return range;
}

/* The first call that it does not make ends its time. */
static bool is_loading(const struct seccomp_notif *call, struct range *loader)
{
	unsigned long at = call->data.instruction_pointer;
	if (!loader->to)
		*loader = loader_of((pid_t)call->pid);
	return loader->from <= at && at < loader->to;
}

/* Until no task has the filter any more. */
static void judge_calls(const struct plan *plan, int listener, long *counts)
{
	bool executed = false, begun = false;
	struct range loader = { 0 };
	struct pollfd wait = { .fd = listener, .events = POLLIN };
	while (poll(&wait, 1, -1) >= 0 || errno == EINTR) {
		struct seccomp_notif call = { 0 };
		if (!(wait.revents & POLLIN))
			return;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			continue; /* it was killed meanwhile */
		struct seccomp_notif_resp answer = { .id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		long number = call.data.nr;
		begun = begun || (executed && !is_loading(&call, &loader));
		if (begun && number >= 0 && number < NUMBERS && is_to_fail(plan, number, ++counts[number]))
			answer = (struct seccomp_notif_resp){ .id = call.id, .error = -plan->error };
		executed = executed || number == SYS_execve;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

static int write_counts(const char *path, const long *counts)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return fail(path);
	for (int i = 0; i < NUMBERS; i++)
		if (counts[i])
			fprintf(file, "%d %ld\n", i, counts[i]);
	return fclose(file) ? fail(path) : 0;
}

static int end_alike(int status)
{
	struct rlimit no_core = { 0, 0 };
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(WTERMSIG(status), SIG_DFL);
	kill(getpid(), WTERMSIG(status));
	return 125;
}

static int watch(const struct plan *plan)
{
	static long counts[NUMBERS];
	volatile int *listener =
		mmap(NULL, sizeof(*listener), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	if (listener == MAP_FAILED)
		return fail("mmap");
	long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child < 0)
		return fail("clone");
	if (!child)
		become_program(plan, listener);
	while (!*listener && !waitpid((pid_t)child, NULL, WNOHANG))
		sched_yield();
	if (*listener <= 0) {
		errno = -*listener;
		return fail("seccomp");
	}
	judge_calls(plan, *listener, counts);
	if (waitpid((pid_t)child, &status, 0) < 0)
		return fail("waitpid");
	int answer = plan->counts ? write_counts(plan->counts, counts) : 0;
	return answer ? answer : end_alike(status);
}

int main(int argc, char **argv)
{
	struct plan plan = { .number = -1 };
	if (argc > 3 && !strcmp(argv[2], "-")) {
		plan.counts = argv[1];
		plan.program = argv + 3;
	} else if (argc > 4) {
		char *end;
		plan.number = strtol(argv[1], NULL, 10);
		plan.error = (int)strtol(argv[2], &end, 10);
		plan.on = *end == '+';
		plan.nth = strtol(argv[3], NULL, 10);
		plan.program = argv + 4;
	} else {
		return usage();
	}
	return watch(&plan);
}
