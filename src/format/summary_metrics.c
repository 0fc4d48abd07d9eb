// SPDX-License-Identifier: MIT
/*
 * summary_metrics.c - --summary as OpenMetrics.
 *
 * Labels are what stays the same for long: no remote address, no pid, no inode.
 * Sockets that share an address, a port and a program (SO_REUSEPORT) are one
 * listener here, as no two samples may have the same labels.
 */
#include "format/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/netns.h>
#include <sockview/openmetrics.h>
#include <sockview/proto.h>

#include "format/json_document.h"

enum { METRIC_LISTENERS_MAX = 200 };

static int metrics_begin(void *at, const struct view *view, struct out *out)
{
	((struct summary *)at)->metrics = true;
	return summary_begin(at, view, out);
}

/* --- sockets --- */

static void metrics_of_order(const struct summary *summary, struct out *out, const struct metric_family *family,
                             unsigned order)
{
	const struct summary_kind kind = summary_kind(order);
	bool connections = proto_has(kind.proto, PROTO_CONNECTIONS);
	for (unsigned state = 0; state < STATE_COUNT; state++) {
		const char *name = summary_state(kind.proto, state);
		uint64_t count = summary->count[order][state];
		/* Of TCP each state has a sample, so that a rule need not ask whether there is one. */
		if (!count && !(connections && name))
			continue;
		const struct metric_label labels[] = {
			{ "protocol", metric_text(kind.name) },
			{ "family", metric_text(kind.family) },
			{ "state", metric_text(name ? name : "UNKNOWN") },
		};
		metric_sample(out, family, labels, 3, count);
	}
}

static void metrics_sockets(const struct summary *summary, const struct view *view, struct out *out)
{
	static const struct metric_family sockets = { "sockview_sockets", METRIC_GAUGE, NULL,
		                                      "Sockets by protocol, address family and state." };
	static const struct metric_family unowned = { "sockview_sockets_without_owner", METRIC_GAUGE, NULL,
		                                      "Sockets that no process was seen to hold, by reason." };
	metric_family_out(out, &sockets);
	for (unsigned order = 0; order < ROW_ORDERS; order++)
		if (view->protos & PROTO_BIT(order / 2) && !(order / 2 == PROTO_UNIX && order % 2))
			metrics_of_order(summary, out, &sockets, order);
	if (!view->owners)
		return;
	metric_family_out(out, &unowned);
	for (unsigned reason = REASON_OWNED + 1; reason < REASON_COUNT; reason++) {
		const struct metric_label label = { "reason", metric_text(owner_reason_name(reason)) };
		if (summary->reason[reason])
			metric_sample(out, &unowned, &label, 1, summary->reason[reason]);
	}
}

/* --- listeners --- */

static int compare_bytes(struct bytes a, struct bytes b)
{
	int result = memcmp(a.data ? a.data : "", b.data ? b.data : "", a.len < b.len ? a.len : b.len);
	return result ? result : (a.len > b.len) - (a.len < b.len);
}

static int compare_labels(const void *a, const void *b, void *view)
{
	const struct summary_listener *left = a, *right = b;
	int result = strcmp(left->address, right->address);
	if (!result)
		result =
			(left->row.local_port > right->row.local_port) - (left->row.local_port < right->row.local_port);
	if (!result)
		result = (left->row.netns > right->row.netns) - (left->row.netns < right->row.netns);
	return result ? result : compare_bytes(summary_program(left, view), summary_program(right, view));
}

static int compare_queues(const void *a, const void *b, void *view)
{
	const struct summary_listener *left = a, *right = b;
	if (left->accept_queue != right->accept_queue)
		return left->accept_queue > right->accept_queue ? -1 : 1;
	if (left->drops != right->drops)
		return left->drops > right->drops ? -1 : 1;
	return compare_labels(a, b, view);
}

