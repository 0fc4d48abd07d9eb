// SPDX-License-Identifier: MIT
/*
 * cgroup.c - what a cgroup's path tells of units and containers (cgroup.h).
 *
 * The shapes are those the runtimes' cgroup drivers make:
 *
 *   /docker/ID  /system.slice/docker-ID.scope                     docker (cgroupfs, systemd)
 *   /machine.slice/libpod-ID.scope[/container]  /libpod_parent/libpod-ID    podman
 *   /kubepods.slice/.../cri-containerd-ID.scope  /kubepods/.../ID  containerd under Kubernetes
 *   /system.slice/containerd.service/k8s.io/ID?  /NAMESPACE/ID     containerd's own
 *   /kubepods.slice/.../crio-ID.scope                             cri-o
 *   /lxc.payload.NAME  /lxc/NAME  /lxc.payload/NAME               lxc
 *   /machine.slice/machine-NAME.scope  systemd-nspawn@NAME.service     systemd-nspawn
 */
#include <sockview/cgroup.h>

#include <string.h>

#include <sockview/countof.h>

static bool starts(struct bytes text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool ends(struct bytes text, const char *suffix)
{
	size_t len = strlen(suffix);
	return text.len >= len && memcmp((const char *)text.data + text.len - len, suffix, len) == 0;
}

static bool is_word(struct bytes text, const char *word)
{
	return text.len == strlen(word) && starts(text, word);
}

/* The last part of the path, which is cut off it; false if there is none. */
static bool last_part(struct bytes *path, struct bytes *part)
{
	const char *text = path->data;
	while (path->len && text[path->len - 1] == '/')
		path->len--;
	if (!path->len)
		return false;
	const char *slash = memrchr(text, '/', path->len);
	const char *from = slash ? slash + 1 : text;
	*part = (struct bytes){ from, path->len - (size_t)(from - text) };
	path->len = (size_t)(from - text);
	return true;
}

bool cgroup_unit(struct bytes path, struct bytes *unit)
{
	static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };
	struct bytes part;
	while (path.data && last_part(&path, &part))
		for (size_t i = 0; i < countof(suffixes); i++)
			if (ends(part, suffixes[i]) && part.len > strlen(suffixes[i])) {
				*unit = part;
				return true;
			}
	return false;
}

/* --- containers --- */

enum id_kind { ID_HEX, ID_NAME };

/* A part of a path that names a container: prefix + id + suffix, maybe only below a certain part. */
static const struct shape {
	const char *prefix, *suffix;
	const char *parent; /* NULL: anywhere; else what the part above begins with */
	enum id_kind id;
	const char *runtime;
} shapes[] = {
	{ "docker-", ".scope", NULL, ID_HEX, "docker" },
	{ "libpod-conmon-", ".scope", NULL, ID_HEX, NULL },
	{ "libpod-", ".scope", NULL, ID_HEX, "podman" },
	{ "libpod-", "", NULL, ID_HEX, "podman" },
	{ "cri-containerd-", ".scope", NULL, ID_HEX, "containerd" },
	{ "cri-containerd:", "", NULL, ID_HEX, "containerd" },
	{ "nerdctl-", ".scope", NULL, ID_HEX, "containerd" },
	{ "crio-conmon-", ".scope", NULL, ID_HEX, NULL },
	{ "crio-", ".scope", NULL, ID_HEX, "cri-o" },
	{ "crio-", "", NULL, ID_HEX, "cri-o" },
	{ "buildkit-", ".scope", NULL, ID_HEX, "buildkit" },
	{ "lxc.monitor.", "", NULL, ID_NAME, NULL },
	{ "lxc.payload.", "", NULL, ID_NAME, "lxc" },
	{ "", "", "lxc.payload", ID_NAME, "lxc" },
	{ "", "", "lxc", ID_NAME, "lxc" },
	{ "machine-qemu", ".scope", NULL, ID_NAME, NULL },
	{ "machine-lxc\\x2d", ".scope", NULL, ID_NAME, "lxc" },
	{ "machine-", ".scope", NULL, ID_NAME, "systemd-nspawn" },
	{ "systemd-nspawn@", ".service", NULL, ID_NAME, "systemd-nspawn" },
	{ "", "", "docker", ID_HEX, "docker" },
	{ "", "", "libpod_parent", ID_HEX, "podman" },
	{ "", "", "moby", ID_HEX, "docker" },
	{ "", "", "k8s.io", ID_HEX, "containerd" },
	{ "", "", "default", ID_HEX, "containerd" },
	{ "", "", NULL, ID_HEX, "container" },
};

static bool is_hex(struct bytes text)
{
	const char *byte = text.data;
	for (size_t i = 0; i < text.len; i++)
		if (!(byte[i] >= '0' && byte[i] <= '9') && !(byte[i] >= 'a' && byte[i] <= 'f'))
			return false;
	return text.len == 64;
}

/* "cri-containerd-ID", also where systemd's colon form "SLICE:cri-containerd:ID" names it. */
static struct bytes behind_colons(struct bytes part)
{
	const char *text = part.data;
	const char *colon = memchr(text, ':', part.len);
	if (!colon || (size_t)(colon - text) < 6 || memcmp(colon - 6, ".slice", 6) != 0)
		return part;
	return (struct bytes){ colon + 1, part.len - (size_t)(colon + 1 - text) };
}

static bool shape_fits(const struct shape *shape, struct bytes part, struct bytes above, struct bytes *id)
{
	size_t prefix = strlen(shape->prefix), suffix = strlen(shape->suffix);
	if (!starts(part, shape->prefix) || !ends(part, shape->suffix) || part.len <= prefix + suffix)
		return false;
	if (shape->parent && !is_word(above, shape->parent))
		return false;
	*id = (struct bytes){ (const char *)part.data + prefix, part.len - prefix - suffix };
	return shape->id == ID_NAME || is_hex(*id);
}

static const struct shape *shape_of(struct bytes part, struct bytes above, struct bytes *id)
{
	part = behind_colons(part);
	for (size_t i = 0; i < countof(shapes); i++)
		if (shape_fits(&shapes[i], part, above, id))
			return &shapes[i];
	return NULL;
}

bool cgroup_container(struct bytes path, struct container *container)
{
	struct bytes part;
	while (path.data && last_part(&path, &part)) {
		struct bytes rest = path, above = { "", 0 }, id;
		last_part(&rest, &above);
		const struct shape *shape = shape_of(part, above, &id);
		if (!shape)
			continue;
		/* The runtime's own helper beside a container is in none. */
		if (!shape->runtime)
			return false;
		*container = (struct container){ shape->runtime, id };
		return true;
	}
	return false;
}
