// SPDX-License-Identifier: MIT
/* explain_json.c - the verdict as one JSON object; sockview(8) has its fields (explain.h). */
#include <sockview/explain.h>

#include <string.h>
#include <time.h>

#include <sockview/cgroup.h>
#include <sockview/json_string.h>
#include <sockview/proto.h>
#include <sockview/text.h>

#include "explain/explain_words.h"
#include "explain/holders.h"

static void put_key(struct out *out, const char *name)
{
	out_string(out, ",\"");
	out_string(out, name);
	out_string(out, "\":");
}

static void put_string(struct out *out, const char *name, const char *value)
{
	put_key(out, name);
	json_string(out, value && *value ? value : NULL);
}

static void put_bytes(struct out *out, const char *name, struct bytes value)
{
	put_key(out, name);
	if (value.data)
		json_bytes(out, value.data, value.len);
	else
		out_string(out, "null");
}

static void put_number(struct out *out, const char *name, uint64_t value, bool known)
{
	put_key(out, name);
	if (known)
		out_u64(out, value);
	else
		out_string(out, "null");
}

static void put_bool(struct out *out, const char *name, bool value)
{
	put_key(out, name);
	out_string(out, value ? "true" : "false");
}

static void put_known(struct out *out, const char *name, uint8_t known)
{
	static const char *const word[] = { [KNOWN_NOT] = "null", [KNOWN_OFF] = "false", [KNOWN_ON] = "true" };
	put_key(out, name);
	out_string(out, word[known]);
}

static void put_address(struct out *out, const char *name, int family, const union addr *addr, bool known)
{
	char text[ADDR_TEXT_MAX];
	put_key(out, name);
	if (known)
		json_printable(out, text, (size_t)(addr_text(text, addr, family, false) - text));
	else
		out_string(out, "null");
}

static void put_interface(const struct explain *explain, struct out *out, uint32_t ifindex)
{
	put_string(out, "interface", ifindex ? names_interface(explain->facts.names, ifindex) : NULL);
}

/* --- what was asked --- */

static const char *const verdict_word[] = {
	[EXPLAIN_FREE] = "free",
	[EXPLAIN_TAKEN] = "taken",
	[EXPLAIN_REFUSED] = "refused",
	[EXPLAIN_UNKNOWN] = "unknown",
};
static const char *const outcome_word[] = {
	[BIND_FREE] = "free",
	[BIND_IN_USE] = "in-use",
	[BIND_UNKNOWN] = "unknown",
};
static const char *const stage_word[] = {
	[PROBE_NOWHERE] = NULL,    [PROBE_USER] = "user",       [PROBE_SOCKET] = "socket",
	[PROBE_OPTION] = "option", [PROBE_ADDRESS] = "address", [PROBE_PORT] = "port",
	[PROBE_TABLE] = "bind",    [PROBE_LISTEN] = "listen",   [PROBE_PASSED] = NULL,
};

static void put_target(const struct explain *explain, struct out *out)
{
	const struct bind_plan *plan = &explain->plan[0].bind;
	const char *user = names_user(explain->facts.names, plan->uid);
	put_key(out, "target");
	out_char(out, '{');
	out_string(out, "\"text\":");
	json_string(out, explain->options.target);
	put_string(out, "protocol", proto_name(explain->target.proto));
	put_number(out, "port", explain->target.port, true);
	put_bool(out, "reuseaddr", plan->reuseaddr);
	put_bool(out, "reuseport", plan->reuseport);
	put_number(out, "uid", plan->uid, true);
	put_string(out, "user", user);
	put_string(out, "unit", explain->options.as_unit);
	put_interface(explain, out, plan->ifindex);
	out_char(out, '}');
}

static void put_bind(struct out *out, const struct planned *plan)
{
	bool refused = plan->number && plan->verdict != EXPLAIN_FREE;
	out_string(out, "{\"address\":");
	char text[ADDR_TEXT_MAX];
	json_printable(out, text, (size_t)(addr_text(text, &plan->bind.addr, plan->bind.family, false) - text));
	put_number(out, "port", plan->bind.port, true);
	put_bool(out, "v6only", plan->bind.v6only);
	put_string(out, "verdict", verdict_word[plan->verdict]);
	put_string(out, "error", refused ? words_errno(plan->number) : NULL);
	put_number(out, "errno", (uint64_t)plan->number, refused);
	put_string(out, "stage", refused ? stage_word[plan->stage] : NULL);
	put_string(out, "tables", outcome_word[plan->model]);
	put_bool(out, "checked", plan->checked);
	put_bool(out, "tried", plan->tried);
	put_bool(out, "disagree", plan->disagree);
	put_bool(out, "left_out", plan->left_out);
	out_char(out, '}');
}

/* --- sockets --- */

