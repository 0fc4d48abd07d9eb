// SPDX-License-Identifier: MIT
/*
 * health.c - two looks, judged by the rules (sockview/health.h).
 *
 *   row --health_see()--> the first look's counters, tallies of ports and destinations
 *   row --health_judge()--> a hit --health_find()--> a finding for each key, owner and local port
 */
#include <sockview/health.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/cgroup.h>
#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "health/health_finding.h"
#include "health/listener.h"

struct health *health_new(void)
{
	struct health *health = calloc(1, sizeof(*health));
	for (size_t key = 0; health && key < HEALTH_KEYS; key++)
		health->threshold[key] = health_rules[key].threshold;
	return health;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	for (size_t i = 0; i < health->finding_count; i++) {
		text_free(&health->finding[i].program);
		text_free(&health->finding[i].unit);
	}
	free(health->finding);
	free(health->hit);
	free(health->listener);
	tallies_free(&health->destinations);
	tallies_free(&health->ports);
	first_look_free(&health->first);
	free(health);
}

static int threshold_problem(char problem[HEALTH_PROBLEM_MAX], const char *word, const char *why)
{
	size_t used = (size_t)snprintf(problem, HEALTH_PROBLEM_MAX, "'%.40s': %s", word, why);
	for (size_t key = 0; key < HEALTH_KEYS && used < HEALTH_PROBLEM_MAX; key++)
		if (health_rules[key].unit)
			used += (size_t)snprintf(problem + used, HEALTH_PROBLEM_MAX - used, "%s%s",
			                         key > 1 ? ", " : " ", health_rules[key].name);
	return -1;
}

int health_threshold(struct health *health, const char *word, char problem[HEALTH_PROBLEM_MAX])
{
	size_t len = strcspn(word, "=");
	char *end;
	for (size_t key = 0; key < HEALTH_KEYS; key++) {
		const struct health_rule *rule = &health_rules[key];
		if (strlen(rule->name) != len || strncmp(rule->name, word, len) != 0 || !rule->unit || !word[len])
			continue;
		const char *number = word + len + 1;
		double value = strtod(number, &end);
		if (!*number || strspn(number, "0123456789.") != strlen(number) || *end || !(value > 0) ||
		    value > 1e9) {
			snprintf(problem, HEALTH_PROBLEM_MAX, "'%.60s' is not a number of %s above 0, as in %s=%g",
			         word, rule->unit, rule->name, rule->threshold);
			return -1;
		}
		health->threshold[key] = value;
		return 0;
	}
	return threshold_problem(problem, word, "KEY=VALUE, where KEY is one of");
}

/* --- both looks --- */

static void tally_again(struct tally *tally)
{
	tally->half_open_before = tally->half_open;
	tally->half_open = tally->count = tally->time_wait = 0;
	tally->has_sample = false;
}

void health_look(struct health *health, int64_t now_ns)
{
	health->before_ns = health->now_ns;
	health->now_ns = now_ns;
	health->looks++;
	tallies_free(&health->destinations);
	for (size_t i = 0; i < health->ports.capacity; i++)
		tally_again(&health->ports.tally[i]);
}

static bool is_listener(const struct row *row)
{
	return row->proto == PROTO_TCP && row->state == STATE_LISTEN;
}

/* A socket that may have an owner stands for all of a tally. */
static void tally_count(struct tally *tally, const struct row *row)
{
	tally->count++;
	tally->time_wait += row->state == STATE_TIME_WAIT;
	if (!tally->has_sample || (!tally->sample.inode && row->inode)) {
		tally->sample = *row;
		tally->has_sample = true;
	}
}

/* Listeners come first in a dump: a port that has none is a client's. */
static int see_tcp(struct health *health, const struct row *row)
{
	struct tally *port =
		is_listener(row) ? tally_of_port(&health->ports, row) : tally_find_port(&health->ports, row);
	if (is_listener(row))
		return port ? 0 : -1;
	if (port) {
		port->half_open += row->state == STATE_SYN_RECV;
		tally_count(port, row);
		return 0;
	}
	if (!row->remote_port)
		return 0;
	struct tally *destination = tally_of_destination(&health->destinations, row);
	if (!destination)
		return -1;
	tally_count(destination, row);
	return 0;
}

