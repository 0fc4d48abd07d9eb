// SPDX-License-Identifier: MIT
/* facts.c - sysctls of this network namespace, and lookups among its interfaces and addresses (facts.h). */
#include "explain/facts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/file.h>
#include <sockview/text.h>

/* Reads one number off the text; the new place, NULL if there is none. */
static const char *take_number(const char *at, const char *end, int *number)
{
	const char *digits = at;
	uint64_t value;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	if (!text_parse_u64(digits, (size_t)(at - digits), INT_MAX, &value))
		return NULL;
	*number = (int)value;
	return at;
}

/* "32768\t60999\n": at most two numbers; how many there were. */
static int read_numbers(int proc_fd, const char *path, int number[2])
{
	char text[64];
	ssize_t len = file_read(proc_fd, path, text, sizeof(text));
	const char *at = text, *end = text + (len > 0 ? len : 0);
	int count = 0;
	while (count < 2 && at < end) {
		at = take_number(at, end, &number[count]);
		if (!at)
			break;
		count++;
		while (at < end && (*at == '\t' || *at == ' '))
			at++;
	}
	return count;
}

static int read_number(int proc_fd, const char *path)
{
	int number[2];
	return read_numbers(proc_fd, path, number) ? number[0] : -1;
}

unsigned port_list_count(const char *text, size_t len, int low, int high)
{
	const char *at = text, *end = text + len;
	unsigned count = 0;
	while (at < end) {
		int first, last;
		at = take_number(at, end, &first);
		last = first;
		if (at && at < end && *at == '-')
			at = take_number(at + 1, end, &last);
		if (!at)
			break;
		if (first < low)
			first = low;
		if (last > high)
			last = high;
		if (first <= last)
			count += (unsigned)(last - first + 1);
		if (at < end && *at != ',')
			break;
		at++;
	}
	return count;
}

bool port_list_has(const char *text, size_t len, uint16_t port)
{
	return port_list_count(text, len, port, port) > 0;
}

static void read_reserved(struct facts *facts, int proc_fd, uint16_t port)
{
	enum { LIST_MAX = 65536 };
	char *text = malloc(LIST_MAX);
	ssize_t len = text ? file_read(proc_fd, "sys/net/ipv4/ip_local_reserved_ports", text, LIST_MAX) : -1;
	if (len > 0) {
		facts->reserved = port_list_has(text, (size_t)len, port);
		for (unsigned i = 0; i < 32 && port + i + 1u <= UINT16_MAX; i++)
			if (port_list_has(text, (size_t)len, (uint16_t)(port + i + 1u)))
				facts->reserved_near |= 1u << i;
		facts->reserved_in_range =
			port_list_count(text, (size_t)len, facts->ephemeral_low, facts->ephemeral_high);
	}
	if (len < 0 || len == LIST_MAX) {
		free(text);
		return;
	}
	text[len && text[len - 1] == '\n' ? len - 1 : len] = '\0';
	/* Digits, commas and dashes; it is printed. */
	if (strspn(text, "0123456789,-") == strlen(text))
		facts->reserved_list = text;
	else
		free(text);
}

void facts_read(struct facts *facts, int proc_fd, uint16_t port)
{
	int range[2];
	*facts = (struct facts){
		.unprivileged_start = read_number(proc_fd, "sys/net/ipv4/ip_unprivileged_port_start"),
		.ephemeral_low = -1,
		.ephemeral_high = -1,
		.disable_ipv6 = read_number(proc_fd, "sys/net/ipv6/conf/all/disable_ipv6"),
		.bindv6only = read_number(proc_fd, "sys/net/ipv6/bindv6only"),
	};
	if (read_numbers(proc_fd, "sys/net/ipv4/ip_local_port_range", range) == 2) {
		facts->ephemeral_low = range[0];
		facts->ephemeral_high = range[1];
	}
	/* net_core_table is the first namespace's alone, netns_core_table is every one's (net/core/sysctl_net_core.c). */
	facts->own_netns = read_number(proc_fd, "sys/net/core/netdev_max_backlog") < 0 &&
	                   read_number(proc_fd, "sys/net/core/somaxconn") >= 0;
	read_reserved(facts, proc_fd, port);
}

void facts_free(struct facts *facts)
{
	free(facts->reserved_list);
	own_links_free(&facts->net);
	*facts = (struct facts){ 0 };
}

bool facts_is_ephemeral(const struct facts *facts, uint16_t port)
{
	return facts->ephemeral_low > 0 && port >= facts->ephemeral_low && port <= facts->ephemeral_high;
}

const struct local_addr *facts_addr(const struct facts *facts, int family, const union addr *addr)
{
	for (size_t i = 0; i < facts->net.addrs; i++) {
		const struct local_addr *local = &facts->net.addr[i];
		/* IPv4 on loopback: the whole prefix is local (fib_frontend.c, fib_add_ifaddr). */
		bool whole = family == AF_INET && local->host_scope;
		unsigned bits = whole ? local->prefix_len : family == AF_INET ? 32 : 128;
		if (local->family == family && addr_has_prefix(addr->byte, local->addr.byte, bits))
			return local;
	}
	return NULL;
}

const struct link *facts_link(const struct facts *facts, uint32_t ifindex)
{
	for (size_t i = 0; i < facts->net.links; i++)
		if (facts->net.link[i].ifindex == ifindex)
			return &facts->net.link[i];
	return NULL;
}

uint32_t facts_l3mdev(const struct facts *facts, uint32_t ifindex)
{
	const struct link *link = ifindex ? facts_link(facts, ifindex) : NULL;
	if (!link || link->vrf)
		return link ? ifindex : 0;
	const struct link *master = link->master ? facts_link(facts, link->master) : NULL;
	return master && master->vrf ? master->ifindex : 0;
}
