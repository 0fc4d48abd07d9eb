// SPDX-License-Identifier: MIT
/* summary.h - the totals of --summary, which three formats print: see summary.c. */
#ifndef SOCKVIEW_FORMAT_SUMMARY_H
#define SOCKVIEW_FORMAT_SUMMARY_H

#include <sockview/format.h>
#include <sockview/groups.h>
#include <sockview/host_numbers.h>

struct summary_listener {
	struct row row;
	uint64_t accept_queue, backlog, drops;
	bool has_queue, has_drops;
	const struct process *process;   /* the first owner; NULL: none is known. Set by summary_settle() */
	char address[ADDR_TEXT_MAX + 1]; /* the same */
};

/* So many connections to the same host as this one. */
struct summary_host {
	struct row row;
	uint64_t count;
};

/* The hosts by their addresses: open addressing. */
struct summary_hosts {
	struct summary_host *host;
	size_t count, capacity;
	uint32_t *slot; /* index + 1; 0: empty */
	size_t slots;   /* a power of two, or 0 */
};

/* Groups with their columns: COUNT and the keys. */
struct summary_list {
	struct groups *groups;
	struct column_list columns;
};

struct summary {
	uint64_t count[ROW_ORDERS][STATE_COUNT];
	uint64_t reason[REASON_COUNT]; /* of the sockets without an owner */
	uint64_t sockets, unowned;
	struct summary_listener *listener;
	size_t listeners, listener_capacity;
	struct summary_hosts host;
	uint64_t *process;                   /* by index of the owners' processes: how many sockets it has */
	struct summary_list hosts, programs; /* filled by summary_settle() */
	struct summary_list toward;          /* of openmetrics: connections from one address to one destination */
	bool metrics;
};

/* Of a format: its state is a struct summary. */
int summary_begin(void *summary, const struct view *view, struct out *out);
int summary_row(void *summary, const struct view *view, struct out *out, const struct sock *sock);
void summary_free(struct summary *summary);
/* Everything in order, the fullest accept queues and the largest groups first. 0, or -1 with errno ENOMEM. */
int summary_settle(struct summary *summary, const struct view *view);

/* What a row's place in the order is of: its protocol, and the name of its family. */
struct summary_kind {
	enum proto proto;
	const char *name, *family;
};
struct summary_kind summary_kind(unsigned order);
/* What the state is called; NULL if there is none of that number. */
const char *summary_state(enum proto proto, unsigned state);
/* Of a list: how many it has of `room` at most; the count and the first key of one. */
size_t summary_list_len(const struct summary_list *list, const struct view *view, size_t room);
uint64_t summary_list_at(struct summary_list *list, const struct view *view, size_t index, struct value *value,
                         struct column_source *source);
/* The program that holds the listener; data NULL: not known. */
struct bytes summary_program(const struct summary_listener *listener, const struct view *view);
/* True, with the number, if the kernel told it of what is summed up. */
bool summary_host_number(const struct view *view, enum host_number which, uint64_t *number);

#endif
