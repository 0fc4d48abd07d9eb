// SPDX-License-Identifier: MIT
/* sk_lookup.c - the BPF links of the host, one after the other, and which of them are sk_lookup's (sk_lookup.h). */
#include <sockview/sk_lookup.h>

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	LINKS_MAX = 100000,  /* a bound: links come and go while they are listed */
	LINK_NETFILTER = 10, /* BPF_LINK_TYPE_NETFILTER, which older headers lack */
};

static long link_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int link_open(uint32_t id)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.link_id = id;
	return (int)link_call(BPF_LINK_GET_FD_BY_ID, &attr);
}

/* False if the link is gone or could not be asked. */
static bool link_info(int fd, struct bpf_link_info *info)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	memset(info, 0, sizeof(*info));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uint64_t)(uintptr_t)info;
	return link_call(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0;
}

static void link_add(struct sk_lookups *found, uint32_t id, uint64_t netns)
{
	struct bpf_link_info info;
	int fd = link_open(id);
	if (fd < 0)
		return;
	bool known = link_info(fd, &info);
	found->netfilter += known && info.type == LINK_NETFILTER;
	bool ours = known && info.type == BPF_LINK_TYPE_NETNS && info.netns.attach_type == BPF_SK_LOOKUP &&
	            info.netns.netns_ino == (uint32_t)netns;
	close(fd);
	if (!ours)
		return;
	if (found->count < SK_LOOKUPS_MAX)
		found->program[found->count] = info.prog_id;
	found->count++;
}

void sk_lookups_find(struct sk_lookups *found, uint64_t netns)
{
	uint32_t id = 0;
	*found = (struct sk_lookups){ .count = 0 };
	for (int i = 0; i < LINKS_MAX; i++) {
		union bpf_attr attr;
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (link_call(BPF_LINK_GET_NEXT_ID, &attr) < 0) {
			/* ENOENT: that was the last. EINVAL, ENOSYS: a kernel without links has none of these. */
			bool end = errno == ENOENT || errno == EINVAL || errno == ENOSYS;
			found->error = end ? 0 : errno;
			return;
		}
		id = attr.next_id;
		link_add(found, id, netns);
	}
}
