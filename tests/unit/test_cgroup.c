// SPDX-License-Identifier: MIT
/*
 * test_cgroup.c - units and containers by cgroup path, in the forms the
 * runtimes' cgroup drivers make; the hierarchy's mount, paths and ids.
 */
#include <sockview/cgroup.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/countof.h>

#include "host/mountinfo.h"

#define ID  "4f1d2c3b5a6978e0d1c2b3a4958677e0f1a2b3c4d5e6f708192a3b4c5d6e7f80"
#define POD "pod2f48919a_7c8d_4a3f_9b56_0d1e2f3a4b5c"

static const struct {
	const char *path, *unit, *runtime, *id;
} cases[] = {
	{ "/", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "/init.scope", "init.scope", NULL, NULL },
	{ "/system.slice/nginx.service", "nginx.service", NULL, NULL },
	{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL, NULL },
	{ "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-0.scope",
	  "vte-spawn-0.scope", NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", NULL, NULL },
	{ "/system.slice/dev-disk-by\\x2duuid.swap", "dev-disk-by\\x2duuid.swap", NULL, NULL },
	{ "/system.slice", NULL, NULL, NULL },
	{ "/.service", NULL, NULL, NULL },
	/* docker: the systemd and the cgroupfs driver, and a process in a group of its own inside. */
	{ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "docker", ID },
	{ "/docker/" ID, NULL, "docker", ID },
	{ "/docker/" ID "/init", NULL, "docker", ID },
	{ "/docker/buildx/" ID, NULL, "container", ID },
	{ "/system.slice/docker-" ID ".scope/system.slice/ssh.service", "ssh.service", "docker", ID },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker-" ID ".scope",
	  "docker", ID },
	{ "/system.slice/docker.service", "docker.service", NULL, NULL },
	/* podman: as root, without root, cgroupfs; conmon is not in the container. */
	{ "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "podman", ID },
	{ "/machine.slice/libpod-" ID ".scope", "libpod-" ID ".scope", "podman", ID },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	  "libpod-" ID ".scope", "podman", ID },
	{ "/libpod_parent/libpod-" ID, NULL, "podman", ID },
	{ "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL, NULL },
	/* Kubernetes with containerd and cri-o, both drivers. */
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD ".slice/cri-containerd-" ID ".scope",
	  "cri-containerd-" ID ".scope", "containerd", ID },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD ".slice/crio-" ID ".scope",
	  "crio-" ID ".scope", "cri-o", ID },
	{ "/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" ID ".scope", "crio-conmon-" ID ".scope", NULL, NULL },
	{ "/kubepods/burstable/" POD "/" ID, NULL, "container", ID },
	{ "/kubepods/burstable/" POD "/crio-" ID, NULL, "cri-o", ID },
	{ "/system.slice/containerd.service/kubepods-besteffort-" POD ".slice:cri-containerd:" ID, "containerd.service",
	  "containerd", ID },
	{ "/system.slice/containerd.service", "containerd.service", NULL, NULL },
	/* containerd alone: ctr, nerdctl. */
	{ "/default/" ID, NULL, "containerd", ID },
	{ "/k8s.io/" ID, NULL, "containerd", ID },
	{ "/system.slice/nerdctl-" ID ".scope", "nerdctl-" ID ".scope", "containerd", ID },
	/* lxc 4 and before; its monitor is not in it. */
	{ "/lxc.payload.web1", NULL, "lxc", "web1" },
	{ "/lxc.payload.web1/system.slice/nginx.service", "nginx.service", "lxc", "web1" },
	{ "/lxc/web1", NULL, "lxc", "web1" },
	{ "/lxc.payload/web1/init.scope", "init.scope", "lxc", "web1" },
	{ "/lxc.monitor.web1", NULL, NULL, NULL },
	/* systemd-nspawn; libvirt's machines are no containers. */
	{ "/machine.slice/machine-deb12.scope/payload", "machine-deb12.scope", "systemd-nspawn", "deb12" },
	{ "/machine.slice/systemd-nspawn@deb12.service/payload", "systemd-nspawn@deb12.service", "systemd-nspawn",
	  "deb12" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "machine-qemu\\x2d1\\x2dvm.scope", NULL,
	  NULL },
	/* docker in lxc: the inner one. */
	{ "/lxc.payload.host/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "docker", ID },
	/* Not quite an id: too short, not hexadecimal. */
	{ "/docker/4f1d2c3b", NULL, NULL, NULL },
	{ "/docker/zf1d2c3b5a6978e0d1c2b3a4958677e0f1a2b3c4d5e6f708192a3b4c5d6e7f80", NULL, NULL, NULL },
	{ "//docker//" ID "//", NULL, "docker", ID },
};