/* Those of the same labels become one. Returns how many are left. */
static size_t merge_listeners(struct summary *summary, const struct view *view)
{
	struct summary_listener *listener = summary->listener;
	size_t kept = 0;
	if (!summary->listeners)
		return 0;
	qsort_r(listener, summary->listeners, sizeof(*listener), compare_labels, (void *)view);
	for (size_t i = 1; i < summary->listeners; i++) {
		if (compare_labels(&listener[kept], &listener[i], (void *)view) != 0) {
			listener[++kept] = listener[i];
			continue;
		}
		listener[kept].accept_queue += listener[i].accept_queue;
		listener[kept].backlog += listener[i].backlog;
		listener[kept].drops += listener[i].drops;
		listener[kept].has_queue |= listener[i].has_queue;
		listener[kept].has_drops |= listener[i].has_drops;
	}
	qsort_r(listener, kept + 1, sizeof(*listener), compare_queues, (void *)view);
	return kept + 1;
}

static void metric_listener(const struct summary_listener *listener, const struct view *view, struct out *out,
                            const struct metric_family *family, uint64_t value)
{
	char port[8];
	const struct netns_list *list = view->context->netns;
	snprintf(port, sizeof(port), "%u", listener->row.local_port);
	const struct metric_label labels[] = {
		{ "protocol", metric_text(proto_name(listener->row.proto)) },
		{ "address", metric_text(listener->address) },
		{ "port", metric_text(port) },
		{ "program", summary_program(listener, view) },
		{ "netns", metric_text(list ? list->item[listener->row.netns].label : NULL) },
	};
	metric_sample(out, family, labels, 5, value);
}

static void metrics_listeners(struct summary *summary, const struct view *view, struct out *out)
{
	static const struct metric_family all = { "sockview_listeners", METRIC_GAUGE, NULL, "Listening TCP sockets." };
	static const struct metric_family left_out = {
		"sockview_listeners_left_out", METRIC_GAUGE, NULL,
		"Listeners without samples of their own: those with the fullest accept queues have them."
	};
	static const struct metric_family queue = { "sockview_listener_accept_queue", METRIC_GAUGE, NULL,
		                                    "Connections that wait to be accepted." };
	static const struct metric_family backlog = { "sockview_listener_backlog", METRIC_GAUGE, NULL,
		                                      "How many connections may wait to be accepted." };
	static const struct metric_family drops = {
		"sockview_listener_drops", METRIC_COUNTER, NULL,
		"Connections and packets that the listener dropped, since it was opened."
	};
	uint64_t sockets = summary->listeners;
	size_t merged = merge_listeners(summary, view);
	size_t shown = merged < METRIC_LISTENERS_MAX ? merged : METRIC_LISTENERS_MAX;
	metric_family_out(out, &all);
	metric_sample(out, &all, NULL, 0, sockets);
	metric_family_out(out, &left_out);
	metric_sample(out, &left_out, NULL, 0, merged - shown);
	metric_family_out(out, &queue);
	for (size_t i = 0; i < shown; i++)
		if (summary->listener[i].has_queue)
			metric_listener(&summary->listener[i], view, out, &queue, summary->listener[i].accept_queue);
	metric_family_out(out, &backlog);
	for (size_t i = 0; i < shown; i++)
		if (summary->listener[i].has_queue)
			metric_listener(&summary->listener[i], view, out, &backlog, summary->listener[i].backlog);
	metric_family_out(out, &drops);
	for (size_t i = 0; i < shown; i++)
		if (summary->listener[i].has_drops)
			metric_listener(&summary->listener[i], view, out, &drops, summary->listener[i].drops);
}

/* --- the host --- */

