// SPDX-License-Identifier: MIT
/*
 * vacating.c - --free in place of a look: the plan that --explain computes is shown and asked about, what it is about
 * is looked up again, and the steps are carried out (vacating.h).
 */
#include "run/vacating.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/message.h>

#include "run/acting.h"
#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"
#include "run/vacating_steps.h"

static bool vacating_begin(struct run *run)
{
	return acting_begin(run, "--free", sizeof(struct vacating));
}

static struct explain *vacating_explain(const struct run *run, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct options *options = run->options;
	struct explain_options wanted = {
		.target = options->free_target,
		.protos = options->protos,
		.protos_named = options->protos_named,
		.family = options->inet == options->inet6 ? AF_UNSPEC
		          : options->inet                 ? AF_INET
		                                          : AF_INET6,
	};
	return explain_new(&wanted, problem);
}

static bool vacating_check(struct run *run)
{
	static const char before[] = "--explain: ";
	const struct options *options = run->options;
	struct vacating *vacating = run->own;
	char problem[EXPLAIN_PROBLEM_MAX];
	if (wait_list_read(&vacating->target, options->free_target, options->protos_named ? options->protos : 0, true,
	                   &run->lookup, problem) < 0) {
		message_usage("--free: %s", problem);
		return false;
	}
	vacating->explain = vacating_explain(run, problem);
	if (!vacating->explain) {
		bool named = strncmp(problem, before, sizeof(before) - 1) == 0;
		message_usage("--free: %s", !*problem ? strerror(errno)
		                            : named   ? problem + sizeof(before) - 1
		                                      : problem);
		return false;
	}
	/* The commands have the caller's environment; whom we ask is found where they are. */
	if (!options->dry_run && commander_start(&vacating->commander) < 0) {
		message("cannot start a process: %s", strerror(errno));
		return false;
	}
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	if (setenv("PATH", COMMAND_FOLDERS, 1) < 0) {
		message("cannot start: %s", strerror(errno));
		return false;
	}
	return true;
}

static void vacating_plan(struct run *run)
{
	struct vacating *vacating = run->own;
	run->listing.needs.details |= PROCESS_START;
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.parents = true,
		.evidence = true,
		.details = EXPLAIN_DETAILS,
		.privileges = PRIVILEGE_BIND | PRIVILEGE_MARK | PRIVILEGE_BPF_LIST | PRIVILEGE_KILL,
	};
	explain_query(vacating->explain, &run->query);
}

/* --- a look --- */

/* A sink: keeps what explain_wants(). */
static int vacating_keep(void *context, const struct sock *sock)
{
	struct run *run = context;
	struct vacating *vacating = run->own;
	return explain_wants(vacating->explain, &sock->row) ? gather_keep(run, sock) : 0;
}

/* Into `explain`, which is a new one. Only the caller's own rights are in effect then. */
static int vacating_look(struct run *run)
{
	struct vacating *vacating = run->own;
	struct source_request request = {
		.query = &run->query,
		.sink = vacating_keep,
		.context = run,
		.mark = gather_mark,
		.rewind = gather_rewind,
	};
	struct explain_facts facts = {
		.table = &run->table,
		.report = &run->report,
		.owners = &run->owners,
		.names = run->names,
		.proc_fd = run->proc_fd,
		.live = true,
		.privilege = &run->privilege,
		.enter = "",
	};
	char problem[EXPLAIN_PROBLEM_MAX];
	if (!vacating->explain)
		vacating->explain = vacating_explain(run, problem);
	if (!vacating->explain)
		return error_set(&run->error, errno ? errno : EINVAL, "look again", "");
	table_clear(&run->table);
	owners_free(&run->owners);
	run->report = (struct report){ 0 };
	explain_query(vacating->explain, &run->query);
	if (rights_raise(run) < 0 || gather_sockets(run, &request) != 0 || gather_owners(run) < 0)
		return -1;
	return explain_run(vacating->explain, &facts) < 0 ? error_set(&run->error, errno, "explain", "") : 0;
}

/* --- the plan --- */

