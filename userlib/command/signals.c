// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ending by a signal without losing what was received and not yet written.
 *
 * The handlers only take note, and make a waiting call return -EINTR. A signal
 * may also arrive between the look at the note and the call, which would then
 * wait on; so once a signal has come, an alarm rings every second until the
 * program has noticed.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "command.h"

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	if (number != SIGALRM)
		caught = number;
	alarm(1);
}

/* A signal that is ignored, as nohup(1) does, stays so. */
static void catch_one(int number)
{
	struct sigaction action = { .sa_handler = note_signal };
	struct sigaction old;

	if (!sigaction(number, NULL, &old) && old.sa_handler == SIG_IGN)
		return;
	sigaction(number, &action, NULL);
}

/* SIGPIPE becomes an error of write(2), which is told like any other. */
void signals_catch(void)
{
	signal(SIGPIPE, SIG_IGN);
	catch_one(SIGINT);
	catch_one(SIGTERM);
	catch_one(SIGHUP);
	catch_one(SIGALRM);
}

/* The number of the signal that came, or 0. */
int signals_caught(void)
{
	return caught;
}

/* End as the signal would have ended the program, if one came. */
int signals_end(int exit_code)
{
	if (!caught)
		return exit_code;
	alarm(0);
	signal(caught, SIG_DFL);
	raise(caught);
	return 128 + caught;
}
