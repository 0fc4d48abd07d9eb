// SPDX-License-Identifier: MIT
/* process.c - comm, argv, uid and the rest of one process; see process.h. */
#include "owners/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>

/* Enough for the first word of argv; a whole command line is cut at CMDLINE_MAX. */
#define ARGV0_MAX   4096
#define CMDLINE_MAX 65536
#define SMALL_FILE  4096
#define PF_KTHREAD  0x00200000u /* include/linux/sched.h */

static size_t word_len(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len && text[at] != ' ' && text[at] != '\t')
		at++;
	return at;
}

/* Behind the last slash. */
static struct bytes base_name(const char *text, size_t len)
{
	const char *slash = len ? memrchr(text, '/', len) : NULL;
	const char *base = slash ? slash + 1 : text;
	return (struct bytes){ base, len - (size_t)(base - text) };
}

struct bytes process_program(const char *argv0, size_t len)
{
	const char *nul = len ? memchr(argv0, '\0', len) : NULL;
	struct bytes word = { argv0, nul ? (size_t)(nul - argv0) : len };
	if (!word.len)
		return (struct bytes){ NULL, 0 };
	/* A path may have blanks in its directories; a title ("nginx: master process /usr/...") has
	 * its name in front. */
	if (argv0[0] != '/')
		word.len = word_len(argv0, word.len);
	word = base_name(word.data, word.len);
	word.len = word_len(word.data, word.len);
	if (word.len && ((const char *)word.data)[word.len - 1] == ':')
		word.len--;
	return word.len ? word : (struct bytes){ NULL, 0 };
}

struct bytes process_cgroup(const char *text, size_t len)
{
	struct bytes found = { NULL, 0 };
	for (const char *line = text, *end = text + len; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		const char *colon = memchr(line, ':', (size_t)(stop - line));
		const char *path = colon ? memchr(colon + 1, ':', (size_t)(stop - colon - 1)) : NULL;
		bool unified = path && colon - line == 1 && line[0] == '0' && path == colon + 1;
		if (path && (unified || !found.data))
			found = (struct bytes){ path + 1, (size_t)(stop - path - 1) };
		if (unified)
			break;
		line = stop + 1;
	}
	return found;
}

struct bytes process_option(struct bytes cmdline, const char *option)
{
	const char *word = cmdline.data, *end = word ? word + cmdline.len : NULL;
	bool next = false;
	for (; word && word < end; word += strnlen(word, (size_t)(end - word)) + 1) {
		size_t len = strnlen(word, (size_t)(end - word));
		if (next)
			return (struct bytes){ word, len };
		next = len == strlen(option) && memcmp(word, option, len) == 0;
	}
	return (struct bytes){ 0 };
}

uint32_t process_bracketed(const char *text, size_t len, const char *prefix, size_t prefix_len)
{
	if (len < prefix_len + 3 || memcmp(text, prefix, prefix_len) || text[prefix_len] != '[' || text[len - 1] != ']')
		return 0;
	uint64_t number = 0;
	for (size_t i = prefix_len + 1; i < len - 1; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > UINT32_MAX)
			return 0;
	}
	return (uint32_t)number;
}

/* The field's number and the place behind it and its blank; NULL if it is no number. */
static const char *stat_number(const char *at, const char *end, uint64_t *value)
{
	bool negative = at < end && *at == '-';
	const char *from = at += negative;
	*value = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + (uint64_t)(*at - '0');
	if (at == from)
		return NULL;
	return at < end ? at + 1 : at;
}

bool process_parse_stat(const char *text, size_t len, struct process_stat *stat)
{
	/* The name may hold blanks and ')': the numbers begin behind the last one. */
	const char *end = text + len, *close = len ? memrchr(text, ')', len) : NULL;
	if (!close || end - close < 5 || close[1] != ' ' || close[3] != ' ')
		return false;
	*stat = (struct process_stat){ .state = close[2] };
	const char *at = close + 4;
	for (int field = 4; field <= 22; field++) {
		uint64_t value;
		at = stat_number(at, end, &value);
		if (!at)
			return false;
		if (field == 4)
			stat->ppid = (int32_t)value;
		else if (field == 5)
			stat->pgrp = (int32_t)value;
		else if (field == 9)
			stat->kernel_thread = value & PF_KTHREAD;
		else if (field == 22)
			stat->start_ticks = value;
	}
	return true;
}

