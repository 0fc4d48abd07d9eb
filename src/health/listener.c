// SPDX-License-Identifier: MIT
/* listener.c - one listener, judged (listener.h). */
#include "health/listener.h"

#include <stdio.h>

/*
 * Cookies are sent while the SYN queue is full (tcp_conn_request(),
 * net/ipv4/tcp_input.c), and are counted for the namespace: if some were, one
 * look that shows the queue near its end is enough.
 */
static enum health_key syn_queue_judge(const double threshold[HEALTH_KEYS], struct health_listener *listener)
{
	const struct row *row = listener->row;
	unsigned waiting = listener->half_open, before = listener->half_open_before;
	unsigned fewer = waiting < before ? waiting : before, more = waiting < before ? before : waiting;
	unsigned counts = listener->cookies ? more : fewer;
	char sent[64] = "";
	listener->value = row->send_q ? 100.0 * counts / row->send_q : 0;
	if (listener->value < threshold[SYN_QUEUE] || more < health_rules[SYN_QUEUE].least)
		return HEALTH_KEYS;
	if (listener->cookies)
		snprintf(sent, sizeof(sent), "; %llu SYN cookies were sent meanwhile",
		         (unsigned long long)listener->cookies);
	snprintf(listener->text, sizeof(listener->text),
	         "%u connections are half open on its port (%u a look before), the backlog is %u%s", waiting, before,
	         row->send_q, sent);
	return SYN_QUEUE;
}

enum health_key listener_judge(const double threshold[HEALTH_KEYS], struct health_listener *listener)
{
	const struct row *row = listener->row;
	char refused[64] = "";
	if (row->recv_q > row->send_q) {
		if (listener->twice)
			snprintf(refused, sizeof(refused), "; %u were refused meanwhile", listener->drops);
		listener->value = row->recv_q;
		snprintf(listener->text, sizeof(listener->text),
		         "%u connections wait to be accepted, the backlog is %u%s", row->recv_q, row->send_q, refused);
		return ACCEPT_QUEUE_FULL;
	}
	if (listener->drops >= threshold[ACCEPT_QUEUE_DROPS]) {
		listener->value = listener->drops;
		snprintf(listener->text, sizeof(listener->text),
		         "%u connections were refused meanwhile; %u wait now, the backlog is %u", listener->drops,
		         row->recv_q, row->send_q);
		return ACCEPT_QUEUE_DROPS;
	}
	return syn_queue_judge(threshold, listener);
}

bool health_listener(struct health_listener *listener)
{
	double threshold[HEALTH_KEYS];
	for (size_t key = 0; key < HEALTH_KEYS; key++)
		threshold[key] = health_rules[key].threshold;
	enum health_key key = listener_judge(threshold, listener);
	if (key == HEALTH_KEYS)
		return false;
	listener->key = health_rules[key].name;
	listener->advice = health_rules[key].advice;
	return true;
}
