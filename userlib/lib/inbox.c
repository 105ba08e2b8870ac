// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Direct communication: to a process, and from one.
 */
#include <errno.h>

#include "internal.h"

int ipcbox_inbox_at(int box, uint64_t flags)
{
	struct ipcbox_inbox args = { .flags = flags };

	return ipcbox__ioctl(box, IPCBOX_INBOX, &args);
}

int ipcbox_inbox(void)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box, ipcbox_inbox_at(box, 0));
}

int ipcbox_send_to(int box, pid_t to, const void *data, size_t len,
		   const struct ipcbox_options *options, uint64_t *id)
{
	struct ipcbox_send args = {
		.data = ipcbox__pointer(data),
		.len = len,
		.to = to,
	};

	return ipcbox__send(box, IPCBOX_SEND_TO, &args, options, id);
}

/* 0 would be anybody, which nobody means who has a process to name. */
ssize_t ipcbox_recv_from(int port, pid_t from, void *buf, size_t size,
			 const struct ipcbox_options *options,
			 struct ipcbox_message *msg)
{
	struct ipcbox_recv args = {
		.data = ipcbox__pointer(buf),
		.len = size,
		.from = from,
	};

	if (!from)
		return -EINVAL;
	return ipcbox__recv(port, &args, options, msg);
}
