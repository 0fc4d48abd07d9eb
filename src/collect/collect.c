// SPDX-License-Identifier: MIT
/*
 * collect.c - which source is asked, and which next if it cannot answer (collect.h).
 *
 *   TCP of both families in one walk -refused-> each family by itself -refused-> /proc/net
 *   any other dump                                                    -refused-> /proc/net
 *
 * A dump may be refused behind a part of its rows, too: they are taken back
 * before another is asked. Where they are shown already, nothing is asked
 * again, and the report says that the answer was cut short.
 */
#include <sockview/collect.h>

#include <errno.h>

#include <sockview/bound.h>
#include <sockview/origin.h>
#include <sockview/proto.h>
#include <sockview/servant.h>
#include <sockview/sockstat.h>

#include "collect/family.h"
#include "collect/netlink.h"
#include "collect/parts.h"
#include "collect/procnet.h"
#include "collect/replaying.h"

enum { HOLD_FAIR = 8192 }; /* tcp6 sockets: more are asked for apart from tcp instead of held back */

struct collecting {
	const struct sources *sources;
	const struct source_request *request;
	struct netlink *netlink;
	struct report *report;
	struct error *error;
	unsigned absent; /* PROTO_BIT()s that sock_diag has no handler for: each question would start a modprobe */
};

static int give_up(struct collecting *self, int answer)
{
	self->report->failed |= answer < 0;
	return answer;
}

/* Of these alone it is sure that the kernel does not know the protocol (sock_diag_rcv_msg(), inet_diag_lock_handler()). */
static int refusal(int number)
{
	return number == ENOENT || number == EOPNOTSUPP ? 0 : number;
}

/* One dump's part of the query, of the files of /proc/net. */
static int dump_from_proc(struct collecting *self, const struct request *dump)
{
	struct query query = *self->request->query;
	struct source_request request = *self->request;
	query.protos = PROTO_BIT(dump->proto);
	query.inet &= dump->family != AF_INET6;
	query.inet6 &= dump->family != AF_INET;
	request.query = &query;
	int answer = source_proc(self->sources->proc_net_fd, &request, self->report, self->error);
	if (self->report->unavailable & query.protos)
		self->report->refused[dump->proto] = refusal(self->report->netlink_errno);
	/* Without tcp6 alone nothing is amiss: there is no IPv6. */
	if (dump->family == AF_INET6)
		self->report->unavailable &= ~(self->report->from_proc & query.protos);
	return answer;
}

static int dump_sockets(struct collecting *self, const struct request *dump);

static int dump_apart(struct collecting *self, enum proto proto)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int answer = 0;
	for (size_t i = 0; i < 2 && !answer; i++)
		answer = dump_sockets(self, &(struct request){ .proto = proto, .family = families[i] });
	return answer;
}

/* The kernel has no such dump for us, rather than failed in the middle of it. EBADMSG: which errno it was is not told. */
static bool is_absence(int number)
{
	return number == ENOENT || number == EPROTONOSUPPORT || number == EAFNOSUPPORT || number == EOPNOTSUPP ||
	       number == EINVAL || number == EPERM || number == EACCES || number == EBADMSG;
}

static int cut_short(struct collecting *self, const struct request *dump)
{
	self->report->from_netlink |= PROTO_BIT(dump->proto);
	self->report->lost++;
	self->report->cut_errno = netlink_errno(self->netlink);
	return 0;
}

/* The kernel refused the dump behind `given` of its rows. */
static int ask_elsewhere(struct collecting *self, const struct request *dump, uint64_t given, size_t mark)
{
	struct report *report = self->report;
	if (refusal(netlink_errno(self->netlink)) == 0 && !given)
		self->absent |= PROTO_BIT(dump->proto);
	bool absent = self->absent & PROTO_BIT(dump->proto);
	bool apart = dump->family == AF_UNSPEC && !absent;
	bool proc = self->sources->from == SOURCE_AUTO && self->sources->proc_net_fd >= 0;
	if (given && (!netlink_can_rewind(self->netlink) || (!apart && !proc)))
		return cut_short(self, dump);
	if (given)
		self->request->rewind(self->request->context, mark);
	if (apart)
		return dump_apart(self, dump->proto);
	if (!proc && !absent && !is_absence(netlink_errno(self->netlink)))
		return cut_short(self, dump);
	report->netlink_errno = absent ? ENOENT : netlink_errno(self->netlink);
	if (proc)
		return dump_from_proc(self, dump);
	report->unavailable |= PROTO_BIT(dump->proto);
	report->refused[dump->proto] = refusal(report->netlink_errno);
	return 0;
}

/* A family without sock_diag is in /proc/net alone; nothing is amiss then. */
static int dump_without_diag(struct collecting *self, const struct request *dump)
{
	if (self->sources->from == SOURCE_AUTO && self->sources->proc_net_fd >= 0)
		return dump_from_proc(self, dump);
	self->report->unavailable |= PROTO_BIT(dump->proto);
	return 0;
}

static int dump_sockets(struct collecting *self, const struct request *dump)
{
	struct netlink *netlink = self->netlink;
	if (!family_of(dump->proto)->put_request)
		return dump_without_diag(self, dump);
	if (self->absent & PROTO_BIT(dump->proto))
		return ask_elsewhere(self, dump, 0, 0);
	uint64_t given = netlink_given(netlink);
	size_t mark = netlink_can_rewind(netlink) ? self->request->mark(self->request->context) : 0;
	switch (netlink_dump(netlink, dump)) {
	case DUMP_DONE:
		self->report->from_netlink |= PROTO_BIT(dump->proto);
		return 0;
	case DUMP_DONE_IPV4:
		self->report->from_netlink |= PROTO_BIT(dump->proto);
		return dump_sockets(self, &(struct request){ .proto = dump->proto, .family = AF_INET6 });
	case DUMP_REFUSED:
		return ask_elsewhere(self, dump, netlink_given(netlink) - given, mark);
	case DUMP_STOPPED:
		return netlink_answer(netlink);
	case DUMP_FAILED:
		break;
	}
	return -1;
}

