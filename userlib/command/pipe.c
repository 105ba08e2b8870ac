// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox pipe: join standard input or output to a stream, so that a pipeline may
 * have its two halves in two shells.
 *
 * It ends as cat(1) in a pipeline does: by the end of its input, or by SIGPIPE
 * when nobody reads what it writes.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

static const char pipe_help[] =
"Usage: ipcbox pipe [OPTION]... NAME\n"
"\n"
"Write standard input to the stream NAME, or read it to standard output, until\n"
"the end. Each of the two waits for the other one. If NAME does not exist, it is\n"
"made, and goes when both have ended.\n"
"\n"
"Options:\n"
"  -r, --read               read the stream, write standard output\n"
"  -w, --write              read standard input, write the stream\n"
"                           (default: whichever of the two is not a terminal)\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  In two shells:\n"
"  tar c . | ipcbox pipe files\n"
"  ipcbox pipe files | tar x -C /tmp/copy\n";

/* As much as a stream holds. */
static char pipe_buf[IPCBOX_STREAM_BYTES];

static bool is_pipe(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && S_ISFIFO(stat.st_mode);
}

/* The one of standard input and output that is joined: the right, or 0. */
static uint32_t guess_right(void)
{
	bool in = !isatty(STDIN_FILENO), out = !isatty(STDOUT_FILENO);

	if (in && out) {
		in = is_pipe(STDIN_FILENO);
		out = is_pipe(STDOUT_FILENO);
	}
	if (in == out)
		return 0;
	return in ? IPCBOX_RIGHT_SEND : IPCBOX_RIGHT_RECV;
}

static int pipe_parse(int argc, char **argv, uint32_t *right)
{
	static const struct option options[] = {
		{ "read", no_argument, NULL, 'r' },
		{ "write", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "rw", options, NULL)) != -1) {
		if (option == '?')
			return usage_told();
		*right |= option == 'r' ? IPCBOX_RIGHT_RECV : IPCBOX_RIGHT_SEND;
	}
	if (*right == (IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_SEND))
		return usage("either --read or --write can be given, not both");
	if (!*right)
		*right = guess_right();
	if (!*right)
		return usage("it is not clear which way: give --read or --write");
	return EXIT_OK;
}

/* Open the stream, and wait for the other end: a handle, or minus an exit code. */
static int pipe_open(const char *name, uint32_t right)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	int port;

	if (*name == '@')
		return open_port(name, right);
	attr.kind = IPCBOX_KIND_STREAM;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = right;
	port = ipcbox_port_create(name, &attr);
	if (port < 0)
		return -fail(port, "cannot open stream '%s'", name);
	return port;
}

/* All of it: 0, or a negative errno. */
static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
	}
	return 0;
}

static int pipe_copy(const char *name, int from, int to)
{
	ssize_t n;
	int err = 0;

	do {
		n = read(from, pipe_buf, sizeof(pipe_buf));
		if (n < 0 && errno != EINTR)
			return fail(-errno, "cannot read for '%s'", name);
		if (n > 0)
			err = write_all(to, pipe_buf, (size_t)n);
		if (err)
			return fail(err, "cannot write for '%s'", name);
	} while (n);
	return EXIT_OK;
}

static int pipe_run(int argc, char **argv)
{
	const char *name;
	uint32_t right = 0;
	int code = pipe_parse(argc, argv, &right);
	int port;

	if (!code)
		code = one_name(argc, argv, &name);
	if (code)
		return code;
	port = pipe_open(name, right);
	if (port < 0)
		return -port;
	code = right == IPCBOX_RIGHT_SEND ?
	       pipe_copy(name, STDIN_FILENO, port) :
	       pipe_copy(name, port, STDOUT_FILENO);
	close(port);
	return code;
}

const struct command pipe_command = {
	.name = "pipe",
	.summary = "join standard input or output to a stream",
	.help = pipe_help,
	.run = pipe_run,
};
