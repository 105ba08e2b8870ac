// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls: a request and the reply to it.
 */
#include <errno.h>

#include "internal.h"

static void ipcbox_answer_fill(struct ipcbox_answer *answer,
			       const struct ipcbox_call *args)
{
	answer->len = args->reply_len;
	answer->type = args->reply_type;
	answer->id = args->id;
	answer->outcome = args->outcome;
	answer->pid = args->replier_pid;
	answer->tid = args->replier_tid;
	answer->uid = args->replier_uid;
	answer->gid = args->replier_gid;
}

/*
 * The outcome is filled in whatever happens: it tells whether the request may
 * be sent again. A call that fails early has not been delivered, which is 0.
 */
ssize_t ipcbox_call_fds(int port, const void *data, size_t len, void *buf,
			size_t size, struct ipcbox_passed *passed,
			const struct ipcbox_options *options,
			struct ipcbox_answer *answer)
{
	struct ipcbox_call args = {
		.data = ipcbox__pointer(data),
		.len = len,
		.reply = ipcbox__pointer(buf),
		.reply_size = size,
		.fds = ipcbox__pointer(passed->send),
		.nr_fds = passed->send_count,
		.reply_fds = ipcbox__pointer(passed->recv),
		.reply_fds_size = passed->recv_count,
	};
	int err = 0;

	if (options) {
		if (options->flags & IPCBOX_IOVEC)
			err = -EINVAL;
		args.flags = options->flags;
		args.type = options->type;
		args.priority = options->priority;
		args.deadline = options->deadline;
	}
	if (!err)
		err = ipcbox__ioctl(port, IPCBOX_CALL, &args);
	if (answer)
		ipcbox_answer_fill(answer, &args);
	if (err)
		passed->recv_count = 0;
	else if (args.reply_nr_fds < passed->recv_count)
		passed->recv_count = args.reply_nr_fds;
	return err ? err : (ssize_t)args.reply_len;
}

ssize_t ipcbox_call(int port, const void *data, size_t len, void *buf,
		    size_t size, const struct ipcbox_options *options,
		    struct ipcbox_answer *answer)
{
	struct ipcbox_passed none = { 0 };

	return ipcbox_call_fds(port, data, len, buf, size, &none, options,
			       answer);
}

int ipcbox_reply_fds(int port, uint64_t id, const void *data, size_t len,
		     uint64_t type, const int *fds, unsigned int count)
{
	struct ipcbox_reply args = {
		.id = id,
		.data = ipcbox__pointer(data),
		.len = len,
		.type = type,
		.fds = ipcbox__pointer(fds),
		.nr_fds = count,
	};

	return ipcbox__ioctl(port, IPCBOX_REPLY, &args);
}

int ipcbox_reply(int port, uint64_t id, const void *data, size_t len,
		 uint64_t type)
{
	return ipcbox_reply_fds(port, id, data, len, type, NULL, 0);
}

/* The module says of the id only what the return value does not. */
ssize_t ipcbox_reply_recv(int port, struct ipcbox_response *response, void *buf,
			  size_t size, const struct ipcbox_options *options,
			  struct ipcbox_message *msg)
{
	struct ipcbox_recv recv = {
		.data = ipcbox__pointer(buf),
		.len = size,
	};
	struct ipcbox_reply args = {
		.id = response->id,
		.data = ipcbox__pointer(response->data),
		.len = response->len,
		.type = response->type,
		.recv = ipcbox__pointer(&recv),
		.recv_size = sizeof(recv),
	};
	int err = ipcbox__recv_options(&recv, options);

	if (err)
		return err;
	err = ipcbox__ioctl(port, IPCBOX_REPLY, &args);
	response->id = err ? args.id : 0;
	return ipcbox__recv_result(&recv, err, msg);
}
