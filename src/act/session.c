// SPDX-License-Identifier: MIT
/* session.c - by which connection the caller came to this machine (sockview/act.h). */
#include <sockview/act.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/stat_line.h>

static bool session_addr(const char *text, union addr *addr)
{
	struct in6_addr six;
	struct in_addr four;
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &four) == 1) {
		memcpy(addr->byte, &four, sizeof(four));
		return true;
	}
	if (inet_pton(AF_INET6, text, &six) != 1)
		return false;
	memcpy(addr->byte, &six, sizeof(six));
	if (addr_is_mapped(addr))
		*addr = addr_unmapped(addr);
	return true;
}

static void session_ssh(struct session *session, const char *text)
{
	char remote[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];
	unsigned remote_port, local_port;
	if (sscanf(text, "%45s %5u %45s %5u", remote, &remote_port, local, &local_port) != 4)
		return;
	if (remote_port > UINT16_MAX || local_port > UINT16_MAX)
		return;
	/* A link-local address has its zone behind it. */
	remote[strcspn(remote, "%")] = local[strcspn(local, "%")] = '\0';
	session->remote_port = (uint16_t)remote_port;
	session->local_port = (uint16_t)local_port;
	session->known = session_addr(remote, &session->remote) && session_addr(local, &session->local);
}

/* Its connections are those by which people come. */
static bool session_serves_logins(const char *comm)
{
	static const char *const names[] = { "sshd", "dropbear", "in.telnetd", "telnetd", "in.rlogind" };
	for (size_t i = 0; i < countof(names); i++)
		if (strncmp(comm, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

void session_read(struct session *session, const char *ssh_connection, int proc_fd)
{
	struct stat_line line;
	*session = (struct session){ 0 };
	if (ssh_connection)
		session_ssh(session, ssh_connection);
	int32_t pid = proc_fd >= 0 ? getpid() : 0;
	while (pid > 1 && session->ancestors < countof(session->ancestor)) {
		session->ancestor[session->ancestors++] = pid;
		pid = stat_line_read(proc_fd, pid, &line) ? line.parent : 0;
	}
}

bool session_has_pid(const struct session *session, int32_t pid)
{
	for (size_t i = 0; i < session->ancestors; i++)
		if (session->ancestor[i] == pid)
			return true;
	return false;
}

static bool session_end_is(const struct row *row, bool local, const union addr *addr, uint16_t port)
{
	const union addr *own = local ? &row->local : &row->remote;
	bool mapped = row->flags & (local ? ROW_LOCAL_MAPPED : ROW_REMOTE_MAPPED);
	union addr plain = mapped ? addr_unmapped(own) : *own;
	return (local ? row->local_port : row->remote_port) == port && memcmp(&plain, addr, sizeof(plain)) == 0;
}

bool session_is(const struct session *session, const struct row *row, const struct owners *owners)
{
	if (row->proto != PROTO_TCP || row->state == STATE_LISTEN || !row->remote_port)
		return false;
	if (session->known && session_end_is(row, true, &session->local, session->local_port) &&
	    session_end_is(row, false, &session->remote, session->remote_port))
		return true;
	struct owner_span span = owners_of(owners, row);
	for (size_t i = 0; i < span.count; i++) {
		const struct process *process = &owners->process[span.first[i].process];
		if (session_has_pid(session, process->pid) && owners->strings &&
		    session_serves_logins(owners->strings + process->comm.offset))
			return true;
	}
	return false;
}
