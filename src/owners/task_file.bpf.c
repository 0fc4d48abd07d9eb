// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * task_file.bpf.c - runs in the kernel, once per open file of every task, and
 * writes a record for each that is a socket.
 *
 * The kernel's iterator (kernel/bpf/task_iter.c) goes over all tasks, and over
 * the files of a thread only if its table is not its leader's. Kernel types are
 * declared here with the few members used; their real places are filled in
 * from the running kernel's BTF when the program is loaded.
 */
#include "owners/task_file.h"

#define SECTION(name) __attribute__((section(name), used))
#define RELOCATED     __attribute__((preserve_access_index))

#define SOCKFS_MAGIC 0x534F434B /* include/uapi/linux/magic.h */

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

struct task_struct {
	int pid, tgid;
	struct task_struct *group_leader;
	unsigned long long start_boottime; /* Linux >= 5.5 */
} RELOCATED;

/* The iterator's context; pointers are NULL in the call that ends it. */
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
} RELOCATED;

/* Helper 127 of include/uapi/linux/bpf.h. */
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, unsigned int len) = (void *)127;

const char program_license[] SECTION("license") = "Dual MIT/GPL";

SECTION("iter/task_file")
int write_socket(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;

	if (!task || !file)
		return 0;
	/* Every socket with an fd lives on sockfs, and nothing else does. */
	struct inode *inode = file->f_inode;
	if (inode->i_sb->s_magic != SOCKFS_MAGIC)
		return 0;
	struct task_file record = {
		.inode = (unsigned int)inode->i_ino,
		.pid = (unsigned int)task->tgid,
		.tid = (unsigned int)task->pid,
		.fd = context->fd,
		.start_boottime = task->group_leader->start_boottime,
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
