// SPDX-License-Identifier: MIT
/*
 * health.h - which sockets are sick: rules over two looks, and what they found.
 *
 *   first look:   health_see() each row        second look: health_see(), health_judge() each row
 *   then          health_totals() -> health_settle()
 *                 -> the caller finds the owners of the kept rows -> health_find()
 *
 * Listeners are all kept: how many half-open connections they have is known
 * once the look is over.
 *
 * What a rule takes for sick, why and where its threshold is from: health_rules.c.
 */
#ifndef SOCKVIEW_HEALTH_H
#define SOCKVIEW_HEALTH_H

#include <sockview/column_source.h>
#include <sockview/host_numbers.h>
#include <sockview/out.h>
#include <sockview/owner.h>

#define HEALTH_PROBLEM_MAX 256

struct health;

/* Details that the rules read: enum want, enum process_detail. */
#define HEALTH_WANT    (WANT_TIMER | WANT_SKMEM | WANT_TCP_INFO)
#define HEALTH_DETAILS (PROCESS_NAME | PROCESS_CGROUP)

/* NULL with errno ENOMEM. */
struct health *health_new(void);
void health_free(struct health *health);
/* "KEY=VALUE". 0, or -1 with the problem. */
int health_threshold(struct health *health, const char *word, char problem[HEALTH_PROBLEM_MAX]);

/* A look begins. */
void health_look(struct health *health, int64_t now_ns);
/* A row of either look. 0, or -1 with errno ENOMEM. */
int health_see(struct health *health, const struct sock *sock);
/*
 * A row of the second look that the filter chose. 1: the row is to be kept, and
 * `kept` is the place it will have in the caller's table; 0: not; -1 with errno ENOMEM.
 */
int health_judge(struct health *health, const struct column_context *context, const struct sock *sock, size_t kept);
/*
 * After the second look: what is true of all rows together, of the host's
 * numbers, and of each namespace's counters of /proc/net/netstat in both looks. Rows whose
 * owners are wanted besides go to the sink, which adds them to the table.
 */
struct health_netns {
	uint64_t time_wait_overflow, cookies; /* gained between the looks; 0 where it could not be read */
	bool cookies_always;                  /* net.ipv4.tcp_syncookies: whether the queue is full or not */
	double ephemeral_room;                /* ports of the range that are not reserved; 0: not known */
};
struct health_host {
	const struct host_numbers *numbers;
	bool initial;                     /* network namespace: orphans and memory are then more than information */
	const struct health_netns *netns; /* by the rows' index of the namespace */
	size_t netns_count;
};
int health_totals(struct health *health, const struct health_host *host, const struct table *table, sock_sink *sink,
                  void *context);
/* Behind health_totals(): a rule of the firewall, for certain, lets nothing from elsewhere come to the row. 0, or -1. */
int health_unreachable(struct health *health, size_t row, const char *state, const char *rule);
/* Keeps only the rows that there are hits of: no other row's owner is looked for. 0, or -1 with errno ENOMEM. */
int health_settle(struct health *health, struct table *table);
/*
 * Findings of the kept rows that are wanted now that their owners are known,
 * worst first. 0, or -1 with errno ENOMEM.
 */
int health_find(struct health *health, const struct column_context *context, const struct table *table,
                bool (*wanted)(void *wanting, const struct sock *sock), void *wanting);

/* 0, or -1 with errno ENOMEM. */
int health_text(const struct health *health, struct out *out);
int health_json(const struct health *health, struct out *out);
int health_metrics(const struct health *health, struct out *out);
/* True if a finding is of a socket whose owner is not known. */
bool health_lacks_owner(const struct health *health);
/* True if a finding is worse than information. */
bool health_is_sick(const struct health *health);

#endif
