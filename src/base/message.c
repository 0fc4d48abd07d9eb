// SPDX-License-Identifier: MIT
/* message.c - one line a message to standard error; see message.h. */
#include <sockview/message.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/text.h>

/* Longer text is cut. */
#define LINE_TEXT 2048
#define HEAD      "sockview: "

static void line_write(const char *text, size_t len)
{
	char line[sizeof(HEAD) + TEXT_ESCAPED_MAX(LINE_TEXT) + 1] = HEAD;
	char *end = text_escape(line + sizeof(HEAD) - 1, text, len, TEXT_LINE);
	*end++ = '\n';
	ssize_t written;
	do {
		written = write(STDERR_FILENO, line, (size_t)(end - line));
	} while (written < 0 && errno == EINTR);
}

__attribute__((format(printf, 2, 0))) static void line_format(const char *tail, const char *format, va_list arguments)
{
	char text[LINE_TEXT];
	int len = vsnprintf(text, sizeof(text), format, arguments);
	if (len < 0)
		return;
	size_t used = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
	size_t tail_len = strlen(tail);
	if (used > sizeof(text) - tail_len)
		used = sizeof(text) - tail_len;
	memcpy(text + used, tail, tail_len);
	line_write(text, used + tail_len);
}

void message(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	line_format("", format, arguments);
	va_end(arguments);
}

bool message_on_terminal(void)
{
	return isatty(STDERR_FILENO);
}

void message_usage(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	line_format("; try sockview --help", format, arguments);
	va_end(arguments);
}

void message_error(const struct error *error)
{
	char text[LINE_TEXT];
	error_text(error, text, sizeof(text));
	message("%s", text);
}
