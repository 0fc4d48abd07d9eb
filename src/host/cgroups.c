// SPDX-License-Identifier: MIT
/*
 * cgroups.c - the mounted cgroup v2 hierarchy: ids to paths, paths and globs to ids (cgroup.h).
 *
 * The id that sock_diag tells of a socket's cgroup is the inode number of the
 * cgroup's directory (kernfs ids, fs/kernfs: 64 bits since 5.5), and that of
 * no other while the machine is up. A path is resolved with one stat(2), an id
 * by its file handle, which takes CAP_DAC_READ_SEARCH. Globs, and ids without
 * that capability, take a walk over all directories.
 *
 * Where only a part of the hierarchy is mounted (a container's, a bind mount),
 * mountinfo tells which: a cgroup's path is that part's and the directory's.
 */
#include <sockview/cgroup.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/glob.h>
#include <sockview/servant.h>
#include <sockview/vec.h>

#include "host/mountinfo.h"

/* Deeper than real trees are; each level keeps one directory open. */
#define DEPTH_MAX 128

struct cgroups_entry {
	uint64_t id;
	char *path; /* NULL: there was no such cgroup */
};

struct cgroups {
	int fd;                      /* the mount's root directory */
	char *mount;                 /* its mount point */
	char *root;                  /* what is mounted there: "" for the whole hierarchy, else "/docker/ID" */
	struct cgroups_entry *entry; /* what is known, by id */
	size_t count, capacity;
	struct servant *servant;
	bool no_handles; /* we may not open cgroups by id */
	bool walked;     /* since cgroups_look() */
	int unread;      /* errno: why a part was not read; 0: all of it was */
};

/* --- the mount --- */

/* A cgroup that is gone (ENODEV: kernfs, of a directory that is still open), or below another mount, is not lacking. */
static void cgroups_lack(struct cgroups *cgroups, int number)
{
	if (number != ENOENT && number != ENODEV && number != ESTALE)
		cgroups->unread = number;
}

/* A mount that shows all: the hierarchy's root, or what is above our cgroup namespace's root. */
static bool shows_all(const struct mount *mount)
{
	return strcmp(mount->root, "/") == 0 || strncmp(mount->root, "/..", 3) == 0;
}

/* The first mount of the whole hierarchy, else the first of a part. 0; 1 it stays as it was; -1 with errno. */
static int cgroups_take(struct cgroups *cgroups, const struct mountinfo *mountinfo, const struct mount *mount)
{
	if (strcmp(mount->type, "cgroup2") != 0 || (cgroups->fd >= 0 && !shows_all(mount)))
		return 1;
	int fd = mountinfo_enter(mountinfo, mount);
	if (fd < 0) {
		cgroups_lack(cgroups, errno);
		return 1;
	}
	cgroups->unread = 0;
	if (cgroups->fd >= 0)
		close(cgroups->fd);
	free(cgroups->mount);
	free(cgroups->root);
	cgroups->fd = fd;
	cgroups->mount = strdup(mount->where);
	cgroups->root = strdup(strcmp(mount->root, "/") == 0 ? "" : mount->root);
	return cgroups->mount && cgroups->root ? 0 : -1;
}

static int cgroups_find_mount(struct cgroups *cgroups, int proc_fd, const char *process)
{
	struct mountinfo mountinfo;
	struct mount mount;
	int result = mountinfo_open(&mountinfo, proc_fd, process);
	while (result == 0 && mountinfo_next(&mountinfo, &mount)) {
		int taken = cgroups_take(cgroups, &mountinfo, &mount);
		if (taken < 0)
			result = -1;
		else if (taken == 0 && shows_all(&mount))
			break;
	}
	if (result == 0 && cgroups->fd < 0) {
		errno = cgroups->unread ? cgroups->unread : ENOENT;
		result = -1;
	}
	int saved = errno;
	mountinfo_close(&mountinfo);
	errno = saved;
	return result;
}

