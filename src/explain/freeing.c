// SPDX-License-Identifier: MIT
/*
 * freeing.c - which unit, container or process is to be stopped, which socket destroyed (freeing.h).
 *
 * A cgroup's path proves nothing: any user may make one that ends in
 * "sshd.service". A unit is stopped only if the manager says that this path is
 * that unit's, and that its main process holds the socket, or is a parent of
 * the same program that does. A container is stopped only if its runtime says
 * that its first process is in that cgroup. And never what we ourselves run in.
 */
#include "explain/freeing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/proto.h>
#include <sockview/socket_unit.h>
#include <sockview/stat_line.h>
#include <sockview/vec.h>

#include "explain/ask_program.h"
#include "explain/culprits.h"
#include "explain/holders.h"
#include "explain/lineage.h"
#include "explain/sigterm.h"

/* --- the steps --- */

static struct free_step *step_add(struct explain *explain, enum free_kind kind)
{
	struct free_plan *plan = &explain->freeing;
	struct free_step *step = vec_push(plan->step, plan->steps, plan->capacity);
	if (step)
		step->kind = kind;
	return step;
}

static void argv_free(char **argv)
{
	for (char **word = argv; word && *word; word++)
		free(*word);
	free(argv);
}

void freeing_end(struct explain *explain)
{
	for (size_t i = 0; i < explain->freeing.steps; i++)
		argv_free(explain->freeing.step[i].argv);
	free(explain->freeing.step);
	free(explain->freeing.process);
	explain->freeing = (struct free_plan){ 0 };
}

static bool same_argv(char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return !*a && !*b;
}

/* A process that holds none of the sockets that were looked for is not among the owners' processes. */
static int plan_add_process(struct explain *explain, const struct process *process, bool starts_them)
{
	const struct owners *owners = explain->facts.owners;
	struct free_plan *plan = &explain->freeing;
	bool listed = false;
	for (size_t i = 0; i < owners->process_count && !listed; i++)
		listed = process == &owners->process[i];
	struct free_process *added = vec_push(plan->process, plan->processes, plan->process_capacity);
	if (!added)
		return -1;
	*added = (struct free_process){
		.index = listed ? (uint32_t)(process - owners->process) : FREE_UNLISTED,
		.pid = process->pid,
		.parent = process->ppid,
		.start_ticks = process->start_ticks,
		.starts_them = starts_them,
	};
	return 0;
}

/* A command that stands there already is not added again. */
static int add_command(struct explain *explain, const char *const argv[])
{
	size_t words = 0;
	for (size_t i = 0; i < explain->freeing.steps; i++)
		if (explain->freeing.step[i].argv && same_argv(explain->freeing.step[i].argv, argv))
			return 0;
	while (argv[words])
		words++;
	char **copy = calloc(words + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < words; i++) {
		copy[i] = strdup(argv[i]);
		if (!copy[i])
			break;
	}
	if (!copy || (words && !copy[words - 1])) {
		argv_free(copy);
		return -1;
	}
	struct free_step *step = step_add(explain, FREE_COMMAND);
	if (!step) {
		argv_free(copy);
		return -1;
	}
	step->argv = copy;
	return 0;
}

/* --- what we run in --- */

enum { PATH_LEN_MAX = 4096 };

/* The path of "0::/system.slice/x.service\n", the first line's if there is none. */
static struct bytes own_path(const char *text, size_t len)
{
	const char *line = memmem(text, len, "0::", 3);
	const char *path = line ? line + 3 : memchr(text, '/', len);
	const char *end = path ? memchr(path, '\n', len - (size_t)(path - text)) : NULL;
	return end ? (struct bytes){ path, (size_t)(end - path) } : (struct bytes){ 0 };
}

