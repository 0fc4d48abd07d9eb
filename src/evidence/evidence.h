/* evidence.h - the pieces of evidence_find(). */
#ifndef SOCKVIEW_EXPLAIN_EVIDENCE_H
#define SOCKVIEW_EXPLAIN_EVIDENCE_H

#include <sockview/evidence.h>

enum { EVIDENCE_ASKED_MAX = 256 };

struct evidence {
	const struct evidence_request *request;
	struct owners *owners;
	uint32_t *row; /* indexes of rows with an inode and without an owner */
	size_t rows;
};

static inline const struct row *evidence_row(const struct evidence *evidence, size_t index)
{
	return &evidence->request->table->row[evidence->row[index]];
}
/* NULL: its inode is not among the slots. */
struct owner_evidence *evidence_slot(const struct evidence *evidence, const struct row *row);

/* tunnels.c: sockets of the kernel's tunnels and servers, by what it tells of those. */
void tunnels_explain(struct evidence *evidence);
/* gone.c: sockets that are no more. */
void gone_explain(struct evidence *evidence);
/* flight.c: descriptors in messages and rings. 0, or -1 with errno ENOMEM. */
int flight_explain(struct evidence *evidence);
/* "scm_fds:\t2" of /proc/PID/fdinfo/FD: how many descriptors wait in that socket's queue. */
unsigned flight_scm_fds(const char *text, size_t len);
/* The next "socket:[N]" at or behind *at, which moves behind it; 0: none. */
uint32_t flight_next_socket(const char **at, const char *end);

#endif
