// SPDX-License-Identifier: MIT
/*
 * json_string.h - text as JSON strings, straight to the output.
 *
 * A string holds what every other format prints: hostile text escaped as
 * text_escape() does it, so that the text is printable and valid UTF-8 for
 * any bytes, and undoing `\\` and `\xHH` gives the bytes back.
 */
#ifndef SOCKVIEW_JSON_STRING_H
#define SOCKVIEW_JSON_STRING_H

#include <sockview/out.h>

/* Hostile bytes, escaped, in quotes. */
void json_bytes(struct out *out, const void *data, size_t len);
/* Text that is printable already, in quotes. */
void json_printable(struct out *out, const char *text, size_t len);
/* A NUL-terminated string, escaped as hostile, in quotes; null for NULL. */
void json_string(struct out *out, const char *text);

#endif