bool process_read_stat(int dir, const char *path, struct process_stat *stat)
{
	char text[SMALL_FILE];
	ssize_t len = file_read_once(dir, path, text, sizeof(text));
	if (len < 0)
		return false;
	if (process_parse_stat(text, (size_t)len, stat))
		return true;
	errno = ESRCH;
	return false;
}

/* One process on its way into the findings. */
struct process_reading {
	struct findings *findings;
	struct process *process;
	int dir, task;
	unsigned details;
	const struct privilege *elevated;
	int trouble; /* errno: something that is there could not be read */
};

/* A file that is not there, or that the caller may not see, is no trouble. The reader's answer. */
static int reading_failed(struct process_reading *reading)
{
	if (errno != ENOENT && errno != ESRCH && errno != EACCES && errno != EPERM)
		reading->trouble = errno;
	return 0;
}

/* Each reader: 0, also if there is nothing to be had; -1 ENOMEM. */
static int reading_uid(struct process_reading *reading)
{
	struct stat stat;
	if (fstat(reading->dir, &stat))
		return reading_failed(reading);
	reading->process->uid = stat.st_uid;
	reading->process->has |= PROCESS_UID;
	return 0;
}

static int reading_start(struct process_reading *reading)
{
	struct process_stat stat;
	if (!process_read_stat(reading->dir, "stat", &stat))
		return reading_failed(reading);
	reading->process->ppid = stat.ppid;
	reading->process->pgrp = stat.pgrp;
	reading->process->start_ticks = stat.start_ticks;
	reading->process->has |= PROCESS_START;
	return 0;
}

static int reading_add_program(struct process_reading *reading, const char *argv, size_t len)
{
	struct bytes word = process_program(argv, len);
	if (!word.data)
		return 0;
	return findings_add_text(reading->findings, word.data, word.len, &reading->process->program);
}

static int reading_argv0(struct process_reading *reading)
{
	char argv[ARGV0_MAX];
	ssize_t len = file_read_once(reading->task, "cmdline", argv, sizeof(argv));
	if (len < 0)
		return reading_failed(reading);
	return len > 0 ? reading_add_program(reading, argv, (size_t)len) : 0;
}

/* Arguments end in a NUL each; the last one's goes. */
static size_t cmdline_len(const char *argv, size_t len)
{
	return len && !argv[len - 1] ? len - 1 : len;
}

static int reading_cmdline(struct process_reading *reading)
{
	char *argv = malloc(CMDLINE_MAX);
	if (!argv)
		return -1;
	ssize_t len = file_read_once(reading->task, "cmdline", argv, CMDLINE_MAX);
	int result = len < 0 ? reading_failed(reading) : 0;
	if (len > 0 && reading->details & PROCESS_NAME)
		result = reading_add_program(reading, argv, (size_t)len);
	if (len >= 0 && !result) {
		result = findings_add_text(reading->findings, argv, cmdline_len(argv, (size_t)len),
		                           &reading->process->cmdline);
		reading->process->has |= PROCESS_CMDLINE;
	}
	free(argv);
	return result;
}

static int reading_exe(struct process_reading *reading)
{
	char target[SMALL_FILE + 16];
	ssize_t len = readlinkat(reading->task, "exe", target, sizeof(target));
	if (len < 0)
		return reading_failed(reading);
	reading->process->has |= PROCESS_EXE;
	return findings_add_text(reading->findings, target, (size_t)len, &reading->process->exe);
}

static int reading_cgroup(struct process_reading *reading)
{
	char text[2 * SMALL_FILE];
	ssize_t len = file_read_once(reading->dir, "cgroup", text, sizeof(text));
	if (len < 0)
		return reading_failed(reading);
	struct bytes path = len > 0 ? process_cgroup(text, (size_t)len) : (struct bytes){ NULL, 0 };
	if (!path.data)
		return 0;
	reading->process->has |= PROCESS_CGROUP;
	return findings_add_text(reading->findings, path.data, path.len, &reading->process->cgroup);
}

