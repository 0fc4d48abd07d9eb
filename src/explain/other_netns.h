/* other_netns.h - who listens on a port in the other network namespaces of this host. */
#ifndef SOCKVIEW_EXPLAIN_OTHER_NETNS_H
#define SOCKVIEW_EXPLAIN_OTHER_NETNS_H

#include <sockview/row.h>

/* A network namespace that is not ours; a row found there has its index + 1 as its netns. */
struct place {
	uint64_t inode;
	int32_t pid; /* a process in it */
};

struct elsewhere {
	unsigned hidden;   /* processes whose namespace could not be read */
	unsigned cut;      /* files with more lines than are read */
	unsigned left_out; /* namespaces beyond the limit, not looked into */
	struct place *place;
	size_t places, capacity;
};

/* 0, or -1 with errno ENOMEM. Rows are added to the table. elsewhere_free() after both. */
int elsewhere_find(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table);
void elsewhere_free(struct elsewhere *elsewhere);

#endif
