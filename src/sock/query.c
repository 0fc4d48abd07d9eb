/* query.c - what a query selects, and the one way an error is filled in (query.h). */
#include <sockview/query.h>

#include <stdio.h>

bool query_matches(const struct query *query, const struct row *row)
{
	if (!(query->protos & PROTO_BIT(row->proto)))
		return false;
	if ((row->family == AF_INET && !query->inet) || (row->family == AF_INET6 && !query->inet6))
		return false;
	return query->states[row->proto] & STATE_BIT(row->state);
}

int error_set(struct error *error, int number, const char *what, const char *subject)
{
	error->number = number;
	error->what = what;
	error->offset = -1;
	/* A subject too long to show is shown cut: the start of a path tells most. */
	snprintf(error->subject, sizeof error->subject, "%s", subject);
	return -1;
}
