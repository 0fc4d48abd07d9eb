// SPDX-License-Identifier: MIT
/* signal_name.h - the names of signals: "TERM". */
#ifndef SOCKVIEW_SIGNAL_NAME_H
#define SOCKVIEW_SIGNAL_NAME_H

/* NULL if it has none. */
const char *signal_name(int number);
/* Of "TERM", "SIGTERM" or "15", in either case; 0 if there is none of that name. */
int signal_number(const char *word);

#endif
