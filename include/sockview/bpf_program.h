// SPDX-License-Identifier: MIT
/* bpf_program.h - how NAME.bpf.c is written: without libbpf's headers, with what they put into the object. */
#ifndef SOCKVIEW_BPF_PROGRAM_H
#define SOCKVIEW_BPF_PROGRAM_H

#define SECTION(name) __attribute__((section(name), used))
#define RELOCATED     __attribute__((preserve_access_index))
#define INLINE        static inline __attribute__((always_inline))

/* Maps as libbpf describes them in BTF. */
#define MAP_NUMBER(name, value) int(*name)[value]
#define MAP_TYPE(name, value)   typeof(value) *name

/* Of the running kernel: enum bpf_field_info_kind, bpf_type_info_kind (tools/lib/bpf/bpf_core_read.h). */
#define OFFSET(type, field) __builtin_preserve_field_info(((type *)0)->field, 0)
#define FIELD_EXISTS(field) __builtin_preserve_field_info(field, 2)
#define TYPE_SIZE(type)     __builtin_preserve_type_info(*(type *)0, 1)

#endif
