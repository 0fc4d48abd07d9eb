// SPDX-License-Identifier: MIT
/* signal_name.c - the names of signals, without those of the C library, which not every one has (signal_name.h). */
#include <sockview/signal_name.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sockview/countof.h>

static const char *const signals[] = {
	[SIGHUP] = "HUP",   [SIGINT] = "INT",     [SIGQUIT] = "QUIT", [SIGILL] = "ILL",   [SIGTRAP] = "TRAP",
	[SIGABRT] = "ABRT", [SIGBUS] = "BUS",     [SIGFPE] = "FPE",   [SIGKILL] = "KILL", [SIGUSR1] = "USR1",
	[SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",   [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM",
	[SIGCHLD] = "CHLD", [SIGCONT] = "CONT",   [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU", [SIGURG] = "URG",     [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ", [SIGVTALRM] = "VTALRM",
	[SIGPROF] = "PROF", [SIGWINCH] = "WINCH", [SIGIO] = "IO",     [SIGPWR] = "PWR",   [SIGSYS] = "SYS",
};

const char *signal_name(int number)
{
	return number > 0 && (size_t)number < countof(signals) ? signals[number] : NULL;
}

int signal_number(const char *word)
{
	if (*word && strspn(word, "0123456789") == strlen(word)) {
		long number = strlen(word) < 4 ? strtol(word, NULL, 10) : 0;
		return signal_name((int)number) ? (int)number : 0;
	}
	if (strncasecmp(word, "SIG", 3) == 0)
		word += 3;
	for (int i = 1; i < (int)countof(signals); i++)
		if (signals[i] && strcasecmp(signals[i], word) == 0)
			return i;
	return 0;
}
