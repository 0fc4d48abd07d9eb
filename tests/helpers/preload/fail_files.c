// SPDX-License-Identifier: MIT
/*
 * fail_files.c - a library to be preloaded: open(2), openat(2) and readlinkat(2)
 * fail with the errno FAIL_ERRNO where the path ends as FAIL_PATH says.
 * FAIL_CALL is "open" (both) or "readlink"; of paths without a match all is as ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static int fails(const char *call, const char *path)
{
	const char *which = getenv("FAIL_CALL"), *end = getenv("FAIL_PATH"), *number = getenv("FAIL_ERRNO");
	if (!which || !end || !number || strcmp(which, call) != 0)
		return 0;
	size_t len = strlen(path), end_len = strlen(end);
	if (len < end_len || strcmp(path + len - end_len, end) != 0)
		return 0;
	errno = atoi(number);
	return 1;
}

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...);
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
	va_end(more);
	*(void **)&real = dlsym(RTLD_NEXT, "open");
	return fails("open", path) ? -1 : real(path, flags, mode);
}

/* With 64-bit offsets the same by another name. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int dir, const char *path, int flags, ...) __attribute__((alias("openat")));

int openat(int dir, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...);
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
	va_end(more);
	*(void **)&real = dlsym(RTLD_NEXT, "openat");
	return fails("open", path) ? -1 : real(dir, path, flags, mode);
}

ssize_t readlinkat(int dir, const char *path, char *target, size_t size)
{
	ssize_t (*real)(int, const char *, char *, size_t);
	*(void **)&real = dlsym(RTLD_NEXT, "readlinkat");
	return fails("readlink", path) ? -1 : real(dir, path, target, size);
}
