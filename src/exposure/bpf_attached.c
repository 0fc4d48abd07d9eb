// SPDX-License-Identifier: MIT
/* bpf_attached.c - BPF_PROG_QUERY of bpf(2), for interfaces and for cgroups by their paths (bpf_attached.h). */
#include "exposure/bpf_attached.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/countof.h>
#include <sockview/file.h>

int bpf_programs(uint32_t target, uint32_t hook, bool above)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = target; /* an interface's index for tcx */
	attr.query.attach_type = hook;
	attr.query.query_flags = above ? BPF_F_QUERY_EFFECTIVE : 0;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return -1;
	return (int)attr.query.prog_cnt;
}

static int programs_of(int cgroup_fd, unsigned hooks, int family)
{
	static const struct {
		enum cgroup_hook hook;
		int family; /* AF_UNSPEC: both */
		uint32_t type;
	} types[] = {
		{ CGROUP_PACKETS, AF_UNSPEC, BPF_CGROUP_INET_INGRESS },
		{ CGROUP_PACKETS, AF_UNSPEC, BPF_CGROUP_INET_EGRESS },
		{ CGROUP_CONNECT, AF_INET, BPF_CGROUP_INET4_CONNECT },
		{ CGROUP_CONNECT, AF_INET6, BPF_CGROUP_INET6_CONNECT },
		{ CGROUP_SENDMSG, AF_INET, BPF_CGROUP_UDP4_SENDMSG },
		{ CGROUP_SENDMSG, AF_INET6, BPF_CGROUP_UDP6_SENDMSG },
	};
	int sum = 0;
	for (size_t i = 0; i < countof(types); i++) {
		if (!(types[i].hook & hooks) || (types[i].family != AF_UNSPEC && types[i].family != family))
			continue;
		int count = bpf_programs((uint32_t)cgroup_fd, types[i].type, true);
		if (count < 0)
			return -1;
		sum += count;
	}
	return sum;
}

int cgroup_programs(struct cgroups *cgroups, struct bytes path, unsigned hooks, int family)
{
	char name[4096];
	bool whole;
	if (!cgroups || !path.data || path.len + 2 > sizeof(name))
		return -1;
	snprintf(name, sizeof(name), ".%.*s", (int)path.len, (const char *)path.data);
	int fd = openat(cgroups_root(cgroups, &whole), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int count = programs_of(fd, hooks, family);
	close(fd);
	return count;
}

int cgroup_programs_here(struct cgroups *cgroups, int proc_fd, unsigned hooks, int family)
{
	char text[4096];
	const char *own =
		file_read_string(proc_fd, "self/cgroup", text, sizeof(text)) > 0 ? strstr(text, "0::/") : NULL;
	if (!own)
		return -1;
	return cgroup_programs(cgroups, (struct bytes){ own + 3, strcspn(own + 3, "\n") }, hooks, family);
}