static const struct {
	enum host_number which;
	bool pages;
	struct metric_family family;
} host_metrics[] = {
	{ HOST_TIME_WAIT_MAX,
	  false,
	  { "sockview_time_wait_limit", METRIC_GAUGE, NULL, "How many sockets may be in TIME_WAIT." } },
	{ HOST_ORPHANS,
	  false,
	  { "sockview_orphans", METRIC_GAUGE, NULL, "TCP sockets that no process has open, of the whole host." } },
	{ HOST_ORPHANS_MAX, false, { "sockview_orphans_limit", METRIC_GAUGE, NULL, "How many orphans there may be." } },
	{ HOST_TCP_ALLOCATED,
	  false,
	  { "sockview_tcp_allocated", METRIC_GAUGE, NULL, "TCP sockets of the whole host." } },
	{ HOST_TCP_PAGES,
	  true,
	  { "sockview_tcp_memory_bytes", METRIC_GAUGE, "bytes", "Memory of TCP's buffers, of the whole host." } },
	{ HOST_TCP_PAGES_MAX,
	  true,
	  { "sockview_tcp_memory_limit_bytes", METRIC_GAUGE, "bytes", "How much that may be." } },
	{ HOST_UDP_PAGES,
	  true,
	  { "sockview_udp_memory_bytes", METRIC_GAUGE, "bytes", "Memory of UDP's buffers, of the whole host." } },
	{ HOST_UDP_PAGES_MAX,
	  true,
	  { "sockview_udp_memory_limit_bytes", METRIC_GAUGE, "bytes", "How much that may be." } },
};

static void metrics_host(const struct view *view, struct out *out)
{
	for (size_t i = 0; i < sizeof(host_metrics) / sizeof(*host_metrics); i++) {
		uint64_t number;
		if (!summary_host_number(view, host_metrics[i].which, &number))
			continue;
		metric_family_out(out, &host_metrics[i].family);
		metric_sample(out, &host_metrics[i].family, NULL, 0,
		              host_metrics[i].pages ? number * view->host->page_size : number);
	}
}

/* Of the destination with the most connections from one address: how much of the range of ports they have. */
static void metrics_ephemeral(struct summary *summary, const struct view *view, struct out *out)
{
	static const struct metric_family used = {
		"sockview_ephemeral_used_ratio", METRIC_GAUGE, "ratio",
		"Share of the ephemeral ports in use by connections to one destination: the busiest."
	};
	uint64_t first, last, most[2] = { 0 };
	if (!summary_host_number(view, HOST_PORT_FIRST, &first) || !summary_host_number(view, HOST_PORT_LAST, &last) ||
	    last < first)
		return;
	for (size_t i = 0; i < groups_count(summary->toward.groups); i++) {
		struct value value;
		struct column_source source;
		uint64_t count = summary_list_at(&summary->toward, view, i, &value, &source);
		bool six = value.kind == VALUE_ADDR && value.addr.family == AF_INET6 && !value.addr.mapped;
		most[six] = count > most[six] ? count : most[six];
	}
	metric_family_out(out, &used);
	for (unsigned six = 0; six < 2; six++) {
		const struct metric_label label = { "family", metric_text(six ? "inet6" : "inet") };
		metric_sample_real(out, &used, &label, 1, (double)most[six] / (double)(last - first + 1));
	}
}

static void metrics_run(const struct view *view, struct out *out)
{
	static const struct metric_family complete = {
		"sockview_complete", METRIC_GAUGE, NULL,
		"1 if nothing that could be told is missing, no process was hidden and no error ended the answer."
	};
	static const struct metric_family time = { "sockview_last_run_timestamp_seconds", METRIC_GAUGE, "seconds",
		                                   "When the kernel was asked." };
	metric_family_out(out, &complete);
	metric_sample(out, &complete, NULL, 0, view_is_complete(view));
	metric_family_out(out, &time);
	metric_sample(out, &time, NULL, 0, (uint64_t)view->document->time);
}

static int metrics_end(void *at, const struct view *view, struct out *out)
{
	struct summary *summary = at;
	int result = summary->toward.groups ? summary_settle(summary, view) : -1;
	if (result == 0) {
		metrics_sockets(summary, view, out);
		metrics_listeners(summary, view, out);
		metrics_host(view, out);
		metrics_ephemeral(summary, view, out);
		metrics_run(view, out);
		metric_end(out);
	}
	summary_free(summary);
	return result;
}

const struct format format_openmetrics = {
	.name = "openmetrics",
	.begin = metrics_begin,
	.row = summary_row,
	.end = metrics_end,
	.state_size = sizeof(struct summary),
	.style = COLUMNS_NONE,
	.tells_errors = true,
};
