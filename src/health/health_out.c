// SPDX-License-Identifier: MIT
/* health_out.c - the findings as text, as JSON and as OpenMetrics (sockview/health.h). */
#include <sockview/health.h>

#include <stdio.h>
#include <string.h>

#include <sockview/json_string.h>
#include <sockview/netns.h>
#include <sockview/openmetrics.h>
#include <sockview/proto.h>

#include "health/health_finding.h"

enum { END_MAX = ADDR_TEXT_MAX + 10 };

static bool has_row(const struct health_finding *finding)
{
	return finding->row.proto < PROTO_COUNT;
}

static bool has_remote(const struct health_finding *finding)
{
	return has_row(finding) && finding->row.remote_port && finding->key != HEALTH_CLOSE_WAIT &&
	       !(finding->key == HEALTH_TIME_WAIT && finding->severity == HEALTH_INFO && !finding->pid);
}

static void health_end_text(char text[END_MAX], const struct row *row, bool remote)
{
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	bool brackets = row->family == AF_INET6 && !mapped;
	char *to = text;
	if (brackets)
		*to++ = '[';
	to = addr_text(to, remote ? &row->remote : &row->local, row->family, mapped);
	if (brackets)
		*to++ = ']';
	snprintf(to, 8, ":%u", (unsigned)(remote ? row->remote_port : row->local_port));
}

static void out_escaped_text(struct out *out, const struct text *text)
{
	size_t len = text->len < 4096 ? text->len : 4096;
	char *to = out_room(out, TEXT_ESCAPED_MAX(len));
	out_advance(out, text_escape(to, text->data, len, TEXT_WORD));
}

/* NULL: not asked for */
static const char *netns_label(const struct health *health, const struct health_finding *finding)
{
	return health->netns ? health->netns->item[finding->row.netns].label : NULL;
}

static void out_netns(struct out *out, const struct health *health, const struct health_finding *finding)
{
	const char *label = netns_label(health, finding);
	if (!label)
		return;
	out_string(out, " in ");
	struct text name = { .data = (char *)label, .len = strlen(label) };
	out_escaped_text(out, &name);
}

/* "127.0.0.1:8001 python3" */
static void out_who(struct out *out, const struct health *health, const struct health_finding *finding, bool whole)
{
	char end[END_MAX];
	if (!has_row(finding)) {
		out_string(out, "this host");
		out_netns(out, health, finding);
		return;
	}
	health_end_text(end, &finding->row, false);
	out_string(out, end);
	if (has_remote(finding) && whole) {
		health_end_text(end, &finding->row, true);
		out_string(out, " to ");
		out_string(out, end);
	}
	if (finding->program.len) {
		out_char(out, ' ');
		out_escaped_text(out, &finding->program);
	}
	out_netns(out, health, finding);
	if (!whole)
		return;
	if (finding->pid) {
		out_string(out, " (pid ");
		out_u64(out, (uint64_t)finding->pid);
		if (finding->unit.len) {
			out_string(out, ", ");
			out_escaped_text(out, &finding->unit);
		}
		out_char(out, ')');
	} else {
		out_string(out, " (owner not known)");
	}
}

static double apart(const struct health *health)
{
	return (double)(health->now_ns - health->before_ns) / 1e9;
}

static void out_headline(const struct health *health, struct out *out)
{
	char line[96];
	size_t critical = 0, count = health->finding_count;
	for (size_t i = 0; i < count; i++)
		critical += health->finding[i].severity == HEALTH_CRITICAL;
	if (!count) {
		snprintf(line, sizeof(line), "no findings: %llu sockets looked at twice, %.1f s apart\n",
		         (unsigned long long)health->twice, apart(health));
		out_string(out, line);
		return;
	}
	snprintf(line, sizeof(line), critical ? "%zu finding%s (%zu critical): " : "%zu finding%s: ", count,
	         count == 1 ? "" : "s", critical);
	out_string(out, line);
	out_string(out, health_rules[health->finding[0].key].name);
	out_char(out, ' ');
	out_who(out, health, &health->finding[0], false);
	out_char(out, '\n');
}

int health_text(const struct health *health, struct out *out)
{
	char line[64];
	out_headline(health, out);
	for (size_t i = 0; i < health->finding_count; i++) {
		const struct health_finding *finding = &health->finding[i];
		snprintf(line, sizeof(line), "\n%s %s: ", health_severities[finding->severity],
		         health_rules[finding->key].name);
		out_string(out, line);
		out_who(out, health, finding, true);
		out_string(out, "\n    ");
		if (finding->count > 1 && finding->key != HEALTH_TIME_WAIT && finding->key != EPHEMERAL_ROOM) {
			snprintf(line, sizeof(line), "%u sockets, the worst: ", finding->count);
			out_string(out, line);
		}
		out_string(out, finding->text);
		out_string(out, "\n    ");
		out_string(out, health_rules[finding->key].advice);
		out_char(out, '\n');
	}
	return 0;
}

/* --- JSON --- */

static void finding_key(struct out *out, const char *name, bool first)
{
	out_string(out, first ? "{\"" : ",\"");
	out_string(out, name);
	out_string(out, "\":");
}

static void finding_text(struct out *out, const char *name, const struct text *text)
{
	finding_key(out, name, false);
	if (text->len)
		json_bytes(out, text->data, text->len);
	else
		out_string(out, "null");
}

static void finding_number(struct out *out, const char *name, bool known, double number)
{
	char text[40] = "null";
	if (known)
		snprintf(text, sizeof(text), "%.10g", number);
	finding_key(out, name, false);
	out_string(out, text);
}

