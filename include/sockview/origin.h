// SPDX-License-Identifier: MIT
/* origin.h - the text of the note that begins a recording: where it was made, and what its kernel told. */
#ifndef SOCKVIEW_ORIGIN_H
#define SOCKVIEW_ORIGIN_H

#include <sockview/wire.h>

/* Of TCP sockets that are bound and do not listen (bound.h). */
enum origin_bound { ORIGIN_BOUND_NOT_SAID, ORIGIN_BOUND_TOLD, ORIGIN_BOUND_UNTOLD };

/* A text that is not known is "". */
struct origin {
	char boot[40];    /* sys/kernel/random/boot_id: inodes are comparable within one boot alone */
	char release[65]; /* uname(2)'s */
	enum origin_bound bound;
};

void origin_text(const struct origin *origin, char text[WIRE_ORIGIN_MAX]);
/* Of any text: recordings of older versions say the boot alone, and files of `ss -D` nothing. Words are printable. */
struct origin origin_read(const char *text);

#endif
