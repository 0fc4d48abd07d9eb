// SPDX-License-Identifier: MIT
/* file.c - the one reader of small files (file.h). */
#include <sockview/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <string.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int file_open(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static ssize_t file_read_part(int fd, void *buffer, size_t size)
{
	ssize_t got;
	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

static ssize_t file_close(int fd, ssize_t answer)
{
	int saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

ssize_t file_read(int dir, const char *path, void *buffer, size_t size)
{
	int fd = file_open(dir, path);
	ssize_t got = fd < 0 ? -1 : 1;
	size_t len = 0;
	while (got > 0 && len < size) {
		got = file_read_part(fd, (char *)buffer + len, size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	return fd < 0 ? -1 : file_close(fd, got < 0 ? -1 : (ssize_t)len);
}

ssize_t file_read_once(int dir, const char *path, void *buffer, size_t size)
{
	int fd = file_open(dir, path);
	return fd < 0 ? -1 : file_close(fd, file_read_part(fd, buffer, size));
}

ssize_t file_read_string(int dir, const char *path, char *string, size_t size)
{
	ssize_t len = file_read(dir, path, string, size - 1);
	string[len > 0 ? len : 0] = '\0';
	return len;
}

int file_read_fd(int fd, size_t max, struct text *text)
{
	enum { PART = 16384 };
	for (size_t total = 0;;) {
		char *room = text_room(text, PART);
		ssize_t got = room ? file_read_part(fd, room, PART) : -1;
		if (got < 0)
			return -1;
		size_t fits = (size_t)got < max - total ? (size_t)got : max - total;
		room[fits] = '\0';
		text_advance(text, room + fits);
		total += fits;
		if (fits < (size_t)got) {
			errno = EFBIG;
			return -1;
		}
		if (!got)
			return 0;
	}
}

int file_read_text(int dir, const char *path, size_t max, struct text *text)
{
	int fd = file_open(dir, path);
	return fd < 0 ? -1 : (int)file_close(fd, file_read_fd(fd, max, text));
}

bool file_is_socket(int proc_fd, const char *path)
{
	static const char name[] = "socket:[";
	char target[sizeof(name)];
	return readlinkat(proc_fd, path, target, sizeof(target)) == sizeof(target) &&
	       memcmp(target, name, sizeof(name) - 1) == 0;
}

int file_copy_of(pid_t pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? -1 : (int)file_close(pidfd, syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}
