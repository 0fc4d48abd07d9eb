// SPDX-License-Identifier: MIT
/*
 * judge.c - what the rules of this network namespace do with a first packet, a line a port:
 *
 *     judge tcp ADDR IFNAME PORT...   ->   PORT FATE RULE[|CONDITION]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/packet.h>

static const char *const fates[] = { "passes", "dropped", "rejected", "depends", "unknown" };

static void judge(const struct ruleset *ruleset, struct packet packet, uint16_t port)
{
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	packet.dest_port = port;
	packet_arrive(ruleset, &packet, &answer, &nats, &taken);
	printf("%u %s", port, fates[answer.fate]);
	if (answer.rule.family)
		printf(" %s/%s/%s/%llu", answer.rule.family, answer.rule.table, answer.rule.chain,
		       (unsigned long long)answer.rule.handle);
	if (answer.fate >= FATE_DEPENDS)
		printf("|%s%s", answer.fate == FATE_DEPENDS ? (answer.drops_if ? "dropped if " : "passes if ") : "",
		       answer.condition);
	for (size_t i = 0; i < nats.count; i++)
		printf("|nat%u %s %u%s%s", (unsigned)nats.nat[i].kind,
		       nats.nat[i].certain  ? "certain"
		       : nats.nat[i].unread ? "unread"
		                            : "perhaps",
		       nats.nat[i].to_port, *nats.nat[i].condition ? " if " : "", nats.nat[i].condition);
	printf("%s\n", taken ? "|taken" : "");
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	struct packet packet = {
		.family = strchr(argv[2], ':') ? AF_INET6 : AF_INET,
		.proto = strcmp(argv[1], "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
		.known = PACKET_DEST | PACKET_IIF | PACKET_DEST_LOCAL | PACKET_ROUTES_BACK | PACKET_SOURCE_REMOTE,
		.iif = if_nametoindex(argv[3]),
	};
	inet_pton(packet.family, argv[2], &packet.dest);
	snprintf(packet.iifname, sizeof(packet.iifname), "%s", argv[3]);
	struct ruleset *ruleset = ruleset_read(-1);
	if (!ruleset || ruleset_gaps(ruleset)->error) {
		fprintf(stderr, "judge: %s\n", ruleset ? strerror(ruleset_gaps(ruleset)->error) : "no memory");
		return 3;
	}
	for (int i = 4; i < argc; i++) {
		unsigned low, high;
		int count = sscanf(argv[i], "%u-%u", &low, &high);
		for (unsigned port = low; count > 0 && port <= (count == 2 ? high : low); port++)
			judge(ruleset, packet, (uint16_t)port);
	}
	ruleset_free(ruleset);
	return 0;
}
