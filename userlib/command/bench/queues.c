// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers: the message queues of POSIX and of System V.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <unistd.h>

#include "transport.h"

/* So that a privileged user's queue is as deep as that of others. */
static void mq_raise_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MSGQUEUE, &limit);
}

static mqd_t mq_make(size_t messages, size_t len)
{
	struct mq_attr attr = {
		.mq_maxmsg = (long)messages, .mq_msgsize = (long)len,
	};
	char name[32];
	mqd_t mq;

	snprintf(name, sizeof(name), "/ipcbox-bench-%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (mq >= 0)
		mq_unlink(name);
	return mq;
}

/* Less deep where the user may have no more; the limit's name is EINVAL. */
static int mq_make_any(struct channel *channel)
{
	size_t messages = channel_messages(channel);
	mqd_t mq;

	mq_raise_limit();
	do {
		mq = mq_make(messages, channel->len);
		messages /= 2;
	} while (mq < 0 && messages && (errno == EINVAL || errno == EMFILE));
	if (mq < 0)
		return errno == EINVAL || errno == EMFILE ? -EMSGSIZE : -errno;
	channel->tx = mq;
	channel->rx = mq;
	return 0;
}

static int posix_send(struct channel *channel, const void *data)
{
	return mq_send(channel->tx, data, channel->len, 0) ? -errno : 0;
}

static int posix_recv(struct channel *channel, void *data)
{
	ssize_t n = mq_receive(channel->rx, data, channel->len, NULL);

	return n == (ssize_t)channel->len ? 0 : -errno;
}

const struct transport mq_transport = {
	.name = "posix-mq", .group = "message",
	.about = "a POSIX message queue, 64 messages or as many as permitted",
	.many = true, .min = 1,
	.open = mq_make_any, .send = posix_send, .recv = posix_recv,
};

/* System V. The type stands in front of the message. */

static void sysv_enlarge(int id)
{
	struct msqid_ds queue;

	if (msgctl(id, IPC_STAT, &queue))
		return;
	queue.msg_qbytes = 4 * CHANNEL_BYTES;
	/* without the privilege it stays as it is */
	msgctl(id, IPC_SET, &queue);
}

static int sysv_send(struct channel *channel, const void *data)
{
	long *msg = (long *)data - 1;

	*msg = 1;
	return msgsnd(channel->tx, msg, channel->len, 0) ? -errno : 0;
}

static int sysv_recv(struct channel *channel, void *data)
{
	ssize_t n = msgrcv(channel->rx, (long *)data - 1, channel->len, 0, 0);

	return n == (ssize_t)channel->len ? 0 : -errno;
}

static int sysv_open(struct channel *channel)
{
	struct msginfo info;
	int id;

	if (msgctl(0, IPC_INFO, (struct msqid_ds *)&info) < 0)
		return -errno;
	if (channel->len > (size_t)info.msgmax)
		return -EMSGSIZE;
	id = msgget(IPC_PRIVATE, 0600);
	if (id < 0)
		return -errno;
	sysv_enlarge(id);
	channel->tx = id;
	channel->rx = id;
	return 0;
}

static void sysv_close(struct channel *channel)
{
	if (channel->tx >= 0)
		msgctl(channel->tx, IPC_RMID, NULL);
}

const struct transport sysv_transport = {
	.name = "sysv-msg", .group = "message",
	.about = "a System V message queue of 4 MiB, if that is permitted",
	.many = true,
	.open = sysv_open, .send = sysv_send, .recv = sysv_recv,
	.close = sysv_close,
};