/* True if we or one of our ancestors is in that cgroup or below it. */
static bool runs_us(const struct explain *explain, struct bytes path)
{
	enum { DEPTH_MAX = 64 };
	int proc_fd = explain->facts.proc_fd, pid = getpid();
	for (int depth = 0; depth < DEPTH_MAX && pid > 1; depth++) {
		char file[32], text[PATH_LEN_MAX];
		snprintf(file, sizeof(file), "%d/cgroup", pid);
		ssize_t len = file_read(proc_fd, file, text, sizeof(text));
		struct bytes own = own_path(text, len > 0 ? (size_t)len : 0);
		if (own.data && own.len >= path.len && memcmp(own.data, path.data, path.len) == 0 &&
		    (own.len == path.len || ((const char *)own.data)[path.len] == '/'))
			return true;
		pid = lineage_parent(proc_fd, pid);
	}
	return false;
}

static bool bytes_are(struct bytes bytes, const char *word)
{
	return bytes.len == strlen(word) && memcmp(bytes.data, word, bytes.len) == 0;
}

/* A word that is safe to print as a shell's and to hand to a manager. */
static bool is_plain_word(struct bytes bytes)
{
	const char *byte = bytes.data;
	if (!bytes.len || bytes.len > 255 || *byte == '-')
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-", byte[i]) || !byte[i])
			return false;
	return true;
}

/* --- units --- */

/* "Name=VALUE\n" of `systemctl show`. */
static struct bytes property(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			return (struct bytes){ line + len + 1, strcspn(line + len + 1, "\n") };
	return (struct bytes){ 0 };
}

/* Services that may start it again, and units in which other programs run: never stopped for one socket. */
static bool is_never_stopped(struct bytes unit)
{
	static const char *const names[] = { "sshd.service",       "ssh.service",    "docker.service",
		                             "containerd.service", "podman.service", "crio.service",
		                             "kubelet.service",    "dbus.service",   "init.service",
		                             "systemd.service",    "lxc.service",    "libvirtd.service" };
	for (size_t i = 0; i < countof(names); i++)
		if (bytes_are(unit, names[i]))
			return true;
	return unit.len < 8 || memcmp((const char *)unit.data + unit.len - 8, ".service", 8) != 0 ||
	       (unit.len > 5 && memcmp(unit.data, "user@", 5) == 0);
}

/* The uid of ".../user@1000.service/..."; false for a unit of the system's manager. */
static bool manager_user(struct bytes path, char user[16])
{
	const char *at = memmem(path.data, path.len, "/user@", 6);
	size_t len = 0;
	if (!at)
		return false;
	at += 6;
	for (const char *end = (const char *)path.data + path.len; at + len < end && len < 10; len++)
		if (at[len] < '0' || at[len] > '9')
			break;
	snprintf(user, 16, "%.*s@", (int)len, at);
	return true;
}

/* The manager's word: is this path that unit's, and does its main process hold the socket? */
static bool unit_is_proved(const struct explain *explain, struct bytes path, const char *name, const char *user)
{
	char answer[8192];
	const char *system[] = { "systemctl", "show", "-p", "ControlGroup", "-p", "MainPID", "--", name, NULL };
	const char *of_user[] = { "systemctl",    "--user", "-M",      user, "show", "-p",
		                  "ControlGroup", "-p",     "MainPID", "--", name,   NULL };
	if (ask_program((char *const *)(user ? of_user : system), answer, sizeof(answer)) < 0)
		return false;
	struct bytes group = property(answer, "ControlGroup"), main_pid = property(answer, "MainPID");
	return group.data && group.len == path.len && memcmp(group.data, path.data, path.len) == 0 && main_pid.data &&
	       culprits_have(explain, atoi(main_pid.data));
}

