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
struct ipcbox_landing;
struct ipcbox_verdict;

/**
 * struct ipcbox_caller - who calls
 * @handle: through this
 * @wait: whether and how long to wait
 * @arg: what is asked, and what came of it
 * @verdict: filled in with the answer; NULL if there is none
 * @landing: where its descriptors arrive; NULL if there is no room for them
 */
struct ipcbox_caller {
	struct ipcbox_handle *handle;
	struct ipcbox_wait wait;
	struct ipcbox_call *arg;
	struct ipcbox_verdict *verdict;
	struct ipcbox_landing *landing;
};

int ipcbox_call_ask(struct ipcbox_caller *caller);

int ipcbox_call_ioctl_call(struct ipcbox_ioctl *ioctl);

#endif /* _IPCBOX_CALL_H */
