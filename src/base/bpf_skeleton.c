// SPDX-License-Identifier: MIT
/* bpf_skeleton.c - light skeletons loaded by bpf(2) (bpf_skeleton.h). */
#include <sockview/bpf_skeleton.h>

#include <errno.h>

#ifdef BPF_MISSING

#ifdef BPF_REQUIRED
_Static_assert(0, "WITH_BPF: " BPF_MISSING);
#endif

const char *bpf_built_in(void)
{
	return "no BPF programs";
}

int bpf_iterator_open(int link_fd)
{
	(void)link_fd;
	errno = ENOSYS;
	return -1;
}

int bpf_map_set(int map_fd, const void *key, const void *value)
{
	(void)map_fd;
	errno = ENOSYS;
	return key && value ? -1 : 0;
}

bool bpf_program_missed(int prog_fd, uint64_t *missed)
{
	(void)prog_fd;
	*missed = 0;
	return false;
}

#else

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *bpf_built_in(void)
{
	return "BPF programs: " BPF_PROGRAMS;
}

/* A kernel older than our headers wants what it does not know to be zero, padding and all. */
static void bpf_clear(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

static int bpf_call(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static __u64 bpf_address(const void *pointer)
{
	return (uintptr_t)pointer;
}

int bpf_iterator_open(int link_fd)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.iter_create.link_fd = (__u32)link_fd;
	return bpf_call(BPF_ITER_CREATE, &attr);
}

int bpf_map_set(int map_fd, const void *key, const void *value)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.map_fd = (__u32)map_fd;
	attr.key = bpf_address(key);
	attr.value = bpf_address(value);
	return bpf_call(BPF_MAP_UPDATE_ELEM, &attr);
}

bool bpf_program_missed(int prog_fd, uint64_t *missed)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.info.bpf_fd = (__u32)prog_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = bpf_address(&info);
	if (bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 ||
	    attr.info.info_len < offsetof(struct bpf_prog_info, recursion_misses) + sizeof(info.recursion_misses))
		return false;
	*missed = info.recursion_misses;
	return true;
}

/* The loader program's data as the one value of an array. */
static int bpf_make_data(const struct bpf_load_and_run_opts *opts)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	memcpy(attr.map_name, "__loader.map", sizeof("__loader.map"));
	attr.key_size = sizeof(__u32);
	attr.value_size = opts->data_sz;
	attr.max_entries = 1;
	return bpf_call(BPF_MAP_CREATE, &attr);
}

static int bpf_load_loader(const struct bpf_load_and_run_opts *opts, const int *map_fd)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	memcpy(attr.prog_name, "__loader.prog", sizeof("__loader.prog"));
	attr.insns = bpf_address(opts->insns);
	attr.insn_cnt = opts->insns_sz / (__u32)sizeof(struct bpf_insn);
	attr.license = bpf_address("Dual BSD/GPL");
	attr.fd_array = bpf_address(map_fd);
	attr.prog_flags = BPF_F_SLEEPABLE;
	attr.log_level = opts->ctx->log_level;
	attr.log_size = opts->ctx->log_size;
	attr.log_buf = opts->ctx->log_buf;
	return bpf_call(BPF_PROG_LOAD, &attr);
}

static int bpf_run_loader(const struct bpf_load_and_run_opts *opts, int prog_fd)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.test.prog_fd = (__u32)prog_fd;
	attr.test.ctx_in = bpf_address(opts->ctx);
	attr.test.ctx_size_in = opts->ctx->sz;
	if (bpf_call(BPF_PROG_TEST_RUN, &attr) < 0)
		return -1;
	int result = (int)attr.test.retval;
	if (result < 0)
		errno = -result;
	return result < 0 ? -1 : 0;
}

/* The loader program's maps and programs stay by the fds in the context. */
static int bpf_run_with(struct bpf_load_and_run_opts *opts, int map_fd)
{
	const __u32 first = 0;
	if (bpf_map_set(map_fd, &first, opts->data) < 0)
		return -1;
	int prog_fd = bpf_load_loader(opts, &map_fd);
	if (prog_fd < 0)
		return -1;
	int result = bpf_run_loader(opts, prog_fd);
	int saved = errno;
	close(prog_fd);
	errno = saved;
	return result;
}

int bpf_load_and_run(struct bpf_load_and_run_opts *opts)
{
	int map_fd = bpf_make_data(opts);
	if (map_fd < 0)
		return -errno;
	int result = bpf_run_with(opts, map_fd);
	int saved = errno;
	close(map_fd);
	errno = saved;
	return result < 0 ? -saved : 0;
}

void *skel_alloc(size_t size)
{
	return calloc(1, size);
}

void skel_free(void *skeleton)
{
	free(skeleton);
}

int skel_closenz(int fd)
{
	return fd > 0 ? close(fd) : -EINVAL;
}

void *skel_prep_map_data(const void *value, size_t map_size, size_t value_size)
{
	void *data = mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return data == MAP_FAILED ? NULL : memcpy(data, value, value_size);
}

void *skel_finalize_map_data(__u64 *initial_value, size_t map_size, int protection, int fd)
{
	void *data = mmap((void *)(uintptr_t)*initial_value, map_size, protection, MAP_SHARED | MAP_FIXED, fd, 0);
	return data == MAP_FAILED ? NULL : data;
}

/* The address says something only to a skeleton inside the kernel. */
void skel_free_map_data(void *data, __u64 unused, size_t size)
{
	(void)unused;
	munmap(data, size);
}

int skel_link_create(int prog_fd, int target_fd, enum bpf_attach_type type)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.link_create.prog_fd = (__u32)prog_fd;
	attr.link_create.target_fd = (__u32)target_fd;
	attr.link_create.attach_type = type;
	return bpf_call(BPF_LINK_CREATE, &attr);
}

int skel_raw_tracepoint_open(const char *name, int prog_fd)
{
	union bpf_attr attr;
	bpf_clear(&attr);
	attr.raw_tracepoint.name = bpf_address(name);
	attr.raw_tracepoint.prog_fd = (__u32)prog_fd;
	return bpf_call(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

#endif
