/*
 * watching.c - --watch in place of a look (watching.h).
 *
 * Each tick is a look as any other; of its rows only those that fit on the
 * screen are formatted, by the format table into a file of memory. Where
 * standard output is no terminal, the rows that came and went are lines.
 */
#include "run/watching.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/message.h>
#include <sockview/people.h>
#include <sockview/places.h>
#include <sockview/terminal.h>

#include "run/gather.h"
#include "run/look.h"
#include "run/rating.h"
#include "run/rights.h"
#include "run/show.h"
#include "run/view.h"

enum {
	MARK_WIDTH = 2,  /* of '+', '-' and a blank before a line */
	SCREEN_REST = 4, /* lines of the screen that are no rows: two above, the columns' names, the keys */
	FRAME_MAX = 4 << 20,
	DEV_MAX = 1 << 20,
};

/* What an interface has counted. */
struct traffic {
	uint64_t rx, tx;
	int64_t time_ns;
};

struct watching {
	struct places places;
	struct terminal terminal;
	bool on_screen, paused, help, ever;
	size_t first;    /* row on the screen */
	unsigned sorted; /* by: index into orders */
	int memory;      /* the frame's rows are formatted into this file */
	struct text frame;
	struct traffic traffic, traffic_before;
};

/* Keys s: what the rows are sorted by, which --sort says at first. */
static const char *const orders[] = { NULL, "-tx_rate", "-rx_rate", "-retrans_rate" };

static bool watching_begin(struct run *run)
{
	struct watching *watching = calloc(1, sizeof(*watching));
	run->own = watching;
	if (!watching) {
		message_usage("out of memory");
		return false;
	}
	watching->terminal.signals = -1;
	watching->memory = -1;
	return true;
}

static int64_t watching_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- a look --- */

/* All interfaces but lo together, of /proc/net/dev: two lines of heading, then "name: rx_bytes 7 others tx_bytes ...". */
static void read_traffic(const struct run *run, struct traffic *traffic)
{
	struct text text = { 0 };
	*traffic = (struct traffic){ .time_ns = watching_now() };
	if (run->proc_net_fd >= 0 && file_read_text(run->proc_net_fd, "dev", DEV_MAX, &text) == 0)
		for (char *rest = text.data, *line; (line = strsep(&rest, "\n"));) {
			char *colon = strchr(line, ':');
			line += strspn(line, " ");
			if (!colon || strncmp(line, "lo:", 3) == 0)
				continue;
			char *at = colon + 1;
			for (unsigned field = 0; field < 9; field++) {
				uint64_t number = strtoull(at, &at, 10);
				traffic->rx += field == 0 ? number : 0;
				traffic->tx += field == 8 ? number : 0;
			}
		}
	text_free(&text);
}

static int watching_look(struct run *run)
{
	struct watching *watching = run->own;
	run->report = (struct report){ 0 };
	run->unowned = run->undecided = run->undecidable = 0;
	table_clear(&run->table);
	owners_free(&run->owners);
	hidden_free(&run->hidden);
	run->view.owners = NULL;
	if (listing_prepare(&run->listing, run->options, run->proc_fd, run->proc_is_ours) < 0)
		return error_set(&run->error, errno, "start", "");
	/* -n is meant for the addresses of the rows: on a screen rates stay as people read them. */
	run->listing.context.exact &= !watching->on_screen;
	if (rights_raise(run) < 0)
		return -1;
	if (rating_begin(run) < 0)
		return -1;
	int answer = gather_table(run);
	if (rights_drop(run, false) < 0 || answer < 0)
		return -1;
	if (run->needs.hosts && show_want_hosts(run) < 0)
		return -1;
	if (show_prepare_owners(run) < 0)
		return -1;
	if (gather_waits_for_names(run))
		gather_decide(run);
	watching->traffic_before = watching->traffic;
	read_traffic(run, &watching->traffic);
	watching->ever |= run->table.count > 0;
	if (places_update(&watching->places, &run->table) < 0)
		return error_set(&run->error, errno, "keep the rows", "");
	return 0;
}

/* --- rows as text --- */

struct shown {
	const struct place **place;
	size_t count, total;
};

