// SPDX-License-Identifier: MIT
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
#include <sockview/collect.h>
#include <sockview/process_list.h>
#include <sockview/proto.h>

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

/* A state without a file, such as TIME_WAIT, is none that lsof could find. */
static int seek_state(void *context, const struct sock *sock)
{
	if (sock->row.inode)
		filter_seek_state(context, sock);
	return !filter_missing_in(context, SOUGHT_STATE);
}

/* A state is found if any socket has it, wanted or not: one more dump where none of the wanted has. */
static void seek_states(struct run *run)
{
	struct query query = { .protos = protos_with(PROTO_LSOF), .inet = true, .inet6 = true };
	struct sources sources = { .from = run->options->source, .proc_net_fd = run->proc_net_fd };
	struct source_request request = { .query = &query, .sink = seek_state, .context = run->selection.filter };
	struct report report = { 0 };
	struct error error = { 0 };
	FOR_EACH_PROTO (proto, query.protos)
		query.states[proto] = STATE_ALL;
	collect_sockets(&sources, &request, &report, &error);
}

void sought_look(struct run *run)
{
	struct filter *filter = run->selection.filter;
	struct process_list list = { 0 };
	bool files = run->listing.format->owned_only || run->options->pids;
	if (!filter_missing(filter))
		return;
	for (size_t i = 0; i < run->table.count && filter_missing(filter); i++) {
		struct sock sock;
		table_get(&run->table, i, &sock);
		/* A socket without an owner is no file of a process. */
		if (files && !owners_of(&run->owners, &sock.row).count)
			continue;
		filter_seek_in(filter, &sock, &run->owners);
	}
	if (filter_missing_in(filter, SOUGHT_STATE) && !run->options->replay && !run->namespaces.list.count)
		seek_states(run);
	if (!filter_missing_in(filter, SOUGHT_PROCESS) || run->proc_fd < 0 || !run->selection.needs.items)
		return;
	if (process_list_read(&list, run->proc_fd) == 0)
		for (size_t i = 0; i < list.count && filter_missing_in(filter, SOUGHT_PROCESS); i++)
			seek_pid(run, list.pid[i]);
	process_list_free(&list);
}
