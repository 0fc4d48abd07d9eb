// SPDX-License-Identifier: MIT
/* sockstat.c - how many sockets there are, before they are asked for (sockstat.h). */
#include <sockview/sockstat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/file.h>
#include <sockview/proto.h>

/* The number behind `word`. */
static bool sockstat_number(int dir, const char *path, const char *word, uint32_t *count)
{
	char text[1024];
	file_read_string(dir, path, text, sizeof(text));
	const char *at = strstr(text, word);
	if (!at)
		return false;
	unsigned long value = strtoul(at + strlen(word), NULL, 10);
	*count = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	return true;
}

/* "TCP: inuse 3 orphan 0 ..." (net/ipv4/proc.c, sockstat_seq_show), "TCP6: inuse 1" (net/ipv6/proc.c, sockstat6_seq_show). */
bool sockstat_in_use(int dir, const char *folder, enum proto proto, int family, uint32_t *count)
{
	const char *six = family == AF_INET6 ? "6" : "";
	char path[64], word[32];
	snprintf(path, sizeof(path), "%ssockstat%s", folder, six);
	snprintf(word, sizeof(word), "%s%s: inuse ", proto_table[proto].label, six);
	return sockstat_number(dir, path, word, count);
}

/* "TCP: inuse 3 orphan 0 tw 2 alloc 5 mem 0" */
bool sockstat_time_wait(int dir, const char *folder, uint32_t *count)
{
	char path[64];
	snprintf(path, sizeof(path), "%ssockstat", folder);
	return sockstat_number(dir, path, " tw ", count);
}