static int compare_index(const void *key, const void *place)
{
	size_t left = *(const size_t *)key, right = (*(const struct place *const *)place)->index;
	return left < right ? -1 : left > right;
}

static int by_index(const void *a, const void *b)
{
	size_t left = (*(const struct place *const *)a)->index, right = (*(const struct place *const *)b)->index;
	return left < right ? -1 : left > right;
}

/* The places in the order of the sort; those that are gone have nothing to be sorted by. 0, or -1 with errno. */
static int sort_places(struct run *run, const struct place **list, size_t count)
{
	uint32_t *order = sort_order(&run->table, &run->listing.sort, &run->listing.context);
	const struct place **sorted = calloc(count + 1, sizeof(*sorted));
	size_t kept = 0;
	if (order && sorted) {
		qsort(list, count, sizeof(*list), by_index);
		for (size_t i = 0; i < run->table.count; i++) {
			size_t index = order[i];
			const struct place *const *found = bsearch(&index, list, count, sizeof(*list), compare_index);
			if (found)
				sorted[kept++] = *found;
		}
		for (size_t i = 0; i < count; i++)
			if (list[i]->index == PLACE_GONE)
				sorted[kept++] = list[i];
		memcpy(list, sorted, kept * sizeof(*list));
	}
	int result = order && sorted ? 0 : -1;
	free(order);
	free(sorted);
	return result;
}

/* As much of the line as the screen has room for; colours take none. */
static size_t cut_line(const char *line, size_t width)
{
	size_t at = 0;
	for (size_t places = 0; line[at]; at++) {
		if (line[at] == '\033') {
			at += strcspn(line + at, "m");
			continue;
		}
		/* Not the bytes behind the first of a character. */
		if ((line[at] & 0xc0) != 0x80 && ++places > width)
			break;
	}
	return at;
}

/* Formats the places as lines, each with its mark, behind `text`. */
static int format_places(struct run *run, const struct place *const *list, size_t count, bool heading,
                         struct text *text)
{
	struct watching *watching = run->own;
	const struct format *format = run->listing.format;
	struct out out;
	struct text lines = { 0 };
	if (watching->memory < 0)
		watching->memory = memfd_create("screen", MFD_CLOEXEC);
	int fd = watching->memory < 0 ? -1 : dup(watching->memory);
	if (fd < 0 || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 || out_open(&out, fd) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	run->view.no_header = !heading;
	memset(run->format_state, 0, format->state_size);
	int result = format->begin(run->format_state, &run->view, &out);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct sock sock = { .row = list[i]->row };
		if (list[i]->index != PLACE_GONE)
			table_get(&run->table, list[i]->index, &sock);
		result = format->row(run->format_state, &run->view, &out, &sock);
	}
	if (format->end(run->format_state, &run->view, &out) < 0)
		result = -1;
	if (out_close(&out) < 0 || result < 0 || lseek(watching->memory, 0, SEEK_SET) < 0 ||
	    file_read_fd(watching->memory, FRAME_MAX, &lines) < 0)
		result = -1;
	size_t row = 0;
	for (char *rest = lines.data, *line; result == 0 && (line = strsep(&rest, "\n")) && (rest || *line);) {
		bool is_heading = heading && line == lines.data;
		char mark[MARK_WIDTH] = { is_heading || row >= count ? ' ' : list[row]->mark, ' ' };
		row += !is_heading;
		if (text_add(text, mark, sizeof(mark)) < 0 ||
		    text_add(text, line, watching->on_screen ? cut_line(line, run->view.width) : strlen(line)) < 0 ||
		    text_add_string(text, watching->on_screen ? "\033[0m\033[K\r\n" : "\n") < 0)
			result = -1;
	}
	text_free(&lines);
	return result;
}

/* --- the screen --- */

static void add_rate(struct text *text, const char *before, double rate)
{
	const struct column bytes = { .unit = "bytes/s", .group = GROUP_RATE };
	const struct value value = { .kind = VALUE_REAL, .real = rate };
	char words[PEOPLE_MAX];
	*people_text(words, &bytes, &value) = '\0';
	text_add_string(text, before);
	text_add_string(text, words);
}

