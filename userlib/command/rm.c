// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox rm: delete ports.
 */
#include <errno.h>
#include <unistd.h>

#include "command.h"

static const char rm_help[] =
"Usage: ipcbox rm [OPTION]... NAME...\n"
"\n"
"Delete ports. Their messages are gone, and whoever waits on them is told.\n"
"If one cannot be deleted, the others still are; the exit code is that of the\n"
"first failure.\n"
"\n"
"Options:\n"
"  -f, --force              a port that does not exist is no error\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox rm jobs @17\n"
"  ipcbox ls -q | xargs -r ipcbox rm\n";

static int rm_one(int box, const char *name, bool force)
{
	int err = ipcbox_port_delete_at(box, name);

	if (!err || (force && err == -ENOENT))
		return EXIT_OK;
	return fail(err, "cannot delete port '%s'", name);
}

static int rm_all(char **names, bool force)
{
	int first = EXIT_OK;
	int box = open_box();

	if (box < 0)
		return -box;
	for (; *names; names++) {
		int code = rm_one(box, *names, force);

		if (!first)
			first = code;
	}
	close(box);
	return first;
}

static int rm_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	bool force = false;
	int option;

	while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (option != 'f')
			return usage_told();
		force = true;
	}
	if (optind == argc)
		return usage("the name of a port is missing");
	return rm_all(argv + optind, force);
}

const struct command rm_command = {
	.name = "rm",
	.summary = "delete ports",
	.help = rm_help,
	.run = rm_run,
};
