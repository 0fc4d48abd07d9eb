// SPDX-License-Identifier: MIT
/* netns_socket.h - see netns_socket.c. */
#ifndef SOCKVIEW_HOST_NETNS_SOCKET_H
#define SOCKVIEW_HOST_NETNS_SOCKET_H

#include <stdint.h>

/* The namespace of the socket that is the process's descriptor, to be entered; -1 with errno. */
int netns_open_of_socket(int32_t pid, int32_t socket_fd);

#endif