/* A line, or with some modules a text that ends in a NUL (proc_pid_attr_read, fs/proc/base.c). EINVAL: no module. */
static int reading_context(struct process_reading *reading)
{
	char text[SMALL_FILE];
	ssize_t len = file_read_once(reading->dir, "attr/current", text, sizeof(text));
	if (len < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : reading_failed(reading);
	while (len > 0 && (!text[len - 1] || text[len - 1] == '\n'))
		len--;
	if (!len)
		return 0;
	reading->process->has |= PROCESS_CONTEXT;
	return findings_add_text(reading->findings, text, (size_t)len, &reading->process->context);
}

static int reading_netns(struct process_reading *reading)
{
	char target[64];
	ssize_t len = readlinkat(reading->task, "ns/net", target, sizeof(target));
	if (len < 0)
		return reading_failed(reading);
	uint32_t inode = len > 0 ? process_bracketed(target, (size_t)len, "net:", 4) : 0;
	if (!inode)
		return 0;
	reading->process->netns = inode;
	reading->process->has |= PROCESS_NETNS;
	return 0;
}

/* 0, 1 gone, -1. The file is the name and a newline; the name may hold newlines of its own. */
static int reading_comm(struct process_reading *reading)
{
	char comm[64];
	ssize_t len = file_read_once(reading->dir, "comm", comm, sizeof(comm));
	if (len < 0 && reading->elevated) {
		if (privilege_owners(reading->elevated, true))
			return -1;
		len = file_read_once(reading->dir, "comm", comm, sizeof(comm));
		reading->findings->report.veiled += len >= 0;
	}
	if (len < 0)
		return errno == ENOENT || errno == ESRCH ? 1 : reading_failed(reading);
	if (len && comm[len - 1] == '\n')
		len--;
	struct process *process = reading->process;
	if (findings_add_text(reading->findings, comm, (size_t)len, &process->comm))
		return -1;
	if (!process->program.offset && reading->details & PROCESS_NAME)
		process->program = process->comm;
	process->has |= PROCESS_NAME;
	return 0;
}

static int reading_details(struct process_reading *reading)
{
	static const struct {
		unsigned detail;
		int (*read)(struct process_reading *reading);
	} readers[] = {
		{ PROCESS_UID, reading_uid },         { PROCESS_START, reading_start },
		{ PROCESS_EXE, reading_exe },         { PROCESS_CGROUP, reading_cgroup },
		{ PROCESS_NETNS, reading_netns },     { PROCESS_CMDLINE, reading_cmdline },
		{ PROCESS_CONTEXT, reading_context },
	};
	for (size_t i = 0; i < countof(readers); i++)
		if (reading->details & readers[i].detail && readers[i].read(reading))
			return -1;
	bool only_name = (reading->details & (PROCESS_NAME | PROCESS_CMDLINE)) == PROCESS_NAME;
	if (only_name && reading_argv0(reading))
		return -1;
	/* Last, and always: that it can be read proves the process was there for all that came
	 * before (a dead one's directory still answers fstat, with root for its owner). */
	return reading_comm(reading);
}

/* With the caller's own rights in effect the kernel decides which of it he may see. */
static int reading_as_caller(struct process_reading *reading)
{
	if (privilege_owners(reading->elevated, false))
		return -1;
	int result = reading_details(reading);
	return privilege_owners(reading->elevated, true) ? -1 : result;
}

int process_add(struct findings *findings, int32_t pid, int dir, int task, unsigned details,
                const struct privilege *elevated)
{
	struct process process = { .pid = pid };
	struct process_reading reading = { findings, &process, dir, task, details, elevated, 0 };
	size_t strings_len = findings->strings_len;
	int result = 0;
	if (details)
		result = elevated ? reading_as_caller(&reading) : reading_details(&reading);
	if (!result)
		result = findings_add_process(findings, &process);
	if (result) {
		findings->strings_len = strings_len;
		return result;
	}
	if (reading.trouble) {
		findings->report.partly.number = reading.trouble;
		findings->report.partly.count++;
	}
	return 0;
}