static void assert_bytes(struct bytes got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.data, want, got.len);
}

static void paths_tell_unit_and_container(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytes path = { cases[i].path, strlen(cases[i].path) }, unit;
		struct container container;
		print_message("%s\n", cases[i].path);
		assert_int_equal(cgroup_unit(path, &unit), cases[i].unit != NULL);
		if (cases[i].unit)
			assert_bytes(unit, cases[i].unit);
		assert_int_equal(cgroup_container(path, &container), cases[i].id != NULL);
		if (cases[i].id) {
			assert_string_equal(container.runtime, cases[i].runtime);
			assert_bytes(container.id, cases[i].id);
		}
	}
}

static void absent_path_tells_nothing(void **state)
{
	(void)state;
	struct bytes unit;
	struct container container;
	assert_false(cgroup_unit((struct bytes){ NULL, 0 }, &unit));
	assert_false(cgroup_container((struct bytes){ NULL, 0 }, &container));
}

/* --- the hierarchy, in a tree of files: /proc as `proc`, the machine's root directory as `machine` --- */

static char root[64];
static int proc_fd;

static void path_to(char path[PATH_MAX], const char *name)
{
	assert_true(snprintf(path, PATH_MAX, "%s/%s", root, name) < PATH_MAX);
}

static void make_directory(const char *name)
{
	char path[PATH_MAX];
	path_to(path, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static struct stat status_of(const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	path_to(path, name);
	assert_int_equal(stat(path, &status), 0);
	return status;
}

static void write_mountinfo(const char *process, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_mountinfo(const char *process, const char *format, ...)
{
	char name[64], path[PATH_MAX];
	va_list args;
	snprintf(name, sizeof(name), "proc/%s/mountinfo", process);
	path_to(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	va_start(args, format);
	assert_true(vfprintf(file, format, args) >= 0);
	va_end(args);
	assert_int_equal(fclose(file), 0);
}

static int make_tree(void **state)
{
	static const char *const directories[] = {
		"proc",
		"proc/1",
		"proc/self",
		"machine",
		"machine/c g",
		"machine/c g/system.slice",
		"machine/c g/system.slice/a b.service",
		"machine/c g/other",
		"machine/part",
		"machine/part/inner",
	};
	static const char *const links[] = { "proc/1/root", "proc/self/root" };
	char path[PATH_MAX];
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test_cgroup.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < countof(directories); i++)
		make_directory(directories[i]);
	for (size_t i = 0; i < countof(links); i++) {
		path_to(path, links[i]);
		assert_int_equal(symlink("../../machine", path), 0);
	}
	path_to(path, "machine/c g/system.slice/cgroup.procs");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	path_to(path, "proc");
	proc_fd = open(path, O_RDONLY | O_DIRECTORY);
	return proc_fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	close(proc_fd);
	return nftw(root, remove_one, 20, FTW_DEPTH | FTW_PHYS);
}

/* The mount of "machine/c g" as the kernel writes it. */
static void mount_whole(const char *process)
{
	dev_t dev = status_of("machine/c g").st_dev;
	write_mountinfo(process,
	                "20 1 0:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
	                "no line of the kernel\n"
	                "31 20 0:2 / /c\\040g rw,relatime shared:1 master:2 - cgroup cgroup rw,cpu\n"
	                "32 20 %u:%u / /c\\040g rw,relatime - cgroup2 none rw\n",
	                major(dev), minor(dev));
}

static void numbers_give_paths(void **state)
{
	(void)state;
	mount_whole("1");
	struct cgroups *cgroups = cgroups_open(proc_fd, false);
	assert_non_null(cgroups);
	assert_bytes(cgroups_path(cgroups, status_of("machine/c g").st_ino), "/");
	assert_bytes(cgroups_path(cgroups, status_of("machine/c g/system.slice/a b.service").st_ino),
	             "/system.slice/a b.service");
	assert_null(cgroups_path(cgroups, status_of("machine/c g/system.slice/cgroup.procs").st_ino).data);
	assert_null(cgroups_path(cgroups, UINT64_MAX).data);
	/* One that is made is found in the next look. The path found before stays, at the same place in memory. */
	struct bytes other = cgroups_path(cgroups, status_of("machine/c g/other").st_ino);
	make_directory("machine/c g/new");
	uint64_t id = status_of("machine/c g/new").st_ino;
	assert_null(cgroups_path(cgroups, id).data);
	cgroups_look(cgroups);
	assert_bytes(cgroups_path(cgroups, id), "/new");
	assert_ptr_equal(cgroups_path(cgroups, status_of("machine/c g/other").st_ino).data, other.data);
	assert_bytes(other, "/other");
	/* Looked for once, and never again. */
	assert_null(cgroups_path(cgroups, UINT64_MAX).data);
	cgroups_free(cgroups);
}

/* The ids of the directories in `names` (comma list), and the path that the glob means. */
static void check_match(struct cgroups *cgroups, const char *glob, const char *path, const char *names)
{
	struct cgroup_match match;
	char list[256], *rest = list;
	size_t wanted = 0;
	snprintf(list, sizeof(list), "%s", names);
	assert_int_equal(cgroups_match(cgroups, glob, &match), 0);
	assert_true(match.known);
	assert_string_equal(match.path, path);
	for (char *name; *list && (name = strsep(&rest, ",")); wanted++) {
		uint64_t id = status_of(name).st_ino;
		bool found = false;
		for (size_t i = 0; i < match.count; i++)
			found |= match.id[i] == id;
		assert_true(found);
	}
	assert_int_equal(match.count, wanted);
	cgroup_match_free(&match);
}

static void globs_and_paths_give_numbers(void **state)
{
	(void)state;
	mount_whole("1");
	struct cgroups *cgroups = cgroups_open(proc_fd, false);
	assert_non_null(cgroups);
	check_match(cgroups, "/", "/", "machine/c g");
	check_match(cgroups, "/system.slice", "/system.slice", "machine/c g/system.slice");
	check_match(cgroups, "/system.slice/a b.service", "/system.slice/a b.service",
	            "machine/c g/system.slice/a b.service");
	check_match(cgroups, "/c g/other", "/other", "machine/c g/other");
	check_match(cgroups, "/c g", "/", "machine/c g");
	check_match(cgroups, "/c gx", "/c gx", "");
	check_match(cgroups, "/none", "/none", "");
	check_match(cgroups, "/system.slice/cgroup.procs", "/system.slice/cgroup.procs", "");
	check_match(cgroups, "/*e", "/*e", "machine/c g/system.slice,machine/c g/system.slice/a b.service");
	check_match(cgroups, "/c g/o*", "/o*", "machine/c g/other");
	cgroups_free(cgroups);
}

/* Another /proc's process 1 tells, our own's "self". */
static void the_chosen_proc_tells_the_mount(void **state)
{
	(void)state;
	write_mountinfo("1", "20 1 0:1 / / rw shared:1 - ext4 /dev/sda1 rw\n");
	assert_null(cgroups_open(proc_fd, false));
	assert_int_equal(errno, ENOENT);
	assert_null(cgroups_open(-1, true));
	assert_int_equal(errno, EBADF);
	mount_whole("self");
	struct cgroups *cgroups = cgroups_open(proc_fd, true);
	assert_non_null(cgroups);
	check_match(cgroups, "/other", "/other", "machine/c g/other");
	cgroups_free(cgroups);
}

/* A later mount covers it: another device is at the same path. */
static void a_covered_mount_is_not_taken(void **state)
{
	(void)state;
	dev_t dev = status_of("machine/part").st_dev;
	write_mountinfo("1",
	                "32 20 9999:1 / /c\\040g rw,relatime - cgroup2 none rw\n"
	                "33 20 %u:%u / /nowhere rw,relatime - cgroup2 none rw\n",
	                major(dev), minor(dev));
	assert_null(cgroups_open(proc_fd, false));
	assert_int_equal(errno, ENOENT);
}

/* A container sees a part of the hierarchy; where all of it is mounted too, that counts. */
static void a_part_has_the_paths_of_the_whole(void **state)
{
	(void)state;
	dev_t dev = status_of("machine/part").st_dev;
	write_mountinfo("1", "33 20 %u:%u /docker/ID /part rw,relatime - cgroup2 none rw\n", major(dev), minor(dev));
	struct cgroups *cgroups = cgroups_open(proc_fd, false);
	assert_non_null(cgroups);
	assert_int_equal(cgroups_read(cgroups), 0);
	assert_bytes(cgroups_path(cgroups, status_of("machine/part").st_ino), "/docker/ID");
	assert_bytes(cgroups_path(cgroups, status_of("machine/part/inner").st_ino), "/docker/ID/inner");
	check_match(cgroups, "/docker/ID/inner", "/docker/ID/inner", "machine/part/inner");
	check_match(cgroups, "/docker/ID", "/docker/ID", "machine/part");
	check_match(cgroups, "/part/inner", "/docker/ID/inner", "machine/part/inner");
	check_match(cgroups, "/docker/IDinner", "/docker/IDinner", "");
	check_match(cgroups, "/inner", "/inner", "");
	check_match(cgroups, "/docker/*/inn?r", "/docker/*/inn?r", "machine/part/inner");
	cgroups_free(cgroups);
	/* Of several parts the first. */
	write_mountinfo("1",
	                "33 20 %u:%u /docker/ID /part rw,relatime - cgroup2 none rw\n"
	                "34 20 %u:%u /docker/ID2 /c\\040g rw,relatime - cgroup2 none rw\n",
	                major(dev), minor(dev), major(dev), minor(dev));
	cgroups = cgroups_open(proc_fd, false);
	assert_non_null(cgroups);
	check_match(cgroups, "/docker/ID/inner", "/docker/ID/inner", "machine/part/inner");
	cgroups_free(cgroups);
	write_mountinfo("1",
	                "33 20 %u:%u /docker/ID /part rw,relatime - cgroup2 none rw\n"
	                "34 20 %u:%u / /c\\040g rw,relatime - cgroup2 none rw\n"
	                "35 20 %u:%u / /part rw,relatime - cgroup2 none rw\n",
	                major(dev), minor(dev), major(dev), minor(dev), major(dev), minor(dev));
	cgroups = cgroups_open(proc_fd, false);
	assert_non_null(cgroups);
	check_match(cgroups, "/other", "/other", "machine/c g/other");
	cgroups_free(cgroups);
}

/* In memory of exactly that size, so that a sanitizer sees a step beyond. */
static void check_line(const char *text, const char *mount_root, const char *where)
{
	char *line = strdup(text);
	struct mount mount;
	assert_non_null(line);
	assert_int_equal(mountinfo_parse(line, &mount), where != NULL);
	if (where) {
		assert_string_equal(mount.root, mount_root);
		assert_string_equal(mount.where, where);
	}
	free(line);
}

static void lines_are_read_as_the_kernel_escapes_them(void **state)
{
	(void)state;
	check_line("1 2 0:3 / /a rw - cgroup2 none rw", "/", "/a");
	check_line("1 2 0:3 /x /a rw shared:1 master:2 - cgroup2 none rw", "/x", "/a");
	check_line("1 2 0:3 / /a rw - cgroup2", "/", "/a");
	check_line("1 2 0:3 /\\134\\043 /a\\040b\\011c\\012 rw - t n rw", "/\\#", "/a b\tc\n");
	/* No escape of the kernel's: cut, not octal. */
	check_line("1 2 0:3 / /a\\ rw - t n rw", "/", "/a\\");
	check_line("1 2 0:3 / /a\\0 rw - t n rw", "/", "/a\\0");
	check_line("1 2 0:3 / /a\\04 rw - t n rw", "/", "/a\\04");
	check_line("1 2 0:3 / /a\\049 rw - t n rw", "/", "/a\\049");
	check_line("", NULL, NULL);
	check_line("1 2 0:3 / /a", NULL, NULL);
	check_line("1 2 0:3 / /a rw", NULL, NULL);
	check_line("1 2 0:3 / /a rw -", NULL, NULL);
	check_line("1 2 0:3 / a rw - t n rw", NULL, NULL);
	check_line("1 2 zero / /a rw - t n rw", NULL, NULL);
	check_line("1 2 0:3 / /a\\", NULL, NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_tell_unit_and_container),
		cmocka_unit_test(absent_path_tells_nothing),
		CASE(numbers_give_paths),
		CASE(globs_and_paths_give_numbers),
		CASE(the_chosen_proc_tells_the_mount),
		CASE(a_covered_mount_is_not_taken),
		CASE(a_part_has_the_paths_of_the_whole),
		cmocka_unit_test(lines_are_read_as_the_kernel_escapes_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
