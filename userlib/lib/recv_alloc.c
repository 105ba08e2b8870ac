// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Receiving a message of any length into a buffer that grows.
 *
 * A receive into too small a buffer fails, tells the length and leaves the
 * message first in line, so it can be had with a larger buffer. Between the two
 * calls another receiver may take it, and the next one may be longer still, or
 * there may be none, for which the second call then waits. Hence a loop; it
 * goes round again only after the buffer has grown, so it ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* Enough for most messages, so that most buffers never grow. */
#define IPCBOX_ALLOC_MIN	256

/* Make room for a payload of @len bytes and the NUL behind it. */
static int ipcbox_buf_grow(void **buf, size_t *size, size_t len)
{
	size_t room = len < IPCBOX_ALLOC_MIN ? IPCBOX_ALLOC_MIN : len + 1;
	void *larger;

	if (*buf && *size > len)
		return 0;
	if (!room)
		return -ENOMEM;
	larger = realloc(*buf, room);
	if (!larger)
		return -ENOMEM;
	*buf = larger;
	*size = room;
	return 0;
}

ssize_t ipcbox_recv_alloc(int port, void **buf, size_t *size,
			  const struct ipcbox_options *options,
			  struct ipcbox_message *msg)
{
	struct ipcbox_message ignored;
	ssize_t len;
	int err;

	if (!msg)
		msg = &ignored;
	msg->len = 0;
	do {
		err = ipcbox_buf_grow(buf, size, msg->len);
		if (err)
			return err;
		len = ipcbox_recv_msg(port, *buf, *size - 1, options, msg);
	} while (len == -EMSGSIZE);
	if (len >= 0)
		((char *)*buf)[len] = '\0';
	return len;
}
