// SPDX-License-Identifier: MIT
/*
 * bpf_skeleton.h - what a light skeleton (`bpftool gen skeleton -L`) calls, in place of libbpf's bpf/skel_internal.h.
 *
 *   NAME.bpf.c --make bpf--> NAME.lskel.h, committed <--includes-- NAME.c, which opens, loads and attaches it
 *
 * A skeleton holds the first contents of the program's maps and a second
 * program, which the kernel runs: that one makes the maps, fits the first one
 * to the running kernel's types and loads it. So bpf(2) is all that is needed.
 * Names, members and their order are those that the generated code expects
 * (libbpf 0.8 and later; tools/lib/bpf/skel_internal.h in Linux 6.1).
 */
#ifndef SOCKVIEW_BPF_SKELETON_H
#define SOCKVIEW_BPF_SKELETON_H

#include <linux/version.h>
#include <stdbool.h>
#include <stdint.h>

/* Why this build has no BPF programs; not defined if it has. */
#if defined(WITHOUT_BPF)
#define BPF_MISSING "built without BPF programs"
#elif !defined(__LP64__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define BPF_MISSING "the BPF programs are built for 64-bit little-endian machines only"
#elif LINUX_VERSION_CODE < KERNEL_VERSION(5, 14, 0) /* the first that loads light skeletons */
#define BPF_MISSING "the BPF programs were left out: built with kernel headers older than Linux 5.14"
#endif

/* "BPF programs: " and their names, or "no BPF programs": for --version. */
const char *bpf_built_in(void);

/* Without BPF programs each of these fails, the first two with ENOSYS. */

/* The file whose reading runs the iterator of a link from the beginning. -1 with errno. */
int bpf_iterator_open(int link_fd);

/* An element of a map, of the sizes that the map has. 0, or -1 with errno. */
int bpf_map_set(int map_fd, const void *key, const void *value);

/* How often the kernel did not run a program since it ran already on that CPU (Linux 5.12); false: it does not tell. */
bool bpf_program_missed(int prog_fd, uint64_t *missed);

#ifndef BPF_MISSING

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* --- of the generated code --- */

/* A map and a program in the skeleton; the loader program fills in the fds. */
struct bpf_map_desc {
	int map_fd;
	__u32 max_entries;
	__aligned_u64 initial_value; /* an address of ours */
};

struct bpf_prog_desc {
	int prog_fd;
};

/* How a skeleton begins: the loader program's context. */
struct bpf_loader_ctx {
	__u32 sz;
	__u32 flags;
	__u32 log_level;
	__u32 log_size;
	__u64 log_buf;
};

struct bpf_load_and_run_opts {
	struct bpf_loader_ctx *ctx;
	const void *data;  /* what the loader program reads: names, types, programs */
	const void *insns; /* the loader program */
	__u32 data_sz;
	__u32 insns_sz;
};

/* Loads the loader program and runs it. 0, or -errno and errno. */
int bpf_load_and_run(struct bpf_load_and_run_opts *opts);

void *skel_alloc(size_t size);
void skel_free(void *skeleton);
/* Closes an fd if there is one. */
int skel_closenz(int fd);

/* Global variables: memory to be written before loading, and the map itself in the same place afterwards. */
void *skel_prep_map_data(const void *value, size_t map_size, size_t value_size);
void *skel_finalize_map_data(__u64 *initial_value, size_t map_size, int protection, int fd);
void skel_free_map_data(void *data, __u64 address, size_t size);

/* An fd, or -1 with errno. The name is NULL for a program that knows what it is attached to. */
int skel_link_create(int prog_fd, int target_fd, enum bpf_attach_type type);
int skel_raw_tracepoint_open(const char *name, int prog_fd);

#endif
#endif
