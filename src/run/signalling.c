// SPDX-License-Identifier: MIT
/*
 * signalling.c - --signal in place of a listing: each owner of what was chosen gets a signal, by a pidfd that was
 * opened before the second look at what it holds (signalling.h).
 */
#include "run/signalling.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sockview/act.h>
#include <sockview/errno_name.h>
#include <sockview/message.h>
#include <sockview/signal_name.h>
#include <sockview/socket_unit.h>
#include <sockview/vec.h>

#include "run/acting.h"
#include "run/rights.h"

enum spared { SPARED_NOT, SPARED_INIT, SPARED_OURSELVES, SPARED_ANCESTOR, SPARED_MASTER };

/* A process that holds sockets that were chosen: owners.owner[].process and the rows stay as they are. */
struct recipient {
	uint32_t process; /* index into owners.process */
	uint32_t row;     /* the first of its sockets in the table */
	uint32_t sockets;
	int32_t master; /* SPARED_MASTER: the pid that gets the signal for it */
	enum spared spared;
	int pidfd; /* or -errno; -ENOENT: it holds none of them any more */
};

struct signalling {
	struct session session;
	struct recipient *recipient; /* by process */
	size_t recipients, capacity;
	uint32_t *of; /* of a process: index into recipient + 1; 0: none */
	uint64_t done, failed;
	bool asks_in_vain, refused;
};

static const struct acting_words signal_words = { "Signal", "signals", "signalled", "processes" };

static bool signal_begin(struct run *run)
{
	return acting_begin(run, "--signal", sizeof(struct signalling));
}

static bool signal_check(struct run *run)
{
	return acting_check(run, "--signal", "signalled", "--signal :8080");
}

static void signal_plan(struct run *run)
{
	acting_plan(run, PROCESS_START | PROCESS_EXE, true);
	run->needs.privileges |= PRIVILEGE_KILL;
}

static const struct process *recipient_process(const struct run *run, const struct recipient *recipient)
{
	return &run->owners.process[recipient->process];
}

static bool process_holds(const struct run *run, uint32_t process, const struct row *row)
{
	struct owner_span span = owners_of(&run->owners, row);
	for (size_t i = 0; i < span.count; i++)
		if (span.first[i].process == process)
			return true;
	return false;
}

/* --- who gets it --- */

static int recipients_find(struct run *run)
{
	struct signalling *signalling = run->own;
	signalling->of = calloc(run->owners.process_count + 1, sizeof(*signalling->of));
	if (!signalling->of)
		return -1;
	for (uint32_t r = 0; r < run->table.count; r++) {
		struct owner_span span = owners_of(&run->owners, &run->table.row[r]);
		for (size_t i = 0; i < span.count; i++) {
			uint32_t process = span.first[i].process;
			/* Several descriptors of one socket stand together. */
			if (i && span.first[i - 1].process == process)
				continue;
			if (!signalling->of[process]) {
				struct recipient *recipient =
					vec_push(signalling->recipient, signalling->recipients, signalling->capacity);
				if (!recipient)
					return -1;
				*recipient = (struct recipient){ .process = process, .row = r, .pidfd = -ENOENT };
				signalling->of[process] = (uint32_t)signalling->recipients;
			}
			signalling->recipient[signalling->of[process] - 1].sockets++;
		}
	}
	return 0;
}

static bool same_word(const struct run *run, struct process_text a, struct process_text b)
{
	struct bytes one = owners_text(&run->owners, a), other = owners_text(&run->owners, b);
	return one.data && other.data && one.len == other.len && memcmp(one.data, other.data, one.len) == 0;
}

/*
 * The parent of a forked worker: it has the same executable and holds the
 * sockets too. It gets the signal alone only if it has a handler for it: one
 * that the signal just ends, as KILL does, leaves its workers behind.
 */
static const struct process *recipient_master(const struct run *run, const struct recipient *recipient)
{
	const struct signalling *signalling = run->own;
	const struct process *process = recipient_process(run, recipient);
	for (size_t i = 0; i < signalling->recipients; i++) {
		const struct process *master = recipient_process(run, &signalling->recipient[i]);
		if (master->pid != process->ppid || !same_word(run, master->exe, process->exe))
			continue;
		for (size_t r = recipient->row; r < run->table.count; r++)
			if (process_holds(run, recipient->process, &run->table.row[r]) &&
			    !process_holds(run, signalling->recipient[i].process, &run->table.row[r]))
				return NULL;
		return act_catches(run->proc_fd, master->pid, run->options->signal) ? master : NULL;
	}
	return NULL;
}

