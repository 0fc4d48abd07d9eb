// SPDX-License-Identifier: MIT
/* lineage.c - which process started which (lineage.h). */
#include "explain/lineage.h"

#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/stat_line.h>

#include "explain/culprits.h"
#include "explain/explain_words.h"

enum { DEPTH_MAX = 64 };

int lineage_parent(int proc_fd, int pid)
{
	struct stat_line line;
	return stat_line_read(proc_fd, pid, &line) ? line.parent : 0;
}

bool lineage_is_ours(int proc_fd, int pid)
{
	int one = getpid();
	for (int depth = 0; depth < DEPTH_MAX && one > 0 && one != pid; depth++)
		one = lineage_parent(proc_fd, one);
	return one == pid;
}

/* Those start what a person typed, once; or more than this one server hangs on them. */
static bool is_spared(const struct explain *explain, const struct process *process)
{
	static const char *const names[] = {
		"sh",
		"bash",
		"-bash",
		"-sh",
		"dash",
		"ash",
		"zsh",
		"-zsh",
		"fish",
		"ksh",
		"csh",
		"tcsh",
		"su",
		"sudo",
		"doas",
		"login",
		"sshd",
		"tmux",
		"tmux:",
		"screen",
		"busybox",
		"systemd",
		"init",
		"runc",
		"crun",
		"conmon",
		"cron",
		"dockerd",
		"containerd",
		"crio",
		"kubelet",
		"lxc-start",
		"podman",
		"docker",
		"crond",
		"xinetd",
		"inetd",
		"libvirtd",
		"containerd-shim",
		"containerd-shim-runc-v2",
	};
	for (size_t i = 0; i < countof(names); i++)
		if (process_is(explain, process, names[i]))
			return true;
	return false;
}

const struct process *lineage_supervisor(const struct explain *explain, const struct process *process)
{
	const struct process *parent = owners_parent(explain->facts.owners, process);
	struct stat_line line;
	if (!explain->facts.live || !parent || parent->pid <= 1 || culprits_have(explain, parent->pid) ||
	    is_spared(explain, parent) || lineage_is_ours(explain->facts.proc_fd, parent->pid) ||
	    !stat_line_read(explain->facts.proc_fd, parent->pid, &line))
		return NULL;
	return line.terminal && line.session == parent->pid ? NULL : parent;
}