/* What all rows are together, and what the interfaces carried meanwhile, of which the rows are a part. */
static void add_head(struct run *run)
{
	struct watching *watching = run->own;
	struct text *frame = &watching->frame;
	double tx = 0, rx = 0, rate;
	for (size_t i = 0; i < run->table.count; i++) {
		const struct row *row = &run->table.row[i];
		tx += rates_of(&run->rating.rates, row, RATE_BYTES, false, &rate) ? rate : 0;
		rx += rates_of(&run->rating.rates, row, RATE_BYTES, true, &rate) ? rate : 0;
	}
	const struct traffic *now = &watching->traffic, *before = &watching->traffic_before;
	double seconds = before->time_ns ? (double)(now->time_ns - before->time_ns) / 1e9 : 0;
	text_add_string(frame, watching->paused ? "paused; " : "");
	text_add_u64(frame, run->table.count);
	add_rate(frame, " sockets; rows: tx ", tx);
	add_rate(frame, " rx ", rx);
	if (seconds > 0) {
		add_rate(frame, "; interfaces but lo: tx ",
		         now->tx >= before->tx ? (double)(now->tx - before->tx) / seconds : 0);
		add_rate(frame, " rx ", now->rx >= before->rx ? (double)(now->rx - before->rx) / seconds : 0);
	}
	if (run->unowned || run->report.lost || run->report.interrupted)
		text_add_string(frame, "; not all was told");
	text_add_string(
		frame,
		"\033[K\r\nNot in the rows: headers, bytes of UDP, what is forwarded, other namespaces\033[K\r\n");
}

static const char help_text[] = "q      quit\033[K\r\n"
				"space  pause\033[K\r\n"
				"s      sort by tx_rate, rx_rate, retrans_rate, not at all\033[K\r\n"
				"arrows j k, pages: other rows\033[K\r\n"
				"?      this help\033[K\r\n"
				"+ is a row that is new, - one that is gone\033[K\r\n";

/* 0, or -1 with errno. */
static int draw_rows(struct run *run)
{
	struct watching *watching = run->own;
	struct places *places = &watching->places;
	size_t room = watching->terminal.rows > SCREEN_REST ? watching->terminal.rows - SCREEN_REST : 1;
	const struct place **list = calloc(places->count + 1, sizeof(*list));
	if (!list)
		return -1;
	for (size_t i = 0; i < places->count; i++)
		list[i] = &places->place[i];
	if (watching->first + room > places->count)
		watching->first = places->count > room ? places->count - room : 0;
	int result = run->listing.sort.count ? sort_places(run, list, places->count) : 0;
	size_t count = places->count - watching->first < room ? places->count - watching->first : room;
	if (result == 0)
		result = format_places(run, list + watching->first, count, true, &watching->frame);
	free(list);
	return result;
}

static int watching_draw(struct run *run)
{
	struct watching *watching = run->own;
	struct text *frame = &watching->frame;
	frame->len = 0;
	run->view.width =
		watching->terminal.columns > MARK_WIDTH ? (unsigned)watching->terminal.columns - MARK_WIDTH : 1;
	text_add_string(frame, "\033[H");
	add_head(run);
	if (watching->help)
		text_add_string(frame, help_text);
	else if (draw_rows(run) < 0)
		return error_set(&run->error, errno, "format", "");
	text_add_string(frame, "\033[J\033[");
	text_add_u64(frame, watching->terminal.rows);
	text_add_string(frame, ";1Hq quit  space pause  s sort");
	if (orders[watching->sorted]) {
		text_add_string(frame, " (");
		text_add_string(frame, orders[watching->sorted] + 1);
		text_add_string(frame, ")");
	}
	if (text_add_string(frame, "  ? help\033[K") < 0)
		return error_set(&run->error, errno, "format", "");
	out_bytes(&run->out, frame->data, frame->len);
	if (out_flush(&run->out) < 0 && !out_has_no_reader(&run->out))
		return error_set(&run->error, errno, "write to", "standard output");
	return 0;
}

static int next_order(struct run *run)
{
	struct watching *watching = run->own;
	struct error error;
	watching->sorted = (watching->sorted + 1) % (sizeof(orders) / sizeof(*orders));
	sort_list_free(&run->listing.sort);
	run->listing.sort = (struct sort_list){ 0 };
	const char *order = orders[watching->sorted];
	return order && sort_list_parse(&run->listing.sort, order, &error) < 0 ? -1 : 0;
}

