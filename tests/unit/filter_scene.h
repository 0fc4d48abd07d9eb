// SPDX-License-Identifier: MIT
/*
 * filter_scene.h - sockets and names made by hand, for the tests of filters.
 *
 * Each socket has a letter. matched() tells which of them a filter lets
 * through, so that a case reads { "sport = :22", "ab" }.
 */
#ifndef FILTER_SCENE_H
#define FILTER_SCENE_H

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/filter.h>

#define SCENE_MAX 26

struct scene_row {
	char letter;
	enum proto proto;
	int family;
	enum state state;
	const char *local;
	uint16_t local_port;
	const char *remote;
	uint16_t remote_port;
	uint32_t inode, uid, ifindex;
	uint32_t mark;
	uint64_t cgroup;  /* 0: not told */
	const char *path; /* unix; @ for an abstract one */
};

static const struct scene_row scene_rows[] = {
	{ 'a', PROTO_TCP, AF_INET, STATE_LISTEN, "0.0.0.0", 22, "0.0.0.0", 0, 101, 0, 0, 0, 1, NULL },
	{ 'b', PROTO_TCP, AF_INET6, STATE_LISTEN, "::", 22, "::", 0, 102, 0, 0, 0, 1, NULL },
	{ 'c', PROTO_TCP, AF_INET, STATE_ESTABLISHED, "10.0.0.5", 22, "10.9.8.7", 51000, 103, 0, 0, 5, 20, NULL },
	{ 'd', PROTO_TCP, AF_INET6, STATE_ESTABLISHED, "::ffff:10.0.0.5", 80, "::ffff:192.0.2.7", 40000, 104, 33, 0, 0,
	  21, NULL },
	{ 'e', PROTO_TCP, AF_INET6, STATE_ESTABLISHED, "2001:db8::5", 443, "2001:db8:1::9", 40001, 105, 33, 0, 0xff, 21,
	  NULL },
	{ 'f', PROTO_TCP, AF_INET, STATE_TIME_WAIT, "10.0.0.5", 80, "192.0.2.7", 40002, 0, 0, 0, 0, 0, NULL },
	{ 'g', PROTO_UDP, AF_INET, STATE_CLOSE, "127.0.0.1", 53, "0.0.0.0", 0, 107, 101, 1, 0, 20, NULL },
	{ 'h', PROTO_UDP, AF_INET6, STATE_ESTABLISHED, "fe80::1", 546, "fe80::2", 547, 108, 0, 2, 0, 1, NULL },
	{ 'i', PROTO_RAW, AF_INET, STATE_CLOSE, "0.0.0.0", 1, "0.0.0.0", 0, 109, 0, 0, 0, 0, NULL },
	{ 'j', PROTO_UNIX, AF_UNIX, STATE_LISTEN, NULL, 0, NULL, 0, 110, 0, 0, 0, 0, "/run/Docker.sock" },
	{ 'k', PROTO_UNIX, AF_UNIX, STATE_ESTABLISHED, NULL, 0, NULL, 0, 111, 0, 0, 0, 0, "@0a1f9" },
	{ 'l', PROTO_TCP, AF_INET, STATE_BOUND, "127.0.0.1", 8080, "0.0.0.0", 0, 112, 1000, 0, 0, 22, NULL },
	{ 'm', PROTO_TCP, AF_INET, STATE_ESTABLISHED, "127.0.0.1", 40003, "127.0.0.1", 8080, 113, 1000, 0, 0, 22,
	  NULL },
};

enum { SCENE_COUNT = countof(scene_rows) };

struct scene_sock {
	struct sock sock;
	struct sock_extra extra;
	char path[64];
};

static inline void scene_address(const char *text, int family, union addr *addr, uint16_t *flags, uint16_t mapped)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	if (!text)
		return;
	inet_pton(family, text, addr);
	if (family == AF_INET6 && memcmp(addr->byte, prefix, 12) == 0)
		*flags |= mapped;
}

static inline void scene_sock(const struct scene_row *from, struct scene_sock *to)
{
	*to = (struct scene_sock){ 0 };
	struct row *row = &to->sock.row;
	*row = (struct row){ .local_port = from->local_port,
		             .remote_port = from->remote_port,
		             .inode = from->inode,
		             .uid = from->uid,
		             .ifindex = from->ifindex,
		             .proto = (uint8_t)from->proto,
		             .family = (uint8_t)from->family,
		             .state = (uint8_t)from->state,
		             .flags = ROW_HAS_UID };
	/* The one whose port the kernel chose, and told so. */
	if (from->letter == 'm')
		row->flags |= ROW_HAS_AUTOBOUND | ROW_AUTOBOUND;
	scene_address(from->local, from->family, &row->local, &row->flags, ROW_LOCAL_MAPPED);
	scene_address(from->remote, from->family, &row->remote, &row->flags, ROW_REMOTE_MAPPED);
	if (from->path) {
		snprintf(to->path, sizeof(to->path), "%s", from->path);
		to->sock.blob[BLOB_PATH] = (struct bytes){ to->path, strlen(to->path) };
		if (to->path[0] == '@')
			to->path[0] = '\0';
		return;
	}
	to->extra = (struct sock_extra){ .mark = from->mark, .cgroup_id = from->cgroup, .has = EXTRA_MARK };
	if (from->cgroup)
		to->extra.has |= EXTRA_CGROUP;
	to->sock.extra = &to->extra;
}

