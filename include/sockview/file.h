// SPDX-License-Identifier: MIT
/* file.h - small files read whole, within a bound: those of /proc, /sys and /etc. */
#ifndef SOCKVIEW_FILE_H
#define SOCKVIEW_FILE_H

#include <sys/types.h>

#include <sockview/text.h>

/*
 * `path` is relative to the directory `dir`, unless it begins with '/'. Below
 * a --proc-root it may name any kind of file: opening never waits for a FIFO's
 * writer and never makes a terminal the controlling one.
 */

/* An fd to read from; -1 with errno. */
int file_open(int dir, const char *path);

/* The file to its end, at most `size` bytes: how many. -1 with errno, also if a later part cannot be read. */
ssize_t file_read(int dir, const char *path, void *buffer, size_t size);
/*
 * The same with a single read(2): enough for procfs files that hold one record
 * (single_open() and seq_read() in fs/seq_file.c, get_mm_cmdline() in
 * fs/proc/base.c), and one system call less for each file of each process.
 */
ssize_t file_read_once(int dir, const char *path, void *buffer, size_t size);
/* At most size - 1 bytes and a NUL, also after a failure: -1 with errno, an empty string. */
ssize_t file_read_string(int dir, const char *path, char *string, size_t size);

/*
 * Appends a file of unknown length to `text`, a NUL behind that is not counted.
 * 0; or -1 with errno, EFBIG if there are more than `max` bytes: `text` then
 * has the first `max`. text_free() after both.
 */
int file_read_text(int dir, const char *path, size_t max, struct text *text);
/* The same from an open fd, which is not closed. */
int file_read_fd(int fd, size_t max, struct text *text);

/* True if the link, "PID/fd/N" below a /proc, names a socket. */
bool file_is_socket(int proc_fd, const char *path);
/* A copy of a process's descriptor, in our own table (pidfd_getfd(2), Linux 5.6); -1 with errno. */
int file_copy_of(pid_t pid, int fd);

#endif
