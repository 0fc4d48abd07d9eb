// SPDX-License-Identifier: MIT
/* terminal.c - the whole screen of a terminal (sockview/terminal.h). */
#include <sockview/terminal.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <sockview/countof.h>

/* The alternate screen, no cursor, no wrapping at the right edge; and back. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l\033[H\033[2J"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"

static const int blocked[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGWINCH };
static const int deadly[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static void screen_write(const char *text)
{
	ssize_t written = write(STDOUT_FILENO, text, strlen(text));
	(void)written;
}

/* Only these two flags are ever changed, so that no state is needed to set them again, in a signal handler either. */
static void screen_lines(bool on)
{
	struct termios now;
	const tcflag_t flags = ICANON | ECHO;
	if (tcgetattr(STDIN_FILENO, &now) < 0)
		return;
	now.c_lflag = on ? now.c_lflag | flags : now.c_lflag & ~flags;
	tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

static void screen_enter(struct terminal *terminal)
{
	struct winsize size = { 0 };
	screen_lines(false);
	screen_write(SCREEN_ENTER);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	terminal->rows = size.ws_row ? size.ws_row : 24;
	terminal->columns = size.ws_col ? size.ws_col : 80;
}

static void screen_leave(void)
{
	screen_write(SCREEN_LEAVE);
	screen_lines(true);
}

/* SA_RESETHAND: the same signal again ends the program. */
static void on_deadly(int number)
{
	screen_leave();
	raise(number);
}

static void catch_deadly(bool on)
{
	struct sigaction action = { .sa_handler = on ? on_deadly : SIG_DFL,
		                    .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	for (size_t i = 0; i < countof(deadly); i++)
		sigaction(deadly[i], &action, NULL);
}

int terminal_open(struct terminal *terminal)
{
	sigset_t set;
	*terminal = (struct terminal){ .signals = -1 };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -1;
	sigemptyset(&set);
	for (size_t i = 0; i < countof(blocked); i++)
		sigaddset(&set, blocked[i]);
	terminal->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal->signals < 0)
		return -1;
	sigprocmask(SIG_BLOCK, &set, &terminal->before);
	catch_deadly(true);
	screen_enter(terminal);
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->signals < 0)
		return;
	screen_leave();
	catch_deadly(false);
	close(terminal->signals);
	terminal->signals = -1;
	sigprocmask(SIG_SETMASK, &terminal->before, NULL);
}

static int read_signal(struct terminal *terminal)
{
	struct signalfd_siginfo info;
	if (read(terminal->signals, &info, sizeof(info)) != sizeof(info))
		return KEY_NONE;
	if (info.ssi_signo == SIGTSTP) {
		/* The shell shows its own screen until fg. */
		screen_leave();
		kill(getpid(), SIGSTOP);
		screen_enter(terminal);
		return KEY_RESIZED;
	}
	if (info.ssi_signo == SIGWINCH) {
		screen_enter(terminal);
		return KEY_RESIZED;
	}
	terminal->signal = (int)info.ssi_signo;
	return KEY_STOP;
}

/* Arrows and the keys of pages; other sequences of a terminal are no key of ours. */
static int read_key(void)
{
	static const struct {
		const char *sequence;
		int key;
	} keys[] = {
		{ "\033[A", KEY_UP },   { "\033[B", KEY_DOWN },     { "\033OA", KEY_UP },
		{ "\033OB", KEY_DOWN }, { "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN },
	};
	char text[9] = "";
	ssize_t len = read(STDIN_FILENO, text, 1);
	if (len <= 0)
		return len < 0 && errno == EINTR ? KEY_NONE : KEY_STOP;
	if (*text != '\033')
		return (unsigned char)*text;
	/* The rest of a sequence is there at once. */
	struct pollfd more = { .fd = STDIN_FILENO, .events = POLLIN };
	for (len = 1; len < 8 && poll(&more, 1, 20) > 0 && read(STDIN_FILENO, text + len, 1) == 1; len++) {
		for (size_t i = 0; i < countof(keys); i++)
			if (strcmp(text, keys[i].sequence) == 0)
				return keys[i].key;
	}
	for (size_t i = 0; i < countof(keys); i++)
		if (strcmp(text, keys[i].sequence) == 0)
			return keys[i].key;
	return len == 1 ? KEY_ESCAPE : KEY_NONE;
}

int terminal_key(struct terminal *terminal, int timeout)
{
	struct pollfd fds[] = { { .fd = terminal->signals, .events = POLLIN },
		                { .fd = STDIN_FILENO, .events = POLLIN } };
	if (poll(fds, 2, timeout) <= 0)
		return KEY_NONE;
	if (fds[0].revents)
		return read_signal(terminal);
	return read_key();
}
