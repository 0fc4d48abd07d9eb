// SPDX-License-Identifier: MIT
/* attributes.c - the netlink attributes behind the head of an answer (attributes.h). */
#include "collect/attributes.h"

#include <string.h>

#include <sockview/attrs.h>

static void attribute_read(const struct attribute *row, struct decoded *out, const void *data, size_t len)
{
	char *base = (char *)out;
	if (row->read) {
		row->read(out, data, len);
		return;
	}
	if (row->is_blob) {
		*(struct bytes *)(base + row->to) = (struct bytes){ data, len };
		return;
	}
	/* Most are one byte. */
	if (row->copy == 1)
		base[row->to] = *(const char *)data;
	else
		memcpy(base + row->to, data, row->copy);
	*(uint16_t *)(base + row->flag_to) |= row->flag;
}

void attributes_read(const struct attribute_table *table, struct decoded *out, const void *bytes, size_t len)
{
	struct attr_walk walk = { bytes, len };
	struct attr attr;
	while (attr_next(&walk, &attr)) {
		const struct attribute *row = attr.type < table->count ? &table->row[attr.type] : NULL;
		if (row && row->least && attr.len >= row->least && (!row->want || row->want & table->want))
			attribute_read(row, out, attr.data, attr.len);
	}
}

void attribute_skmem(struct decoded *out, const void *data, size_t len)
{
	size_t count = len / sizeof(uint32_t);
	out->skmem.count = (uint8_t)(count < SKMEM_COUNT ? count : SKMEM_COUNT);
	memcpy(out->skmem.value, data, out->skmem.count * sizeof(uint32_t));
	out->sock.skmem = &out->skmem;
}

void attribute_queues(struct decoded *out, const void *data, size_t len)
{
	struct row *row = &out->sock.row;
	attribute_skmem(out, data, len);
	if (out->skmem.count <= SKMEM_WMEM_ALLOC)
		return;
	row->recv_q = out->skmem.value[SKMEM_RMEM_ALLOC];
	row->send_q = out->skmem.value[SKMEM_WMEM_ALLOC];
	row->flags |= ROW_HAS_QUEUES;
}
