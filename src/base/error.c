// SPDX-License-Identifier: MIT
/* error.c - the one way an error is filled in (error.h). */
#include <sockview/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int number, const char *what, const char *subject)
{
	error->number = number;
	error->what = what;
	error->offset = -1;
	error->why = NULL;
	/* A longer subject is cut: the start of a path tells most. */
	snprintf(error->subject, sizeof(error->subject), "%s", subject);
	return -1;
}

void error_text(const struct error *error, char *text, size_t size)
{
	char where[40] = "";
	if (error->offset >= 0)
		snprintf(where, sizeof(where), " (at byte %lld)", (long long)error->offset);
	const char *why = error->why ? error->why : error->number ? strerror(error->number) : NULL;
	snprintf(text, size, "cannot %s%s%.*s%s%s%s", error->what, error->subject[0] ? " " : "",
	         (int)sizeof(error->subject), error->subject, why ? ": " : "", why ? why : "", where);
}

int problem_set(char *problem, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(problem, size, format, args);
	va_end(args);
	return -1;
}
