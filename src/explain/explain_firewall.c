// SPDX-License-Identifier: MIT
/* explain_firewall.c - the listeners on the port, by the rules of this host: --exposure's judgement (explain_firewall.h). */
#include "explain/explain_firewall.h"

#include <errno.h>
#include <string.h>

#include <sockview/exposure.h>
#include <sockview/proto.h>

#include "explain/explain_words.h"
#include "explain/holders.h"

struct firewall_saying {
	struct explain *explain;
	const struct table *table;
};

/* A listener of unknown exposure stands among the things not read; other sentences tell of one on loopback. */
static int say_word(void *context, const struct exposure_word *word)
{
	const struct firewall_saying *saying = context;
	const struct row *row = &saying->table->row[word->row];
	char local[WORDS_ADDR_MAX + 64];
	words_endpoint(saying->explain, local, row->family, &row->local, row->local_port, row->ifindex);
	if (word->closed)
		return sentence_add(saying->explain, SAY_NOTE, "firewall",
		                    "The firewall lets no packet of another host come to %s: %s by %s.", local,
		                    word->state, *word->rule ? word->rule : "its rules");
	if (strcmp(word->state, "depends") == 0)
		return sentence_add(saying->explain, SAY_NOTE, "firewall",
		                    "Whether other hosts reach %s depends on the firewall: %s.", local, word->rule);
	return 0;
}

static int take_servers(struct explain *explain, struct table *table)
{
	for (size_t i = 0; i < explain->holders; i++) {
		struct sock sock = { .row = *holder_row(explain, &explain->holder[i]) };
		bool waits = proto_table[sock.row.proto].waiting & STATE_BIT(sock.row.state) && !sock.row.remote_port;
		if (waits && !sock.row.netns && table_add(table, &sock) < 0)
			return -1;
	}
	return 0;
}

int explain_firewall_say(struct explain *explain)
{
	struct table table;
	struct firewall_saying saying = { explain, &table };
	const struct exposure_facts facts = {
		.table = &table,
		.proc_fd = explain->facts.proc_fd,
		.ruleset = explain->ruleset,
		.rows_alone = true,
	};
	if (!explain->ruleset || ruleset_is_empty(explain->ruleset) || ruleset_gaps(explain->ruleset)->error)
		return 0;
	table_init(&table, 0);
	int answer = take_servers(explain, &table);
	struct exposure *exposure = answer == 0 && table.count ? exposure_new(&facts) : NULL;
	/* Without interfaces or addresses there is nothing to say. */
	if (exposure)
		answer = exposure_each(exposure, say_word, &saying);
	exposure_free(exposure);
	table_free(&table);
	return answer;
}