int health_see(struct health *health, const struct sock *sock)
{
	const struct row *row = &sock->row;
	if (row->proto == PROTO_TCP && row->local_port && see_tcp(health, row) < 0)
		return -1;
	return health->looks == 1 ? first_look_add(&health->first, sock) : 0;
}

/* --- a row --- */

/* 0 where it is not known. */
static double number_named(const char *name, const struct column_source *source)
{
	const struct column *column = column_find(name, strlen(name));
	struct value value;
	column_get(column, source, &value);
	switch (value.kind) {
	case VALUE_UINT:
	case VALUE_BOOL:
		return (double)value.uint;
	case VALUE_REAL:
		return value.real;
	default:
		return 0;
	}
}

static enum health_severity severity_of(enum health_key key, double value)
{
	const struct health_rule *rule = &health_rules[key];
	return rule->critical > 0 && value >= rule->critical ? HEALTH_CRITICAL : rule->severity;
}

__attribute__((format(printf, 5, 6))) static int hit_add(struct health *health, enum health_key key, double value,
                                                         size_t row, const char *format, ...)
{
	struct health_hit *hit = vec_push(health->hit, health->hit_count, health->hit_capacity);
	va_list list;
	if (!hit)
		return -1;
	*hit = (struct health_hit){
		.row = row, .key = key, .severity = severity_of(key, value), .value = value, .count = 1
	};
	va_start(list, format);
	vsnprintf(hit->text, sizeof(hit->text), format, list);
	va_end(list);
	return 0;
}

/* Each of these: 1 a hit, 0 none, -1. */

static int judge_listener(struct health *health, const struct sock *sock, const struct rate_counts *gain,
                          uint64_t cookies, size_t kept)
{
	const struct tally *port = tally_find_port(&health->ports, &sock->row);
	struct health_listener listener = {
		.row = &sock->row,
		.twice = true,
		.drops = gain && gain->known & RATE_DROPS ? gain->drops : 0,
		.half_open = port ? port->half_open : 0,
		.half_open_before = port ? port->half_open_before : 0,
		.cookies = cookies,
	};
	enum health_key key = listener_judge(health->threshold, &listener);
	return key == HEALTH_KEYS ? 1 : hit_add(health, key, listener.value, kept, "%s", listener.text);
}

static int judge_sending(struct health *health, const struct column_source *source, size_t kept)
{
	const struct sock_timer *timer = source->sock->timer;
	double backoff = number_named("backoff", source), unsent = number_named("notsent_bytes", source);
	double busy = number_named("busy_time", source), closed = number_named("rwnd_limited", source);
	if (timer->kind == TIMER_PROBE) {
		if (backoff < health->threshold[PEER_WINDOW_CLOSED] || !(unsent > 0) || closed * 2 < busy)
			return 1;
		return hit_add(health, PEER_WINDOW_CLOSED, backoff, kept,
		               "its window is closed: %.0f bytes wait, %.0f probes in a row found it so", unsent,
		               backoff);
	}
	double tries = number_named("tcpi_retransmits", source), silent = number_named("last_ack_recv", source);
	const struct column *column = column_find("ca_state", strlen("ca_state"));
	struct value state;
	column_get(column, source, &state);
	bool lost = state.kind == VALUE_WORD && strcmp(state.word, "loss") == 0;
	if (timer->kind != TIMER_ON || tries < health->threshold[BLACK_HOLE] || !lost)
		return 1;
	return hit_add(health, BLACK_HOLE, tries, kept,
	               "sent %.0f times without an answer, the last one came %.1f s ago", tries + 1, silent / 1000);
}

