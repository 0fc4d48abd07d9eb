// SPDX-License-Identifier: MIT
/* listing.c - what is printed and in which form (listing.h). */
#include "run/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/column_table.h>
#include <sockview/containers.h>
#include <sockview/file.h>

/* --columns without a format is a table; --csv-safe alone is csv; -i and -F alone are lsof's. */
static const struct format *choose_format(const struct options *options)
{
	if (options->summary)
		return !options->format                  ? &format_summary
		       : options->format == &format_json ? &format_summary_json
		                                         : options->format;
	/* netstat's lines are of sockets: groups are in a table of their own. */
	if (options->group_by && (!options->format || options->format->style == COLUMNS_NONE))
		return options->csv_safe ? &format_csv : &format_table;
	if (options->format)
		return options->format;
	if (options->csv_safe)
		return &format_csv;
	if (options->fields_given)
		return &format_lsof;
	if (options->columns)
		return &format_table;
	return options->internet ? &format_lsof : &format_netstat;
}

static int unknown_column(char problem[OPTIONS_PROBLEM_MAX], const char *option, const struct error *error)
{
	if (error->number != EINVAL)
		return problem_set(problem, OPTIONS_PROBLEM_MAX, "%s: %s", option, strerror(error->number));
	const struct column *near = column_nearest(error->subject, strlen(error->subject));
	return problem_set(problem, OPTIONS_PROBLEM_MAX, "%s: there is no column '%s'%s%s%s; --list-columns names them",
	                   option, error->subject, near ? "; is it '" : "", near ? near->name : "", near ? "'?" : "");
}

static int choose_columns(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	bool columns = listing->format->style != COLUMNS_NONE;
	/*
	 * Lines of a format's own take what the columns take that -p, -e, -o, -m
	 * and -I add to the other formats: these are chosen for it, too.
	 */
	struct column_defaults defaults = {
		.style = listing->format->style,
		.protos = columns ? options->protos : options->protos & PROTO_INET_ALL,
		.programs =
			columns ? options->programs : options->programs || listing->format->owned_only || listing->who,
		.extend = options->extend,
		.timers = options->timers,
		.memory = options->memory,
		.info = options->info,
		.filters = options->filters,
		.storage = options->storage,
		.contexts = options->contexts,
		.numeric_users = options->numeric_users,
		.netns = options->netns.count || options->all_netns,
	};
	struct error error;
	/* Events have columns of their own, which are chosen elsewhere. */
	bool chosen = options->columns && options->mode != MODE_EVENTS;
	if (!columns && chosen)
		return problem_set(problem, OPTIONS_PROBLEM_MAX,
		                   "--columns: the format %s has its own; it is for table, csv, tsv, json and "
		                   "jsonl",
		                   listing->format->name);
	if (column_list_default(&listing->columns, &defaults) < 0)
		return problem_set(problem, OPTIONS_PROBLEM_MAX, "--columns: %s", strerror(errno));
	if (!chosen || column_list_parse(&listing->columns, options->columns, &error) == 0)
		return 0;
	if (error.number == ENODATA)
		return problem_set(problem, OPTIONS_PROBLEM_MAX, "--columns: '%s' leaves no column", options->columns);
	return unknown_column(problem, "--columns", &error);
}

static int choose_groups(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	const struct groups_words words = { .by = options->group_by, .sum = options->sum, .sort = options->sort };
	char why[GROUPS_PROBLEM_MAX];
	listing->groups = groups_new(&words, why);
	if (listing->groups && groups_columns(listing->groups, &listing->columns) == 0)
		return 0;
	return problem_set(problem, OPTIONS_PROBLEM_MAX, "%s", !listing->groups && *why ? why : strerror(errno));
}

static int choose_order(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	struct error error;
	if (!options->sort)
		return 0;
	if (listing->format->own_order)
		return problem_set(problem, OPTIONS_PROBLEM_MAX,
		                   "--sort: lsof's listing is in the order of pid and fd");
	if (sort_list_parse(&listing->sort, options->sort, &error) == 0)
		return 0;
	return unknown_column(problem, "--sort", &error);
}

/* Totals, groups or rows. */
static int choose_what(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	if (options->summary) {
		/* The programs, and with openmetrics what listeners dropped. */
		listing->needs.need = NEED_OWNERS;
		listing->needs.details = PROCESS_NAME;
		listing->needs.want = listing->format == &format_openmetrics ? WANT_SKMEM : 0;
		return 0;
	}
	if (options->group_by)
		return choose_groups(listing, options, problem);
	return choose_columns(listing, options, problem) < 0 ? -1 : choose_order(listing, options, problem);
}

int listing_choose(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	*listing = (struct listing){ .format = choose_format(options) };
	if (options->fields_given && listing->format != &format_lsof)
		return problem_set(problem, OPTIONS_PROBLEM_MAX, "-F: lsof's fields do not go with --format %s",
		                   listing->format->name);
	if (options->csv_safe && listing->format != &format_csv && listing->format != &format_tsv)
		return problem_set(problem, OPTIONS_PROBLEM_MAX, "--csv-safe: it goes with csv and tsv, not with %s",
		                   listing->format->name);
	if (choose_what(listing, options, problem) < 0)
		return -1;
	column_list_needs(&listing->columns, &listing->needs);
	sort_list_needs(&listing->sort, &listing->needs);
	if (!listing->groups)
		listing->needs.want |= listing->format->want;
	listing->needs.details |=
		listing->format->details |
		(options->fields_given || options->show_parent || options->show_group ? PROCESS_START : 0u);
	return 0;
}