static void say_process(struct run *run, const struct free_process *process)
{
	const struct column_context *context = &run->listing.context;
	char time[32] = "at a time that is not known";
	if (context->boot_time && context->ticks_per_second > 0)
		*text_time(time, context->boot_time +
		                         (int64_t)(process->start_ticks / (uint64_t)context->ticks_per_second)) = '\0';
	out_string(&run->out, "  ");
	steps_tell_process(run, process);
	out_string(&run->out, ", started ");
	out_string(&run->out, time);
	out_string(&run->out, process->starts_them ? ", which starts them\n" : "\n");
}

/* The words are plain: see is_plain_word() of freeing.c. */
static bool say_command(struct run *run, const struct free_step *step)
{
	struct command command;
	if (!command_find(&command, step->argv)) {
		message("%s is in none of %s: nothing was done", step->argv[0], COMMAND_FOLDERS);
		return false;
	}
	for (size_t i = 0; command.word[i]; i++) {
		if (i)
			out_char(&run->out, ' ');
		out_string(&run->out, command.word[i]);
	}
	return true;
}

static bool say_signal(struct run *run, const struct free_plan *plan, const struct free_step *step)
{
	const struct vacating *vacating = run->own;
	const char *signals = step->signal == SIGKILL && run->options->force ? "SIGKILL to "
	                      : step->go_on                                  ? "SIGTERM and SIGCONT to "
	                                                                     : "SIGTERM to ";
	const char *why = step->signal != SIGKILL ? ""
	                  : run->options->force ? (step->blocks ? ", which blocks SIGTERM" : ", which ignores SIGTERM")
	                  : step->blocks        ? ", which blocks it: --force sends SIGKILL"
	                                        : ", which ignores it: --force sends SIGKILL";
	if (step->pid == 1 || session_has_pid(&vacating->session, step->pid)) {
		message("process %d %s: nothing was done", step->pid,
		        step->pid == 1 ? "is the first of all, and is never signalled"
		                       : "started this sockview, or is it");
		return false;
	}
	out_string(&run->out, signals);
	steps_tell_process(run, steps_process(plan, step));
	out_string(&run->out, why);
	return true;
}

/* False after a message: it is not to be carried out. */
static bool tell_plan(struct run *run)
{
	const struct vacating *vacating = run->own;
	const struct free_plan *plan = explain_free_plan(vacating->explain);
	const char *supervisor = explain_sentence(vacating->explain, "supervisor");
	char line[96];
	unsigned number = 0;
	size_t sockets = 0;
	for (size_t i = 0; i < plan->processes; i++)
		say_process(run, &plan->process[i]);
	for (size_t i = 0; i < plan->steps; i++) {
		const struct free_step *step = &plan->step[i];
		sockets += step->kind == FREE_DESTROY;
		if (step->kind != FREE_COMMAND && step->kind != FREE_SIGNAL)
			continue;
		snprintf(line, sizeof(line), "%u. ", ++number);
		out_string(&run->out, line);
		if (step->kind == FREE_COMMAND ? !say_command(run, step) : !say_signal(run, plan, step))
			return false;
		out_char(&run->out, '\n');
	}
	if (sockets) {
		snprintf(line, sizeof(line), "%u. close %zu socket%s that no process holds\n", ++number, sockets,
		         sockets == 1 ? "" : "s");
		out_string(&run->out, line);
	}
	for (size_t i = 0; i < plan->steps && !sockets; i++) {
		if (plan->step[i].kind != FREE_WAIT)
			continue;
		snprintf(line, sizeof(line), "%u. wait: the kernel keeps it %u s at most\n", ++number,
		         (plan->step[i].wait_ms + 999) / 1000);
		out_string(&run->out, line);
	}
	if (supervisor) {
		out_string(&run->out, supervisor);
		out_char(&run->out, '\n');
	}
	return true;
}

/* True if there is something to do; else the exit status is known. -1 with the run's error. */
static int judge(struct run *run)
{
	struct vacating *vacating = run->own;
	const struct free_plan *plan = explain_free_plan(vacating->explain);
	int status = explain_status(vacating->explain);
	vacating->status = status == 0 ? EXIT_ROWS : EXIT_NO_ANSWER;
	bool ends_it = status == 1 && plan->steps && !plan->left_out;
	if (status == 0 || ends_it)
		return explain_verdict(vacating->explain, &run->out) < 0 ? error_set(&run->error, errno, "format", "")
		                                                         : ends_it;
	if (explain_text(vacating->explain, &run->out) < 0)
		return error_set(&run->error, errno, "format", "");
	if (status == 1)
		message("%s: nothing was done", plan->left_out && plan->steps
		                                        ? "something is in the way that could not be ended from here"
		                                        : "nothing here ends what is in the way");
	return 0;
}

