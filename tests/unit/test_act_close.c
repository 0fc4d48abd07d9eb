// SPDX-License-Identifier: MIT
/* A cookie that is not the socket's closes nothing. The sockets are of a network namespace of the test's own. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sockview/act.h>
#include <sockview/exchange.h>

#include "skip.h"

/* A UDP socket on 0.0.0.0:PORT (0: any), and its row. */
static int made(uint16_t port, struct row *row)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(address), cookie_len = sizeof(row->cookie);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	/* qemu-user does not know the option. */
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_len) < 0 &&
	    (errno == ENOPROTOOPT || errno == EINVAL))
		skip_because("SO_COOKIE: %s", strerror(errno));
	*row = (struct row){ .family = AF_INET, .proto = PROTO_UDP, .flags = ROW_HAS_COOKIE };
	row->local_port = ntohs(address.sin_port);
	row->cookie = cookie;
	return fd;
}

/* What the socket's owner sees. */
static int pending(int fd)
{
	int number = 0;
	socklen_t len = sizeof(number);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len), 0);
	return number;
}

static void another_cookie_closes_nothing(void **state)
{
	(void)state;
	struct exchange exchange;
	struct row row, next;
	/* Its loopback is down, which is no matter: nothing is sent. */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		skip_because("no network namespace: %s", strerror(errno));
	int opened = act_open(&exchange);
	/* qemu-user has no sock_diag. */
	if (opened < 0 && errno == EPROTONOSUPPORT)
		skip_because("no sock_diag: %s", strerror(errno));
	assert_int_equal(opened, 0);
	int fd = made(0, &row);
	struct row wrong = row;
	wrong.cookie++;
	int number = act_close(&exchange, &wrong);
	if (number == EOPNOTSUPP) {
		exchange_close(&exchange);
		close(fd);
		skip_because("a kernel without CONFIG_INET_DIAG_DESTROY");
	}
	assert_int_equal(number, ENOENT);
	wrong.cookie = UINT64_MAX; /* INET_DIAG_NOCOOKIE: any socket of that address */
	assert_int_equal(act_close(&exchange, &wrong), ENOENT);
	wrong = row;
	wrong.flags = 0;
	assert_int_equal(act_close(&exchange, &wrong), ENOENT);
	assert_int_equal(pending(fd), 0);
	close(fd);

	/* Another has its place. */
	fd = made(row.local_port, &next);
	assert_int_equal(next.local_port, row.local_port);
	assert_int_equal(act_close(&exchange, &row), ENOENT);
	assert_int_equal(pending(fd), 0);
	assert_int_equal(act_close(&exchange, &next), 0);
	assert_int_equal(pending(fd), ECONNABORTED);
	close(fd);
	exchange_close(&exchange);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_cookie_closes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
