// SPDX-License-Identifier: MIT
/*
 * fuzz_proc.c - any bytes as what /proc says of a process, of its mounts and of
 * CPU limits: what is found lies within them. The first byte chooses the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/mountinfo.h"
#include <sockview/cpus.h>
#include "owners/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* Inside the text, or absent. */
static void check_within(struct bytes found, const char *text, size_t len)
{
	const char *at = found.data;
	check(!at ? !found.len : at >= text && at + found.len <= text + len);
}

static void parse_mounts(const char *text, size_t len)
{
	struct mountinfo mountinfo = { .root = -1 };
	struct mount mount;
	check(text_add(&mountinfo.text, text, len) == 0 && text_room(&mountinfo.text, 1));
	mountinfo.text.data[len] = '\0';
	const char *from = mountinfo.text.data, *end = from + len;
	while (mountinfo_next(&mountinfo, &mount)) {
		const char *const strings[] = { mount.root, mount.where, mount.type };
		for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
			check(strings[i] >= from && strings[i] + strlen(strings[i]) <= end);
		/* Only a namespace's file has no directory above it. */
		check((mount.root[0] == '/' || !strcmp(mount.type, "nsfs")) && mount.where[0] == '/');
	}
	check(mountinfo.at == len);
	mountinfo_close(&mountinfo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	/* In memory of exactly that size, so that a sanitizer sees a step beyond. */
	size_t len = size - 1;
	char *text = malloc(len ? len : 1);
	struct process_stat stat;
	check(text != NULL);
	memcpy(text, data + 1, len);
	switch (data[0]) {
	case 'm':
		parse_mounts(text, len);
		break;
	case 's':
		process_parse_stat(text, len, &stat);
		break;
	case 'g':
		check_within(process_cgroup(text, len), text, len);
		break;
	case 'a':
		check_within(process_program(text, len), text, len);
		break;
	case 'l':
		process_bracketed(text, len, "socket:", 7);
		break;
	case 'c':
		cpus_from_cpu_max(text, len);
		break;
	}
	free(text);
	return 0;
}
