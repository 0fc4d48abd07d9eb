// SPDX-License-Identifier: MIT
/*
 * containers.c - names of containers from the runtimes' own files (containers.h).
 *
 * Each runtime keeps what it was told of a container as JSON under its id. Only one string of it is
 * wanted, so it is searched for and not parsed: what is found counts only if it is a plain name.
 */
#include <sockview/containers.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/vec.h>

enum { ID_MAX = 256, NAME_MAX_LEN = 128, FILE_MAX = 4 << 20 };

#define STORAGE "var/lib/containers/storage/overlay-containers/"
#define TASKS   "run/containerd/io.containerd.runtime.v2.task/"

/* Where the name is, below the machine's root: before + id + after. */
static const struct name_place {
	const char *before, *after; /* after NULL: one file of all containers, the name is the first behind the id */
	const char *key;
} places[] = {
	{ "var/lib/docker/containers/", "/config.v2.json", "Name" },
	{ TASKS "k8s.io/", "/config.json", "io.kubernetes.cri.container-name" },
	{ TASKS "default/", "/config.json", "nerdctl/name" },
	{ STORAGE, "/userdata/config.json", "io.kubernetes.container.name" },
	{ "run/containers/storage/overlay-containers/", "/userdata/config.json", "io.kubernetes.container.name" },
	{ STORAGE "containers.json", NULL, "names" },
	{ STORAGE "volatile-containers.json", NULL, "names" },
};

struct container_name {
	char *id, *name; /* name NULL: none was found */
	size_t id_len;
};

struct containers {
	int root_fd;
	struct container_name *known; /* by id */
	size_t count, capacity;
};

struct containers *containers_new(int root_fd)
{
	struct containers *containers = calloc(1, sizeof(*containers));
	if (containers)
		containers->root_fd = root_fd;
	else if (root_fd >= 0)
		close(root_fd);
	return containers;
}

void containers_free(struct containers *containers)
{
	if (!containers)
		return;
	for (size_t i = 0; i < containers->count; i++) {
		free(containers->known[i].id);
		free(containers->known[i].name);
	}
	free(containers->known);
	if (containers->root_fd >= 0)
		close(containers->root_fd);
	free(containers);
}

static int compare_ids(struct bytes left, struct bytes right)
{
	int order = memcmp(left.data, right.data, left.len < right.len ? left.len : right.len);
	return order ? order : (left.len > right.len) - (left.len < right.len);
}

/* Where the id is, or belongs. */
static size_t containers_place(const struct containers *containers, struct bytes id, bool *is_there)
{
	size_t low = 0, high = containers->count;
	*is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct container_name *known = &containers->known[middle];
		int order = compare_ids((struct bytes){ known->id, known->id_len }, id);
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
			*is_there |= !order;
		}
	}
	return low;
}

struct bytes containers_name(const struct containers *containers, struct bytes id)
{
	bool is_there;
	size_t place = containers_place(containers, id, &is_there);
	const char *name = is_there ? containers->known[place].name : NULL;
	return name ? (struct bytes){ name, strlen(name) } : (struct bytes){ 0 };
}

/* --- the files --- */

static bool is_json_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("_.-/", c));
}

/* At a value: a string, or a list whose first element is one. */
static struct bytes plain_string(const char *at, const char *end)
{
	while (at < end && (is_json_blank(*at) || *at == '['))
		at++;
	if (at == end || *at != '"')
		return (struct bytes){ 0 };
	const char *from = ++at;
	while (at < end && is_name_byte(*at))
		at++;
	/* docker writes "/web". */
	if (from < at && *from == '/')
		from++;
	bool whole = at < end && *at == '"' && at > from && at - from <= NAME_MAX_LEN;
	return whole ? (struct bytes){ from, (size_t)(at - from) } : (struct bytes){ 0 };
}

struct bytes containers_find_string(struct bytes json, const char *key, size_t from)
{
	const char *text = json.data, *end = text + json.len;
	size_t len = strlen(key);
	for (const char *at = text + (from < json.len ? from : json.len); at < end; at++) {
		at = memmem(at, (size_t)(end - at), key, len);
		if (!at)
			break;
		const char *behind = at + len;
		if (at == text || at[-1] != '"' || behind == end || *behind != '"')
			continue;
		for (behind++; behind < end && is_json_blank(*behind); behind++)
			;
		if (behind < end && *behind == ':')
			return plain_string(behind + 1, end);
	}
	return (struct bytes){ 0 };
}

/* To be freed; NULL: this place has no name for the id. */
static char *name_from(int root_fd, const struct name_place *place, const char *id)
{
	char path[ID_MAX + 128];
	struct text text = { 0 };
	struct bytes name = { 0 };
	snprintf(path, sizeof(path), "%s%s%s", place->before, place->after ? id : "", place->after ? place->after : "");
	/* Of a larger file the first part will do. */
	if (file_read_text(root_fd, path, FILE_MAX, &text) == 0 || errno == EFBIG) {
		const char *at = place->after ? text.data : memmem(text.data, text.len, id, strlen(id));
		if (at)
			name = containers_find_string((struct bytes){ text.data, text.len }, place->key,
			                              (size_t)(at - text.data));
	}
	char *copy = name.data ? strndup(name.data, name.len) : NULL;
	text_free(&text);
	return copy;
}

/* An id goes into a path: nothing but what ids are made of. */
static bool is_safe(struct bytes id)
{
	const char *text = id.data;
	for (size_t i = 0; i < id.len; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return id.len && id.len < ID_MAX;
}

static char *look_up(const struct containers *containers, const char *id)
{
	for (size_t i = 0; containers->root_fd >= 0 && i < countof(places); i++) {
		char *name = name_from(containers->root_fd, &places[i], id);
		if (name)
			return name;
	}
	return NULL;
}

int containers_want(struct containers *containers, struct bytes cgroup)
{
	struct container container;
	bool is_there;
	if (!cgroup_container(cgroup, &container))
		return 0;
	size_t place = containers_place(containers, container.id, &is_there);
	if (is_there)
		return 0;
	struct container_name known = { .id = strndup(container.id.data, container.id.len),
		                        .id_len = container.id.len };
	if (!known.id)
		return -1;
	if (is_safe(container.id))
		known.name = look_up(containers, known.id);
	struct container_name *added = vec_push(containers->known, containers->count, containers->capacity);
	if (added) {
		struct container_name *at = &containers->known[place];
		memmove(at + 1, at, (size_t)(added - at) * sizeof(*at));
		*at = known;
		return 0;
	}
	free(known.id);
	free(known.name);
	return -1;
}
