// SPDX-License-Identifier: MIT
/* The one function of glibc's -D_FORTIFY_SOURCE that Debian's libmnl.a calls (in mnl_nlmsg_fprintf) and
 * musl has not. */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *stream, int flag, const char *format, ...);

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list list;
	int length;

	(void)flag;
	va_start(list, format);
	length = vfprintf(stream, format, list);
	va_end(list);
	return length;
}
