// SPDX-License-Identifier: MIT
/* published.c - a packet to each port that rules of NAT may be about, and whose addresses it is sent to (published.h). */
#include "exposure/published.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

enum {
	GAP_MAX = 64
}; /* ports between two that the same rule translates: of a range, whose ends alone are in the rule */

/* The first rule that may translate it; NULL: none does. */
static bool port_translated(const struct ruleset *ruleset, enum proto proto, int family, unsigned port,
                            uint64_t *handle)
{
	const struct packet packet = {
		.family = (uint8_t)family,
		.proto = (uint8_t)proto_table[proto].number,
		.known = PACKET_ROUTES_BACK | PACKET_SOURCE_REMOTE | PACKET_DEST_LOCAL,
		.dest_port = (uint16_t)port,
	};
	struct packet_state state;
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	packet_state_init(&state, &packet);
	packet_pass(ruleset, &state, HOOK_PREROUTING, &answer, &nats);
	*handle = nats.count ? nats.nat[0].rule.handle : 0;
	return nats.count && nats.nat[0].kind != NAT_TPROXY;
}

static int published_add(struct published_list *list, enum proto proto, int family, unsigned port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->row[i].proto == proto && list->row[i].local_port == port) {
			list->row[i].family = AF_INET6;
			list->row[i].flags &= (uint16_t)~ROW_V6ONLY;
			return 0;
		}
	struct row *row = vec_push(list->row, list->count, list->capacity);
	if (!row)
		return -1;
	*row = (struct row){
		.proto = (uint8_t)proto,
		.family = (uint8_t)family,
		.local_port = (uint16_t)port,
		.state = proto_listens(proto) ? STATE_LISTEN : STATE_CLOSE,
		.flags = family == AF_INET6 ? ROW_HAS_V6ONLY | ROW_V6ONLY : 0,
	};
	return 0;
}

static int find_family(struct published_list *list, const struct ruleset *ruleset, const uint64_t ports[PORT_WORDS],
                       enum proto proto, int family)
{
	unsigned before = 0;
	uint64_t rule = 0, handle;
	for (unsigned port = 1; port < 65536; port++) {
		bool named = ports[port / 64] >> (port % 64) & 1;
		if (!named || !port_translated(ruleset, proto, family, port, &handle))
			continue;
		for (unsigned inner = before + 1; before && rule == handle && port - before <= GAP_MAX && inner < port;
		     inner++) {
			uint64_t other;
			if (port_translated(ruleset, proto, family, inner, &other) && other == rule &&
			    published_add(list, proto, family, inner) < 0)
				return -1;
		}
		if (published_add(list, proto, family, port) < 0)
			return -1;
		before = port;
		rule = handle;
	}
	return 0;
}

int published_find(struct published_list *list, const struct ruleset *ruleset)
{
	static const enum proto protos[] = { PROTO_TCP, PROTO_UDP };
	static const int families[] = { AF_INET, AF_INET6 };
	uint64_t ports[PORT_WORDS];
	if (!ruleset_nat_ports(ruleset, ports))
		return 0;
	for (size_t p = 0; p < countof(protos); p++)
		for (size_t f = 0; f < countof(families); f++)
			if (find_family(list, ruleset, ports, protos[p], families[f]) < 0)
				return -1;
	return 0;
}

/* --- whose address it is --- */

static int tenant_add(struct tenants *tenants, size_t netns, const struct ifaddrs *address)
{
	struct tenant tenant = { .netns = netns, .family = (uint8_t)address->ifa_addr->sa_family };
	if (tenant.family == AF_INET)
		memcpy(&tenant.addr, &((const struct sockaddr_in *)(const void *)address->ifa_addr)->sin_addr, 4);
	else
		memcpy(&tenant.addr, &((const struct sockaddr_in6 *)(const void *)address->ifa_addr)->sin6_addr, 16);
	struct tenant *added = vec_push(tenants->tenant, tenants->count, tenants->capacity);
	if (!added)
		return -1;
	*added = tenant;
	return 0;
}

/* In the namespace. One that cannot be entered has no name for its addresses. */
static int read_tenants(void *context, size_t index, int number)
{
	struct ifaddrs *list;
	int answer = 0;
	if (!index || number || getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *at = list; at && answer == 0; at = at->ifa_next)
		if (at->ifa_addr && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6))
			answer = tenant_add(context, index, at);
	freeifaddrs(list);
	return answer;
}

int tenants_read(struct tenants *tenants, int proc_fd)
{
	if (netns_list_read(&tenants->list, proc_fd) < 0)
		return errno == ENOMEM ? -1 : 0;
	if (netns_visit(&tenants->list, NULL, proc_fd, read_tenants, tenants) < 0 && errno == ENOMEM)
		return -1;
	return netns_list_label(&tenants->list, proc_fd,
	                        openat(proc_fd, "self/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

const char *tenants_name(const struct tenants *tenants, int family, const union addr *addr)
{
	for (size_t i = 0; i < tenants->count; i++) {
		const struct tenant *tenant = &tenants->tenant[i];
		const struct netns *netns = &tenants->list.item[tenant->netns];
		if (tenant->family == family && memcmp(&tenant->addr, addr, sizeof(*addr)) == 0)
			return netns->container ? netns->container : netns->label;
	}
	return NULL;
}

void tenants_free(struct tenants *tenants)
{
	netns_list_free(&tenants->list);
	free(tenants->tenant);
	*tenants = (struct tenants){ 0 };
}
