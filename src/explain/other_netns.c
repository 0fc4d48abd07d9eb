/*
 * other_netns.c - the same port in other network namespaces (other_netns.h).
 *
 * Without entering a namespace, its listeners can be read in the /proc/PID/net
 * of any process that lives there. The kernel writes listeners first: reading
 * ends at the first other socket, however many there are.
 */
#include "explain/other_netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/process_list.h>
#include <sockview/text.h>
#include <sockview/vec.h>

enum {
	PLACES_MAX = 256,   /* containers on a large host; what is left out is counted */
	FILE_MAX = 1 << 20, /* bytes of one file: some 6,000 listeners */
};

/* --- one line --- */

/* Hexadecimal digits up to `end` character; the place behind it, NULL if it is not there. */
static const char *take_hex(const char *at, const char *stop, char end, uint64_t *value)
{
	unsigned digits = 0;
	for (*value = 0; at < stop && *at != end; at++) {
		unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
		                 : *at >= 'A' && *at <= 'F' ? (unsigned)(*at - 'A') + 10
		                                            : 16;
		if (digit == 16 || ++digits > 16)
			return NULL;
		*value = *value << 4 | digit;
	}
	return digits && at < stop ? at + 1 : NULL;
}

/* The kernel prints each 32-bit word of an address in the host's byte order. */
static const char *take_addr(const char *at, const char *stop, int family, union addr *addr, uint16_t *port)
{
	size_t words = family == AF_INET ? 1 : 4;
	uint64_t value;
	*addr = (union addr){ 0 };
	for (size_t i = 0; i < words; i++) {
		char digits[10];
		if (stop - at < 9)
			return NULL;
		memcpy(digits, at, 8);
		digits[8] = ' ';
		if (!take_hex(digits, digits + 9, ' ', &value))
			return NULL;
		addr->word[i] = (uint32_t)value;
		at += 8;
	}
	if (at >= stop || *at != ':')
		return NULL;
	at = take_hex(at + 1, stop, ' ', &value);
	if (!at || value > UINT16_MAX)
		return NULL;
	*port = (uint16_t)value;
	return at;
}

/* Behind `count` more words; NULL if there are not as many. */
static const char *skip_words(const char *at, const char *stop, int count)
{
	while (at && count-- > 0) {
		while (at < stop && *at == ' ')
			at++;
		at = memchr(at, ' ', (size_t)(stop - at));
	}
	return at;
}

static bool take_decimal(const char *at, const char *stop, uint64_t max, uint64_t *value)
{
	while (at < stop && *at == ' ')
		at++;
	const char *end = at;
	while (end < stop && *end >= '0' && *end <= '9')
		end++;
	return text_parse_u64(at, (size_t)(end - at), max, value);
}

/* "  0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 UID TIMEOUT INODE ..." */
bool elsewhere_line(const char *line, size_t len, enum proto proto, int family, struct row *row)
{
	const char *stop = line + len, *at = memchr(line, ':', len);
	uint64_t state, uid, inode;
	*row = (struct row){ .proto = (uint8_t)proto, .family = (uint8_t)family };
	if (!at || stop - at < 2 || at[1] != ' ')
		return false;
	at = take_addr(at + 2, stop, family, &row->local, &row->local_port);
	at = at ? take_addr(at, stop, family, &row->remote, &row->remote_port) : NULL;
	at = at ? take_hex(at, stop, ' ', &state) : NULL;
	/* queues, timer, retransmits */
	const char *uid_at = skip_words(at, stop, 3), *inode_at = skip_words(uid_at, stop, 2);
	if (!inode_at || !take_decimal(uid_at, stop, UINT32_MAX, &uid) ||
	    !take_decimal(inode_at, stop, UINT32_MAX, &inode) || state >= STATE_COUNT)
		return false;
	row->state = (uint8_t)state;
	row->uid = (uint32_t)uid;
	row->inode = (uint32_t)inode;
	row->flags = ROW_HAS_UID;
	return true;
}

/* --- one namespace --- */

struct netns_reading {
	enum proto proto;
	int family;
	uint16_t port;
	uint16_t netns;
	struct table *table;
	bool full; /* no memory */
};

/* False ends the file: it is TCP's first socket that does not listen. */
static bool take_line(struct netns_reading *reading, const char *line, size_t len)
{
	struct sock sock = { 0 };
	enum state listening = reading->proto == PROTO_TCP ? STATE_LISTEN : STATE_CLOSE;
	if (!elsewhere_line(line, len, reading->proto, reading->family, &sock.row))
		return true;
	if (sock.row.state != listening)
		return reading->proto != PROTO_TCP;
	if (sock.row.local_port != reading->port)
		return true;
	sock.row.netns = reading->netns;
	reading->full = table_add(reading->table, &sock) < 0;
	return !reading->full;
}