/* --- the second look --- */

static bool plan_has(const struct free_plan *plan, const struct free_process *process)
{
	for (size_t i = 0; i < plan->processes; i++)
		if (plan->process[i].pid == process->pid && plan->process[i].start_ticks == process->start_ticks)
			return true;
	return false;
}

static bool same_words(char *const *a, char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return !*a && !*b;
}

static bool plan_has_step(const struct free_plan *plan, const struct free_step *step)
{
	for (size_t i = 0; i < plan->steps; i++) {
		const struct free_step *one = &plan->step[i];
		if (one->kind != step->kind)
			continue;
		if (step->kind == FREE_WAIT || (step->kind == FREE_COMMAND && same_words(one->argv, step->argv)) ||
		    (step->kind == FREE_SIGNAL && one->pid == step->pid && one->start_ticks == step->start_ticks) ||
		    (step->kind == FREE_DESTROY && one->cookie == step->cookie))
			return true;
	}
	return false;
}

/* Every step of now was shown, and all that was shown is there but sockets that the kernel has dropped by itself. */
static bool plan_is_same(const struct free_plan *shown, const struct free_plan *plan)
{
	bool same = shown->processes == plan->processes && !plan->left_out;
	for (size_t i = 0; i < plan->processes && same; i++)
		same = plan_has(shown, &plan->process[i]);
	for (size_t i = 0; i < plan->steps && same; i++)
		same = plan_has_step(shown, &plan->step[i]);
	for (size_t i = 0; i < shown->steps && same; i++)
		same = shown->step[i].kind == FREE_DESTROY || shown->step[i].kind == FREE_WAIT ||
		       plan_has_step(plan, &shown->step[i]);
	return same;
}

/* 1 it is as it was shown, 0 the exit status is known, -1 with the run's error. */
static int vacating_look_again(struct run *run)
{
	struct vacating *vacating = run->own;
	vacating->shown = vacating->explain;
	vacating->explain = NULL;
	if (vacating_look(run) < 0)
		return -1;
	if (explain_status(vacating->explain) == 0) {
		vacating->status = EXIT_ROWS;
		return explain_verdict(vacating->explain, &run->out) < 0 ? error_set(&run->error, errno, "format", "")
		                                                         : 0;
	}
	bool same = plan_is_same(explain_free_plan(vacating->shown), explain_free_plan(vacating->explain));
	/* Sockets of another user's process are seen with the rights of the look alone. */
	if (same && privilege_owners(&run->privilege, true) == 0)
		same = steps_hold(run);
	if (rights_away(run) < 0)
		return -1;
	if (same)
		return 1;
	message("others hold the port now than were shown: nothing was done");
	return 0;
}

/* --- the answer --- */

/* 1 yes, 0 no, which is told with the exit status. */
static int may_go_on(struct run *run)
{
	struct vacating *vacating = run->own;
	char question[48];
	if (run->options->yes || run->options->dry_run)
		return 1;
	snprintf(question, sizeof(question), "Free port %u so", vacating->target.end[0].port);
	int answer = acting_ask(question);
	if (answer < 0) {
		vacating->status = EXIT_USAGE;
		message("there is no terminal to ask on: --yes does it, --dry-run shows it; nothing was done");
	} else if (!answer) {
		message("nothing was done");
	}
	return answer > 0;
}

