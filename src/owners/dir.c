// SPDX-License-Identifier: MIT
/* dir.c - reading directories; see dir.h. */
#include "owners/dir.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sockview/vec.h>

/* As the kernel writes it (include/linux/dirent.h); libc has no name for it everywhere. */
struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t record_len;
	uint8_t type;
	char name[];
};

/* More than a record with the longest number for a name takes. */
#define RECORD_ROOM 64

int dir_fill(struct dir *dir)
{
	long got;
	do
		got = syscall(SYS_getdents64, dir->fd, dir->buffer, DIR_BUFFER_SIZE);
	while (got < 0 && errno == EINTR);
	dir->at = 0;
	dir->len = got > 0 ? (size_t)got : 0;
	return got > 0 ? 1 : (int)got;
}

const char *dir_next(struct dir *dir)
{
	if (dir->at >= dir->len)
		return NULL;
	const struct kernel_dirent *record = (const void *)(dir->buffer + dir->at);
	dir->at += record->record_len;
	return record->name;
}

bool dir_had_room(const struct dir *dir)
{
	return dir->len + RECORD_ROOM <= DIR_BUFFER_SIZE;
}

int32_t dir_number(const char *name)
{
	uint32_t number = 0;
	const char *at = name;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (number > (INT32_MAX - 9) / 10)
			return -1;
		number = number * 10 + (uint32_t)(*at - '0');
	}
	return at == name || *at ? -1 : (int32_t)number;
}

int dir_read_numbers(struct dir *dir, int32_t **number, size_t *count, size_t *capacity)
{
	int more;
	while ((more = dir_fill(dir)) > 0)
		for (const char *name; (name = dir_next(dir));) {
			int32_t here = dir_number(name);
			int32_t *added = here > 0 ? vec_push(*number, *count, *capacity) : NULL;
			if (added)
				*added = here;
			else if (here > 0)
				return -1;
		}
	return more;
}
