// SPDX-License-Identifier: MIT
/*
 * fuzz_columns.c - any bytes as a socket's details and as the text of its owner, through every column
 * and the writers of text: what comes out is printable, valid UTF-8, and gives the bytes back.
 *
 * The first byte chooses state and family, the second which blob the rest is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/cgroup.h>
#include <sockview/column_table.h>
#include <sockview/containers.h>
#include <sockview/names.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_printable(const struct text *text)
{
	for (size_t at = 0; at < text->len;) {
		size_t len = text_utf8_len(text->data + at, text->len - at);
		check(len && ((uint8_t)text->data[at] >= 0x20) && text->data[at] != 0x7f);
		at += len;
	}
}

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Undoing the two escapes gives the bytes. */
static void check_round_trip(struct bytes bytes, enum text_escape how)
{
	struct text text = { 0 };
	const uint8_t *want = bytes.data;
	size_t found = 0;
	check(text_add_escaped(&text, bytes, how) == 0);
	check_printable(&text);
	for (size_t at = 0; at < text.len; found++) {
		uint8_t byte = (uint8_t)text.data[at++];
		if (byte == '\\') {
			check(at < text.len);
			byte = (uint8_t)text.data[at++];
			if (byte == 'x') {
				check(at + 2 <= text.len);
				byte = (uint8_t)(hex(text.data[at]) << 4 | hex(text.data[at + 1]));
				at += 2;
			} else {
				check(byte == '\\');
			}
		} else if (how == TEXT_WORD) {
			check(byte != ' ');
		}
		check(found < bytes.len && byte == want[found]);
	}
	check(found == bytes.len);
	text_free(&text);
}

static void through_columns(const struct sock *sock, struct names *names)
{
	const struct column_context context = { .names = names, .kernel = KERNEL(6, 18), .numeric_ports = true };
	struct column_source source;
	const struct column *column;
	struct text text = { 0 };
	column_source_set(&source, &context, sock);
	for (size_t i = 0; (column = column_at(i)); i++) {
		struct value value;
		column_get(column, &source, &value);
		text.len = 0;
		check(value_text(&text, &value, &source) == 0);
		check_printable(&text);
		check(!value_is_short(&value) || text.len <= VALUE_SHORT_MAX);
	}
	text_free(&text);
}

static void check_inside(struct bytes part, struct bytes whole)
{
	const char *from = whole.data, *at = part.data;
	check(at >= from && part.len <= whole.len && (size_t)(at - from) <= whole.len - part.len);
}

static void through_cgroup(struct bytes path)
{
	struct bytes unit;
	struct container container;
	if (cgroup_unit(path, &unit))
		check_inside(unit, path);
	if (cgroup_container(path, &container))
		check_inside(container.id, path);
	struct bytes name = containers_find_string(path, "Name", 0);
	if (name.data)
		check_inside(name, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names *names;
	if (!names)
		names = names_new();
	if (size < 2 || !names)
		return 0;
	struct sock sock = { .row = { .state = data[0] % STATE_COUNT, .proto = data[0] / 16 % PROTO_COUNT } };
	sock.row.family = sock.row.proto == PROTO_UNIX ? AF_UNIX : data[0] & 1 ? AF_INET6 : AF_INET;
	/* A copy of just its length, so that a look behind it is seen. */
	struct bytes rest = { malloc(size - 2 ? size - 2 : 1), size - 2 };
	if (!rest.data)
		return 0;
	memcpy((void *)(uintptr_t)rest.data, data + 2, size - 2);
	sock.blob[data[1] % BLOB_COUNT] = rest;
	through_columns(&sock, names);
	through_cgroup(rest);
	check_round_trip(rest, TEXT_LINE);
	check_round_trip(rest, TEXT_WORD);
	free((void *)(uintptr_t)rest.data);
	return 0;
}