/* 1: the unit is to be stopped; 0: it is not. -1 with errno ENOMEM. */
static int stop_unit(struct explain *explain, const struct process *process)
{
	struct bytes path = owners_text(explain->facts.owners, process->cgroup), unit;
	char name[256], user[16];
	if (!path.data || !cgroup_unit(path, &unit) || is_never_stopped(unit) || !is_plain_word(unit))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)unit.len, (const char *)unit.data);
	bool of_user = manager_user(path, user);
	/* A recording's manager cannot be asked: its system's slice is believed. */
	if (explain->facts.live ? runs_us(explain, path) || !unit_is_proved(explain, path, name, of_user ? user : NULL)
	                        : memmem(path.data, path.len, "/system.slice/", 14) != path.data)
		return 0;
	const char *system[] = { "systemctl", "stop", name, NULL };
	const char *users[] = { "systemctl", "--user", "-M", user, "stop", name, NULL };
	return add_command(explain, of_user ? users : system) < 0 ? -1 : 1;
}

/* What systemd itself holds it for: the service that it starts at the first connection need not run. */
static int stop_socket_unit(struct explain *explain)
{
	char name[SOCKET_UNIT_MAX];
	if (!explain->facts.live || !socket_unit_find((enum proto)explain->target.proto, explain->target.port, name))
		return 0;
	const char *argv[] = { "systemctl", "stop", name, NULL };
	return add_command(explain, argv) < 0 ? -1 : 1;
}

/* --- containers --- */

#define ASK_CRICTL \
	{ \
		"crictl", "inspect", "-o", "go-template", "--template", "{{.info.pid}}" \
	}

/* How it is stopped, and how it is asked for the pid of its first process. */
static const struct {
	const char *runtime;
	const char *words[3];
	const char *ask[7];
} stoppers[] = {
	{ "docker", { "docker", "stop" }, { "docker", "inspect", "--format", "{{.State.Pid}}" } },
	{ "podman", { "podman", "stop" }, { "podman", "inspect", "--format", "{{.State.Pid}}" } },
	{ "containerd", { "crictl", "stop" }, ASK_CRICTL },
	{ "cri-o", { "crictl", "stop" }, ASK_CRICTL },
	{ "lxc", { "lxc-stop", "-n" }, { "lxc-info", "-pH", "-n" } },
	{ "systemd-nspawn", { "machinectl", "terminate" }, { "machinectl", "show", "-p", "Leader", "--value" } },
};

/* The runtime's word: the container of that id has its first process in the cgroup whose path names it. */
static bool container_is_proved(const struct explain *explain, struct bytes path, const struct container *container,
                                const char *const ask[], const char *id)
{
	const char *argv[9] = { 0 };
	char answer[64], file[32], text[PATH_LEN_MAX];
	size_t words = 0;
	for (; ask[words]; words++)
		argv[words] = ask[words];
	argv[words] = id;
	if (ask_program((char *const *)argv, answer, sizeof(answer)) <= 0)
		return false;
	snprintf(file, sizeof(file), "%d/cgroup", atoi(answer));
	ssize_t len = file_read(explain->facts.proc_fd, file, text, sizeof(text));
	struct bytes first = own_path(text, len > 0 ? (size_t)len : 0);
	const char *end = (const char *)container->id.data + container->id.len,
		   *path_end = (const char *)path.data + path.len;
	while (end < path_end && *end != '/')
		end++;
	size_t named = (size_t)(end - (const char *)path.data);
	return first.data && first.len >= named && memcmp(first.data, path.data, named) == 0 &&
	       (first.len == named || ((const char *)first.data)[named] == '/');
}

static int stop_container(struct explain *explain, const struct process *process)
{
	struct bytes path = owners_text(explain->facts.owners, process->cgroup);
	struct container container;
	char id[WORDS_NAME_MAX];
	if (!path.data || !cgroup_container(path, &container) || !is_plain_word(container.id) ||
	    (explain->facts.live && runs_us(explain, path)))
		return 0;
	words_container_id(id, &container);
	for (size_t i = 0; i < countof(stoppers); i++) {
		const char *argv[] = { stoppers[i].words[0], stoppers[i].words[1], id, NULL };
		if (strcmp(stoppers[i].runtime, container.runtime) != 0)
			continue;
		if (explain->facts.live && !container_is_proved(explain, path, &container, stoppers[i].ask, id))
			return 0;
		return add_command(explain, argv) < 0 ? -1 : 1;
	}
	return 0;
}

