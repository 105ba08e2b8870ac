// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Leases: receiving a message that has to be acknowledged.
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
