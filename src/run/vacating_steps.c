// SPDX-License-Identifier: MIT
/*
 * vacating_steps.c - the steps of --free: commands, signals, sockets closed, and then a bind is tried until it
 * passes or time is over (vacating_steps.h).
 */
#include "run/vacating_steps.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sockview/errno_name.h>
#include <sockview/file.h>
#include <sockview/message.h>
#include <sockview/signal_name.h>
#include <sockview/stat_line.h>

#include "run/acting.h"
#include "run/rights.h"

enum {
	PAUSE_MS = 20,
	AGAIN_MS = 1000, /* so long a port is watched whose supervisor may have its server started again */
};

static int64_t steps_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void steps_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, NULL);
}

const struct free_process *steps_process(const struct free_plan *plan, const struct free_step *step)
{
	for (size_t i = 0; i < plan->processes; i++)
		if (step->kind == FREE_SIGNAL && plan->process[i].pid == step->pid)
			return &plan->process[i];
	return NULL;
}

void steps_tell_process(struct run *run, const struct free_process *process)
{
	char path[32], comm[64];
	if (process->index != FREE_UNLISTED) {
		acting_tell_process(run, &run->owners.process[process->index]);
		return;
	}
	snprintf(path, sizeof(path), "%d/comm", process->pid);
	ssize_t len = file_read_string(run->proc_fd, path, comm, sizeof(comm));
	out_u64(&run->out, (uint64_t)process->pid);
	out_char(&run->out, '/');
	len = len > 0 ? (ssize_t)strcspn(comm, "\n") : 0;
	char *to = out_room(&run->out, TEXT_ESCAPED_MAX((size_t)len));
	out_advance(&run->out, text_escape(to, comm, (size_t)len, TEXT_WORD));
}

/* It can be seen whether it still holds the socket. */
static bool has_descriptor(const struct free_process *process)
{
	return !process->starts_them && process->index != FREE_UNLISTED;
}

/* --- who gets a signal --- */

/* A pidfd of the process that was found, which still is what it was; or -errno. */
static int hold_one(const struct run *run, const struct free_process *process)
{
	struct stat_line line;
	int pidfd = act_pidfd(run->proc_fd, process->pid);
	if (pidfd < 0)
		return pidfd;
	bool same = stat_line_read(run->proc_fd, process->pid, &line) && line.start_ticks == process->start_ticks;
	if (same && (!has_descriptor(process) || acting_holds(run, process->index, 0) > 0))
		return pidfd;
	close(pidfd);
	return -ESRCH;
}

bool steps_hold(struct run *run)
{
	struct vacating *vacating = run->own;
	const struct free_plan *plan = explain_free_plan(vacating->explain);
	vacating->pidfd = calloc(plan->steps + 1, sizeof(*vacating->pidfd));
	if (!vacating->pidfd)
		return false;
	for (size_t i = 0; i < plan->steps; i++) {
		const struct free_process *process = steps_process(plan, &plan->step[i]);
		vacating->pidfd[vacating->pidfds++] = process ? hold_one(run, process) : -1;
		if (process && vacating->pidfd[i] < 0)
			return false;
	}
	return true;
}

void steps_release(struct vacating *vacating)
{
	for (size_t i = 0; i < vacating->pidfds; i++)
		if (vacating->pidfd[i] >= 0)
			close(vacating->pidfd[i]);
	free(vacating->pidfd);
	vacating->pidfd = NULL;
	vacating->pidfds = 0;
}

/* --- one step --- */

static void tell_step(struct run *run, const struct free_step *step, const char *became)
{
	const struct vacating *vacating = run->own;
	steps_tell_process(run, steps_process(explain_free_plan(vacating->explain), step));
	out_string(&run->out, ": ");
	out_string(&run->out, became);
	out_char(&run->out, '\n');
}