struct cgroups *cgroups_open(int proc_fd, bool proc_is_ours)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	if (!cgroups)
		return NULL;
	cgroups->fd = -1;
	if (cgroups_find_mount(cgroups, proc_fd, proc_is_ours ? "self" : "1") == 0)
		return cgroups;
	int saved = errno;
	cgroups_free(cgroups);
	errno = saved;
	return NULL;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	if (cgroups->fd >= 0)
		close(cgroups->fd);
	free(cgroups->mount);
	free(cgroups->root);
	for (size_t i = 0; i < cgroups->count; i++)
		free(cgroups->entry[i].path);
	free(cgroups->entry);
	free(cgroups);
}

int cgroups_root(const struct cgroups *cgroups, bool *whole)
{
	struct stat space;
	/* PROC_CGROUP_INIT_INO (include/linux/proc_ns.h): a cgroup namespace of its own begins below the root. */
	*whole = !*cgroups->root && stat("/proc/self/ns/cgroup", &space) == 0 && space.st_ino == 0xEFFFFFFBu;
	return cgroups->fd;
}

/* --- what is known --- */

/* Where the id is among the first `count` entries, or belongs. */
static size_t entry_place(const struct cgroups *cgroups, size_t count, uint64_t id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cgroups->entry[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct cgroups_entry *entry_find(const struct cgroups *cgroups, size_t count, uint64_t id)
{
	size_t place = entry_place(cgroups, count, id);
	return place < count && cgroups->entry[place].id == id ? &cgroups->entry[place] : NULL;
}

/* Takes the path, which may be NULL. NULL for want of memory, which is noted. */
static struct cgroups_entry *entry_insert(struct cgroups *cgroups, uint64_t id, char *path)
{
	size_t place = entry_place(cgroups, cgroups->count, id);
	struct cgroups_entry *last = vec_push(cgroups->entry, cgroups->count, cgroups->capacity);
	if (!last) {
		cgroups->unread = errno;
		free(path);
		return NULL;
	}
	struct cgroups_entry *at = &cgroups->entry[place];
	memmove(at + 1, at, (size_t)(last - at) * sizeof(*at));
	*at = (struct cgroups_entry){ id, path };
	return at;
}

static struct bytes entry_path(const struct cgroups_entry *entry)
{
	return entry && entry->path ? (struct bytes){ entry->path, strlen(entry->path) } : (struct bytes){ 0 };
}

/* --- the walk --- */

struct cgroups_walk {
	struct cgroups *cgroups;
	char path[PATH_MAX]; /* of the directory the walk is at: the mounted part's, then "/" before each name */
	size_t len;
	unsigned depth;
	size_t known; /* entries, by id; those that are found stand behind them */
};

static int walk_add(struct cgroups_walk *walk, uint64_t id)
{
	struct cgroups *cgroups = walk->cgroups;
	struct cgroups_entry *entry = entry_find(cgroups, walk->known, id);
	if (entry && entry->path)
		return 0;
	char *path = walk->len ? strndup(walk->path, walk->len) : strdup("/");
	if (!path)
		return -1;
	if (!entry)
		entry = vec_push(cgroups->entry, cgroups->count, cgroups->capacity);
	if (!entry) {
		free(path);
		return -1;
	}
	*entry = (struct cgroups_entry){ id, path };
	return 0;
}

static int walk_directory(struct cgroups_walk *walk, int fd);

/* A directory that cannot be opened is left out, and what is in it. */
static int walk_entry(struct cgroups_walk *walk, int parent, const struct dirent *entry)
{
	size_t name = strlen(entry->d_name), before = walk->len;
	if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (before + 1 + name >= sizeof(walk->path) || walk->depth >= DEPTH_MAX)
		return 0;
	int fd = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		cgroups_lack(walk->cgroups, errno);
		return 0;
	}
	walk->path[before] = '/';
	memcpy(walk->path + before + 1, entry->d_name, name);
	walk->len = before + 1 + name;
	walk->depth++;
	int result = walk_directory(walk, fd);
	walk->depth--;
	walk->len = before;
	return result;
}

/* Closes fd. */
static int walk_directory(struct cgroups_walk *walk, int fd)
{
	struct stat stat;
	DIR *directory = fstat(fd, &stat) < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		cgroups_lack(walk->cgroups, errno);
		close(fd);
		return 0;
	}
	int result = walk_add(walk, stat.st_ino);
	struct dirent *entry;
	while (errno = result ? errno : 0, !result && (entry = readdir(directory)))
		result = walk_entry(walk, fd, entry);
	/* readdir() says of an error only by errno, and closedir() of nothing that matters here. */
	int number = errno;
	if (!result)
		cgroups_lack(walk->cgroups, number ? number : ENOENT);
	closedir(directory);
	errno = number;
	return result;
}

