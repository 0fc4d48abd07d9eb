// SPDX-License-Identifier: MIT
/* errno_name.h - the names of errors: "ENOENT". */
#ifndef SOCKVIEW_ERRNO_NAME_H
#define SOCKVIEW_ERRNO_NAME_H

/* NULL if Linux has no error of that number. */
const char *errno_name(int number);

#endif
