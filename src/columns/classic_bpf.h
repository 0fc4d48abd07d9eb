// SPDX-License-Identifier: MIT
/* classic_bpf.h - a classic BPF program as text (linux/filter.h). */
#ifndef SOCKVIEW_COLUMNS_CLASSIC_BPF_H
#define SOCKVIEW_COLUMNS_CLASSIC_BPF_H

#include <sockview/text.h>

/*
 * Appends `program`, an array of struct sock_filter in the order of bytes of
 * this host, as one line: the mnemonics of the kernel's tools/bpf/bpf_dbg.c,
 * "ldh [12]; jeq #0x800, 2, 5; ret #0x40000". An invalid instruction is its
 * four numbers, code jt jf k. 0, or -1 with errno ENOMEM.
 */
int classic_bpf_text(struct text *text, struct bytes program);

#endif
