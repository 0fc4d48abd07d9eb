// SPDX-License-Identifier: MIT
/* source_proc.c - sockets from the text tables of /proc/net: which files, in which order (source.h). */
#include "collect/lines.h"
#include <sockview/source.h>

#include <errno.h>
#include <unistd.h>

#include "collect/family.h"

/* 0, also if there is no such file; -1 with error; or the sink's answer. */
static int source_file_read(int proc_net_fd, const struct procnet_file *file, unsigned *read, unsigned *missing)
{
	int fd = lines_open(proc_net_fd, file->name, file->error);
	if (fd < 0 && file->error->number != ENOENT)
		return -1;
	*(fd < 0 ? missing : read) |= PROTO_BIT(file->proto);
	if (fd < 0)
		return 0;
	file->report->requests++;
	int answer = family_of(file->proto)->read_file(fd, file);
	close(fd);
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
			bool asked = proto_has(proto, PROTO_FILES_OF_BOTH) || (six ? query->inet6 : query->inet);
			if (!file.name || (inet && !asked))
				continue;
			if (procnet_is_late(request, report))
				break;
			int answer = source_file_read(proc_net_fd, &file, &read, &missing);
			if (answer)
				return answer;
		}
	}
	report->from_proc |= read;
	/* Backlogs, and sockets that are bound and nothing more; what -I, -ee and -m show. */
	FOR_EACH_PROTO (proto, read & protos_with(PROTO_CONNECTIONS))
		report->proc_lacks |= (query->states[proto] & (STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND))) != 0;
	report->proc_lacks |= read && query->want & (WANT_INFO | WANT_EXTRA | WANT_SKMEM);
	report->unavailable = (report->unavailable | missing) & ~read;
	return 0;
}
