// SPDX-License-Identifier: MIT
/* test_message.c - what standard error gets: whole lines, nothing a terminal would obey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/message.h>

#include "run/notes.h"

/* Standard error as a pipe while a test runs. */
struct capture {
	int saved, pipe[2];
	char text[16384];
};

static int capture_setup(void **state)
{
	static struct capture capture;
	capture.saved = dup(STDERR_FILENO);
	if (pipe(capture.pipe) || dup2(capture.pipe[1], STDERR_FILENO) < 0)
		return -1;
	close(capture.pipe[1]);
	*state = &capture;
	return 0;
}

/* All that was written. */
static const char *captured(struct capture *capture)
{
	if (capture->saved < 0)
		return capture->text;
	dup2(capture->saved, STDERR_FILENO); /* and so the pipe has no writer left */
	close(capture->saved);
	capture->saved = -1;
	size_t used = 0;
	ssize_t got;
	while ((got = read(capture->pipe[0], capture->text + used, sizeof(capture->text) - 1 - used)) > 0)
		used += (size_t)got;
	capture->text[used] = '\0';
	return capture->text;
}

static int capture_teardown(void **state)
{
	struct capture *capture = *state;
	captured(capture);
	close(capture->pipe[0]);
	return 0;
}

static void a_message_is_a_line(void **state)
{
	message("%s %d", "port", 80);
	assert_string_equal(captured(*state), "sockview: port 80\n");
}

static void hostile_text_cannot_leave_its_line(void **state)
{
	message("cannot open %s", "a\nsockview: all is well\x1b[2J\x9b\r\\");
	assert_string_equal(captured(*state),
	                    "sockview: cannot open a\\x0asockview: all is well\\x1b[2J\\x9b\\x0d\\\\\n");
}

static void a_message_longer_than_any_is_cut_and_still_a_line(void **state)
{
	static char text[20000];
	memset(text, '\x01', sizeof(text) - 1);
	message_usage("%s", text);
	const char *line = captured(*state);
	size_t len = strlen(line);
	assert_true(len > 1000 && len < 10000);
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	assert_non_null(strstr(line, "; try sockview --help\n"));
}

static void a_usage_error_says_where_help_is(void **state)
{
	message_usage("unknown option %s", "--frob");
	assert_string_equal(captured(*state), "sockview: unknown option --frob; try sockview --help\n");
}

static void an_error_names_what_failed_where(void **state)
{
	struct error error;
	error_set(&error, ENOENT, "open", "/no/such");
	message_error(&error);
	error_set(&error, 0, "read this message of", "file");
	error.offset = 4711;
	message_error(&error);
	error_set(&error, EPERM, "ask the kernel", "");
	message_error(&error);
	assert_string_equal(captured(*state), "sockview: cannot open /no/such: No such file or directory\n"
	                                      "sockview: cannot read this message of file (at byte 4711)\n"
	                                      "sockview: cannot ask the kernel: Operation not permitted\n");
}

static void a_whole_answer_needs_no_words(void **state)
{
	struct report report = { .received = 9, .requests = 3 };
	struct owner_report owners = { .processes = 100, .asked = true };
	struct privilege privilege = { .sees_fds = true };
	notes_report(&report, &owners, &privilege, true);
	notes_report(&report, NULL, NULL, true);
	assert_string_equal(captured(*state), "");
}

static void what_an_answer_lacks_is_a_line_each(void **state)
{
	struct report report = {
		.interrupted = 1,
		.lost = 1,
		.malformed = 3,
		.unavailable = PROTO_BIT(PROTO_UDPLITE) | PROTO_BIT(PROTO_RAW) | PROTO_BIT(PROTO_UNIX),
		.refused = { [PROTO_RAW] = EPERM },
		.from_proc = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP),
		.netlink_errno = EPROTONOSUPPORT,
		.proc_lacks = true,
	};
	struct report chosen = { .from_proc = PROTO_BIT(PROTO_TCP) }; /* by --source proc: nothing is said */
	notes_report(&chosen, NULL, NULL, false);
	notes_report(&report, NULL, NULL, false);
	assert_string_equal(
		captured(*state),
		"sockview: this kernel does not tell of udplite, unix sockets\n"
		"sockview: the kernel did not list raw sockets: Operation not permitted\n"
		"sockview: sockets changed while the kernel listed them: some may be missing or shown twice\n"
		"sockview: the kernel's answer was cut short: some sockets are missing\n"
		"sockview: 3 entries of the kernel's answer could not be read and were left out\n"
		"sockview: netlink is not available (Protocol not supported): tcp, udp read from /proc/net, which does "
		"not tell backlogs nor what -I, -m and -ee show\n");
}

