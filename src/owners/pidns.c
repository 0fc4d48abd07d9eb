/* pidns.c - pid and time namespaces; see pidns.h. */
#include "owners/pidns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, the same since 3.8 */
#define INITIAL_PIDNS 0xEFFFFFFCu

/* 0 if it can not be known. */
static ino_t own_pidns(const struct finder_request *request)
{
	struct stat stat;
	if (!request->proc_is_ours || fstatat(request->proc_fd, "self/ns/pid", &stat, 0))
		return 0;
	return stat.st_ino;
}

bool pidns_is_initial(const struct finder_request *request)
{
	return own_pidns(request) == INITIAL_PIDNS;
}

/* Another's procfs: "self" is of nobody or of the reader, its process 1 is of its own namespace. */
static ino_t given_pidns(const struct finder_request *request)
{
	struct statfs fs;
	struct stat stat;
	if (fstatfs(request->proc_fd, &fs) || fs.f_type != PROC_SUPER_MAGIC ||
	    fstatat(request->proc_fd, "1/ns/pid", &stat, 0))
		return 0;
	return stat.st_ino;
}

bool pidns_is_other(const struct finder_request *request)
{
	ino_t shown = request->proc_is_ours ? own_pidns(request) : given_pidns(request);
	return shown && shown != INITIAL_PIDNS;
}

bool pidns_has_host_time(const struct finder_request *request)
{
	char text[256];
	long long seconds = 0, nanoseconds = 0;
	int fd = openat(request->proc_fd, "self/timens_offsets", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) /* a kernel without time namespaces */
		return true;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	const char *boottime = strstr(text, "boottime");
	if (!boottime || sscanf(boottime, "boottime %lld %lld", &seconds, &nanoseconds) != 2)
		return false;
	return !seconds && !nanoseconds;
}
