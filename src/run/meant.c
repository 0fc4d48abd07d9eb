// SPDX-License-Identifier: MIT
/*
 * meant.c - what words of the filter were meant as (meant.h).
 *
 *   sockview nginx        a program's name, if a process has it now
 *   sockview 8080 9090    both as ends of one socket, or else either
 *   sockview 812          a port; where no socket has it, maybe a pid
 *
 * Each is said in a note.
 */
#include "run/meant.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/glob.h>
#include <sockview/process_list.h>

/* Of a process's descriptors so many are looked at. */
enum { DESCRIPTORS_MAX = 65536 };

/* The names that the key `program` compares: comm, and the file name of the first argument. */
static bool has_name(int proc_fd, int32_t pid, const char *word)
{
	char path[32], name[256];
	size_t len = strlen(word);
	snprintf(path, sizeof(path), "%d/comm", pid);
	if (file_read_string(proc_fd, path, name, sizeof(name)) < 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	if (glob_match(word, len, name, strlen(name), false))
		return true;
	snprintf(path, sizeof(path), "%d/cmdline", pid);
	if (file_read_string(proc_fd, path, name, sizeof(name)) < 0)
		return false;
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	return *base && glob_match(word, len, base, strlen(base), false);
}

static bool is_running(int proc_fd, const char *word)
{
	struct process_list list = { 0 };
	bool found = false;
	if (proc_fd >= 0 && process_list_read(&list, proc_fd) == 0)
		for (size_t i = 0; i < list.count && !found; i++)
			found = has_name(proc_fd, list.pid[i], word);
	process_list_free(&list);
	return found;
}

bool meant_program(const struct options *options, int proc_fd, const char *word)
{
	/* Behind lsof's -u and -c a word is their argument, and the options' hint tells so. */
	if (options->hint || options->filter.count != 1 || options->replay)
		return false;
	return glob_is_pattern(word, strlen(word)) || is_running(proc_fd, word);
}

bool meant_ports(const char *text, size_t len)
{
	size_t words = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ')
			continue;
		if (!text[i] || !strchr("0123456789,:-", text[i]))
			return false;
		words += i == 0 || text[i - 1] == ' ';
	}
	return words > 1;
}

const char *meant_number(const char *text)
{
	if (!text)
		return NULL;
	text += *text == ':';
	size_t len = strspn(text, "0123456789");
	return len && len < 10 && !text[len] ? text : NULL;
}

bool meant_pid(int proc_fd, const char *number)
{
	char path[32], target[16];
	snprintf(path, sizeof(path), "%s/fd", number);
	int fd = proc_fd < 0 || *number == '0' ? -1 : openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;
	if (!dir && fd >= 0)
		close(fd);
	for (size_t i = 0; dir && !found && i < DESCRIPTORS_MAX && (entry = readdir(dir)); i++)
		found = readlinkat(fd, entry->d_name, target, sizeof(target)) >= 8 &&
		        memcmp(target, "socket:[", 8) == 0;
	if (dir)
		closedir(dir);
	return found;
}
