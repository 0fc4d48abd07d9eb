/*
 * wire.h - the bytes seam: where netlink messages come from.
 *
 * A live socket, a recording tee around one, a replayed file and a test's
 * script are all this struct; one loop (netlink.c) reads them.
 */
#ifndef SOCKVIEW_WIRE_H
#define SOCKVIEW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The kernel sends at most 32 KiB in one datagram of a dump, more where pages
 * are larger (net/netlink/af_netlink.c, netlink_dump). No message is larger.
 */
enum { WIRE_BUFFER = 65536, WIRE_ORIGIN_MAX = 256 };

struct wire {
	/* A whole request. 0, or -1 with errno. */
	int (*send)(struct wire *wire, const void *request, size_t len);
	/*
	 * Whole messages, one behind the other. Their length; 0 at the end of a
	 * replayed file; -1 with errno: ENOSPC a datagram was cut, ENOBUFS some
	 * were lost, EBADMSG a file is not what it should be (at `offset`).
	 */
	ssize_t (*receive)(struct wire *wire, void *buffer, size_t len);
	void (*close)(struct wire *wire);
	/*
	 * A replay gives everything it has once, whatever is asked: requests are
	 * among its messages. `offset` is where in the file the last received
	 * bytes begin, or what is wrong begins.
	 */
	bool replay;
	int64_t offset;
	bool recording;                   /* whatever is asked for twice is twice in the file */
	int record_errno;                 /* why the recording could not be written: this wire has no more to give */
	char origin[WIRE_ORIGIN_MAX + 1]; /* text of the NLMSG_NOOP that begins a recording */
};

/*
 * The live kernel: a NETLINK_SOCK_DIAG socket. NULL with errno.
 */
struct wire *wire_kernel(void);
/*
 * `inner`, the long answers of which a thread receives while the caller works
 * on what came before; owns inner. The thread has the capabilities of the
 * moment it is started and is gone at the end of each answer. inner itself
 * where that can not be had; NULL for NULL.
 */
struct wire *wire_ahead(struct wire *inner);
/*
 * A file of netlink messages one behind the other: what wire_record() wrote,
 * or `ss -D FILE`. Reads from `fd`, which it owns. NULL with errno.
 */
struct wire *wire_replay(int fd);
/*
 * `inner`, every message of which is also written to `fd`; owns both, unless
 * it fails. `origin` is a text (cut at WIRE_ORIGIN_MAX) that says where the
 * recording was made. NULL with errno.
 */
struct wire *wire_record(struct wire *inner, int fd, const char *origin);
/* What a replayed file said of its origin, once it was read; "" if it did not. */
const char *wire_origin(const struct wire *wire);
/* True once a recording could not be written; the wire gives no more then. */
bool wire_record_failed(const struct wire *wire);
void wire_close(struct wire *wire);

#endif
