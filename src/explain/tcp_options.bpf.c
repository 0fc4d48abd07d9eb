// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * tcp_options.bpf.c - runs in the kernel: once per TCP socket of the network
 * namespace that it is opened in, and writes the options of those on one port.
 *
 * The iterator (net/ipv4/tcp_ipv4.c, bpf_iter_tcp_seq_show()) goes over the
 * tables of listeners and of connections, TIME_WAIT among them. The options of
 * that are in struct sock_common, which the rest of a socket keeps. Kernel types
 * are declared here with the few members used; their real places are filled in
 * from the running kernel's BTF when the program is loaded.
 */
#include "explain/tcp_options.h"

#define SECTION(name) __attribute__((section(name), used))
#define RELOCATED     __attribute__((preserve_access_index))

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} RELOCATED;

typedef struct {
	long long counter;
} RELOCATED atomic64_t;

struct sock_common {
	unsigned short skc_num;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	atomic64_t skc_cookie;
} RELOCATED;

/* The pointer is NULL in the call that ends it. */
struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} RELOCATED;

/* Helpers by their numbers in include/uapi/linux/bpf.h. */
static long (*const bpf_probe_read_kernel)(void *to, unsigned int size, const void *from) = (void *)113;
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, unsigned int len) = (void *)127;

const char program_license[] SECTION("license") = "Dual MIT/GPL";

/* Set before it is loaded. */
const volatile unsigned int port;

/* enum bpf_field_info_kind (tools/lib/bpf/bpf_core_read.h): where the bits lie, and how they are shifted out. */
#define BIT_FIELD(common, field) \
	({ \
		unsigned long long bits = 0; \
		bpf_probe_read_kernel(&bits, __builtin_preserve_field_info((common)->field, 1), \
		                      (const char *)(common) + __builtin_preserve_field_info((common)->field, 0)); \
		bits <<= __builtin_preserve_field_info((common)->field, 4); \
		bits >> __builtin_preserve_field_info((common)->field, 5); \
	})

SECTION("iter/tcp")
int write_options(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;

	if (!common || common->skc_num != port)
		return 0;
	struct tcp_options record = {
		.cookie = (unsigned long long)common->skc_cookie.counter,
		.reuseaddr = BIT_FIELD(common, skc_reuse) != 0,
		.reuseport = BIT_FIELD(common, skc_reuseport) != 0,
		.v6only = BIT_FIELD(common, skc_ipv6only) != 0,
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
