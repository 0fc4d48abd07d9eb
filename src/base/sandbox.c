// SPDX-License-Identifier: MIT
/* sandbox.c - Landlock and a seccomp filter, by raw system calls (sandbox.h). */
#include <sockview/sandbox.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sockview/countof.h>

/* --- Landlock --- */

/* Debian 11's headers (5.10) have neither; the numbers are the same on every machine. */
enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_RESTRICT_SELF = 446 };

/* struct landlock_ruleset_attr (include/uapi/linux/landlock.h): a bit for each right that is taken away. */
struct landlock_rights {
	uint64_t files, ports, scopes;
};

/* The newest first: a kernel that does not know a bit refuses them all (EINVAL), or the size (E2BIG). */
static const struct {
	struct landlock_rights rights;
	size_t size;
} landlock_table[] = {
	{ { 0xffff, 3, 3 }, 24 }, /* ABI 6, 6.12: abstract unix sockets, signals */
	{ { 0xffff, 3, 0 }, 16 }, /* ABI 5, 6.10: ioctl of devices */
	{ { 0x7fff, 3, 0 }, 16 }, /* ABI 4, 6.7: TCP's bind and connect */
	{ { 0x7fff, 0, 0 }, 8 },  /* ABI 3, 6.2: truncate */
	{ { 0x3fff, 0, 0 }, 8 },  /* ABI 2, 5.19: rename and link across directories */
	{ { 0x1fff, 0, 0 }, 8 },  /* ABI 1, 5.13 */
};

/* Takes every right that the kernel knows from the calling thread. 0, or an errno. */
static int landlock_enter(void)
{
	int fd = -1, number = 0;
	for (size_t i = 0; i < countof(landlock_table) && fd < 0; i++) {
		fd = (int)syscall(LANDLOCK_CREATE_RULESET, &landlock_table[i].rights, landlock_table[i].size, 0);
		number = fd < 0 ? errno : 0;
		if (fd < 0 && number != EINVAL && number != E2BIG)
			return number;
	}
	if (fd < 0)
		return number;
	/* Without a rule nothing is allowed. The descriptor stays, for a call less: nothing is to be had by it. */
	return syscall(LANDLOCK_RESTRICT_SELF, fd, 0) ? errno : 0;
}

void sandbox_thread(void)
{
	landlock_enter();
}

/* --- seccomp --- */

#if defined(__x86_64__)
#define MACHINE              AUDIT_ARCH_X86_64
#define CALL(name, x86, arm) .number = x86
#elif defined(__aarch64__)
#define MACHINE              AUDIT_ARCH_AARCH64
#define CALL(name, x86, arm) .number = arm
#else
#define CALL(name, x86, arm) .number = NONE
#endif

/* The machine has no such call. */
#define NONE (-1)

enum test { ALWAYS, ARGUMENT_IS, ARGUMENT_HAS, ARGUMENT_LACKS };
enum phase { AT_THE_END, WHILE_ROWS_COME };

/* A call that is let through; with a test, only where the lower half of an argument passes it. */
struct call {
	int number;
	enum phase phase;
	enum test test;
	unsigned argument;
	uint32_t value;
	int fails; /* the errno with which it fails in place of being let through */
};

/*
 * The numbers are those of arch/x86/entry/syscalls/syscall_64.tbl and
 * include/uapi/asm-generic/unistd.h; tests/cli/sandbox.t compares them with
 * the headers of both. The call made most often stands first.
 */
static const struct call calls[] = {
	{ CALL(write, 1, 64) },
	{ CALL(writev, 20, 66) },
	{ CALL(read, 0, 63) },
	/* A reader that is slow, with a pipe that does not block. */
	{ CALL(poll, 7, NONE) },
	{ CALL(ppoll, 271, 73) },
	{ CALL(futex, 202, 98) },
	/* Memory, but none that holds a program. */
	{ CALL(brk, 12, 214) },
	{ CALL(mmap, 9, 222), .test = ARGUMENT_LACKS, .argument = 2, .value = PROT_EXEC },
	{ CALL(mprotect, 10, 226), .test = ARGUMENT_LACKS, .argument = 2, .value = PROT_EXEC },
	{ CALL(munmap, 11, 215) },
	{ CALL(mremap, 25, 216) },
	{ CALL(madvise, 28, 233) },
	{ CALL(close, 3, 57) },
	{ CALL(lseek, 8, 62) },
	{ CALL(getrandom, 318, 278) },
	/* Where the vDSO cannot tell the time. */
	{ CALL(clock_gettime, 228, 113) },
	{ CALL(gettimeofday, 96, 169) },
	{ CALL(sched_yield, 24, 124) },
	{ CALL(rt_sigaction, 13, 134) },
	{ CALL(rt_sigprocmask, 14, 135) },
	{ CALL(rt_sigreturn, 15, 139) },
	{ CALL(restart_syscall, 219, 128) },
	/* isatty(), of glibc and of musl. */
	{ CALL(ioctl, 16, 29), .test = ARGUMENT_IS, .argument = 1, .value = TCGETS },
	{ CALL(ioctl, 16, 29), .test = ARGUMENT_IS, .argument = 1, .value = TIOCGWINSZ },
	{ CALL(exit, 60, 93) },
	{ CALL(exit_group, 231, 94) },
	/* A thread that has begun and not got so far: glibc ends the process where one of these fails. */
	{ CALL(set_robust_list, 273, 99) },
	{ CALL(rseq, 334, 293) },
	/* abort(); tgkill() has a test of its own. */
	{ CALL(getpid, 39, 172) },
	{ CALL(gettid, 186, 178) },
	/* A thread that receives ahead; clone() tells by its flags that it makes no process, clone3() cannot. */
	{ CALL(clone, 56, 220), WHILE_ROWS_COME, ARGUMENT_HAS, .argument = 0, .value = CLONE_THREAD },
	{ CALL(clone3, 435, 435), WHILE_ROWS_COME, .fails = ENOSYS },
	{ CALL(eventfd2, 290, 19), WHILE_ROWS_COME },
	{ CALL(sched_getaffinity, 204, 123), WHILE_ROWS_COME },
};

