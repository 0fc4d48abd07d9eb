// SPDX-License-Identifier: MIT
/* mountinfo.c - /proc/PID/mountinfo (proc_pid_mountinfo(5)), line by line; see mountinfo.h. */
#include "host/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sockview/file.h>

/* Tens of thousands of mounts. */
#define MOUNTINFO_MAX (16u << 20)

int mountinfo_open(struct mountinfo *mountinfo, int proc_fd, const char *process)
{
	char path[64];
	*mountinfo = (struct mountinfo){ .root = -1 };
	snprintf(path, sizeof(path), "%.32s/mountinfo", process);
	if (file_read_text(proc_fd, path, MOUNTINFO_MAX, &mountinfo->text) < 0 && errno != EFBIG)
		return -1;
	snprintf(path, sizeof(path), "%.32s/root", process);
	mountinfo->root = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mountinfo->root < 0 ? -1 : 0;
}

void mountinfo_close(struct mountinfo *mountinfo)
{
	text_free(&mountinfo->text);
	if (mountinfo->root >= 0)
		close(mountinfo->root);
	mountinfo->root = -1;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks, line ends, '\\' and '#' are written as three octal digits (show_mountinfo, fs/proc_namespace.c). */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		/* A cut escape ends in the text's NUL, which is no digit. */
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755" */
bool mountinfo_parse(char *line, struct mount *mount)
{
	enum { ID, PARENT, DEVICE, ROOT, WHERE, OPTIONS, FIELDS };
	char *field[FIELDS], *type;
	unsigned major, minor;
	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&line, " ");
		if (!line) /* nothing follows */
			return false;
	}
	do /* any number of optional fields before the hyphen */
		type = strsep(&line, " ");
	while (type && strcmp(type, "-") != 0);
	type = strsep(&line, " ");
	if (!type || sscanf(field[DEVICE], "%u:%u", &major, &minor) != 2)
		return false;
	unescape(field[ROOT]);
	unescape(field[WHERE]);
	/* A namespace's file has no directory above it: "net:[4026532209]" (ns_dname, fs/nsfs.c). */
	if ((field[ROOT][0] != '/' && strcmp(type, "nsfs") != 0) || field[WHERE][0] != '/')
		return false;
	*mount = (struct mount){ makedev(major, minor), field[ROOT], field[WHERE], type };
	return true;
}

bool mountinfo_next(struct mountinfo *mountinfo, struct mount *mount)
{
	while (mountinfo->at < mountinfo->text.len) {
		char *line = mountinfo->text.data + mountinfo->at;
		size_t rest = mountinfo->text.len - mountinfo->at;
		char *end = memchr(line, '\n', rest);
		if (end)
			*end = '\0'; /* the last has the text's own */
		mountinfo->at += end ? (size_t)(end - line) + 1 : rest;
		if (mountinfo_parse(line, mount))
			return true;
	}
	return false;
}

int mountinfo_enter(const struct mountinfo *mountinfo, const struct mount *mount)
{
	const char *path = mount->where + strspn(mount->where, "/");
	struct stat stat;
	int fd = openat(mountinfo->root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int number = fstat(fd, &stat) < 0 ? errno : stat.st_dev == mount->dev ? 0 : ESTALE;
	if (!number)
		return fd;
	close(fd);
	errno = number;
	return -1;
}
