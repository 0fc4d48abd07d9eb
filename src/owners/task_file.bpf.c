// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * task_file.bpf.c - runs in the kernel: once per open file of every task, and
 * writes a record for each that is a socket; and once per task, and writes how
 * often it has run.
 *
 * The kernel's iterators (kernel/bpf/task_iter.c) go over all tasks of the pid
 * namespace they are opened in, and over the files of a thread only if its
 * table is not its leader's. Kernel types are declared here with the few
 * members used; their real places are filled in from the running kernel's BTF
 * when the program is loaded.
 */
#include "owners/task_file.h"

#include <sockview/bpf_program.h>

#define SOCKFS_MAGIC 0x534F434B /* include/uapi/linux/magic.h */
#define PF_KTHREAD   0x00200000 /* include/linux/sched.h */

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} RELOCATED;

struct super_block {
	unsigned long s_magic;
} RELOCATED;

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
} RELOCATED;

struct file {
	struct inode *f_inode;
} RELOCATED;

struct upid {
	int nr;
} RELOCATED;

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* level + 1 of them, the initial namespace's first */
} RELOCATED;

struct task_struct {
	int pid, tgid;
	unsigned int flags;
	int on_cpu; /* with CONFIG_SMP */
	unsigned long nvcsw, nivcsw;
	struct task_struct *group_leader;
	struct pid *thread_pid;            /* Linux >= 4.19 */
	unsigned long long start_boottime; /* Linux >= 5.5 */
} RELOCATED;

/* The iterators' contexts; pointers are NULL in the call that ends it. */
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
} RELOCATED;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} RELOCATED;

/* Helpers by their numbers in include/uapi/linux/bpf.h. */
static long (*const bpf_probe_read_kernel)(void *to, unsigned int size, const void *from) = (void *)113;
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, unsigned int len) = (void *)127;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;

const char program_license[] SECTION("license") = "Dual MIT/GPL";

/* Set by the reader while a program runs: the next file ends its read. */
volatile unsigned int stop;
/* Set before they are loaded: they are read in a child pid namespace, whose numbers are wanted. */
const volatile unsigned int nested;

/* How deep it lies. */
static inline unsigned int reader_level(void)
{
	return nested ? bpf_get_current_task_btf()->thread_pid->level : 0;
}

/*
 * The task's number at that level; 0 if it has just ended. The iterators give
 * no task that has none there. Read by the helper, since following pointers
 * costs the verifier a millisecond each (it looks for their types by name).
 */
static inline unsigned int nested_number(const void *task, unsigned int level)
{
	struct pid *pid = 0;
	unsigned int number = 0;
	bpf_probe_read_kernel(&pid, sizeof(pid), task + OFFSET(struct task_struct, thread_pid));
	bpf_probe_read_kernel(&number, sizeof(number),
	                      (void *)pid + OFFSET(struct pid, numbers[0].nr) + level * TYPE_SIZE(struct upid));
	return number;
}

static inline unsigned int process_number(struct task_struct *task, unsigned int level)
{
	const void *leader = 0;
	if (!nested)
		return (unsigned int)task->tgid;
	bpf_probe_read_kernel(&leader, sizeof(leader), (void *)task + OFFSET(struct task_struct, group_leader));
	return nested_number(leader, level);
}

static inline unsigned int task_number(struct task_struct *task, unsigned int level)
{
	return nested ? nested_number(task, level) : (unsigned int)task->pid;
}

/*
 * Sockets of other network namespaces, too: reading where one belongs costs two
 * misses of the cache, which is more than writing its record and throwing it
 * away costs. (Linux 6.18, 200,000 sockets, CPU time of -atnp: 0.142 s with the
 * comparison and 0.118 s without where all but one are foreign, 0.365 s and
 * 0.333 s where all are ours.)
 */
SECTION("iter/task_file")
int write_socket(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;

	if (!task || !file)
		return 0;
	if (stop)
		return 1;
	/* Every socket with an fd lives on sockfs, and nothing else does. */
	struct inode *inode = file->f_inode;
	if (inode->i_sb->s_magic != SOCKFS_MAGIC)
		return 0;
	unsigned int level = reader_level();
	struct task_file record = {
		.inode = (unsigned int)inode->i_ino,
		.pid = process_number(task, level),
		.tid = task_number(task, level),
		.fd = context->fd,
		.start_boottime = task->group_leader->start_boottime,
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/* A switch to a task that began before the end of the look is counted or the task is still on a CPU. */
SECTION("iter/task")
int write_run(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	if (!task || task->flags & PF_KTHREAD)
		return 0;
	/* Before the switches: __schedule() counts one first and clears this last (kernel/sched/core.c). */
	volatile int running = FIELD_EXISTS(task->on_cpu) ? task->on_cpu : 0;
	unsigned int level = reader_level();
	struct task_run record = {
		.tid = task_number(task, level),
		.pid = process_number(task, level),
		.start_boottime = task->start_boottime,
		.switches = task->nvcsw + task->nivcsw,
		.running = (unsigned int)running,
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
