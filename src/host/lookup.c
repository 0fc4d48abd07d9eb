// SPDX-License-Identifier: MIT
/* lookup.c - names looked up where this host keeps them: libc's databases, the interfaces, the cgroups. */
#include <sockview/lookup.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <sockview/file.h>
#include <sockview/own_links.h>
#include <sockview/proto.h>

/* Lists that block advertisers have some hundred thousand lines. */
#define HOSTS_FILE_MAX (64u << 20)
#define BLANKS         " \t\r"

static bool port_listed(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static int libc_service(const char *name, unsigned protos, uint16_t *ports, size_t *count)
{
	size_t found = 0;
	FOR_EACH_PROTO (proto, protos ? protos : PROTO_ALL) {
		const char *word = proto_table[proto].service;
		if (!word)
			continue;
		const struct servent *entry = getservbyname(name, word);
		if (!entry)
			continue;
		uint16_t port = ntohs((uint16_t)entry->s_port);
		if (found < *count && !port_listed(ports, found, port))
			ports[found++] = port;
	}
	*count = found;
	return found ? 0 : -1;
}

static void address_of(const struct addrinfo *info, struct lookup_address *address)
{
	*address = (struct lookup_address){ .family = (uint8_t)info->ai_family };
	if (info->ai_family == AF_INET)
		memcpy(address->addr.byte, &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr, 4);
	else
		memcpy(address->addr.byte, &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr, 16);
}

static int libc_host(const char *name, int family, struct lookup_address *addresses, size_t *count)
{
	/* A socket type, or each address comes once per type. */
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	size_t found = 0;
	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return -1;
	for (const struct addrinfo *info = list; info && found < *count; info = info->ai_next)
		if (info->ai_family == AF_INET || info->ai_family == AF_INET6)
			address_of(info, &addresses[found++]);
	freeaddrinfo(list);
	*count = found;
	return found ? 0 : -1;
}

/* --- /etc/hosts (hosts(5)): an address and its names a line --- */

static bool line_names(char *rest, const char *name)
{
	char *word;
	while ((word = strsep(&rest, BLANKS)) != NULL)
		if (strcasecmp(word, name) == 0)
			return true;
	return false;
}

/* True if the line is of the name and of the family. */
static bool line_address(char *line, const char *name, int family, struct lookup_address *address)
{
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	char *rest = line, *text = strsep(&rest, BLANKS);
	*address = (struct lookup_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if ((family != AF_UNSPEC && family != address->family) || !rest || !line_names(rest, name))
		return false;
	return inet_pton(address->family, text, &address->addr) == 1;
}

/*
 * libc cannot be told to look in this file alone: getaddrinfo(3) asks the
 * network for what the file does not have, and gethostent(3) gives IPv4 alone.
 */
static int file_host(const char *name, int family, struct lookup_address *addresses, size_t *count)
{
	struct text text = { 0 };
	size_t found = 0;
	if (*name && (file_read_text(AT_FDCWD, "/etc/hosts", HOSTS_FILE_MAX, &text) == 0 || errno == EFBIG))
		for (char *rest = text.data, *line; found < *count && (line = strsep(&rest, "\n"));)
			found += line_address(line, name, family, &addresses[found]);
	text_free(&text);
	*count = found;
	return found ? 0 : -1;
}

static int libc_user(const char *name, uint32_t *uid)
{
	const struct passwd *entry = getpwnam(name);
	if (!entry)
		return -1;
	*uid = entry->pw_uid;
	return 0;
}

static int libc_interface(const char *name, uint32_t *index)
{
	*index = if_nametoindex(name);
	return *index ? 0 : -1;
}

/* --- the kernel --- */

static int proc_local_ports(const struct lookup *lookup, uint16_t *low, uint16_t *high)
{
	char text[64];
	unsigned from, to;
	if (file_read_string(lookup->proc_fd, "sys/net/ipv4/ip_local_port_range", text, sizeof(text)) < 0 ||
	    sscanf(text, "%5u %5u", &from, &to) != 2 || from > UINT16_MAX || to > UINT16_MAX || from > to)
		return -1;
	*low = (uint16_t)from;
	*high = (uint16_t)to;
	return 0;
}

static int proc_cgroups(const struct lookup *lookup, const char *glob, struct cgroup_match *match)
{
	struct cgroups *cgroups = cgroups_open(lookup->proc_fd, lookup->proc_is_ours);
	if (cgroups) {
		int result = cgroups_match(cgroups, glob, match);
		cgroups_free(cgroups);
		return result;
	}
	bool failed = errno == ENOMEM;
	*match = (struct cgroup_match){ .path = strdup(glob) };
	return failed || !match->path ? -1 : 0;
}

static uint32_t vrf_of(const struct own_links *links, uint32_t ifindex)
{
	uint32_t master = 0;
	for (size_t i = 0; i < links->links; i++)
		if (links->link[i].ifindex == ifindex)
			master = links->link[i].master;
	for (size_t i = 0; i < links->links && master; i++)
		if (links->link[i].ifindex == master)
			return links->link[i].vrf ? master : 0;
	return 0;
}

static int host_own_address(int family, const union addr *addr, struct addr_device *device)
{
	struct own_links links = { 0 };
	*device = (struct addr_device){ .index = LOOPBACK_INDEX };
	if (addr_is_loopback(family, addr))
		return 1;
	int answer = own_links_read(&links) < 0 ? -1 : 0;
	for (size_t i = 0; i < links.addrs && answer == 0; i++) {
		const struct local_addr *at = &links.addr[i];
		if (at->family != family || memcmp(&at->addr, addr, sizeof(*addr)) != 0)
			continue;
		*device = (struct addr_device){ at->ifindex, vrf_of(&links, at->ifindex) };
		answer = 1;
	}
	own_links_free(&links);
	return answer;
}

struct lookup lookup_host(int proc_fd, bool proc_is_ours)
{
	return (struct lookup){
		.service = libc_service,
		.host = libc_host,
		.known_host = file_host,
		.user = libc_user,
		.interface = libc_interface,
		.local_ports = proc_local_ports,
		.cgroups = proc_cgroups,
		.own_address = host_own_address,
		.proc_fd = proc_fd,
		.proc_is_ours = proc_is_ours,
	};
}
