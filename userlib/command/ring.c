// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What send and recv need for rings: a lane, a drain, and records of any length.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static int is_ring(int port)
{
	struct ipcbox_stat stat;
	int err = ipcbox_port_stat(port, &stat);

	return err ? err : stat.kind == IPCBOX_KIND_RING;
}

/* The lane is NULL for a port of another kind; likewise the drain. */
int ring_lane(int port, struct ipcbox_lane **lane)
{
	int ring = is_ring(port);

	*lane = NULL;
	return ring > 0 ? ipcbox_lane_open(lane, port) : ring;
}

int ring_drain(int port, struct ipcbox_drain **drain)
{
	int ring = is_ring(port);

	*drain = NULL;
	return ring > 0 ? ipcbox_drain_open(drain, port) : ring;
}

/* A lane with nonsense in it is the last of its sender, and of nobody else. */
static int ring_peek(struct ipcbox_drain *drain, struct ipcbox_record *record,
		     const struct ipcbox_options *options)
{
	int err;

	while ((err = ipcbox_drain_peek(drain, record, options)) == -EBADMSG)
		notice("there is nonsense in a lane, which is refused; the others go on");
	return err;
}

/* As ipcbox_recv_alloc(). With IPCBOX_PEEK, the record stays. */
ssize_t ring_recv(struct ipcbox_drain *drain, void **buf, size_t *size,
		  const struct ipcbox_options *options,
		  struct ipcbox_message *msg)
{
	struct ipcbox_options plain = {
		.flags = options->flags & IPCBOX_NOWAIT,
		.deadline = options->deadline,
	};
	struct ipcbox_record record;
	int err = ring_peek(drain, &record, &plain);
	void *larger;

	if (err)
		return err;
	if (*size < record.len || !*buf) {
		larger = realloc(*buf, record.len + 1);
		if (!larger)
			return -ENOMEM;
		*buf = larger;
		*size = record.len + 1;
	}
	memcpy(*buf, record.data, record.len);
	memset(msg, 0, sizeof(*msg));
	msg->len = record.len;
	if (!(options->flags & IPCBOX_PEEK))
		ipcbox_drain_release(drain);
	return (ssize_t)record.len;
}
