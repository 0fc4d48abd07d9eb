// SPDX-License-Identifier: MIT
/* finder.h - who has an fd on which socket: the walk through /proc, and the BPF iterator. */
#ifndef SOCKVIEW_FINDER_H
#define SOCKVIEW_FINDER_H

#include <sockview/owner.h>
#include <sockview/error.h>
#include <sockview/privilege.h>
#include <sockview/process_list.h>
#include <sockview/query.h>

struct finder_request {
	int proc_fd;                     /* an open /proc (or --proc-root) */
	bool proc_is_ours;               /* it is the /proc of this process's own pid namespace */
	const struct inode_index *index; /* which sockets; NULL: not known yet (finder_bpf_early(), finder_sockets()) */
	unsigned details;                /* enum process_detail: what to read of each owner */
	bool names_unseen;               /* and of processes that cannot be looked into (PROCESS_UNSEEN) */
	unsigned threads;                /* at most; 0: as many as the CPUs we may use, up to 8 */
	const struct process_list *only; /* finder_proc() looks into no other process; NULL: into all of them */
	/* The look has rights that its caller has not, who is shown no more of an owner than he may see; NULL: not so. */
	const struct privilege *elevated;
};

/*
 * Both fill owners (its index is built) and owners->report. 0, or -1 with
 * error. finder_bpf() answers 1, with report.bpf_errno and bpf_why set, where
 * it cannot run here: use finder_proc() then.
 */
int finder_proc(const struct finder_request *request, struct owners *owners, struct error *error);
int finder_bpf(const struct finder_request *request, struct owners *owners, struct error *error);
/*
 * The look of finder_bpf() begun while sockets are still being asked for; the
 * request needs no index yet. Best begun with the first socket that has an
 * inode: a namespace without any costs nothing then. NULL where no thread can
 * be had. Ended by finder_bpf_late() with the index: 0 done; -1 with error; 1 it
 * could not be taken, and owners is as it was: look again. Or by
 * finder_bpf_drop(), which takes NULL too and returns within a millisecond. The
 * thread between the two has the capabilities of the moment it was begun.
 */
struct finder_early;
struct finder_early *finder_bpf_early(const struct finder_request *request);
int finder_bpf_late(struct finder_early *early, const struct finder_request *request, struct owners *owners,
                    struct error *error);
void finder_bpf_drop(struct finder_early *early);
/*
 * True if this host has so many open files that finder_bpf() is worth trying
 * first. A guess from /proc/sys/fs/file-nr; says nothing of whether it may run.
 */
bool finder_bpf_pays(const struct finder_request *request);

/*
 * The processes that fit, by the request's details and without a look at their
 * descriptors; those of which a detail cannot be read are among them. 0; 1 if
 * /proc does not list all processes, or none; -1 with errno ENOMEM, or as
 * rights cannot be changed. The caller frees `fitting` after each.
 */
typedef bool finder_fits(const void *context, const struct owners *owners, const struct process *process);
int finder_census(const struct finder_request *request, finder_fits *fits, const void *context,
                  struct process_list *fitting);

/*
 * All sockets of the processes of request->only: fills owners, its index of
 * their inodes, and owners->report; the request's index is not read. 0, or -1
 * with errno ENOMEM.
 */
int finder_sockets(const struct finder_request *request, struct owners *owners);

/*
 * Reads the processes above the owners (which must have PROCESS_START) into
 * owners->parent, as far as they can be read with the rights in effect. 0, or -1 with errno ENOMEM.
 */
int finder_parents(int proc_fd, struct owners *owners);

#endif