static int judge_connection(struct health *health, const struct column_source *source, const struct rate_counts *gain,
                            size_t kept)
{
	const struct sock *sock = source->sock;
	const struct row *row = &sock->row;
	if (sock->timer && (sock->timer->kind == TIMER_PROBE || sock->timer->kind == TIMER_ON) &&
	    row->state != STATE_SYN_SENT && row->state != STATE_SYN_RECV) {
		size_t hits = health->hit_count;
		if (judge_sending(health, source, kept) < 0)
			return -1;
		if (health->hit_count > hits)
			return 0;
	}
	if (row->state == STATE_ESTABLISHED && row->recv_q && row->inode) {
		double seconds = number_named("last_data_recv", source) / 1000, room = number_named("rcvbuf", source);
		if (seconds >= health->threshold[NOT_READING] && row->recv_q * 2.0 > room && room > 0)
			return hit_add(health, NOT_READING, seconds, kept,
			               "%u bytes lie unread for %.1f s at least, its buffer is %.0f", row->recv_q,
			               seconds, room);
	}
	unsigned known = RATE_SEGS | RATE_RETRANS;
	if (gain && (gain->known & known) == known && gain->segs > health_rules[RETRANSMITS].least) {
		double share = 100.0 * gain->retrans / gain->segs;
		if (share > health->threshold[RETRANSMITS])
			return hit_add(health, RETRANSMITS, share, kept, "%u of %u segments were sent again (%.1f %%)",
			               gain->retrans, gain->segs, share);
	}
	if (row->state == STATE_CLOSE_WAIT && row->inode) {
		/* Its last ACK is the peer's FIN, or came later. */
		double seconds = number_named("last_ack_recv", source) / 1000;
		if (seconds >= health->threshold[HEALTH_CLOSE_WAIT])
			return hit_add(health, HEALTH_CLOSE_WAIT, seconds, kept,
			               "the peer closed %.0f s ago at least, and the program did not", seconds);
	}
	return 1;
}

static int judge_datagrams(struct health *health, const struct column_source *source, const struct rate_counts *gain,
                           size_t kept)
{
	unsigned drops = gain && gain->known & RATE_DROPS ? gain->drops : 0;
	if (drops < health->threshold[UDP_DROPS])
		return 1;
	return hit_add(health, UDP_DROPS, drops, kept,
	               "%u datagrams were lost meanwhile; %u bytes wait, its buffer is %.0f", drops,
	               source->sock->row.recv_q, number_named("rcvbuf", source));
}

/* 1, or -1. */
static int listener_keep(struct health *health, size_t kept)
{
	size_t *place = vec_push(health->listener, health->listener_count, health->listener_capacity);
	if (!place)
		return -1;
	*place = kept;
	return 1;
}

int health_judge(struct health *health, const struct column_context *context, const struct sock *sock, size_t kept)
{
	const struct row *row = &sock->row;
	struct rate_counts counts;
	struct column_source source;
	size_t hits = health->hit_count;
	int answer = first_look_gain(&health->first, sock, &counts);
	const struct rate_counts *gain = answer > 0 ? &counts : NULL;
	if (answer < 0)
		return -1;
	health->twice += answer > 0;
	column_source_set(&source, context, sock);
	if (row->proto == PROTO_UDP)
		answer = judge_datagrams(health, &source, gain, kept);
	else if (is_listener(row))
		return listener_keep(health, kept);
	else
		answer = judge_connection(health, &source, gain, kept);
	return answer < 0 ? -1 : health->hit_count > hits;
}

/* --- all rows, and the host --- */

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

static int keep_sample(struct health *health, const struct tally *tally, size_t *kept, sock_sink *sink, void *context)
{
	struct sock sock = { .row = tally->sample };
	health->hit[health->hit_count - 1].row = *kept;
	health->hit[health->hit_count - 1].count = tally->count;
	(*kept)++;
	return sink(context, &sock);
}

static int judge_destination(struct health *health, const struct tally *tally, double room)
{
	double used = percent(tally->count, room), waiting = percent(tally->time_wait, room);
	if (tally->time_wait >= health_rules[HEALTH_TIME_WAIT].least && waiting >= health->threshold[HEALTH_TIME_WAIT])
		return hit_add(
			health, HEALTH_TIME_WAIT, waiting, 0,
			"%u closed connections (TIME_WAIT) to this destination keep %.0f %% of %.0f ephemeral ports",
			tally->time_wait, waiting, room);
	if (used >= health->threshold[EPHEMERAL_ROOM])
		return hit_add(health, EPHEMERAL_ROOM, used, 0,
		               "connections to this destination use %u of %.0f ephemeral ports (%.0f %%)", tally->count,
		               room, used);
	if (tally->time_wait < health_rules[HEALTH_TIME_WAIT].least)
		return 1;
	int answer = hit_add(health, HEALTH_TIME_WAIT, waiting, 0,
	                     "clients here close each time: %u in TIME_WAIT, %.1f a second", tally->time_wait,
	                     tally->time_wait / 60.0);
	if (answer == 0)
		health->hit[health->hit_count - 1].severity = HEALTH_INFO;
	return answer;
}

