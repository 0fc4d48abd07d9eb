// SPDX-License-Identifier: MIT
/*
 * run_corpus.c - main() for a fuzz target without libFuzzer: feeds it the
 * files of the folders it is given, and every shorter beginning of each, from
 * a buffer of exactly that size. A folder without files is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20, EVERY_PREFIX_BELOW = 2048 };

static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(LARGEST);
	if (!file || !data)
		return -1;
	size_t size = fread(data, 1, LARGEST, file);
	fclose(file);
	feed(data, size);
	size_t prefixes = size < EVERY_PREFIX_BELOW ? size : EVERY_PREFIX_BELOW;
	for (size_t len = 0; len < prefixes; len++)
		feed(data, len);
	free(data);
	return 0;
}

static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return -1;
	int files = 0;
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (run_file(path) < 0)
			return -1;
		files++;
	}
	closedir(dir);
	printf("%s: %d files\n", folder, files);
	return files ? 0 : -1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i]) < 0) {
			fprintf(stderr, "%s: nothing to run\n", argv[i]);
			return 1;
		}
	return argc > 1 ? 0 : 1;
}
