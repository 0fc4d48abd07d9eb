// SPDX-License-Identifier: MIT
/* event_process.c - what /proc tells of the process of an event (event_process.h). */
#include "events/event_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/file.h>
#include <sockview/process_text.h>

enum { PLACES = 256, CMDLINE_BYTES = 1024, CGROUP_BYTES = 4096 };

/* One process is asked once a second at most: it may make thousands of connections, and exec() meanwhile. */
#define FRESH_NS 1000000000

struct event_process {
	int32_t pid;
	int64_t read_ns; /* CLOCK_REALTIME */
	char comm[16];   /* as its events had it */
	size_t cmdline_len, unit_len;
	char cmdline[CMDLINE_BYTES], unit[256];
};

struct event_processes {
	int proc_fd;
	long ticks; /* a second */
	struct event_process place[PLACES];
};

struct event_processes *event_processes_new(int proc_fd)
{
	struct event_processes *processes = calloc(1, sizeof(*processes));
	if (!processes)
		return NULL;
	processes->proc_fd = proc_fd;
	processes->ticks = sysconf(_SC_CLK_TCK);
	return processes;
}

void event_processes_free(struct event_processes *processes)
{
	free(processes);
}

static int64_t now_by(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* One that began after the event has the pid of one that ended. */
static bool began_before(const struct event_processes *processes, int dir, int64_t event_ns)
{
	struct process_stat stat;
	if (!process_read_stat(dir, "stat", &stat))
		return false;
	int64_t ago = now_by(CLOCK_REALTIME) - event_ns;
	int64_t began = (int64_t)(stat.start_ticks * (1000000000ull / (uint64_t)processes->ticks));
	return began <= now_by(CLOCK_BOOTTIME) - ago;
}

static void read_unit(struct event_process *process, int dir)
{
	char text[CGROUP_BYTES];
	struct bytes unit;
	ssize_t len = file_read(dir, "cgroup", text, sizeof(text));
	if (len <= 0 || !cgroup_unit(process_cgroup(text, (size_t)len), &unit) || unit.len > sizeof(process->unit))
		return;
	memcpy(process->unit, unit.data, unit.len);
	process->unit_len = unit.len;
}

static void read_process(const struct event_processes *processes, struct event_process *process, int64_t event_ns)
{
	char name[16];
	snprintf(name, sizeof(name), "%d", process->pid);
	int dir = openat(processes->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	if (began_before(processes, dir, event_ns)) {
		ssize_t len = file_read_once(dir, "cmdline", process->cmdline, sizeof(process->cmdline));
		while (len > 0 && !process->cmdline[len - 1])
			len--;
		for (ssize_t i = 0; i < len; i++)
			if (!process->cmdline[i])
				process->cmdline[i] = ' ';
		process->cmdline_len = len > 0 ? (size_t)len : 0;
		read_unit(process, dir);
	}
	close(dir);
}

void event_processes_fill(struct event_processes *processes, struct event *event)
{
	if (event->pid <= 0 || processes->proc_fd < 0)
		return;
	struct event_process *process = &processes->place[(uint32_t)event->pid % PLACES];
	bool same = process->pid == event->pid && memcmp(process->comm, event->comm, sizeof(event->comm)) == 0;
	if (!same || event->time_ns - process->read_ns > FRESH_NS) {
		process->pid = event->pid;
		process->read_ns = now_by(CLOCK_REALTIME);
		process->cmdline_len = process->unit_len = 0;
		memcpy(process->comm, event->comm, sizeof(event->comm));
		read_process(processes, process, event->time_ns);
	}
	event->cmdline = (struct bytes){ process->cmdline, process->cmdline_len };
	event->unit = (struct bytes){ process->unit, process->unit_len };
}
