// SPDX-License-Identifier: MIT
/*
 * names.c - services, users and interfaces, each asked for once; see names.h.
 *
 * Hosts are different enough (they take time) to have hosts.c.
 */
#include <sockview/names.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <sockview/file.h>
#include <sockview/proto.h>
#include <sockview/text.h>

#include "host/hosts.h"

/* No passwd entry is larger; a lookup that asks for more is broken. */
#define PASSWD_MAX (1u << 20)

/* Numbers to names; a NULL name is an answer too: there is none. Open addressing, half full. */
struct name_cell {
	uint64_t key;
	char *name;
	bool used;
};

struct name_map {
	struct name_cell *cell;
	size_t cells, count;
	int lack; /* errno: why a name that there may be is not known; 0: all are */
};

struct names {
	struct name_map services, users, interfaces;
	bool services_loaded;
	struct hosts *hosts;
};

static struct name_cell *map_cell(const struct name_map *map, uint64_t key)
{
	size_t at = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->cells - 1);
	while (map->cell[at].used && map->cell[at].key != key)
		at = (at + 1) & (map->cells - 1);
	return &map->cell[at];
}

static const struct name_cell *map_find(const struct name_map *map, uint64_t key)
{
	if (!map->cells)
		return NULL;
	const struct name_cell *cell = map_cell(map, key);
	return cell->used ? cell : NULL;
}

static int map_grow(struct name_map *map)
{
	struct name_map grown = *map;
	grown.cells = map->cells ? 2 * map->cells : 64;
	grown.cell = calloc(grown.cells, sizeof(*grown.cell));
	if (!grown.cell)
		return -1;
	for (size_t i = 0; i < map->cells; i++)
		if (map->cell[i].used)
			*map_cell(&grown, map->cell[i].key) = map->cell[i];
	free(map->cell);
	*map = grown;
	return 0;
}

/*
 * Keeps a copy of the name unless the key has one already; the name that
 * stands then. Out of memory is no name.
 */
static const char *map_add(struct name_map *map, uint64_t key, const char *name)
{
	if (2 * (map->count + 1) > map->cells && map_grow(map)) {
		map->lack = ENOMEM;
		return NULL;
	}
	struct name_cell *cell = map_cell(map, key);
	if (cell->used)
		return cell->name;
	*cell = (struct name_cell){ key, name ? strdup(name) : NULL, true };
	if (name && !cell->name)
		map->lack = ENOMEM;
	map->count++;
	return cell->name;
}

static void map_free(struct name_map *map)
{
	for (size_t i = 0; i < map->cells; i++)
		free(map->cell[i].name);
	free(map->cell);
}

struct names *names_new(void)
{
	struct names *names = calloc(1, sizeof(*names));
	if (!names)
		return NULL;
	names->hosts = hosts_new();
	if (!names->hosts) {
		names_free(names);
		errno = ENOMEM;
		return NULL;
	}
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	map_free(&names->services);
	map_free(&names->users);
	map_free(&names->interfaces);
	hosts_free(names->hosts);
	free(names);
}

/* Of errors of getpwuid_r(3) and open(2): not "there is none", for which it has many, but a lack of this moment. */
static bool is_lack(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE || error == EIO || error == EINTR;
}

static uint64_t service_key(enum proto proto, uint16_t port)
{
	return (uint64_t)proto << 16 | port;
}

/* One line of /etc/services counts for every protocol that uses its word: udp's for udplite too. */
static void service_add(struct name_map *services, const char *name, uint16_t port, const char *protocol)
{
	FOR_EACH_PROTO (proto, PROTO_ALL) {
		const char *word = proto_table[proto].service;
		if (word && !strcmp(word, protocol))
			map_add(services, service_key(proto, port), name);
	}
}

#ifdef __GLIBC__
static void services_each(struct name_map *services)
{
	struct servent *service;
	setservent(0);
	while ((service = getservent()))
		service_add(services, service->s_name, ntohs((uint16_t)service->s_port), service->s_proto);
	endservent();
}
#else
/* musl's getservent() never answers, and its getservbyport() reads the file at each call. "http 80/tcp www # ..." */
static void services_each(struct name_map *services)
{
	enum { SERVICES_MAX = 16 << 20 };
	struct text text = { 0 };
	if (file_read_text(AT_FDCWD, "/etc/services", SERVICES_MAX, &text) < 0 && is_lack(errno))
		services->lack = errno;
	for (char *rest = text.data, *line; rest && (line = strsep(&rest, "\n"));) {
		char name[256], protocol[16];
		unsigned port;
		line[strcspn(line, "#")] = '\0';
		if (sscanf(line, "%255s %5u/%15s", name, &port, protocol) == 3 && port <= UINT16_MAX)
			service_add(services, name, (uint16_t)port, protocol);
	}
	text_free(&text);
}
#endif

/* The names of the IP protocols that stand in place of raw sockets' ports are those of /etc/protocols. */
void names_read_services(struct names *names)
{
	struct protoent *protocol;
	if (names->services_loaded)
		return;
	names->services_loaded = true;
	services_each(&names->services);
	setprotoent(0);
	while ((protocol = getprotoent()))
		FOR_EACH_PROTO (proto, protos_with(PROTO_OWN_NUMBER))
			map_add(&names->services, service_key(proto, (uint16_t)protocol->p_proto), protocol->p_name);
	endprotoent();
}

const char *names_service(struct names *names, enum proto proto, uint16_t port)
{
	names_read_services(names);
	const struct name_cell *cell = map_find(&names->services, service_key(proto, port));
	return cell ? cell->name : NULL;
}

static const char *user_ask(struct name_map *users, uint32_t uid)
{
	struct passwd entry, *found = NULL;
	char *buffer = NULL;
	int error = ERANGE;
	for (size_t size = 1024; error == ERANGE && size <= PASSWD_MAX; size *= 4) {
		char *grown = realloc(buffer, size);
		buffer = grown ? grown : buffer;
		found = NULL;
		error = grown ? getpwuid_r(uid, &entry, buffer, size, &found) : ENOMEM;
	}
	if (is_lack(error))
		users->lack = error;
	const char *name = map_add(users, uid, !error && found ? found->pw_name : NULL);
	free(buffer);
	return name;
}

const char *names_user(struct names *names, uint32_t uid)
{
	const struct name_cell *cell = map_find(&names->users, uid);
	return cell ? cell->name : user_ask(&names->users, uid);
}

const char *names_interface(struct names *names, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	const struct name_cell *cell = map_find(&names->interfaces, ifindex);
	if (cell)
		return cell->name;
	return map_add(&names->interfaces, ifindex, if_indextoname(ifindex, name));
}

void names_read_interfaces(struct names *names)
{
	struct if_nameindex *all = if_nameindex();
	if (!all && is_lack(errno))
		names->interfaces.lack = errno;
	for (const struct if_nameindex *one = all; one && one->if_index; one++)
		map_add(&names->interfaces, one->if_index, one->if_name);
	if (all)
		if_freenameindex(all);
}

int names_lack(const struct names *names)
{
	int lack = names->services.lack ? names->services.lack : names->users.lack;
	return lack ? lack : names->interfaces.lack;
}

int names_want_host(struct names *names, int family, const union addr *addr)
{
	return hosts_want(names->hosts, family, addr);
}

void names_resolve(struct names *names, unsigned deadline_ms)
{
	hosts_resolve(names->hosts, deadline_ms);
}

size_t names_hosts_failed(const struct names *names, int *number)
{
	return hosts_failed(names->hosts, number);
}

const char *names_host(struct names *names, int family, const union addr *addr)
{
	return hosts_find(names->hosts, family, addr);
}