static void command_result(char *words, size_t size, int status)
{
	if (status == -ETIME)
		snprintf(words, size, "ended, as time was over");
	else if (status < 0)
		snprintf(words, size, "not run: %s", strerror(-status));
	else if (WIFSIGNALED(status))
		snprintf(words, size, "ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(words, size, "failed: exit status %d", WEXITSTATUS(status));
	else
		snprintf(words, size, "done");
}

/* True if it went well. */
static bool step_command(struct run *run, const struct free_step *step)
{
	struct vacating *vacating = run->own;
	struct command command;
	char words[128] = "would be run";
	int status = 0;
	if (!command_find(&command, step->argv))
		return false;
	/* Our own buffered lines come before the command's output. */
	out_flush(&run->out);
	if (!run->options->dry_run) {
		status = commander_run(&vacating->commander, &command, vacating->deadline - steps_now());
		command_result(words, sizeof(words), status);
	}
	out_string(&run->out, step->argv[0]);
	out_string(&run->out, ": ");
	out_string(&run->out, words);
	out_char(&run->out, '\n');
	return status == 0;
}

/* True if it has got it, or has ended. */
static bool step_signal(struct run *run, const struct free_step *step, int pidfd, int number)
{
	char words[96];
	bool dry = run->options->dry_run;
	int answer = dry ? 0 : act_signal(pidfd, number);
	const char *name = errno_name(answer), *how = dry ? "would get" : "got";
	/* It takes no signal but SIGKILL before it goes on. */
	if (!answer && step->go_on && number == SIGTERM) {
		if (!dry)
			act_signal(pidfd, SIGCONT);
		snprintf(words, sizeof(words), "%s SIGTERM and SIGCONT", how);
	} else if (!answer) {
		snprintf(words, sizeof(words), "%s SIG%s", how, signal_name(number));
	} else if (answer == ESRCH) {
		snprintf(words, sizeof(words), "has ended");
	} else {
		snprintf(words, sizeof(words), "not signalled: %s", name ? name : "?");
	}
	tell_step(run, step, words);
	if (answer == EPERM)
		message("another user's process takes CAP_KILL: sudo sockview --free ...");
	return !answer || answer == ESRCH;
}

static int step_destroy_all(struct run *run, const struct free_plan *plan)
{
	struct exchange exchange;
	size_t closed = 0, gone = 0, refused = 0;
	int number = 0;
	for (size_t i = 0; i < plan->steps; i++)
		closed += plan->step[i].kind == FREE_DESTROY;
	if (!closed)
		return 0;
	char line[160];
	if (run->options->dry_run) {
		snprintf(line, sizeof(line), "%zu socket%s that no process holds: would be closed\n", closed,
		         closed == 1 ? "" : "s");
		out_string(&run->out, line);
		return 0;
	}
	if (act_open(&exchange) < 0)
		return error_set(&run->error, errno, "close sockets (netlink)", "");
	closed = 0;
	for (size_t i = 0; i < plan->steps; i++) {
		if (plan->step[i].kind != FREE_DESTROY)
			continue;
		int answer = act_close(&exchange, &run->table.row[plan->step[i].row]);
		closed += !answer;
		gone += answer == ENOENT;
		refused += answer && answer != ENOENT;
		number = answer && answer != ENOENT ? answer : number;
	}
	exchange_close(&exchange);
	snprintf(line, sizeof(line), "%zu socket%s that no process holds: %zu closed, %zu had gone",
	         closed + gone + refused, closed + gone + refused == 1 ? "" : "s", closed, gone);
	out_string(&run->out, line);
	if (refused) {
		const char *name = errno_name(number);
		snprintf(line, sizeof(line), ", %zu not closed: %s", refused, name ? name : "?");
		out_string(&run->out, line);
	}
	out_char(&run->out, '\n');
	if (number == EPERM)
		message("closing a socket takes CAP_NET_ADMIN in its network namespace: sudo sockview --free ...");
	return 0;
}

/* --- the end --- */

static bool has_ended(int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	return pidfd < 0 || poll(&ended, 1, 0) > 0;
}

/* Those that SIGTERM did not end and that hold it still, as far as that can be seen. */
static void kill_rest(struct run *run, const struct free_plan *plan)
{
	struct vacating *vacating = run->own;
	for (size_t i = 0; i < plan->steps; i++) {
		const struct free_process *process = steps_process(plan, &plan->step[i]);
		if (!process || has_ended(vacating->pidfd[i]) ||
		    (has_descriptor(process) && acting_holds(run, process->index, 0) == 0))
			continue;
		step_signal(run, &plan->step[i], vacating->pidfd[i], SIGKILL);
		out_flush(&run->out);
	}
}

/*
 * 1, 0, or -1 with the run's error. A trial that fails is in no other server's
 * way, and the first that passes is the last.
 */
static int port_look(struct run *run)
{
	struct vacating *vacating = run->own;
	struct wait_end *end = &vacating->target.end[0];
	struct sources sources = { .from = run->options->source, .proc_net_fd = run->proc_net_fd };
	int clear = wait_is_clear(end, &sources, &run->error);
	if (clear <= 0)
		return clear;
	vacating->refused = wait_try_bind(end);
	/* Waiting does not help. */
	if (vacating->refused == EACCES || vacating->refused == EPERM || vacating->refused == EADDRNOTAVAIL)
		vacating->deadline = 0;
	return !vacating->refused;
}

/* Started by what may start it again: 1 if nothing has the port for a moment, 0 or -1. */
static int port_stays(struct run *run)
{
	struct vacating *vacating = run->own;
	struct sources sources = { .from = run->options->source, .proc_net_fd = run->proc_net_fd };
	int64_t end = steps_now() + AGAIN_MS;
	int clear = 1;
	if (!explain_sentence(vacating->explain, "supervisor"))
		return 1;
	while (clear > 0 && steps_now() < end) {
		steps_pause();
		clear = wait_is_clear(&vacating->target.end[0], &sources, &run->error);
	}
	return clear;
}

static int port_wait(struct run *run, const struct free_plan *plan)
{
	struct vacating *vacating = run->own;
	int64_t half = steps_now() + (vacating->deadline - steps_now()) / 2;
	bool killed = !run->options->force;
	int answer;
	while ((answer = port_look(run)) == 0 && steps_now() < vacating->deadline) {
		if (!killed && steps_now() >= half) {
			killed = true;
			kill_rest(run, plan);
			continue;
		}
		steps_pause();
	}
	return answer > 0 ? port_stays(run) : answer;
}

int steps_carry_out(struct run *run)
{
	struct vacating *vacating = run->own;
	const struct free_plan *plan = explain_free_plan(vacating->explain);
	bool force = run->options->force;
	vacating->deadline = steps_now() + (int64_t)((run->options->seconds > 0 ? run->options->seconds : 10) * 1000);
	/* A later step does not make up for one that failed. */
	for (size_t i = 0; i < plan->steps; i++)
		if (plan->step[i].kind == FREE_COMMAND && !step_command(run, &plan->step[i]))
			return 0;
	for (size_t i = 0; i < plan->steps; i++) {
		const struct free_step *step = &plan->step[i];
		if (step->kind != FREE_SIGNAL)
			continue;
		int number = step->signal == SIGKILL && force ? SIGKILL : SIGTERM;
		vacating->left |= step->signal == SIGKILL && !force;
		if (!step_signal(run, step, vacating->pidfd ? vacating->pidfd[i] : -1, number))
			return 0;
	}
	if (step_destroy_all(run, plan) < 0)
		return -1;
	if (run->options->dry_run)
		return !vacating->left;
	out_flush(&run->out);
	return port_wait(run, plan);
}
