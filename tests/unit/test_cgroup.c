/* Units and containers by cgroup path, in the forms the runtimes' cgroup drivers make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/cgroup.h>
#include <sockview/countof.h>

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

/* Any tree of directories will do: their inodes are the numbers. */
static void numbers_give_paths(void **state)
{
	(void)state;
	char root[] = "/tmp/test_cgroup.XXXXXX", deep[256], file[256];
	assert_non_null(mkdtemp(root));
	snprintf(deep, sizeof(deep), "%s/system.slice", root);
	assert_int_equal(mkdir(deep, 0700), 0);
	snprintf(deep, sizeof(deep), "%s/system.slice/a b.service", root);
	assert_int_equal(mkdir(deep, 0700), 0);
	snprintf(file, sizeof(file), "%s/cgroup.procs", root);
	int fd = open(file, O_CREAT | O_WRONLY, 0600);
	struct stat of_root, of_deep, of_file;
	assert_int_equal(fstat(fd, &of_file), 0);
	close(fd);
	assert_int_equal(stat(root, &of_root), 0);
	assert_int_equal(stat(deep, &of_deep), 0);

	struct cgroups *cgroups = cgroups_open(open(root, O_RDONLY | O_DIRECTORY));
	assert_non_null(cgroups);
	assert_bytes(cgroups_path(cgroups, of_root.st_ino), "/");
	assert_bytes(cgroups_path(cgroups, of_deep.st_ino), "/system.slice/a b.service");
	assert_null(cgroups_path(cgroups, of_file.st_ino).data);
	assert_null(cgroups_path(cgroups, UINT64_MAX).data);
	cgroups_free(cgroups);

	unlink(file);
	rmdir(deep);
	snprintf(deep, sizeof(deep), "%s/system.slice", root);
	rmdir(deep);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_tell_unit_and_container),
		cmocka_unit_test(absent_path_tells_nothing),
		cmocka_unit_test(numbers_give_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
