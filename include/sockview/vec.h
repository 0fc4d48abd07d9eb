// SPDX-License-Identifier: MIT
/* vec.h - growing an array by doubling, with the multiplication checked. */
#ifndef SOCKVIEW_VEC_H
#define SOCKVIEW_VEC_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* `array` with room for `need` items of `size` bytes; NULL with errno ENOMEM leaves it as it was. */
static inline void *vec_reserve(void *array, size_t *capacity, size_t need, size_t size)
{
	if (need <= *capacity && array)
		return array;
	size_t want = *capacity ? *capacity : 16;
	while (want < need) {
		if (want > SIZE_MAX / 2) {
			errno = ENOMEM;
			return NULL;
		}
		want *= 2;
	}
	void *grown = reallocarray(array, want, size);
	if (grown)
		*capacity = want;
	return grown;
}

/*
 * One more item, zeroed, behind the last of `array`, whose count and capacity
 * are lvalues: a pointer to it, or NULL with errno ENOMEM and all as it was.
 */
#define vec_push(array, count, capacity) \
	({ \
		void *vec_grown = vec_reserve((array), &(capacity), (count) + 1, sizeof(*(array))); \
		if (vec_grown) \
			(array) = vec_grown; \
		vec_grown ? memset(&(array)[(count)++], 0, sizeof(*(array))) : NULL; \
	})

#endif
