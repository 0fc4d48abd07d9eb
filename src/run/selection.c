// SPDX-License-Identifier: MIT
/* selection.c - the options and FILTER as one filter, and the query that follows from it (selection.h). */
#include "run/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/proto.h>

#include "run/meant.h"

/* Room for more than a hundred thousand addresses. */
#define FILTER_FILE_MAX (16u << 20)

/* --- text --- */

static int no_memory(struct selection *selection)
{
	return error_set(&selection->error, ENOMEM, "read the filter", "");
}

static int selection_read(struct selection *selection, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	/* A pipe's writer is waited for: --filter-file <(...). */
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), result = -1;
	if (fd < 0 || file_read_fd(fd, FILTER_FILE_MAX, &selection->text) < 0)
		error_set(&selection->error, errno, "read", path);
	else
		result = 0;
	if (fd >= 0 && !standard)
		close(fd);
	return result;
}

/* A NUL behind the text, which is not counted. */
static int terminate_text(struct selection *selection)
{
	if (text_add_char(&selection->text, '\0') < 0)
		return no_memory(selection);
	selection->text.len--;
	return 0;
}

static int join_words(struct selection *selection, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		if ((i && text_add_string(&selection->text, " ") < 0) ||
		    text_add_string(&selection->text, words->item[i]) < 0)
			return no_memory(selection);
	return terminate_text(selection);
}

/* Puts `or` between the words, which are ports and nothing else. */
static int make_alternatives(struct selection *selection)
{
	struct text words = selection->text;
	char *rest = words.data;
	int result = 0;
	selection->text = (struct text){ 0 };
	for (const char *word; result == 0 && (word = strsep(&rest, " "));)
		if (*word && ((selection->text.len && text_add_string(&selection->text, " or ") < 0) ||
		              text_add_string(&selection->text, word) < 0))
			result = no_memory(selection);
	text_free(&words);
	return result < 0 ? result : terminate_text(selection);
}

/* --- the parts --- */

/* Remembers what could not be read. */
static int wrong(struct selection *selection, const char *what, const char *text, size_t len)
{
	if (!selection->problem.what[0])
		return no_memory(selection);
	selection->what = what;
	selection->wrong = text;
	selection->wrong_len = len;
	return -1;
}

/* The family of a host that the filter names without one. */
static int host_family(const struct options *options)
{
	int domain = protos_domain(options->protos);
	if (!(options->protos & PROTO_INET_ALL) && domain != AF_UNSPEC)
		return domain;
	if (options->inet != options->inet6)
		return options->inet ? AF_INET : AF_INET6;
	return AF_UNSPEC;
}

static int add_text(struct selection *selection, const struct options *options)
{
	const struct text *text = &selection->text;
	if (filter_add_text(selection->filter, text->data, text->len, host_family(options), &selection->problem) == 0)
		return 0;
	return wrong(selection, "filter", text->data, text->len);
}

/* The word that was read in vain, as a program's name. */
static int add_program(struct selection *selection)
{
	char text[160];
	int len = snprintf(text, sizeof(text), "program = %s", selection->text.data);
	selection->program = true;
	if (len >= (int)sizeof(text) ||
	    filter_add_text(selection->filter, text, (size_t)len, AF_UNSPEC, &selection->problem) < 0)
		return wrong(selection, "filter", selection->text.data, selection->text.len);
	return 0;
}

/* The words and the file are two filters: each must hold. */
static int add_filter(struct selection *selection, const struct options *options, const struct lookup *lookup,
                      bool either)
{
	if (options->filter_file) {
		if (selection_read(selection, options->filter_file) < 0 || add_text(selection, options) < 0)
			return -1;
		selection->text.len = 0;
	}
	if (!options->filter.count)
		return 0;
	if (join_words(selection, &options->filter) < 0 || (either && make_alternatives(selection) < 0))
		return -1;
	selection->ports = meant_ports(selection->text.data, selection->text.len);
	if (add_text(selection, options) == 0)
		return 0;
	if (!selection->problem.word || !meant_program(options, lookup->proc_fd, selection->text.data))
		return -1;
	selection->wrong = NULL;
	return add_program(selection);
}

static int add_options(struct selection *selection, const struct words *words, enum filter_option option,
                       const char *what)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *text = words->item[i];
		if (filter_add_option(selection->filter, option, text, strlen(text), &selection->problem) < 0)
			return wrong(selection, what, text, strlen(text));
	}
	return 0;
}

static int add_lists(struct selection *selection, const struct options *options)
{
	const struct {
		const struct words *words;
		enum filter_option option;
		const char *what;
	} lists[] = {
		{ &options->state, FILTER_STATE, "--state" },       { &options->pid, FILTER_PID, "--pid" },
		{ &options->program, FILTER_PROGRAM, "--program" }, { &options->user, FILTER_USER, "--user" },
		{ &options->cgroup, FILTER_CGROUP, "--cgroup" },
	};
	for (size_t i = 0; i < countof(lists); i++)
		if (add_options(selection, lists[i].words, lists[i].option, lists[i].what) < 0)
			return -1;
	return 0;
}

