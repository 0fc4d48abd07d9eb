/*
 * ring.c - a listener that only an io_uring holds.
 *
 *   ring PORT
 *
 * Registers a listening socket on 127.0.0.1 with a ring, closes it, writes a
 * byte to stdout and waits for the end of stdin. Exit 77: no io_uring here.
 */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct io_uring_params params;
	char byte = 'R';

	if (argc != 2)
		return 2;
	memset(&params, 0, sizeof(params));
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	name.sin_port = htons((uint16_t)atoi(argv[1]));
	if (ring < 0)
		return 77;
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 4) < 0)
		return 1;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) < 0)
		return 77;
	close(fd);
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		return 1;
	return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