/* docker-proxy has the port for a container: docker itself says for which. */
static int stop_published(struct explain *explain)
{
	char filter[32], answer[4096];
	snprintf(filter, sizeof(filter), "publish=%u", explain->target.port);
	const char *ask[] = { "docker", "ps", "--filter", filter, "--format", "{{.Names}}", NULL };
	if (!explain->facts.live || ask_program((char *const *)ask, answer, sizeof(answer)) <= 0)
		return 0;
	size_t len = strcspn(answer, "\n");
	bool alone = !answer[len] || !answer[len + 1];
	answer[len] = '\0';
	const char *argv[] = { "docker", "stop", answer, NULL };
	if (!alone || !is_plain_word((struct bytes){ answer, len }))
		return 0;
	return add_command(explain, argv) < 0 ? -1 : 1;
}

/* --- processes --- */

static int signal_process(struct explain *explain, const struct process *process)
{
	enum sigterm_effect effect =
		explain->facts.live ? sigterm_effect(explain->facts.proc_fd, process->pid) : SIGTERM_TAKEN;
	/* SIGKILL does not end process 1 from within its pid namespace either. */
	if (process->pid == 1 && (process_is(explain, process, "systemd") || process_is(explain, process, "init") ||
	                          effect == SIGTERM_IGNORED || effect == SIGTERM_BLOCKED || !explain->facts.live))
		return 0;
	struct free_step *step = step_add(explain, FREE_SIGNAL);
	if (!step)
		return -1;
	step->pid = process->pid;
	step->start_ticks = process->start_ticks;
	step->blocks = effect == SIGTERM_BLOCKED;
	step->signal = effect == SIGTERM_IGNORED || step->blocks ? SIGKILL : SIGTERM;
	step->go_on = effect == SIGTERM_WAITS;
	return 0;
}

/* How its processes are stopped, as one sentence. */
static int say_gang(struct explain *explain, const struct gang *gang, size_t first)
{
	const struct free_step *step = &explain->freeing.step[first];
	size_t count = explain->freeing.steps - first;
	char program[WORDS_NAME_MAX];
	struct text words = { 0 };
	bool unit = step->argv && strcmp(step->argv[0], "systemctl") == 0;
	const struct process *process = &explain->facts.owners->process[gang->process];
	words_program(explain, program, process);
	int answer = step->argv ? freeing_words(explain, step, &words) : 0;
	for (size_t i = 0; i < count && !step->argv && !answer; i++)
		answer = text_add_char(&words, ' ') < 0 ? -1 : text_add_u64(&words, (uint64_t)step[i].pid);
	if (!answer && unit && process->pid == 1)
		answer = sentence_add(explain, SAY_ADVICE, "stop-socket-unit",
		                      "stop the socket unit that systemd holds it for: %.*s", (int)words.len,
		                      words.data);
	else if (!answer && step->argv)
		answer = sentence_add(explain, SAY_ADVICE, unit ? "stop-unit" : "stop-container", "stop %s%s: %.*s",
		                      program, unit ? "" : " in its container", (int)words.len, words.data);
	else if (!answer && count > 1)
		answer = sentence_add(explain, SAY_ADVICE, "stop-process",
		                      "stop %s, all %zu processes that hold the socket: kill%.*s", program, count,
		                      (int)words.len, words.data);
	else if (!answer)
		answer = sentence_add(explain, SAY_ADVICE, "stop-process", "stop %s: kill%s%.*s", program,
		                      step->signal == SIGKILL ? " -9" : "", (int)words.len, words.data);
	text_free(&words);
	for (size_t i = first; i < explain->freeing.steps && !answer; i++) {
		step = &explain->freeing.step[i];
		if (step->kind != FREE_SIGNAL || (step->signal == SIGTERM && !step->go_on))
			continue;
		if (step->go_on)
			answer = sentence_add(explain, SAY_ADVICE, "stopped-process",
			                      "process %d is stopped (SIGSTOP): it ends once it has got SIGCONT",
			                      step->pid);
		else
			answer = sentence_add(explain, SAY_ADVICE, step->blocks ? "term-blocked" : "term-ignored",
			                      "process %d %s SIGTERM: it takes SIGKILL", step->pid,
			                      step->blocks ? "blocks" : "ignores");
	}
	return answer;
}