/* Not among listeners alone: their walk is short. */
static bool has_many_ipv6(const struct collecting *self)
{
	const struct query *query = self->request->query;
	uint32_t count;
	FOR_EACH_PROTO (proto, query->protos & protos_with(PROTO_ONE_WALK))
		if (query->states[proto] != STATE_BIT(STATE_LISTEN) &&
		    sockstat_in_use(self->sources->proc_net_fd, "", proto, AF_INET6, &count) && count > HOLD_FAIR)
			return true;
	return false;
}

static int netlink_all(struct collecting *self, struct wire *wire)
{
	struct request list[REQUEST_MAX];
	bool ordered = self->request->ordered;
	/* A recording shows what was asked: a dump of both families would be twice in it if tcp6 is asked for again. */
	bool apart = ordered && (wire->recording || has_many_ipv6(self));
	size_t count = request_list(self->request->query, apart, list);
	int answer = 0;
	for (size_t i = 0; i < count && !answer; i++)
		answer = dump_sockets(self, &list[i]);
	return answer;
}

static int collect_from_wire(struct collecting *self, struct wire *wire)
{
	if (wire->replay)
		return replaying_read(wire, self->request, self->report, self->error);
	self->netlink = netlink_new(wire, self->request, self->sources->proc_net_fd, self->report, self->error);
	if (!self->netlink)
		return -1;
	/* The parts' sockets would not see what the servant's rights let it see. */
	if (!self->sources->wire && !self->sources->servant)
		netlink_share(self->netlink, &(struct parts_wish){ .wanted = self->sources->parts,
		                                                   .busy = self->sources->busy,
		                                                   .grants = self->sources->grants });
	int answer = netlink_all(self, wire);
	netlink_free(self->netlink);
	return answer;
}

static int collect_from_proc(struct collecting *self)
{
	if (self->sources->proc_net_fd < 0)
		return error_set(self->error, ENOENT, "open", "/proc/net");
	return source_proc(self->sources->proc_net_fd, self->request, self->report, self->error);
}

/* Of this process: netlink is there, and /proc/net would not help. */
static bool is_shortage(int number)
{
	return number == ENOMEM || number == EMFILE || number == ENFILE;
}

/* The servant has the wire's socket open by now. */
static ssize_t confine_servant(void *context)
{
	(void)context;
	sandbox_thread();
	return 0;
}

static int collect_live(struct collecting *self)
{
	if (self->sources->from == SOURCE_PROC)
		return collect_from_proc(self);
	struct sandbox_grants *grants = self->sources->grants;
	struct servant *servant = self->sources->servant;
	struct wire *kernel = servant ? wire_served(servant) : wire_kernel();
	int fd = kernel ? kernel->fd : -1;
	if (kernel && grants) {
		sandbox_grant_socket(grants, fd);
		kernel->confined = true;
		if (servant)
			servant_call(servant, confine_servant, NULL);
	}
	struct wire *wire = wire_ahead(kernel);
	if (!wire && (self->sources->from == SOURCE_NETLINK || is_shortage(errno)))
		return error_set(self->error, errno, "open netlink", "");
	if (!wire) {
		self->report->netlink_errno = errno;
		return collect_from_proc(self);
	}
	int answer = collect_from_wire(self, wire);
	wire_close(wire);
	if (grants)
		sandbox_revoke_socket(grants, fd);
	return answer;
}

/* A recording says it of its kernel; `told`: this one tells. */
static bool is_bound_told(const struct sources *sources, const struct report *report, bool told)
{
	if (sources->wire && sources->wire->replay)
		return report->bound_recorded || origin_read(wire_origin(sources->wire)).bound == ORIGIN_BOUND_TOLD;
	return report->from_netlink & PROTO_BIT(PROTO_TCP) && told;
}

/*
 * UDP-Lite is no module, and udp_diag's is that of UDP: a kernel that tells of UDP and knows no UDP-Lite, as
 * those from Linux 7.2 on, has none of its sockets.
 */
static void forgive_udplite(struct report *report)
{
	if ((report->from_netlink | report->from_proc) & PROTO_BIT(PROTO_UDP) && !report->refused[PROTO_UDPLITE])
		report->unavailable &= ~PROTO_BIT(PROTO_UDPLITE);
}

int collect_sockets(const struct sources *sources, const struct source_request *request, struct report *report,
                    struct error *error)
{
	struct collecting self = { .sources = sources, .request = request, .report = report, .error = error };
	bool bound = bound_is_asked(request->query), replay = sources->wire && sources->wire->replay;
	/* Asked before the first row: behind it nothing may be. */
	bool told = bound && !replay && sources->from != SOURCE_PROC && bound_is_told(sources->absent);
	if (sources->absent && !(sources->wire && (sources->wire->replay || sources->wire->recording)))
		self.absent = *sources->absent;
	int answer = sources->wire ? collect_from_wire(&self, sources->wire) : collect_live(&self);
	if (sources->absent)
		*sources->absent |= self.absent;
	report->bound_untold |= bound && !is_bound_told(sources, report, told);
	forgive_udplite(report);
	return give_up(&self, answer);
}
