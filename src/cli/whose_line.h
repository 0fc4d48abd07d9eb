// SPDX-License-Identifier: MIT
/* whose_line.h - whose habits a command line follows: decided before any letter is read. */
#ifndef SOCKVIEW_CLI_WHOSE_LINE_H
#define SOCKVIEW_CLI_WHOSE_LINE_H

enum line_of {
	LINE_OWN,  /* nothing in it is read in two ways */
	LINE_LSOF, /* its letters are lsof's */
	LINE_SS,   /* its `i` is ss's -i: TCP internals */
};

enum line_of whose_line(int argc, char *const *argv);

#endif
