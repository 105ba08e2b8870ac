// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ipcbox command: find the subcommand, and the texts they all share.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const struct command *const commands[] = {
	&create_command, &rm_command, &ls_command, &stat_command,
	&info_command, &set_command, &send_command, &recv_command,
	&inbox_command, &call_command, &serve_command, &top_command, &graph_command,
	&watch_command, &pipe_command, &bench_command,
};

static const char exit_codes[] =
"Exit codes:\n"
"  0  success\n"
"  1  another error, output that cannot be written included\n"
"  2  wrong usage\n"
"  3  no such port, or no such process\n"
"  4  it would have to wait (--nowait), or timed out (--timeout)\n"
"  5  permission denied\n"
"  6  the port was deleted meanwhile\n"
"  7  a port of that name exists (create --excl)\n"
"  8  too large for the port, or over the user's quota\n"
"  9  no /dev/ipcbox: the module is not loaded\n";

static const char ports_help[] =
"A port is given by its NAME, or as @ID.\n";

static int print_help(void)
{
	size_t i;

	puts("Usage: ipcbox COMMAND [OPTION]...\n"
	     "       ipcbox --help | --version\n\n"
	     "Mailboxes for the processes of this machine, through /dev/ipcbox.\n\n"
	     "Commands:");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n%s\"ipcbox COMMAND --help\" tells about a command, ipcbox(1) about all.\n\n%s",
	       ports_help, exit_codes);
	return finish_stdout();
}

static int print_command_help(const struct command *command)
{
	printf("%s\n%s\n%s", command->help, ports_help, exit_codes);
	return finish_stdout();
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/*
 * Whether help is asked for, among the arguments that are the command's own:
 * what follows "--" is not, and neither is what an option takes, but nobody
 * gives "--help" to an option.
 */
static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	/* getopt_long(3) begins its messages with it */
	static char title[32];

	if (wants_help(argc, argv))
		return print_command_help(command);
	snprintf(title, sizeof(title), "ipcbox: %s", command->name);
	argv[0] = title;
	set_running(command->name);
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2)
		return usage("a command is missing");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return print_help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("ipcbox %s\n", ipcbox_version());
		return finish_stdout();
	}
	command = find_command(argv[1]);
	if (!command)
		return usage("there is no command '%s'", argv[1]);
	return run_command(command, argc - 1, argv + 1);
}