static int judge_port(struct health *health, const struct tally *tally)
{
	if (tally->time_wait < health_rules[HEALTH_TIME_WAIT].least)
		return 1;
	int answer = hit_add(health, HEALTH_TIME_WAIT, tally->time_wait, 0,
	                     "the server closes first: %u in TIME_WAIT, %.1f a second", tally->time_wait,
	                     tally->time_wait / 60.0);
	if (answer == 0)
		health->hit[health->hit_count - 1].severity = HEALTH_INFO;
	return answer;
}

static double room_of(const struct health_host *host, uint16_t netns)
{
	return netns < host->netns_count ? host->netns[netns].ephemeral_room : 0;
}

static int judge_tallies(struct health *health, const struct health_host *host, size_t *kept, sock_sink *sink,
                         void *context)
{
	const struct tallies *all[] = { &health->destinations, &health->ports };
	for (size_t i = 0; i < 2; i++)
		for (size_t at = 0; at < all[i]->capacity; at++) {
			const struct tally *tally = &all[i]->tally[at];
			if (!tally->key.port || !tally->has_sample)
				continue;
			int answer = i ? judge_port(health, tally)
			               : judge_destination(health, tally, room_of(host, tally->key.netns));
			if (answer < 0 || (!answer && keep_sample(health, tally, kept, sink, context) < 0))
				return -1;
		}
	return 0;
}

static int judge_numbers(struct health *health, const struct health_host *host)
{
	const uint64_t *value = host->numbers->value;
	const bool *known = host->numbers->known;
	size_t hits = health->hit_count;
	double orphans = known[HOST_ORPHANS] && known[HOST_ORPHANS_MAX]
	                         ? percent((double)value[HOST_ORPHANS], (double)value[HOST_ORPHANS_MAX])
	                         : 0;
	double pages = known[HOST_TCP_PAGES] && known[HOST_TCP_PAGES_PRESSURE]
	                       ? percent((double)value[HOST_TCP_PAGES], (double)value[HOST_TCP_PAGES_PRESSURE])
	                       : 0;
	if (orphans >= health->threshold[ORPHANS] &&
	    hit_add(health, ORPHANS, orphans, SIZE_MAX,
	            "of the whole host: %llu connections without a process, net.ipv4.tcp_max_orphans is %llu",
	            (unsigned long long)value[HOST_ORPHANS], (unsigned long long)value[HOST_ORPHANS_MAX]) < 0)
		return -1;
	if (pages >= health->threshold[HEALTH_MEMORY] &&
	    hit_add(health, HEALTH_MEMORY, pages, SIZE_MAX,
	            "of the whole host: %llu pages of buffers, net.ipv4.tcp_mem is under pressure from %llu on",
	            (unsigned long long)value[HOST_TCP_PAGES], (unsigned long long)value[HOST_TCP_PAGES_PRESSURE]) < 0)
		return -1;
	if (pages >= health->threshold[HEALTH_MEMORY] && known[HOST_TCP_PAGES_MAX] &&
	    value[HOST_TCP_PAGES] * 10 >= value[HOST_TCP_PAGES_MAX] * 9)
		health->hit[health->hit_count - 1].severity = HEALTH_CRITICAL;
	/* The figures are the host's, its limits the initial namespace's. */
	for (; hits < health->hit_count && !host->initial; hits++)
		health->hit[hits].severity = HEALTH_INFO;
	return 0;
}

