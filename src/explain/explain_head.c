// SPDX-License-Identifier: MIT
/*
 * explain_head.c - the first lines of the text (explain_head.h).
 *
 *   Port 8080 (tcp) is taken by nginx (pid 812, nginx.service, running for 3 days).
 *   To free it:   systemctl stop nginx.service
 *   Or use 8081: nothing has it.
 *
 * The number of an error, the sockets and the rules are details, and stand below.
 */
#include "explain/explain_head.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#include "explain/culprits.h"
#include "explain/explain_words.h"
#include "explain/freeing.h"
#include "explain/holders.h"

/* --- who --- */

/* "app.py" of "python3 app.py": the script that an interpreter runs. Empty if it runs none. */
static struct bytes script_of(const struct explain *explain, const struct process *process)
{
	static const char *const interpreters[] = { "python", "node", "ruby", "perl", "php", "bash", "sh", "java" };
	struct bytes program = owners_text(explain->facts.owners, process->program);
	struct bytes command = owners_text(explain->facts.owners, process->cmdline);
	const char *word = command.data, *end = word ? word + command.len : NULL;
	size_t i = 0;
	while (i < countof(interpreters) && !(program.len >= strlen(interpreters[i]) &&
	                                      memcmp(program.data, interpreters[i], strlen(interpreters[i])) == 0))
		i++;
	if (i == countof(interpreters))
		return (struct bytes){ 0 };
	for (bool first = true; word && word < end; first = false) {
		size_t len = strnlen(word, (size_t)(end - word));
		if (!first && len && *word != '-') {
			const char *slash = memrchr(word, '/', len);
			return slash ? (struct bytes){ slash + 1, len - (size_t)(slash + 1 - word) }
			             : (struct bytes){ word, len };
		}
		/* A program given in the line itself has no name; behind other options there may be a value. */
		if (!first && len == 2 && (word[1] == 'c' || word[1] == 'e'))
			break;
		word += len + 1;
	}
	return (struct bytes){ 0 };
}

enum { GANG_WORDS_MAX = 2048 };

/* "nginx (pid 812, nginx.service, running for 3 days)". */
static void words_gang(const struct explain *explain, const struct gang *gang, bool whole, char text[GANG_WORDS_MAX])
{
	const struct process *process = &explain->facts.owners->process[gang->process];
	char program[WORDS_NAME_MAX], home[WORDS_PROCESS_MAX] = "", span[WORDS_SPAN_MAX], script[WORDS_NAME_MAX] = "";
	uint64_t age;
	struct bytes ran = script_of(explain, process);
	words_program(explain, program, process);
	if (ran.len)
		words_bytes(script, ran, TEXT_WORD);
	size_t at = 0;
	if (gang->shares && gang->count > 1)
		at = (size_t)snprintf(text, GANG_WORDS_MAX, "%u workers of ", gang->count);
	at += (size_t)snprintf(text + at, GANG_WORDS_MAX - at, "%s%s%s (%spid %d", program, *script ? " " : "", script,
	                       gang->shares && gang->count > 1 ? "SO_REUSEPORT, " : "", process->pid);
	if (gang->count > 1)
		at += (size_t)snprintf(text + at, GANG_WORDS_MAX - at, " and %u more", gang->count - 1);
	if (whole) {
		words_home(explain, home, process);
		at += (size_t)snprintf(text + at, GANG_WORDS_MAX - at, "%s", home);
		if (process_age(explain, process, &age)) {
			words_span(span, age);
			at += (size_t)snprintf(text + at, GANG_WORDS_MAX - at, ", running for %s", span);
		}
	}
	snprintf(text + at, GANG_WORDS_MAX - at, ")");
}

/* Several programs, the worst first: each with its pid alone. */
static int add_gangs(const struct explain *explain, struct text *text)
{
	enum { SHOWN_MAX = 4 };
	char words[GANG_WORDS_MAX];
	if (explain->gangs > 1 && (text_add_u64(text, explain->gangs) < 0 || text_add_string(text, " programs: ") < 0))
		return -1;
	for (size_t g = 0; g < explain->gangs && g < SHOWN_MAX; g++) {
		words_gang(explain, &explain->gang[g], explain->gangs == 1, words);
		if ((g && text_add_string(text, ", ") < 0) || text_add_string(text, words) < 0)
			return -1;
	}
	if (explain->gangs <= SHOWN_MAX)
		return 0;
	return text_add_string(text, " and ") < 0 || text_add_u64(text, explain->gangs - SHOWN_MAX) < 0
	               ? -1
	               : text_add_string(text, " more");
}

