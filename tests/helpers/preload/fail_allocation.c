// SPDX-License-Identifier: MIT
/*
 * fail_allocation.c - a library to be preloaded: one allocation of the program
 * fails, the one with the number FAIL_AT, and with FAIL_ON all that follow.
 * How many there were is written to the fd FAIL_COUNT at the end.
 *
 * Only those that the program itself asks for are counted, not those of the
 * libc: name lookups of glibc 2.36 do not survive theirs (nss_database.c).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static uintptr_t program_start, program_end;
static atomic_long count;
static long fail_at;
static int fail_on;

/* The first object is the program; its segments follow each other. */
static int note_program(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		program_start = start;
		program_end = start + segment->p_memsz;
	}
	return 1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_AT");
	fail_at = at ? atol(at) : 0;
	fail_on = getenv("FAIL_ON") != NULL;
	dl_iterate_phdr(note_program, NULL);
	/* Not of what the program starts: a pager has allocations of its own. */
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
	const char *fd = getenv("FAIL_COUNT");
	if (fd)
		dprintf(atoi(fd), "%ld", (long)count);
}

static int fails(const void *caller)
{
	uintptr_t address = (uintptr_t)caller;
	if (address < program_start || address >= program_end)
		return 0;
	long number = ++count;
	if (!fail_at || number < fail_at || (number > fail_at && !fail_on))
		return 0;
	errno = ENOMEM;
	return 1;
}

#define FAILS() fails(__builtin_return_address(0))

void *malloc(size_t size)
{
	return FAILS() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
	return FAILS() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
	return FAILS() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t items, size_t size)
{
	size_t bytes;
	if (FAILS() || __builtin_mul_overflow(items, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, bytes);
}

char *strdup(const char *text)
{
	size_t len = __builtin_strlen(text) + 1;
	char *copy = FAILS() ? NULL : __libc_malloc(len);
	return copy ? __builtin_memcpy(copy, text, len) : NULL;
}

/* The libc allocates the stream's text; the stream itself may fail as well. */
FILE *open_memstream(char **text, size_t *size)
{
	FILE *(*real)(char **, size_t *) = (FILE * (*)(char **, size_t *)) dlsym(RTLD_NEXT, "open_memstream");
	return FAILS() ? NULL : real(text, size);
}
