// SPDX-License-Identifier: MIT
/* bpf.h - what the BPF looks have in common: how they begin and how they end. */
#ifndef SOCKVIEW_OWNERS_BPF_H
#define SOCKVIEW_OWNERS_BPF_H

#include <sockview/finder.h>

#include "owners/bpf_records.h"

/* The programs, if what they tell fits the request's /proc; NULL with report.bpf_errno and bpf_why set. */
struct task_file_programs *bpf_load(const struct finder_request *request, struct owner_report *report);

/* The records of a look from its beginning, as bpf_records_read() gives them. */
int bpf_look(struct bpf_records *records, const struct task_file_programs *programs, const struct inode_index *index,
             const bool *known);

/* The findings become the owners. 0, or -1 with error. */
int bpf_join(const struct finder_request *request, struct owners *owners, struct findings *findings, size_t count,
             struct error *error);

#endif
