// SPDX-License-Identifier: MIT
/*
 * ring.c - a listener that only an io_uring holds.
 *
 *   ring PORT [accept]
 *
 * Makes a listening socket on 127.0.0.1, hands it to a ring, closes it, writes a
 * byte to stdout and waits for the end of stdin. The ring has it in its table
 * of files, or, with `accept`, in an accept() that waits. Exit 77: no io_uring
 * here.
 */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring_register(int ring, int fd)
{
	return (int)syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1);
}

/* One request, submitted: the kernel keeps the file until a client comes. */
static int ring_accept(int ring, const struct io_uring_params *params, int fd)
{
	size_t size = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	char *queue = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = mmap(NULL, params->sq_entries * sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED,
	                                  ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || entry == MAP_FAILED)
		return -1;
	memset(entry, 0, sizeof(*entry));
	entry->opcode = IORING_OP_ACCEPT;
	entry->fd = fd;
	((unsigned *)(queue + params->sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(queue + params->sq_off.tail), 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct io_uring_params params;
	char byte = 'R';

	if (argc != 2 && argc != 3)
		return 2;
	memset(&params, 0, sizeof(params));
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	name.sin_port = htons((uint16_t)atoi(argv[1]));
	if (ring < 0)
		return 77;
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 4) < 0)
		return 1;
	if ((argc == 3 ? ring_accept(ring, &params, fd) : ring_register(ring, fd)) < 0)
		return 77;
	close(fd);
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		return 1;
	return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
