/* cgroups.c - the paths of this machine's cgroups by number: one walk over the directories (cgroup.h). */
#include <sockview/cgroup.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/vec.h>

/* Deeper than any real tree; each level keeps one directory open. */
#define DEPTH_MAX 64

/* The id is the directory's inode (kernfs ids, fs/kernfs: ino in the low half; 64-bit machines all of it). */
struct cgroup_path {
	uint64_t id;
	uint32_t offset, len; /* into text */
};

struct cgroups {
	struct cgroup_path *path; /* by id, once read */
	size_t count, capacity;
	char *text;
	size_t text_len, text_capacity;
};

struct walk {
	struct cgroups *cgroups;
	char path[PATH_MAX];
	size_t len;
	unsigned depth;
};

static int add_path(struct walk *walk, uint64_t id)
{
	struct cgroups *cgroups = walk->cgroups;
	const char *path = walk->len ? walk->path : "/";
	size_t len = walk->len ? walk->len : 1;
	if (cgroups->text_len + len > UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	char *text = vec_reserve(cgroups->text, &cgroups->text_capacity, cgroups->text_len + len, 1);
	if (!text)
		return -1;
	cgroups->text = text;
	struct cgroup_path *grown = vec_reserve(cgroups->path, &cgroups->capacity, cgroups->count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	cgroups->path = grown;
	memcpy(text + cgroups->text_len, path, len);
	cgroups->path[cgroups->count++] = (struct cgroup_path){ id, (uint32_t)cgroups->text_len, (uint32_t)len };
	cgroups->text_len += len;
	return 0;
}

static int walk_dir(struct walk *walk, int fd);

/* A directory that can not be opened or is gone again is left out; what is in it too. */
static int walk_entry(struct walk *walk, int dir, const struct dirent *entry)
{
	size_t name = strlen(entry->d_name), before = walk->len;
	if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (before + 1 + name >= sizeof(walk->path) || walk->depth >= DEPTH_MAX)
		return 0;
	int fd = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	walk->path[before] = '/';
	memcpy(walk->path + before + 1, entry->d_name, name);
	walk->len = before + 1 + name;
	walk->depth++;
	int result = walk_dir(walk, fd);
	walk->depth--;
	walk->len = before;
	return result;
}

static int walk_dir(struct walk *walk, int fd)
{
	struct stat stat;
	DIR *dir = fstat(fd, &stat) < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	int result = add_path(walk, stat.st_ino);
	for (struct dirent *entry; result == 0 && (entry = readdir(dir));)
		result = walk_entry(walk, fd, entry);
	closedir(dir);
	return result;
}

static int compare_id(const void *a, const void *b)
{
	uint64_t left = ((const struct cgroup_path *)a)->id, right = ((const struct cgroup_path *)b)->id;
	return left < right ? -1 : left > right;
}

struct cgroups *cgroups_open(int root_fd)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	struct walk *walk = calloc(1, sizeof(*walk));
	int result = -1;
	if (cgroups && walk) {
		walk->cgroups = cgroups;
		result = walk_dir(walk, root_fd);
	} else {
		close(root_fd);
	}
	free(walk);
	if (result < 0) {
		cgroups_free(cgroups);
		errno = ENOMEM;
		return NULL;
	}
	if (cgroups->count)
		qsort(cgroups->path, cgroups->count, sizeof(*cgroups->path), compare_id);
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	free(cgroups->path);
	free(cgroups->text);
	free(cgroups);
}

struct bytes cgroups_path_at(const struct cgroups *cgroups, size_t index)
{
	if (index >= cgroups->count)
		return (struct bytes){ 0 };
	const struct cgroup_path *path = &cgroups->path[index];
	return (struct bytes){ cgroups->text + path->offset, path->len };
}

struct bytes cgroups_path(const struct cgroups *cgroups, uint64_t id)
{
	struct cgroup_path key = { .id = id };
	const struct cgroup_path *path = NULL;
	if (cgroups->count)
		path = bsearch(&key, cgroups->path, cgroups->count, sizeof(*cgroups->path), compare_id);
	return path ? (struct bytes){ cgroups->text + path->offset, path->len } : (struct bytes){ 0 };
}
