// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Errors: a line that says what happened and what to do next, and an exit code.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "command.h"

/* The subcommand that is running, for advice on its usage. */
static const char *running;

void set_running(const char *name)
{
	running = name;
}

static int exit_code_of(int err)
{
	switch (err < 0 ? -err : err) {
	case ENOENT:
	case ESRCH:
		return EXIT_NO_PORT;
	case EAGAIN:
	case ETIMEDOUT:
		return EXIT_WAIT;
	case EACCES:
	case EPERM:
	case EBADF:
		return EXIT_DENIED;
	case EIDRM:
		return EXIT_DELETED;
	case EEXIST:
		return EXIT_EXISTS;
	case EMSGSIZE:
	case EDQUOT:
		return EXIT_LIMIT;
	case ENODEV:
		return EXIT_NO_DEVICE;
	default:
		return EXIT_ERROR;
	}
}

static void print_line(const char *format, va_list args, const char *reason)
{
	fprintf(stderr, "ipcbox: %s%s", running ? running : "",
		running ? ": " : "");
	vfprintf(stderr, format, args);
	if (reason)
		fprintf(stderr, ": %s", reason);
	fputc('\n', stderr);
}

/* A call of the library failed. */
int fail(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, ipcbox_strerror(err));
	va_end(args);
	return exit_code_of(err);
}

/* Something else failed: a file, a program, memory. */
int fail_file(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, err ? strerror(err) : NULL);
	va_end(args);
	return EXIT_ERROR;
}

/* After getopt_long(3) has said what is wrong. */
int usage_told(void)
{
	fprintf(stderr, "Try 'ipcbox %s%s--help'.\n", running ? running : "",
		running ? " " : "");
	return EXIT_USAGE;
}

int usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, NULL);
	va_end(args);
	return usage_told();
}

void notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, NULL);
	va_end(args);
}

/* Nothing has been printed until it has been written. */
int finish_stdout(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_OK;
	return fail_file(errno ? errno : EIO, "cannot write to standard output");
}
