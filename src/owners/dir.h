// SPDX-License-Identifier: MIT
/* dir.h - a directory's names by getdents64(2) into a caller's buffer: no allocation per directory. */
#ifndef SOCKVIEW_OWNERS_DIR_H
#define SOCKVIEW_OWNERS_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* About a thousand fds a call. */
#define DIR_BUFFER_SIZE 32768

struct dir {
	int fd;
	char *buffer; /* DIR_BUFFER_SIZE bytes, aligned for uint64_t */
	size_t len, at;
};

/* Reads on: 1 there are names, 0 that was all, -1 with errno. */
int dir_fill(struct dir *dir);
/* The next name of what was read, NULL when it is used up. */
const char *dir_next(struct dir *dir);
/* There was room for more names: on procfs the kernel had no more to give. */
bool dir_had_room(const struct dir *dir);

/* A name that is all digits, as pids, tids and fds are: its number; -1 for any other name. */
int32_t dir_number(const char *name);
/* Appends all of the directory's names that are numbers above 0. 0, or -1 with errno. */
int dir_read_numbers(struct dir *dir, int32_t **number, size_t *count, size_t *capacity);

#endif
