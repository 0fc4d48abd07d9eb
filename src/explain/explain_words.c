// SPDX-License-Identifier: MIT
/* explain_words.c - the pieces sentences are made of: endpoints, names, spans of time (explain_words.h). */
#include "explain/explain_words.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/errno_name.h>
#include <sockview/file.h>
#include <sockview/vec.h>

#include "explain/holders.h"

/* Two plans may give one sentence. */
int sentence_add(struct explain *explain, enum sentence_kind kind, const char *key, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		errno = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i < explain->sentences; i++)
		if (explain->sentence[i].kind == kind && strcmp(explain->sentence[i].text, text) == 0) {
			free(text);
			return 0;
		}
	struct sentence *sentence = vec_push(explain->sentence, explain->sentences, explain->sentence_capacity);
	if (!sentence) {
		free(text);
		return -1;
	}
	*sentence = (struct sentence){ .kind = kind, .key = key, .text = text };
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

void words_endpoint(const struct explain *explain, char text[WORDS_ADDR_MAX], int family, const union addr *addr,
                    uint16_t port, uint32_t ifindex)
{
	const char *name = ifindex ? names_interface(explain->facts.names, ifindex) : NULL;
	char zone[WORDS_DEVICE_MAX] = "", device[WORDS_DEVICE_MAX] = "", address[ADDR_TEXT_MAX + 1];
	*addr_text(address, addr, family, false) = '\0';
	bool link_local = family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(addr->byte);
	if (name) {
		char *to = link_local ? zone : device;
		*to++ = '%';
		*text_escape(to, name, strnlen(name, IF_NAMESIZE), TEXT_WORD) = '\0';
	}
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

void words_program(const struct explain *explain, char text[WORDS_NAME_MAX], const struct process *process)
{
	words_bytes(text, owners_text(explain->facts.owners, process->program), TEXT_WORD);
	if (!*text)
		snprintf(text, WORDS_NAME_MAX, "a program whose name is not known");
}

void words_process(const struct explain *explain, char text[WORDS_PROCESS_MAX], const struct process *process)
{
	char program[WORDS_NAME_MAX];
	words_program(explain, program, process);
	snprintf(text, WORDS_PROCESS_MAX, "%s (pid %d)", program, process->pid);
}

const struct owner_evidence *words_flight(const struct explain *explain, const struct holder *holder,
                                          char text[WORDS_FLIGHT_MAX])
{
	static const char *const places[] = {
		[FLIGHT_RING] = "the io_uring of",
		[FLIGHT_QUEUE] = "a message that waits on a unix socket of",
		[FLIGHT_PERHAPS] = "the io_uring of",
	};
	const struct owner_evidence *evidence = owners_evidence(explain->facts.owners, holder_row(explain, holder));
	char path[32], comm[32], program[WORDS_NAME_MAX];
	if (!evidence || evidence->flight == FLIGHT_UNKNOWN)
		return NULL;
	snprintf(path, sizeof(path), "%d/comm", evidence->pid);
	if (!explain->facts.live || file_read_string(explain->facts.proc_fd, path, comm, sizeof(comm)) < 0)
		*comm = '\0';
	words_bytes(program, (struct bytes){ comm, strcspn(comm, "\n") }, TEXT_WORD);
	snprintf(text, WORDS_FLIGHT_MAX, "%s %s%s(pid %d)%s", places[evidence->flight], program, *program ? " " : "",
	         evidence->pid, evidence->others ? " or of another process" : "");
	return evidence;
}

const char *words_denied(const struct explain *explain)
{
	const struct privilege *privilege = explain->facts.privilege;
	if (privilege && privilege->sees_fds)
		return owners_denied_words(explain->facts.owners->report.denied_cause);
	if (privilege && privilege->root)
		return privilege->has_ptrace
		               ? "root lacks CAP_DAC_READ_SEARCH here (a container gets it with --cap-add)"
		               : "root lacks CAP_SYS_PTRACE here (a container gets it with --cap-add)";
	return "it takes root, or CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH";
}

void words_unseen(const struct explain *explain, char text[WORDS_UNSEEN_MAX])
{
	const struct owner_report *report = &explain->facts.owners->report;
	char program[WORDS_NAME_MAX], *to = text;
	*text = '\0';
	for (unsigned i = 0; i < report->denied && report->denied <= OWNER_DENIED_NAMED; i++) {
		const struct owner_denied *denied = &report->denied_who[i];
		words_bytes(program, (struct bytes){ denied->comm, strlen(denied->comm) }, TEXT_WORD);
		to += sprintf(to, "%s%s%s(pid %d)", i ? ", " : " (", program, *program ? " " : "", denied->pid);
	}
	if (*text)
		strcpy(to, ")");
}

void words_container_id(char text[WORDS_NAME_MAX], const struct container *container)
{
	struct bytes id = container->id;
	if (id.len == 64)
		id.len = 12;
	words_bytes(text, id, TEXT_WORD);
}

void words_home(const struct explain *explain, char text[WORDS_PROCESS_MAX], const struct process *process)
{
	struct bytes path = owners_text(explain->facts.owners, process->cgroup), unit;
	struct container container;
	char name[WORDS_NAME_MAX];
	*text = '\0';
	if (path.data && cgroup_container(path, &container)) {
		words_container_id(name, &container);
		snprintf(text, WORDS_PROCESS_MAX, ", %s %s", container.runtime, name);
	} else if (path.data && cgroup_unit(path, &unit)) {
		words_bytes(name, unit, TEXT_WORD);
		snprintf(text, WORDS_PROCESS_MAX, ", %s", name);
	}
}

size_t words_command(char *to, size_t size, struct bytes cmdline)
{
	size_t len = cmdline.len < size ? cmdline.len : size;
	if (len)
		memcpy(to, cmdline.data, len);
	while (len && !to[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (!to[i])
			to[i] = ' ';
	return len;
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
	const char *name = errno_name(number);
	return name ? name : "an error";
}

bool process_is(const struct explain *explain, const struct process *process, const char *name)
{
	struct bytes program = owners_text(explain->facts.owners, process->program);
	return program.data && program.len == strlen(name) && memcmp(program.data, name, program.len) == 0;
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

const char *words_unread(int number)
{
	switch (number) {
	case EINTR:
		return "it kept changing";
	case ENOBUFS:
		return "a part of the kernel's answer was lost";
	case EBADMSG:
		return "a part of the kernel's answer could not be read";
	case E2BIG:
		return "there is too much of it";
	default:
		return strerror(number);
	}
}
