// SPDX-License-Identifier: MIT
/*
 * reader.h - a thread that receives the answer of one wire into slots, from which its caller takes it.
 *
 *   kernel --receive--> [slot][slot][slot]... --copy--> caller
 *           the thread                          decodes, filters, formats
 *
 * The thread never waits inside receive(): it polls the wire's fd beside an
 * eventfd by which it is told to stop. pthread_cancel() would do that too, but
 * glibc loads libgcc_s for it at run time and aborts where that is not there.
 */
#ifndef SOCKVIEW_WIRE_READER_H
#define SOCKVIEW_WIRE_READER_H

#include <pthread.h>

#include <sockview/wire.h>

enum { READER_SLOTS = 8 };

struct reader_slot {
	ssize_t got; /* receive's answer */
	int error;   /* and its errno */
	bool last;   /* the thread ends behind it */
	char *data;  /* WIRE_BUFFER bytes */
};

/* What readers share whose caller waits for any of them. */
struct reader_meeting {
	pthread_mutex_t lock; /* over the slots of each */
	pthread_cond_t filled;
};

struct reader {
	struct wire *inner;
	struct reader_meeting *meeting;
	bool running; /* the thread: started and not joined */
	pthread_t thread;
	int stop_fd;  /* an eventfd, readable when the thread shall stop; -1: not made yet */
	char *memory; /* of all slots */

	/* below the meeting's lock */
	pthread_cond_t taken;
	struct reader_slot slot[READER_SLOTS];
	unsigned head, count; /* slot[head] is the oldest of count filled ones */
	bool stop;
};

void reader_meeting_init(struct reader_meeting *meeting);
void reader_meeting_destroy(struct reader_meeting *meeting);

/* Owns inner. */
void reader_init(struct reader *reader, struct wire *inner, struct reader_meeting *meeting);
void reader_destroy(struct reader *reader);

/*
 * The one place where threads of a wire are started, with the capabilities of
 * the moment (or of the wire's servant) and all signals blocked. Where none can be had reader->running
 * stays false: the caller receives by itself.
 */
void reader_start(struct reader *reader);
/* In the middle of an answer, too. */
void reader_stop(struct reader *reader);

/* The reader, of so many, that has most to give; sleeps until one has. At least one is running. */
struct reader *reader_await(struct reader *reader, unsigned count);
/*
 * What it has, as receive() gives it; `last` if that was the end and the thread
 * is gone. The reader has something.
 */
ssize_t reader_give(struct reader *reader, void *buffer, size_t len, bool *last);

/* True if the end of a dump is in the datagram. Bytes that are no message are the caller's to judge. */
bool reader_is_end(const char *data, size_t rest);

#endif