/* Of one value each: this process, a socket. */
static const struct call call_tgkill = { CALL(tgkill, 234, 131), AT_THE_END, ARGUMENT_IS, .argument = 0 };
static const struct call socket_calls[] = {
	{ CALL(recvmsg, 47, 212), WHILE_ROWS_COME, ARGUMENT_IS, .argument = 0 },
	{ CALL(sendto, 44, 206), WHILE_ROWS_COME, ARGUMENT_IS, .argument = 0 },
};

#ifdef MACHINE
/* Five instructions a call, and what stands around them. */
enum { CODE_MAX = 5 * (countof(calls) + 1 + countof(socket_calls) * SANDBOX_SOCKETS) + 8 };

struct code {
	struct sock_filter at[CODE_MAX];
	unsigned short len;
};

static void code_add(struct code *code, unsigned op, uint32_t value, unsigned if_true, unsigned if_false)
{
	code->at[code->len++] = (struct sock_filter){ (uint16_t)op, (uint8_t)if_true, (uint8_t)if_false, value };
}

static void code_load(struct code *code, size_t offset)
{
	code_add(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void code_return(struct code *code, int fails)
{
	code_add(code, BPF_RET | BPF_K, fails ? SECCOMP_RET_ERRNO | (unsigned)fails : SECCOMP_RET_ALLOW, 0, 0);
}

/* Expects the call's number in the accumulator, and leaves it there. */
static void code_call(struct code *code, const struct call *call, uint32_t value)
{
	if (call->number == NONE)
		return;
	code_add(code, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, call->test ? 4 : 1);
	if (call->test) {
		/* Both machines have the lower half first. */
		code_load(code, offsetof(struct seccomp_data, args) + call->argument * sizeof(uint64_t));
		bool lacks = call->test == ARGUMENT_LACKS;
		code_add(code, BPF_JMP | (call->test == ARGUMENT_IS ? BPF_JEQ : BPF_JSET) | BPF_K, value, lacks,
		         !lacks);
	}
	code_return(code, call->fails);
	if (call->test)
		code_load(code, offsetof(struct seccomp_data, nr));
}

/* A number of x32 (bit 30) is none of the table. */
static void code_make(struct code *code, const struct sandbox_grants *grants)
{
	enum phase phase = grants && (grants->sockets || grants->threads) ? WHILE_ROWS_COME : AT_THE_END;
	code_load(code, offsetof(struct seccomp_data, arch));
	code_add(code, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	code_return(code, EPERM);
	code_load(code, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; grants && i < grants->sockets; i++)
		for (size_t j = 0; j < countof(socket_calls); j++)
			code_call(code, &socket_calls[j], (uint32_t)grants->socket[i]);
	for (size_t i = 0; i < countof(calls); i++)
		if (calls[i].phase <= phase)
			code_call(code, &calls[i], calls[i].value);
	code_call(code, &call_tgkill, (uint32_t)getpid());
	code_return(code, EPERM);
}

/* 0, or an errno. */
static int seccomp_enter(const struct sandbox_grants *grants)
{
	struct code code = { .len = 0 };
	code_make(&code, grants);
	struct sock_fprog filter = { code.len, code.at };
	/* All threads or none: what comes back is the id of one that has another filter than ours. */
	long answer = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
	return answer < 0 ? errno : answer > 0 ? EBUSY : 0;
}
#else
static int seccomp_enter(const struct sandbox_grants *grants)
{
	(void)grants, (void)calls, (void)call_tgkill, (void)socket_calls;
	return ENOSYS;
}
#endif

/* --- both --- */

const char *sandbox_absence(void)
{
#ifdef SOCKVIEW_SANITIZED
	return "";
#elif !defined(MACHINE)
	return "it is for x86-64 and 64-bit ARM alone";
#else
	return NULL;
#endif
}

bool sandbox_grant_socket(struct sandbox_grants *grants, int fd)
{
	if (grants->sockets == SANDBOX_SOCKETS)
		return false;
	grants->socket[grants->sockets++] = fd;
	return true;
}

void sandbox_revoke_socket(struct sandbox_grants *grants, int fd)
{
	for (size_t i = 0; i < grants->sockets; i++)
		if (grants->socket[i] == fd)
			grants->socket[i--] = grants->socket[--grants->sockets];
}

void sandbox_enter(const struct sandbox_grants *grants, struct sandbox_lacks *lacks)
{
	*lacks = (struct sandbox_lacks){ 0 };
	if (sandbox_absence()) {
		*lacks = (struct sandbox_lacks){ ENOSYS, ENOSYS };
		return;
	}
	/* The other way round the filter would forbid Landlock's calls. */
	lacks->landlock = landlock_enter();
	lacks->seccomp = seccomp_enter(grants);
}
