/* hosts_file.h - hosts by /etc/hosts alone. */
#ifndef SELECT_HOSTS_FILE_H
#define SELECT_HOSTS_FILE_H

#include <sockview/lookup.h>

/*
 * struct lookup, known_host. libc can not be told to look nowhere else:
 * getaddrinfo(3) asks the network for what the file does not have, and
 * gethostent(3) gives IPv4 alone.
 */
int hosts_file_find(const char *name, int family, struct lookup_address *addresses, size_t *count);

#endif
