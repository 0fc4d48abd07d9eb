/* owner_parent.c - from a process to the one above it (owner.h). */
#include <sockview/owner.h>

#include <stdlib.h>

static int compare_pid(const void *key, const void *process)
{
	int32_t pid = *(const int32_t *)key, other = ((const struct process *)process)->pid;
	return pid < other ? -1 : pid > other;
}

static const struct process *find(const struct process *array, size_t count, int32_t pid)
{
	return count ? bsearch(&pid, array, count, sizeof(*array), compare_pid) : NULL;
}

const struct process *owners_parent(const struct owners *owners, const struct process *process)
{
	if (!(process->has & PROCESS_START) || process->ppid <= 0)
		return NULL;
	const struct process *parent = find(owners->process, owners->process_count, process->ppid);
	if (!parent)
		parent = find(owners->parent, owners->parent_count, process->ppid);
	/* What began later is another process that got the pid meanwhile. */
	if (parent && parent->has & PROCESS_START && parent->start_ticks > process->start_ticks)
		return NULL;
	return parent;
}
