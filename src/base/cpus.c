// SPDX-License-Identifier: MIT
/*
 * cpus.c - affinity mask, cgroup quota, and what other programs leave (cpus.h).
 *
 * These are this process's own limits, so it is the real /proc and /sys that
 * are asked, whatever --proc-root says. A quota can sit on any ancestor of our
 * cgroup, and the tightest one counts.
 */
#include <sockview/cpus.h>

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/file.h>

/* Where cgroup v2 has the CPU controller (file-hierarchy(7)); mounted elsewhere, a quota only goes unseen. */
#define CGROUP_MOUNT "/sys/fs/cgroup"

static unsigned cpus_by_affinity(void)
{
	cpu_set_t set;
	/* Fails with more than 1,024 possible CPUs, which are more than CREW_MAX. */
	if (sched_getaffinity(0, sizeof(set), &set))
		return UINT32_MAX;
	return (unsigned)CPU_COUNT(&set);
}

/* Digits at `at`, before `end`; the place behind them, or NULL if there are none or too many. */
static const char *parse_digits(const char *at, const char *end, uint64_t *value)
{
	const char *from = at;
	*value = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (at - from >= 15)
			return NULL;
		*value = *value * 10 + (uint64_t)(*at - '0');
	}
	return at == from ? NULL : at;
}

/* "QUOTA PERIOD" in microseconds, or "max PERIOD" (Documentation/admin-guide/cgroup-v2.rst). */
unsigned cpus_from_cpu_max(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t quota, period;
	const char *at = parse_digits(text, end, &quota);
	if (!at || at == end || *at != ' ' || !parse_digits(at + 1, end, &period) || !period || !quota)
		return 0;
	uint64_t cpus = (quota + period - 1) / period;
	return cpus > UINT32_MAX ? UINT32_MAX : (unsigned)cpus;
}

/* The "0::/path" line of /proc/self/cgroup, cut out in place; NULL if there is none. */
static char *unified_path(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4))
			continue;
		line[strcspn(line, "\n")] = '\0';
		return line + 3;
	}
	return NULL;
}

static unsigned cpus_by_quota(void)
{
	char text[4096], path[4096 + 64], limit[64];
	if (file_read_string(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <= 0)
		return UINT32_MAX;
	char *group = unified_path(text);
	unsigned least = UINT32_MAX;
	while (group) {
		snprintf(path, sizeof(path), CGROUP_MOUNT "%s/cpu.max", group);
		ssize_t len = file_read_string(AT_FDCWD, path, limit, sizeof(limit));
		unsigned cpus = len > 0 ? cpus_from_cpu_max(limit, (size_t)len) : 0;
		if (cpus && cpus < least)
			least = cpus;
		char *slash = strrchr(group, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return least;
}

unsigned cpus_allowed(void)
{
	unsigned cpus = cpus_by_affinity();
	/* With one CPU the quota can only say the same. */
	unsigned quota = cpus > 1 ? cpus_by_quota() : cpus;
	unsigned least = cpus < quota ? cpus : quota;
	return least ? least : 1;
}

/* "0.13 0.11 0.05 2/93 10140": what runs or could run, on all CPUs, this thread among it (loadavg_proc_show(), fs/proc/loadavg.c). */
unsigned cpus_idle(void)
{
	unsigned allowed = cpus_allowed();
	char text[128];
	const char *at = NULL;
	if (allowed > 1 && file_read_string(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) > 0)
		at = strchr(text, '/');
	while (at && at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	unsigned long running = at ? strtoul(at, NULL, 10) : 0;
	if (!running)
		return 1;
	return running - 1 < allowed ? allowed - (unsigned)(running - 1) : 1;
}
