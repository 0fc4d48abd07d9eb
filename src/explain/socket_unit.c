// SPDX-License-Identifier: MIT
/*
 * socket_unit.c - which of systemd's socket units listens on a port (socket_unit.h).
 *
 * The manager's answer is a paragraph a unit:
 *
 *   Listen=[::]:8080 (Stream)
 *   Listen=/run/web.sock (Stream)
 *   Id=web.socket
 */
#include <sockview/socket_unit.h>

#include <stdio.h>
#include <string.h>

#include "explain/ask_program.h"

/* The line ends with this. */
static bool line_ends(const char *line, size_t len, const char *end)
{
	size_t tail = strlen(end);
	return len >= tail && memcmp(line + len - tail, end, tail) == 0;
}

static bool is_unit_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-", name[i]))
			return false;
	return len > 7 && len < SOCKET_UNIT_MAX && name[0] != '-' && line_ends(name, len, ".socket");
}

bool socket_unit_read(const char *text, enum proto proto, uint16_t port, char name[SOCKET_UNIT_MAX])
{
	char listens[32], id[SOCKET_UNIT_MAX] = "";
	bool has = false;
	unsigned found = 0;
	snprintf(listens, sizeof(listens), ":%u (%s)", port, proto_listens(proto) ? "Stream" : "Datagram");
	for (const char *line = text;;) {
		size_t len = strcspn(line, "\n");
		if (len > 7 && memcmp(line, "Listen=", 7) == 0)
			has |= line_ends(line + 7, len - 7, listens);
		else if (len > 3 && memcmp(line, "Id=", 3) == 0 && is_unit_name(line + 3, len - 3))
			snprintf(id, sizeof(id), "%.*s", (int)(len - 3), line + 3);
		/* The end of a paragraph. */
		if (!len || !line[len]) {
			if (has && *id && found++ == 0)
				strcpy(name, id);
			has = false;
			*id = '\0';
		}
		if (!line[len])
			return found == 1;
		line += len + 1;
	}
}

bool socket_unit_find(enum proto proto, uint16_t port, char name[SOCKET_UNIT_MAX])
{
	enum { ANSWER_MAX = 65536 };
	const char *ask[] = { "systemctl", "show", "-p", "Id", "-p", "Listen", "--", "*.socket", NULL };
	char answer[ANSWER_MAX];
	return ask_program((char *const *)ask, answer, sizeof(answer)) >= 0 &&
	       socket_unit_read(answer, proto, port, name);
}