/* Tells of processes that have the port now and were started by the parent of one that has ended. */
static void say_taken_again(struct run *run, const struct free_plan *shown, const struct free_plan *plan)
{
	for (size_t i = 0; i < plan->processes; i++) {
		const struct free_process *process = &plan->process[i];
		const struct process *parent =
			process->index == FREE_UNLISTED
				? NULL
				: owners_parent(&run->owners, &run->owners.process[process->index]);
		bool again = false;
		for (size_t s = 0; s < shown->processes && !plan_has(shown, process); s++)
			again |= process->parent > 1 && shown->process[s].parent == process->parent;
		if (!again || !parent)
			continue;
		out_string(&run->out, "Taken again: ");
		steps_tell_process(run, process);
		out_string(&run->out, " was started by ");
		acting_tell_process(run, parent);
		out_string(&run->out, ", as those before: stop that first\n");
	}
}

/* What remains, from a third look. */
static int say_rest(struct run *run)
{
	struct vacating *vacating = run->own;
	char line[128];
	explain_free(vacating->shown);
	vacating->shown = vacating->explain;
	vacating->explain = NULL;
	if (vacating_look(run) < 0)
		return -1;
	if (explain_text(vacating->explain, &run->out) < 0)
		return error_set(&run->error, errno, "format", "");
	say_taken_again(run, explain_free_plan(vacating->shown), explain_free_plan(vacating->explain));
	const struct free_plan *plan = explain_free_plan(vacating->explain);
	for (size_t i = 0; i < plan->processes; i++) {
		if (!plan_has(explain_free_plan(vacating->shown), &plan->process[i]))
			continue;
		steps_tell_process(run, &plan->process[i]);
		out_string(&run->out, run->options->force
		                              ? " holds it still\n"
		                              : " holds it still: --force sends SIGKILL at half of the time\n");
	}
	if (vacating->refused) {
		snprintf(line, sizeof(line), "bind: %s\n", strerror(vacating->refused));
		out_string(&run->out, line);
	}
	return 0;
}

static int vacating_finish(struct run *run, bool is_free)
{
	struct vacating *vacating = run->own;
	char line[96];
	vacating->status = is_free ? EXIT_ROWS : EXIT_NO_ANSWER;
	if (!is_free && !run->options->dry_run)
		return say_rest(run);
	snprintf(line, sizeof(line), "Port %u (%s) %s\n", vacating->target.end[0].port,
	         proto_name(vacating->target.end[0].proto),
	         !is_free                ? "would stay taken: --force sends SIGKILL"
	         : run->options->dry_run ? "would be free."
	                                 : "is free: a bind passes.");
	out_string(&run->out, line);
	return 0;
}

static int vacating_steps(struct run *run)
{
	struct vacating *vacating = run->own;
	int answer = judge(run);
	if (answer <= 0)
		return answer;
	vacating->status = EXIT_NO_ANSWER;
	if (!tell_plan(run))
		return 0;
	/* It is read before the question is. */
	if (out_flush(&run->out) < 0)
		return error_set(&run->error, errno, "write to", "standard output");
	if (!may_go_on(run))
		return 0;
	answer = run->options->dry_run ? 1 : vacating_look_again(run);
	if (answer <= 0)
		return answer;
	answer = steps_carry_out(run);
	return answer < 0 ? -1 : vacating_finish(run, answer);
}

static int vacating_answer(struct run *run)
{
	struct vacating *vacating = run->own;
	if (listing_prepare(&run->listing, run->options, run->proc_fd, run->proc_is_ours) < 0)
		return error_set(&run->error, errno, "start", "");
	session_read(&vacating->session, NULL, run->proc_fd);
	if (vacating_look(run) < 0)
		return -1;
	int answer = vacating_steps(run);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	if (run->options->quiet)
		return 0;
	notes_names(run->names);
	notes_veiled(&run->owners.report);
	notes_unread(&run->owners.report);
	return 0;
}

static enum exit_status vacating_status(const struct run *run)
{
	const struct vacating *vacating = run->own;
	return vacating->status;
}

static void vacating_end(struct run *run)
{
	struct vacating *vacating = run->own;
	if (!vacating)
		return;
	commander_end(&vacating->commander);
	steps_release(vacating);
	explain_free(vacating->explain);
	explain_free(vacating->shown);
	wait_list_free(&vacating->target);
	free(vacating);
}

const struct run_mode mode_free = {
	.begin = vacating_begin,
	.check = vacating_check,
	.plan = vacating_plan,
	.answer = vacating_answer,
	.status = vacating_status,
	.end = vacating_end,
};