static int compare_entries(const void *a, const void *b)
{
	uint64_t left = ((const struct cgroups_entry *)a)->id, right = ((const struct cgroups_entry *)b)->id;
	return left < right ? -1 : left > right;
}

int cgroups_read(struct cgroups *cgroups)
{
	/* Too large for a stack that the walk itself uses. */
	struct cgroups_walk *walk = calloc(1, sizeof(*walk));
	if (!walk)
		return -1;
	walk->cgroups = cgroups;
	walk->known = cgroups->count;
	walk->len = strlen(cgroups->root);
	int fd = walk->len < sizeof(walk->path) ? openat(cgroups->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	memcpy(walk->path, cgroups->root, fd < 0 ? 0 : walk->len);
	cgroups->unread = 0;
	cgroups->walked = true;
	int result = fd < 0 ? -1 : walk_directory(walk, fd);
	free(walk);
	if (cgroups->count)
		qsort(cgroups->entry, cgroups->count, sizeof(*cgroups->entry), compare_entries);
	return result;
}

int cgroups_unread(const struct cgroups *cgroups)
{
	return cgroups->unread;
}

/* --- one cgroup by its id --- */

/* Its path as the kernel writes it behind that of the mount; false if another cgroup, or none, is there. */
static bool path_of(const struct cgroups *cgroups, int fd, uint64_t id, char path[PATH_MAX])
{
	char link[32], base[PATH_MAX];
	struct stat status;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", cgroups->fd);
	ssize_t len = readlink(link, base, sizeof(base));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t all = len < 0 ? -1 : readlink(link, path, PATH_MAX);
	if (all < len || all == PATH_MAX || memcmp(path, base, (size_t)len) != 0)
		return false;
	path[all] = '\0';
	memmove(path, path + len, (size_t)(all - len) + 1);
	const char *below = path + strspn(path, "/");
	return (below > path || !*path) && fstatat(cgroups->fd, *below ? below : ".", &status, 0) == 0 &&
	       status.st_ino == id;
}

/*
 * FILEID_KERNFS (include/linux/exportfs.h) is a handle that is the id, since 5.5.
 * 1 found; 0 not; -1 with errno ENOMEM.
 */
static int open_by_id(struct cgroups *cgroups, uint64_t id, char **found)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} handle = { .head = { .handle_bytes = sizeof(id), .handle_type = 0xfe } };
	char path[PATH_MAX];
	if (cgroups->no_handles || *cgroups->root)
		return 0;
	memcpy(handle.bytes + sizeof(handle.head), &id, sizeof(id));
	int fd = open_by_handle_at(cgroups->fd, &handle.head, O_PATH | O_CLOEXEC);
	cgroups->no_handles = fd < 0 && errno != ESTALE;
	if (fd < 0)
		return 0;
	bool is_it = path_of(cgroups, fd, id, path);
	close(fd);
	if (!is_it)
		return 0;
	*found = strdup(*path ? path : "/");
	return *found ? 1 : -1;
}

void cgroups_look(struct cgroups *cgroups)
{
	cgroups->walked = false;
}

