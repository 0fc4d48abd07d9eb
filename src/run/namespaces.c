// SPDX-License-Identifier: MIT
/*
 * namespaces.c - which network namespaces -N names (namespaces.h).
 *
 *   of processes, bound somewhere -> list
 *   of sockets alone: by BPF, or each asked -> list -> words -> chosen[]
 */
#include "run/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/task_sock.h>
#include <sockview/vec.h>

#include "run/notes.h"

enum { ID_LEAST = 8 }; /* of a container's id */

void namespaces_free(struct namespaces *namespaces)
{
	netns_list_free(&namespaces->list);
	free(namespaces->chosen);
	free(namespaces->answer);
	free(namespaces->part);
	*namespaces = (struct namespaces){ 0 };
}

/* --- words --- */

struct naming {
	struct run *run;
	struct namespaces *namespaces;
	char *problem;
	bool again; /* what is not there is gone */
};

static bool is_digits(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

static bool choose_number(struct namespaces *namespaces, uint64_t inode)
{
	for (size_t i = 0; inode && i < namespaces->list.count; i++)
		if (namespaces->list.item[i].inode == inode)
			return namespaces->chosen[i] = true;
	return false;
}

static bool choose_every(const char *word, struct namespaces *namespaces)
{
	if (strcmp(word, "all") != 0)
		return false;
	memset(namespaces->chosen, true, namespaces->list.count);
	return namespaces->every = true;
}

static bool choose_path(const struct naming *naming, const char *word)
{
	struct stat status;
	/* Where a namespace is bound, or /proc/PID/ns/net: the file's own number. */
	return stat(word, &status) == 0 && choose_number(naming->namespaces, status.st_ino);
}

static bool choose_name(const struct naming *naming, const char *word)
{
	struct namespaces *namespaces = naming->namespaces;
	for (size_t i = 0; i < namespaces->list.count; i++)
		if (namespaces->list.item[i].name && strcmp(namespaces->list.item[i].name, word) == 0)
			return namespaces->chosen[i] = true;
	return false;
}

static bool choose_pid(const struct naming *naming, const char *word)
{
	struct namespaces *namespaces = naming->namespaces;
	char path[48];
	struct stat status;
	snprintf(path, sizeof(path), "%.20s/ns/net", word);
	if (fstatat(naming->run->proc_fd, path, &status, 0) == 0)
		return choose_number(namespaces, status.st_ino);
	snprintf(path, sizeof(path), "%.20s/net/tcp", word);
	if (fstatat(naming->run->proc_fd, path, &status, 0) < 0)
		return false;
	for (size_t i = 0; i < namespaces->list.count; i++)
		if (namespaces->list.item[i].mark == status.st_ino)
			return namespaces->chosen[i] = true;
	return false;
}

static bool choose_label(const struct naming *naming, const char *word)
{
	struct namespaces *namespaces = naming->namespaces;
	for (size_t i = 0; i < namespaces->list.count; i++)
		if (strcmp(namespaces->list.item[i].label, word) == 0)
			return namespaces->chosen[i] = true;
	return false;
}

/* How many containers the word fits, by name or else by the beginning of the id; the first two. */
static size_t containers_of(const struct naming *naming, const char *word, bool by_id, size_t found[2])
{
	const struct netns_list *list = &naming->namespaces->list;
	size_t count = 0, len = strlen(word);
	if (by_id && len < ID_LEAST)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		const char *name = by_id ? list->item[i].container_id : list->item[i].container;
		if (!name || (by_id ? strncmp(name, word, len) : strcmp(name, word)) != 0)
			continue;
		if (count < 2)
			found[count] = i;
		count++;
	}
	return count;
}

/* 1 chosen, 0 there is none, -1 with the problem. */
static int choose_container(const struct naming *naming, const char *word)
{
	const struct netns_list *list = &naming->namespaces->list;
	size_t found[2], count = containers_of(naming, word, false, found);
	if (!count)
		count = containers_of(naming, word, true, found);
	if (count > 1)
		return problem_set(naming->problem, OPTIONS_PROBLEM_MAX,
		                   "-N, --netns: '%s' fits two containers: %.12s (%s) and %.12s (%s)", word,
		                   list->item[found[0]].container_id, list->item[found[0]].label,
		                   list->item[found[1]].container_id, list->item[found[1]].label);
	if (count)
		naming->namespaces->chosen[found[0]] = true;
	return count > 0;
}

