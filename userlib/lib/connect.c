// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Connections: asking for one, and accepting or refusing it.
 */
#include <errno.h>

#include "internal.h"

static void ipcbox_verdict_fill(struct ipcbox_verdict *verdict,
				const struct ipcbox_connect *args)
{
	verdict->reason = args->reason;
	verdict->answer.len = args->answer_len;
	verdict->answer.type = args->answer_type;
	verdict->answer.id = 0;
	verdict->answer.outcome = args->outcome;
	verdict->answer.pid = args->acceptor_pid;
	verdict->answer.tid = args->acceptor_tid;
	verdict->answer.uid = args->acceptor_uid;
	verdict->answer.gid = args->acceptor_gid;
}

/* What is known is filled in whatever happens, as that of a call is. */
int ipcbox_connect_at(int box, const char *name, const void *data, size_t len,
		      void *buf, size_t size,
		      const struct ipcbox_options *options,
		      struct ipcbox_verdict *verdict)
{
	struct ipcbox_connect args = {
		.data = ipcbox__pointer(data),
		.len = len,
		.answer = ipcbox__pointer(buf),
		.answer_size = size,
	};
	int end = ipcbox__ref_put(name, args.name, &args.id);

	if (options) {
		if (options->flags & IPCBOX_IOVEC)
			end = -EINVAL;
		args.flags = options->flags;
		args.type = options->type;
		args.priority = options->priority;
		args.deadline = options->deadline;
	}
	if (!end)
		end = ipcbox__ioctl(box, IPCBOX_CONNECT, &args);
	if (verdict)
		ipcbox_verdict_fill(verdict, &args);
	return end;
}

int ipcbox_connect(const char *name, const void *data, size_t len, void *buf,
		   size_t size, const struct ipcbox_options *options,
		   struct ipcbox_verdict *verdict)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box,
				 ipcbox_connect_at(box, name, data, len, buf,
						   size, options, verdict));
}

int ipcbox_accept(int listener, uint64_t id, const void *data, size_t len,
		  const struct ipcbox_attr *attr)
{
	static const struct ipcbox_attr defaults = IPCBOX_ATTR_INIT;
	struct ipcbox_accept args = {
		.id = id,
		.data = ipcbox__pointer(data),
		.len = len,
	};

	if (!attr)
		attr = &defaults;
	args.flags = attr->flags;
	args.max_messages = attr->max_messages;
	args.max_bytes = attr->max_bytes;
	args.max_msgsize = attr->max_msgsize;
	return ipcbox__ioctl(listener, IPCBOX_ACCEPT, &args);
}

int ipcbox_refuse(int listener, uint64_t id, uint64_t reason)
{
	struct ipcbox_refuse args = { .id = id, .reason = reason };

	return ipcbox__ioctl(listener, IPCBOX_REFUSE, &args);
}

int ipcbox_shutdown(int end, uint32_t rights)
{
	struct ipcbox_shutdown args = { .rights = rights };

	return ipcbox__ioctl(end, IPCBOX_SHUTDOWN, &args);
}
