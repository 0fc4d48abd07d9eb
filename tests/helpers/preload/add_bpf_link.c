// SPDX-License-Identifier: MIT
/*
 * add_bpf_link.c - a library to be preloaded: behind the BPF links of the host there is one more, of the type
 * LINK_TYPE. A real one would be met by each test that runs on this host meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ID = 0x7ffffff0 };

static int link_fd = -1;

long syscall(long number, ...)
{
	long (*real)(long, ...), word[6];
	va_list list;
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		word[i] = va_arg(list, long);
	va_end(list);
	*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	union bpf_attr *attr = number == SYS_bpf ? (union bpf_attr *)word[1] : NULL;
	if (attr && word[0] == BPF_LINK_GET_FD_BY_ID && attr->link_id == ID)
		return link_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (attr && word[0] == BPF_OBJ_GET_INFO_BY_FD && link_fd >= 0 && (int)attr->info.bpf_fd == link_fd) {
		struct bpf_link_info *info = (struct bpf_link_info *)(uintptr_t)attr->info.info;
		info->id = ID;
		info->type = (uint32_t)atoi(getenv("LINK_TYPE"));
		link_fd = -1;
		return 0;
	}
	if (attr && word[0] == BPF_LINK_GET_NEXT_ID && attr->start_id == ID) {
		errno = ENOENT;
		return -1;
	}
	long answer = real(number, word[0], word[1], word[2], word[3], word[4], word[5]);
	if (attr && word[0] == BPF_LINK_GET_NEXT_ID && answer < 0 && errno == ENOENT) {
		attr->next_id = ID;
		return 0;
	}
	return answer;
}
