// SPDX-License-Identifier: MIT
/*
 * netns.h - the network namespaces of this host: found, entered one after the other, and called by a name.
 *
 *   netns_list_read() -> netns_list_label() -> netns_visit()
 *
 * All of it is done with the rights that are in effect, which must be the
 * caller's own: a namespace whose processes he may not see is not listed.
 */
#ifndef SOCKVIEW_NETNS_H
#define SOCKVIEW_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sockview/text.h>

struct netns {
	uint64_t inode; /* N of "net:[N]"; 0: the caller may not be told, and only /proc/PID/net can be read */
	uint64_t mark;  /* of a file in its /proc/PID/net, tells namespaces apart and nothing more; 0: not looked at */
	int32_t pid;    /* the lowest of its processes, or of those that have a thread in it; 0: it has none */
	unsigned processes;
	char *path;                /* below the /proc that was listed: what is opened to enter it; NULL: see holder */
	int32_t holder, holder_fd; /* nothing but sockets is of it, and this process's descriptor is one; 0: not so */
	char *name;                /* of `ip netns`; NULL: it has none */
	char *mount;               /* another place where it is bound, in the words of a process that sees it; NULL */
	char *container, *container_id; /* of its lowest process, by netns_list_label(); NULL: none */
	char *label;                    /* hostile, unique in the list; by netns_list_label() */
};

enum { NETNS_MAX = UINT16_MAX }; /* indexes are kept in struct row */

/* item[0] is our own. Zero-initialised is empty; netns_list_free() frees it. */
struct netns_list {
	struct netns *item;
	size_t count, capacity;
	unsigned hidden;   /* processes whose namespace is not told, and could not be told apart */
	unsigned left_out; /* more than NETNS_MAX */
	uint32_t *order;   /* by inode: netns_list_find()'s */
	size_t ordered, found;
	unsigned not_asked; /* processes whose sockets were not asked, since there was no time left */
};

/*
 * Finds them: of processes, of threads, bound anywhere in a mount namespace of
 * a process. One that vanishes meanwhile is no error. 0, or -1 with errno.
 */
int netns_list_read(struct netns_list *list, int proc_fd);
/* Its index; list->count: there is none, or no memory to look. */
size_t netns_list_find(struct netns_list *list, uint64_t inode);
/* Adds the one that a process's descriptor is a socket of, unless it is there. 0, or -1 with errno ENOMEM. */
int netns_list_add_socket(struct netns_list *list, uint64_t inode, int32_t pid, int32_t fd);
/* Adds those that sockets of processes tell, one asked after the other: where no BPF program can. The same. */
int netns_list_ask_sockets(struct netns_list *list, int proc_fd);
/* Calls each by a name; `root_fd`: the root directory of the machine, where names of containers are; owned. */
int netns_list_label(struct netns_list *list, int proc_fd, int root_fd);
void netns_list_free(struct netns_list *list);
/* Frees what is in it. */
void netns_forget(struct netns *netns);

/*
 * As a recording names it, appended to `text`; `asked`: what follows is of it.
 * 0, or -1 with errno ENOMEM.
 */
int netns_record_put(const struct netns *netns, bool own, bool asked, struct text *text);
/* Read again: 0, or -1 with errno EBADMSG, ENOMEM. netns_forget() frees it. */
int netns_record_read(struct netns *netns, bool *own, bool *asked, const void *data, size_t len);

/*
 * Called in a thread of its own that is in namespace `index`, or could not
 * enter it for the errno `number`: ESRCH if it is gone. Anything but 0 ends the
 * visits.
 */
typedef int netns_call(void *context, size_t index, int number);
/*
 * Visits each, our own first, whose bit is set in `chosen` (an array beside the
 * items; NULL: all). The calling thread stays where it is and waits. 0; the
 * call's answer; or -1 with errno if no thread can be started.
 */
int netns_visit(const struct netns_list *list, const bool *chosen, int proc_fd, netns_call *call, void *context);

/*
 * Those that cannot be entered are read below /proc, where the kernel walks all
 * its buckets for each file: so long in all, and what is left is counted.
 */
enum { NETNS_CPU_MAX_MS = 2000 };

#endif
