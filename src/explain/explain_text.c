// SPDX-License-Identifier: MIT
/* explain_text.c - the answer as a few plain lines: who has it and what frees it, then the details (explain.h). */
#include <sockview/explain.h>

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#include "explain/explain_head.h"
#include "explain/explain_words.h"
#include "explain/holders.h"

enum { WIDTH = 78 };

/* --- paragraphs --- */

/* Folded at blanks; a word longer than a line stays whole. `lead` begins the first line. */
static void fold(struct out *out, const char *lead, unsigned indent, const char *text)
{
	size_t column = strlen(lead);
	out_string(out, lead);
	for (bool first = true;; first = false) {
		size_t len = strcspn(text, " ");
		/* A number stays with what it counts: "60 s", "(2 x". */
		if (len && text[len] == ' ' && text[len - 1] >= '0' && text[len - 1] <= '9')
			len += 1 + strcspn(text + len + 1, " ");
		if (!first && column + 1 + len > WIDTH) {
			out_char(out, '\n');
			for (column = 0; column < indent; column++)
				out_char(out, ' ');
		} else if (!first) {
			out_char(out, ' ');
			column++;
		}
		out_bytes(out, text, len);
		column += len;
		text += len;
		if (!*text)
			break;
		text++;
	}
	out_char(out, '\n');
}

/* What the first lines have said, and what is true of every port that is taken: only with -v. */
static bool is_said_above(const struct explain *explain, const struct sentence *sentence)
{
	static const char *const keys[] = { "listener",     "socket",         "stop-unit",
		                            "stop-process", "stop-container", "until-listen" };
	bool first_why = explain->verdict == EXPLAIN_REFUSED && sentence->kind == SAY_WHY;
	for (const struct sentence *one = explain->sentence; one < sentence && first_why; one++)
		first_why = one->kind != SAY_WHY;
	if (first_why)
		return true;
	for (size_t i = 0; i < countof(keys) && !explain->options.verbose; i++)
		if (strcmp(sentence->key, keys[i]) == 0)
			return sentence->kind != SAY_ADVICE || !explain->freeing.left_out;
	return false;
}

static void fold_sentences(const struct explain *explain, struct out *out, enum sentence_kind kind, const char *title,
                           const char *lead)
{
	bool first = true;
	for (size_t i = 0; i < explain->sentences; i++) {
		if (explain->sentence[i].kind != kind || is_said_above(explain, &explain->sentence[i]))
			continue;
		if (first)
			out_string(out, title);
		first = false;
		fold(out, lead, (unsigned)strlen(lead), explain->sentence[i].text);
	}
}

/* The numbers of the refusals, a bind each: "bind() of 0.0.0.0:80 fails with EADDRINUSE (Address already in use)". */
static void print_refusals(const struct explain *explain, struct out *out)
{
	bool some = false;
	for (size_t p = 0; p < explain->plans; p++) {
		const struct planned *plan = &explain->plan[p];
		char text[256], endpoint[WORDS_ADDR_MAX];
		if (plan->left_out || !plan->number ||
		    (plan->verdict != EXPLAIN_REFUSED && !(explain->options.verbose && plan->verdict == EXPLAIN_TAKEN)))
			continue;
		words_endpoint(explain, endpoint, plan->bind.family, &plan->bind.addr, plan->bind.port,
		               plan->bind.ifindex);
		snprintf(text, sizeof(text), "%s of %s fails with %s (%s).",
		         plan->stage == PROBE_LISTEN ? "listen()" : "bind()", endpoint, words_errno(plan->number),
		         strerror(plan->number));
		if (!some)
			out_char(out, '\n');
		some = true;
		fold(out, "", 0, text);
	}
}

/* --- the sockets and their owners --- */

static void who_may_accept(const struct explain *explain, const struct crowd *crowd, char text[512])
{
	const struct owners *owners = explain->facts.owners;
	struct owner_waiting waiting;
	owners_waiting(owners, holder_row(explain, &explain->holder[crowd->first]), &waiting);
	size_t at = (size_t)snprintf(text, 512, "no process yet: it %s",
	                             waiting.count > 1 || (waiting.count && waiting.more)
	                                     ? "waits to be accepted by one of "
	                             : waiting.count ? "waits to be accepted by "
	                                             : "is not accepted");
	for (size_t i = 0; i < waiting.count && at < 512; i++) {
		char words[WORDS_PROCESS_MAX];
		words_process(explain, words, &owners->process[waiting.process[i]]);
		int len = snprintf(text + at, 512 - at, "%s%s", i ? ", " : "", words);
		at += len > 0 ? (size_t)len : 0;
	}
}

