// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox set: change attributes of a port.
 */
#include <errno.h>
#include <unistd.h>

#include "command.h"

static const char set_help[] =
"Usage: ipcbox set NAME OPTION...\n"
"\n"
"Change attributes of a port, all that are given or none. Messages that are\n"
"queued stay, handles that are open keep their rights. It takes the port's user,\n"
"its creator, or CAP_IPC_OWNER.\n"
"\n"
"Options:\n"
ATTRIBUTE_HELP
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox set jobs --capacity=unlimited\n"
"  ipcbox set jobs --dead-letter=failed-jobs --max-deliveries=3\n"
"  ipcbox set jobs --mode=0660 --gid=adm\n";

/* The one rule between two attributes, which -EINVAL would not name. */
static int set_fail(int err, const char *name, const struct ipcbox_set *set)
{
	if (err == -EINVAL && set->flags & (IPCBOX_SET_MAX_BYTES |
					    IPCBOX_SET_MAX_MSGSIZE)) {
		notice("cannot change port '%s': --bytes must not be less than --max-msgsize, nor that more than the module's limit (see: ipcbox stat %s, ipcbox info)",
		       name, name);
		return EXIT_ERROR;
	}
	return fail(err, "cannot change port '%s'", name);
}

static int set_port(const char *name, const struct ipcbox_set *set)
{
	int port = open_port(name, IPCBOX_RIGHT_MANAGE);
	int err;

	if (port < 0)
		return -port;
	err = ipcbox_port_set(port, set);
	close(port);
	return err ? set_fail(err, name, set) : EXIT_OK;
}

static int set_run(int argc, char **argv)
{
	static const struct option options[] = {
		ATTRIBUTE_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	struct attributes attributes = { 0 };
	const char *name;
	int option, code;

	while ((option = getopt_long(argc, argv, ATTRIBUTE_LETTERS, options,
				     NULL)) != -1) {
		code = attribute_parse(&attributes, option, optarg);
		if (code)
			return code < 0 ? usage_told() : code;
	}
	code = one_name(argc, argv, &name);
	if (code)
		return code;
	if (!attributes.set.flags && !attributes.dead_letter)
		return usage("an attribute to change is missing");
	code = attributes_complete(&attributes);
	return code ? code : set_port(name, &attributes.set);
}

const struct command set_command = {
	.name = "set",
	.summary = "change attributes of a port",
	.help = set_help,
	.run = set_run,
};
