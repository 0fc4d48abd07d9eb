// SPDX-License-Identifier: MIT
/*
 * netns_label.c - what network namespaces are called (netns.h), the first of:
 *
 *   self                        our own
 *   web                         a name of `ip netns`
 *   nginx  0123456789ab         a container's name, or what its runtime prints of its id
 *   /run/docker/netns/1a2b      where it is bound
 *   nginx.service               the systemd unit of its lowest process
 *   net:[4026532209]  pid:812   nothing else is known
 *
 * Behind one that is not unique, or that could be taken for something else,
 * follow @ and the number.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/containers.h>
#include <sockview/file.h>
#include <sockview/process_text.h>

enum { CGROUP_TEXT_MAX = 8192, SHORT_ID = 12, WHOLE_ID = 64 };

/* What -N takes for another word, and a suffix as it is made here. */
static bool poses(const char *label)
{
	const char *at = strrchr(label, '@');
	bool digits = !label[strspn(label, "0123456789")];
	bool suffix = at && !at[1 + strspn(at + 1, "0123456789")];
	return !*label || digits || suffix || strchr(label, '/') || strcmp(label, "all") == 0 ||
	       strcmp(label, "self") == 0 || strncmp(label, "net:[", 5) == 0 || strncmp(label, "pid:", 4) == 0;
}

static char *with_number(const struct netns *netns, const char *label)
{
	char *text;
	int len = netns->inode ? asprintf(&text, "%s@%llu", label, (unsigned long long)netns->inode)
	                       : asprintf(&text, "%s@pid:%d", label, netns->pid);
	return len < 0 ? NULL : text;
}

/* --- one --- */

/* The path of the cgroup of its lowest process, in `text`; data NULL if it is not known. */
static struct bytes cgroup_of(const struct netns *netns, int proc_fd, char text[CGROUP_TEXT_MAX])
{
	char path[32];
	if (!netns->pid)
		return (struct bytes){ NULL, 0 };
	snprintf(path, sizeof(path), "%d/cgroup", netns->pid);
	ssize_t len = file_read_once(proc_fd, path, text, CGROUP_TEXT_MAX);
	return len > 0 ? process_cgroup(text, (size_t)len) : (struct bytes){ NULL, 0 };
}

/* 0, or -1 with errno ENOMEM. */
static int find_container(struct netns *netns, struct bytes cgroup, struct containers *containers)
{
	struct container inside;
	if (!cgroup.data || !cgroup_container(cgroup, &inside))
		return 0;
	if (containers_want(containers, cgroup) < 0)
		return -1;
	struct bytes name = containers_name(containers, inside.id);
	netns->container_id = strndup(inside.id.data, inside.id.len);
	if (name.data)
		netns->container = strndup(name.data, name.len);
	return netns->container_id && (netns->container || !name.data) ? 0 : -1;
}

/* NULL with errno ENOMEM. */
static char *label_of(struct netns *netns, int proc_fd, struct containers *containers)
{
	char text[CGROUP_TEXT_MAX], word[CGROUP_TEXT_MAX];
	struct bytes cgroup = cgroup_of(netns, proc_fd, text), unit;
	if (find_container(netns, cgroup, containers) < 0)
		return NULL;
	const char *label = netns->name ? netns->name : netns->container;
	if (!label && netns->container_id) {
		bool whole = strlen(netns->container_id) != WHOLE_ID;
		snprintf(word, sizeof(word), "%.*s", whole ? CGROUP_TEXT_MAX - 1 : SHORT_ID, netns->container_id);
		label = word;
	}
	/* A path is what it is: -N takes it as it stands. */
	if (!label && netns->mount)
		return strdup(netns->mount);
	if (!label && cgroup.data && cgroup_unit(cgroup, &unit)) {
		snprintf(word, sizeof(word), "%.*s", (int)unit.len, (const char *)unit.data);
		label = word;
	}
	if (label)
		return poses(label) ? with_number(netns, label) : strdup(label);
	if (netns->inode)
		snprintf(word, sizeof(word), "net:[%llu]", (unsigned long long)netns->inode);
	else
		snprintf(word, sizeof(word), "pid:%d", netns->pid);
	return strdup(word);
}

/* --- all of them --- */

static int by_label(const void *left, const void *right)
{
	const struct netns *const *one = left, *const *other = right;
	return strcmp((*one)->label, (*other)->label);
}

/* A label that two have is changed for both: none of them has more of a right to it. */
static int make_unique(struct netns_list *list)
{
	struct netns **sorted = calloc(list->count + 1, sizeof(*sorted));
	int answer = sorted ? 0 : -1;
	for (size_t i = 0; sorted && i < list->count; i++)
		sorted[i] = &list->item[i];
	if (sorted)
		qsort(sorted, list->count, sizeof(*sorted), by_label);
	for (size_t i = 0, end; answer == 0 && i < list->count; i = end) {
		for (end = i + 1; end < list->count && !strcmp(sorted[i]->label, sorted[end]->label); end++)
			;
		for (size_t k = i; end - i > 1 && k < end; k++) {
			char *longer = with_number(sorted[k], sorted[k]->label);
			if (!longer) {
				answer = -1;
				break;
			}
			/* sorted[i]'s label was compared already. */
			free(sorted[k]->label);
			sorted[k]->label = longer;
		}
	}
	free(sorted);
	return answer;
}

int netns_list_label(struct netns_list *list, int proc_fd, int root_fd)
{
	struct containers *containers = containers_new(root_fd);
	int answer = containers ? 0 : -1;
	for (size_t i = 0; i < list->count && answer == 0; i++) {
		struct netns *netns = &list->item[i];
		netns->label = i ? label_of(netns, proc_fd, containers) : strdup("self");
		answer = netns->label ? 0 : -1;
	}
	containers_free(containers);
	if (answer == 0)
		answer = make_unique(list);
	if (answer < 0)
		errno = ENOMEM;
	return answer;
}
