// SPDX-License-Identifier: MIT
/* cpu_time.c - the processor's time that this process has used (cpu_time.h). */
#include <sockview/cpu_time.h>

#include <time.h>

int64_t cpu_time_ms(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}