/*
 * The parent may start what was stopped again. It is stopped too, and first,
 * only if two of its children hold the socket: then that is what it is for.
 */
static int stop_supervisor(struct explain *explain, uint32_t g)
{
	const struct owners *owners = explain->facts.owners;
	char theirs[WORDS_PROCESS_MAX], ours[WORDS_PROCESS_MAX];
	const struct process *supervisor = NULL, *child = NULL;
	unsigned children = 0;
	for (size_t i = 0; i < explain->culprits; i++) {
		const struct process *process = &owners->process[explain->culprit[i].process];
		const struct process *above =
			explain->culprit[i].gang == g ? lineage_supervisor(explain, process) : NULL;
		if (above && !supervisor) {
			supervisor = above;
			child = process;
		}
		children += above && above == supervisor;
	}
	if (!supervisor)
		return 0;
	words_process(explain, theirs, supervisor);
	words_process(explain, ours, child);
	if (children < 2)
		return sentence_add(explain, SAY_ADVICE, "supervisor", "%s was started by %s, which may start it again",
		                    ours, theirs);
	if (signal_process(explain, supervisor) < 0 || plan_add_process(explain, supervisor, true) < 0)
		return -1;
	return sentence_add(explain, SAY_ADVICE, "supervisor",
	                    "%s started %u of them, and may start them again: it is stopped first", theirs, children);
}

static int signal_gang(struct explain *explain, uint32_t g, size_t *before)
{
	if (stop_supervisor(explain, g) < 0)
		return -1;
	*before = explain->freeing.steps;
	for (size_t i = 0; i < explain->culprits; i++) {
		const struct process *process = &explain->facts.owners->process[explain->culprit[i].process];
		if (explain->culprit[i].gang == g && signal_process(explain, process) < 0)
			return -1;
	}
	return 0;
}

/* All of it is in one cgroup: its unit or container is stopped once. */
static int stop_gang(struct explain *explain, uint32_t g)
{
	const struct gang *gang = &explain->gang[g];
	const struct process *first = &explain->facts.owners->process[gang->process];
	size_t before = explain->freeing.steps;
	bool proxy = process_is(explain, first, "docker-proxy");
	int stopped = 0;
	if (first->pid == 1 && process_is(explain, first, "systemd"))
		stopped = stop_socket_unit(explain);
	else if (proxy)
		stopped = stop_published(explain);
	else if ((stopped = stop_container(explain, first)) == 0)
		stopped = stop_unit(explain, first);
	if (stopped < 0 || (!stopped && !proxy && signal_gang(explain, g, &before) < 0))
		return -1;
	explain->freeing.left_out |= explain->freeing.steps == before && !stopped;
	return explain->freeing.steps > before ? say_gang(explain, gang, before) : 0;
}

/* --- sockets that no process has open --- */

