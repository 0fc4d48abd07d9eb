/*
 * namespaces.c - the sockets of more network namespaces than our own: -N (namespaces.h).
 *
 *   words -> chosen[] -> netns_visit() -> each asked by netlink, in a thread that is in it
 *                     -> the others: /proc/PID/net of a process there, as long as there is time
 *
 * Every row gets the index of its namespace. The table of owners is one for all
 * of them: inodes of sockets are the host's.
 */
#include "run/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/proto.h>
#include <sockview/sockstat.h>

enum {
	ID_LEAST = 8, /* of a container's id */
	FEW = 16,     /* so many are asked for all states, whatever the counters say */
};

void namespaces_free(struct namespaces *namespaces)
{
	netns_list_free(&namespaces->list);
	free(namespaces->chosen);
	free(namespaces->answer);
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

static int find_all(struct run *run, struct namespaces *namespaces)
{
	struct netns_list *list = &namespaces->list;
	if (netns_list_read(list, run->proc_fd) < 0 || netns_list_label(list, run->proc_fd, machine_root(run)) < 0)
		return -1;
	namespaces->chosen = calloc(list->count + 1, sizeof(*namespaces->chosen));
	namespaces->answer = calloc(list->count + 1, sizeof(*namespaces->answer));
	return namespaces->chosen && namespaces->answer ? 0 : -1;
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
	if (find_all(run, namespaces) < 0)
		return error_set(&run->error, errno, "find network namespaces", "");
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

/* --- sockets --- */

/* One namespace's part of a request. */
struct part {
	struct run *run;
	const struct source_request *request;
	size_t index;
};

static int part_take(void *context, const struct sock *sock)
{
	const struct part *part = context;
	struct sock there = *sock;
	there.row.netns = (uint16_t)part->index;
	return part->request->sink(part->request->context, &there);
}

static size_t part_mark(const void *context)
{
	const struct part *part = context;
	return part->request->mark(part->request->context);
}

static void part_rewind(void *context, size_t mark)
{
	const struct part *part = context;
	part->request->rewind(part->request->context, mark);
}

static void report_add(struct report *all, const struct report *one)
{
	all->received += one->received;
	all->requests += one->requests;
	all->interrupted += one->interrupted;
	all->lost += one->lost;
	all->malformed += one->malformed;
	all->unavailable |= one->unavailable;
	all->from_netlink |= one->from_netlink;
	all->from_proc |= one->from_proc;
	all->netlink_errno = all->netlink_errno ? all->netlink_errno : one->netlink_errno;
	all->cut_errno = all->cut_errno ? all->cut_errno : one->cut_errno;
	all->failed |= one->failed;
}

/*
 * A walk of all connections takes the kernel as long in an empty namespace as
 * in a full one, 31 ms beside 225,000 sockets elsewhere. Its own counters tell
 * that there are none; but for SYN_RECV, of which none is counted, and sockets
 * that are only bound, which no counter knows and another, short table holds.
 */
static bool has_no_tcp(int proc_net_fd)
{
	uint32_t four, six = 0, waits;
	bool told = sockstat_in_use(proc_net_fd, "", PROTO_TCP, AF_INET, &four);
	sockstat_in_use(proc_net_fd, "", PROTO_TCP, AF_INET6, &six);
	return told && !four && !six && sockstat_time_wait(proc_net_fd, "", &waits) && !waits;
}

static int part_ask(struct run *run, const struct source_request *request, size_t index, const struct sources *sources,
                    const char *by)
{
	struct netns_answer *answer = &run->namespaces.answer[index];
	struct part part = { run, request, index };
	struct query query = *request->query;
	struct source_request own = {
		.query = &query,
		.ordered = request->ordered,
		.sink = part_take,
		.context = &part,
		.mark = request->mark ? part_mark : NULL,
		.rewind = request->rewind ? part_rewind : NULL,
	};
	struct report report = { 0 };
	bool connections = query.states[PROTO_TCP] & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND));
	if (run->namespaces.count > FEW && connections && query.protos & PROTO_BIT(PROTO_TCP) &&
	    has_no_tcp(sources->proc_net_fd)) {
		/* Without a listener there is no SYN_RECV either, so that nothing is left out. */
		query.states[PROTO_TCP] &= STATE_BIT(STATE_BOUND);
	}
	int result = collect_sockets(sources, &own, &report, &run->error);
	answer->by = report.from_netlink || !report.from_proc ? by : "proc";
	answer->complete = result == 0 && !report.interrupted && !report.lost && !report.malformed &&
	                   !report.unavailable && !report.failed;
	report_add(&run->report, &report);
	return result;
}

