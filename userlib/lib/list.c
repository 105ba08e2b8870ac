// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which ports there are, and which users have something.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "internal.h"

int ipcbox_port_list(int box, uint64_t *cursor, struct ipcbox_stat *stats,
		     unsigned int count)
{
	struct ipcbox_port_list list = {
		.cursor = *cursor,
		.entries = ipcbox__pointer(stats),
		.entry_size = sizeof(*stats),
		/* more could not be returned as an int */
		.count = count < INT_MAX ? count : INT_MAX,
	};
	int err = ipcbox__ioctl(box, IPCBOX_PORT_LIST, &list);

	if (err)
		return err;
	*cursor = list.cursor;
	return (int)list.count;
}

int ipcbox_user_list(int box, uint64_t *cursor, struct ipcbox_user_entry *users,
		     unsigned int count)
{
	struct ipcbox_user_list list = {
		.cursor = *cursor,
		.entries = ipcbox__pointer(users),
		.entry_size = sizeof(*users),
		.count = count < INT_MAX ? count : INT_MAX,
	};
	int err = ipcbox__ioctl(box, IPCBOX_USER_LIST, &list);

	if (err)
		return err;
	*cursor = list.cursor;
	return (int)list.count;
}

int ipcbox_port_next(int box, struct ipcbox_stat *stat)
{
	uint64_t cursor = stat->id;

	return ipcbox_port_list(box, &cursor, stat, 1);
}

/* The id of the port of this name, for which it has to be opened. */
static int ipcbox_name_resolve(int box, const char *name, __u64 *id)
{
	struct ipcbox_port_open args = { 0 };
	int port = ipcbox__ref_put(name, args.name, id);

	if (port || *id)
		return port;
	port = ipcbox__ioctl(box, IPCBOX_PORT_OPEN, &args);
	if (port < 0)
		return port;
	*id = args.id;
	return ipcbox__close_box(port, 0);
}

int ipcbox_port_find(int box, const char *name, struct ipcbox_stat *stat)
{
	__u64 id;
	int err = ipcbox_name_resolve(box, name, &id);

	if (err)
		return err;
	stat->id = id - 1;
	err = ipcbox_port_next(box, stat);
	if (err < 0)
		return err;
	return err && stat->id == id ? 0 : -ENOENT;
}