static void who_waits(const struct explain *explain, const struct crowd *crowd, char text[512])
{
	const struct holder *listener = crowd->listener == CROWD_NONE ? NULL : &explain->holder[crowd->listener];
	const struct process *process = listener ? holder_process(explain, listener) : NULL;
	char where[WORDS_ADDR_MAX], words[WORDS_PROCESS_MAX];
	if (!listener) {
		who_may_accept(explain, crowd, text);
		return;
	}
	const struct row *row = holder_row(explain, listener);
	words_endpoint(explain, where, row->family, &row->local, row->local_port, row->ifindex);
	if (!process) {
		snprintf(text, 512, "no process yet: it waits to be accepted on %s", where);
		return;
	}
	words_process(explain, words, process);
	snprintf(text, 512, "no process yet: it waits to be accepted by %s on %s", words, where);
}

static void who_is_blank(const struct explain *explain, const struct crowd *crowd, char text[512])
{
	const struct holder *holder = &explain->holder[crowd->first];
	const struct row *row = holder_row(explain, holder);
	const char *kind;
	char flight[WORDS_FLIGHT_MAX];
	bool sure;
	switch ((enum owner_reason)holder->reason) {
	case REASON_TIME_WAIT:
		snprintf(text, 512, "no process: the kernel keeps it for %u s more", (crowd->expires_ms + 999) / 1000);
		return;
	case REASON_SYN_RECV:
		snprintf(text, 512, "no process: a handshake");
		return;
	case REASON_ORPHAN:
		if (crowd->expires_ms)
			snprintf(text, 512, "no process: closed, the kernel keeps it for %u s more",
			         (crowd->expires_ms + 999) / 1000);
		else
			snprintf(text, 512, "no process: closed, the kernel still finishes the connection");
		return;
	case REASON_UNACCEPTED:
		who_waits(explain, crowd, text);
		return;
	case REASON_KERNEL:
		kind = kernel_kind_name(owners_kernel_kind(explain->facts.owners, row, &sure));
		snprintf(text, 512, "the kernel itself%s%s%s", kind ? ", for " : "", kind ? kind : "",
		         kind && !sure ? " (likely)" : "");
		return;
	case REASON_IN_FLIGHT:
		if (words_flight(explain, holder, flight)) {
			snprintf(text, 512, "no process has it open: it is in %s", flight);
			return;
		}
		snprintf(
			text, 512,
			"no process has it open: its descriptor is on its way through a unix socket, or in an io_uring");
		return;
	case REASON_OTHER_PIDNS:
		snprintf(text, 512, "a process outside the pid namespace of this /proc");
		return;
	case REASON_PERMISSION:
		if (explain->facts.owners->report.hides)
			snprintf(text, 512, "a process that /proc does not show (hidepid)");
		else
			snprintf(text, 512, "a process that may not be seen from here: %u could not be looked into",
			         explain->facts.owners->report.denied);
		return;
	case REASON_VANISHED:
		snprintf(text, 512, "its process was gone a moment later");
		return;
	case REASON_NO_PROC:
		snprintf(text, 512, "not known: there is no /proc to look into");
		return;
	case REASON_UNKNOWN:
		kind = kernel_kind_name(owners_kernel_kind(explain->facts.owners, row, &sure));
		if (words_flight(explain, holder, flight))
			snprintf(text, 512, "not known, perhaps in %s", flight);
		else
			snprintf(text, 512, "not known%s%s", kind ? ", perhaps the kernel itself for " : "",
			         kind ? kind : "");
		return;
	default:
		snprintf(text, 512, "no look at processes was taken");
	}
}