static void verbose_says_how_it_was_done_instead(void **state)
{
	struct report report = {
		.from_proc = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP),
		.netlink_errno = EPROTONOSUPPORT,
	};
	struct owner_report owners = {
		.asked = true, .vanished = 1, .fds = 12345, .bpf_why = "loading was refused", .bpf_errno = EPERM
	};
	notes_report(&report, &owners, NULL, true);
	assert_string_equal(
		captured(*state),
		"sockview: netlink is not available (Protocol not supported): tcp, udp read from /proc/net, which does "
		"not tell backlogs nor what -I, -m and -ee show\n"
		"sockview: 1 process ended while being looked at\n"
		"sockview: owners read from /proc, a system call for each of 12345 descriptors, not by BPF: loading was refused: "
		"Operation not permitted (it takes CAP_BPF and CAP_PERFMON)\n");
}

static void hidden_processes_come_with_what_would_show_them(void **state)
{
	struct report report = { 0 };
	struct owner_report owners = { .asked = true,
		                       .denied = 12,
		                       .denied_who = { { 812, "ss\033hd" }, { 900, "" } } };
	struct privilege nobody = { 0 }, root = { .root = true, .has_read_search = true },
			 half = { .root = true, .has_ptrace = true },
			 all = { .has_ptrace = true, .has_read_search = true, .sees_fds = true };
	char path[512], expected[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = '\0';
	notes_report(&report, &owners, &nobody, false);
	notes_report(&report, &owners, &root, false);
	notes_report(&report, &owners, &half, false);
	owners.denied = 1;
	notes_report(&report, &owners, &all, false);
	owners.denied = 2;
	notes_report(&report, &owners, &all, false);
	snprintf(
		expected, sizeof(expected),
		"sockview: 12 processes could not be looked into, so some owners are unknown: use sudo, or "
		"allow it with: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep %s\n"
		"sockview: 12 processes could not be looked into, so some owners are unknown: root lacks "
		"CAP_SYS_PTRACE here (a container gets it with --cap-add)\n"
		"sockview: 12 processes could not be looked into, so some owners are unknown: root lacks "
		"CAP_DAC_READ_SEARCH here (a container gets it with --cap-add)\n"
		"sockview: 1 process could not be looked into (ss\\x1bhd, pid 812), so some owners are unknown: another "
		"user namespace's, or hidden by a security module\n"
		"sockview: 2 processes could not be looked into (ss\\x1bhd, pid 812; pid 900), so some owners are "
		"unknown: another user namespace's, or hidden by a security module\n",
		path);
	assert_string_equal(captured(*state), expected);
}

static void other_gaps_among_the_processes_are_told(void **state)
{
	struct report report = { 0 };
	struct owner_report hides = { .asked = true, .denied = 3, .hides = true },
			    starved = { .asked = true, .starved = 2 },
			    unread = { .asked = true,
		                       .unread = { { EIO, 3 }, { ENOMEM, 1 } },
		                       .partly = { EMFILE, 2 } },
			    no_proc = { .no_proc = EACCES };
	struct privilege root = { .root = true, .has_read_search = true };
	notes_report(&report, &hides, &root, false);
	notes_report(&report, &hides, NULL, false);
	notes_report(&report, &starved, &root, false);
	notes_report(&report, &unread, &root, false);
	notes_report(&report, &no_proc, &root, false);
	/* C libraries word an errno each in its own way. */
	char expected[1024];
	snprintf(
		expected, sizeof(expected),
		"sockview: /proc hides processes of others (hidepid), so some owners are unknown: root lacks "
		"CAP_SYS_PTRACE here (a container gets it with --cap-add)\n"
		"sockview: /proc hides processes of others (hidepid), so some owners are unknown\n"
		"sockview: 2 processes could not be looked into, so some owners are unknown: too many open files (ulimit -n)\n"
		"sockview: 3 processes could not be looked into, so some owners are unknown: %s\n"
		"sockview: 1 process could not be looked into, so some owners are unknown: %s\n"
		"sockview: of 2 owners the name or more could not be read: %s\n"
		"sockview: no process can be looked at, so no owner is known: /proc: %s\n",
		strerror(EIO), strerror(ENOMEM), strerror(EMFILE), strerror(EACCES));
	assert_string_equal(captured(*state), expected);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture_setup, capture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURED(a_message_is_a_line),
		CAPTURED(hostile_text_cannot_leave_its_line),
		CAPTURED(a_message_longer_than_any_is_cut_and_still_a_line),
		CAPTURED(a_usage_error_says_where_help_is),
		CAPTURED(an_error_names_what_failed_where),
		CAPTURED(a_whole_answer_needs_no_words),
		CAPTURED(what_an_answer_lacks_is_a_line_each),
		CAPTURED(verbose_says_how_it_was_done_instead),
		CAPTURED(hidden_processes_come_with_what_would_show_them),
		CAPTURED(other_gaps_among_the_processes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