static struct cgroups_entry *find_unknown(struct cgroups *cgroups, uint64_t id)
{
	char *path = NULL;
	int found = open_by_id(cgroups, id, &path);
	if (found > 0)
		return entry_insert(cgroups, id, path);
	if (found < 0)
		cgroups->unread = errno;
	/* One that was made after the walk is told by the next look. */
	if (found < 0 || cgroups->walked)
		return NULL;
	if (cgroups_read(cgroups) < 0) {
		cgroups->unread = errno;
		return NULL;
	}
	struct cgroups_entry *entry = entry_find(cgroups, cgroups->count, id);
	return entry ? entry : entry_insert(cgroups, id, NULL);
}

struct cgroups_asked {
	struct cgroups *cgroups;
	uint64_t id;
	const struct cgroups_entry *found;
};

static ssize_t find_served(void *context)
{
	struct cgroups_asked *asked = context;
	asked->found = find_unknown(asked->cgroups, asked->id);
	return 0;
}

void cgroups_serve(struct cgroups *cgroups, struct servant *servant)
{
	cgroups->servant = servant;
}

struct bytes cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	const struct cgroups_entry *entry = entry_find(cgroups, cgroups->count, id);
	struct cgroups_asked asked = { .cgroups = cgroups, .id = id, .found = entry };
	if (!entry && cgroups->servant)
		servant_call(cgroups->servant, find_served, &asked);
	else if (!entry)
		find_served(&asked);
	return entry_path(asked.found);
}

/* --- what fits a path or glob --- */

/* The bytes of `path` that are `prefix`, whole names only; 0 if it does not begin so. */
static size_t names_prefix(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(path, prefix, len) == 0 && (path[len] == '/' || !path[len]) ? len : 0;
}

/* The glob as a path of the hierarchy. NULL with errno ENOMEM. */
static char *hierarchy_path(const struct cgroups *cgroups, const char *glob)
{
	size_t mount = strcmp(cgroups->mount, "/") != 0 ? names_prefix(glob, cgroups->mount) : 0;
	const char *root = mount ? cgroups->root : "", *rest = glob + mount;
	if (!*root && !*rest)
		rest = "/";
	char *path = malloc(strlen(root) + strlen(rest) + 1);
	if (path)
		strcpy(stpcpy(path, root), rest);
	return path;
}

static int match_add(struct cgroup_match *match, uint64_t id)
{
	uint64_t *added = vec_push(match->id, match->count, match->capacity);
	if (!added)
		return -1;
	*added = id;
	return 0;
}

static int match_path(const struct cgroups *cgroups, struct cgroup_match *match)
{
	struct stat status;
	size_t root = names_prefix(match->path, cgroups->root);
	if (*cgroups->root && !root) /* not in the part that is mounted */
		return 0;
	const char *below = match->path + root + strspn(match->path + root, "/");
	if (fstatat(cgroups->fd, *below ? below : ".", &status, 0) < 0 || !S_ISDIR(status.st_mode))
		return 0;
	return match_add(match, status.st_ino);
}

static int match_glob(struct cgroups *cgroups, struct cgroup_match *match)
{
	size_t len = strlen(match->path);
	if (cgroups_read(cgroups) < 0)
		return -1;
	for (size_t i = 0; i < cgroups->count; i++) {
		struct bytes path = entry_path(&cgroups->entry[i]);
		if (path.data && glob_match(match->path, len, path.data, path.len, false) &&
		    match_add(match, cgroups->entry[i].id) < 0)
			return -1;
	}
	return 0;
}

int cgroups_match(struct cgroups *cgroups, const char *glob, struct cgroup_match *match)
{
	*match = (struct cgroup_match){ .path = hierarchy_path(cgroups, glob) };
	if (!match->path)
		return -1;
	match->known = true;
	if (glob_is_pattern(match->path, strlen(match->path)))
		return match_glob(cgroups, match);
	return match_path(cgroups, match);
}

void cgroup_match_free(struct cgroup_match *match)
{
	free(match->id);
	free(match->path);
	*match = (struct cgroup_match){ 0 };
}
