/* lookup.c - names looked up where this host keeps them: libc's databases, the interfaces, the cgroups. */
#include <sockview/lookup.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <sockview/proto.h>

#include "host/cgroup_find.h"
#include "host/hosts_file.h"

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
	for (enum proto proto = 0; proto < PROTO_COUNT; proto++) {
		const char *word = proto_service_word(proto);
		if (!word || (protos && !(protos & PROTO_BIT(proto))))
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

static int libc_local_ports(uint16_t *low, uint16_t *high)
{
	unsigned from, to;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (!file)
		return -1;
	int count = fscanf(file, "%5u %5u", &from, &to);
	fclose(file);
	if (count != 2 || from > UINT16_MAX || to > UINT16_MAX || from > to)
		return -1;
	*low = (uint16_t)from;
	*high = (uint16_t)to;
	return 0;
}

const struct lookup lookup_host = {
	.service = libc_service,
	.host = libc_host,
	.known_host = hosts_file_find,
	.user = libc_user,
	.interface = libc_interface,
	.local_ports = libc_local_ports,
	.cgroups = cgroups_find,
};
