/* hosts_file.c - see hosts_file.h; hosts(5): an address and its names a line. */
#include "host/hosts_file.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

static bool line_names(char *rest, const char *name)
{
	char *word;
	while ((word = strsep(&rest, BLANKS)) != NULL)
		if (strcasecmp(word, name) == 0)
			return true;
	return false;
}

/* True if the line is of the name and of the family. */
static bool line_address(char *line, const char *name, int family, struct lookup_address *address)
{
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	char *rest = line, *text = strsep(&rest, BLANKS);
	*address = (struct lookup_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if ((family != AF_UNSPEC && family != address->family) || !rest || !line_names(rest, name))
		return false;
	return inet_pton(address->family, text, &address->addr) == 1;
}

int hosts_file_find(const char *name, int family, struct lookup_address *addresses, size_t *count)
{
	char line[4096];
	size_t found = 0;
	FILE *file = *name ? fopen("/etc/hosts", "re") : NULL;
	if (!file)
		return -1;
	while (found < *count && fgets(line, sizeof(line), file))
		found += line_address(line, name, family, &addresses[found]);
	fclose(file);
	*count = found;
	return found ? 0 : -1;
}
