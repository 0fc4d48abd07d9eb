/* process_text.h - what texts of /proc/PID say, taken out of their bytes. */
#ifndef SOCKVIEW_PROCESS_TEXT_H
#define SOCKVIEW_PROCESS_TEXT_H

#include <sockview/text.h>

/* The path in (text, len) of /proc/PID/cgroup; (NULL, 0) if there is none. */
struct bytes process_cgroup(const char *text, size_t len);

/* N of "socket:[N]", "net:[N]": the number between PREFIX[ and ]; 0 for any other text. */
uint32_t process_bracketed(const char *text, size_t len, const char *prefix, size_t prefix_len);

#endif
