// SPDX-License-Identifier: MIT
/* checkup.c - two looks in place of one, the owners of what is sick, and the answer (checkup.h). */
#include "run/checkup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sockview/exposure.h>
#include <sockview/file.h>
#include <sockview/format.h>
#include <sockview/health.h>
#include <sockview/message.h>
#include <sockview/names.h>

#include "run/gather.h"
#include "run/invocation.h"
#include "run/namespaces.h"
#include "run/netns_gather.h"
#include "run/notes.h"
#include "run/rights.h"

struct checkup {
	struct health *health;
	bool second;
};

static bool checkup_begin(struct run *run)
{
	char problem[HEALTH_PROBLEM_MAX];
	const struct words *thresholds = &run->options->thresholds;
	struct checkup *checkup = calloc(1, sizeof(*checkup));
	run->own = checkup;
	if (checkup)
		checkup->health = health_new();
	if (!checkup || !checkup->health) {
		message_usage("out of memory");
		return false;
	}
	for (size_t i = 0; i < thresholds->count; i++)
		if (health_threshold(checkup->health, thresholds->item[i], problem) < 0) {
			message_usage("--threshold: %s", problem);
			return false;
		}
	return true;
}

static void checkup_plan(struct run *run)
{
	struct options all = *run->options;
	all.all = true;
	selection_query(&run->selection, &all, &run->query);
	/* Room and queues are of all sockets, whichever the filter chose. */
	run->query.expr = NULL;
	run->query.protos &= PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP);
	/* Of what is bound and nothing more no rule says anything, and the kernel looks for them in all namespaces. */
	FOR_EACH_PROTO (proto, run->query.protos)
		run->query.states[proto] = proto_table[proto].states & ~STATE_BIT(STATE_BOUND);
	run->query.want |= HEALTH_WANT;
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.details = HEALTH_DETAILS | run->selection.needs.details,
		/* Rules take CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_MARK | (run->namespaces.list.count ? PRIVILEGE_NETNS : 0u),
	};
}

static int checkup_row(void *context, const struct sock *sock)
{
	struct run *run = context;
	struct checkup *checkup = run->own;
	if (health_see(checkup->health, sock) < 0)
		return error_set(&run->error, errno, "keep the sockets' counters", "");
	if (!checkup->second || filter_judge(run->selection.filter, sock, NULL) == VERDICT_NO)
		return 0;
	int answer = health_judge(checkup->health, &run->listing.context, sock, run->table.count);
	if (answer < 0)
		return error_set(&run->error, errno, "judge", "");
	return answer ? gather_keep(run, sock) : 0;
}

static int checkup_keep(void *context, const struct sock *sock)
{
	return gather_keep(context, sock);
}

static int64_t checkup_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int checkup_look(struct run *run)
{
	struct checkup *checkup = run->own;
	struct source_request request = { .query = &run->query, .sink = checkup_row, .context = run };
	health_look(checkup->health, checkup_now());
	return gather_sockets(run, &request) ? -1 : 0;
}

static void checkup_pause(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds };
	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* What a namespace has counted, and its settings. */
struct checkup_counters {
	bool known;
	uint64_t time_wait_overflow, cookies;
	bool cookies_always;
	double ephemeral_room; /* 0: not known */
};

/* The namespace that the machine started with has limits that others lack. */
static bool is_initial(const struct host_numbers *numbers)
{
	return numbers->known[HOST_ORPHANS_MAX];
}

static uint32_t reserved_count(int proc_fd, uint64_t first, uint64_t last)
{
	char text[4096];
	uint32_t count = 0;
	file_read_string(proc_fd, "sys/net/ipv4/ip_local_reserved_ports", text, sizeof(text));
	for (char *at = text; *at >= '0' && *at <= '9';) {
		unsigned long low = strtoul(at, &at, 10), high = *at == '-' ? strtoul(at + 1, &at, 10) : low;
		for (; low <= high && low <= UINT16_MAX; low++)
			count += low >= first && low <= last;
		at += *at == ',';
	}
	return count;
}

