// SPDX-License-Identifier: MIT
/* foreign_words.h - what netstat, ss, lsof, sockstat and fuser call things: taken with the same meaning, or refused. */
#ifndef SOCKVIEW_CLI_FOREIGN_WORDS_H
#define SOCKVIEW_CLI_FOREIGN_WORDS_H

#include <stddef.h>

struct foreign_word {
	const char *word; /* "-T", "--threads" */
	const char *tool;
	const char *
		own; /* the long option that means the same, "NAME" or "NAME=WORD"; "": it does nothing, with a note; NULL: it is refused */
	const char *text; /* why it is refused, or what would be right */
};

/* By the word as it is typed, up to `len`; NULL if it is not in the table. */
const struct foreign_word *foreign_word_find(const char *word, size_t len);
/* Row `index`; NULL behind the last. */
const struct foreign_word *foreign_word_at(size_t index);

#endif