/* In the thread that is in the namespace. */
static int part_enter(void *context, size_t index, int number)
{
	const struct part *part = context;
	struct run *run = part->run;
	struct netns_answer *answer = &run->namespaces.answer[index];
	int proc_net_fd = -1;
	if (number) {
		answer->gone = number == ESRCH;
		return 0;
	}
	if (!index)
		proc_net_fd = dup(run->proc_net_fd);
	else if (run->proc_is_ours)
		proc_net_fd = openat(run->proc_fd, "thread-self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct wire *wire = run->options->source == SOURCE_PROC ? NULL : wire_kernel();
	struct sources sources = { .from = run->options->source, .wire = wire, .proc_net_fd = proc_net_fd };
	if (!wire && sources.from == SOURCE_AUTO)
		sources.from = SOURCE_PROC;
	int result = part_ask(run, part->request, index, &sources, wire ? "netlink" : "proc");
	wire_close(wire);
	if (proc_net_fd >= 0)
		close(proc_net_fd);
	return result;
}

int64_t namespaces_cpu_ms(const struct options *options)
{
	return options->seconds > 0 ? (int64_t)(options->seconds * 1000) : NETNS_CPU_MAX_MS;
}

/* What could not be entered, by the /proc/PID/net of a process in it. */
static int gather_from_proc(struct run *run, const struct source_request *request)
{
	struct namespaces *namespaces = &run->namespaces;
	int64_t end = netns_cpu_ms() + namespaces_cpu_ms(run->options);
	for (size_t i = 0; i < namespaces->list.count; i++) {
		const struct netns *netns = &namespaces->list.item[i];
		char path[32];
		if (!namespaces->chosen[i] || namespaces->answer[i].by || namespaces->answer[i].gone)
			continue;
		if (!netns->pid || run->options->source == SOURCE_NETLINK)
			continue;
		if (netns_cpu_ms() >= end) {
			namespaces->out_of_time = true;
			continue;
		}
		snprintf(path, sizeof(path), "%d/net", netns->pid);
		int fd = openat(run->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		struct sources sources = { .from = SOURCE_PROC, .proc_net_fd = fd };
		int result = part_ask(run, request, i, &sources, "proc");
		close(fd);
		if (result)
			return result;
	}
	return 0;
}

int namespaces_gather(struct run *run, const struct source_request *request)
{
	struct namespaces *namespaces = &run->namespaces;
	struct part part = { run, request, 0 };
	namespaces->count = namespaces->not_looked = 0;
	namespaces->out_of_time = false;
	memset(namespaces->answer, 0, namespaces->list.count * sizeof(*namespaces->answer));
	for (size_t i = 0; i < namespaces->list.count; i++)
		namespaces->count += namespaces->chosen[i];
	int result = netns_visit(&namespaces->list, namespaces->chosen, run->proc_fd, part_enter, &part);
	if (result == 0)
		result = gather_from_proc(run, request);
	if (result < 0 && !run->error.what)
		error_set(&run->error, errno, "enter network namespaces", "");
	/* What is told: those that were chosen and are there. */
	namespaces->told = 0;
	for (size_t i = 0; i < namespaces->list.count; i++) {
		struct netns_answer answer = namespaces->answer[i];
		if (!namespaces->chosen[i] || answer.gone)
			continue;
		answer.netns = &namespaces->list.item[i];
		namespaces->not_looked += !answer.by;
		answer.by = answer.by ? answer.by : "none";
		namespaces->answer[namespaces->told++] = answer;
	}
	return result;
}
