// SPDX-License-Identifier: MIT
/* exposure.h - --exposure: who can reach what listens here, by the rules of this network namespace. */
#ifndef SOCKVIEW_EXPOSURE_H
#define SOCKVIEW_EXPOSURE_H

#include <sockview/exposure_types.h>
#include <sockview/out.h>

struct exposure;

/*
 * Reads interfaces, addresses and rules with the rights that are in effect, and
 * judges each row. NULL with errno. Its rows say which rules could not be read.
 */
struct exposure *exposure_new(const struct exposure_facts *facts);
void exposure_free(struct exposure *exposure);
/* How many packets were injected; -1 with errno if none can be. */
int exposure_probes(const struct exposure *exposure);
/* At how many interfaces of listeners none was made for the reason of that number, from 0 on; 0: there are no more reasons. */
size_t exposure_unprobed(const struct exposure *exposure, size_t number, const char **why);
/* False: nothing that listens, and no port that is sent on. */
bool exposure_has_rows(const struct exposure *exposure);
/* What is said of one row of the table. Texts last for the call alone. */
struct exposure_word {
	size_t row;
	const char *state; /* "open", "filtered" ... */
	bool closed;       /* for certain no packet from elsewhere reaches it, though it is not of loopback alone */
	const char *rule;  /* what decides, escaped; "": nothing does */
};
/* Anything but 0 ends it and is returned; -1 with errno ENOMEM, too. */
typedef int exposure_call(void *context, const struct exposure_word *word);
int exposure_each(const struct exposure *exposure, exposure_call *call, void *context);
/* Each: 0, or -1 with errno ENOMEM. */
int exposure_text(const struct exposure *exposure, bool header, struct out *out);
int exposure_json(const struct exposure *exposure, struct out *out);

#endif
