// SPDX-License-Identifier: MIT
/*
 * task_iter.h - what BPF programs over tasks and their files are made of: the
 * kernel's types with the few members used, and a task's number in the pid
 * namespace that the iterator is read in. Real places of members are filled in
 * from the running kernel's BTF when a program is loaded.
 */
#ifndef SOCKVIEW_OWNERS_TASK_ITER_H
#define SOCKVIEW_OWNERS_TASK_ITER_H

#include <sockview/bpf_program.h>

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

typedef struct {
	int counter;
} RELOCATED atomic_t;

typedef struct {
	long long counter;
} RELOCATED atomic_long_t;

/* How often it is referred to, less one: since Linux 6.13. */
typedef struct {
	atomic_long_t refcnt;
} RELOCATED file_ref_t;

struct file {
	struct inode *f_inode;
	file_ref_t f_ref;
	atomic_long_t f_count; /* before */
} RELOCATED;

/* A table of descriptors. */
struct files_struct {
	atomic_t count; /* tasks that use it */
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
	/* With CONFIG_SMP. An int, and a u8 in Linux 7.2: of unsigned numbers alone libbpf takes another size. */
	unsigned int on_cpu;
	unsigned long nvcsw, nivcsw;
	struct files_struct *files;
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

#endif
