// SPDX-License-Identifier: MIT
/*
 * acting.c - what --kill and --signal have in common, and --kill: what was chosen is looked at once, then closed,
 * each told (acting.h).
 */
#include "run/acting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/act.h>
#include <sockview/errno_name.h>
#include <sockview/message.h>
#include <sockview/proto.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"
#include "run/show.h"

enum { PROGRAM_MAX = 4096 };

struct acting {
	struct session session;
	uint64_t done, failed, spared;
	bool asks_in_vain; /* --yes is missing, or the answer was no */
};

bool acting_begin(struct run *run, const char *option, size_t size)
{
	/* By the environment: the option was refused. A recording's sockets may be gone. */
	if (run->options->replay) {
		message_usage("%s does not go with a recording: TCPDIAG_FILE is set", option);
		return false;
	}
	run->own = calloc(1, size);
	if (!run->own)
		message_usage("out of memory");
	return run->own;
}

static bool kill_begin(struct run *run)
{
	return acting_begin(run, "--kill", sizeof(struct acting));
}

bool acting_check(struct run *run, const char *option, const char *done, const char *example)
{
	if (filter_is_bounded(run->selection.filter))
		return true;
	message_usage("%s: the filter must name what is %s, each alternative by a port, address, pid, program, "
	              "user, unit, cgroup or cookie, as in sockview %s",
	              option, done, example);
	return false;
}

static bool kill_check(struct run *run)
{
	return acting_check(run, "--kill", "closed", "-K dport = :8080");
}

void acting_plan(struct run *run, unsigned details, bool waiting)
{
	const struct filter_needs *needs = &run->selection.needs;
	struct options all = *run->options;
	all.all = true;
	selection_query(&run->selection, &all, &run->query);
	FOR_EACH_PROTO (proto, run->query.protos)
		if (!needs->states_chosen && !needs->states_said)
			run->query.states[proto] &= waiting ? proto_table[proto].waiting : STATE_CONNECTED;
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.details = PROCESS_NAME | details | needs->details,
		.privileges = PRIVILEGE_MARK,
	};
}

int acting_holds(const struct run *run, uint32_t process, size_t row)
{
	int answer = 0;
	for (size_t r = row; r < run->table.count; r++) {
		struct owner_span span = owners_of(&run->owners, &run->table.row[r]);
		for (size_t i = 0; i < span.count; i++) {
			if (span.first[i].process != process)
				continue;
			int holds = act_holds(run->proc_fd, run->owners.process[process].pid, &span.first[i],
			                      run->table.row[r].inode);
			if (holds > 0)
				return 1;
			answer = holds < 0 ? holds : answer;
		}
	}
	return answer;
}

static void kill_plan(struct run *run)
{
	acting_plan(run, 0, false);
}

static const struct process *kill_owner(const struct run *run, const struct row *row)
{
	struct owner_span span = owners_of(&run->owners, row);
	return span.count ? &run->owners.process[span.first->process] : NULL;
}

static struct bytes kill_program(const struct run *run, const struct row *row)
{
	const struct process *process = kill_owner(run, row);
	return process ? owners_text(&run->owners, process->program) : (struct bytes){ 0 };
}

/* Sockets without an owner (TIME_WAIT) are of no program. */
static bool kill_is_asked(const struct run *run)
{
	const struct table *table = &run->table;
	struct bytes first = { 0 };
	for (size_t i = 0; i < table->count; i++) {
		struct bytes program = kill_program(run, &table->row[i]);
		if (!first.len)
			first = program;
		if (program.len && (program.len != first.len || memcmp(program.data, first.data, first.len) != 0))
			return true;
	}
	return table->count > UNASKED_MAX;
}

