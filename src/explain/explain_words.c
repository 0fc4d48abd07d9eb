/* explain_words.c - the pieces sentences are made of: endpoints, names, spans of time (inquiry.h). */
#include "explain/inquiry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/vec.h>

static bool is_repeated(const struct explain *explain, enum line_kind kind, const char *text)
{
	for (size_t i = 0; i < explain->lines; i++)
		if (explain->line[i].kind == kind && strcmp(explain->line[i].text, text) == 0)
			return true;
	return false;
}

/* Two plans may give one sentence: it is said once. */
int line_add(struct explain *explain, enum line_kind kind, const char *key, const char *format, ...)
{
	struct line *grown = vec_reserve(explain->line, &explain->line_capacity, explain->lines + 1, sizeof(*grown));
	char *text;
	va_list args;
	if (!grown)
		return -1;
	explain->line = grown;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (is_repeated(explain, kind, text))
		free(text);
	else
		explain->line[explain->lines++] = (struct line){ kind, key, text };
	return 0;
}

void words_addr(char text[WORDS_ADDR_MAX], int family, const union addr *addr)
{
	char *to = text;
	if (family == AF_INET6)
		*to++ = '[';
	to = addr_text(to, addr, family, false);
	if (family == AF_INET6)
		*to++ = ']';
	*to = '\0';
}

static bool is_link_local(int family, const union addr *addr)
{
	return family == AF_INET6 && addr->byte[0] == 0xfe && (addr->byte[1] & 0xc0) == 0x80;
}

void words_endpoint(const struct explain *explain, char text[WORDS_ADDR_MAX], int family, const union addr *addr,
                    uint16_t port, uint32_t ifindex)
{
	const char *name = ifindex ? names_interface(explain->facts.names, ifindex) : NULL;
	char zone[20] = "", device[20] = "", address[ADDR_TEXT_MAX + 1];
	*addr_text(address, addr, family, false) = '\0';
	if (name)
		snprintf(is_link_local(family, addr) ? zone : device, sizeof(zone), "%%%s", name);
	snprintf(text, WORDS_ADDR_MAX, family == AF_INET6 ? "[%s%s]%s:%u" : "%s%s%s:%u", address, zone, device, port);
}

/* Cut behind a whole escape or character, at most four bytes each. */
void words_bytes(char text[WORDS_NAME_MAX], struct bytes bytes, enum text_escape how)
{
	enum { KEEP = (WORDS_NAME_MAX - 4) / 4 };
	const char *data = bytes.data;
	size_t len = bytes.len;
	if (len > KEEP)
		for (len = KEEP; len > KEEP - 4 && ((uint8_t)data[len] & 0xc0) == 0x80;)
			len--;
	char *end = text_escape(text, data, len, how);
	strcpy(end, len < bytes.len ? "..." : "");
}

void words_user(const struct explain *explain, char text[WORDS_NAME_MAX], uint32_t uid)
{
	const char *name = names_user(explain->facts.names, uid);
	if (name)
		words_bytes(text, (struct bytes){ name, strlen(name) }, TEXT_WORD);
	else
		snprintf(text, WORDS_NAME_MAX, "%u", uid);
}

void words_span(char text[WORDS_SPAN_MAX], uint64_t seconds)
{
	unsigned long long s = seconds;
	if (s < 120)
		snprintf(text, WORDS_SPAN_MAX, "%llu s", s);
	else if (s < 2 * 3600)
		snprintf(text, WORDS_SPAN_MAX, "%llu min", s / 60);
	else if (s < 48 * 3600)
		snprintf(text, WORDS_SPAN_MAX, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(text, WORDS_SPAN_MAX, "%llu days", s / 86400);
}

const char *words_errno(int number)
{
	const char *name = strerrorname_np(number);
	return name ? name : "an error";
}

bool process_age(const struct explain *explain, const struct process *process, uint64_t *seconds)
{
	struct timespec now;
	long hertz = sysconf(_SC_CLK_TCK);
	if (!explain->facts.live || !(process->has & PROCESS_START) || hertz <= 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return false;
	uint64_t started = process->start_ticks / (uint64_t)hertz;
	if (started > (uint64_t)now.tv_sec)
		return false;
	*seconds = (uint64_t)now.tv_sec - started;
	return true;
}
