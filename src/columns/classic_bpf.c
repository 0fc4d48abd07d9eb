// SPDX-License-Identifier: MIT
/* classic_bpf.c - instructions of classic BPF in words (classic_bpf.h). */
#include "columns/classic_bpf.h"

#include <linux/filter.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>

/* How an instruction's operand is written. */
enum operand { NONE, IMMEDIATE, ABSOLUTE, INDIRECT, MEMORY, HEADER, LENGTH, JUMP, JUMP_K, JUMP_X };

static const struct {
	uint16_t code;
	uint8_t operand; /* enum operand */
	const char *name;
} instructions[] = {
	{ BPF_LD | BPF_W | BPF_ABS, ABSOLUTE, "ld" },
	{ BPF_LD | BPF_H | BPF_ABS, ABSOLUTE, "ldh" },
	{ BPF_LD | BPF_B | BPF_ABS, ABSOLUTE, "ldb" },
	{ BPF_LD | BPF_W | BPF_IND, INDIRECT, "ld" },
	{ BPF_LD | BPF_H | BPF_IND, INDIRECT, "ldh" },
	{ BPF_LD | BPF_B | BPF_IND, INDIRECT, "ldb" },
	{ BPF_LD | BPF_IMM, IMMEDIATE, "ld" },
	{ BPF_LD | BPF_MEM, MEMORY, "ld" },
	{ BPF_LD | BPF_W | BPF_LEN, LENGTH, "ld" },
	{ BPF_LDX | BPF_IMM, IMMEDIATE, "ldx" },
	{ BPF_LDX | BPF_MEM, MEMORY, "ldx" },
	{ BPF_LDX | BPF_W | BPF_LEN, LENGTH, "ldx" },
	{ BPF_LDX | BPF_B | BPF_MSH, HEADER, "ldx" },
	{ BPF_ST, MEMORY, "st" },
	{ BPF_STX, MEMORY, "stx" },
	{ BPF_ALU | BPF_ADD | BPF_K, IMMEDIATE, "add" },
	{ BPF_ALU | BPF_SUB | BPF_K, IMMEDIATE, "sub" },
	{ BPF_ALU | BPF_MUL | BPF_K, IMMEDIATE, "mul" },
	{ BPF_ALU | BPF_DIV | BPF_K, IMMEDIATE, "div" },
	{ BPF_ALU | BPF_MOD | BPF_K, IMMEDIATE, "mod" },
	{ BPF_ALU | BPF_AND | BPF_K, IMMEDIATE, "and" },
	{ BPF_ALU | BPF_OR | BPF_K, IMMEDIATE, "or" },
	{ BPF_ALU | BPF_XOR | BPF_K, IMMEDIATE, "xor" },
	{ BPF_ALU | BPF_LSH | BPF_K, IMMEDIATE, "lsh" },
	{ BPF_ALU | BPF_RSH | BPF_K, IMMEDIATE, "rsh" },
	{ BPF_ALU | BPF_ADD | BPF_X, NONE, "add x" },
	{ BPF_ALU | BPF_SUB | BPF_X, NONE, "sub x" },
	{ BPF_ALU | BPF_MUL | BPF_X, NONE, "mul x" },
	{ BPF_ALU | BPF_DIV | BPF_X, NONE, "div x" },
	{ BPF_ALU | BPF_MOD | BPF_X, NONE, "mod x" },
	{ BPF_ALU | BPF_AND | BPF_X, NONE, "and x" },
	{ BPF_ALU | BPF_OR | BPF_X, NONE, "or x" },
	{ BPF_ALU | BPF_XOR | BPF_X, NONE, "xor x" },
	{ BPF_ALU | BPF_LSH | BPF_X, NONE, "lsh x" },
	{ BPF_ALU | BPF_RSH | BPF_X, NONE, "rsh x" },
	{ BPF_ALU | BPF_NEG, NONE, "neg" },
	{ BPF_JMP | BPF_JA, JUMP, "ja" },
	{ BPF_JMP | BPF_JEQ | BPF_K, JUMP_K, "jeq" },
	{ BPF_JMP | BPF_JGT | BPF_K, JUMP_K, "jgt" },
	{ BPF_JMP | BPF_JGE | BPF_K, JUMP_K, "jge" },
	{ BPF_JMP | BPF_JSET | BPF_K, JUMP_K, "jset" },
	{ BPF_JMP | BPF_JEQ | BPF_X, JUMP_X, "jeq" },
	{ BPF_JMP | BPF_JGT | BPF_X, JUMP_X, "jgt" },
	{ BPF_JMP | BPF_JGE | BPF_X, JUMP_X, "jge" },
	{ BPF_JMP | BPF_JSET | BPF_X, JUMP_X, "jset" },
	{ BPF_RET | BPF_K, IMMEDIATE, "ret" },
	{ BPF_RET | BPF_A, NONE, "ret a" },
	{ BPF_MISC | BPF_TAX, NONE, "tax" },
	{ BPF_MISC | BPF_TXA, NONE, "txa" },
};

/* Jumps are written as the number of the instruction they go to, from 0. */
static int instruction_text(char *to, size_t size, const struct sock_filter *filter, size_t at)
{
	uint32_t yes = (uint32_t)at + 1 + filter->jt, no = (uint32_t)at + 1 + filter->jf;
	size_t i = 0;
	while (i < countof(instructions) && instructions[i].code != filter->code)
		i++;
	if (i == countof(instructions))
		return snprintf(to, size, "%u %u %u %u", filter->code, filter->jt, filter->jf, filter->k);
	const char *name = instructions[i].name;
	switch ((enum operand)instructions[i].operand) {
	case IMMEDIATE:
		return snprintf(to, size, "%s #%#x", name, filter->k);
	case ABSOLUTE:
		/* From SKF_AD_OFF on: what the kernel knows of the packet. */
		return filter->k >= (uint32_t)SKF_LL_OFF ? snprintf(to, size, "%s [%d]", name, (int)filter->k)
		                                         : snprintf(to, size, "%s [%u]", name, filter->k);
	case INDIRECT:
		return snprintf(to, size, "%s [x + %d]", name, (int)filter->k);
	case MEMORY:
		return snprintf(to, size, "%s M[%u]", name, filter->k);
	case HEADER:
		return snprintf(to, size, "%s 4*([%u]&0xf)", name, filter->k);
	case LENGTH:
		return snprintf(to, size, "%s #len", name);
	case JUMP:
		return snprintf(to, size, "%s %u", name, (uint32_t)at + 1 + filter->k);
	case JUMP_K:
		return snprintf(to, size, "%s #%#x, %u, %u", name, filter->k, yes, no);
	case JUMP_X:
		return snprintf(to, size, "%s x, %u, %u", name, yes, no);
	default:
		return snprintf(to, size, "%s", name);
	}
}

int classic_bpf_text(struct text *text, struct bytes program)
{
	size_t count = program.len / sizeof(struct sock_filter);
	for (size_t i = 0; i < count; i++) {
		struct sock_filter filter;
		char line[80];
		memcpy(&filter, (const char *)program.data + i * sizeof(filter), sizeof(filter));
		int len = instruction_text(line, sizeof(line), &filter, i);
		if ((i && text_add(text, "; ", 2) < 0) || text_add(text, line, (size_t)len) < 0)
			return -1;
	}
	return 0;
}
