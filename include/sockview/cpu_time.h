// SPDX-License-Identifier: MIT
/* cpu_time.h - the processor's time that this process has used. */
#ifndef SOCKVIEW_CPU_TIME_H
#define SOCKVIEW_CPU_TIME_H

#include <stdint.h>

int64_t cpu_time_ms(void);

#endif
