/* findings.c - what one thread of a finder has found so far; see owner.h. */
#include <sockview/owner.h>
#include <sockview/vec.h>

#include <string.h>

int findings_add_owner(struct findings *findings, const struct owner *owner)
{
	struct owner *grown =
		vec_reserve(findings->owner, &findings->owner_capacity, findings->owner_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	findings->owner = grown;
	findings->owner[findings->owner_count++] = *owner;
	return 0;
}

int findings_add_process(struct findings *findings, const struct process *process)
{
	if (findings->process_count >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	struct process *grown = vec_reserve(findings->process, &findings->process_capacity, findings->process_count + 1,
	                                    sizeof(*grown));
	if (!grown)
		return -1;
	findings->process = grown;
	findings->process[findings->process_count++] = *process;
	return 0;
}

int findings_add_text(struct findings *findings, const void *data, size_t len, struct process_text *text)
{
	/* Offset 0 says absent, so the first byte is nobody's. */
	size_t at = findings->strings_len ? findings->strings_len : 1;
	if (len >= UINT32_MAX - at) {
		errno = ENOMEM;
		return -1;
	}
	char *grown = vec_reserve(findings->strings, &findings->strings_capacity, at + len + 1, 1);
	if (!grown)
		return -1;
	findings->strings = grown;
	grown[0] = '\0';
	if (len)
		memcpy(grown + at, data, len);
	grown[at + len] = '\0';
	findings->strings_len = at + len + 1;
	*text = (struct process_text){ (uint32_t)at, (uint32_t)len };
	return 0;
}

void findings_free(struct findings *findings)
{
	free(findings->owner);
	free(findings->process);
	free(findings->strings);
	*findings = (struct findings){ 0 };
}