/* It ends with the process whose ring or queue it is in, where that is known and not only likely. */
static int signal_flight(struct explain *explain, const struct holder *holder)
{
	const struct owner_evidence *evidence = owners_evidence(explain->facts.owners, holder_row(explain, holder));
	/* Process 1 keeps descriptors for its units, and is not stopped. */
	if (holder->reason != REASON_IN_FLIGHT || !explain->facts.live || !evidence ||
	    evidence->flight == FLIGHT_UNKNOWN || evidence->flight == FLIGHT_PERHAPS || evidence->others ||
	    evidence->pid == 1)
		return 0;
	for (size_t i = 0; i < explain->freeing.steps; i++)
		if (explain->freeing.step[i].kind == FREE_SIGNAL && explain->freeing.step[i].pid == evidence->pid)
			return 1;
	struct stat_line line;
	if (!stat_line_read(explain->facts.proc_fd, evidence->pid, &line))
		return 0;
	struct process process = { .pid = evidence->pid, .ppid = line.parent, .start_ticks = line.start_ticks };
	size_t before = explain->freeing.steps;
	if (signal_process(explain, &process) < 0)
		return -1;
	if (explain->freeing.steps == before)
		return 0;
	return plan_add_process(explain, &process, false) < 0 ? -1 : 1;
}

static bool is_destroyed(const struct holder *holder, const struct crowd *crowd, bool gangs)
{
	/* One that is in the way only perhaps is waited for, while a program has the port anyway. */
	if (!proto_listens(holder->is.proto) || (!crowd->in_the_way && !crowd->without) ||
	    (gangs && !crowd->in_the_way))
		return false;
	return holder->is.time_wait || (holder->reason == REASON_ORPHAN && !crowd->outgoing);
}

static int destroy_sockets(struct explain *explain)
{
	uint32_t longest = 0;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		const struct crowd *crowd = &explain->crowd[holder->crowd];
		const struct row *row = holder_row(explain, holder);
		if (!culprits_blames(explain, crowd) || holder->reason == REASON_OWNED ||
		    holder->reason == REASON_UNACCEPTED)
			continue;
		if (crowd->expires_ms > longest)
			longest = crowd->expires_ms;
		int flies = signal_flight(explain, holder);
		if (flies < 0)
			return -1;
		if (flies)
			continue;
		if (!is_destroyed(holder, crowd, explain->gangs) || !(row->flags & ROW_HAS_COOKIE)) {
			explain->freeing.left_out |= !crowd->expires_ms;
			continue;
		}
		struct free_step *step = step_add(explain, FREE_DESTROY);
		if (!step)
			return -1;
		step->row = holder->row;
		step->cookie = row->cookie;
	}
	if (!longest)
		return 0;
	struct free_step *step = step_add(explain, FREE_WAIT);
	if (step)
		step->wait_ms = longest;
	return step ? 0 : -1;
}

int freeing_plan(struct explain *explain)
{
	const struct process *process = explain->facts.owners ? explain->facts.owners->process : NULL;
	for (size_t i = 0; i < explain->culprits; i++)
		if (plan_add_process(explain, &process[explain->culprit[i].process], false) < 0)
			return -1;
	/* Process 1 first: it starts a service again at the next connection. */
	for (uint32_t g = 0; g < explain->gangs; g++)
		if (process[explain->gang[g].process].pid == 1 && stop_gang(explain, g) < 0)
			return -1;
	for (uint32_t g = 0; g < explain->gangs; g++)
		if (process[explain->gang[g].process].pid != 1 && stop_gang(explain, g) < 0)
			return -1;
	return destroy_sockets(explain);
}

/* --- in words --- */

/* The prefix with which the step may be done. */
static const char *sudo_for(const struct explain *explain, const struct free_step *step)
{
	if (!explain->facts.live || geteuid() == 0)
		return "";
	if (step->kind == FREE_COMMAND)
		return strcmp(step->argv[0], "systemctl") == 0 && strcmp(step->argv[1], "--user") != 0 ? "sudo " : "";
	/* A supervisor is no owner: what is known of its user is the owner of its directory. */
	struct stat stat;
	char path[16];
	snprintf(path, sizeof(path), "%d", step->pid);
	if (step->kind == FREE_SIGNAL && fstatat(explain->facts.proc_fd, path, &stat, 0) == 0 &&
	    stat.st_uid == geteuid())
		return "";
	return "sudo ";
}