static const char *const why_word[BIND_WHY_COUNT] = {
	[BIND_OTHER_PROTO] = "other-protocol",
	[BIND_OTHER_PORT_TABLE] = "other-vrf",
	[BIND_NOT_BOUND] = "handshake",
	[BIND_OTHER_DEVICE] = "other-interface",
	[BIND_OTHER_ADDRESS] = "other-address",
	[BIND_OTHER_FAMILY] = "other-family",
	[BIND_BOTH_REUSEADDR] = "both-reuseaddr",
	[BIND_BOTH_REUSEPORT] = "both-reuseport",
	[BIND_NO_OPTION] = "not-shared",
	[BIND_HOLDER_LISTENS] = "listener",
	[BIND_HOLDER_NO_REUSEADDR] = "holder-without-reuseaddr",
	[BIND_HOLDER_NO_REUSEPORT] = "holder-without-reuseport",
	[BIND_OTHER_USER] = "other-user",
};
static const char *const meeting_word[] = {
	[MEET_NOT] = NULL,
	[MEET_SAME] = "same",
	[MEET_PLAN_WILDCARD] = "plan-wildcard",
	[MEET_HOLDER_WILDCARD] = "holder-wildcard",
	[MEET_PLAN_DUAL] = "plan-dual-stack",
	[MEET_HOLDER_DUAL] = "holder-dual-stack",
	[MEET_V6_CONNECTION] = "ipv6-connection",
};

static void put_judged(struct out *out, const struct bind_judgement *judged)
{
	out_string(out, "{\"outcome\":");
	json_string(out, outcome_word[judged->outcome]);
	put_string(out, "why", why_word[judged->why]);
	put_string(out, "addresses", meeting_word[judged->meeting]);
	out_char(out, '}');
}

static void put_cmdline(struct out *out, struct bytes command)
{
	char text[4096];
	size_t len = words_command(text, sizeof(text), command);
	put_bytes(out, "cmdline", (struct bytes){ command.data ? text : NULL, len });
}

static void put_home(const struct explain *explain, struct out *out, const struct process *process)
{
	struct bytes path = owners_text(explain->facts.owners, process->cgroup), unit;
	struct container container;
	bool has_unit = path.data && cgroup_unit(path, &unit);
	bool has_container = path.data && cgroup_container(path, &container);
	put_bytes(out, "cgroup", path);
	put_bytes(out, "unit", has_unit ? unit : (struct bytes){ 0 });
	put_bytes(out, "container", has_container ? container.id : (struct bytes){ 0 });
	put_string(out, "container_runtime", has_container ? container.runtime : NULL);
}

static void put_start(const struct explain *explain, struct out *out, const struct process *process)
{
	uint64_t age;
	char text[32];
	put_key(out, "start_time");
	if (process_age(explain, process, &age))
		json_printable(out, text, (size_t)(text_time(text, time(NULL) - (int64_t)age) - text));
	else
		out_string(out, "null");
}

static void put_owner(const struct explain *explain, struct out *out, const struct owner *owner)
{
	const struct owners *owners = explain->facts.owners;
	const struct process *process = &owners->process[owner->process];
	bool has_uid = process->has & PROCESS_UID;
	out_string(out, "{\"pid\":");
	out_u64(out, (uint64_t)process->pid);
	put_number(out, "tid", (uint64_t)owner->tid, true);
	put_number(out, "fd", (uint64_t)owner->fd, true);
	put_number(out, "uid", process->uid, has_uid);
	put_string(out, "user", has_uid ? names_user(explain->facts.names, process->uid) : NULL);
	put_bytes(out, "program", owners_text(owners, process->program));
	put_cmdline(out, owners_text(owners, process->cmdline));
	put_start(explain, out, process);
	put_home(explain, out, process);
	out_char(out, '}');
}

static void put_owners(const struct explain *explain, struct out *out, const struct row *row)
{
	struct owner_span span = owners_of(explain->facts.owners, row);
	put_key(out, "owners");
	out_char(out, '[');
	for (size_t i = 0; i < span.count; i++) {
		if (i)
			out_char(out, ',');
		put_owner(explain, out, &span.first[i]);
	}
	out_char(out, ']');
}

static void put_row(const struct explain *explain, struct out *out, const struct row *row)
{
	out_string(out, "{\"protocol\":");
	json_string(out, proto_name(row->proto));
	put_address(out, "local_address", row->family, &row->local, true);
	put_number(out, "local_port", row->local_port, true);
	put_address(out, "remote_address", row->family, &row->remote, row->remote_port);
	put_number(out, "remote_port", row->remote_port, row->remote_port);
	put_string(out, "state", state_name(row->state));
	put_interface(explain, out, row->ifindex);
	put_number(out, "uid", row->uid, row->flags & ROW_HAS_UID);
	put_number(out, "inode", row->inode, row->inode);
}

