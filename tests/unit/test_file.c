// SPDX-License-Identifier: MIT
/* test_file.c - the reader of small files: to the end, within the bound, through signals, past no FIFO. */
#include <sockview/file.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"

static char root[64];
static int dir;

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/sockview-file-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	dir = open(root, O_RDONLY | O_DIRECTORY);
	return dir < 0 ? -1 : 0;
}

static int remove_root(void **state)
{
	(void)state;
	unlinkat(dir, "file", 0);
	close(dir);
	return rmdir(root);
}

static void write_file(const char *text, size_t len)
{
	int fd = openat(dir, "file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void a_file_is_read_up_to_the_bound(void **state)
{
	(void)state;
	char buffer[8];
	write_file("12345678901234567890", 20);
	memset(buffer, 'x', sizeof(buffer));
	assert_int_equal(file_read(dir, "file", buffer, 7), 7);
	assert_memory_equal(buffer, "1234567x", 8);
	memset(buffer, 'x', sizeof(buffer));
	assert_int_equal(file_read_once(dir, "file", buffer, 3), 3);
	assert_memory_equal(buffer, "123xxxxx", 8);
	memset(buffer, 'x', sizeof(buffer));
	assert_int_equal(file_read_string(dir, "file", buffer, 6), 5);
	assert_memory_equal(buffer, "12345\0xx", 8);
	write_file("", 0);
	assert_int_equal(file_read(dir, "file", buffer, 8), 0);
	assert_int_equal(file_read_string(dir, "file", buffer, 6), 0);
	assert_string_equal(buffer, "");
}

/* seq_file gives a page a read(2) at most where there are many records: one read is not all. */
static void a_file_of_many_records_is_read_to_its_end(void **state)
{
	(void)state;
	static char once[1 << 20], whole[1 << 20];
	ssize_t first = file_read_once(AT_FDCWD, "/proc/kallsyms", once, sizeof(once));
	ssize_t all = file_read(AT_FDCWD, "/proc/kallsyms", whole, sizeof(whole));
	if (all < (ssize_t)sizeof(whole))
		skip_because("this kernel shows too few symbols");
	assert_true(first < all);
}

static void what_cannot_be_read_tells_errno(void **state)
{
	(void)state;
	char buffer[8] = "xxxxxxx";
	struct text text = { 0 };
	errno = 0;
	assert_int_equal(file_read(dir, "file", buffer, 8), -1);
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_int_equal(file_read(dir, ".", buffer, 8), -1);
	assert_int_equal(errno, EISDIR);
	errno = 0;
	assert_int_equal(file_read_once(-1, "file", buffer, 8), -1);
	assert_int_equal(errno, EBADF);
	errno = 0;
	assert_int_equal(file_read_text(dir, "file", 8, &text), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file_read_string(dir, "file", buffer, 8), -1);
	assert_string_equal(buffer, "");
	text_free(&text);
}

static void a_fifo_without_a_writer_is_empty(void **state)
{
	(void)state;
	char buffer[8];
	assert_int_equal(mkfifoat(dir, "file", 0600), 0);
	assert_int_equal(file_read(dir, "file", buffer, 8), 0);
	assert_int_equal(file_read_once(dir, "file", buffer, 8), 0);
}

static void text_grows_up_to_its_bound(void **state)
{
	(void)state;
	enum { LEN = 100000 };
	static char content[LEN];
	for (int i = 0; i < LEN; i++)
		content[i] = (char)('a' + i % 26);
	write_file(content, LEN);
	static const size_t bounds[] = { 0, 1, 16383, 16384, 16385, LEN - 1, LEN, LEN + 1, SIZE_MAX };
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct text text = { 0 };
		size_t fits = bounds[i] < LEN ? bounds[i] : LEN;
		assert_int_equal(text_add_string(&text, "head"), 0);
		errno = 0;
		assert_int_equal(file_read_text(dir, "file", bounds[i], &text), bounds[i] < LEN ? -1 : 0);
		assert_int_equal(errno, bounds[i] < LEN ? EFBIG : 0);
		assert_int_equal(text.len, 4 + fits);
		assert_memory_equal(text.data, "head", 4);
		assert_memory_equal(text.data + 4, content, fits);
		assert_int_equal(text.data[text.len], 0);
		text_free(&text);
	}
}

static void on_signal(int number)
{
	(void)number;
}

static void pause_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };
	nanosleep(&time, NULL);
}

static void a_signal_does_not_end_reading(void **state)
{
	(void)state;
	int ends[2];
	struct sigaction action = { .sa_handler = on_signal }, before;
	struct text text = { 0 };
	assert_int_equal(pipe(ends), 0);
	sigaction(SIGUSR1, &action, &before); /* without SA_RESTART: read(2) fails with EINTR */
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(ends[0]);
		for (int i = 0; i < 5; i++) {
			pause_ms(5);
			kill(getppid(), SIGUSR1);
			if (write(ends[1], "part ", 5) != 5)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(file_read_fd(ends[0], 1000, &text), 0);
	assert_int_equal(text.len, 25);
	assert_string_equal(text.data, "part part part part part ");
	text_free(&text);
	close(ends[0]);
	waitpid(child, NULL, 0);
	sigaction(SIGUSR1, &before, NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		CASE(a_file_is_read_up_to_the_bound),  CASE(a_file_of_many_records_is_read_to_its_end),
		CASE(what_cannot_be_read_tells_errno), CASE(a_fifo_without_a_writer_is_empty),
		CASE(text_grows_up_to_its_bound),      CASE(a_signal_does_not_end_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