static int choose_word(const struct naming *naming, const char *word)
{
	struct namespaces *namespaces = naming->namespaces;
	unsigned long long number;
	char end;
	if (choose_every(word, namespaces))
		return 0;
	if (strcmp(word, "self") == 0) {
		namespaces->chosen[0] = true;
		return 0;
	}
	bool found = sscanf(word, "net:[%llu]%c", &number, &end) == 1 ? choose_number(namespaces, number)
	             : strchr(word, '/')                              ? choose_path(naming, word)
	                                 : choose_name(naming, word) || (is_digits(word) && choose_pid(naming, word));
	if (!found) {
		int answer = choose_container(naming, word);
		if (answer < 0)
			return -1;
		found = answer || choose_label(naming, word);
	}
	if (found || naming->again)
		return 0;
	return problem_set(
		naming->problem, OPTIONS_PROBLEM_MAX,
		"-N, --netns: there is no network namespace '%s'; it takes all, self, net:[N], a path, a name of ip netns, a pid, a container",
		*word ? word : "");
}

static int choose_list(const struct naming *naming, const char *list)
{
	char *copy = strdup(list);
	int answer = copy ? 0 : error_set(&naming->run->error, errno, "find network namespaces", "");
	for (char *rest = copy, *word; answer == 0 && (word = strsep(&rest, ","));)
		answer = choose_word(naming, word);
	free(copy);
	return answer;
}

/* The root directory of the machine whose /proc is read. */
static int machine_root(const struct run *run)
{
	return run->options->proc_root ? openat(run->proc_fd, "1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	                               : open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Those that have no process and no mount are called by their numbers alone. */
static bool wants_held(const struct options *options)
{
	bool wants = options->all_netns;
	for (size_t i = 0; i < options->netns.count; i++)
		wants |= strstr(options->netns.item[i], "all") || strstr(options->netns.item[i], "net:[");
	return wants;
}

static int take_held(void *context, const struct task_sock_found *found)
{
	return netns_list_add_socket(context, found->netns, found->pid, found->fd);
}

/* Held by sockets alone. Another /proc's numbers are not ours to ask by. */
static int find_held(struct run *run, struct netns_list *list)
{
	struct finder_request request = { .proc_fd = run->proc_fd, .proc_is_ours = run->proc_is_ours };
	const char *why;
	if (!run->proc_is_ours || !wants_held(run->options))
		return 0;
	int answer = 1;
	if (run->options->owners_from != OWNERS_PROC)
		answer = task_socks_read(&request, false, take_held, list, &why);
	return answer > 0 ? netns_list_ask_sockets(list, run->proc_fd) : answer;
}

/* Arrays beside the list. */
static int make_room(struct namespaces *namespaces)
{
	size_t count = namespaces->list.count + 1;
	bool *chosen = realloc(namespaces->chosen, count * sizeof(*chosen));
	namespaces->chosen = chosen ? chosen : namespaces->chosen;
	struct netns_answer *answer = realloc(namespaces->answer, count * sizeof(*answer));
	namespaces->answer = answer ? answer : namespaces->answer;
	struct netns_part *part = realloc(namespaces->part, count * sizeof(*part));
	namespaces->part = part ? part : namespaces->part;
	return chosen && answer && part ? 0 : -1;
}

/* --- of a recording --- */

static bool word_fits(const char *word, const struct netns *netns, bool own)
{
	const char *texts[] = { netns->label, netns->name, netns->mount, netns->container };
	unsigned long long number;
	char end;
	size_t len = strlen(word);
	if (strcmp(word, "all") == 0 || (own && strcmp(word, "self") == 0))
		return true;
	if (sscanf(word, "net:[%llu]%c", &number, &end) == 1)
		return number && number == netns->inode;
	for (size_t i = 0; i < countof(texts); i++)
		if (texts[i] && strcmp(texts[i], word) == 0)
			return true;
	return len >= ID_LEAST && netns->container_id && strncmp(netns->container_id, word, len) == 0;
}

/* Which of the namespaces a list of words is of; false with the word that is of none of them, in `none`. */
static bool list_fits(const char *list, const struct namespaces *namespaces, bool *chosen, char none[NAME_MAX])
{
	bool all = true;
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		char word[NAME_MAX];
		bool one = false;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, ","), at);
		for (size_t i = 0; i < namespaces->list.count; i++)
			if (word_fits(word, &namespaces->list.item[i], !i))
				one = chosen[i] = true;
		if (!one && all)
			memcpy(none, word, NAME_MAX);
		all &= one;
	}
	return all;
}

