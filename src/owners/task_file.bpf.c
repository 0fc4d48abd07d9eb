// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * task_file.bpf.c - runs in the kernel: once per open file of every task, and
 * writes a record for each that is a socket; and once per task, and writes how
 * often it has run.
 *
 * The kernel's iterators (kernel/bpf/task_iter.c) go over all tasks of the pid
 * namespace they are opened in, and over the files of a thread only if its
 * table is not its leader's.
 */
#include "owners/task_file.h"
#include "owners/task_iter.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

const char program_license[] SECTION("license") = "Dual MIT/GPL";

/* Set by the reader while a program runs: the next file ends its read. */
volatile unsigned int stop;

/*
 * True if no descriptor but this one refers to the file: its references are the
 * descriptor's, of a table that one task alone uses, and the iterator's. One
 * in a message, in an io_uring or of a call that is under way counts, too.
 */
INLINE unsigned int is_sole(struct task_struct *task, struct file *file)
{
	long long references = FIELD_EXISTS(file->f_ref) ? file->f_ref.refcnt.counter + 1 : file->f_count.counter;
	return references == 2 && task->files->count.counter == 1;
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
		.fd = context->fd | (is_sole(task, file) ? TASK_FILE_SOLE : 0),
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
	volatile unsigned int running = FIELD_EXISTS(task->on_cpu) ? task->on_cpu : 0;
	unsigned int level = reader_level();
	struct task_run record = {
		.tid = task_number(task, level),
		.pid = process_number(task, level),
		.start_boottime = task->start_boottime,
		.switches = task->nvcsw + task->nivcsw,
		.running = running,
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
