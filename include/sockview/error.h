// SPDX-License-Identifier: MIT
/* error.h - why something could not be done: an errno and the words around it. */
#ifndef SOCKVIEW_ERROR_H
#define SOCKVIEW_ERROR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Why something failed. `number` is an errno; `what` a constant phrase that
 * fits after "cannot"; `subject` (may be "") names the file or the request;
 * offset is in bytes, for replayed files, -1 for none.
 */
struct error {
	int number;
	const char *what;
	char subject[256];
	int64_t offset;
	const char *why; /* constant text that says more than strerror(number); NULL for that */
};

/* Fills the error; always returns -1, so that a caller can return it. */
int error_set(struct error *error, int number, const char *what, const char *subject);

/* "cannot WHAT SUBJECT: why (at byte N)": the error in words, cut to the room. */
void error_text(const struct error *error, char *text, size_t size);

/* Writes a line for the user, who gave wrong words: the culprit and what would be right. Always returns -1. */
int problem_set(char *problem, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
