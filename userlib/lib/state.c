// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attributes and state of a port: look at them, change them.
 */
#include "internal.h"

int ipcbox_port_stat(int port, struct ipcbox_stat *stat)
{
	stat->flags = 0;
	return ipcbox__ioctl(port, IPCBOX_STAT, stat);
}

int ipcbox_port_set(int port, const struct ipcbox_set *set)
{
	struct ipcbox_set args = *set;

	return ipcbox__ioctl(port, IPCBOX_SET, &args);
}
