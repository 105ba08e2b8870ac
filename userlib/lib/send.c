// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sending a message: from one buffer, or gathered from several.
 */
#include <errno.h>

#include "internal.h"

/*
 * The caller's flags must not say how the payload is laid out: the function
 * that was called does.
 */
int ipcbox__send(int fd, unsigned long command, struct ipcbox_send *args,
		 const struct ipcbox_options *options, uint64_t *id)
{
	int err;

	if (options) {
		if (options->flags & IPCBOX_IOVEC)
			return -EINVAL;
		args->flags |= options->flags;
		args->type = options->type;
		args->priority = options->priority;
		args->deadline = options->deadline;
	}
	err = ipcbox__ioctl(fd, command, args);
	if (!err && id)
		*id = args->id;
	return err;
}

int ipcbox_send_msg(int port, const void *data, size_t len,
		    const struct ipcbox_options *options, uint64_t *id)
{
	struct ipcbox_send args = {
		.data = ipcbox__pointer(data),
		.len = len,
	};

	return ipcbox__send(port, IPCBOX_SEND, &args, options, id);
}

int ipcbox_send_receipt(int port, const void *data, size_t len,
			const struct ipcbox_options *options,
			struct ipcbox_receipt *receipt)
{
	struct ipcbox_send args = {
		.flags = IPCBOX_RECEIPT,
		.data = ipcbox__pointer(data),
		.len = len,
	};
	int err;

	/* The receipt comes later then, and elsewhere. */
	if (options && options->flags & IPCBOX_NOWAIT)
		return -EINVAL;
	err = ipcbox__send(port, IPCBOX_SEND, &args, options, NULL);
	if (err)
		return err;
	receipt->id = args.id;
	receipt->pid = args.receiver_pid;
	receipt->tid = args.receiver_tid;
	receipt->uid = args.receiver_uid;
	receipt->gid = args.receiver_gid;
	return 0;
}

int ipcbox_sendv(int port, const struct iovec *iov, int count,
		 const struct ipcbox_options *options, uint64_t *id)
{
	struct ipcbox_send args = {
		.flags = IPCBOX_IOVEC,
		.data = ipcbox__pointer(iov),
		.len = (__u64)count,
	};

	return ipcbox__send(port, IPCBOX_SEND, &args, options, id);
}

int ipcbox_send_fds(int port, const void *data, size_t len, const int *fds,
		    unsigned int count, const struct ipcbox_options *options,
		    uint64_t *id)
{
	struct ipcbox_send args = {
		.data = ipcbox__pointer(data),
		.len = len,
		.fds = ipcbox__pointer(fds),
		.nr_fds = count,
	};

	return ipcbox__send(port, IPCBOX_SEND, &args, options, id);
}

int ipcbox_send(int port, const void *data, size_t len)
{
	return ipcbox_send_msg(port, data, len, NULL, NULL);
}
