// SPDX-License-Identifier: MIT
/*
 * fuzz_program.c - the whole program but main.c: arguments, a recording and a /proc of plain files, in process.
 *
 * An input is a row of parts: a letter, a length of two bytes (little endian), that many bytes. The letter says what
 * they are: 'a' the arguments, a NUL behind each; 'r' the recording; any other a file of the fake /proc (see files[]).
 * Without a recording the sockets are read from that /proc's net.
 *
 * Privileges are stubs, and what would leave the process is turned off: no live socket, no file but those made here,
 * no host name is asked for, no pager. Standard output and error are files in memory. Each run ends with a status
 * that the manual page has, has a word on standard error if that says there is no answer, prints no control
 * characters, and leaves no file open. Each thousandth run is of an input whose answer is known: rows are printed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/cli.h>
#include <sockview/countof.h>
#include <sockview/run.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A sanitizer's report must not go to the file that stands for standard error. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

enum { WORDS = 64, KNOWN_EVERY = 1000 };

struct part {
	const uint8_t *data;
	size_t len;
};

struct input {
	struct part part[256]; /* by letter; of several the last */
};

/* What lasts from run to run. */
struct stage {
	char proc[64];
	int out, err, recording; /* in memory */
	int report;              /* the real standard error */
	unsigned long runs;
};

static const struct {
	char letter;
	const char *path;
} files[] = {
	{ 't', "net/tcp" },     { 'T', "net/tcp6" },    { 'u', "net/udp" },      { 'U', "net/udp6" },
	{ 'w', "net/raw" },     { 'x', "net/unix" },    { 'n', "net/sockstat" }, { 'c', "812/comm" },
	{ 'l', "812/cmdline" }, { 's', "812/stat" },    { 'S', "812/status" },   { 'g', "812/cgroup" },
	{ 'm', "mounts" },      { 'M', "1/mountinfo" },
};

/* Of the known input: one listener with one owner. */
/* 127.0.0.1 as the kernel prints it: a word of network byte order as a number of this machine. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOOPBACK "0100007F"
#else
#define LOOPBACK "7F000001"
#endif
static const char known_tcp[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: " LOOPBACK
	":1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n";
static const char known_arguments[] = "-ltnp";
static const char known_row[] = "127.0.0.1:8080";

/* --- privileges, of which there are none to raise or to drop --- */

int privilege_begin(struct privilege *privilege)
{
	*privilege = (struct privilege){ .root = true, .sees_fds = true };
	return 0;
}

int privilege_raise(const struct privilege *privilege, unsigned needs)
{
	(void)privilege, (void)needs;
	return 0;
}

int privilege_owners(const struct privilege *privilege, bool in_effect)
{
	(void)privilege, (void)in_effect;
	return 0;
}

int privilege_own(const struct privilege *privilege)
{
	(void)privilege;
	return 0;
}

int privilege_rest(void)
{
	return 0;
}

int privilege_drop(void)
{
	return 0;
}

/* --- the stage --- */

__attribute__((noinline)) static void check(bool right)
{
	if (!right)
		abort();
}

static void make_folder(const char *path)
{
	check(mkdir(path, 0700) == 0);
}

static void remove_tree(const char *root)
{
	static const char *const folders[] = {
		"812/task/812/fd", "812/task/812", "812/task", "812/fd", "812", "net", "1"
	};
	static const char *const links[] = { "812/fd/3", "812/task/812/fd/3" };
	char path[128];
	for (size_t i = 0; i < countof(files) + countof(links); i++) {
		snprintf(path, sizeof(path), "%s/%s", root,
		         i < countof(files) ? files[i].path : links[i - countof(files)]);
		unlink(path);
	}
	for (size_t i = 0; i < countof(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		rmdir(path);
	}
	rmdir(root);
}

static struct stage stage;

static void stage_end(void)
{
	remove_tree(stage.proc);
}

static void stage_begin(void)
{
	static const char *const folders[] = {
		"net", "1", "812", "812/fd", "812/task", "812/task/812", "812/task/812/fd"
	};
	char path[128];
	struct stat shm;
	snprintf(stage.proc, sizeof(stage.proc), "%s/sockview-fuzz-XXXXXX",
	         stat("/dev/shm", &shm) ? "/tmp" : "/dev/shm");
	check(mkdtemp(stage.proc) != NULL);
	for (size_t i = 0; i < countof(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", stage.proc, folders[i]);
		make_folder(path);
	}
	atexit(stage_end);
	stage.out = memfd_create("out", MFD_CLOEXEC);
	stage.err = memfd_create("err", MFD_CLOEXEC);
	stage.recording = memfd_create("recording", MFD_CLOEXEC);
	stage.report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	check(stage.out >= 0 && stage.err >= 0 && stage.recording >= 0 && stage.report >= 0);
	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(intptr_t)stage.report);
	unsetenv("TCPDIAG_FILE");
}

/* An absent part is an absent file. */
static void stage_file(const char *name, struct part part)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", stage.proc, name);
	if (!part.data) {
		unlink(path);
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd >= 0 && write(fd, part.data, part.len) == (ssize_t)part.len);
	close(fd);
}