/* --- names of a host that is always the same --- */

static inline int scene_service(const char *name, unsigned protos, uint16_t *ports, size_t *count)
{
	static const struct {
		const char *name;
		uint16_t tcp, udp;
	} services[] = {
		{ "ssh", 22, 0 },   { "http", 80, 0 },  { "https", 443, 443 }, { "domain", 53, 53 },
		{ "exec", 512, 0 }, { "biff", 0, 512 }, { "two", 1000, 1001 }, { "x-y", 7, 7 },
	};
	size_t found = 0;
	for (size_t i = 0; i < countof(services); i++) {
		if (strcmp(services[i].name, name) != 0)
			continue;
		if (services[i].tcp && (!protos || (protos & PROTO_BIT(PROTO_TCP))))
			ports[found++] = services[i].tcp;
		if (services[i].udp && (!protos || (protos & PROTO_BIT(PROTO_UDP))) &&
		    (!found || ports[0] != services[i].udp))
			ports[found++] = services[i].udp;
	}
	*count = found;
	return found ? 0 : -1;
}

static inline int scene_host(const char *name, int family, struct lookup_address *addresses, size_t *count)
{
	size_t found = 0;
	if (strcmp(name, "box") != 0)
		return -1;
	if (family != AF_INET6) {
		addresses[found] = (struct lookup_address){ .family = AF_INET };
		inet_pton(AF_INET, "10.0.0.5", &addresses[found++].addr);
	}
	if (family != AF_INET) {
		addresses[found] = (struct lookup_address){ .family = AF_INET6 };
		inet_pton(AF_INET6, "2001:db8::5", &addresses[found++].addr);
	}
	*count = found;
	return 0;
}

static inline int scene_user(const char *name, uint32_t *uid)
{
	*uid = strcmp(name, "www-data") == 0 ? 33 : 0;
	return strcmp(name, "www-data") == 0 || strcmp(name, "root") == 0 ? 0 : -1;
}

static inline int scene_interface(const char *name, uint32_t *index)
{
	*index = strcmp(name, "lo") == 0 ? 1 : 2;
	return strcmp(name, "lo") == 0 || strcmp(name, "eth0") == 0 ? 0 : -1;
}

static inline int scene_local_ports(const struct lookup *lookup, uint16_t *low, uint16_t *high)
{
	(void)lookup;
	*low = 32768;
	*high = 60999;
	return 0;
}

/* "/" is 1, "/a" 20, "/b" 21, "/b/c" 22. */
static inline int scene_cgroups(const struct lookup *lookup, const char *glob, struct cgroup_match *match)
{
	static const struct {
		const char *path, *glob;
		uint64_t id;
	} cgroups[] = {
		{ "/", "/*", 1 },
		{ "/a", "/*", 20 },
		{ "/b", "/*", 21 },
		{ "/b/c", "/b/*", 22 },
	};
	(void)lookup;
	*match = (struct cgroup_match){ .known = true, .id = calloc(8, sizeof(*match->id)), .path = strdup(glob) };
	if (!match->id || !match->path)
		return -1;
	for (size_t i = 0; i < countof(cgroups); i++)
		if (strcmp(cgroups[i].path, glob) == 0 || strcmp(cgroups[i].glob, glob) == 0)
			match->id[match->count++] = cgroups[i].id;
	return 0;
}

/* 127.0.0.0/8 on lo. */
static inline int scene_own_address(int family, const union addr *addr, struct addr_device *device)
{
	*device = (struct addr_device){ .index = 1 };
	return family == AF_INET && addr->byte[0] == 127;
}

static const struct lookup scene_names = {
	scene_service,     scene_host,    scene_host,        scene_user, scene_interface,
	scene_local_ports, scene_cgroups, scene_own_address, -1,         false,
};

/* The letters of the sockets that the verdict is given to. */
static inline void scene_judge(const struct filter *filter, const struct owners *owners, enum verdict verdict,
                               char letters[SCENE_MAX + 1])
{
	for (size_t i = 0; i < SCENE_COUNT; i++) {
		struct scene_sock one;
		scene_sock(&scene_rows[i], &one);
		if (filter_judge(filter, &one.sock, owners) == verdict)
			*letters++ = scene_rows[i].letter;
	}
	*letters = '\0';
}

#endif
