/* sockstat.c - how many sockets there are, before they are asked for (sockstat.h). */
#include <sockview/sockstat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/file.h>
#include <sockview/proto.h>

/* "TCP: inuse 3 orphan 0 ..." (net/ipv4/proc.c, sockstat_seq_show), "TCP6: inuse 1" (net/ipv6/proc.c, sockstat6_seq_show). */
bool sockstat_in_use(int dir, const char *folder, enum proto proto, int family, uint32_t *count)
{
	const char *six = family == AF_INET6 ? "6" : "";
	char path[64], word[32], text[1024];
	snprintf(path, sizeof(path), "%ssockstat%s", folder, six);
	snprintf(word, sizeof(word), "%s%s: inuse ", proto_table[proto].label, six);
	file_read_string(dir, path, text, sizeof(text));
	const char *at = strstr(text, word);
	if (!at)
		return false;
	unsigned long value = strtoul(at + strlen(word), NULL, 10);
	*count = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	return true;
}
