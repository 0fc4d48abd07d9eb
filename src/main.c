/*
 * main.c - the composition root: the only file that knows every part.
 *
 * A map of the code
 *
 *   include/sockview/   the contracts between the folders
 *     row.h query.h       a socket as data; what a source is asked
 *     source.h finder.h   where sockets and their owners come from
 *     owner.h             the join of the two
 *     format.h            rows to bytes
 *   src/
 *     options.c           the command line: one table
 *     listing.c           which format, columns and order the options choose
 *     column*.c value.c   what can be said of a socket: one table of typed columns
 *     sort.c detail.c     rows in order; columns as text behind a row
 *     cgroup.c cgroups.c  units and containers by cgroup path; paths by number
 *     selection.c         which sockets it wants: its options and FILTER as one filter
 *     pids.c              --pids
 *     expr.c expr_ports.c             a filter as a tree
 *     rows.c proto.c query.c          rows; names of protocols and states
 *     inode_index.c findings.c owner.c owner_reason.c     the join with processes
 *     names.c hosts.c resolver.c      services, users, interfaces, hosts
 *     text.c out.c message.c message_filter.c   printable text, standard output, standard error
 *     privilege.c                     capabilities: kept, raised, dropped
 *     collect/            kernel -> rows
 *       wire.c record.c     live netlink; a recording and its replay
 *       request.c netlink.c decode.c    what is asked, the loop, one answer
 *       bytecode.c bytecode_ops.c       what of a filter the kernel judges
 *       procnet.c           the same from the text of /proc/net
 *     owners/             fds -> (inode, process, fd)
 *     select/             filter text -> what is shown
 *     format/             rows -> bytes
 *     explain/            a port -> why it is taken
 *   tests/              tests/README.md says what is where
 *
 * Arrows ("may include"): main -> options and the folders; the folders -> the
 * core (the files of src/, by their headers in include/sockview) -> libc. No folder
 * includes another's headers. `make check-layers` holds them to it.
 *
 * One run: options -> privileges put away -> the caller's files opened ->
 * privileges raised -> sockets dumped -> their inodes indexed -> fds scanned
 * -> joined -> privileges dropped -> names -> format -> output checked.
 * Without owners to find, rows are written while the kernel still answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/explain.h>
#include <sockview/finder.h>
#include <sockview/format.h>
#include <sockview/message.h>
#include <sockview/privilege.h>
#include <sockview/source.h>

#include "completions.h"
#include "listing.h"
#include "options.h"
#include "pager.h"
#include "pids.h"
#include "selection.h"

enum exit_status { EXIT_ROWS = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

enum { RESOLVE_DEADLINE_MS = 2000, HOLD_FAIR = 8192 };

/* Everything one invocation needs; freed by run_close() in whatever state it is. */
struct run {
	struct options options;
	struct selection selection;
	struct privilege privilege;
	struct query query;
	struct explain *explain;     /* NULL: sockets are listed */
	struct view view;
	struct listing listing;
	void *format_state;
	pid_t pager;                 /* 0: none */
	bool begun;                  /* the format has begun, and must end */
	struct names *names;
	struct out out;
	int proc_fd, proc_net_fd;
	int record_fd, replay_fd;    /* -1: none */
	struct wire *wire;           /* recording or replaying; a live one is made for each look */
	struct table table;
	struct owners owners;
	struct finder_early *early;  /* begun beside the dump; NULL: none */
	struct report report;
	struct error error;
	uint64_t shown, shown_ever;  /* in this look, in all */
	uint64_t undecided;          /* rows whose owners decide whether they are wanted */
	uint64_t unowned;            /* shown, and a hidden process may be the owner */
};

/* A second signal is not waited for: it ends the program at once (SA_RESETHAND). */
static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static void catch_signals(bool continuous)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	/* A closed pipe is told by write(2): a quiet end, not a death. */
	sigaction(SIGPIPE, &ignore, NULL);
	if (!continuous)
		return;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
}

/* --- what to ask --------------------------------------------------------------- */

static void make_query(struct run *run)
{
	if (run->explain) {
		explain_query(run->explain, &run->query);
		return;
	}
	selection_query(&run->selection, &run->options, &run->query);
	run->query.want |= run->listing.needs.want;
}

