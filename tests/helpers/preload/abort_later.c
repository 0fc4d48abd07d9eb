// SPDX-License-Identifier: MIT
/* abort_later.c - a library to be preloaded: the ABORT_AT-th ftruncate(2) of the program is an abort(3) of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>

int ftruncate(int fd, off_t len)
{
	static int calls;
	const char *at = getenv("ABORT_AT");
	int (*real)(int, off_t);
	if (at && ++calls == atoi(at))
		abort();
	*(void **)&real = dlsym(RTLD_NEXT, "ftruncate");
	return real(fd, len);
}

/* With 64-bit offsets the same by another name. */
int ftruncate64(int fd, off_t len) __attribute__((alias("ftruncate")));
