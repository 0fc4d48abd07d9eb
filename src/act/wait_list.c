// SPDX-License-Identifier: MIT
/* wait_list.c - TARGET[,TARGET]... as ends to wait for (wait.h). */
#include <sockview/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

static int wait_problem(char problem[WAIT_PROBLEM_MAX], const char *text, size_t len, const char *why)
{
	char shown[128];
	struct bytes bytes = { text, len < 24 ? len : 24 };
	*text_escape(shown, bytes.data, bytes.len, TEXT_WORD) = '\0';
	snprintf(problem, WAIT_PROBLEM_MAX, "'%s': %.120s", shown, why);
	return -1;
}

/* `device`: by address, what has it. */
static bool addresses_are_own(const struct typed_target *target, const struct lookup *lookup,
                              struct addr_device *device)
{
	bool own = !target->address_count;
	for (size_t i = 0; i < target->address_count; i++) {
		const struct typed_address *address = &target->address[i];
		bool has = lookup->own_address(address->family, &address->addr, &device[i]) == 1;
		device[i] = has ? device[i] : (struct addr_device){ 0 };
		own |= has || addr_is_any(&address->addr, false);
	}
	return own;
}

/* The target's addresses; with none of this host's, its host as text for connect(). */
static int end_fill(struct wait_end *end, const struct typed_target *target, const struct addr_device *device, bool own)
{
	end->ifindex = target->ifindex;
	end->port = (uint16_t)target->port[0].low;
	end->address_count = target->address_count;
	if (!target->address_count)
		return 0;
	end->address = calloc(target->address_count, sizeof(*end->address));
	end->device = calloc(target->address_count, sizeof(*end->device));
	if (!end->address || !end->device)
		return -1;
	memcpy(end->address, target->address, target->address_count * sizeof(*end->address));
	memcpy(end->device, device, target->address_count * sizeof(*end->device));
	if (own)
		return 0;
	char text[ADDR_TEXT_MAX];
	*addr_text(text, &target->address[0].addr, target->address[0].family, false) = '\0';
	end->host = strdup(text);
	return end->host ? 0 : -1;
}

static struct wait_end *wait_end_add(struct wait_list *list, const char *text, size_t len)
{
	struct wait_end *end = vec_push(list->end, list->count, list->capacity);
	if (!end)
		return NULL;
	*end = (struct wait_end){ .proto = PROTO_TCP, .text = strndup(text, len) };
	return end->text ? end : NULL;
}

static const char *wrong_place(const struct typed_target *target, unsigned protos, bool own, bool local)
{
	if (!target->port_count)
		return "a port is missing";
	if (target->port_count > 1 || target->port[0].low != target->port[0].high || !target->port[0].low)
		return "one port, not a range or a list";
	if (protos & ~(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP)) || (protos & (protos - 1)))
		return "a port of TCP or of UDP";
	if (!own && (local || protos == PROTO_BIT(PROTO_UDP)))
		return "no address of this host";
	return NULL;
}

static int place_add(struct wait_list *list, const char *text, size_t len, const struct typed_target *target,
                     unsigned protos, bool local, const struct lookup *lookup, char problem[WAIT_PROBLEM_MAX])
{
	if (target->kind != TYPED_PLACE)
		return wait_problem(problem, text, len, "no port, as in 8080, 127.0.0.1:8080 or udp:53");
	/* Of a service that several protocols have TCP is meant. */
	protos = target->protos ? target->protos : protos ? protos : PROTO_BIT(PROTO_TCP);
	struct addr_device device[TYPED_ADDRESSES_MAX];
	bool own = addresses_are_own(target, lookup, device);
	const char *why = wrong_place(target, protos, own, local);
	if (why)
		return wait_problem(problem, text, len, why);
	struct wait_end *end = wait_end_add(list, text, len);
	if (!end || end_fill(end, target, device, own) < 0)
		return wait_problem(problem, text, len, "out of memory");
	end->proto = proto_next(protos, 0);
	return 0;
}

static int host_add(struct wait_list *list, const char *text, size_t len, uint16_t port, size_t host_len,
                    char problem[WAIT_PROBLEM_MAX])
{
	struct wait_end *end = wait_end_add(list, text, len);
	if (end)
		end->host = strndup(text, host_len);
	if (!end || !end->host)
		return wait_problem(problem, text, len, "out of memory");
	end->port = port;
	return 0;
}

static int target_add(struct wait_list *list, const char *text, size_t len, unsigned protos, bool local,
                      const struct lookup *lookup, char problem[WAIT_PROBLEM_MAX])
{
	struct typed_target target = { 0 };
	struct filter_error error = { 0 };
	uint16_t port;
	size_t host_len;
	int result = typed_target_read(&target, text, len, lookup, AF_UNSPEC, &error);
	if (result == 0 && target.kind != TYPED_WORD)
		result = place_add(list, text, len, &target, protos, local, lookup, problem);
	else if (!local && typed_host_and_port(text, len, &port, &host_len))
		result = host_add(list, text, len, port, host_len, problem);
	else
		result = wait_problem(problem, text, len,
		                      *error.what ? error.what : "no port, as in 8080, 127.0.0.1:8080 or udp:53");
	typed_target_free(&target);
	return result;
}

int wait_list_read(struct wait_list *list, const char *text, unsigned protos, bool local, const struct lookup *lookup,
                   char problem[WAIT_PROBLEM_MAX])
{
	*list = (struct wait_list){ 0 };
	for (;;) {
		size_t len = strcspn(text, ",");
		if (!len)
			return wait_problem(problem, text, len, "a target is missing");
		if (target_add(list, text, len, protos, local, lookup, problem) < 0)
			return -1;
		if (!text[len])
			break;
		text += len + 1;
	}
	if (local && list->count > 1)
		return wait_problem(problem, text, strlen(text), "one target at a time");
	return 0;
}

void wait_list_free(struct wait_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->end[i].address);
		free(list->end[i].device);
		free(list->end[i].host);
		free(list->end[i].text);
	}
	free(list->end);
	*list = (struct wait_list){ 0 };
}