/* The sockets to blame that no process holds: how many, and the longest time they stay. */
struct blanks {
	unsigned count;
	uint32_t expires_ms;
	const struct crowd *first;
};

static struct blanks find_blanks(const struct explain *explain)
{
	struct blanks blanks = { 0 };
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		if (!culprits_blames(explain, crowd) || explain->holder[crowd->first].reason == REASON_OWNED)
			continue;
		blanks.count += crowd->count;
		if (!blanks.first)
			blanks.first = crowd;
		if (crowd->expires_ms > blanks.expires_ms)
			blanks.expires_ms = crowd->expires_ms;
	}
	return blanks;
}

enum { BLANK_WORDS_MAX = WORDS_FLIGHT_MAX + 128 };

/* What holds it where no process is known to. */
static void words_blank(const struct explain *explain, const struct blanks *blanks, char text[BLANK_WORDS_MAX])
{
	char flight[WORDS_FLIGHT_MAX];
	const struct holder *holder = &explain->holder[blanks->first->first];
	const char *kind;
	bool sure;
	const char *plural = blanks->count == 1 ? "" : "s";
	switch ((enum owner_reason)holder->reason) {
	case REASON_TIME_WAIT:
		snprintf(text, BLANK_WORDS_MAX, "%u closed connection%s (TIME_WAIT), for %u s more", blanks->count,
		         plural, (blanks->expires_ms + 999) / 1000);
		return;
	case REASON_ORPHAN:
		snprintf(text, BLANK_WORDS_MAX, "%u closed connection%s that the kernel still finishes", blanks->count,
		         plural);
		return;
	case REASON_UNACCEPTED:
		snprintf(text, BLANK_WORDS_MAX, "%u connection%s that no program has accepted yet", blanks->count,
		         plural);
		return;
	case REASON_KERNEL:
		kind = kernel_kind_name(owners_kernel_kind(explain->facts.owners, holder_row(explain, holder), &sure));
		snprintf(text, BLANK_WORDS_MAX, "the kernel itself%s%s%s", kind ? ", for " : "", kind ? kind : "",
		         kind && !sure ? " (likely)" : "");
		return;
	case REASON_IN_FLIGHT:
		if (words_flight(explain, holder, flight))
			snprintf(text, BLANK_WORDS_MAX, "a socket that is only in %s", flight);
		else
			snprintf(text, BLANK_WORDS_MAX,
			         "a socket whose descriptor is on its way through a unix socket, or in an io_uring");
		return;
	case REASON_OTHER_PIDNS:
		if (words_flight(explain, holder, flight))
			snprintf(text, BLANK_WORDS_MAX,
			         "a process outside this container (its pid namespace), or perhaps by %s", flight);
		else
			snprintf(text, BLANK_WORDS_MAX, "a process outside this container (its pid namespace)");
		return;
	case REASON_PERMISSION:
		snprintf(text, BLANK_WORDS_MAX,
		         explain->facts.owners->report.hides ? "a process that /proc does not show (hidepid)"
		                                             : "a process that may not be seen from here");
		return;
	case REASON_NO_PROC:
		snprintf(text, BLANK_WORDS_MAX, "a process, or the kernel itself: there is no /proc to look into");
		return;
	case REASON_UNKNOWN:
		kind = kernel_kind_name(owners_kernel_kind(explain->facts.owners, holder_row(explain, holder), &sure));
		if (words_flight(explain, holder, flight))
			snprintf(text, BLANK_WORDS_MAX, "no process that can be seen, perhaps by %s", flight);
		else
			snprintf(text, BLANK_WORDS_MAX, "no process that can be seen%s%s",
			         kind ? ", perhaps by the kernel itself for " : "", kind ? kind : "");
		return;
	case REASON_VANISHED:
		snprintf(text, BLANK_WORDS_MAX, "a process that was gone a moment later");
		return;
	default:
		snprintf(text, BLANK_WORDS_MAX, "no process that can be seen");
	}
}

/* "by nginx (...)", "by 3 closed connections (TIME_WAIT) for 41 s more". */
static int add_who(const struct explain *explain, struct text *text)
{
	struct blanks blanks = find_blanks(explain);
	char words[BLANK_WORDS_MAX];
	if (explain->gangs)
		return add_gangs(explain, text);
	if (!blanks.first)
		return text_add_string(text, "a socket that no table shows");
	words_blank(explain, &blanks, words);
	return text_add_string(text, words);
}