static void who_runs(const struct explain *explain, const struct process *process, char text[1024])
{
	char words[WORDS_PROCESS_MAX], user[WORDS_NAME_MAX], home[WORDS_PROCESS_MAX], span[WORDS_SPAN_MAX];
	uint64_t age;
	words_process(explain, words, process);
	size_t at = (size_t)snprintf(text, 1024, "%s", words);
	if (process->has & PROCESS_UID) {
		words_user(explain, user, process->uid);
		at += (size_t)snprintf(text + at, 1024 - at, ", user %s", user);
	}
	words_home(explain, home, process);
	at += (size_t)snprintf(text + at, 1024 - at, "%s", home);
	if (process_age(explain, process, &age)) {
		words_span(span, age);
		snprintf(text + at, 1024 - at, ", running for %s", span);
	}
}

static bool is_blamed(const struct explain *explain, const struct crowd *crowd)
{
	return crowd->in_the_way || (crowd->maybe && explain->verdict != EXPLAIN_FREE);
}

static void print_command(const struct explain *explain, struct out *out, const struct process *process)
{
	char plain[128], text[WORDS_NAME_MAX];
	size_t len = words_command(plain, sizeof(plain), owners_text(explain->facts.owners, process->cmdline));
	while (len && plain[len - 1] == ' ')
		len--;
	if (!len)
		return;
	words_bytes(text, (struct bytes){ plain, len }, TEXT_LINE);
	out_string(out, "      ");
	out_string(out, text);
	out_char(out, '\n');
}

static void print_others(const struct explain *explain, struct out *out, const struct holder *holder)
{
	const struct owners *owners = explain->facts.owners;
	struct owner_span span = owners_of(owners, holder_row(explain, holder));
	char text[256];
	size_t others = 0, at = 0;
	for (size_t i = 1; i < span.count; i++) {
		if (span.first[i].process == span.first[i - 1].process)
			continue;
		if (others++ < 6)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %d", others > 1 ? "," : "",
			                       owners->process[span.first[i].process].pid);
	}
	if (!others)
		return;
	char line[320];
	snprintf(line, sizeof(line), "and held open by %zu more process%s: pid%s%s", others, others > 1 ? "es" : "",
	         text, others > 6 ? " ..." : "");
	fold(out, "      ", 6, line);
}

/* Of several sockets that listen at one place: the processes of the others. */
static void print_workers(const struct explain *explain, struct out *out, const struct crowd *crowd)
{
	enum { NAMED_MAX = 6 };
	char pids[160] = "", line[240];
	unsigned more = 0;
	size_t at = 0;
	for (size_t i = crowd->first + 1u; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		const struct process *process = holder_process(explain, holder);
		if (&explain->crowd[holder->crowd] != crowd || !process)
			continue;
		if (more++ < NAMED_MAX)
			at += (size_t)snprintf(pids + at, sizeof(pids) - at, "%s %d", more > 1 ? "," : "",
			                       process->pid);
	}
	snprintf(line, sizeof(line), "and %u more worker%s: pid%s%s", more, more == 1 ? "" : "s", pids,
	         more > NAMED_MAX ? " ..." : "");
	if (more)
		fold(out, "      ", 6, line);
}

/* The thread that holds it, where its process's leader has gone. */
static void print_thread(const struct explain *explain, struct out *out, const struct holder *holder)
{
	struct owner_span span = owners_of(explain->facts.owners, holder_row(explain, holder));
	if (!span.count || span.first->tid == explain->facts.owners->process[span.first->process].pid)
		return;
	char line[96];
	snprintf(line, sizeof(line), "held by its thread %d alone", span.first->tid);
	fold(out, "      ", 6, line);
}

/* A process that has several sockets on the port is described once. */
static bool was_described(const struct explain *explain, const struct crowd *crowd, const struct process *process)
{
	for (const struct crowd *before = explain->crowd; before < crowd; before++)
		if (is_blamed(explain, before) == is_blamed(explain, crowd) &&
		    holder_process(explain, &explain->holder[before->first]) == process)
			return true;
	return false;
}