static int judge_netns(struct health *health, const struct health_netns *netns, uint16_t index)
{
	if (!netns->time_wait_overflow)
		return 0;
	if (hit_add(health, HEALTH_TIME_WAIT, (double)netns->time_wait_overflow, SIZE_MAX,
	            "%llu closed connections had no place in TIME_WAIT: net.ipv4.tcp_max_tw_buckets",
	            (unsigned long long)netns->time_wait_overflow) < 0)
		return -1;
	health->hit[health->hit_count - 1].severity = HEALTH_CRITICAL;
	health->hit[health->hit_count - 1].netns = index;
	return 0;
}

/* Cookies of a burst between the looks: which queue was full then, no row tells any more. */
static int judge_cookies(struct health *health, const struct health_netns *netns, uint16_t index)
{
	if (!netns->cookies || netns->cookies_always)
		return 0;
	if (hit_add(health, SYN_QUEUE, (double)netns->cookies, SIZE_MAX,
	            "%llu SYN cookies were sent meanwhile: of which listener the queue was full is not seen",
	            (unsigned long long)netns->cookies) < 0)
		return -1;
	health->hit[health->hit_count - 1].severity = HEALTH_INFO;
	health->hit[health->hit_count - 1].netns = index;
	return 0;
}

static int judge_listeners(struct health *health, const struct health_host *host, const struct table *table)
{
	bool *explained = calloc(host->netns_count + 1, sizeof(*explained));
	int answer = explained ? 0 : -1;
	for (size_t i = 0; i < health->listener_count && answer == 0; i++) {
		struct sock sock;
		size_t hits = health->hit_count;
		struct rate_counts gain;
		table_get(table, health->listener[i], &sock);
		uint16_t netns = sock.row.netns;
		bool known = netns < host->netns_count;
		answer = first_look_gain(&health->first, &sock, &gain);
		if (answer < 0)
			break;
		answer = judge_listener(health, &sock, answer ? &gain : NULL, known ? host->netns[netns].cookies : 0,
		                        health->listener[i]) < 0
		                 ? -1
		                 : 0;
		if (known && health->hit_count > hits && health->hit[hits].key != ACCEPT_QUEUE_DROPS)
			explained[netns] = true;
	}
	for (size_t i = 0; i < host->netns_count && answer == 0; i++)
		if (!explained[i])
			answer = judge_cookies(health, &host->netns[i], (uint16_t)i);
	free(explained);
	return answer;
}

int health_totals(struct health *health, const struct health_host *host, const struct table *table, sock_sink *sink,
                  void *context)
{
	size_t kept = table->count;
	if (judge_listeners(health, host, table) < 0 || judge_tallies(health, host, &kept, sink, context) < 0)
		return -1;
	for (size_t i = 0; i < host->netns_count; i++)
		if (judge_netns(health, &host->netns[i], (uint16_t)i) < 0)
			return -1;
	return judge_numbers(health, host);
}

int health_unreachable(struct health *health, size_t row, const char *state, const char *rule)
{
	return hit_add(health, LISTENER_UNREACHABLE, 1, row, "no packet of another host reaches it: %s by %.140s",
	               state, *rule ? rule : "the rules");
}

/* --- the rows that there are hits of --- */

struct health_keeping {
	size_t *place; /* by the old one: 0 not kept, else the new one and one more */
	size_t next, kept;
};

static bool is_hit(void *context, const struct sock *sock)
{
	struct health_keeping *keeping = context;
	size_t at = keeping->next++;
	(void)sock;
	if (!keeping->place[at])
		return false;
	keeping->place[at] = ++keeping->kept;
	return true;
}

int health_settle(struct health *health, struct table *table)
{
	struct health_keeping keeping = { .place = calloc(table->count + 1, sizeof(*keeping.place)) };
	size_t count = table->count;
	if (!keeping.place)
		return -1;
	for (size_t i = 0; i < health->hit_count; i++)
		if (health->hit[i].row < count)
			keeping.place[health->hit[i].row] = 1;
	table_keep(table, is_hit, &keeping);
	for (size_t i = 0; i < health->hit_count; i++)
		if (health->hit[i].row < count)
			health->hit[i].row = keeping.place[health->hit[i].row] - 1;
	free(keeping.place);
	return 0;
}

/* --- findings --- */