/* Of the namespace that the calling thread is in. */
static void counters_read(struct checkup_counters *counters, int proc_fd, int proc_net_fd)
{
	char text[16384], mode[8];
	struct host_numbers numbers;
	*counters = (struct checkup_counters){ 0 };
	file_read_string(proc_net_fd, "netstat", text, sizeof(text));
	counters->known = host_counter(text, "TCPTimeWaitOverflow", &counters->time_wait_overflow);
	host_counter(text, "SyncookiesSent", &counters->cookies);
	file_read_string(proc_fd, "sys/net/ipv4/tcp_syncookies", mode, sizeof(mode));
	counters->cookies_always = *mode == '2';
	host_numbers_read(&numbers, proc_fd, proc_net_fd);
	uint64_t first = numbers.value[HOST_PORT_FIRST], last = numbers.value[HOST_PORT_LAST];
	if (numbers.known[HOST_PORT_FIRST] && numbers.known[HOST_PORT_LAST] && first <= last)
		counters->ephemeral_room = (double)(last - first + 1 - reserved_count(proc_fd, first, last));
}

struct checkup_counting {
	const struct run *run;
	struct checkup_counters *counters;
};

/* In the thread that is in the namespace. */
static int counters_visit(void *context, size_t index, int number)
{
	const struct checkup_counting *counting = context;
	int proc_net_fd = number ? -1 : netns_gather_proc_net(counting->run, index);
	if (proc_net_fd < 0)
		return 0;
	counters_read(&counting->counters[index], counting->run->proc_fd, proc_net_fd);
	close(proc_net_fd);
	return 0;
}

static size_t checkup_netns_count(const struct run *run)
{
	return run->namespaces.list.count ? run->namespaces.list.count : 1;
}

/* Of each namespace that was chosen; NULL with errno. */
static struct checkup_counters *counters_take(const struct run *run)
{
	struct checkup_counters *counters = calloc(checkup_netns_count(run), sizeof(*counters));
	const struct namespaces *namespaces = &run->namespaces;
	struct checkup_counting counting = { run, counters };
	if (!counters)
		return NULL;
	if (!namespaces->list.count)
		counters_read(counters, run->proc_fd, run->proc_net_fd);
	else if (netns_visit(&namespaces->list, namespaces->chosen, run->proc_fd, counters_visit, &counting) < 0) {
		free(counters);
		return NULL;
	}
	return counters;
}

static bool checkup_wants(void *context, const struct sock *sock)
{
	const struct run *run = context;
	return filter_judge(run->selection.filter, sock, &run->owners) == VERDICT_YES;
}

/* --- listeners against the firewall's rules --- */

struct checkup_closed {
	struct health *health;
	struct table table; /* servers alone */
	size_t *place;      /* theirs in the run's table */
};

static int checkup_closed_row(void *context, const struct exposure_word *word)
{
	const struct checkup_closed *closed = context;
	return word->closed ? health_unreachable(closed->health, closed->place[word->row], word->state, word->rule) : 0;
}

static int servers_take(struct checkup_closed *closed, const struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (!(proto_table[sock.row.proto].waiting & STATE_BIT(sock.row.state)) || sock.row.remote_port)
			continue;
		closed->place[closed->table.count] = i;
		if (table_add(&closed->table, &sock) < 0)
			return -1;
	}
	return 0;
}

/* Rules are of our own namespace, and need CAP_NET_ADMIN: without it nothing is known, and nothing is found. */
static int checkup_exposure(struct run *run)
{
	struct checkup *checkup = run->own;
	struct checkup_closed closed = { .health = checkup->health };
	const struct exposure_facts facts = { .table = &closed.table, .proc_fd = run->proc_fd, .rows_alone = true };
	if (run->namespaces.list.count || run->options->proc_root || !run->privilege.has_net_admin)
		return 0;
	closed.place = calloc(run->table.count + 1, sizeof(*closed.place));
	table_init(&closed.table, 0);
	int answer = closed.place ? servers_take(&closed, &run->table) : -1;
	struct exposure *exposure = answer == 0 && closed.table.count ? exposure_new(&facts) : NULL;
	/* Interfaces or rules that cannot be read are no reason for the rest not to be told. */
	if (exposure)
		answer = exposure_each(exposure, checkup_closed_row, &closed);
	exposure_free(exposure);
	table_free(&closed.table);
	free(closed.place);
	return answer;
}

