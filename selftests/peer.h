/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: other processes that make the calls they are told to
 *
 * A peer makes one call after the other. Telling and hearing are two steps, so
 * that a test can look around while a peer waits.
 */
#ifndef IPCBOX_PEER_H
#define IPCBOX_PEER_H

#include <sys/prctl.h>

#include "ipcbox_test.h"

enum peer_call {
	PEER_RECV,		/* @fd, @type, @pid, @flags; up to @len bytes */
	PEER_SEND,		/* @fd, @type, @priority, @flags, @text */
	PEER_SEND_TO,		/* to @pid, likewise */
	PEER_INBOX,
	PEER_POLL,		/* @fd, up to @len ms; returns the events */
	PEER_OPEN,		/* the name @text, rights @flags */
	PEER_CREATE,		/* likewise, or open */
	PEER_CLOSE,		/* @fd */
	PEER_FORK,		/* a child that keeps all descriptors */
};

/**
 * struct peer_order - a call, and what came of it
 * @call: which
 * @fd: descriptor
 * @type: of message
 * @priority: likewise
 * @pid: of whom or to whom; and of whom it was
 * @flags: of the call
 * @len: length
 * @text: name; and what was received
 * @ret: what the call returned, or -errno
 */
struct peer_order {
	enum peer_call call;
	int fd;
	uint64_t type;
	uint32_t priority;
	pid_t pid;
	uint64_t flags;
	size_t len;
	char text[IPCBOX_NAME_SIZE];
	long ret;
};

struct peer {
	pid_t pid;
	int orders;
	int answers;
};

static inline long peer_recv(struct peer_order *order)
{
	struct ipcbox_recv recv = { .type = order->type, .from = order->pid };
	long ret;

	memset(order->text, 0, sizeof(order->text));
	ret = msg_recv(order->fd, order->text, order->len, order->flags, &recv);
	order->pid = recv.sender_pid;
	return ret;
}

static inline long peer_send(int fd, unsigned long cmd,
			     const struct peer_order *order)
{
	struct ipcbox_send send = {
		.flags = order->flags,
		.data = (uintptr_t)order->text,
		.len = strlen(order->text),
		.type = order->type,
		.priority = order->priority,
		.to = order->pid,
	};

	return sys_ioctl(fd, cmd, &send);
}

static inline long peer_create(int box, struct peer_order *order)
{
	struct ipcbox_port_create attr = port_attr(order->text);

	attr.flags = 0;
	attr.rights = order->flags;
	return port_create(box, &attr);
}

static inline long peer_fork(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		pause();
}

static inline long peer_poll(const struct peer_order *order)
{
	struct pollfd poll_one = { .fd = order->fd, .events = POLLIN };
	int ret = poll(&poll_one, 1, order->len);

	return ret < 0 ? -errno : poll_one.revents;
}

static inline void peer_obey(int box, struct peer_order *order)
{
	switch (order->call) {
	case PEER_RECV:
		order->ret = peer_recv(order);
		break;
	case PEER_SEND:
		order->ret = peer_send(order->fd, IPCBOX_SEND, order);
		break;
	case PEER_SEND_TO:
		order->ret = peer_send(box, IPCBOX_SEND_TO, order);
		break;
	case PEER_INBOX:
		order->ret = inbox_open(box);
		break;
	case PEER_POLL:
		order->ret = peer_poll(order);
		break;
	case PEER_OPEN:
		order->ret = port_open(box, order->text, order->flags);
		break;
	case PEER_CREATE:
		order->ret = peer_create(box, order);
		break;
	case PEER_CLOSE:
		order->ret = close(order->fd);
		break;
	case PEER_FORK:
		order->ret = peer_fork();
		break;
	}
}

static inline void peer_main(int box, int orders, int answers)
{
	struct peer_order order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		peer_obey(box, &order);
		if (write(answers, &order, sizeof(order)) != sizeof(order))
			break;
	}
	_exit(0);
}

static inline struct peer peer_start(int box)
{
	int orders[2], answers[2];
	struct peer peer;

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		abort();
	peer.pid = fork();
	if (!peer.pid) {
		close(orders[1]);
		close(answers[0]);
		peer_main(box, orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	peer.orders = orders[1];
	peer.answers = answers[0];
	return peer;
}

/* Returns once the peer has ended; a killed one may have done anything. */
static inline void peer_end(struct peer *peer, int signal)
{
	if (!peer->pid)
		return;
	if (signal)
		kill(peer->pid, signal);
	close(peer->orders);
	close(peer->answers);
	child_wait(peer->pid);
	peer->pid = 0;
}

static inline void peer_tell(const struct peer *peer, struct peer_order order)
{
	if (write(peer->orders, &order, sizeof(order)) != sizeof(order))
		abort();
}

static inline struct peer_order peer_hear(const struct peer *peer)
{
	struct peer_order order;

	if (read(peer->answers, &order, sizeof(order)) != sizeof(order))
		abort();
	return order;
}

static inline struct peer_order peer_do(const struct peer *peer,
					struct peer_order order)
{
	peer_tell(peer, order);
	return peer_hear(peer);
}

#endif /* IPCBOX_PEER_H */
