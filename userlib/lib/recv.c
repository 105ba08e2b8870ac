// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Receiving a message: into one buffer, or scattered over several.
 */
#include <errno.h>
#include <limits.h>

#include "internal.h"

static void ipcbox_message_fill(struct ipcbox_message *msg,
				const struct ipcbox_recv *args)
{
	msg->len = args->msg_len;
	msg->type = args->msg_type;
	msg->id = args->msg_id;
	msg->priority = args->msg_priority;
	msg->flags = args->msg_flags;
	msg->pid = args->sender_pid;
	msg->tid = args->sender_tid;
	msg->uid = args->sender_uid;
	msg->gid = args->sender_gid;
}

/*
 * The caller's flags must not say how the buffer is laid out: the function that
 * was called does.
 */
int ipcbox__recv_options(struct ipcbox_recv *args,
			 const struct ipcbox_options *options)
{
	if (!options)
		return 0;
	if (options->flags & IPCBOX_IOVEC)
		return -EINVAL;
	args->flags |= options->flags;
	args->type = options->type;
	args->deadline = options->deadline;
	return 0;
}

/* A message is never longer than SSIZE_MAX: it was in the sender's memory. */
ssize_t ipcbox__recv_result(const struct ipcbox_recv *args, int err,
			    struct ipcbox_message *msg)
{
	if (msg && (!err || err == -EMSGSIZE))
		ipcbox_message_fill(msg, args);
	return err ? err : (ssize_t)args->msg_len;
}

ssize_t ipcbox__recv(int port, struct ipcbox_recv *args,
		     const struct ipcbox_options *options,
		     struct ipcbox_message *msg)
{
	int err = ipcbox__recv_options(args, options);

	if (err)
		return err;
	err = ipcbox__ioctl(port, IPCBOX_RECV, args);
	return ipcbox__recv_result(args, err, msg);
}

ssize_t ipcbox_recv_msg(int port, void *buf, size_t size,
			const struct ipcbox_options *options,
			struct ipcbox_message *msg)
{
	struct ipcbox_recv args = {
		.data = ipcbox__pointer(buf),
		.len = size,
	};

	return ipcbox__recv(port, &args, options, msg);
}

ssize_t ipcbox_recvv(int port, const struct iovec *iov, int count,
		     const struct ipcbox_options *options,
		     struct ipcbox_message *msg)
{
	struct ipcbox_recv args = {
		.flags = IPCBOX_IOVEC,
		.data = ipcbox__pointer(iov),
		.len = (__u64)count,
	};

	return ipcbox__recv(port, &args, options, msg);
}

/* How many have arrived: as many as there was room for, or none. */
static unsigned int ipcbox_fds_arrived(const struct ipcbox_recv *args,
				       const int *fds)
{
	unsigned int count = args->nr_fds < args->fds_size ? args->nr_fds :
							      args->fds_size;

	if (!count || args->flags & IPCBOX_PEEK || fds[0] < 0)
		return 0;
	return count;
}

ssize_t ipcbox_recv_fds(int port, void *buf, size_t size, int *fds,
			unsigned int *count,
			const struct ipcbox_options *options,
			struct ipcbox_message *msg)
{
	struct ipcbox_recv args = {
		.data = ipcbox__pointer(buf),
		.len = size,
		.fds = ipcbox__pointer(fds),
		.fds_size = *count,
	};
	ssize_t len = ipcbox__recv(port, &args, options, msg);

	if (len >= 0)
		*count = ipcbox_fds_arrived(&args, fds);
	return len;
}

ssize_t ipcbox_recv(int port, void *buf, size_t size)
{
	return ipcbox_recv_msg(port, buf, size, NULL, NULL);
}
