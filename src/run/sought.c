/*
 * sought.c - items of lsof's line among sockets and processes (sought.h).
 *
 * To lsof a pid, user, command or group is found if any process has it, with
 * sockets or without; a SPEC, if a file fits it.
 */
#include "run/sought.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sockview/file.h>
#include <sockview/process_list.h>

/* proc_pid_stat(5): "PID (COMM) STATE PPID PGRP ...", of which COMM may hold anything. */
static int32_t process_group(const char *stat)
{
	const char *end = strrchr(stat, ')');
	int group;
	return end && sscanf(end + 1, " %*c %*d %d", &group) == 1 ? group : -1;
}

static void seek_pid(struct run *run, int32_t pid)
{
	char path[32], comm[64] = "", line[512] = "";
	struct stat stat;
	struct filter_process process = { .pid = pid, .comm = comm, .uid = UINT32_MAX };
	snprintf(path, sizeof(path), "%d/comm", pid);
	file_read_string(run->proc_fd, path, comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(path, sizeof(path), "%d/stat", pid);
	file_read_string(run->proc_fd, path, line, sizeof(line));
	process.group = process_group(line);
	snprintf(path, sizeof(path), "%d", pid);
	if (fstatat(run->proc_fd, path, &stat, 0) == 0)
		process.uid = stat.st_uid;
	filter_seek_process(run->selection.filter, &process);
}

void sought_look(struct run *run)
{
	struct filter *filter = run->selection.filter;
	struct process_list list = { 0 };
	bool files = run->listing.format->owned_only || run->options->pids;
	if (!filter_missing(filter, false))
		return;
	for (size_t i = 0; i < run->table.count && filter_missing(filter, false); i++) {
		struct sock sock;
		table_get(&run->table, i, &sock);
		/* A socket without an owner is no file of a process. */
		if (files && !owners_of(&run->owners, &sock.row).count)
			continue;
		filter_seek_in(filter, &sock, &run->owners);
	}
	if (!filter_missing(filter, true) || run->proc_fd < 0 || !run->selection.needs.items)
		return;
	if (process_list_read(&list, run->proc_fd) == 0)
		for (size_t i = 0; i < list.count && filter_missing(filter, true); i++)
			seek_pid(run, list.pid[i]);
	process_list_free(&list);
}
