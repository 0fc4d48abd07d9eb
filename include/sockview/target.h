// SPDX-License-Identifier: MIT
/*
 * target.h - what people type for a port, an address or a process, as data.
 *
 *   8080  :8080  :8000-8100  :80,443  :https  http  *:80  192.0.2.7  10.0.0.0/8
 *   127.0.0.1:8080  localhost:8080  [::1]:631  :::8080  ::1:3000  fe80::1%lo:80
 *   127.0.0.1.8080  tcp:8080  8080/tcp  tcp/8080  tcp6:80  http://[::1]:8080/x  pid:812
 *
 * A bare target of FILTER is read by the same functions (select/bare_target.c);
 * here `::1:3000` is always port 3000 of ::1.
 */
#ifndef SOCKVIEW_TARGET_H
#define SOCKVIEW_TARGET_H

#include <sockview/expr.h>
#include <sockview/filter_types.h>
#include <sockview/lookup.h>

enum typed_kind {
	TYPED_PLACE, /* protocols, addresses and ports, or some of them */
	TYPED_PID,   /* pid:N */
	TYPED_WORD,  /* one word that names no port: a program's name, a state, a host; the error says what it is not */
};

struct typed_address {
	union addr addr;
	uint8_t family;     /* AF_INET, AF_INET6 */
	uint8_t prefix_len; /* bits: 32 or 128 unless a length was typed */
};

#define TYPED_ADDRESSES_MAX 64

struct typed_target {
	enum typed_kind kind;
	unsigned protos;         /* PROTO_BIT()s that were typed; 0: none */
	unsigned service_protos; /* the ports are one service's name: the protocols that have it; 0: they are numbers */
	int family;              /* of `tcp6:`, or AF_UNSPEC */
	uint32_t ifindex;        /* of %ZONE; 0: none */
	uint32_t pid;
	size_t address_count; /* 0: none was typed, or `*`; several: those of a host's name */
	struct typed_address address[TYPED_ADDRESSES_MAX];
	size_t port_count;       /* 0: none was typed */
	struct expr_range *port; /* sorted, apart from each other by one at least */
};

/*
 * `family` is what a host's name is looked up for: AF_UNSPEC, AF_INET or
 * AF_INET6. 0, or -1 with error. typed_target_free() after both. With
 * TYPED_WORD the error is worded too: for a caller that wants no word.
 */
int typed_target_read(struct typed_target *target, const char *text, size_t len, const struct lookup *names, int family,
                      struct filter_error *error);
void typed_target_free(struct typed_target *target);
/* "db:5432" of a host that is not known, or not known yet: the length of its name before the colon. */
bool typed_host_and_port(const char *text, size_t len, uint16_t *port, size_t *host_len);

#endif
