// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peer: process_vm_readv(2). The sender tells in shared memory where its message
 * stands, and the receiver reads it there: one copy.
 *
 * The message must stay until it has been read. One way, the sender waits for
 * that; in a round trip it waits for the answer anyway.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory.h"

/**
 * struct notice - the shared memory of a channel
 * @producer: counts messages offered
 * @consumer: counts messages read
 * @sender: process whose memory it is
 * @at: where the message stands there
 */
struct notice {
	struct side producer;
	struct side consumer;
	pid_t sender;
	uintptr_t at;
};

static size_t notice_shared(size_t len)
{
	(void)len;
	return sizeof(struct notice);
}

/* Where only a parent may read its children's memory, let anybody. */
static int foreign_attach(struct channel *channel, bool receive)
{
	struct notice *notice = channel->shared;

	if (receive)
		return 0;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	notice->sender = getpid();
	return 0;
}

static int foreign_offer(struct channel *channel, const void *data)
{
	struct notice *notice = channel->shared;

	notice->at = (uintptr_t)data;
	return side_advance_futex(&notice->producer, &notice->consumer);
}

static int foreign_send(struct channel *channel, const void *data)
{
	struct notice *notice = channel->shared;
	int err = foreign_offer(channel, data);

	if (err)
		return err;
	return side_wait_futex(&notice->producer, &notice->consumer,
			       (uint32_t)channel->count++);
}

static int foreign_read(struct channel *channel, void *data)
{
	struct notice *notice = channel->shared;
	struct iovec local = { data, channel->len };
	struct iovec remote = { .iov_len = channel->len };
	int err = side_wait_futex(&notice->consumer, &notice->producer,
				  (uint32_t)channel->count++);

	if (err)
		return err;
	remote.iov_base = (void *)notice->at;
	if (process_vm_readv(notice->sender, &local, 1, &remote, 1, 0) !=
	    (ssize_t)channel->len)
		return errno ? -errno : -EPROTO;
	return 0;
}

static int foreign_recv(struct channel *channel, void *data)
{
	struct notice *notice = channel->shared;
	int err = foreign_read(channel, data);

	if (err)
		return err;
	return side_advance_futex(&notice->consumer, &notice->producer);
}

static int foreign_ask(struct channel *pair, const void *data, void *reply)
{
	int err = foreign_offer(&pair[0], data);

	return err ? err : foreign_read(&pair[1], reply);
}

static int foreign_finish(struct channel *pair, const void *reply)
{
	if (!pair[0].reply)
		return 0;
	pair[0].reply = 0;
	return foreign_offer(&pair[1], reply);
}

static int foreign_answer(struct channel *pair, const void *reply, void *data)
{
	int err = foreign_finish(pair, reply);

	pair[0].reply = 1;
	return err ? err : foreign_read(&pair[0], data);
}

const struct transport foreign_transport = {
	.name = "process-vm-readv", .group = "memory",
	.about = "read from the sender's memory, futex to tell where; one copy",
	.max = SIZE_MAX, .min = 1, .shared = notice_shared,
	.attach = foreign_attach, .send = foreign_send, .recv = foreign_recv,
	.ask = foreign_ask, .answer = foreign_answer, .finish = foreign_finish,
};
