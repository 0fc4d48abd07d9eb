// SPDX-License-Identifier: MIT
/* exposure_words.c - layers and rules by their names (exposure_words.h). */
#include "exposure/exposure_words.h"

#include <string.h>

#include <sockview/countof.h>

const char *const layer_words[LAYER_COUNT] = {
	[LAYER_NFTABLES] = "nftables",
	[LAYER_LEGACY] = "iptables-legacy",
	[LAYER_BRIDGE] = "nftables-bridge",
	[LAYER_XDP] = "xdp",
	[LAYER_TC] = "tc",
	[LAYER_CGROUP] = "cgroup-bpf",
	[LAYER_SK_LOOKUP] = "sk-lookup",
	[LAYER_NETFILTER_BPF] = "netfilter-bpf",
	[LAYER_XFRM] = "xfrm",
};

int exposure_add_layers(struct text *text, unsigned layers)
{
	int answer = 0;
	bool first = true;
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (layers & LAYER_BIT(i)) {
			answer |= first ? 0 : text_add_char(text, ',');
			answer |= text_add_string(text, layer_words[i]);
			first = false;
		}
	return answer;
}

int exposure_add_word(struct text *text, const char *word)
{
	return text_add_escaped(text, (struct bytes){ word, strlen(word) }, TEXT_WORD);
}

/* "inet filter input handle 7", or "policy" for the chain's. */
int exposure_add_rule(struct text *text, const struct packet_rule *rule)
{
	const char *const words[] = { rule->family, rule->table, rule->chain };
	int answer = 0;
	for (size_t i = 0; i < countof(words); i++)
		answer |= exposure_add_word(text, words[i]) | text_add_char(text, ' ');
	if (!rule->handle)
		return answer | text_add_string(text, "policy");
	return answer | text_add_string(text, "handle ") | text_add_u64(text, rule->handle);
}

int exposure_add_condition(struct text *text, const struct packet_answer *answer)
{
	bool unread = answer->fate == FATE_UNKNOWN, more = answer->more && !unread, drops = !unread && answer->drops_if;
	bool several = drops && strstr(answer->condition, " and ");
	return text_add_string(text, unread  ? "not judged: "
	                             : drops ? "not with "
	                             : more  ? "with "
	                                     : "only with ") |
	       text_add_string(text, several ? "(" : "") | text_add_string(text, answer->condition) |
	       text_add_string(text, several ? ")" : "") | text_add_string(text, more ? ", or as other rules say" : "");
}
