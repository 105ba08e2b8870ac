/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers: what a caller gets for its request
 *
 * An answer does not pass through a queue: it is made on the stack of the replier,
 * and handed to the caller who waits, on the stack of that, under the lock of the
 * queue in which the request was. What can fail comes before.
 */
#ifndef _IPCBOX_ANSWER_H
#define _IPCBOX_ANSWER_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "place.h"
#include "waiter.h"

struct file;
struct ipcbox_fds;
struct ipcbox_handle;
struct ipcbox_ioctl;
struct ipcbox_message;
struct ipcbox_pinned;
struct ipcbox_queue;
struct ipcbox_reply;

/* A reply up to this length goes from stack to stack: no memory, no charge. */
#define IPCBOX_ANSWER_SHORT	128

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
 * struct ipcbox_answer - what somebody has replied
 * @type: of the reply
 * @len: its length
 * @longer: the payload, if it is longer than @data, else NULL
 * @fds: descriptors that come with it, or NULL
 * @placed: the payload is where the caller wants it
 * @pid: who has replied, as the caller sees it
 * @tid: likewise
 * @uid: likewise, but for the caller to translate
 * @gid: likewise
 * @verdict: see struct ipcbox_verdict
 * @data: the payload
 */
struct ipcbox_answer {
	u64 type;
	size_t len;
	struct ipcbox_message *longer;
	struct ipcbox_fds *fds;
	bool placed;
	pid_t pid;
	pid_t tid;
	kuid_t uid;
	kgid_t gid;
	struct ipcbox_verdict verdict;
	u8 data[IPCBOX_ANSWER_SHORT];
};

/**
 * struct ipcbox_pending - a call that waits, on the stack of its caller
 * @waiter: the request's sender
 * @answer: set before the wait ends with 0, under the lock of the queue
 * @room: where the caller wants the reply
 * @place: set by one who replies, under the lock of the queue while the caller
 *	waits; NULL until then
 */
struct ipcbox_pending {
	struct ipcbox_waiter waiter;
	struct ipcbox_answer answer;
	struct ipcbox_room room;
	struct ipcbox_pinned *place;
};

void ipcbox_answer_release(const struct ipcbox_answer *answer,
			   struct ipcbox_queue *queue);
int ipcbox_answer_request(struct ipcbox_handle *handle,
			  const struct ipcbox_reply *arg,
			  const struct ipcbox_verdict *verdict);

int ipcbox_answer_ioctl_reply(struct ipcbox_ioctl *ioctl);

#endif /* _IPCBOX_ANSWER_H */
