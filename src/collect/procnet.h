// SPDX-License-Identifier: MIT
/*
 * procnet.h - the text tables of /proc/net, for source_proc() and, where
 * unix_diag tells too little, for the netlink source.
 */
#ifndef SOCKVIEW_COLLECT_PROCNET_H
#define SOCKVIEW_COLLECT_PROCNET_H

#include <sockview/cpu_time.h>
#include <sockview/netns.h>
#include <sockview/query.h>
#include <sockview/source.h>

/* File `index` of the protocol to read, from its beginning: its fd, or -1 with error (number ENOENT: there is none). */
int source_file_open(const struct source_files *files, int proc_net_fd, enum proto proto, unsigned index,
                     struct error *error);
void source_file_close(const struct source_files *files, int fd);

/* The sockets of the request from the text files of `proc_net_fd`. 0; -1 with error; or the sink's answer. */
int source_proc(int proc_net_fd, const struct source_request *request, struct report *report, struct error *error);

/* The longest sun_path (unix(7)). */
#define PROCNET_PATH_MAX 108

/* One of the files while it is read for source_proc(). */
struct procnet_file {
	enum proto proto;
	int family;
	const char *name;
	const struct source_request *request;
	struct report *report;
	struct error *error;
};

/* The time that the request allows is over, which is noted. */
static inline bool procnet_is_late(const struct source_request *request, struct report *report)
{
	bool late = request->cpu_end_ms && cpu_time_ms() >= request->cpu_end_ms;
	report->out_of_time |= late;
	return late;
}

/* Counts the socket and passes it on if the query asks for it; what the sink returns. */
static inline int procnet_give(const struct procnet_file *file, const struct sock *sock)
{
	file->report->received++;
	return query_matches(file->request->query, &sock->row) ? file->request->sink(file->request->context, sock) : 0;
}

/* All of the open file to procnet_give(). 0; -1 with error; or the sink's answer. */
int procnet_inet_read(int fd, const struct procnet_file *file);
int procnet_unix_read(int fd, const struct procnet_file *file);
int procnet_packet_read(int fd, const struct procnet_file *file);
int procnet_netlink_read(int fd, const struct procnet_file *file);
int procnet_sctp_read(int fd, const struct procnet_file *file);

/* One line of packet, of netlink; false if the kernel writes no such line. */
bool procnet_packet_parse(const char *text, size_t len, struct row *row, struct sock_detail *detail);
bool procnet_netlink_parse(const char *text, size_t len, struct row *row, struct sock_detail *detail);

/* One line of sctp/eps or, for an association, sctp/assocs. */
bool procnet_sctp_parse(const char *text, size_t len, bool association, struct row *row, struct sock_detail *detail);
/* A state of an association, below SCTP_STATES, as what is nearest in TCP: family_sctp.c. */
enum state sctp_row_state(unsigned state);

/* Of a netlink socket with the port id `port`: family_netlink.c. */
void row_set_netlink(struct row *row, struct sock_detail *detail, unsigned protocol, uint32_t port);

/* One line of unix; `path` points into it, as it is written ('@' for NUL), and is NULL if there is none. */
bool procnet_unix_parse(const char *text, size_t len, struct row *row, struct sock_unix *unix_, struct bytes *path);

/*
 * A unix socket of the file. `path` is made from what is written: '@' in front
 * is a NUL again, as abstract names are far more frequent than files of that
 * name; which of the two it is, and NULs further behind, the file does not tell.
 *
 * Names are written raw, newlines included. A line that no kernel writes, and
 * that a path before it had room for, is the rest of that path. A line as the
 * kernel writes them counts as a socket of its own, but `certain` is false if
 * the path before had room for it: the name of that socket may contain the
 * line.
 */
typedef int procnet_unix_sink(void *context, const struct sock *sock, bool certain);
/* 0; -1 with error; or the sink's answer. */
int procnet_unix_each(int fd, procnet_unix_sink *sink, void *context, struct report *report, struct error *error);

/* What unix_diag leaves out: reference counts, and the sockets that have no inode yet. */
struct procnet_unix {
	struct procnet_refcnt *refcnt; /* by ascending inode, once read */
	size_t count, capacity;
	struct table certain;   /* sockets without an inode: not accepted yet */
	struct table uncertain; /* the same, but each may be invented by a name with a newline in it */
};

/* Zero-initialises and fills. 0, or -1 with error; procnet_unix_free() in either case. */
int procnet_unix_load(struct procnet_unix *unix_, const struct source_files *files, int proc_net_fd,
                      struct report *report, struct error *error);
/* False if the file does not tell, or tells two different things. */
bool procnet_unix_refcnt(const struct procnet_unix *unix_, uint32_t inode, uint32_t *refcnt);
void procnet_unix_free(struct procnet_unix *unix_);

#endif
