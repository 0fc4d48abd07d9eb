// SPDX-License-Identifier: MIT
/*
 * set_clock.c - a library to be preloaded: CLOCK_MONOTONIC is the number of nanoseconds (eight bytes) in the file
 * that SET_CLOCK names, which a test may change; every other clock is as ever.
 */
#define _GNU_SOURCE
/* As the program is built (Makefile): of 32-bit machines the function below becomes __clock_gettime64(). */
#if __SIZEOF_LONG__ == 4
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS        64
#define NAME              "__clock_gettime64"
#else
#define NAME "clock_gettime"
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	static const volatile int64_t *set;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, NAME);
	if (!set && getenv("SET_CLOCK")) {
		int fd = open(getenv("SET_CLOCK"), O_RDONLY | O_CLOEXEC);
		void *map = mmap(NULL, sizeof(*set), PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		set = map == MAP_FAILED ? NULL : map;
	}
	if (clock != CLOCK_MONOTONIC || !set)
		return real(clock, now);
	*now = (struct timespec){ .tv_sec = *set / 1000000000, .tv_nsec = *set % 1000000000 };
	return 0;
}