static void finding_address(struct out *out, const char *name, const struct row *row, bool known, bool remote)
{
	char text[ADDR_TEXT_MAX];
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	finding_key(out, name, false);
	if (known)
		*addr_text(text, remote ? &row->remote : &row->local, row->family, mapped) = '\0';
	json_string(out, known ? text : NULL);
}

static void finding_json(struct out *out, const struct health *health, const struct health_finding *finding)
{
	const struct health_rule *rule = &health_rules[finding->key];
	const struct row *row = &finding->row;
	bool known = has_row(finding), remote = has_remote(finding);
	finding_key(out, "key", true);
	json_string(out, rule->name);
	finding_key(out, "severity", false);
	json_string(out, health_severities[finding->severity]);
	finding_key(out, "protocol", false);
	json_string(out, known ? proto_name(row->proto) : NULL);
	finding_address(out, "local_address", row, known, false);
	finding_number(out, "local_port", known, row->local_port);
	finding_address(out, "remote_address", row, remote, true);
	finding_number(out, "remote_port", remote, row->remote_port);
	finding_number(out, "count", true, finding->count);
	finding_number(out, "pid", finding->pid, finding->pid);
	finding_text(out, "program", &finding->program);
	finding_text(out, "unit", &finding->unit);
	finding_number(out, "value", true, finding->value);
	finding_number(out, "threshold", health->threshold[finding->key] > 0, health->threshold[finding->key]);
	finding_key(out, "text", false);
	json_string(out, finding->text);
	finding_key(out, "advice", false);
	json_string(out, rule->advice);
	if (health->netns) {
		uint64_t number = health->netns->item[row->netns].inode;
		finding_number(out, "netns", number, (double)number);
		finding_key(out, "netns_name", false);
		json_string(out, netns_label(health, finding));
	}
	out_char(out, '}');
}

int health_json(const struct health *health, struct out *out)
{
	out_string(out, "{\"findings\":[");
	for (size_t i = 0; i < health->finding_count; i++) {
		out_string(out, i ? ",\n" : "\n");
		finding_json(out, health, &health->finding[i]);
	}
	out_string(out, "\n]");
	finding_number(out, "looked_at", true, (double)health->twice);
	finding_number(out, "seconds", true, apart(health));
	out_string(out, "}\n");
	return 0;
}

/* --- OpenMetrics: labels are what stays the same for long, so no remote end, no pid, no client's port --- */

enum { HEALTH_SAMPLES_MAX = 200 };

static bool has_port(const struct health_finding *finding)
{
	const struct row *row = &finding->row;
	return has_row(finding) && (row->proto == PROTO_UDP || row->state == STATE_LISTEN);
}

static bool same_labels(const struct health_finding *a, const struct health_finding *b)
{
	if (a->key != b->key || a->severity != b->severity || a->row.netns != b->row.netns ||
	    a->program.len != b->program.len ||
	    (a->program.len && memcmp(a->program.data, b->program.data, a->program.len) != 0) ||
	    has_port(a) != has_port(b))
		return false;
	return !has_port(a) ||
	       (a->row.proto == b->row.proto && a->row.local_port == b->row.local_port &&
	        a->row.family == b->row.family && !memcmp(&a->row.local, &b->row.local, sizeof(a->row.local)));
}

/* Two samples must not have the same labels: the first stands for all of them. */
static bool is_first(const struct health *health, size_t index, uint64_t *count)
{
	*count = 0;
	for (size_t i = 0; i < health->finding_count; i++) {
		if (!same_labels(&health->finding[i], &health->finding[index]))
			continue;
		if (i < index)
			return false;
		*count += health->finding[i].count;
	}
	return true;
}

static void finding_sample(struct out *out, const struct metric_family *family, const struct health *health,
                           const struct health_finding *finding, uint64_t count)
{
	char address[ADDR_TEXT_MAX] = "", port[8] = "";
	const struct row *row = &finding->row;
	if (has_port(finding)) {
		*addr_text(address, &row->local, row->family, row->flags & ROW_LOCAL_MAPPED) = '\0';
		snprintf(port, sizeof(port), "%u", (unsigned)row->local_port);
	}
	const struct metric_label labels[] = {
		{ "key", metric_text(health_rules[finding->key].name) },
		{ "severity", metric_text(health_severities[finding->severity]) },
		{ "protocol", metric_text(has_port(finding) ? proto_name(row->proto) : NULL) },
		{ "address", metric_text(*address ? address : NULL) },
		{ "port", metric_text(*port ? port : NULL) },
		{ "program", { finding->program.len ? finding->program.data : NULL, finding->program.len } },
		{ "netns", metric_text(netns_label(health, finding)) },
	};
	metric_sample(out, family, labels, sizeof(labels) / sizeof(labels[0]), count);
}

int health_metrics(const struct health *health, struct out *out)
{
	static const struct metric_family findings = { "sockview_health_findings", METRIC_GAUGE, NULL,
		                                       "Sick sockets by rule, severity and whose they are." };
	static const struct metric_family left_out = { "sockview_health_left_out", METRIC_GAUGE, NULL,
		                                       "Findings beyond those that have a sample." };
	static const struct metric_family sockets = { "sockview_health_looked_at", METRIC_GAUGE, NULL,
		                                      "Sockets that were there in both looks." };
	size_t shown = 0, left = 0;
	metric_family_out(out, &findings);
	for (size_t i = 0; i < health->finding_count; i++) {
		uint64_t count;
		if (shown == HEALTH_SAMPLES_MAX)
			left++;
		else if (is_first(health, i, &count)) {
			finding_sample(out, &findings, health, &health->finding[i], count);
			shown++;
		}
	}
	metric_family_out(out, &left_out);
	metric_sample(out, &left_out, NULL, 0, left);
	metric_family_out(out, &sockets);
	metric_sample(out, &sockets, NULL, 0, health->twice);
	metric_end(out);
	return 0;
}
