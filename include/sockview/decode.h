// SPDX-License-Identifier: MIT
/*
 * decode.h - one answer of sock_diag to a struct sock.
 *
 * Framing, errors and ends belong to the loop that receives; a decoder sees the
 * payload of one message and never reads past it.
 */
#ifndef SOCKVIEW_DECODE_H
#define SOCKVIEW_DECODE_H

#include <sockview/row.h>

/* A socket and the room its details point into. */
struct decoded {
	struct sock sock;
	struct sock_timer timer;
	struct sock_skmem skmem;
	struct sock_extra extra;
	struct sock_unix unix_;
	struct sock_detail detail;
};

/*
 * decode_inet(), decode_unix() ..., one a family, which its file (collect/family_*.c) tells what it reads. `proto` is
 * that of the request: the answer does not tell. Details only as `want` (enum want) says; blobs point into the payload.
 * False if it is too short or of another family.
 */
#define DECODER_OF(proto_, family) \
	bool decode_##family(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
FOR_ALL_PROTOS(DECODER_OF)
#undef DECODER_OF

#endif
