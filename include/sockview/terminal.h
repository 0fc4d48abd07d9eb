// SPDX-License-Identifier: MIT
/*
 * terminal.h - the whole screen of a terminal, by escape sequences that every one since the VT100 knows.
 *
 * Between terminal_open() and terminal_close() signals that would end or stop
 * the program are blocked and read as keys, so that the screen is always given
 * back. SIGABRT and its like cannot be: a handler gives it back.
 */
#ifndef SOCKVIEW_TERMINAL_H
#define SOCKVIEW_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum terminal_key {
	KEY_NONE,         /* the time is up */
	KEY_STOP,         /* SIGINT, SIGTERM, SIGQUIT, SIGHUP, or the terminal is gone: terminal.signal */
	KEY_RESIZED,      /* or shown again after SIGTSTP */
	KEY_ESCAPE = 256, /* the key, not the beginning of another one's sequence */
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	/* Any other: the byte. */
};

struct terminal {
	int signals; /* signalfd(2) */
	int signal;  /* the one that ended it */
	sigset_t before;
	size_t rows, columns;
};

/* Standard input and output must be a terminal. 0, or -1 with errno. */
int terminal_open(struct terminal *terminal);
/* Waits for a key; milliseconds. */
int terminal_key(struct terminal *terminal, int timeout);
void terminal_close(struct terminal *terminal);

#endif
