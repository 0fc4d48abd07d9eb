// SPDX-License-Identifier: MIT
/* key_term.h - KEY OPERATOR VALUE, where the key is sport, src, state ... */
#ifndef SELECT_KEY_TERM_H
#define SELECT_KEY_TERM_H

#include "select/lexer.h"
#include "select/reading.h"

enum key_accepts { KEY_EQUALITY, KEY_ORDER };

struct key_term {
	const char *key;
	enum key_accepts accepts;
	const char *expected;                                          /* as a value */
	uint32_t (*read)(struct reading *reading, struct piece value); /* where it is no end of a connection */
	enum expr_end host, port; /* the end that the value is a host or ports of; 0: none */
	bool state, excluded;     /* it speaks of states; of those that do not fit */
	bool names_owner;         /* it asks for the sockets of an owner, of any state */
};

/* NULL: there is no such key. */
const struct key_term *key_term_named(const char *key);
/* The key, one of these or a column's, that a mistyped one may have meant; NULL if none is near. */
const char *key_term_nearest(struct piece key);
/* The node of the key compared with the value, or EXPR_FAILED, the error worded. */
uint32_t key_term_read(struct reading *reading, const struct key_term *term, struct piece value,
                       enum token_kind comparison);

#endif
