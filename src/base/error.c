/* error.c - the one way an error is filled in (error.h). */
#include <sockview/error.h>

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, int number, const char *what, const char *subject)
{
	error->number = number;
	error->what = what;
	error->offset = -1;
	/* A longer subject is cut: the start of a path tells most. */
	snprintf(error->subject, sizeof(error->subject), "%s", subject);
	return -1;
}

int problem_set(char *problem, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(problem, size, format, args);
	va_end(args);
	return -1;
}
