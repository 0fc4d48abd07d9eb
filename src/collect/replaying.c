// SPDX-License-Identifier: MIT
/*
 * replaying.c - a recording read once from beginning to end (replaying.h).
 *
 * There are no requests of ours: those recorded in it say what the answers
 * behind them are of.
 */
#include "collect/replaying.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include <sockview/descriptor_record.h>

#include "collect/answers.h"
#include "collect/recorded.h"

struct replaying {
	struct answers answers;
	const struct source_request *want;
	struct report *report;
	bool open;              /* messages have come and no end yet */
	unsigned unread;        /* processes whose descriptors could not be read, where descriptors told the dump */
	unsigned refused, told; /* PROTO_BIT()s of dumps without an answer, of those with one */
	struct recorded recorded;
};

static void note_origin(struct replaying *self, const void *payload, size_t len)
{
	char *origin = self->answers.exchange.wire->origin;
	len = len < WIRE_ORIGIN_MAX ? len : WIRE_ORIGIN_MAX;
	memcpy(origin, payload, len);
	origin[len] = '\0';
}

/* The protocol of the sockets looked for among descriptors, and how many processes were left out. */
static void descriptors_note(struct replaying *self)
{
	struct report *report = self->report;
	unsigned proto = PROTO_BIT(self->answers.request.proto) & self->want->query->protos;
	report->from_descriptors |= proto;
	report->bound_untold |= proto == PROTO_BIT(PROTO_TCP);
	if (proto == PROTO_BIT(PROTO_TCP))
		report->bound_unread += self->unread;
	else if (proto)
		report->held_unread += self->unread;
	self->unread = 0;
}

/* tcp6 waits for the end of tcp; a replay tells that only by going on to something else. */
static int on_request(struct replaying *self, const struct request *next)
{
	int answer = 0;
	if (self->answers.holding && next->proto != self->answers.request.proto) {
		answer = answers_give_held(&self->answers);
		self->answers.holding = false;
	}
	self->answers.request = *next;
	answers_begin(&self->answers);
	if (self->answers.of_descriptors && !self->answers.elsewhere)
		descriptors_note(self);
	return answer;
}

/* The rows held back are of the network namespace before. */
static int on_section(struct replaying *self, const void *note, size_t len)
{
	static const char own[] = WIRE_NETNS "self ", asked[] = " asked";
	int answer = self->answers.holding ? answers_give_held(&self->answers) : 0;
	self->answers.holding = self->want->ordered;
	self->answers.request = (struct request){ .proto = PROTO_TCP, .family = AF_UNSPEC };
	answers_begin(&self->answers);
	self->open = memmem(note, strnlen(note, len), asked, sizeof(asked) - 1) != NULL;
	self->answers.elsewhere =
		!self->want->section && (len < sizeof(own) || memcmp(note, own, sizeof(own) - 1) != 0);
	if (answer || !self->want->section)
		return answer;
	self->answers.sink_answer = self->want->section(self->want->context, note, len);
	return self->answers.sink_answer ? ANSWERS_STOP : 0;
}

static bool is_section(const struct nlmsghdr *message, const void *payload, size_t len)
{
	return message->nlmsg_type == NLMSG_NOOP && len >= sizeof(WIRE_NETNS) &&
	       memcmp(payload, WIRE_NETNS, sizeof(WIRE_NETNS) - 1) == 0;
}

/* Behind a refusal the recorded kernel may have been asked in another way. */
static int on_end(struct replaying *self, int number)
{
	unsigned proto = self->want->query->protos & PROTO_BIT(self->answers.request.proto);
	self->open = self->answers.of_descriptors = false;
	if (!number) {
		self->told |= proto;
	} else if (proto && self->answers.rows) {
		self->told |= proto;
		self->report->lost++;
		self->report->cut_errno = number;
	} else {
		self->refused |= proto;
		if (proto)
			self->report->refused[self->answers.request.proto] =
				number == ENOENT || number == EOPNOTSUPP ? 0 : number;
	}
	self->answers.rows = 0;
	return 0;
}

static int on_recorded(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct replaying *self = context;
	struct request next;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
		return on_end(self, self->answers.exchange.number);
	if (is_section(message, payload, len))
		return on_section(self, payload, len);
	self->open = true;
	if (message->nlmsg_type == NLMSG_NOOP && descriptor_record_read(payload, len, &self->unread)) {
		self->answers.of_descriptors = true;
		return 0;
	}
	if (message->nlmsg_type == NLMSG_NOOP) {
		note_origin(self, payload, len);
		return 0;
	}
	if (!answers_is_diag(message))
		return exchange_malformed(&self->answers.exchange, message);
	if (!(message->nlmsg_flags & NLM_F_REQUEST)) {
		int answer = answers_take(&self->answers, message, payload, len);
		self->recorded.bound |= self->answers.decoded->sock.row.state == STATE_BOUND;
		return answer;
	}
	if (!request_read(message, message->nlmsg_len, &next))
		return exchange_malformed(&self->answers.exchange, message);
	if (!self->answers.elsewhere && !self->answers.of_descriptors)
		recorded_add(&self->recorded, self->want->query, message, &next);
	return on_request(self, &next);
}

static void replaying_report(const struct replaying *self)
{
	struct report *report = self->report;
	report->interrupted += self->answers.interrupted;
	report->lost += self->answers.lost;
	report->unavailable |= self->refused & ~self->told;
	/* Of many namespaces netns_gather.c knows what was not asked for. */
	if (self->want->section)
		return;
	report->unrecorded |= recorded_lacks(&self->recorded, self->want->query) & ~report->unavailable;
	report->unrecorded_said = self->recorded.requests;
	report->bound_recorded = self->recorded.bound;
}

int replaying_read(struct wire *wire, const struct source_request *request, struct report *report, struct error *error)
{
	struct replaying replaying = { .want = request,
		                       .report = report,
		                       .open = true /* an empty file is a cut-off one */ };
	struct answers *answers = &replaying.answers;
	if (answers_start(answers, wire, request, report, error) < 0)
		return -1;
	/* `ss -D` writes no requests, and dumps TCP alone. */
	answers->request = (struct request){ .proto = PROTO_TCP, .family = AF_UNSPEC };
	answers->holding = request->ordered;
	enum dump_end end = answers_end(answers, exchange_replay(&answers->exchange, on_recorded, &replaying));
	if (end == DUMP_DONE && replaying.open) {
		answers_fail(answers, ENODATA, "read the recording to its end", wire->offset);
		end = DUMP_FAILED;
	}
	if (end == DUMP_DONE && answers_give_held(answers))
		end = DUMP_STOPPED;
	replaying_report(&replaying);
	answers_close(answers);
	if (end == DUMP_STOPPED)
		return answers->sink_answer;
	return end == DUMP_DONE ? 0 : -1;
}
