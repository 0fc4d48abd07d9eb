/*
 * wire.h - the bytes seam: where netlink messages come from.
 *
 * A live socket, a recording tee around one, a replayed file and a test's
 * script are all this struct; one loop (netlink.c) reads them.
 */
#ifndef SOCKVIEW_COLLECT_WIRE_H
#define SOCKVIEW_COLLECT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <sockview/source.h>

/*
 * The kernel sends at most 32 KiB in one datagram of a dump, more where pages
 * are larger (net/netlink/af_netlink.c, netlink_dump). No message is larger.
 */
enum { WIRE_BUFFER = 65536 };

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
	bool recording;   /* whatever is asked for twice is twice in the file */
	int record_errno; /* why the recording could not be written: this wire has no more to give */
	char origin[WIRE_ORIGIN_MAX + 1]; /* text of the NLMSG_NOOP that begins a recording */
};

#endif