static void put_holder(const struct explain *explain, struct out *out, const struct holder *holder)
{
	const struct crowd *crowd = &explain->crowd[holder->crowd];
	struct sock sock;
	table_get(explain->facts.table, holder->row, &sock);
	put_row(explain, out, &sock.row);
	put_known(out, "reuseaddr", holder->is.reuseaddr);
	put_known(out, "reuseport", holder->is.reuseport);
	put_known(out, "v6only", holder->is.family == AF_INET6 ? holder->is.v6only : (uint8_t)KNOWN_NOT);
	bool expires = sock.timer && sock.timer->kind == TIMER_TIMEWAIT;
	put_number(out, "expires_ms", expires ? sock.timer->expires_ms : 0, expires);
	put_key(out, "binds");
	out_char(out, '[');
	for (size_t p = 0; p < explain->plans; p++) {
		if (p)
			out_char(out, ',');
		put_judged(out, &holder->judged[p]);
	}
	out_char(out, ']');
	put_string(out, "owner_reason", owner_reason_name(holder->reason));
	bool waits = holder->reason == REASON_UNACCEPTED && crowd->listener != CROWD_NONE;
	put_number(out, "listener_inode", waits ? holder_row(explain, &explain->holder[crowd->listener])->inode : 0,
	           waits);
	put_owners(explain, out, &sock.row);
	out_char(out, '}');
}

static void put_sockets(const struct explain *explain, struct out *out)
{
	put_key(out, "sockets");
	out_char(out, '[');
	for (size_t i = 0; i < explain->holders; i++) {
		out_string(out, i ? ",\n" : "\n");
		put_holder(explain, out, &explain->holder[i]);
	}
	out_char(out, ']');
}

/* The port's other protocol, and other network namespaces. */
static void put_related(const struct explain *explain, struct out *out)
{
	const struct table *table = explain->facts.table;
	bool some = false;
	put_key(out, "related");
	out_char(out, '[');
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		bool elsewhere = row->netns && row->netns < explain->elsewhere.list.count;
		if (row->local_port != explain->target.port || (!elsewhere && row->proto == explain->target.proto))
			continue;
		out_string(out, some ? ",\n" : "\n");
		some = true;
		put_row(explain, out, row);
		const struct netns *netns = elsewhere ? &explain->elsewhere.list.item[row->netns] : NULL;
		put_number(out, "netns", netns ? netns->inode : 0, netns && netns->inode);
		put_bytes(out, "netns_name",
		          netns ? (struct bytes){ netns->label, strlen(netns->label) } : (struct bytes){ NULL, 0 });
		put_owners(explain, out, row);
		out_char(out, '}');
	}
	out_char(out, ']');
}

/* The part of a rule that could not be decided. */
static void put_undecided(struct out *out, const struct packet_nat *nat)
{
	put_key(out, "unread");
	out_string(out, "{\"table\":");
	json_string(out, nat->rule.table);
	put_string(out, "chain", nat->rule.chain);
	put_number(out, "handle", nat->rule.handle, true);
	put_key(out, "expression");
	json_printable(out, nat->condition, strlen(nat->condition));
	out_char(out, '}');
}

static void put_sentences(const struct explain *explain, struct out *out, const char *name, enum sentence_kind kind)
{
	bool some = false;
	put_key(out, name);
	out_char(out, '[');
	for (size_t i = 0; i < explain->sentences; i++) {
		const struct sentence *sentence = &explain->sentence[i];
		if (sentence->kind != kind)
			continue;
		out_string(out, some ? ",\n" : "\n");
		some = true;
		out_string(out, "{\"key\":");
		json_string(out, sentence->key);
		put_key(out, "text");
		json_printable(out, sentence->text, strlen(sentence->text));
		if (sentence->nat)
			put_undecided(out, &sentence->nat->nat);
		out_char(out, '}');
	}
	out_char(out, ']');
}

int explain_json(const struct explain *explain, struct out *out)
{
	out_string(out, "{\"version\":");
	json_string(out, SOCKVIEW_VERSION);
	put_target(explain, out);
	put_string(out, "verdict", verdict_word[explain->verdict]);
	put_string(out, "without_reuseaddr",
	           explain->plan[0].bind.reuseaddr ? verdict_word[explain->without_reuseaddr] : NULL);
	put_number(out, "exit", (uint64_t)explain_status(explain), true);
	put_key(out, "binds");
	out_char(out, '[');
	for (size_t p = 0; p < explain->plans; p++) {
		if (p)
			out_string(out, ",\n");
		put_bind(out, &explain->plan[p]);
	}
	out_char(out, ']');
	put_sockets(explain, out);
	put_related(explain, out);
	put_sentences(explain, out, "why", SAY_WHY);
	put_sentences(explain, out, "advice", SAY_ADVICE);
	put_sentences(explain, out, "notes", SAY_NOTE);
	put_sentences(explain, out, "unread", SAY_UNREAD);
	out_string(out, "}\n");
	return 0;
}
