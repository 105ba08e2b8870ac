// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The whole terminal, for a picture that changes, and its keys.
 *
 * The signals that would end or stop the program, or that tell of another size,
 * are blocked and read from a descriptor: whatever comes, the terminal is given
 * back first, and then the signal does what it would have done.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "top.h"

/* Another screen, no cursor, no line that goes on in the next; and back. */
#define SCREEN_ENTER	"\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE	"\033[m\033[?7h\033[?25h\033[?1049l"

static struct {
	struct termios before;
	sigset_t signals;
	int signal_fd;
} screen;

bool screen_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Keys come one by one and are not shown; ^C and ^Z are signals still. */
static void screen_enter(void)
{
	struct termios raw = screen.before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs(SCREEN_ENTER, stdout);
}

static void screen_leave(void)
{
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &screen.before);
}

/* 0 or a positive errno. */
int screen_begin(void)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH,
	};
	size_t i;

	if (tcgetattr(STDIN_FILENO, &screen.before))
		return errno;
	sigemptyset(&screen.signals);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&screen.signals, signals[i]);
	screen.signal_fd = signalfd(-1, &screen.signals, SFD_CLOEXEC);
	if (screen.signal_fd < 0)
		return errno;
	sigprocmask(SIG_BLOCK, &screen.signals, NULL);
	screen_enter();
	return 0;
}

void screen_end(void)
{
	screen_leave();
	close(screen.signal_fd);
	sigprocmask(SIG_UNBLOCK, &screen.signals, NULL);
}

void screen_size(int *rows, int *columns)
{
	struct winsize size;

	*rows = 24;
	*columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ||
	    !size.ws_col)
		return;
	*rows = size.ws_row;
	*columns = size.ws_col;
}

/* Who comes back from this was stopped, or ignores the signal. */
static int screen_signal(void)
{
	struct signalfd_siginfo info;
	int number;

	if (read(screen.signal_fd, &info, sizeof(info)) != sizeof(info))
		return SCREEN_AGAIN;
	number = (int)info.ssi_signo;
	if (number == SIGWINCH)
		return SCREEN_AGAIN;
	screen_leave();
	if (number != SIGCONT) {
		raise(number);
		sigprocmask(SIG_UNBLOCK, &screen.signals, NULL);
		sigprocmask(SIG_BLOCK, &screen.signals, NULL);
	}
	screen_enter();
	return SCREEN_AGAIN;
}

/* A key; one that sends several bytes is none of ours. */
static int screen_key(void)
{
	char keys[32];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		return SCREEN_END;
	return n == 1 ? keys[0] : SCREEN_AGAIN;
}

int screen_wait(double seconds)
{
	struct pollfd fds[] = {
		{ .fd = screen.signal_fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int ready = poll(fds, ARRAY_SIZE(fds), seconds > 0 ?
			 (int)(seconds * 1000) + 1 : 0);

	if (!ready)
		return SCREEN_TIME;
	if (ready < 0)
		return errno == EINTR ? SCREEN_AGAIN : SCREEN_END;
	return fds[0].revents ? screen_signal() : screen_key();
}