static int finding_fill(struct health_finding *finding, const struct column_context *context, const struct row *row)
{
	const struct owners *owners = context->owners;
	struct owner_span span = owners ? owners_of(owners, row) : (struct owner_span){ 0 };
	struct bytes unit;
	finding->row = *row;
	if (!span.count)
		return 0;
	const struct process *process = &owners->process[span.first->process];
	struct bytes program = owners_text(owners, process->program), cgroup = owners_text(owners, process->cgroup);
	finding->pid = process->pid;
	if (text_add(&finding->program, program.data, program.len) < 0)
		return -1;
	return cgroup.data && cgroup_unit(cgroup, &unit) ? text_add(&finding->unit, unit.data, unit.len) : 0;
}

static bool is_same_finding(const struct health_finding *finding, const struct health_finding *other)
{
	/* A leak is its program's, whichever ports it is on. */
	bool ports = finding->key != HEALTH_CLOSE_WAIT && finding->key != EPHEMERAL_ROOM;
	return finding->key == other->key && finding->pid == other->pid && finding->row.proto == other->row.proto &&
	       finding->row.netns == other->row.netns && (!ports || finding->row.local_port == other->row.local_port) &&
	       finding->key != HEALTH_TIME_WAIT;
}

static int finding_add(struct health *health, const struct health_hit *hit, struct health_finding *made)
{
	*made = (struct health_finding){ .key = hit->key,
		                         .severity = hit->severity,
		                         .value = hit->value,
		                         .count = hit->count,
		                         .pid = made->pid,
		                         .row = made->row,
		                         .program = made->program,
		                         .unit = made->unit };
	memcpy(made->text, hit->text, sizeof(made->text));
	for (size_t i = 0; i < health->finding_count; i++) {
		struct health_finding *finding = &health->finding[i];
		if (!is_same_finding(finding, made))
			continue;
		finding->count += made->count;
		if (made->value > finding->value) {
			finding->value = made->value;
			finding->row = made->row;
			memcpy(finding->text, made->text, sizeof(finding->text));
		}
		if (made->severity > finding->severity)
			finding->severity = made->severity;
		text_free(&made->program);
		text_free(&made->unit);
		return 0;
	}
	struct health_finding *place = vec_push(health->finding, health->finding_count, health->finding_capacity);
	if (!place)
		return -1;
	*place = *made;
	return 0;
}

static int by_severity(const void *left, const void *right)
{
	const struct health_finding *a = left, *b = right;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->count < b->count) - (a->count > b->count);
}

/* A few sockets that the peer closed are no leak. */
static void drop_small(struct health *health)
{
	size_t kept = 0;
	for (size_t i = 0; i < health->finding_count; i++) {
		struct health_finding *finding = &health->finding[i];
		bool small =
			finding->key == HEALTH_CLOSE_WAIT && finding->count < health_rules[HEALTH_CLOSE_WAIT].least;
		if (!small) {
			health->finding[kept++] = *finding;
			continue;
		}
		text_free(&finding->program);
		text_free(&finding->unit);
	}
	health->finding_count = kept;
}

int health_find(struct health *health, const struct column_context *context, const struct table *table,
                bool (*wanted)(void *wanting, const struct sock *sock), void *wanting)
{
	health->netns = context->netns;
	for (size_t i = 0; i < health->hit_count; i++) {
		const struct health_hit *hit = &health->hit[i];
		struct health_finding made = { .row = { .proto = PROTO_COUNT, .netns = hit->netns } };
		struct sock sock;
		if (hit->row < table->count) {
			table_get(table, hit->row, &sock);
			if (!wanted(wanting, &sock))
				continue;
			if (finding_fill(&made, context, &sock.row) < 0)
				return -1;
		}
		if (finding_add(health, hit, &made) < 0)
			return -1;
	}
	drop_small(health);
	if (health->finding_count)
		qsort(health->finding, health->finding_count, sizeof(*health->finding), by_severity);
	return 0;
}

bool health_is_sick(const struct health *health)
{
	return health->finding_count && health->finding[0].severity > HEALTH_INFO;
}

bool health_lacks_owner(const struct health *health)
{
	for (size_t i = 0; i < health->finding_count; i++)
		if (!health->finding[i].pid && health->finding[i].row.inode)
			return true;
	return false;
}
