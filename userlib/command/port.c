// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening the box and ports, with the texts for when that fails.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

int open_box(void)
{
	int box = ipcbox_box_open();

	/* the hint for a port would speak of the port's mode */
	if (box == -EACCES) {
		notice("cannot open %s: permission denied (see: ls -l %s)",
		       IPCBOX_DEVICE, IPCBOX_DEVICE);
		return -EXIT_DENIED;
	}
	if (box < 0)
		return -fail(box, "cannot open " IPCBOX_DEVICE);
	return box;
}

static bool is_listener(int box, const char *name)
{
	struct ipcbox_stat stat;

	return !ipcbox_port_find(box, name, &stat) &&
	       stat.kind == IPCBOX_KIND_LISTENER;
}

int open_port(const char *name, uint32_t rights)
{
	int box = open_box();
	int port;

	if (box < 0)
		return box;
	port = ipcbox_port_open_at(box, name, rights, 0);
	/* the hint would speak of names */
	if (port == -EINVAL && is_listener(box, name)) {
		notice("cannot open port '%s': a listener takes no messages, only connections (see: man 3 ipcbox_connect)",
		       name);
		port = -EXIT_ERROR;
	} else if (port < 0) {
		port = -fail(port, "cannot open port '%s'", name);
	}
	close(box);
	return port;
}

int find_port(const char *name, struct ipcbox_stat *stat)
{
	int box = open_box();
	int err;

	if (box < 0)
		return box;
	err = ipcbox_port_find(box, name, stat);
	close(box);
	if (err)
		return -fail(err, "cannot look at port '%s'", name);
	return 0;
}

/* What a user calls the port: its name, or else @ID. */
void port_label(const struct ipcbox_stat *stat, char *label, size_t size)
{
	if (stat->name[0])
		snprintf(label, size, "%s", stat->name);
	else
		snprintf(label, size, "@%llu", (unsigned long long)stat->id);
}

/* The name that a subcommand takes as its only operand: 0 or EXIT_USAGE. */
int one_name(int argc, char **argv, const char **name)
{
	if (optind == argc)
		return usage("the name of a port is missing");
	if (optind + 1 < argc)
		return usage("'%s' is one argument too many", argv[optind + 1]);
	*name = argv[optind];
	return 0;
}
