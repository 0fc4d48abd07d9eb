// SPDX-License-Identifier: MIT
/* query.c - what a query selects (query.h). */
#include <sockview/query.h>

bool query_matches(const struct query *query, const struct row *row)
{
	if (!(query->protos & PROTO_BIT(row->proto)))
		return false;
	if ((row->family == AF_INET && !query->inet) || (row->family == AF_INET6 && !query->inet6))
		return false;
	return query->states[row->proto] & STATE_BIT(row->state);
}
