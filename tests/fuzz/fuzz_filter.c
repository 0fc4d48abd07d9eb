// SPDX-License-Identifier: MIT
/*
 * fuzz_filter.c - text as a filter, all the way: read, judged on sockets of
 * every kind, narrowed, compiled, and the code held to the kernel's audit.
 *
 * The first byte says what a host without a family is; names are looked up in
 * a table, so that no run asks a name server.
 */
#include <stdlib.h>

#include <sockview/names.h>

#include "../unit/filter_scene.h"
#include "../unit/kernel_bytecode.h"
#include "collect/bytecode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void compile_all(const struct expr *expr)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	static struct bytecode code;
	for (size_t i = 0; i < 3; i++) {
		for (enum bytecode_autobound autobound = AUTOBOUND_ANY; autobound <= AUTOBOUND_NO; autobound++) {
			struct bytecode_dump dump = { .proto = i ? PROTO_TCP : PROTO_UDP,
				                      .family = families[i],
				                      .states = STATE_ALL,
				                      .mark = true,
				                      .autobound = autobound };
			bytecode_compile(expr, &dump, &code);
			demand(code.len <= sizeof(code.data));
			demand(!code.len || k_audit(code.data, code.len, true));
		}
	}
}

/* A socket that fits is asked for, and not left out by the kernel. */
static void judge_all(const struct filter *filter, const struct query *query)
{
	static const struct owners nobody;
	static struct bytecode code;
	for (size_t i = 0; i < SCENE_COUNT; i++) {
		struct scene_sock one;
		scene_sock(&scene_rows[i], &one);
		const struct row *row = &one.sock.row;
		enum verdict early = filter_judge(filter, &one.sock, NULL);
		enum verdict late = filter_judge(filter, &one.sock, &nobody);
		demand(late != VERDICT_MAYBE && (early == VERDICT_MAYBE || early == late));
		if (late != VERDICT_YES)
			continue;
		demand(query->protos & PROTO_BIT(row->proto) && query->states[row->proto] >> row->state & 1);
		demand(row->family != AF_INET || query->inet);
		demand(row->family != AF_INET6 || query->inet6);
		if (row->family == AF_UNIX)
			continue;
		struct bytecode_dump dump = {
			.proto = row->proto, .family = row->family, .states = query->states[row->proto], .mark = true
		};
		bytecode_compile(query->expr, &dump, &code);
		demand(!code.impossible && (!code.len || k_run(code.data, code.len, &one.sock)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX };
	struct filter_error error;
	struct query query = { .protos = PROTO_ALL, .inet = true, .inet6 = true };
	if (!size)
		return 0;
	/* A copy of its own, so that a byte read behind it is noticed. */
	char *text = malloc(size);
	struct filter *filter = filter_new(&scene_names);
	demand(text && filter);
	memcpy(text, data + 1, size - 1);
	for (size_t i = 0; i < PROTO_COUNT; i++)
		query.states[i] = STATE_ALL;
	/* Columns are judged with nothing known beside the rows. */
	struct column_context context = { .names = names_new() };
	demand(context.names);
	filter_set_context(filter, &context);
	if (filter_add_text(filter, text, size - 1, families[data[0] % 4], &error) == 0) {
		demand(filter_close(filter) == 0);
		filter_narrow(filter, &query);
		judge_all(filter, &query);
		compile_all(query.expr);
	} else {
		demand(error.what[0] && error.position <= size - 1);
		demand(memchr(error.what, '\0', sizeof(error.what)) &&
		       memchr(error.expected, '\0', sizeof(error.expected)));
	}
	filter_free(filter);
	names_free(context.names);
	free(text);
	return 0;
}