static void stage_link(const char *name, struct part target)
{
	char path[128], text[256];
	snprintf(path, sizeof(path), "%s/%s", stage.proc, name);
	unlink(path);
	size_t len = target.len < sizeof(text) ? target.len : sizeof(text) - 1;
	if (!target.data || !len)
		return;
	memcpy(text, target.data, len);
	text[len] = '\0';
	/* An empty target is none. */
	(void)!symlink(text, path);
}

static void stage_memory(int fd, struct part part)
{
	check(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	check(!part.len || pwrite(fd, part.data, part.len, 0) == (ssize_t)part.len);
}

static void stage_set(const struct input *input)
{
	for (size_t i = 0; i < countof(files); i++)
		stage_file(files[i].path, input->part[(uint8_t)files[i].letter]);
	stage_link("812/fd/3", input->part['f']);
	stage_link("812/task/812/fd/3", input->part['f']);
	stage_memory(stage.recording, input->part['r']);
	stage_memory(stage.out, (struct part){ 0 });
	stage_memory(stage.err, (struct part){ 0 });
	check(dup2(stage.out, STDOUT_FILENO) == STDOUT_FILENO && dup2(stage.err, STDERR_FILENO) == STDERR_FILENO);
}

/* --- one run --- */

static void input_read(struct input *input, const uint8_t *data, size_t size)
{
	*input = (struct input){ 0 };
	for (size_t at = 0; at + 3 <= size;) {
		size_t len = (size_t)(data[at + 1] | data[at + 2] << 8), rest = size - at - 3;
		len = len < rest ? len : rest;
		input->part[data[at]] = (struct part){ data + at + 3, len };
		at += 3 + len;
	}
}

static int arguments_split(struct part part, char *text, char **argv)
{
	static char name[] = "sockview";
	int argc = 0;
	argv[argc++] = name;
	memcpy(text, part.data ? part.data : (const uint8_t *)"", part.len);
	text[part.len] = '\0';
	for (size_t at = 0; at < part.len && argc < WORDS; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	return argc;
}

/* Turns off options that would look at this machine, or last, or write. False: it is not a look at sockets. */
static bool options_tame(struct options *options, bool replay)
{
	static char name[32];
	snprintf(name, sizeof(name), "/dev/fd/%d", stage.recording);
	options->replay = replay ? name : NULL;
	options->proc_root = stage.proc;
	options->record = options->filter_file = NULL;
	options->source = replay ? SOURCE_AUTO : SOURCE_PROC;
	options->owners_from = OWNERS_PROC;
	options->resolve = options->pager = options->continuous = false;
	return options->mode == MODE_LOOK;
}

static void check_printable(const struct options *options)
{
	char buffer[4096];
	ssize_t got;
	off_t at = 0;
	if (options->color == WHEN_ALWAYS)
		return;
	while ((got = pread(stage.out, buffer, sizeof(buffer), at)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			uint8_t byte = (uint8_t)buffer[i];
			check((byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t' || byte == '\r' ||
			      (byte == '\0' && options->fields_given));
		}
		at += got;
	}
}

static bool is_empty(int fd)
{
	return lseek(fd, 0, SEEK_END) <= 0;
}

static void run(const struct input *input)
{
	static const volatile sig_atomic_t never;
	char *argv[WORDS + 1], *text = malloc(input->part['a'].len + 1), problem[OPTIONS_PROBLEM_MAX];
	struct options options;
	struct privilege privilege;
	check(text && privilege_begin(&privilege) == 0);
	stage_set(input);
	int argc = arguments_split(input->part['a'], text, argv);
	if (options_parse(&options, argc, argv, problem) == 0 && options_tame(&options, input->part['r'].data)) {
		enum exit_status status = run_invocation(&options, &privilege, &never);
		check(status == EXIT_ROWS || status == EXIT_NOTHING || !is_empty(stage.err));
		check(status <= EXIT_NO_ANSWER);
		check_printable(&options);
	}
	options_free(&options);
	free(text);
	/* Standard output is closed by a run that printed. */
	dup2(stage.report, STDERR_FILENO);
	dup2(stage.report, STDOUT_FILENO);
}

/* --- the known input --- */

static bool prints_known_row(void)
{
	struct input input = { 0 };
	char printed[4096];
	input.part['a'] = (struct part){ (const uint8_t *)known_arguments, sizeof(known_arguments) };
	input.part['t'] = (struct part){ (const uint8_t *)known_tcp, sizeof(known_tcp) - 1 };
	input.part['c'] = (struct part){ (const uint8_t *)"server\n", 7 };
	input.part['l'] = (struct part){ (const uint8_t *)"server", 7 };
	input.part['f'] = (struct part){ (const uint8_t *)"socket:[4711]", 13 };
	run(&input);
	ssize_t got = pread(stage.out, printed, sizeof(printed) - 1, 0);
	printed[got > 0 ? got : 0] = '\0';
	return strstr(printed, known_row) && strstr(printed, "812/server");
}

static int lowest_unused(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	if (!*stage.proc)
		stage_begin();
	if (stage.runs++ % KNOWN_EVERY == 0)
		check(prints_known_row());
	input_read(&input, data, size);
	int before = lowest_unused();
	run(&input);
	check(lowest_unused() == before);
	return 0;
}
