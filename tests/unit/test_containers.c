// SPDX-License-Identifier: MIT
/* Names of containers, from files as docker, podman, cri-o and containerd lay them down. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/containers.h>

#define ID1 "1111111111111111111111111111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222222222222222222222222222"
#define ID3 "3333333333333333333333333333333333333333333333333333333333333333"
#define ID4 "4444444444444444444444444444444444444444444444444444444444444444"
#define ID5 "5555555555555555555555555555555555555555555555555555555555555555"

static void assert_found(const char *json, const char *key, const char *want)
{
	/* A copy of just that length, so that a sanitizer sees a read behind it. */
	size_t len = strlen(json);
	char *copy = malloc(len ? len : 1);
	memcpy(copy, json, len);
	struct bytes found = containers_find_string((struct bytes){ copy, len }, key, 0);
	assert_int_equal(found.data != NULL, want != NULL);
	if (want) {
		assert_int_equal(found.len, strlen(want));
		assert_memory_equal(found.data, want, found.len);
	}
	free(copy);
}

static void strings_are_found_by_key(void **state)
{
	(void)state;
	assert_found("{\"Name\":\"/web\"}", "Name", "web");
	assert_found("{ \"Name\" :\n \"web-1.a_b\" }", "Name", "web-1.a_b");
	assert_found("{\"names\":[\"db\",\"other\"]}", "names", "db");
	assert_found("{\"NameX\":\"no\",\"XName\":\"no\",\"Name\":\"yes\"}", "Name", "yes");
	assert_found("{\"a\":\"Name\",\"Name\":\"yes\"}", "Name", "yes");
	assert_found("{\"Name\":5}", "Name", NULL);
	assert_found("{\"Name\":null}", "Name", NULL);
	assert_found("{\"Name\":\"\"}", "Name", NULL);
	assert_found("{\"Name\":\"a b\"}", "Name", NULL);
	assert_found("{\"Name\":\"a\\u001b\"}", "Name", NULL);
	assert_found("{\"Name\":\"cut", "Name", NULL);
	assert_found("{\"Name\":", "Name", NULL);
	assert_found("{\"Name\"", "Name", NULL);
	assert_found("Name", "Name", NULL);
	assert_found("", "Name", NULL);
	char longest[256] = "{\"Name\":\"";
	memset(longest + 9, 'x', 200);
	strcpy(longest + 209, "\"}");
	assert_found(longest, "Name", NULL);
}

static void put(const char *root, const char *path, const char *text)
{
	char whole[512];
	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void want(struct containers *containers, const char *cgroup)
{
	assert_int_equal(containers_want(containers, (struct bytes){ cgroup, strlen(cgroup) }), 0);
}

static void assert_name(const struct containers *containers, const char *id, const char *name)
{
	struct bytes got = containers_name(containers, (struct bytes){ id, strlen(id) });
	assert_int_equal(got.data != NULL, name != NULL);
	if (name) {
		assert_int_equal(got.len, strlen(name));
		assert_memory_equal(got.data, name, got.len);
	}
}

static void runtimes_leave_names(void **state)
{
	(void)state;
	char root[] = "/tmp/test_containers.XXXXXX", command[64];
	assert_non_null(mkdtemp(root));
	put(root, "var/lib/docker/containers/" ID1 "/config.v2.json",
	    "{\"State\":{\"Running\":true},\"ID\":\"" ID1 "\",\"Name\":\"/web\",\"Driver\":\"overlay2\"}");
	put(root, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID2 "/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"nginx\"}}");
	put(root, "var/lib/containers/storage/overlay-containers/" ID3 "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"coredns\"}}");
	put(root, "var/lib/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" ID5 "\",\"names\":[\"other\"]},{\"id\":\"" ID4 "\",\"names\":[\"pod1\"],\"image\":\"x\"}]");
	struct containers *containers = containers_new(open(root, O_RDONLY | O_DIRECTORY));
	assert_non_null(containers);
	want(containers, "/system.slice/docker-" ID1 ".scope");
	want(containers, "/kubepods/besteffort/pod1/" ID2);
	want(containers, "/kubepods.slice/crio-" ID3 ".scope");
	want(containers, "/machine.slice/libpod-" ID4 ".scope");
	want(containers, "/machine.slice/libpod-" ID4 ".scope");
	want(containers, "/lxc.payload...");
	want(containers, "/system.slice/ssh.service");
	assert_name(containers, ID1, "web");
	assert_name(containers, ID2, "nginx");
	assert_name(containers, ID3, "coredns");
	assert_name(containers, ID4, "pod1");
	assert_name(containers, ID5, NULL);
	assert_name(containers, "..", NULL);
	containers_free(containers);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void without_a_root_there_are_no_names(void **state)
{
	(void)state;
	struct containers *containers = containers_new(-1);
	want(containers, "/docker/" ID1);
	assert_name(containers, ID1, NULL);
	containers_free(containers);
	containers_free(NULL);
}

/* Names are ids of lxc's, which are of any length and have one another's beginning. */
static void ids_are_found_in_any_order_and_once(void **state)
{
	(void)state;
	static const unsigned step = 389, count = 1000;
	char root[] = "/tmp/test_containers.XXXXXX", command[64], path[128], id[80], name[16];
	assert_non_null(mkdtemp(root));
	for (unsigned i = 0; i < count; i += 50) {
		snprintf(path, sizeof(path), "var/lib/docker/containers/%064x/config.v2.json", i);
		snprintf(id, sizeof(id), "{\"Name\":\"/n%u\"}", i);
		put(root, path, id);
	}
	struct containers *containers = containers_new(open(root, O_RDONLY | O_DIRECTORY));
	assert_non_null(containers);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < count; i++) {
			snprintf(path, sizeof(path), "/docker/%064x", i * step % count);
			want(containers, path);
		}
		want(containers, "/lxc/web");
		want(containers, "/lxc/we");
		want(containers, "/lxc/web1");
	}
	for (unsigned i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%064x", i);
		snprintf(name, sizeof(name), "n%u", i);
		assert_name(containers, id, i % 50 ? NULL : name);
	}
	assert_name(containers, "web", NULL);
	assert_name(containers, "", NULL);
	containers_free(containers);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_found_by_key),
		cmocka_unit_test(runtimes_leave_names),
		cmocka_unit_test(ids_are_found_in_any_order_and_once),
		cmocka_unit_test(without_a_root_there_are_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