static void recipients_spare(struct run *run)
{
	struct signalling *signalling = run->own;
	for (size_t i = 0; i < signalling->recipients; i++) {
		struct recipient *recipient = &signalling->recipient[i];
		const struct process *process = recipient_process(run, recipient), *master;
		if (process->pid == 1)
			recipient->spared = SPARED_INIT;
		else if (process->pid == getpid())
			recipient->spared = SPARED_OURSELVES;
		else if (session_has_pid(&signalling->session, process->pid))
			recipient->spared = SPARED_ANCESTOR;
		else if ((master = recipient_master(run, recipient)) != NULL && master->pid != 1 &&
		         !session_has_pid(&signalling->session, master->pid)) {
			recipient->spared = SPARED_MASTER;
			recipient->master = master->pid;
		}
	}
}

/* With the rights of the look, as a process's sockets may be hidden from the caller; a pidfd gives no right. */
static void recipients_open(struct run *run)
{
	struct signalling *signalling = run->own;
	struct rlimit limit;
	/* A descriptor for each. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (size_t i = 0; i < signalling->recipients; i++) {
		struct recipient *recipient = &signalling->recipient[i];
		if (recipient->spared)
			continue;
		recipient->pidfd = act_pidfd(run->proc_fd, recipient_process(run, recipient)->pid);
		int holds = recipient->pidfd < 0 ? 1 : acting_holds(run, recipient->process, recipient->row);
		if (holds > 0)
			continue;
		close(recipient->pidfd);
		recipient->pidfd = holds ? holds : -ENOENT;
	}
}

static bool signal_is_asked(const struct run *run)
{
	const struct signalling *signalling = run->own;
	size_t count = 0;
	for (size_t i = 0; i < signalling->recipients; i++) {
		const struct process *first = recipient_process(run, &signalling->recipient[0]);
		const struct process *process = recipient_process(run, &signalling->recipient[i]);
		count += !signalling->recipient[i].spared;
		if (!same_word(run, first->program, process->program))
			return true;
	}
	return count > UNASKED_MAX;
}

/* --- what became of it --- */

static void signal_tell(struct run *run, const struct recipient *recipient, const char *became)
{
	char words[2 * SOCKET_UNIT_MAX + 160], more[48] = "";
	if (recipient->sockets > 1)
		snprintf(more, sizeof(more), " (and %u more of its sockets)", recipient->sockets - 1);
	snprintf(words, sizeof(words), "%s%s", became, more);
	acting_tell(run, &run->table.row[recipient->row], recipient_process(run, recipient), words);
}

static void signal_tell_init(struct run *run, const struct recipient *recipient)
{
	const struct row *row = &run->table.row[recipient->row];
	char unit[SOCKET_UNIT_MAX], words[2 * SOCKET_UNIT_MAX + 96];
	struct bytes program = owners_text(&run->owners, recipient_process(run, recipient)->program);
	bool systemd = program.len == strlen("systemd") && memcmp(program.data, "systemd", program.len) == 0;
	if (systemd && socket_unit_find((enum proto)row->proto, row->local_port, unit))
		snprintf(words, sizeof(words), "not signalled: process 1 holds it for %s: systemctl stop %s", unit,
		         unit);
	else
		snprintf(words, sizeof(words), "not signalled: process 1 never is");
	signal_tell(run, recipient, words);
}

static void signal_spared(struct run *run, const struct recipient *recipient)
{
	struct signalling *signalling = run->own;
	char words[64];
	signalling->failed += recipient->spared != SPARED_MASTER;
	if (recipient->spared == SPARED_INIT) {
		signal_tell_init(run, recipient);
		return;
	}
	snprintf(words, sizeof(words), "left: %d, which started it, gets the signal", recipient->master);
	signal_tell(run, recipient,
	            recipient->spared == SPARED_MASTER     ? words
	            : recipient->spared == SPARED_ANCESTOR ? "not signalled: it started this sockview"
	                                                   : "not signalled: it is this sockview");
}

static void signal_one(struct run *run, const struct recipient *recipient)
{
	struct signalling *signalling = run->own;
	char words[96];
	int number = recipient->pidfd < 0 ? -recipient->pidfd : 0;
	bool unseen = number && number != ENOENT && number != ESRCH;
	/* The answer may have taken its time. Descriptors that are hidden now were seen with the rights of the look. */
	if (!number && acting_holds(run, recipient->process, recipient->row) == 0)
		number = ENOENT;
	if (!number && !run->options->dry_run)
		number = act_signal(recipient->pidfd, run->options->signal);
	const char *name = errno_name(number);
	if (number == ENOENT)
		snprintf(words, sizeof(words), "left: it does not hold it any more");
	else if (number == ESRCH)
		snprintf(words, sizeof(words), "left: it has ended");
	else if (number == EXDEV)
		snprintf(words, sizeof(words), "not signalled: this /proc is another pid namespace's");
	else if (number)
		snprintf(words, sizeof(words), "not signalled: %s%s", unseen ? "a second look at it gave " : "",
		         name ? name : "?");
	else
		snprintf(words, sizeof(words), run->options->dry_run ? "would get SIG%s" : "got SIG%s",
		         signal_name(run->options->signal));
	signalling->done += !number;
	/* One that ends as its parent did, or let it go, is none that could not be signalled. */
	signalling->failed += number && number != ENOENT && number != ESRCH;
	signalling->refused |= number == EPERM && !unseen;
	signal_tell(run, recipient, words);
}

/* Sockets that no process which could be seen holds. */
static void signal_unowned(struct run *run)
{
	struct signalling *signalling = run->own;
	for (size_t r = 0; r < run->table.count; r++) {
		const struct row *row = &run->table.row[r];
		char words[96];
		if (owners_of(&run->owners, row).count)
			continue;
		const char *reason = owner_reason_name(owners_reason(&run->owners, row));
		snprintf(words, sizeof(words), "nothing to signal: no owner is known (%.30s)", reason);
		acting_tell(run, row, NULL, words);
		signalling->failed++;
	}
}

static void signal_report(struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	acting_report(run);
	if (run->table.count || run->options->quiet)
		return;
	if (needs->states_chosen || needs->states_said)
		message("no socket fits: nothing was signalled");
	else
		message("nothing that fits waits to be connected: nothing was signalled; owners of connections are "
		        "signalled only if their state is named, as in --state established");
}

static int signal_answer(struct run *run)
{
	struct signalling *signalling = run->own;
	if (acting_look(run, signal_words.done) < 0)
		return -1;
	session_read(&signalling->session, NULL, run->proc_fd);
	if (recipients_find(run) < 0)
		return error_set(&run->error, errno, "signal", "");
	recipients_spare(run);
	recipients_open(run);
	/* The signal itself is sent by the caller's own rights. */
	if (rights_own(run) < 0)
		return -1;
	signal_report(run);
	if (signal_is_asked(run) && !acting_may(run, signalling->recipients, &signal_words)) {
		signalling->asks_in_vain = true;
		return rights_drop(run, true);
	}
	for (size_t i = 0; i < signalling->recipients; i++) {
		if (signalling->recipient[i].spared)
			signal_spared(run, &signalling->recipient[i]);
		else
			signal_one(run, &signalling->recipient[i]);
	}
	signal_unowned(run);
	if (signalling->refused)
		message("another user's process takes CAP_KILL: sudo sockview --signal ...");
	return rights_drop(run, true);
}

static enum exit_status signal_status(const struct run *run)
{
	const struct signalling *signalling = run->own;
	if (signalling->asks_in_vain)
		return EXIT_USAGE;
	if (signalling->failed)
		return EXIT_NO_ANSWER;
	return signalling->done ? EXIT_ROWS : EXIT_NOTHING;
}

static void signal_end(struct run *run)
{
	struct signalling *signalling = run->own;
	for (size_t i = 0; signalling && i < signalling->recipients; i++)
		if (signalling->recipient[i].pidfd >= 0)
			close(signalling->recipient[i].pidfd);
	if (signalling) {
		free(signalling->recipient);
		free(signalling->of);
	}
	free(signalling);
}

const struct run_mode mode_signal = {
	.begin = signal_begin,
	.check = signal_check,
	.plan = signal_plan,
	.answer = signal_answer,
	.status = signal_status,
	.end = signal_end,
};