/* From the terminal itself: standard input may be the list of something else. */
int acting_ask(const char *question)
{
	char answer[16] = "";
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return -1;
	dprintf(tty, "%s? [y/N] ", question);
	ssize_t got = read(tty, answer, sizeof(answer) - 1);
	close(tty);
	return got > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

bool acting_may(const struct run *run, size_t count, const struct acting_words *words)
{
	char question[96];
	if (run->options->yes || run->options->dry_run)
		return true;
	snprintf(question, sizeof(question), "%s %zu %s", words->verb, count, words->things);
	int answer = acting_ask(question);
	if (answer < 0)
		message("%zu %s, of more than one program or more than %d: --yes %s them, --dry-run shows them; "
		        "nothing was %s",
		        count, words->things, UNASKED_MAX, words->does, words->done);
	return answer > 0;
}

static void kill_end_text(struct out *out, const struct row *row, bool local)
{
	char text[ADDR_TEXT_MAX + 8];
	const union addr *addr = local ? &row->local : &row->remote;
	unsigned port = local ? row->local_port : row->remote_port;
	bool mapped = row->flags & (local ? ROW_LOCAL_MAPPED : ROW_REMOTE_MAPPED);
	char *end = addr_text(text, addr, row->family, mapped);
	if (port)
		snprintf(end, 8, ":%u", port);
	else
		strcpy(end, ":*");
	char line[80];
	snprintf(line, sizeof(line), " %-23s", text);
	out_string(out, line);
}

void acting_tell_process(struct run *run, const struct process *process)
{
	out_u64(&run->out, (uint64_t)process->pid);
	out_char(&run->out, '/');
	struct bytes program = owners_text(&run->owners, process->program);
	/* Each byte is at most four: as netstat's lines have it. */
	size_t len = program.len < PROGRAM_MAX ? program.len : PROGRAM_MAX;
	char *to = out_room(&run->out, TEXT_ESCAPED_MAX(len));
	out_advance(&run->out, text_escape(to, program.data, len, TEXT_WORD));
}

void acting_tell(struct run *run, const struct row *row, const struct process *process, const char *became)
{
	char line[64];
	snprintf(line, sizeof(line), "%s%-*s", proto_table[row->proto].name,
	         5 - (int)strlen(proto_table[row->proto].name), row->family == AF_INET6 ? "6" : "");
	out_string(&run->out, line);
	kill_end_text(&run->out, row, true);
	kill_end_text(&run->out, row, false);
	snprintf(line, sizeof(line), " %-11s ", state_name(row->state));
	out_string(&run->out, line);
	if (process) {
		acting_tell_process(run, process);
	} else {
		out_char(&run->out, '-');
	}
	out_string(&run->out, "  ");
	out_string(&run->out, became);
	out_char(&run->out, '\n');
}

static void kill_tell(struct run *run, const struct row *row, const char *became)
{
	acting_tell(run, row, kill_owner(run, row), became);
}

static const char *kill_failure(int number)
{
	return number == ENOENT       ? "not closed: it is gone, or another has its place"
	       : number == EPERM      ? "not closed: EPERM"
	       : number == EOPNOTSUPP ? "not closed: EOPNOTSUPP"
	                              : errno_name(number);
}

static int kill_each(struct run *run, struct exchange *exchange, unsigned *refused)
{
	struct acting *acting = run->own;
	for (size_t i = 0; i < run->table.count; i++) {
		const struct row *row = &run->table.row[i];
		bool dry = run->options->dry_run;
		if (run->table.count > 1 && session_is(&acting->session, row, &run->owners)) {
			acting->spared++;
			kill_tell(run, row, "left: this session came by it");
			continue;
		}
		if (row->state == STATE_BOUND) {
			acting->failed++;
			kill_tell(run, row, "not closed: the kernel finds no socket that is only bound");
			continue;
		}
		int number = dry ? 0 : act_close(exchange, row);
		acting->done += !number;
		acting->failed += number != 0;
		*refused |= number == EPERM ? 1u : number == EOPNOTSUPP ? 2u : 0u;
		bool listens = row->state == STATE_LISTEN;
		kill_tell(run, row,
		          number ? kill_failure(number)
		          : dry  ? (listens ? "would be closed; its process lives on and accept() fails for ever"
		                            : "would be closed")
		                 : (listens ? "closed; its process lives on and accept() fails for ever" : "closed"));
	}
	return 0;
}

/* A table without cookies, or of which a part is missing unseen: nothing is chosen by it. */
static bool acting_is_unread(struct run *run, const char *done)
{
	const struct report *report = &run->report;
	int number = report->from_proc ? report->netlink_errno : report->cut_errno;
	FOR_EACH_PROTO (proto, run->query.protos)
		number = number || report->unavailable & PROTO_BIT(proto) ? number : report->refused[proto];
	if (!number && !report->from_proc)
		return false;
	char what[64];
	snprintf(what, sizeof(what), "list the sockets by netlink; nothing was %s", done);
	error_set(&run->error, number, what, "");
	return true;
}

void acting_report(struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	if (run->options->quiet)
		return;
	notes_report(&run->report, needs->owners ? &run->owners.report : NULL,
	             rights_unused(run) ? NULL : &run->privilege, run->options->verbose);
	hidden_say(&run->hidden, &run->owners, rights_unused(run) ? NULL : &run->privilege);
}

static void kill_report(struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	acting_report(run);
	if (run->table.count || run->options->quiet)
		return;
	if (needs->states_chosen || needs->states_said)
		message("no socket fits: nothing was closed");
	else
		message("no connection fits: nothing was closed; sockets that listen or are not connected are closed "
		        "only if their state is named, as in --state listen");
}

int acting_look(struct run *run, const char *done)
{
	if (rights_raise(run) < 0 || gather_table(run) < 0)
		return -1;
	if (gather_waits_for_names(run)) {
		if (show_prepare_owners(run) < 0)
			return -1;
		gather_decide(run);
	}
	return acting_is_unread(run, done) ? -1 : 0;
}

static int kill_answer(struct run *run)
{
	static const struct acting_words words = { "Close", "closes", "closed", "sockets" };
	struct acting *acting = run->own;
	struct exchange exchange;
	unsigned refused = 0;
	if (acting_look(run, words.done) < 0)
		return -1;
	/* Rights that exec added served to see the owners. */
	if (rights_own(run) < 0)
		return -1;
	kill_report(run);
	session_read(&acting->session, getenv("SSH_CONNECTION"), run->proc_fd);
	if (kill_is_asked(run) && !acting_may(run, run->table.count, &words)) {
		acting->asks_in_vain = true;
		return rights_drop(run, true);
	}
	if (act_open(&exchange) < 0)
		return error_set(&run->error, errno, "close sockets (netlink)", "");
	int answer = kill_each(run, &exchange, &refused);
	exchange_close(&exchange);
	if (refused & 1)
		message("closing a socket takes CAP_NET_ADMIN in its network namespace: sudo sockview --kill ...");
	if (refused & 2)
		message("this kernel closes no sockets for others (CONFIG_INET_DIAG_DESTROY)");
	return rights_drop(run, true) < 0 ? -1 : answer;
}

static enum exit_status kill_status(const struct run *run)
{
	const struct acting *acting = run->own;
	if (acting->asks_in_vain)
		return EXIT_USAGE;
	if (acting->failed)
		return EXIT_NO_ANSWER;
	return acting->done ? EXIT_ROWS : EXIT_NOTHING;
}

static void kill_end(struct run *run)
{
	free(run->own);
}

const struct run_mode mode_kill = {
	.begin = kill_begin,
	.check = kill_check,
	.plan = kill_plan,
	.answer = kill_answer,
	.status = kill_status,
	.end = kill_end,
};
