// SPDX-License-Identifier: MIT
/*
 * netns_record.c - a network namespace as a recording names it (netns.h).
 *
 *   "sockview netns self asked" NUL inode NUL label NUL name NUL mount NUL container NUL container's id NUL
 *
 * Words that are not known are empty. The file that they are read from may be of any origin.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/wire.h>

enum { RECORD_TEXTS = 5 };

static void texts_of(struct netns *netns, char **text[RECORD_TEXTS])
{
	text[0] = &netns->label;
	text[1] = &netns->name;
	text[2] = &netns->mount;
	text[3] = &netns->container;
	text[4] = &netns->container_id;
}

int netns_record_put(const struct netns *netns, bool own, bool asked, struct text *text)
{
	const char *words[RECORD_TEXTS] = { netns->label, netns->name, netns->mount, netns->container,
		                            netns->container_id };
	if (text_add_string(text, WIRE_NETNS) < 0 || text_add_string(text, own ? "self " : "other ") < 0 ||
	    text_add(text, asked ? "asked" : "left", asked ? 6 : 5) < 0 || text_add_u64(text, netns->inode) < 0 ||
	    text_add_char(text, '\0') < 0)
		return -1;
	for (size_t i = 0; i < countof(words); i++) {
		const char *word = words[i] ? words[i] : "";
		if (text_add(text, word, strlen(word) + 1) < 0)
			return -1;
	}
	return 0;
}

/* The next text, with its NUL; NULL: there is none. */
static const char *next_text(const char **at, const char *end)
{
	const char *text = *at, *nul = memchr(text, '\0', (size_t)(end - text));
	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}

void netns_forget(struct netns *netns)
{
	char **text[RECORD_TEXTS];
	texts_of(netns, text);
	for (size_t i = 0; i < RECORD_TEXTS; i++)
		free(*text[i]);
	free(netns->path);
	*netns = (struct netns){ 0 };
}

int netns_record_read(struct netns *netns, bool *own, bool *asked, const void *data, size_t len)
{
	const char *at = data, *end = at + len, *head = next_text(&at, end), *number = next_text(&at, end);
	char **text[RECORD_TEXTS], *rest;
	*netns = (struct netns){ 0 };
	errno = EBADMSG;
	if (!head || !number || strncmp(head, WIRE_NETNS, strlen(WIRE_NETNS)) != 0)
		return -1;
	head += strlen(WIRE_NETNS);
	*own = strncmp(head, "self ", 5) == 0;
	*asked = strcmp(strchr(head, ' ') ? strchr(head, ' ') : "", " asked") == 0;
	netns->inode = strtoull(number, &rest, 10);
	texts_of(netns, text);
	for (size_t i = 0; i < RECORD_TEXTS && !*rest; i++) {
		const char *word = next_text(&at, end);
		errno = EBADMSG;
		/* A label there must be. */
		if (!word || (!i && !*word))
			break;
		if (*word && !(*text[i] = strdup(word)))
			break;
		errno = 0;
	}
	if (!errno)
		return 0;
	int saved = errno;
	netns_forget(netns);
	errno = saved;
	return -1;
}
