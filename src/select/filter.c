// SPDX-License-Identifier: MIT
/* filter.c - the parts of a filter put together, and what the whole needs (filter.h). */
#include <sockview/filter.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/proto.h>

#include "select/column_term.h"
#include "select/filter_parts.h"
#include "select/parser.h"

static void choice_init(struct filter_choice *choice)
{
	choice->wanted = choice->unwanted = (struct expr_list){ .kind = EXPR_OR };
}

struct filter *filter_new(const struct lookup *names)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	if (!filter)
		return NULL;
	filter->names = names;
	filter->all = (struct expr_list){ .kind = EXPR_AND };
	filter->specs = (struct expr_list){ .kind = EXPR_OR };
	choice_init(&filter->proto_states);
	for (size_t i = 0; i < FILTER_OPTION_COUNT; i++)
		choice_init(&filter->option[i]);
	for (size_t i = 0; i < ITEM_COUNT; i++)
		choice_init(&filter->item[i]);
	if (expr_init(&filter->expr) == 0)
		return filter;
	filter_free(filter);
	return NULL;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	items_free(filter);
	expr_free(&filter->expr);
	free(filter);
}

/* One word, with a letter, of bytes that names of programs and patterns of them are made of. */
static bool may_be_program(struct piece piece)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char set[128];
	snprintf(set, sizeof(set), "%s0123456789_-.+@*?[]", letters);
	if (!piece_consists_of(piece, set) || piece.text[0] == '-')
		return false;
	for (size_t i = 0; i < piece.len; i++)
		if (strchr(letters, piece.text[i]))
			return true;
	return false;
}

int filter_add_text(struct filter *filter, const char *text, size_t len, int family, struct filter_error *error)
{
	struct reading reading = filter_reading(filter, error);
	reading.family = family;
	uint32_t node = parser_read(&reading, text, len);
	if (node == EXPR_FAILED) {
		error->word = !filter->strict && error->what[0] && may_be_program((struct piece){ text, len, 0 });
		return -1;
	}
	filter->needs.states_chosen |= reading.states_chosen;
	filter->needs.states_said |= reading.states_said;
	filter->needs.target |= reading.target;
	filter->needs.who |= reading.who;
	filter->needs.two_readings |= reading.two_readings;
	expr_list_add(&filter->expr, &filter->all, node);
	return 0;
}

static uint32_t (*const option_readers[FILTER_OPTION_COUNT])(struct reading *, struct piece) = {
	[FILTER_STATE] = state_read, [FILTER_PID] = pid_read,       [FILTER_PROGRAM] = program_read,
	[FILTER_USER] = user_read,   [FILTER_CGROUP] = cgroup_read,
};

int filter_add_option(struct filter *filter, enum filter_option option, const char *text, size_t len,
                      struct filter_error *error)
{
	struct reading reading = filter_reading(filter, error);
	struct filter_choice *choice = &filter->option[option];
	struct piece rest = { text, len, 0 }, item;
	filter->needs.states_chosen |= option == FILTER_STATE;
	while (piece_split(&rest, ',', &item)) {
		bool unwanted = piece_skip(&item, "^");
		uint32_t node = option_readers[option](&reading, item);
		if (node == EXPR_FAILED)
			return -1;
		expr_list_add(&filter->expr, unwanted ? &choice->unwanted : &choice->wanted, node);
	}
	return 0;
}

/* Without a wanted item, every socket fits that fits none of the unwanted ones. */
static void choice_close(struct filter *filter, struct filter_choice *choice)
{
	if (choice->wanted.count || choice->wanted.settled || choice->wanted.failed)
		expr_list_add(&filter->expr, &filter->all, expr_list_close(&filter->expr, &choice->wanted));
	if (choice->unwanted.count || choice->unwanted.settled || choice->unwanted.failed)
		expr_list_add(&filter->expr, &filter->all,
		              expr_not(&filter->expr, expr_list_close(&filter->expr, &choice->unwanted)));
}

static void need_column(struct filter_needs *needs, const struct column *column)
{
	needs->want |= column->want;
	needs->details |= column->details;
	needs->columns |= column->need & ~(unsigned)NEED_OWNERS;
	needs->owners |= column_asks_owners(column);
	needs->mark |= (column->need & NEED_NET_ADMIN) != 0;
	needs->netlink |= (column->want & (WANT_SKMEM | WANT_EXTRA | WANT_INFO)) != 0;
	needs->protos |= column_protos(column);
}

static void need_node(struct filter_needs *needs, const struct expr_node *node)
{
	switch (node->kind) {
	case EXPR_MARK:
		needs->want |= WANT_EXTRA;
		needs->mark = needs->netlink = true;
		break;
	case EXPR_DEV:
		needs->netlink = true;
		break;
	case EXPR_CGROUP:
		needs->want |= WANT_EXTRA;
		needs->owners = true;
		needs->details |= PROCESS_CGROUP;
		break;
	case EXPR_PID:
		needs->owners = true;
		break;
	case EXPR_GROUP:
		needs->owners = true;
		needs->details |= PROCESS_START;
		break;
	case EXPR_COMMAND:
	case EXPR_PROGRAM:
		needs->owners = true;
		needs->details |= PROCESS_NAME;
		break;
	case EXPR_USER:
		needs->owners = true;
		needs->details |= PROCESS_UID;
		break;
	case EXPR_EVENT:
		needs->events = true;
		break;
	case EXPR_COLUMN:
		need_column(needs, column_at(node->value));
		if (node->prefix_len == OPERAND_COLUMN)
			need_column(needs, column_at(node->mask));
		break;
	case EXPR_HOST:
		needs->settles |= (node->mask & EXPR_HOST_UNSURE) != 0;
		/* Whether a listener on [::] leaves IPv4 alone. */
		if (node->mask & EXPR_HOST_SERVED && node->family == AF_INET)
			needs->want |= WANT_EXTRA;
		break;
	case EXPR_UNIX:
		needs->protos |= protos_of(AF_UNIX);
		break;
	case EXPR_PROTO:
		needs->protos |= node->mask;
		break;
	default:
		break;
	}
}

int filter_close(struct filter *filter)
{
	items_close(filter);
	choice_close(filter, &filter->proto_states);
	for (size_t i = 0; i < FILTER_OPTION_COUNT; i++)
		choice_close(filter, &filter->option[i]);
	uint32_t root = expr_list_close(&filter->expr, &filter->all);
	if (root == EXPR_FAILED) {
		errno = ENOMEM;
		return -1;
	}
	filter->expr.root = root;
	for (size_t i = 0; i < filter->expr.node_count; i++)
		need_node(&filter->needs, &filter->expr.node[i]);
	return 0;
}

void filter_set_context(struct filter *filter, const struct column_context *context)
{
	filter->context = context;
}

void filter_set_strict(struct filter *filter)
{
	filter->strict = true;
}

void filter_see(struct filter *filter, const struct row *row)
{
	for (size_t i = 0; filter->needs.settles && row_is_inet(row) && i < filter->expr.node_count; i++) {
		struct expr_node *node = &filter->expr.node[i];
		if (node->kind != EXPR_HOST || !(node->mask & EXPR_HOST_UNSURE))
			continue;
		bool mapped = row->flags & ROW_LOCAL_MAPPED && node->family == AF_INET;
		if (row->family == node->family || mapped)
			node->mask |=
				addr_has_prefix(row->local.byte + (mapped ? 12 : 0), node->addr.byte, node->prefix_len)
					? EXPR_HOST_SEEN
					: 0;
	}
}

void filter_needs(const struct filter *filter, struct filter_needs *needs)
{
	*needs = filter->needs;
}
