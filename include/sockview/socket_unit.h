// SPDX-License-Identifier: MIT
/* socket_unit.h - which of systemd's socket units listens on a port. */
#ifndef SOCKVIEW_SOCKET_UNIT_H
#define SOCKVIEW_SOCKET_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sockview/proto.h>

enum { SOCKET_UNIT_MAX = 256 };

/*
 * Asks the manager. False if none has it, or several have. The name is a word
 * that is safe in a shell's line.
 */
bool socket_unit_find(enum proto proto, uint16_t port, char name[SOCKET_UNIT_MAX]);
/* The same from what `systemctl show -p Id -p Listen *.socket` printed. */
bool socket_unit_read(const char *text, enum proto proto, uint16_t port, char name[SOCKET_UNIT_MAX]);

#endif