static void print_crowd(const struct explain *explain, struct out *out, const struct crowd *crowd, const char *tail)
{
	const struct holder *holder = &explain->holder[crowd->first];
	const struct row *row = holder_row(explain, holder);
	const struct process *process = holder_process(explain, holder);
	const char *state = proto_listens(row->proto)         ? state_name(row->state)
	                    : row->state == STATE_ESTABLISHED ? "connected"
	                                                      : "open";
	char local[WORDS_ADDR_MAX], remote[WORDS_ADDR_MAX + 8] = "", times[32] = "", who[1024], text[1400];
	words_endpoint(explain, local, row->family, &row->local, row->local_port, row->ifindex);
	if (crowd->count > 1)
		snprintf(times, sizeof(times), "%u x ", crowd->count);
	else if (row->remote_port) {
		memcpy(remote, " to ", 4);
		words_endpoint(explain, remote + 4, row->family, &row->remote, row->remote_port, 0);
	}
	bool again = process && was_described(explain, crowd, process);
	if (again)
		words_process(explain, who, process);
	else if (process)
		who_runs(explain, process, who);
	else
		who_is_blank(explain, crowd, who);
	snprintf(text, sizeof(text), "%s%s %s%s%s: %s", times, local, state, remote, tail, who);
	fold(out, "  ", 6, text);
	if (!process)
		return;
	if (!again)
		print_command(explain, out, process);
	print_thread(explain, out, holder);
	print_others(explain, out, holder);
	if (row->state == STATE_LISTEN || !proto_listens(row->proto))
		print_workers(explain, out, crowd);
}

enum { CROWDS_SHOWN = 12 };

static void print_in_the_way(const struct explain *explain, struct out *out)
{
	unsigned shown = 0, more = 0;
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		if (!is_blamed(explain, crowd))
			continue;
		if (shown == CROWDS_SHOWN) {
			more += crowd->count;
			continue;
		}
		if (!shown++)
			out_string(out, "\nIn the way:\n");
		print_crowd(explain, out, crowd, crowd->in_the_way ? "" : " (perhaps)");
	}
	if (!more)
		return;
	char line[64];
	snprintf(line, sizeof(line), "and %u more sockets", more);
	fold(out, "  ", 2, line);
}

static const char *apart_because(enum bind_why why)
{
	static const char *const because[BIND_WHY_COUNT] = {
		[BIND_OTHER_PORT_TABLE] = " (another VRF)",
		[BIND_NOT_BOUND] = " (a handshake holds no port)",
		[BIND_OTHER_DEVICE] = " (another interface)",
		[BIND_OTHER_ADDRESS] = " (another address)",
		[BIND_OTHER_FAMILY] = " (the other family)",
		[BIND_BOTH_REUSEADDR] = " (shares by SO_REUSEADDR)",
		[BIND_BOTH_REUSEPORT] = " (shares by SO_REUSEPORT)",
	};
	return because[why] ? because[why] : "";
}

static void print_not_in_the_way(const struct explain *explain, struct out *out)
{
	unsigned shown = 0;
	for (size_t i = 0; i < explain->crowds && shown < CROWDS_SHOWN; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		const struct holder *holder = &explain->holder[crowd->first];
		if (is_blamed(explain, crowd))
			continue;
		if (!shown++)
			out_string(out, "\nOn the same port, but not in the way:\n");
		print_crowd(explain, out, crowd, crowd->maybe ? "" : apart_because(holder->judged[0].why));
	}
}

int explain_verdict(const struct explain *explain, struct out *out)
{
	struct text first = { 0 };
	int answer = head_verdict(explain, &first) < 0 || text_add_char(&first, '\0') < 0 ? -1 : 0;
	if (!answer)
		fold(out, "", 0, first.data);
	text_free(&first);
	return answer;
}

int explain_text(const struct explain *explain, struct out *out)
{
	if (explain_verdict(explain, out) < 0 || head_cure(explain, out) < 0)
		return -1;
	print_refusals(explain, out);
	print_in_the_way(explain, out);
	fold_sentences(explain, out, SAY_WHY, "\nWhy:\n", "  ");
	fold_sentences(explain, out, SAY_ADVICE,
	               explain->verdict == EXPLAIN_REFUSED ? "\nWhat would help:\n" : "\nWhat would free it:\n",
	               "  - ");
	print_not_in_the_way(explain, out);
	fold_sentences(explain, out, SAY_NOTE, "\nAlso:\n", "  - ");
	fold_sentences(explain, out, SAY_UNREAD, "\nNot seen:\n", "  - ");
	return 0;
}
