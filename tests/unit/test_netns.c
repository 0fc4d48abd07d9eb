// SPDX-License-Identifier: MIT
/* Network namespaces found in a /proc laid down by hand, and what they are called. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/netns.h>

#define ID1 "1111111111111111111111111111111111111111111111111111111111111111"
#define ID2 "2a22222222222222222222222222222222222222222222222222222222222222"

static char top[] = "/tmp/sockview-netns-XXXXXX";

/* Every directory above it, too. */
static void put_path(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", top, name);
	for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

static void put_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	put_path(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_link(const char *name, const char *target)
{
	char path[PATH_MAX];
	put_path(path, name);
	assert_int_equal(symlink(target, path), 0);
}

static void put_process(int pid, const char *net, const char *mnt, const char *cgroup)
{
	char name[64];
	snprintf(name, sizeof(name), "proc/%d/ns/net", pid);
	put_link(name, net);
	snprintf(name, sizeof(name), "proc/%d/ns/mnt", pid);
	put_link(name, mnt);
	snprintf(name, sizeof(name), "proc/%d/cgroup", pid);
	put_file(name, cgroup);
	snprintf(name, sizeof(name), "proc/%d/root/x", pid);
	put_file(name, "");
	snprintf(name, sizeof(name), "proc/%d/task/%d/ns/net", pid, pid);
	put_link(name, net);
}

static int make_tree(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	put_link("proc/self/ns/net", "net:[100]");
	put_link("proc/self/ns/mnt", "mnt:[1]");
	put_file("proc/self/root/x", "");
	put_file("proc/self/mountinfo", "1 0 0:1 / / rw - ext4 /dev/sda1 rw\n"
	                                "2 1 0:4 net:[201] /run/netns/web rw shared:3 - nsfs nsfs rw\n"
	                                "3 1 0:4 net:[202] /run/netns/self rw - nsfs nsfs rw\n"
	                                "4 1 0:4 net:[203] /run/netns/2 rw - nsfs nsfs rw\n"
	                                "5 1 0:4 net:[204] /srv/a\\040b rw - nsfs nsfs rw\n"
	                                "6 1 0:4 mnt:[205] /run/other rw - nsfs nsfs rw\n"
	                                "7 1 0:4 net:[206] /tmp/tmpfs rw - tmpfs tmpfs rw\n"
	                                "8 1 0:4 net:[x] /run/netns/bad rw - nsfs nsfs rw\n");
	put_process(1, "net:[100]", "mnt:[1]", "0::/init.scope\n");
	put_process(20, "net:[301]", "mnt:[1]", "0::/system.slice/docker-" ID1 ".scope\n");
	put_file("proc/21/mountinfo", "9 1 0:4 net:[302] /hidden/ns rw - nsfs nsfs rw\n");
	put_process(21, "net:[301]", "mnt:[2]", "0::/system.slice/docker-" ID1 ".scope\n");
	put_process(30, "net:[303]", "mnt:[1]", "0::/docker/" ID2 "\n");
	put_process(40, "net:[304]", "mnt:[1]", "0::/system.slice/nginx.service\n");
	put_process(50, "net:[305]", "mnt:[1]", "0::/system.slice/nginx.service\n");
	put_process(60, "net:[100]", "mnt:[1]", "0::/\n");
	put_link("proc/60/task/61/ns/net", "net:[306]");
	put_process(70, "net:[307]", "mnt:[1]", "0::/lxc/web@201\n");
	put_file("root/var/lib/docker/containers/" ID1 "/config.v2.json", "{\"Name\":\"/db\"}");
	return 0;
}

static int remove_tree(void **state)
{
	char command[PATH_MAX];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static int open_in(const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", top, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static const struct netns *netns_of(const struct netns_list *list, uint64_t inode)
{
	const struct netns *found = NULL;
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i].inode == inode) {
			assert_null(found); /* each once */
			found = &list->item[i];
		}
	return found;
}

static void each_is_found_once_and_called_by_a_name(void **state)
{
	static const struct {
		uint64_t inode;
		int32_t pid;
		unsigned processes;
		const char *label, *path;
	} wanted[] = {
		{ 100, 1, 2, "self", "self/ns/net" },
		{ 201, 0, 0, "web", "self/root/run/netns/web" },
		{ 202, 0, 0, "self@202", "self/root/run/netns/self" },
		{ 203, 0, 0, "2@203", "self/root/run/netns/2" },
		{ 204, 0, 0, "/srv/a b", "self/root/srv/a b" },
		{ 301, 20, 2, "db", NULL },
		{ 302, 0, 0, "/hidden/ns", "21/root/hidden/ns" },
		{ 303, 30, 1, "2a2222222222", "30/ns/net" },
		{ 304, 40, 1, "nginx.service@304", "40/ns/net" },
		{ 305, 50, 1, "nginx.service@305", "50/ns/net" },
		{ 306, 60, 0, "net:[306]", "60/task/61/ns/net" },
		{ 307, 70, 1, "web@201@307", "70/ns/net" },
	};
	struct netns_list list;
	(void)state;
	int proc = open_in("proc");
	assert_int_equal(netns_list_read(&list, proc), 0);
	assert_int_equal(netns_list_label(&list, proc, open_in("root")), 0);
	assert_int_equal(list.count, sizeof(wanted) / sizeof(*wanted));
	assert_int_equal(list.item[0].inode, 100);
	assert_int_equal(list.hidden, 0);
	for (size_t i = 0; i < list.count; i++) {
		const struct netns *netns = netns_of(&list, wanted[i].inode);
		assert_non_null(netns);
		assert_int_equal(netns->pid, wanted[i].pid);
		assert_int_equal(netns->processes, wanted[i].processes);
		assert_string_equal(netns->label, wanted[i].label);
		/* This file system does not list the pids in order. */
		if (wanted[i].path)
			assert_string_equal(netns->path, wanted[i].path);
	}
	netns_list_free(&list);
	close(proc);
}

static void a_proc_without_namespaces_is_no_list(void **state)
{
	struct netns_list list;
	(void)state;
	int root = open_in("root");
	assert_int_equal(netns_list_read(&list, root), -1);
	netns_list_free(&list);
	close(root);
}

struct seen {
	size_t count;
	int number;
};

static int count_visit(void *context, size_t index, int number)
{
	struct seen *seen = context;
	assert_int_equal(index, seen->count);
	seen->count++;
	if (index)
		assert_int_not_equal(number, 0);
	seen->number = number;
	return index == 3 ? 7 : 0;
}

/* None of these paths is a namespace: each is visited all the same, with the reason. */
static void what_cannot_be_entered_is_told(void **state)
{
	struct netns_list list;
	struct seen seen = { 0 };
	(void)state;
	int proc = open_in("proc");
	assert_int_equal(netns_list_read(&list, proc), 0);
	assert_int_equal(netns_visit(&list, NULL, proc, count_visit, &seen), 7);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.number, ESRCH);
	netns_list_free(&list);
	close(proc);
}

/* A recording's note, cut anywhere, and with a byte too many. */
static void what_a_recording_says_is_read_again(void **state)
{
	const struct netns told = { .inode = 4026532209,
		                    .label = (char *)"a b@4026532209",
		                    .name = (char *)"a b",
		                    .container_id = (char *)ID1 };
	struct netns read;
	struct text note = { 0 };
	bool own, asked;
	(void)state;
	assert_int_equal(netns_record_put(&told, false, true, &note), 0);
	assert_int_equal(netns_record_read(&read, &own, &asked, note.data, note.len), 0);
	assert_true(asked && !own && read.inode == told.inode && !read.mount && !read.container);
	assert_string_equal(read.label, told.label);
	assert_string_equal(read.name, told.name);
	assert_string_equal(read.container_id, ID1);
	netns_forget(&read);
	for (size_t len = 0; len < note.len; len++) {
		assert_int_equal(netns_record_read(&read, &own, &asked, note.data, len), -1);
		assert_int_equal(errno, EBADMSG);
	}
	text_free(&note);
	assert_int_equal(netns_record_put(&told, true, false, &note), 0);
	assert_int_equal(netns_record_read(&read, &own, &asked, note.data, note.len), 0);
	assert_true(own && !asked);
	netns_forget(&read);
	text_free(&note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_once_and_called_by_a_name),
		cmocka_unit_test(a_proc_without_namespaces_is_no_list),
		cmocka_unit_test(what_cannot_be_entered_is_told),
		cmocka_unit_test(what_a_recording_says_is_read_again),
	};
	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
