// SPDX-License-Identifier: MIT
/*
 * netlink_script.h - a wire that plays a script, and messages to put into it.
 *
 * Steps are datagrams or errnos, given one a receive; what is sent is counted.
 */
#ifndef NETLINK_SCRIPT_H
#define NETLINK_SCRIPT_H

#include <errno.h>
#include <linux/inet_diag.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <sockview/wire.h>

enum { SCRIPT_STEPS = 256, SCRIPT_BYTES = 16384 };

struct script_step {
	int number; /* not 0: receive fails with this errno */
	size_t len;
	char bytes[SCRIPT_BYTES];
};

struct script {
	struct wire wire;
	struct script_step step[SCRIPT_STEPS];
	size_t steps, next;
	unsigned sent;
	uint32_t seq; /* of the last request: answers carry it */
};

static int script_send(struct wire *wire, const void *request, size_t len)
{
	struct script *script = (struct script *)wire;
	const struct nlmsghdr *head = request;
	(void)len;
	script->seq = head->nlmsg_seq;
	script->sent++;
	return 0;
}

/* Messages are written with sequence number 0 and get the request's here. */
static void script_stamp(struct script *script, char *bytes, size_t len)
{
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= len;) {
		struct nlmsghdr *head = (struct nlmsghdr *)(bytes + at);
		if (!head->nlmsg_seq)
			head->nlmsg_seq = script->seq;
		if (head->nlmsg_len < sizeof(*head) || head->nlmsg_len > len - at)
			return;
		at += NLMSG_ALIGN(head->nlmsg_len);
	}
}

static ssize_t script_receive(struct wire *wire, void *buffer, size_t len)
{
	struct script *script = (struct script *)wire;
	if (script->next == script->steps) {
		errno = EAGAIN;
		return -1;
	}
	struct script_step *step = &script->step[script->next++];
	if (step->number) {
		errno = step->number;
		return -1;
	}
	size_t give = step->len < len ? step->len : len;
	memcpy(buffer, step->bytes, give);
	script_stamp(script, buffer, give);
	return (ssize_t)give;
}

static void script_close(struct wire *wire)
{
	(void)wire;
}

static inline void script_init(struct script *script)
{
	memset(script, 0, sizeof(*script));
	script->wire = (struct wire){ .send = script_send, .receive = script_receive, .close = script_close };
}

static inline struct script_step *script_step(struct script *script)
{
	return &script->step[script->steps++];
}

static inline void script_errno(struct script *script, int number)
{
	script_step(script)->number = number;
}

/* Appends a message to a datagram. */
static inline void script_put(struct script_step *step, uint16_t type, uint16_t flags, const void *payload, size_t len)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(sizeof(head) + len),
		.nlmsg_type = type,
		.nlmsg_flags = flags,
	};
	memcpy(step->bytes + step->len, &head, sizeof(head));
	memcpy(step->bytes + step->len + sizeof(head), payload, len);
	step->len += NLMSG_ALIGN(sizeof(head) + len);
}

/* A TCP answer whose local port tells which it is. */
static inline void script_put_socket(struct script_step *step, uint8_t family, uint16_t port, uint16_t flags)
{
	struct inet_diag_msg msg = { .idiag_family = family, .idiag_state = 1, .idiag_inode = port };
	msg.id.idiag_sport = htons(port);
	msg.id.idiag_dport = 0x5000; /* 80 */
	script_put(step, SOCK_DIAG_BY_FAMILY, (uint16_t)(NLM_F_MULTI | flags), &msg, sizeof(msg));
}

static inline void script_put_done(struct script_step *step, int32_t number, uint16_t flags)
{
	script_put(step, NLMSG_DONE, (uint16_t)(NLM_F_MULTI | flags), &number, sizeof(number));
}

static inline void script_put_error(struct script_step *step, int32_t number)
{
	struct nlmsgerr body = { .error = number };
	script_put(step, NLMSG_ERROR, 0, &body, sizeof(body));
}

#endif
