// SPDX-License-Identifier: MIT
/* published.c - which ports rules of NAT translate, and whose addresses they are sent to (published.h). */
#include "exposure/published.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/process_text.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

/* True if a rule may translate it. */
static bool port_translated(const struct ruleset *ruleset, enum proto proto, int family, unsigned port)
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
	return nats.count && nats.nat[0].kind != NAT_TPROXY;
}

static struct row published_row(enum proto proto, unsigned port, bool four, bool six)
{
	return (struct row){
		.proto = (uint8_t)proto,
		.family = six ? AF_INET6 : AF_INET,
		.local_port = (uint16_t)port,
		.state = proto_listens(proto) ? STATE_LISTEN : STATE_CLOSE,
		.flags = six && !four ? ROW_HAS_V6ONLY | ROW_V6ONLY : 0,
	};
}

struct finding {
	struct published_list *list;
	published_wanted *wanted;
	const void *context;
};

/* Of the ports from that of the row on, those that are wanted. */
static int published_add(const struct finding *finding, struct row row, unsigned last)
{
	struct published_list *list = finding->list;
	struct published *open = NULL; /* the item that ends at the port before */
	if (!finding->wanted) {
		open = vec_push(list->item, list->count, list->capacity);
		if (open)
			*open = (struct published){ row, (uint16_t)last };
		return open ? 0 : -1;
	}
	for (unsigned port = row.local_port; port <= last; port++) {
		row.local_port = (uint16_t)port;
		const struct sock sock = { .row = row };
		if (!finding->wanted(finding->context, &sock)) {
			open = NULL;
			continue;
		}
		if (!open) {
			open = vec_push(list->item, list->count, list->capacity);
			if (!open)
				return -1;
			open->row = row;
		}
		open->last = (uint16_t)port;
	}
	return 0;
}

static unsigned next_start(const uint64_t starts[PORT_WORDS], unsigned port)
{
	do
		port++;
	while (port < 65536 && !(starts[port / 64] >> (port % 64) & 1));
	return port;
}

static int find_proto(const struct finding *finding, const struct ruleset *ruleset, const uint64_t starts[PORT_WORDS],
                      enum proto proto)
{
	for (unsigned port = 1, next; port < 65536; port = next) {
		next = next_start(starts, port);
		bool four = port_translated(ruleset, proto, AF_INET, port);
		bool six = port_translated(ruleset, proto, AF_INET6, port);
		if ((four || six) && published_add(finding, published_row(proto, port, four, six), next - 1) < 0)
			return -1;
	}
	return 0;
}

int published_find(struct published_list *list, const struct ruleset *ruleset, const struct table *waiting,
                   published_wanted *wanted, const void *context)
{
	const struct finding finding = { list, wanted, context };
	uint64_t starts[PORT_WORDS];
	if (!ruleset_translates(ruleset))
		return 0;
	ruleset_port_bounds(ruleset, starts);
	for (size_t i = 0; i < waiting->count; i++)
		for (unsigned port = waiting->row[i].local_port;
		     port <= waiting->row[i].local_port + 1u && port < 65536; port++)
			starts[port / 64] |= 1ull << (port % 64);
	return find_proto(&finding, ruleset, starts, PROTO_TCP) | find_proto(&finding, ruleset, starts, PROTO_UDP);
}

/* --- docker-proxy --- */

/* docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80 */
bool proxy_target(struct bytes cmdline, struct packet_nat *to)
{
	struct bytes ip = process_option(cmdline, "-container-ip"), port = process_option(cmdline, "-container-port");
	char text[INET6_ADDRSTRLEN];
	uint32_t number = 0;
	if (!ip.len || ip.len >= sizeof(text) || !port.len || port.len > 5)
		return false;
	memcpy(text, ip.data, ip.len);
	text[ip.len] = '\0';
	*to = (struct packet_nat){ .to_family = memchr(ip.data, ':', ip.len) ? AF_INET6 : AF_INET };
	for (size_t i = 0; i < port.len; i++) {
		char digit = ((const char *)port.data)[i];
		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (uint32_t)(digit - '0');
	}
	to->to_port = (uint16_t)number;
	return number && number <= UINT16_MAX && inet_pton(to->to_family, text, &to->to) == 1;
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