int freeing_words(const struct explain *explain, const struct free_step *step, struct text *text)
{
	int answer = text_add_string(text, sudo_for(explain, step));
	for (char **word = step->argv; word && *word && !answer; word++)
		answer = (word > step->argv ? text_add_char(text, ' ') : 0) < 0 ? -1 : text_add_string(text, *word);
	return answer;
}

/* "kill 812 813", of all processes that get the signal with the same rights. */
static int add_kill(const struct explain *explain, struct text *text, const char *verb, int signal, bool go_on)
{
	static const char *const sudos[] = { "", "sudo " };
	for (size_t s = 0; s < countof(sudos); s++) {
		bool some = false;
		for (size_t i = 0; i < explain->freeing.steps; i++) {
			const struct free_step *step = &explain->freeing.step[i];
			if (step->kind != FREE_SIGNAL || (signal && step->signal != signal) ||
			    (go_on && !step->go_on) || strcmp(sudo_for(explain, step), sudos[s]) != 0)
				continue;
			if (!some && ((text->len && text_add_string(text, "; ") < 0) ||
			              text_add_string(text, sudos[s]) < 0 || text_add_string(text, verb) < 0))
				return -1;
			some = true;
			if (text_add_char(text, ' ') < 0 || text_add_u64(text, (uint64_t)step->pid) < 0)
				return -1;
		}
	}
	return 0;
}

/* As a filter of -K: sockets that still have a process are left out, as that is stopped. */
static int add_destroy(const struct explain *explain, struct text *text)
{
	enum { ASKED_MAX = 100 }; /* -K asks from there on, and there may be no terminal */
	static const struct {
		enum state state;
		const char *word;
	} states[] = {
		{ STATE_TIME_WAIT, "time-wait" }, { STATE_FIN_WAIT1, "fin-wait-1" }, { STATE_FIN_WAIT2, "fin-wait-2" },
		{ STATE_LAST_ACK, "last-ack" },   { STATE_CLOSING, "closing" },
	};
	unsigned seen = 0, count = 0;
	for (size_t i = 0; i < explain->freeing.steps; i++) {
		const struct free_step *step = &explain->freeing.step[i];
		if (step->kind != FREE_DESTROY)
			continue;
		seen |= STATE_BIT(explain->facts.table->row[step->row].state);
		count++;
	}
	if (!count)
		return 0;
	if (text->len && text_add_string(text, "; ") < 0)
		return -1;
	if (explain->facts.live && geteuid() != 0 && text_add_string(text, "sudo ") < 0)
		return -1;
	if (text_add_string(text, explain->facts.enter ? explain->facts.enter : "") < 0 ||
	    text_add_string(text, count > ASKED_MAX ? "sockview -K --yes" : "sockview -K") < 0)
		return -1;
	for (size_t i = 0; i < countof(states); i++)
		if (seen & STATE_BIT(states[i].state) &&
		    (text_add_string(text, " state ") < 0 || text_add_string(text, states[i].word) < 0))
			return -1;
	if (text_add_string(text, " sport = :") < 0 || text_add_u64(text, explain->target.port) < 0)
		return -1;
	return seen & ~STATE_BIT(STATE_TIME_WAIT) ? text_add_string(text, " and inode = 0") : 0;
}

int freeing_command(const struct explain *explain, struct text *text)
{
	for (size_t i = 0; i < explain->freeing.steps; i++) {
		const struct free_step *step = &explain->freeing.step[i];
		if (step->kind == FREE_COMMAND &&
		    ((text->len && text_add_string(text, "; ") < 0) || freeing_words(explain, step, text) < 0))
			return -1;
	}
	if (add_kill(explain, text, "kill", SIGTERM, false) < 0 || add_kill(explain, text, "kill -CONT", 0, true) < 0 ||
	    add_kill(explain, text, "kill -9", SIGKILL, false) < 0)
		return -1;
	return add_destroy(explain, text);
}