int listing_ask_who(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX])
{
	/* A recording has no owners. */
	if (options->programs || options->format || options->replay || options->pids ||
	    listing->format != &format_netstat)
		return 0;
	listing->who = true;
	column_list_free(&listing->columns);
	if (choose_columns(listing, options, problem) < 0)
		return -1;
	column_list_needs(&listing->columns, &listing->needs);
	return 0;
}

void listing_free(struct listing *listing)
{
	column_list_free(&listing->columns);
	sort_list_free(&listing->sort);
	groups_free(listing->groups);
	listing->groups = NULL;
	cgroups_free(listing->cgroups);
	containers_free(listing->containers);
	listing->cgroups = NULL;
	listing->containers = NULL;
}

/* --- what is the same for all sockets --- */

/* "btime SECONDS" of /proc/stat; 0 if it cannot be read. Returns 0, or -1 with errno ENOMEM. */
static int boot_time(int proc_fd, int64_t *time)
{
	enum { STAT_MAX = 4 << 20 }; /* a line for each CPU, a word for each interrupt */
	struct text text = { 0 };
	long long seconds = 0;
	int result = file_read_text(proc_fd, "stat", STAT_MAX, &text);
	if (result == 0)
		for (char *rest = text.data, *line; !seconds && (line = strsep(&rest, "\n"));)
			if (strncmp(line, "btime ", 6) == 0)
				seconds = strtoll(line + 6, NULL, 10);
	text_free(&text);
	*time = seconds > 0 ? seconds : 0;
	return result < 0 && errno == ENOMEM ? -1 : 0;
}

/* "6.18.44-..." */
static unsigned kernel_version(const struct utsname *name)
{
	unsigned major, minor;
	return sscanf(name->release, "%u.%u", &major, &minor) == 2 ? KERNEL(major, minor) : 0;
}

/* Where they cannot be read there are none. Known cgroups stay for the next look. 0, or -1 with errno ENOMEM. */
static int open_cgroups(struct listing *listing, int proc_fd, bool proc_is_ours)
{
	listing->cgroups_errno = 0;
	if (!listing->cgroups)
		listing->cgroups = cgroups_open(proc_fd, proc_is_ours);
	if (listing->cgroups)
		cgroups_look(listing->cgroups);
	else if (errno != ENOENT)
		listing->cgroups_errno = errno;
	return listing->cgroups_errno == ENOMEM ? -1 : 0;
}

int listing_cgroups_unread(const struct listing *listing)
{
	return listing->cgroups ? cgroups_unread(listing->cgroups) : listing->cgroups_errno;
}

int listing_read_cgroups(struct listing *listing)
{
	return listing->cgroups && cgroups_read(listing->cgroups) < 0 && errno == ENOMEM ? -1 : 0;
}

void listing_find_cgroups(const struct listing *listing, const struct table *table)
{
	uint64_t last = 0;
	for (size_t i = 0; listing->cgroups && i < table->count; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (!sock.extra || !(sock.extra->has & EXTRA_CGROUP) || sock.extra->cgroup_id == last)
			continue;
		last = sock.extra->cgroup_id;
		cgroups_path(listing->cgroups, last);
	}
}

/* Of a recording the host, its kernel, cgroups and namespace are not known: this machine's are not shown. */
int listing_prepare(struct listing *listing, const struct options *options, int proc_fd, bool proc_is_ours)
{
	bool live = !options->replay;
	struct stat netns;
	struct utsname kernel;
	struct document *document = &listing->document;
	struct column_context *context = &listing->context;
	document->groups = listing->groups;
	context->now = document->time = time(NULL);
	/* /proc/stat takes the kernel a millisecond where there are many CPUs and interrupts. */
	if (listing->needs.details & PROCESS_START && boot_time(proc_fd, &context->boot_time) < 0)
		return -1;
	context->ticks_per_second = sysconf(_SC_CLK_TCK);
	bool named = live && uname(&kernel) == 0;
	context->kernel = named ? kernel_version(&kernel) : 0;
	context->exact = options->numeric;
	context->numeric_hosts = options->numeric_hosts;
	context->numeric_ports = options->numeric_ports || listing->who;
	context->resolve = options->resolve;
	document->source = options->replay ? "replay" : options->source == SOURCE_PROC ? "proc" : "netlink";
	document->netns = live && fstatat(proc_fd, "self/ns/net", &netns, 0) == 0 ? netns.st_ino : 0;
	context->own_netns = document->netns;
	document->host = NULL;
	if (named && snprintf(listing->host, sizeof(listing->host), "%s", kernel.nodename) >= 0)
		document->host = listing->host;
	context->host = document->host;
	context->cgroups = NULL;
	if (!live || !(listing->needs.need & NEED_CGROUPS))
		return 0;
	if (open_cgroups(listing, proc_fd, proc_is_ours) < 0)
		return -1;
	context->cgroups = listing->cgroups;
	return 0;
}

int listing_prepare_owners(struct listing *listing, const struct options *options, int proc_fd,
                           const struct owners *owners)
{
	listing->context.owners = owners;
	if (!(listing->needs.need & NEED_CONTAINERS))
		return 0;
	containers_free(listing->containers);
	/* The root directory of the machine whose /proc is read is its process 1's. */
	int root = options->proc_root ? openat(proc_fd, "1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	                              : open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	listing->context.containers = listing->containers = containers_new(root);
	if (!listing->containers)
		return -1;
	for (size_t i = 0; owners && i < owners->process_count; i++)
		if (containers_want(listing->containers, owners_text(owners, owners->process[i].cgroup)) < 0)
			return -1;
	return 0;
}
