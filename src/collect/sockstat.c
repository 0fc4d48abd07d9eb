/* sockstat.c - how many sockets there are, before they are asked for. */
#include "collect/sockstat.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/file.h>

/* net/ipv6/proc.c, sockstat6_seq_show: "TCP6: inuse N" is its first line. */
uint32_t sockstat_tcp6(int proc_net_fd)
{
	char text[256];
	file_read_string(proc_net_fd, "sockstat6", text, sizeof(text));
	static const char head[] = "TCP6: inuse ";
	const char *at = strstr(text, head);
	unsigned long count = at ? strtoul(at + sizeof(head) - 1, NULL, 10) : 0;
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}