static int checkup_totals(struct run *run, const struct checkup_counters *before)
{
	struct checkup *checkup = run->own;
	struct host_numbers numbers = { 0 };
	size_t count = checkup_netns_count(run);
	struct checkup_counters *after = counters_take(run);
	struct health_netns *netns = calloc(count, sizeof(*netns));
	int answer = after && netns ? 0 : -1;
	for (size_t i = 0; i < count && answer == 0; i++) {
		bool both = before[i].known && after[i].known;
		netns[i] = (struct health_netns){
			.time_wait_overflow = both ? after[i].time_wait_overflow - before[i].time_wait_overflow : 0,
			.cookies = both ? after[i].cookies - before[i].cookies : 0,
			.cookies_always = after[i].cookies_always,
			.ephemeral_room = after[i].ephemeral_room,
		};
	}
	host_numbers_read(&numbers, run->proc_fd, run->proc_net_fd);
	struct health_host host = {
		.numbers = &numbers,
		.initial = is_initial(&numbers),
		.netns = netns,
		.netns_count = count,
	};
	if (answer == 0)
		answer = health_totals(checkup->health, &host, &run->table, checkup_keep, run);
	if (answer == 0)
		answer = checkup_exposure(run);
	if (answer == 0)
		answer = health_settle(checkup->health, &run->table);
	free(after);
	free(netns);
	return answer < 0 && !run->error.what ? error_set(&run->error, errno, "judge", "") : answer;
}

static int checkup_looks(struct run *run)
{
	struct checkup *checkup = run->own;
	struct checkup_counters *before = counters_take(run);
	if (!before)
		return error_set(&run->error, errno, "read counters", "");
	int answer = checkup_look(run);
	if (answer == 0) {
		checkup_pause(run->options->health_seconds > 0 ? run->options->health_seconds : 1);
		memset(&run->report, 0, sizeof(run->report));
		checkup->second = true;
		answer = checkup_look(run);
	}
	if (answer == 0)
		answer = checkup_totals(run, before);
	free(before);
	return answer < 0 ? -1 : gather_owners(run);
}

static int checkup_answer(struct run *run)
{
	struct checkup *checkup = run->own;
	if (rights_raise(run) < 0)
		return -1;
	int answer = checkup_looks(run);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	/* Sockets that could not be looked at are not well. */
	if (run->report.unavailable & PROTO_BIT(PROTO_TCP))
		return error_set(&run->error, run->report.netlink_errno ? run->report.netlink_errno : ENOENT,
		                 "list TCP sockets", "");
	run->listing.context.owners = &run->owners;
	run->listing.context.names = run->names;
	if (health_find(checkup->health, &run->listing.context, &run->table, checkup_wants, run) < 0)
		return error_set(&run->error, errno, "judge", "");
	const struct format *format = run->options->format;
	answer = !format                         ? health_text(checkup->health, &run->out)
	         : format == &format_openmetrics ? health_metrics(checkup->health, &run->out)
	                                         : health_json(checkup->health, &run->out);
	if (answer < 0)
		return error_set(&run->error, errno, "format", "");
	if (run->options->quiet)
		return 0;
	if (run->report.from_proc)
		message("the sockets were read from /proc/net, which tells neither drops nor TCP's internals: most of "
		        "what makes a socket sick cannot be seen there");
	bool owners = run->options->verbose || health_lacks_owner(checkup->health);
	notes_report(&run->report, owners ? &run->owners.report : NULL, rights_unused(run) ? NULL : &run->privilege,
	             run->options->verbose);
	namespaces_say(&run->namespaces);
	return 0;
}

static enum exit_status checkup_status(const struct run *run)
{
	const struct checkup *checkup = run->own;
	return health_is_sick(checkup->health) ? EXIT_NOTHING : EXIT_ROWS;
}

static void checkup_end(struct run *run)
{
	struct checkup *checkup = run->own;
	if (checkup)
		health_free(checkup->health);
	free(checkup);
}

const struct run_mode mode_health = {
	.begin = checkup_begin,
	.plan = checkup_plan,
	.answer = checkup_answer,
	.status = checkup_status,
	.end = checkup_end,
};
