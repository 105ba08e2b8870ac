/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls: a request, and the reply to it
 *
 * A request is a message whose sender waits, whatever the capacity, until
 * somebody replies. It goes through the same line as all messages. Once
 * received it is held by its receiver (held.h), and whoever has the handle can
 * reply, once. The reply does not pass through a queue: it is handed to the
 * waiting caller, as a message is to a waiting receiver.
 *
 * The caller learns in any case how far its request came. That it was received
 * is final: a caller that gives up after that takes the request away from the
 * server, whose reply then finds no call, but it must not send it again.
 */
#ifndef _IPCBOX_CALL_H
#define _IPCBOX_CALL_H

#include <linux/types.h>

#include <linux/ipcbox.h>

#include "waiter.h"

struct file;
struct ipcbox_handle;
struct ipcbox_ioctl;

/**
 * struct ipcbox_verdict - what else an answer is, of a request to connect
 * @end: the caller's end of the connection; NULL if it is refused
 * @reason: why
 */
struct ipcbox_verdict {
	struct file *end;
	u64 reason;
};

/**
 * struct ipcbox_caller - who calls
 * @handle: through this
 * @wait: whether and how long to wait
 * @arg: what is asked, and what came of it
 * @verdict: filled in with the answer; NULL if there is none
 */
struct ipcbox_caller {
	struct ipcbox_handle *handle;
	struct ipcbox_wait wait;
	struct ipcbox_call *arg;
	struct ipcbox_verdict *verdict;
};

int ipcbox_call_ask(struct ipcbox_caller *caller);
int ipcbox_call_answer(struct ipcbox_handle *handle,
		       const struct ipcbox_reply *arg,
		       const struct ipcbox_verdict *verdict);

int ipcbox_call_ioctl_call(struct ipcbox_ioctl *ioctl);
int ipcbox_call_reply(struct ipcbox_ioctl *ioctl);

#endif /* _IPCBOX_CALL_H */
