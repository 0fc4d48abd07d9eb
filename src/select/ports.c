// SPDX-License-Identifier: MIT
/* ports.c - lists of ports: 80,443,8000-8100,https,1-http. */
#include "select/reading.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/vec.h>

#define PORT_MAX      65535u
#define SERVICE_PORTS 8 /* one for each protocol that has the name */

struct ranges {
	struct expr_range *range;
	size_t count, capacity;
};

static bool looks_numeric(struct piece piece)
{
	return piece.len && piece.text[0] >= '0' && piece.text[0] <= '9';
}

static int ranges_add(struct reading *reading, struct ranges *ranges, uint32_t low, uint32_t high)
{
	struct expr_range *range = vec_push(ranges->range, ranges->count, ranges->capacity);
	if (!range) {
		reading_no_memory(reading);
		return -1;
	}
	*range = (struct expr_range){ low, high };
	return 0;
}

static bool service_ports(struct reading *reading, struct piece piece, uint16_t *ports, size_t *count)
{
	char name[128];
	return piece_copy(piece, name, sizeof(name)) && name[0] &&
	       reading->names->service(name, reading->protos, ports, count) == 0;
}

/* One end of a range. */
static bool port_value(struct reading *reading, struct piece piece, uint32_t *port)
{
	uint16_t ports[SERVICE_PORTS];
	size_t count = SERVICE_PORTS;
	uint64_t number;
	if (piece_number(piece, PORT_MAX, &number)) {
		*port = (uint32_t)number;
		return true;
	}
	if (looks_numeric(piece) || !service_ports(reading, piece, ports, &count) || count != 1)
		return false;
	*port = ports[0];
	return true;
}

static int item_fail(struct reading *reading, struct piece item)
{
	uint64_t number;
	if (!item.len)
		reading_fail(reading, item.at, EXPECTED_PORT, "a port is missing");
	else if (piece_number(item, UINT64_MAX, &number) || piece_consists_of(item, "0123456789"))
		reading_fail(reading, item.at, "0 to 65535", "port %.*s is out of range", PIECE_ARGS(item));
	else
		reading_fail(reading, item.at, EXPECTED_PORT, "unknown service \"%.*s\"", PIECE_ARGS(item));
	return -1;
}

/* LOW-HIGH; a service's name may hold a dash, so each dash is tried. */
static int range_read(struct reading *reading, struct piece item, struct ranges *ranges)
{
	uint32_t low, high;
	for (size_t dash = 1; dash + 1 < item.len; dash++) {
		struct piece from = { item.text, dash, item.at };
		if (item.text[dash] != '-' || !port_value(reading, from, &low) ||
		    !port_value(reading, piece_from(item, dash + 1), &high))
			continue;
		if (low <= high)
			return ranges_add(reading, ranges, low, high);
		reading_fail(reading, item.at, "the lower port first", "the range %.*s is empty", PIECE_ARGS(item));
		return -1;
	}
	return item_fail(reading, item);
}

static int item_read(struct reading *reading, struct piece item, struct ranges *ranges)
{
	uint16_t ports[SERVICE_PORTS];
	size_t count = SERVICE_PORTS;
	uint64_t number;
	if (item.len && item.text[0] == ':')
		item = piece_from(item, 1);
	if (piece_number(item, PORT_MAX, &number))
		return ranges_add(reading, ranges, (uint32_t)number, (uint32_t)number);
	if (!looks_numeric(item) && service_ports(reading, item, ports, &count)) {
		for (size_t i = 0; i < count; i++)
			if (ranges_add(reading, ranges, ports[i], ports[i]) < 0)
				return -1;
		return 0;
	}
	return range_read(reading, item, ranges);
}

int ports_read(struct reading *reading, struct piece piece, struct expr_span *span, bool *any)
{
	struct ranges ranges = { 0 };
	struct piece item;
	int result = 0;
	*span = (struct expr_span){ 0 };
	*any = !piece.len || piece_is(piece, "*");
	if (*any)
		return 0;
	while (result == 0 && piece_split(&piece, ',', &item))
		result = item_read(reading, item, &ranges);
	if (result == 0 && expr_keep_ranges(reading->expr, ranges.range, ranges.count, span) < 0) {
		reading_no_memory(reading);
		result = -1;
	}
	free(ranges.range);
	return result;
}