/* -A unix_stream: of unix sockets only that type. Columns are named for their protocol, and words for their type. */
static int add_types(struct selection *selection, const struct options *options)
{
	static const struct {
		int type;
		const char *word;
	} words[] = {
		{ SOCK_STREAM, "stream" }, { SOCK_DGRAM, "dgram" }, { SOCK_RAW, "raw" }, { SOCK_SEQPACKET, "seqpacket" }
	};
	FOR_EACH_PROTO (proto, options->protos) {
		char text[256];
		const char *name = proto_name(proto);
		int len = snprintf(text, sizeof(text), "proto != %s", name);
		if (!options->types[proto])
			continue;
		for (size_t i = 0; i < countof(words); i++)
			if (options->types[proto] & 1u << words[i].type)
				len += snprintf(text + len, sizeof(text) - (size_t)len, " or %s_type = %s", name,
				                words[i].word);
		if (filter_add_text(selection->filter, text, (size_t)len, AF_UNSPEC, &selection->problem) < 0)
			return no_memory(selection);
	}
	return 0;
}

static int add_spec(struct selection *selection, const char *spec)
{
	if (filter_add_spec(selection->filter, spec, strlen(spec), &selection->problem) == 0)
		return 0;
	return wrong(selection, "-i", spec, strlen(spec));
}

static int add_items(struct selection *selection, const struct words *words, enum filter_item item)
{
	static const char *const letters[ITEM_COUNT] = { "-p", "-u", "-c", "-g" };
	for (size_t i = 0; i < words->count; i++) {
		const char *text = words->item[i];
		if (filter_add_item(selection->filter, item, text, strlen(text), &selection->problem) < 0)
			return wrong(selection, letters[item], text, strlen(text));
	}
	return 0;
}

static int add_lsof(struct selection *selection, const struct options *options)
{
	if (options->internet && !options->spec.count && add_spec(selection, "") < 0)
		return -1;
	for (size_t i = 0; i < options->spec.count; i++)
		if (add_spec(selection, options->spec.item[i]) < 0)
			return -1;
	for (size_t i = 0; i < ITEM_COUNT; i++)
		if (add_items(selection, &options->item[i], (enum filter_item)i) < 0)
			return -1;
	filter_join_items(selection->filter, options->lsof_and, options->lsof_unix ? protos_of(AF_UNIX) : 0);
	for (size_t i = 0; i < options->proto_state.count; i++) {
		const char *text = options->proto_state.item[i];
		if (filter_add_proto_states(selection->filter, text, strlen(text), &selection->problem) < 0)
			return wrong(selection, "-s", text, strlen(text));
	}
	return 0;
}

static int make(struct selection *selection, const struct options *options, const struct lookup *lookup, bool either)
{
	*selection = (struct selection){ .filter = filter_new(lookup) };
	if (selection->filter && (options->mode == MODE_KILL || options->mode == MODE_SIGNAL))
		filter_set_strict(selection->filter);
	if (!selection->filter)
		return no_memory(selection);
	if (add_filter(selection, options, lookup, either) < 0 || add_types(selection, options) < 0 ||
	    add_lists(selection, options) < 0 || add_lsof(selection, options) < 0)
		return -1;
	if (filter_close(selection->filter) < 0)
		return no_memory(selection);
	filter_needs(selection->filter, &selection->needs);
	selection->needs.who |= selection->program;
	return 0;
}

int selection_make(struct selection *selection, const struct options *options, const struct lookup *lookup)
{
	return make(selection, options, lookup, false);
}

int selection_make_either(struct selection *selection, const struct options *options, const struct lookup *lookup)
{
	return make(selection, options, lookup, true);
}

void selection_free(struct selection *selection)
{
	filter_free(selection->filter);
	text_free(&selection->text);
	*selection = (struct selection){ 0 };
}

/* --- the query --- */

/*
 * netstat's three views: connected, listening (-l), all (-a, which wins over
 * -l). States chosen by name replace them, as in ss; a bare target, a state
 * within an expression and -i look at all that -l does not exclude. lsof knows
 * no sockets that are only bound.
 */
static uint32_t states_of(const struct selection *selection, const struct options *options, enum proto proto)
{
	const struct filter_needs *needs = &selection->needs;
	if (options->all || needs->states_chosen)
		return STATE_ALL;
	if (options->listening)
		return proto_table[proto].waiting;
	if (needs->states_said || needs->target)
		return STATE_ALL;
	if (needs->specs || needs->proto_states)
		return STATE_ALL & ~STATE_BIT(STATE_BOUND);
	return proto_table[proto].connected;
}

bool selection_is_connected(const struct selection *selection, const struct options *options)
{
	const struct filter_needs *needs = &selection->needs;
	return !options->all && !options->listening && !needs->states_chosen && !needs->states_said && !needs->target &&
	       !needs->specs && !needs->proto_states;
}

void selection_kinds(const struct query *query, bool *servers, bool *others)
{
	*servers = *others = false;
	FOR_EACH_PROTO (proto, query->protos) {
		uint32_t waiting = proto_table[proto].waiting;
		*servers |= (query->states[proto] & waiting) != 0;
		*others |= (query->states[proto] & STATE_ALL & ~waiting) != 0;
	}
}

/* Without an option, the protocols are those that the filter names. */
static unsigned selection_protos(const struct selection *selection, const struct options *options)
{
	if (options->protos_named)
		return options->protos;
	return options->protos | selection->needs.protos | (selection->needs.specs ? protos_with(PROTO_LSOF) : 0);
}

void selection_query(const struct selection *selection, const struct options *options, struct query *query)
{
	*query = (struct query){
		.protos = selection_protos(selection, options),
		.inet = options->inet,
		.inet6 = options->inet6,
		.want = selection->needs.want,
	};
	FOR_EACH_PROTO (proto, PROTO_ALL)
		query->states[proto] = states_of(selection, options, proto);
	if (!options->no_pushdown)
		filter_narrow(selection->filter, query);
	query->want |= protos_want(query->protos);
}
