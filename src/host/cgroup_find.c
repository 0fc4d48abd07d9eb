/*
 * cgroup_find.c - see cgroup_find.h. The id that sock_diag tells of a socket's cgroup
 * is the inode number of the cgroup's directory (fs/kernfs: 64 bits since
 * 5.5), so that a path is resolved with one stat(2) and a glob with a walk.
 */
#include "host/cgroup_find.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/vec.h>

#include <sockview/glob.h>

/* cgroup.max.depth has no limit of its own, PATH_MAX has. */
#define DEPTH_MAX 128

struct walk {
	const char *glob;
	size_t glob_len;
	struct lookup_ids *ids;
	char path[PATH_MAX]; /* of the directory the walk is at, "/" before each name */
};

/* \040 and the like, as the kernel writes blanks in /proc/self/mounts. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		unsigned value;
		if (*from == '\\' && sscanf(from + 1, "%3o", &value) == 1 && value < 256) {
			*to = (char)value;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* False if no cgroup2 is mounted. */
static bool find_mount(char *mount, size_t size)
{
	char line[2 * PATH_MAX], where[PATH_MAX], type[64];
	bool found = false;
	FILE *file = fopen("/proc/self/mounts", "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %4095s %63s", where, type) != 2 || strcmp(type, "cgroup2") != 0)
			continue;
		unescape(where);
		found = snprintf(mount, size, "%s", where) < (int)size;
	}
	fclose(file);
	return found;
}

static int ids_add(struct lookup_ids *ids, uint64_t id)
{
	uint64_t *grown = vec_reserve(ids->id, &ids->capacity, ids->count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	ids->id = grown;
	grown[ids->count++] = id;
	return 0;
}

static int walk_directory(struct walk *walk, int fd, size_t path_len, unsigned depth);

/* A directory that is gone or closed to us has nothing to say. */
static int walk_child(struct walk *walk, int parent, const char *name, size_t path_len, unsigned depth)
{
	struct stat status;
	int len = snprintf(walk->path + path_len, sizeof(walk->path) - path_len, "/%s", name);
	if (len < 0 || (size_t)len >= sizeof(walk->path) - path_len)
		return 0;
	path_len += (size_t)len;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && glob_match(walk->glob, walk->glob_len, walk->path, path_len, false) &&
	    ids_add(walk->ids, status.st_ino) < 0) {
		close(fd);
		return -1;
	}
	return walk_directory(walk, fd, path_len, depth + 1);
}

/* Owns fd. */
static int walk_directory(struct walk *walk, int fd, size_t path_len, unsigned depth)
{
	DIR *directory = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int result = 0;
	if (!directory) {
		close(fd);
		return 0;
	}
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		if (entry->d_type == DT_DIR && !dots)
			result = walk_child(walk, dirfd(directory), entry->d_name, path_len, depth);
	}
	closedir(directory);
	return result;
}

static int find_glob(int fd, const char *glob, struct lookup_ids *ids)
{
	struct walk walk = { .glob = glob, .glob_len = strlen(glob), .ids = ids };
	struct stat status;
	if (glob_match(glob, walk.glob_len, "/", 1, false) && fstat(fd, &status) == 0 &&
	    ids_add(ids, status.st_ino) < 0) {
		close(fd);
		return -1;
	}
	return walk_directory(&walk, fd, 0, 0);
}

static int find_path(int fd, const char *path, struct lookup_ids *ids)
{
	struct stat status;
	int result = 0;
	if (fstatat(fd, path[1] ? path + 1 : ".", &status, 0) == 0 && S_ISDIR(status.st_mode))
		result = ids_add(ids, status.st_ino);
	close(fd);
	return result;
}

/* The bytes of `path` that are the mount's own. */
static size_t mount_prefix(const char *path, const char *mount)
{
	size_t len = strlen(mount);
	bool below = len > 1 && strncmp(path, mount, len) == 0 && (path[len] == '/' || !path[len]);
	return below ? len : 0;
}

int cgroups_find(const char *glob, struct lookup_ids *ids, bool *known, size_t *mount_len)
{
	char mount[PATH_MAX];
	*known = false;
	*mount_len = 0;
	if (!find_mount(mount, sizeof(mount)))
		return 0;
	int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	*known = true;
	*mount_len = mount_prefix(glob, mount);
	const char *path = glob[*mount_len] ? glob + *mount_len : "/";
	return glob_is_pattern(path, strlen(path)) ? find_glob(fd, path, ids) : find_path(fd, path, ids);
}