bool namespaces_fit(struct run *run, char none[NAME_MAX])
{
	struct namespaces *namespaces = &run->namespaces;
	const struct options *options = run->options;
	bool all = true;
	*none = '\0';
	memset(namespaces->chosen, options->all_netns, namespaces->list.count);
	for (size_t i = 0; i < options->netns.count; i++)
		all &= list_fits(options->netns.item[i], namespaces, namespaces->chosen, none);
	return all;
}

int namespaces_add_recorded(struct run *run, const void *note, size_t len, size_t *index, bool *asked)
{
	struct namespaces *namespaces = &run->namespaces;
	struct netns netns;
	bool own;
	char ignored[NAME_MAX];
	if (netns_record_read(&netns, &own, asked, note, len) < 0)
		return -1;
	*index = own ? 0 : namespaces->list.count;
	if (*index == NETNS_MAX) {
		netns_forget(&netns);
		errno = EBADMSG;
		return -1;
	}
	struct netns *place = own ? &namespaces->list.item[0]
	                          : vec_push(namespaces->list.item, namespaces->list.count, namespaces->list.capacity);
	if (!place || make_room(namespaces) < 0) {
		netns_forget(&netns);
		errno = ENOMEM;
		return -1;
	}
	if (own)
		netns_forget(place);
	*place = netns;
	namespaces->answer[*index] = (struct netns_answer){ 0 };
	namespaces_fit(run, ignored);
	return 0;
}

/* Before it says so: a recording of one look without -N does not name the one that it is of. */
static int expect_recorded(struct run *run)
{
	struct namespaces *namespaces = &run->namespaces;
	char ignored[NAME_MAX];
	struct netns *own = vec_push(namespaces->list.item, namespaces->list.count, namespaces->list.capacity);
	if (!own || make_room(namespaces) < 0)
		return -1;
	own->label = strdup("self");
	namespaces->answer[0] = (struct netns_answer){ 0 };
	namespaces_fit(run, ignored);
	return own->label ? 0 : -1;
}

/* --- of this host --- */

static int find_all(struct run *run, struct namespaces *namespaces)
{
	struct netns_list *list = &namespaces->list;
	if (netns_list_read(list, run->proc_fd) < 0 || find_held(run, list) < 0 ||
	    netns_list_label(list, run->proc_fd, machine_root(run)) < 0)
		return -1;
	if (make_room(namespaces) < 0)
		return -1;
	memset(namespaces->chosen, false, list->count);
	return 0;
}

static int choose_all(struct run *run, char *problem, bool again)
{
	struct namespaces *namespaces = &run->namespaces;
	struct naming naming = { run, namespaces, problem, again };
	const struct options *options = run->options;
	*problem = '\0';
	if (!options->netns.count && !options->all_netns)
		return 0;
	namespaces_free(namespaces);
	if (options->replay ? expect_recorded(run) : find_all(run, namespaces))
		return error_set(&run->error, errno, "find network namespaces", "");
	/* Which there are is known when they come. */
	if (options->replay)
		return 0;
	if (options->all_netns)
		choose_every("all", namespaces);
	for (size_t i = 0; i < options->netns.count; i++)
		if (choose_list(&naming, options->netns.item[i]) < 0)
			return -1;
	return 0;
}

int namespaces_choose(struct run *run, char problem[OPTIONS_PROBLEM_MAX])
{
	return choose_all(run, problem, false);
}

int namespaces_choose_again(struct run *run)
{
	char problem[OPTIONS_PROBLEM_MAX];
	if (choose_all(run, problem, true) == 0)
		return 0;
	return *problem ? error_set(&run->error, ESRCH, "find network namespaces", "") : -1;
}

void namespaces_say(const struct namespaces *namespaces)
{
	notes_netns(&(struct notes_netns){
		.not_looked = namespaces->not_looked,
		.skipped = namespaces->skipped,
		.out_of_time = namespaces->out_of_time,
		.hidden = namespaces->list.hidden,
		.not_asked = namespaces->list.not_asked,
		.left_out = namespaces->list.left_out,
	});
}
