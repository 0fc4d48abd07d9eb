// SPDX-License-Identifier: MIT
/* exit_status.h - what the program's exit status says. */
#ifndef SOCKVIEW_EXIT_STATUS_H
#define SOCKVIEW_EXIT_STATUS_H

enum exit_status {
	EXIT_ROWS = 0,      /* rows were printed, or nothing was selected */
	EXIT_NOTHING = 1,   /* of what was selected there is nothing */
	EXIT_USAGE = 2,     /* the command line is wrong */
	EXIT_NO_ANSWER = 3, /* what was asked for could not be read or written */
};

#endif