/* --- what --- */

/* "Port 8080 (tcp)", "127.0.0.1:8080 (udp)". */
static int add_target(const struct explain *explain, struct text *text, bool begins)
{
	const struct target *target = &explain->target;
	const struct bind_plan *plan = &explain->plan[0].bind;
	char words[WORDS_ADDR_MAX + 32] = "";
	if (target->family != AF_UNSPEC && (explain->plans == 1 && !bind_addr_any(plan->family, &plan->addr)))
		words_endpoint(explain, words, plan->family, &plan->addr, plan->port, plan->ifindex);
	else
		snprintf(words, sizeof(words), "%s %u", begins ? "Port" : "port", target->port);
	if (text_add_string(text, words) < 0)
		return -1;
	snprintf(words, sizeof(words), " (%s%s)", proto_name(target->proto),
	         explain->plans > 1 || target->family == AF_UNSPEC || !bind_addr_any(plan->family, &plan->addr) ? ""
	         : target->family == AF_INET ? ", IPv4"
	                                     : ", IPv6");
	return text_add_string(text, words);
}

/* " for user nobody". */
static int add_user(const struct explain *explain, struct text *text)
{
	const char *unit = explain->options.as_unit;
	char name[WORDS_NAME_MAX];
	words_bytes(name, (struct bytes){ explain->user_name, strlen(explain->user_name) }, TEXT_WORD);
	if (explain->options.as_user && (text_add_string(text, " for user ") < 0 || text_add_string(text, name) < 0))
		return -1;
	if (!unit)
		return 0;
	words_bytes(name, (struct bytes){ unit, strlen(unit) }, TEXT_WORD);
	return text_add_string(text, " in ") < 0 ? -1 : text_add_string(text, name);
}

/* One family of a bare port has another verdict: which. */
static int add_one_family(const struct explain *explain, struct text *text)
{
	const struct planned *v4 = &explain->plan[0], *v6 = &explain->plan[1];
	if (explain->plans < 2 || v4->left_out || v6->left_out || v4->verdict == v6->verdict)
		return 0;
	return text_add_string(text, v4->verdict == explain->verdict ? " on IPv4" : " on IPv6");
}

static int head_taken(const struct explain *explain, struct text *text)
{
	const struct planned *v4 = &explain->plan[0], *v6 = &explain->plan[1];
	bool listens = true;
	for (size_t p = 0; p < explain->plans; p++)
		listens &= explain->plan[p].left_out || explain->plan[p].stage == PROBE_LISTEN;
	if (add_target(explain, text, true) < 0 ||
	    text_add_string(text, listens ? " can be bound, but listen() is refused" : " is taken") < 0 ||
	    add_one_family(explain, text) < 0 || add_user(explain, text) < 0 || text_add_string(text, " by ") < 0 ||
	    add_who(explain, text) < 0)
		return -1;
	if (explain->plans == 2 && !v4->left_out && !v6->left_out && v4->verdict != v6->verdict &&
	    (v4->verdict == EXPLAIN_FREE || v6->verdict == EXPLAIN_FREE) &&
	    text_add_string(text, v4->verdict == EXPLAIN_FREE ? "; IPv4 alone is free" : "; IPv6 alone is free") < 0)
		return -1;
	return text_add_char(text, '.');
}

/* The first sentence that says why. */
static int head_refused(const struct explain *explain, struct text *text)
{
	if (add_target(explain, text, true) < 0 || text_add_string(text, " cannot be bound") < 0 ||
	    add_one_family(explain, text) < 0 || add_user(explain, text) < 0)
		return -1;
	for (size_t i = 0; i < explain->sentences; i++)
		if (explain->sentence[i].kind == SAY_WHY)
			return text_add_string(text, ". ") < 0 ? -1 : text_add_string(text, explain->sentence[i].text);
	return text_add_char(text, '.');
}

/* A process's socket that is bound there too, beside the plan that would pass. */
static bool bound_beside(const struct explain *explain)
{
	for (size_t i = 0; i < explain->holders; i++)
		for (size_t p = 0; p < explain->plans; p++)
			if (explain->holder[i].judged[p].until_listen)
				return true;
	return false;
}

