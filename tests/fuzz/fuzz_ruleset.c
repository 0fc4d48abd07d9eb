// SPDX-License-Identifier: MIT
/*
 * fuzz_ruleset.c - messages of nf_tables one behind the other, and packets through what they say.
 *
 * Chains, rules, sets and elements come as the kernel would send them; a base
 * chain for each hook stands before, so that a rule alone is reached too.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_messages(struct ruleset *ruleset, const char *bytes, size_t size)
{
	while (size >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
		size_t len = message->nlmsg_len;
		if (len < sizeof(*message) || len > size)
			return;
		if (ruleset_message(ruleset, message, message + 1, len - sizeof(*message)) < 0)
			return;
		size_t step = (len + 3) & ~(size_t)3;
		if (step >= size)
			return;
		bytes += step;
		size -= step;
	}
}

/* Chains that the rules name become base chains of some hook. */
static void make_bases(struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->chains; i++) {
		struct fw_chain *chain = &ruleset->chain[i];
		if (!chain->base && i % 2 == 0) {
			chain->base = true;
			chain->hook = (uint32_t)(i / 2 % 5);
		}
	}
}

static void run(const struct ruleset *ruleset, int family, uint8_t proto, uint16_t known)
{
	struct packet packet = { .family = (uint8_t)family,
		                 .proto = proto,
		                 .dest_port = 31001,
		                 .known = known,
		                 .iif = 2,
		                 .iifname = "eth0" };
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	packet_arrive(ruleset, &packet, &answer, &nats, &taken);
	if (nats.count > PACKET_NATS_MAX || memchr(answer.condition, '\0', sizeof(answer.condition)) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	/* A copy of its exact size, aligned as a datagram is. */
	char *exact = malloc(size + !size);
	if (ruleset && exact) {
		memcpy(exact, data, size);
		add_messages(ruleset, exact, size);
		make_bases(ruleset);
		ruleset_settle(ruleset);
		for (uint16_t known = 0; known < 0x200; known += 0x55) {
			run(ruleset, AF_INET, IPPROTO_TCP, known);
			run(ruleset, AF_INET6, IPPROTO_UDP, known);
		}
	}
	free(exact);
	ruleset_free(ruleset);
	return 0;
}
