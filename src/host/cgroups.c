/*
 * cgroups.c - the mounted cgroup v2 hierarchy: ids to paths, paths and globs to ids (cgroup.h).
 *
 * The id that sock_diag tells of a socket's cgroup is the inode number of the
 * cgroup's directory (kernfs ids, fs/kernfs: 64 bits since 5.5). A path is
 * resolved with one stat(2), ids and globs take a walk over all directories.
 *
 * Where only a part of the hierarchy is mounted (a container's, a bind mount),
 * mountinfo tells which: a cgroup's path is that part's and the directory's.
 */
#include <sockview/cgroup.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/glob.h>
#include <sockview/vec.h>

#include "host/mountinfo.h"

/* Deeper than real trees are; each level keeps one directory open. */
#define DEPTH_MAX 128

struct cgroups_entry {
	uint64_t id;
	uint32_t offset, len; /* of its path, in text */
};

struct cgroups {
	int fd;                      /* the mount's root directory */
	char *mount;                 /* its mount point */
	char *root;                  /* what is mounted there: "" for the whole hierarchy, else "/docker/ID" */
	struct cgroups_entry *entry; /* by id, once read */
	size_t count, capacity;
	struct text text;
	int unread; /* errno: why a part was not read; 0: all of it was */
};

/* --- the mount --- */

/* What is gone (ENODEV: kernfs, of a directory that is still open), or below another mount, is not lacking. */
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
	free(cgroups->entry);
	text_free(&cgroups->text);
	free(cgroups);
}

int cgroups_root(const struct cgroups *cgroups, bool *whole)
{
	struct stat space;
	/* PROC_CGROUP_INIT_INO (include/linux/proc_ns.h): a cgroup namespace of its own begins below the root. */
	*whole = !*cgroups->root && stat("/proc/self/ns/cgroup", &space) == 0 && space.st_ino == 0xEFFFFFFBu;
	return cgroups->fd;
}

/* --- the walk --- */

struct cgroups_walk {
	struct cgroups *cgroups;
	char path[PATH_MAX]; /* of the directory the walk is at: the mounted part's, then "/" before each name */
	size_t len;
	unsigned depth;
};

static int walk_add(struct cgroups_walk *walk, uint64_t id)
{
	struct cgroups *cgroups = walk->cgroups;
	const char *path = walk->len ? walk->path : "/";
	size_t len = walk->len ? walk->len : 1, offset = cgroups->text.len;
	if (offset + len > UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	struct cgroups_entry *entry = vec_push(cgroups->entry, cgroups->count, cgroups->capacity);
	if (!entry || text_add(&cgroups->text, path, len) < 0)
		return -1;
	*entry = (struct cgroups_entry){ id, (uint32_t)offset, (uint32_t)len };
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
	walk->len = strlen(cgroups->root);
	int fd = walk->len < sizeof(walk->path) ? openat(cgroups->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	memcpy(walk->path, cgroups->root, fd < 0 ? 0 : walk->len);
	cgroups->count = cgroups->text.len = 0;
	cgroups->unread = 0;
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

struct bytes cgroups_path_at(const struct cgroups *cgroups, size_t index)
{
	if (index >= cgroups->count)
		return (struct bytes){ 0 };
	const struct cgroups_entry *entry = &cgroups->entry[index];
	return (struct bytes){ cgroups->text.data + entry->offset, entry->len };
}

struct bytes cgroups_path(const struct cgroups *cgroups, uint64_t id)
{
	struct cgroups_entry key = { .id = id };
	const struct cgroups_entry *entry = NULL;
	if (cgroups->count)
		entry = bsearch(&key, cgroups->entry, cgroups->count, sizeof(*cgroups->entry), compare_entries);
	return entry ? cgroups_path_at(cgroups, (size_t)(entry - cgroups->entry)) : (struct bytes){ 0 };
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
		struct bytes path = cgroups_path_at(cgroups, i);
		if (glob_match(match->path, len, path.data, path.len, false) &&
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
