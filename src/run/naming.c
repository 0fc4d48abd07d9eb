// SPDX-License-Identifier: MIT
/*
 * naming.c - the names that the completions of the shells ask for (naming.h).
 *
 * Of processes that run, whether or not they have sockets: reading three small
 * files of each takes milliseconds where looking for sockets may take a
 * second, and a person waits behind Tab. Each name stands once, NUL behind it,
 * as it is: it may hold any other byte. Characters of patterns are escaped
 * for the option. Nothing is said of files that cannot be read.
 */
#include "run/naming.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/netns.h>
#include <sockview/process_list.h>
#include <sockview/process_text.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "run/confine.h"
#include "run/invocation.h"

/* /proc/PID/cgroup has a line for each hierarchy. */
enum { CGROUP_FILE_MAX = 65536 };

struct name_list {
	char **name;
	size_t count, capacity;
	bool failed; /* no memory for some */
};

static void naming_add(struct name_list *naming, const char *text, size_t len)
{
	char *copy = len ? strndup(text, len) : NULL;
	char **name = copy ? vec_push(naming->name, naming->count, naming->capacity) : NULL;
	if (name)
		*name = copy;
	else
		free(copy);
	naming->failed |= len && !name;
}

static void naming_add_number(struct name_list *naming, uint32_t number, const char *behind)
{
	char text[32];
	naming_add(naming, text, (size_t)snprintf(text, sizeof(text), "%u%s", number, behind));
}

/* As a pattern that fits this name alone; ^ before it would exclude it. */
static void naming_add_pattern(struct name_list *naming, const char *text, size_t len)
{
	char *pattern = malloc(2 * len + 1), *to = pattern;
	naming->failed |= !pattern;
	for (size_t i = 0; pattern && i < len; i++) {
		if (strchr("*?[\\", text[i]) || (i == 0 && text[i] == '^'))
			*to++ = '\\';
		*to++ = text[i];
	}
	naming_add(naming, pattern, pattern ? (size_t)(to - pattern) : 0);
	free(pattern);
}

/* --- of a process --- */

static void name_program(struct name_list *naming, int dir)
{
	char name[64];
	ssize_t len = file_read_string(dir, "comm", name, sizeof(name));
	if (len > 0)
		naming_add_pattern(naming, name, (size_t)(name[len - 1] == '\n' ? len - 1 : len));
}

static void name_user(struct name_list *naming, int dir)
{
	struct stat stat;
	const struct passwd *entry = fstat(dir, &stat) == 0 ? getpwuid(stat.st_uid) : NULL;
	if (entry)
		naming_add(naming, entry->pw_name, strlen(entry->pw_name));
	else
		naming_add_number(naming, stat.st_uid, "");
}

static void name_cgroup(struct name_list *naming, int dir)
{
	struct text text = { 0 };
	if (file_read_text(dir, "cgroup", CGROUP_FILE_MAX, &text) == 0) {
		struct bytes path = process_cgroup(text.data, text.len);
		naming_add_pattern(naming, path.data, path.len);
	}
	text_free(&text);
}

static void name_process(struct name_list *naming, enum names_of of, int proc_fd, int32_t pid)
{
	char path[16];
	struct process_stat stat;
	snprintf(path, sizeof(path), "%d", pid);
	int dir = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	if (process_read_stat(dir, "stat", &stat) && !stat.kernel_thread) {
		if (of == NAMES_PID)
			naming_add_number(naming, (uint32_t)pid, "");
		else if (of == NAMES_PROGRAM)
			name_program(naming, dir);
		else if (of == NAMES_USER)
			name_user(naming, dir);
		else
			name_cgroup(naming, dir);
	}
	close(dir);
}

static void name_processes(struct name_list *naming, enum names_of of, int proc_fd)
{
	struct process_list list = { 0 };
	if (proc_fd >= 0 && process_list_read(&list, proc_fd) == 0)
		for (size_t i = 0; i < list.count; i++)
			name_process(naming, of, proc_fd, list.pid[i]);
	process_list_free(&list);
}

/* --- namespaces, ports --- */

static void name_netns(struct name_list *naming, const struct netns *netns)
{
	char text[32];
	const char *name = netns->name ? netns->name : netns->container;
	/* A list is what the option takes. */
	if (name && !strchr(name, ','))
		naming_add(naming, name, strlen(name));
	else if (netns->inode)
		naming_add(naming, text,
		           (size_t)snprintf(text, sizeof(text), "net:[%lu]", (unsigned long)netns->inode));
}

static void name_namespaces(struct name_list *naming, int proc_fd)
{
	struct netns_list list = { 0 };
	naming_add(naming, "all", 3);
	naming_add(naming, "self", 4);
	if (proc_fd >= 0 && netns_list_read(&list, proc_fd) == 0 &&
	    netns_list_label(&list, proc_fd, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) == 0)
		for (size_t i = 1; i < list.count; i++)
			name_netns(naming, &list.item[i]);
	netns_list_free(&list);
}

static int name_port(void *context, const struct sock *sock)
{
	if (sock->row.proto == PROTO_TCP ? sock->row.state == STATE_LISTEN : sock->row.local_port != 0)
		naming_add_number(context, sock->row.local_port, sock->row.proto == PROTO_TCP ? "" : "/udp");
	return 0;
}

static void name_ports(struct name_list *naming, const struct run *run)
{
	struct query query = { .protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP), .inet = true, .inet6 = true };
	struct source_request request = { .query = &query, .sink = name_port, .context = naming };
	struct sources sources = { .from = run->options->source,
		                   .proc_net_fd = open("/proc/self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct report report = { 0 };
	struct error error = { 0 };
	FOR_EACH_PROTO (proto, query.protos)
		query.states[proto] = proto_table[proto].waiting;
	collect_sockets(&sources, &request, &report, &error);
	if (sources.proc_net_fd >= 0)
		close(sources.proc_net_fd);
}

/* --- all of them --- */

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum exit_status naming_answer(struct run *run)
{
	struct name_list naming = { 0 };
	struct out out;
	enum names_of of = run->options->names;
	if (of == NAMES_NETNS)
		name_namespaces(&naming, run->proc_fd);
	else if (of == NAMES_PORT)
		name_ports(&naming, run);
	else
		name_processes(&naming, of, run->proc_fd);
	if (naming.count)
		qsort(naming.name, naming.count, sizeof(*naming.name), name_order);
	bool failed = naming.failed || out_open(&out, STDOUT_FILENO) < 0;
	confine_output(run, &out);
	for (size_t i = 0; i < naming.count; i++) {
		if (!failed && (i == 0 || strcmp(naming.name[i - 1], naming.name[i]) != 0))
			out_bytes(&out, naming.name[i], strlen(naming.name[i]) + 1);
		if (i)
			free(naming.name[i - 1]);
	}
	if (naming.count)
		free(naming.name[naming.count - 1]);
	free(naming.name);
	return !failed && out_close(&out) == 0 ? EXIT_ROWS : EXIT_NO_ANSWER;
}

const struct run_mode mode_names = {
	.instead = naming_answer,
};
