// SPDX-License-Identifier: MIT
/* source_proc.c - sockets from the text tables of /proc/net: which files, in which order (source.h). */
#include "collect/lines.h"
#include <sockview/source.h>

#include <errno.h>
#include <unistd.h>

#include <sockview/file.h>

#include "collect/family.h"

/* True if the query takes file `index` of the protocol. */
static bool is_file_asked(const struct query *query, enum proto proto, unsigned index)
{
	const struct proto_info *info = &proto_table[proto];
	if (!info->file[index])
		return false;
	if (info->domain != AF_INET)
		return index == 0;
	return proto_has(proto, PROTO_FILES_OF_BOTH) || (index ? query->inet6 : query->inet);
}

void source_files_open(struct source_files *files, int proc_net_fd, const struct query *query)
{
	files->open = true;
	FOR_EACH_PROTO (proto, PROTO_ALL)
		for (unsigned index = 0; index < 2; index++) {
			bool asked = query->protos & PROTO_BIT(proto) && is_file_asked(query, proto, index);
			int fd = asked ? lines_open(proc_net_fd, proto_table[proto].file[index], &(struct error){ 0 })
			               : -1;
			files->fd[proto][index] = fd >= 0 ? fd : asked ? -errno : -ENOENT;
		}
}

void source_files_close(struct source_files *files)
{
	for (size_t i = 0; files->open && i < PROTO_COUNT; i++)
		for (size_t index = 0; index < 2; index++)
			if (files->fd[i][index] >= 0)
				close(files->fd[i][index]);
	files->open = false;
}

int source_file_open(const struct source_files *files, int proc_net_fd, enum proto proto, unsigned index,
                     struct error *error)
{
	const char *name = proto_table[proto].file[index];
	if (!files || !files->open)
		return lines_open(proc_net_fd, name, error);
	int fd = files->fd[proto][index];
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	return error_set(error, fd < 0 ? -fd : errno, "open /proc/net/", name);
}

void source_file_close(const struct source_files *files, int fd)
{
	if (!files || !files->open)
		close(fd);
}

/* 0, also if there is no such file; -1 with error; or the sink's answer. */
static int source_file_read(int proc_net_fd, const struct procnet_file *file, unsigned index, unsigned *read,
                            unsigned *missing)
{
	const struct source_files *files = file->request->files;
	int fd = source_file_open(files, proc_net_fd, file->proto, index, file->error);
	if (fd < 0 && file->error->number != ENOENT)
		return -1;
	*(fd < 0 ? missing : read) |= PROTO_BIT(file->proto);
	if (fd < 0)
		return 0;
	file->report->requests++;
	int answer = family_of(file->proto)->read_file(fd, file);
	source_file_close(files, fd);
	return answer;
}

/*
 * A missing file is a protocol that this kernel lacks, or a module that is not
 * loaded and so has no sockets. Without the IPv6 one alone nothing is amiss.
 */
int source_proc(int proc_net_fd, const struct source_request *request, struct report *report, struct error *error)
{
	const struct query *query = request->query;
	unsigned missing = 0, read = 0;
	FOR_EACH_PROTO (proto, query->protos) {
		const struct proto_info *info = &proto_table[proto];
		bool inet = info->domain == AF_INET;
		for (unsigned six = 0; six <= inet; six++) {
			struct procnet_file file = {
				.proto = proto,
				.family = six ? AF_INET6 : info->domain,
				.name = info->file[six],
				.request = request,
				.report = report,
				.error = error,
			};
			if (!file.name)
				missing |= PROTO_BIT(proto);
			if (!is_file_asked(query, proto, six))
				continue;
			if (procnet_is_late(request, report))
				break;
			int answer = source_file_read(proc_net_fd, &file, six, &read, &missing);
			if (answer)
				return answer;
		}
	}
	report->from_proc |= read;
	/* Backlogs, and sockets that are bound and nothing more; what -I, -ee and -m show. */
	FOR_EACH_PROTO (proto, read & protos_with(PROTO_CONNECTIONS))
		report->proc_lacks |= (query->states[proto] & (STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND))) != 0;
	report->proc_lacks |= read && query->want & (WANT_INFO | WANT_TCP_INFO | WANT_EXTRA | WANT_SKMEM);
	report->unavailable = (report->unavailable | missing) & ~read;
	return 0;
}