/* Whole lines of the text; what is left of the last, or SIZE_MAX at the end. */
static size_t take_lines(struct netns_reading *reading, char *text, size_t len)
{
	char *line = text, *end;
	while ((end = memchr(line, '\n', len - (size_t)(line - text)))) {
		if (!take_line(reading, line, (size_t)(end - line)))
			return SIZE_MAX;
		line = end + 1;
	}
	size_t rest = len - (size_t)(line - text);
	memmove(text, line, rest);
	return rest;
}

/*
 * "TCP: inuse 3 orphan 0 ...", "TCP6: inuse 1": without a socket in use there
 * is no listener, and the kernel need not walk its whole table to say so.
 */
static bool has_sockets(int proc_fd, const struct place *place, enum proto proto, int family)
{
	const char *word = proto == PROTO_TCP  ? family == AF_INET ? "TCP: inuse " : "TCP6: inuse "
	                   : family == AF_INET ? "UDP: inuse "
	                                       : "UDP6: inuse ";
	char path[64], text[1024];
	snprintf(path, sizeof(path), "%d/net/sockstat%s", place->pid, family == AF_INET ? "" : "6");
	ssize_t len = file_read_once(proc_fd, path, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	const char *at = strstr(text, word);
	return !at || at[strlen(word)] != '0';
}

/* In small pieces, so that the kernel does not format what is not read. */
static void read_sockets(struct netns_reading *reading, int fd)
{
	char text[4096];
	size_t have = 0, total = 0;
	while (total < FILE_MAX && have < sizeof(text)) {
		ssize_t got = read(fd, text + have, sizeof(text) - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		total += (size_t)got;
		have = take_lines(reading, text, have + (size_t)got);
	}
}

static int read_place(int proc_fd, const struct place *place, struct netns_reading *reading)
{
	static const struct {
		const char *file;
		enum proto proto;
		int family;
	} files[] = {
		{ "tcp", PROTO_TCP, AF_INET },
		{ "tcp6", PROTO_TCP, AF_INET6 },
		{ "udp", PROTO_UDP, AF_INET },
		{ "udp6", PROTO_UDP, AF_INET6 },
	};

	for (size_t i = 0; i < countof(files); i++) {
		char path[64];
		if (files[i].proto != reading->proto || !has_sockets(proc_fd, place, files[i].proto, files[i].family))
			continue;
		snprintf(path, sizeof(path), "%d/net/%s", place->pid, files[i].file);
		int fd = file_open(proc_fd, path);
		if (fd < 0)
			continue;
		reading->family = files[i].family;
		read_sockets(reading, fd);
		close(fd);
	}
	return reading->full ? -1 : 0;
}

/* --- all processes --- */

static uint64_t netns_of(int proc_fd, const char *process)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "%.32s/ns/net", process);
	return fstatat(proc_fd, path, &status, 0) == 0 ? status.st_ino : 0;
}

static int place_add(struct elsewhere *elsewhere, uint64_t inode, int32_t pid)
{
	for (size_t i = 0; i < elsewhere->places; i++)
		if (elsewhere->place[i].inode == inode)
			return 0;
	if (elsewhere->places == PLACES_MAX) {
		elsewhere->left_out++;
		return 0;
	}
	struct place *place = vec_push(elsewhere->place, elsewhere->places, elsewhere->capacity);
	if (!place)
		return -1;
	*place = (struct place){ inode, pid };
	return 0;
}

static int list_places(struct elsewhere *elsewhere, int proc_fd, const struct process_list *list, uint64_t ours)
{
	int answer = 0;
	for (size_t i = 0; i < list->count && answer == 0; i++) {
		char process[16];
		snprintf(process, sizeof(process), "%d", list->pid[i]);
		uint64_t inode = netns_of(proc_fd, process);
		if (!inode)
			elsewhere->hidden += errno == EACCES || errno == EPERM;
		else if (inode != ours)
			answer = place_add(elsewhere, inode, list->pid[i]);
	}
	return answer;
}

int elsewhere_find(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table)
{
	uint64_t ours = netns_of(proc_fd, "self");
	struct netns_reading reading = { .proto = proto, .port = port, .table = table };
	struct process_list list;
	if (!ours)
		return 0;
	int answer = process_list_read(&list, proc_fd);
	if (answer == 0)
		answer = list_places(elsewhere, proc_fd, &list, ours);
	else if (errno != ENOMEM)
		answer = 0;
	process_list_free(&list);
	for (size_t i = 0; i < elsewhere->places && answer == 0; i++) {
		reading.netns = (uint16_t)(i + 1);
		answer = read_place(proc_fd, &elsewhere->place[i], &reading);
	}
	return answer;
}

void elsewhere_free(struct elsewhere *elsewhere)
{
	free(elsewhere->place);
	*elsewhere = (struct elsewhere){ 0 };
}
