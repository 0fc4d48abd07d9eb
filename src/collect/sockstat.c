/* sockstat.c - how many sockets there are, before they are asked for. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/source.h>

/* net/ipv6/proc.c, sockstat6_seq_show: "TCP6: inuse N" is its first line. */
uint32_t source_tcp6_in_use(int proc_net_fd)
{
	char text[256];
	int fd = openat(proc_net_fd, "sockstat6", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	static const char head[] = "TCP6: inuse ";
	const char *at = strstr(text, head);
	unsigned long count = at ? strtoul(at + sizeof(head) - 1, NULL, 10) : 0;
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}
