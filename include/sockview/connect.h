// SPDX-License-Identifier: MIT
/*
 * connect.h - --connect: would a connection from here reach a target, and if not, why?
 *
 *   connect_new() -> connect_query(), connect_wants() -> connect_judge() -> connect_text(), connect_json()
 */
#ifndef SOCKVIEW_CONNECT_H
#define SOCKVIEW_CONNECT_H

#include <sockview/connect_types.h>
#include <sockview/out.h>

struct connect;

/*
 * Reads the target, looks its name up, and asks for the routes. NULL with a line
 * for the user in `problem`: wrong usage; or with errno, the problem "".
 */
struct connect *connect_new(const struct connect_options *options, char problem[CONNECT_PROBLEM_MAX]);
void connect_free(struct connect *connect);

/* The sockets that the answer is found in. */
void connect_query(const struct connect *connect, struct query *query);
/* Counts the socket; true if its row is to be kept. */
bool connect_wants(struct connect *connect, const struct row *row);
/* The port whose listeners in other network namespaces are of interest; false if none is. */
bool connect_looks_elsewhere(const struct connect *connect, enum proto *proto, uint16_t *port);

/* Reads the rules with the rights that are in effect, judges, and makes the connection of the probe. 0, or -1 with errno. */
int connect_judge(struct connect *connect, const struct connect_facts *facts);
enum connect_verdict connect_verdict(const struct connect *connect);
void connect_text(const struct connect *connect, struct out *out);
void connect_json(const struct connect *connect, struct out *out);

#endif