/* False: the watch is over. */
static bool obey(struct run *run, int key)
{
	struct watching *watching = run->own;
	size_t page = watching->terminal.rows > SCREEN_REST ? watching->terminal.rows - SCREEN_REST : 1;
	switch (key) {
	case 'q':
	case KEY_STOP:
		return false;
	case ' ':
		watching->paused = !watching->paused;
		break;
	case 's':
		next_order(run);
		break;
	case '?':
		watching->help = !watching->help;
		break;
	case 'j':
	case KEY_DOWN:
		watching->first++;
		break;
	case 'k':
	case KEY_UP:
		watching->first -= watching->first > 0;
		break;
	case KEY_PAGE_DOWN:
		watching->first += page;
		break;
	case KEY_PAGE_UP:
		watching->first -= watching->first < page ? watching->first : page;
		break;
	default:
		break;
	}
	return true;
}

/* A look that takes longer than the interval is followed by a whole interval: none pile up. */
static int watch_screen(struct run *run)
{
	struct watching *watching = run->own;
	uint64_t looks = 0;
	for (;;) {
		if (!watching->paused && (watching_look(run) < 0 || ++looks == 0))
			return -1;
		if (watching_draw(run) < 0)
			return -1;
		int64_t next = watching_now() + (int64_t)(run->options->interval * 1e9), left;
		if (run->options->count && looks >= run->options->count)
			return 0;
		while ((left = next - watching_now()) > 0) {
			int key = terminal_key(&watching->terminal, (int)(left / 1000000) + 1);
			rating_read(run);
			if (key == KEY_NONE)
				continue;
			if (!obey(run, key) || out_has_no_reader(&run->out))
				return 0;
			if (watching_draw(run) < 0)
				return -1;
		}
	}
}

/* --- not on a terminal --- */

/* The first look whole, then the rows that came and went. */
static int write_changes(struct run *run, bool first)
{
	struct watching *watching = run->own;
	struct places *places = &watching->places;
	const struct place **list = calloc(places->count + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return error_set(&run->error, errno, "format", "");
	for (size_t i = 0; i < places->count; i++)
		if (first || places->place[i].mark != ' ')
			list[count++] = &places->place[i];
	watching->frame.len = 0;
	int result = count || first
	                     ? format_places(run, list, count, first && !run->options->no_header, &watching->frame)
	                     : 0;
	free(list);
	if (result < 0)
		return error_set(&run->error, errno, "format", "");
	out_bytes(&run->out, watching->frame.data, watching->frame.len);
	if (out_flush(&run->out) < 0 && !out_has_no_reader(&run->out))
		return error_set(&run->error, errno, "write to", "standard output");
	return 0;
}

static int watch_lines(struct run *run)
{
	for (uint64_t looks = 1;; looks++) {
		if (watching_look(run) < 0 || write_changes(run, looks == 1) < 0)
			return -1;
		if (looks == run->options->count || *run->stop_asked || out_has_no_reader(&run->out) ||
		    !rating_wait(run))
			return 0;
	}
}

static int watching_answer(struct run *run)
{
	struct watching *watching = run->own;
	rating_open(run);
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return watch_lines(run);
	if (terminal_open(&watching->terminal) < 0)
		return error_set(&run->error, errno, "use the terminal", "");
	watching->on_screen = true;
	int answer = watch_screen(run);
	terminal_close(&watching->terminal);
	return answer;
}

static enum exit_status watching_status(const struct run *run)
{
	const struct watching *watching = run->own;
	return run->selection.needs.any && !watching->ever ? EXIT_NOTHING : EXIT_ROWS;
}

static void watching_end(struct run *run)
{
	struct watching *watching = run->own;
	if (!watching)
		return;
	terminal_close(&watching->terminal);
	if (watching->memory >= 0)
		close(watching->memory);
	places_free(&watching->places);
	text_free(&watching->frame);
	free(watching);
}

const struct run_mode mode_watch = {
	.begin = watching_begin,
	.plan = look_plan,
	.answer = watching_answer,
	.status = watching_status,
	.end = watching_end,
};
