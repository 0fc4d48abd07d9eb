// SPDX-License-Identifier: MIT
/* vacating_steps.h - see vacating_steps.c. */
#ifndef SOCKVIEW_RUN_VACATING_STEPS_H
#define SOCKVIEW_RUN_VACATING_STEPS_H

#include <sockview/act.h>
#include <sockview/explain.h>
#include <sockview/wait.h>

#include "run/invocation.h"

/* --free's own state. */
struct vacating {
	struct wait_list target; /* one end: what is bound in trial */
	struct commander commander;
	struct session session;
	struct explain *explain; /* of the last look */
	struct explain *shown;   /* of the look whose plan was shown */
	int *pidfd;              /* by the steps of `explain`: of those that are signals, else -1 */
	size_t pidfds;
	int64_t deadline; /* of CLOCK_MONOTONIC, in ms */
	int refused;      /* errno of the last trial bind; 0: it passed, or there was none */
	bool left;        /* a process stays, as it takes SIGKILL and --force was not given */
	enum exit_status status;
};

/* The process of a step; NULL: it is no signal. */
const struct free_process *steps_process(const struct free_plan *plan, const struct free_step *step);
/* "812/nginx" */
void steps_tell_process(struct run *run, const struct free_process *process);
/*
 * Holds the processes that get a signal, each by a pidfd that was opened before
 * a second look at it. False: one of them has ended, or does not hold the socket any more.
 */
bool steps_hold(struct run *run);
void steps_release(struct vacating *vacating);
/* One after the other, each told; with --dry-run in the conditional. 1 a bind passes, 0 none does, -1 with the run's error. */
int steps_carry_out(struct run *run);

#endif
