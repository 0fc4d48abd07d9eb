/* proto.h - what protocols and states are called. One table each; see proto.c. */
#ifndef SOCKVIEW_PROTO_H
#define SOCKVIEW_PROTO_H

#include <sockview/row.h>

/* "tcp", "udp", "udplite", "raw", "unix": the words of -A, of JSON and of filters. */
const char *proto_name(enum proto proto);
/* netstat's first field: "tcp6", "udpl" ... */
const char *proto_netstat_name(enum proto proto, int family);
/* PROTO_COUNT if there is none. Any case. */
enum proto proto_by_name(const char *name, size_t len);
/* The IP protocol number: 6, 17, 136; 255 for raw, 0 for unix. */
int proto_ip_number(enum proto proto);
/* The protocol's word in /etc/services ("tcp", "udp", "udp" for udplite), NULL for none. */
const char *proto_service_word(enum proto proto);

/* netstat's words: "ESTABLISHED", "FIN_WAIT1", "LISTEN", "BOUND"; "" if unknown. */
const char *state_name(enum state state);
/*
 * A mask of states by any name netstat or ss has for one or a group of them
 * (`estab`, `fin-wait-1`, `all`, `connected`, `synchronized`, `bucket`,
 * `big`), any case, `-` or `_`. 0 if there is none of that name.
 */
uint32_t state_mask_by_name(const char *name, size_t len);
/* The names above, for messages and completions: NULL after the last. */
const char *state_name_listed(size_t index);

#endif