static bool wants_color(enum when color)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	if (color != WHEN_AUTO)
		return color == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* Of the terminal, in characters; 0 where nothing is to be cut. */
static unsigned terminal_width(const struct options *options)
{
	struct winsize size;
	if (options->no_trunc || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* lsof's -F without letters is all of them; its COMMAND is cut to 9 unless +c says otherwise. */
static void make_lsof_view(struct view *view, const struct options *options)
{
	if (options->fields_given)
		view->fields = options->fields ? options->fields : "";
	view->command_width = options->command_width_given ? options->command_width : 9;
}

static void make_view(struct run *run)
{
	const struct options *options = &run->options;
	run->view = (struct view){
		.listening = options->listening, .all = options->all,
		.protos = run->query.protos ? run->query.protos : options->protos,
		.programs = options->programs, .extend = options->extend,
		.timers = options->timers, .memory = options->memory, .info = options->info,
		.numeric_hosts = options->numeric_hosts, .numeric_ports = options->numeric_ports,
		.numeric_users = options->numeric_users, .resolve = options->resolve,
		.no_header = options->no_header, .color = wants_color(options->color),
		.names = run->names,
		.columns = &run->listing.columns, .context = &run->listing.context,
		.document = &run->listing.document, .width = terminal_width(options),
	};
	make_lsof_view(&run->view, options);
	run->listing.context.names = run->names;
	run->listing.document.report = &run->report;
}

/* --- opening ------------------------------------------------------------------- */

/* With the caller's own rights: see privilege.h. */
static int open_or_say(struct run *run, const char *path, int flags, const char *what)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		error_set(&run->error, errno, what, path);
	return fd;
}

static int open_paths(struct run *run)
{
	const struct options *options = &run->options;
	const char *root = options->proc_root ? options->proc_root : "/proc";
	run->proc_fd = open_or_say(run, root, O_RDONLY | O_DIRECTORY, "open");
	if (run->proc_fd < 0 && options->proc_root)
		return -1;
	if (options->replay) {
		run->replay_fd = open_or_say(run, options->replay, O_RDONLY, "open the recording");
		return run->replay_fd < 0 ? -1 : 0;
	}
	if (options->record) {
		run->record_fd = open_or_say(run, options->record, O_WRONLY | O_CREAT | O_TRUNC, "write the recording");
		return run->record_fd < 0 ? -1 : 0;
	}
	return 0;
}

/* Another /proc may be a plain tree without "self". */
static void open_proc_net(struct run *run)
{
	static const char *const places[] = { "self/net", "net" };
	for (size_t i = 0; run->proc_fd >= 0 && run->proc_net_fd < 0 && i < 2; i++)
		run->proc_net_fd = openat(run->proc_fd, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Which boot of which machine: inodes mean nothing elsewhere. */
static void boot_id(const struct run *run, char id[64])
{
	int fd = openat(run->proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, id, 63);
	if (fd >= 0)
		close(fd);
	id[len > 0 ? len : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

static void origin_text(const struct run *run, char text[WIRE_ORIGIN_MAX])
{
	char id[64];
	boot_id(run, id);
	snprintf(text, WIRE_ORIGIN_MAX, "sockview recording 1 boot %s", id);
}

/* A wire that lasts: the recording or the replay. 0, or -1 with error. */
static int open_wire(struct run *run)
{
	char origin[WIRE_ORIGIN_MAX];
	if (run->replay_fd >= 0) {
		run->wire = wire_replay(run->replay_fd);
		if (run->wire)
			run->replay_fd = -1; /* the wire's from here on */
		return run->wire ? 0 : error_set(&run->error, errno, "replay", run->options.replay);
	}
	if (run->record_fd < 0)
		return 0;
	struct wire *live = wire_kernel();
	if (!live)
		return error_set(&run->error, errno, "open netlink, which is what is recorded", "");
	origin_text(run, origin);
	run->wire = wire_record(live, run->record_fd, origin);
	if (run->wire) {
		run->record_fd = -1;
		return 0;
	}
	wire_close(live);
	return error_set(&run->error, errno, "write the recording", run->options.record);
}

/* --- sockets ------------------------------------------------------------------- */

static int from_proc(struct run *run, const struct source_request *request)
{
	run->report.from_proc |= request->query->protos;
	run->report.unavailable &= ~request->query->protos;
	if (run->proc_net_fd < 0)
		return error_set(&run->error, ENOENT, "open", "/proc/net");
	return source_proc(run->proc_net_fd, request, &run->report, &run->error);
}

/* One protocol, so that what /proc/net must tell stands where netstat has it. */
static int collect_proto(struct run *run, struct wire *wire, const struct source_request *all, enum proto proto)
{
	struct query query = *all->query;
	struct source_request request = *all;
	query.protos &= PROTO_BIT(proto);
	request.query = &query;
	if (!query.protos)
		return 0;
	if (!wire)
		return from_proc(run, &request);
	int answer = source_netlink(wire, &request, &run->report, &run->error);
	bool missing = run->report.unavailable & query.protos;
	if (answer || !missing || run->options.source == SOURCE_NETLINK)
		return answer;
	return from_proc(run, &request);
}

static int collect_live(struct run *run, const struct source_request *request)
{
	struct wire *wire = run->wire;
	int answer = 0;
	if (!wire && run->options.source != SOURCE_PROC)
		wire = wire_kernel();
	if (!wire && run->options.source == SOURCE_NETLINK)
		return error_set(&run->error, errno, "open netlink", "");
	if (!wire)
		run->report.netlink_errno = run->options.source == SOURCE_PROC ? 0 : errno;
	for (unsigned proto = 0; proto < PROTO_COUNT && !answer; proto++)
		answer = collect_proto(run, wire, request, proto);
	if (wire != run->wire)
		wire_close(wire);
	return answer;
}

static int collect(struct run *run, struct source_request *request)
{
	request->proc_net_fd = -1; /* this machine's says nothing of a recording */
	if (run->options.replay) {
		int answer = source_netlink(run->wire, request, &run->report, &run->error);
		if (answer < 0 && !run->error.subject[0])
			snprintf(run->error.subject, sizeof run->error.subject, "%s", run->options.replay);
		return answer;
	}
	request->proc_net_fd = run->proc_net_fd;
	request->many_tcp6 = run->proc_net_fd >= 0 && source_tcp6_in_use(run->proc_net_fd) > HOLD_FAIR;
	return collect_live(run, request);
}

/* --- owners -------------------------------------------------------------------- */

static bool shows_owners(const struct run *run)
{
	return run->listing.needs.need & NEED_OWNERS || run->options.pids;
}

static bool needs_owners(const struct run *run)
{
	return shows_owners(run) || run->selection.needs.owners;
}

static unsigned owner_details(const struct run *run)
{
	if (run->explain)
		return EXPLAIN_DETAILS;
	return run->selection.needs.details | run->listing.needs.details;
}

/*
 * The processes of this machine say nothing of a recording made on another, or
 * before a reboot; a --proc-root that the caller names is his word for it.
 */
static bool proc_fits(const struct run *run)
{
	char origin[WIRE_ORIGIN_MAX];
	if (run->proc_fd < 0)
		return false;
	if (!run->options.replay || run->options.proc_root)
		return true;
	origin_text(run, origin);
	return strcmp(origin, wire_origin(run->wire)) == 0;
}

static bool proc_is_ours(const struct run *run)
{
	struct stat given, own;
	if (!run->options.proc_root)
		return true;
	return fstat(run->proc_fd, &given) == 0 && stat("/proc", &own) == 0 &&
	       given.st_dev == own.st_dev && given.st_ino == own.st_ino;
}

static struct finder_request finder_request(const struct run *run)
{
	return (struct finder_request){
		.proc_fd = run->proc_fd, .proc_is_ours = proc_is_ours(run),
		.index = &run->owners.index, .details = owner_details(run),
	};
}

static bool tries_bpf(const struct run *run, const struct finder_request *request)
{
	return run->options.owners_from == OWNERS_BPF ||
	       (run->options.owners_from == OWNERS_AUTO && finder_bpf_pays(request));
}

/* Only a whole dump of connections takes the kernel so long that a look beside it gains anything. */
static void look_early(struct run *run)
{
	struct finder_request request = finder_request(run);
	uint32_t quick = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND);
	bool long_dump = run->query.protos & PROTO_BIT(PROTO_TCP) && run->query.states[PROTO_TCP] & ~quick;
	if (!long_dump || run->query.expr || run->options.replay || run->proc_fd < 0 || !needs_owners(run))
		return;
	if (tries_bpf(run, &request))
		run->early = finder_bpf_early(&request);
}

static int find_owners(struct run *run)
{
	struct finder_request request = finder_request(run);
	if (run->early) {
		int answer = finder_bpf_late(run->early, &request, &run->owners, &run->error);
		run->early = NULL;
		if (answer <= 0)
			return answer;
	}
	if (tries_bpf(run, &request)) {
		int answer = finder_bpf(&request, &run->owners, &run->error);
		if (answer <= 0)
			return answer;
		if (run->options.owners_from == OWNERS_BPF)
			return error_set(&run->error, run->owners.report.bpf_errno, "find owners by BPF:",
			                 run->owners.report.bpf_why ? run->owners.report.bpf_why : "");
	}
	return finder_proc(&request, &run->owners, &run->error);
}

/* 0, or -1 with error. No look is taken where no row can have an owner. */
static int look_for_owners(struct run *run)
{
	if (inode_index_build(&run->owners.index, &run->table) < 0)
		return error_set(&run->error, errno, "find owners", "");
	if (!run->owners.index.count || !proc_fits(run))
		return 0;
	if (find_owners(run) < 0)
		return -1;
	if (run->listing.needs.need & NEED_PARENTS && finder_parents(run->proc_fd, &run->owners) < 0)
		return error_set(&run->error, errno, "find the owners' parents", "");
	return 0;
}

static bool needs_hosts(const struct run *run)
{
	return run->options.resolve || run->listing.needs.need & NEED_HOSTS;
}

/* --- what is wanted -------------------------------------------------------------- */

/* Sink: keeps what may be wanted; the owners may have the last word. */
static int keep(void *context, const struct sock *sock)
{
	struct run *run = context;
	enum verdict verdict = filter_judge(run->selection.filter, sock, NULL);
	if (verdict == VERDICT_NO)
		return 0;
	run->undecided += verdict == VERDICT_MAYBE;
	return table_sink(&run->table, sock);
}

static bool is_wanted(void *context, const struct sock *sock)
{
	struct run *run = context;
	return filter_judge(run->selection.filter, sock, &run->owners) == VERDICT_YES;
}

/* --- output -------------------------------------------------------------------- */

static int show(void *context, const struct sock *sock)
{
	struct run *run = context;
	const struct owners *owners = run->view.owners;
	if (run->listing.format->owned_only && !(owners && owners_of(owners, &sock->row).count))
		return 0;
	run->shown++;
	run->unowned += owners_reason(run->view.owners, &sock->row) == REASON_PERMISSION;
	if (run->listing.format->row(run->format_state, &run->view, &run->out, sock) < 0)
		return error_set(&run->error, errno, "format", "");
	/* Nobody reads on: asking the kernel further would be for nothing. */
	return run->out.error ? 1 : 0;
}

/* Sink: a filter without owners decides at once. */
static int show_wanted(void *context, const struct sock *sock)
{
	struct run *run = context;
	if (filter_judge(run->selection.filter, sock, NULL) != VERDICT_YES)
		return 0;
	return show(run, sock);
}

static int want_hosts(struct run *run)
{
	for (size_t i = 0; i < run->table.count; i++) {
		const struct row *row = &run->table.row[i];
		if (row->family == AF_UNIX)
			continue;
		if (names_want_host(run->names, row->family, &row->local) < 0 ||
		    names_want_host(run->names, row->family, &row->remote) < 0)
			return error_set(&run->error, errno, "look up hosts", "");
	}
	names_resolve(run->names, RESOLVE_DEADLINE_MS);
	return 0;
}

/* Rows in netstat's order of protocol and family, each in the kernel's order. */
static unsigned bucket_of(const struct row *row)
{
	return row->proto * 2u + (row->family == AF_INET6);
}

struct span {
	size_t first, end, count;
};

static int show_bucket(struct run *run, unsigned bucket, const struct span *span)
{
	int answer = 0;
	for (size_t i = span->first; i < span->end && !answer; i++) {
		struct sock sock;
		if (bucket_of(&run->table.row[i]) != bucket)
			continue;
		table_get(&run->table, i, &sock);
		answer = show(run, &sock);
	}
	return answer;
}

/* netstat's sections of inet and unix sockets are not mixed. */
static int show_sorted(struct run *run)
{
	bool sections = run->listing.format == &format_netstat;
	uint32_t *order = sort_order(&run->table, &run->listing.sort, &run->listing.context);
	int answer = 0;
	if (!order)
		return error_set(&run->error, errno, "sort", "");
	for (unsigned section = 0; section <= sections && !answer; section++)
		for (size_t i = 0; i < run->table.count && !answer; i++) {
			struct sock sock;
			table_get(&run->table, order[i], &sock);
			if (!sections || (sock.row.proto == PROTO_UNIX) == section)
				answer = show(run, &sock);
		}
	free(order);
	return answer;
}

static int show_table(struct run *run)
{
	if (run->listing.sort.count)
		return show_sorted(run);
	struct span spans[2 * PROTO_COUNT] = { 0 };
	int answer = 0;
	for (size_t i = 0; i < run->table.count; i++) {
		struct span *span = &spans[bucket_of(&run->table.row[i])];
		span->first = span->count++ ? span->first : i;
		span->end = i + 1;
	}
	for (unsigned bucket = 0; bucket < 2 * PROTO_COUNT && !answer; bucket++)
		answer = show_bucket(run, bucket, &spans[bucket]);
	return answer;
}

/* --pids: of each wanted socket the owners that are wanted themselves. */
static int show_pids(struct run *run)
{
	struct pids pids = { 0 };
	int answer = pids_collect(&pids, &run->table, &run->owners, run->selection.filter);
	if (answer < 0)
		error_set(&run->error, errno, "list pids", "");
	else
		pids_write(&pids, &run->out);
	run->shown = pids.count;
	free(pids.pid);
	return answer;
}

static int begin_format(struct run *run)
{
	memset(run->format_state, 0, run->listing.format->state_size);
	run->listing.context.owners = run->view.owners;
	run->begun = true;
	if (run->listing.format->begin(run->format_state, &run->view, &run->out) < 0)
		return error_set(&run->error, errno, "format", "");
	return 0;
}

/* Also after a failure: what was shown is ended as the format wants, and its memory freed. */
static int end_format(struct run *run, int answer)
{
	if (!run->begun)
		return answer;
	run->begun = false;
	if (run->listing.format->end(run->format_state, &run->view, &run->out) < 0 && answer >= 0)
		return error_set(&run->error, errno, "format", "");
	return answer;
}

/* --- one look ------------------------------------------------------------------ */

static unsigned privilege_needs(const struct run *run)
{
	unsigned needs = 0;
	/* An elevated caller's --proc-root is read with his own rights. */
	if (run->privilege.elevated && run->options.proc_root)
		return 0;
	if (needs_owners(run))
		needs |= PRIVILEGE_FDS;
	if (needs_owners(run) && run->options.owners_from != OWNERS_PROC)
		needs |= PRIVILEGE_BPF;
	if (run->query.want & WANT_EXTRA)
		needs |= PRIVILEGE_MARK;
	return needs;
}

static int drop_privileges(struct run *run, bool last)
{
	if ((last ? privilege_drop() : privilege_rest()) == 0)
		return 0;
	return error_set(&run->error, errno, "give up privileges", "");
}

static size_t kept_mark(const void *context)
{
	return ((const struct run *)context)->table.count;
}

static void kept_rewind(void *context, size_t mark)
{
	table_truncate(&((struct run *)context)->table, mark);
}

/* Everything is read before the first byte is written. */
static int look_whole(struct run *run, bool last)
{
	struct source_request request = {
		.query = &run->query, .sink = keep, .context = run,
		.mark = kept_mark, .rewind = kept_rewind,
	};
	look_early(run);
	int answer = collect(run, &request);
	if (answer == 0 && (shows_owners(run) || run->undecided)) {
		answer = look_for_owners(run);
		run->view.owners = &run->owners;
	}
	finder_bpf_drop(run->early); /* its thread has our privileges */
	run->early = NULL;
	if (answer == 0 && run->undecided)
		table_keep(&run->table, is_wanted, run);
	if (drop_privileges(run, last) < 0)
		return -1;
	if (answer == 0 && needs_hosts(run))
		answer = want_hosts(run);
	if (answer)
		return answer;
	if (run->options.pids)
		return show_pids(run);
	answer = begin_format(run);
	return answer ? answer : show_table(run);
}

/* Nothing needs all rows: each is written as it comes, in constant memory. */
static int look_streaming(struct run *run, bool last)
{
	struct source_request request = {
		.query = &run->query, .ordered = true, .sink = show_wanted, .context = run,
	};
	/* The sock_diag socket keeps the right to be told marks (it is checked when it is opened). */
	if (!(run->query.want & WANT_EXTRA) && drop_privileges(run, last) < 0)
		return -1;
	int answer = begin_format(run);
	return answer ? answer : collect(run, &request);
}

static bool closed_pipe(const struct run *run)
{
	return run->out.error == EPIPE;
}

/* What was left out of the look without a word of the caller's. */
static void report_selection(const struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	const struct report *report = &run->report;
	if (needs->mark && !run->privilege.has_net_admin && !run->options.replay)
		message("the kernel tells the marks of sockets only with CAP_NET_ADMIN: none is known here");
	if (needs->any && !run->shown && run->query.protos && selection_is_connected(&run->selection, &run->options))
		message("no connected socket is of that kind; -a looks at all sockets, -l at those that listen");
	if (run->options.verbose && needs->any)
		message("%llu socket%s received in %u dump%s, %llu shown", (unsigned long long)report->received,
		        report->received == 1 ? "" : "s", report->requests, report->requests == 1 ? "" : "s",
		        (unsigned long long)run->shown);
}

static void report(const struct run *run)
{
	/* A hidden process is worth a word where it may be a missing owner: -pp wants all of them. */
	bool owners = run->unowned || run->options.programs > 1 || run->options.verbose;
	message_report(&run->report, owners ? &run->owners.report : NULL, &run->privilege, run->options.verbose);
	report_selection(run);
}

/* 0, or -1 with error. */
static int look(struct run *run, bool last)
{
	bool whole = needs_owners(run) || needs_hosts(run) || run->listing.sort.count || (run->query.want & WANT_EXTRA);
	listing_prepare(&run->listing, &run->options, run->proc_fd);
	run->report = (struct report){ 0 };
	run->shown = run->unowned = run->undecided = 0;
	table_clear(&run->table);
	owners_free(&run->owners);
	if (privilege_raise(&run->privilege, privilege_needs(run)) < 0)
		return error_set(&run->error, errno, "set privileges", "");
	int answer = whole ? look_whole(run, last) : look_streaming(run, last);
	run->shown_ever += run->shown;
	answer = end_format(run, answer);
	/* What was read before a failure is shown all the same. */
	if (out_flush(&run->out) < 0 && !closed_pipe(run))
		return error_set(&run->error, errno, "write to", "standard output");
	if (answer >= 0 && !run->options.quiet)
		report(run);
	return answer < 0 ? -1 : 0;
}

/* A signal that comes after the look at stop_asked must still end the wait. */
static void wait_interval(double seconds)
{
	sigset_t blocked, before;
	struct timespec pause = { .tv_sec = (time_t)seconds };
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!stop_asked)
		ppoll(NULL, 0, &pause, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int look_again_and_again(struct run *run)
{
	const struct options *options = &run->options;
	/* A recording tells of one moment. */
	bool once = !options->continuous || options->replay;
	uint64_t rounds = once ? 1 : options->count;
	for (uint64_t round = 1;; round++) {
		if (look(run, round == rounds) < 0)
			return -1;
		if (round == rounds || stop_asked || closed_pipe(run))
			return 0;
		wait_interval(options->interval);
		if (stop_asked)
			return 0;
	}
}

/* --- --explain ------------------------------------------------------------------- */

/* A sink like keep(). */
static int keep_explained(void *context, const struct sock *sock)
{
	struct run *run = context;
	return explain_wants(run->explain, &sock->row) ? table_sink(&run->table, sock) : 0;
}

/* NAT rules take CAP_NET_ADMIN as marks do; the bind takes what its caller has himself. */
static unsigned explain_needs(const struct run *run)
{
	unsigned needs = PRIVILEGE_BIND | PRIVILEGE_MARK;
	if (explain_changes_user(run->explain))
		needs |= PRIVILEGE_SET_USER;
	if (run->privilege.elevated && run->options.proc_root)
		return needs;
	if (run->options.owners_from != OWNERS_PROC)
		needs |= PRIVILEGE_BPF;
	return needs | PRIVILEGE_FDS;
}

static int explain_look(struct run *run)
{
	struct source_request request = {
		.query = &run->query, .sink = keep_explained, .context = run,
		.mark = kept_mark, .rewind = kept_rewind,
	};
	struct explain_facts facts = {
		.table = &run->table, .report = &run->report, .owners = &run->owners, .names = run->names,
		.proc_fd = run->proc_fd, .live = !run->options.replay,
	};
	if (collect(run, &request) != 0)
		return -1;
	if (facts.live && explain_look_elsewhere(run->explain, run->proc_fd, &run->table) < 0)
		return error_set(&run->error, errno, "look into other network namespaces", "");
	if (look_for_owners(run) < 0)
		return -1;
	return explain_run(run->explain, &facts) < 0 ? error_set(&run->error, errno, "explain", "") : 0;
}

/* 0, or -1 with error. */
static int explain_all(struct run *run)
{
	if (privilege_raise(&run->privilege, explain_needs(run)) < 0)
		return error_set(&run->error, errno, "set privileges", "");
	int answer = explain_look(run);
	if (drop_privileges(run, true) < 0 || answer < 0)
		return -1;
	answer = run->options.format ? explain_json(run->explain, &run->out) : explain_text(run->explain, &run->out);
	return answer < 0 ? error_set(&run->error, errno, "format", "") : 0;
}

static enum explain_probe probe_of(const struct options *options)
{
	if (options->no_probe)
		return EXPLAIN_PROBE_NONE;
	if (options->probe_listen)
		return EXPLAIN_PROBE_LISTEN;
	return options->probe_bind ? EXPLAIN_PROBE_BIND : EXPLAIN_PROBE_AUTO;
}

/* False after a message. */
static bool make_explain(struct run *run)
{
	const struct options *options = &run->options;
	struct explain_options wanted = {
		.target = options->explain, .reuseaddr = options->reuseaddr, .reuseport = options->reuseport,
		.v6only = options->v6only, .as_user = options->as_user, .device = options->device,
		.probe = probe_of(options),
	};
	char problem[EXPLAIN_PROBLEM_MAX];
	run->explain = explain_new(&wanted, problem);
	if (!run->explain)
		message_usage("%s", *problem ? problem : strerror(errno));
	return run->explain;
}

/* --- beginning and end ----------------------------------------------------------- */

static void run_init(struct run *run)
{
	*run = (struct run){
		.proc_fd = -1, .proc_net_fd = -1, .record_fd = -1, .replay_fd = -1,
	};
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void run_close(struct run *run)
{
	table_free(&run->table);
	owners_free(&run->owners);
	wire_close(run->wire);
	names_free(run->names);
	free(run->format_state);
	if (run->out.buffer && run->pager > 0)
		close(run->out.fd);
	free(run->out.buffer);
	if (run->pager > 0)
		pager_wait(run->pager);
	close_fd(run->proc_fd);
	close_fd(run->proc_net_fd);
	close_fd(run->record_fd);
	close_fd(run->replay_fd);
	explain_free(run->explain);
	listing_free(&run->listing);
	selection_free(&run->selection);
	options_free(&run->options);
}

/* Standard output, or a pager before it if that was asked for and somebody sits there. */
static int open_output(struct run *run)
{
	int fd = STDOUT_FILENO;
	if (run->options.pager && isatty(STDOUT_FILENO))
		fd = pager_start(&run->pager);
	return fd < 0 ? -1 : out_open(&run->out, fd);
}

static int run_open(struct run *run)
{
	run->names = names_new();
	run->format_state = calloc(1, run->listing.format->state_size + 1);
	if (!run->names || !run->format_state || open_output(run) < 0)
		return error_set(&run->error, errno, "start", "");
	open_proc_net(run);
	if (open_wire(run) < 0)
		return -1;
	make_query(run);
	make_view(run);
	table_init(&run->table, run->query.want);
	return 0;
}

static enum exit_status say(const struct run *run, enum exit_status status)
{
	message_error(&run->error);
	return status;
}

static enum exit_status say_error(const struct run *run)
{
	return say(run, EXIT_NO_ANSWER);
}

/* --help and --version: text that is there without a look at any socket. */
static enum exit_status print_text(struct run *run, char *text)
{
	if (!text || out_open(&run->out, STDOUT_FILENO) < 0) {
		error_set(&run->error, errno, "start", "");
		free(text);
		return say_error(run);
	}
	out_string(&run->out, text);
	free(text);
	if (out_flush(&run->out) == 0 || closed_pipe(run))
		return EXIT_ROWS;
	error_set(&run->error, errno, "write to", "standard output");
	return say_error(run);
}

/* The caller's own words; read with his own rights. */
static enum exit_status say_selection(const struct run *run)
{
	const struct selection *selection = &run->selection;
	if (selection->wrong)
		message_filter(selection->what, selection->wrong, selection->wrong_len, &selection->problem);
	else
		message("cannot read %s: %s", selection->what, strerror(errno));
	return EXIT_USAGE;
}

static enum exit_status print_completions(struct run *run)
{
	char *script = completions_script(run->options.completions);
	if (script || errno != EINVAL)
		return print_text(run, script);
	message_usage("--completions: unknown shell '%s'; it takes bash, zsh or fish", run->options.completions);
	return EXIT_USAGE;
}

static enum exit_status run_all(struct run *run)
{
	if (run->options.help)
		return print_text(run, options_help());
	if (run->options.version)
		return print_text(run, strdup("sockview " SOCKVIEW_VERSION "\n"));
	if (run->options.completions)
		return print_completions(run);
	if (run->options.list_columns)
		return print_text(run, listing_list_columns());
	if (run->options.explain && !make_explain(run))
		return EXIT_USAGE;
	if (selection_make(&run->selection, &run->options) < 0)
		return say_selection(run);
	/* The caller named a file or folder he can not have. */
	if (open_paths(run) < 0)
		return say(run, EXIT_USAGE);
	if (run_open(run) < 0 || (run->explain ? explain_all(run) : look_again_and_again(run)) < 0)
		return say_error(run);
	/* A file on a full disk may tell only when it is closed. */
	if (out_close(&run->out) < 0 && !closed_pipe(run)) {
		error_set(&run->error, errno, "write to", "standard output");
		return say_error(run);
	}
	if (run->explain)
		return (enum exit_status)explain_status(run->explain);
	bool selected = run->selection.needs.any || run->listing.format->owned_only;
	return selected && !run->shown_ever ? EXIT_NOTHING : EXIT_ROWS;
}

/* ss's way to name a file of `ss -D`. As --replay it is opened with the caller's own rights. */
static void replay_from_environment(struct options *options)
{
	const char *file = getenv("TCPDIAG_FILE");
	bool live = options->record || options->source != SOURCE_AUTO || options->explain;
	if (file && *file && !options->replay && !live)
		options->replay = file;
}

int main(int argc, char **argv)
{
	struct run run;
	char problem[OPTIONS_PROBLEM_MAX];
	run_init(&run);
	if (privilege_begin(&run.privilege) < 0) {
		message("cannot put privileges away: %s", strerror(errno));
		return EXIT_NO_ANSWER;
	}
	enum exit_status status = EXIT_USAGE;
	if (options_parse(&run.options, argc, argv, problem) < 0 ||
	    listing_choose(&run.listing, &run.options, problem) < 0) {
		message_usage("%s", problem);
	} else {
		replay_from_environment(&run.options);
		catch_signals(run.options.continuous);
		status = run_all(&run);
	}
	run_close(&run);
	return status;
}
