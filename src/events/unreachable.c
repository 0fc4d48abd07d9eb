// SPDX-License-Identifier: MIT
/* unreachable.c - connects that are no event (unreachable.h). */
#include "events/unreachable.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <sockview/errno_name.h>
#include <sockview/message.h>

/* So many addresses are tried. */
enum { TRIED_MOST = 16 };

static socklen_t fill_address(struct sockaddr_storage *to, const struct expr_node *node)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	memset(to, 0, sizeof(*to));
	if (node->family == AF_INET) {
		four->sin_family = AF_INET;
		four->sin_port = htons(9);
		memcpy(&four->sin_addr, node->addr.byte, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(9);
	six->sin6_scope_id = node->value;
	memcpy(&six->sin6_addr, node->addr.byte, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* connect() of UDP looks the route up as TCP's does, and sends nothing. */
static int try_route(const struct expr_node *node)
{
	struct sockaddr_storage address;
	socklen_t len = fill_address(&address, node);
	int fd = socket(node->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), number = 0;
	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&address, len) < 0)
		number = errno;
	close(fd);
	return number;
}

/* One whole address of the other end; a link-local one without its interface has no route. */
static bool is_whole_address(const struct expr_node *node)
{
	if (node->kind != EXPR_HOST || !(node->end & EXPR_REMOTE))
		return false;
	if (node->family == AF_INET)
		return node->prefix_len == 32;
	bool link_local = node->addr.byte[0] == 0xfe && (node->addr.byte[1] & 0xc0) == 0x80;
	return node->family == AF_INET6 && node->prefix_len == 128 && (!link_local || node->value);
}

static void note_node(const struct expr *expr, uint32_t index, unsigned *tried)
{
	const struct expr_node *node = &expr->node[index];
	if (node->kind == EXPR_AND || node->kind == EXPR_OR)
		for (uint32_t i = node->child; i; i = expr->node[i].next)
			note_node(expr, i, tried);
	if (!is_whole_address(node) || ++*tried > TRIED_MOST)
		return;
	int number = try_route(node);
	if (number != ENETUNREACH && number != EHOSTUNREACH && number != EACCES && number != EINVAL)
		return;
	char address[ADDR_TEXT_MAX];
	*addr_text(address, &node->addr, node->family, false) = '\0';
	message("connect() to %s fails here before a SYN is sent (%s): such a call is no event", address,
	        errno_name(number));
}

void unreachable_note(const struct expr *expr)
{
	unsigned tried = 0;
	note_node(expr, expr->root, &tried);
}
