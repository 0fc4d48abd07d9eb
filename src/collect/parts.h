// SPDX-License-Identifier: MIT
/*
 * parts.h - one dump of very many TCP sockets, received side by side in parts by ranges of ports.
 *
 *   looked at beforehand:   [.....] the beginning of a dump, for the ports of some hundreds of rows
 *   then in its place:      [ local ports up to 32767 ]  a socket and a thread each
 *                           [ local ports from 32768  ]
 *
 * Neither port of a connection ever changes, so that each is in one part. The
 * walk of the kernel is in the order of a hash: its first rows are a sample.
 */
#ifndef SOCKVIEW_COLLECT_PARTS_H
#define SOCKVIEW_COLLECT_PARTS_H

#include "collect/request.h"

struct parts;
struct sandbox_grants;

struct parts_wish {
	unsigned wanted;               /* so many, even if it is not worth it; 1: never; 0: as it is worth */
	unsigned busy;                 /* where so many threads run besides */
	struct sandbox_grants *grants; /* struct sources */
};

/*
 * Sockets for the parts, where the dump is worth them: there are 50,000 sockets
 * and as many idle CPUs as parts. NULL: it is to be one dump.
 */
struct parts *parts_open(const struct request *request, const struct query *query, int proc_net_fd,
                         const struct parts_wish *wish);
/* Looks at the beginning of the dump, once, and cuts it. */
void parts_sample(struct parts *parts, const struct request *request, const struct query *query);
/* Into how many parts it was cut; 1: it is to be one dump. */
unsigned parts_count(const struct parts *parts);
/* The part's bytecode. Sockets without a remote port are in the first part. */
void parts_code(const struct parts *parts, unsigned part, struct bytecode *code);
/* All parts as one wire (wire_merge()), which stays the parts'. NULL: there is no memory for it. */
struct wire *parts_wire(struct parts *parts);
void parts_free(struct parts *parts);

enum { PARTS_MAX = 8, PARTS_SAMPLE = 1000 };

struct parts_cut {
	bool remote; /* by remote ports, not by local ones */
	unsigned count;
	uint16_t from[PARTS_MAX]; /* the first port of each; 0 of the first */
};

/* Cuts by the port that divides better; sorts both lists. cut->count 1: neither is worth it, and `any` is not set. */
void parts_choose(uint16_t *local, uint16_t *remote, size_t rows, unsigned wanted, bool any, struct parts_cut *cut);

#endif
