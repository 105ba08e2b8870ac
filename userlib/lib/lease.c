// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Leases: receiving a message that has to be acknowledged, and what becomes of
 * one that never is.
 */
#include <errno.h>

#include "internal.h"

ssize_t ipcbox_recv_lease(int port, void *buf, size_t size,
			  const struct ipcbox_options *options, uint64_t lease,
			  struct ipcbox_message *msg, uint32_t *deliveries)
{
	struct ipcbox_recv args = {
		.flags = IPCBOX_LEASE,
		.data = ipcbox__pointer(buf),
		.len = size,
		.lease = lease,
	};
	ssize_t len = ipcbox__recv(port, &args, options, msg);

	if (len >= 0 && deliveries)
		*deliveries = args.deliveries;
	return len;
}

int ipcbox_ack(int port, uint64_t id)
{
	struct ipcbox_ack args = { .id = id };

	return ipcbox__ioctl(port, IPCBOX_ACK, &args);
}

int ipcbox_nack(int port, uint64_t id)
{
	struct ipcbox_ack args = { .id = id };

	return ipcbox__ioctl(port, IPCBOX_NACK, &args);
}

int ipcbox_dead_letter_set(int port, int dead, uint32_t max_deliveries)
{
	struct ipcbox_set set = {
		.flags = IPCBOX_SET_DEAD_LETTER,
		.max_deliveries = max_deliveries,
	};
	struct ipcbox_stat stat = { 0 };
	int err = dead < 0 ? 0 : ipcbox_port_stat(dead, &stat);

	if (err)
		return err;
	set.dead_letter = stat.id;
	return ipcbox_port_set(port, &set);
}
