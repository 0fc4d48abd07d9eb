// SPDX-License-Identifier: MIT
/* names.h - numbers to names: services, users, hosts, interfaces. Each asked for once and kept. */
#ifndef SOCKVIEW_NAMES_H
#define SOCKVIEW_NAMES_H

#include <sockview/row.h>

struct names;

/* NULL with errno ENOMEM. */
struct names *names_new(void);
void names_free(struct names *names);

/*
 * Host byte order. The service's name in /etc/services (getservent(3), read
 * whole at the first call) for this protocol, NULL if it has none. Hostile
 * text, owned by `names`, as all strings returned here.
 */
const char *names_service(struct names *names, enum proto proto, uint16_t port);
/* The user's login name, NULL if there is none of that uid. */
const char *names_user(struct names *names, uint32_t uid);
/* The interface's name, NULL if there is none. */
const char *names_interface(struct names *names, uint32_t ifindex);

/* All services, and all interfaces, in place of each as it is asked for. */
void names_read_services(struct names *names);
void names_read_interfaces(struct names *names);

/* The errno for which services, users or interfaces that may have a name were given none; 0: none was. */
int names_lack(const struct names *names);

/*
 * Hosts are resolved before they are shown: first names_want_host() for each
 * address (duplicates are welcome), then names_resolve(), which looks all of
 * them up side by side and gives up on a name after deadline_ms, and on all
 * that is left when nothing has answered for that long.
 */
int names_want_host(struct names *names, int family, const union addr *addr);
void names_resolve(struct names *names, unsigned deadline_ms);
/* How many hosts could not be looked up for want of memory or threads, with *number set to the errno. */
size_t names_hosts_failed(const struct names *names, int *number);
/* NULL if it was not wanted, has no name, or did not answer in time. */
const char *names_host(struct names *names, int family, const union addr *addr);

#endif
