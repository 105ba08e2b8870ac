// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events: what happens to a port and to messages, told on a handle.
 */
#include <errno.h>

#include "internal.h"

int ipcbox_subscribe(int port, uint64_t mask)
{
	struct ipcbox_events args = { .mask = mask };

	return ipcbox__ioctl(port, IPCBOX_EVENTS, &args);
}

int ipcbox_recv_event(int port, struct ipcbox_event *event,
		      const struct ipcbox_options *options)
{
	struct ipcbox_options only = { .type = IPCBOX_TYPE_EVENT };
	ssize_t len;

	if (options) {
		if (options->type)
			return -EINVAL;
		only.flags = options->flags;
		only.deadline = options->deadline;
	}
	len = ipcbox_recv_msg(port, event, sizeof(*event), &only, NULL);
	return len < 0 ? (int)len : 0;
}