/* A socket of UDP that has the port, and lets others in: the newcomer gets what is sent to it. */
static bool takes_datagrams(const struct explain *explain)
{
	const struct bind_plan *plan = &explain->plan[0].bind;
	/* Each member of a multicast group gets a copy. */
	bool group = plan->family == AF_INET ? IN_MULTICAST(ntohl(plan->addr.word[0])) : plan->addr.byte[0] == 0xff;
	return !proto_listens(explain->target.proto) && plan->reuseaddr && !group &&
	       explain->without_reuseaddr == EXPLAIN_TAKEN;
}

static int head_free(const struct explain *explain, struct text *text)
{
	bool differs = proto_listens(explain->target.proto) && explain->without_reuseaddr == EXPLAIN_TAKEN;
	struct blanks blanks = find_blanks(explain);
	if (add_target(explain, text, true) < 0 || text_add_string(text, " is free") < 0 || add_user(explain, text) < 0)
		return -1;
	if (takes_datagrams(explain))
		return text_add_string(text, " to bind, but taken by ") < 0 || add_who(explain, text) < 0
		               ? -1
		               : text_add_string(
					 text,
					 ": with SO_REUSEADDR the new socket takes the datagrams away from that one.");
	if (!differs)
		return text_add_char(text, '.');
	if (text_add_string(text, " for a server that sets SO_REUSEADDR (nginx, node, Go, Java do)") < 0)
		return -1;
	if (bound_beside(explain)) {
		if (text_add_string(text, "; ") < 0 || add_who(explain, text) < 0)
			return -1;
		return text_add_string(text, explain->gangs == 1 && explain->gang[0].count == 1
		                                     ? " has it bound too: the first to call listen() gets it."
		                                     : " have it bound too: the first to call listen() gets it.");
	}
	char words[128];
	if (!explain->gangs && blanks.first && blanks.expires_ms) {
		snprintf(words, sizeof(words),
		         "; for any other, %u closed connection%s (TIME_WAIT) keep%s it %u s more.", blanks.count,
		         blanks.count == 1 ? "" : "s", blanks.count == 1 ? "s" : "", (blanks.expires_ms + 999) / 1000);
		return text_add_string(text, words);
	}
	return text_add_string(text, "; for any other it is taken by ") < 0 || add_who(explain, text) < 0
	               ? -1
	               : text_add_char(text, '.');
}

int head_verdict(const struct explain *explain, struct text *text)
{
	switch (explain->verdict) {
	case EXPLAIN_TAKEN:
		return head_taken(explain, text);
	case EXPLAIN_REFUSED:
		return head_refused(explain, text);
	case EXPLAIN_FREE:
		return head_free(explain, text);
	default:
		if (text_add_string(text, "Whether ") < 0 || add_target(explain, text, false) < 0)
			return -1;
		return text_add_string(text, " is free could not be told.");
	}
}

/* --- the cure --- */

/*
 * The next port above that no socket of the protocol has, which the user may
 * bind as he may this one, and which the kernel gives to no connection. From
 * the tables alone: nothing is tried.
 */
static unsigned free_port_near(const struct explain *explain)
{
	const struct facts *host = &explain->host;
	const struct report *report = explain->facts.report;
	uint16_t port = explain->target.port;
	if (report->interrupted || report->lost || report->malformed || host->ephemeral_low <= 0 ||
	    (proto_listens(explain->target.proto) && !explain->bound_told) || !explain->facts.live)
		return 0;
	for (unsigned i = 0; i < NEAR_MAX && port + i + 1u <= UINT16_MAX; i++)
		if (!(explain->near_taken & 1u << i) && !facts_is_ephemeral(host, (uint16_t)(port + i + 1u)) &&
		    !(host->reserved_near & 1u << i))
			return port + i + 1u;
	return 0;
}

int head_cure(const struct explain *explain, struct out *out)
{
	struct text command = { 0 };
	bool taken = explain->verdict == EXPLAIN_TAKEN;
	bool differs = explain->verdict == EXPLAIN_FREE && explain->without_reuseaddr == EXPLAIN_TAKEN &&
	               proto_listens(explain->target.proto);
	if (!taken && !differs)
		return 0;
	if (freeing_command(explain, &command) < 0) {
		text_free(&command);
		return -1;
	}
	if (command.len) {
		out_string(out, explain->freeing.left_out ? "In part by:   "
		                : taken                   ? "To free it:   "
		                                          : "For any other:   ");
		out_bytes(out, command.data, command.len);
		out_char(out, '\n');
	}
	text_free(&command);
	unsigned near = taken ? free_port_near(explain) : 0;
	if (near) {
		out_string(out, "Or use ");
		out_u64(out, near);
		out_string(out, ": nothing has it.\n");
	}
	return 0;
}
