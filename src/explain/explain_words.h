// SPDX-License-Identifier: MIT
/* explain_words.h - the pieces that sentences are made of. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_WORDS_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_WORDS_H

#include <net/if.h>

#include <sockview/cgroup.h>

#include "explain/inquiry.h"

/* Of a device: a sign, and each byte of the name as an escape. */
enum { WORDS_DEVICE_MAX = 1 + 4 * IF_NAMESIZE + 1 };
enum { WORDS_ADDR_MAX = 160, WORDS_NAME_MAX = 256, WORDS_SPAN_MAX = 32, WORDS_PROCESS_MAX = WORDS_NAME_MAX + 32 };
enum {
	WORDS_FLIGHT_MAX = WORDS_PROCESS_MAX + 64,

	WORDS_UNSEEN_MAX = OWNER_DENIED_NAMED * (WORDS_PROCESS_MAX + 2) + 4
};

/* Adds a sentence unless it stands there already. 0, or -1 with errno ENOMEM. */
int sentence_add(struct explain *explain, enum sentence_kind kind, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The io_uring or the unix socket in which the holder's socket is, or may be; NULL: not known. */
const struct owner_evidence *words_flight(const struct explain *explain, const struct holder *holder,
                                          char text[WORDS_FLIGHT_MAX]);
/* Why processes could not be looked into: what is true for who asks. */
const char *words_denied(const struct explain *explain);
/* " (nginx (pid 812), sh (pid 7))", those that could not be looked into; "" if they are many, or have no names. */
void words_unseen(const struct explain *explain, char text[WORDS_UNSEEN_MAX]);

/* "0.0.0.0:80", "[::1]:80", "[fe80::1%eth0]:80". */
void words_endpoint(const struct explain *explain, char text[WORDS_ADDR_MAX], int family, const union addr *addr,
                    uint16_t port, uint32_t ifindex);
/* Without a port: "0.0.0.0", "[::]". */
void words_addr(char text[WORDS_ADDR_MAX], int family, const union addr *addr);
/* Escaped; cut visibly if it is long. */
void words_bytes(char text[WORDS_NAME_MAX], struct bytes bytes, enum text_escape how);
/* "root", or the number. */
void words_user(const struct explain *explain, char text[WORDS_NAME_MAX], uint32_t uid);
/* The program's name, or that it is not known. */
void words_program(const struct explain *explain, char text[WORDS_NAME_MAX], const struct process *process);
/* "nginx (pid 812)". */
void words_process(const struct explain *explain, char text[WORDS_PROCESS_MAX], const struct process *process);
/* ", docker 0123456789ab", ", nginx.service", or "". */
void words_home(const struct explain *explain, char text[WORDS_PROCESS_MAX], const struct process *process);
/* Escaped; an id of 64 digits is cut to the 12 that docker and podman print. */
void words_container_id(char text[WORDS_NAME_MAX], const struct container *container);
/* The arguments of a command line with blanks between them; the length. Not escaped. */
size_t words_command(char *to, size_t size, struct bytes cmdline);
/* "42 s", "2 h 13 min", "3 days". */
void words_span(char text[WORDS_SPAN_MAX], uint64_t seconds);
/* "EADDRINUSE". */
const char *words_errno(int number);

/* True if the process's program is of that name. */
bool process_is(const struct explain *explain, const struct process *process, const char *name);
/* The process's age in seconds; false if it is not known. */
bool process_age(const struct explain *explain, const struct process *process, uint64_t *seconds);

/* Of exchange_table()'s errno (exchange.h), or E2BIG past a bound of ours. */
const char *words_unread(int number);

#endif
