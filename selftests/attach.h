/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is attached to a port, and children that go on step by step
 *
 * To be included before the harness, as all headers that need nothing of it.
 */
#ifndef IPCBOX_ATTACH_H
#define IPCBOX_ATTACH_H

#include "expect.h"

/* How many handles there are, how many of them may send, and may receive. */
#define EXPECT_ATTACHED(port, all, may_send, may_receive) do {		\
	struct ipcbox_stat stat;					\
									\
	EXPECT_EQ(0, port_stat(port, &stat));				\
	EXPECT_EQ((all), stat.handles);					\
	EXPECT_EQ((may_send), stat.senders);				\
	EXPECT_EQ((may_receive), stat.receivers);			\
} while (0)

/* A handle without rights on a new port named "alpha", to look at that. */
static inline int watch_alpha(int box, uint64_t max_messages)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	attr.rights = 0;
	attr.max_messages = max_messages;
	return port_create(box, &attr);
}

static inline int open_alpha(int box, uint32_t rights)
{
	return port_open(box, "alpha", rights);
}

static inline int send_x(int port)
{
	return msg_send(port, "x", 1, 0, 0, IPCBOX_NOWAIT);
}

/* Waits until there are so many handles; false after ten seconds. */
static inline bool wait_for_handles(int port, uint32_t handles)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	while (now_ns() < end) {
		if (port_stat(port, &stat))
			return false;
		if (stat.handles == handles)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

/**
 * struct pace - a child tells how far it is, and waits until it may go on
 * @told: pipe from the child
 * @may: pipe to the child
 */
struct pace {
	int told[2];
	int may[2];
};

static inline bool pace_init(struct pace *pace)
{
	return !pipe2(pace->told, O_CLOEXEC) && !pipe2(pace->may, O_CLOEXEC);
}

static inline void pace_end(struct pace *pace)
{
	int i;

	for (i = 0; i < 2; i++) {
		close(pace->told[i]);
		close(pace->may[i]);
	}
}

/* In the child, which the test's end must not leave behind. */
static inline void pace_tell(const struct pace *pace)
{
	if (write(pace->told[1], "x", 1) != 1)
		_exit(101);
}

static inline void pace_wait(const struct pace *pace)
{
	struct pollfd pollfd = { .fd = pace->may[0], .events = POLLIN };
	char c;

	if (poll(&pollfd, 1, 60000) != 1 || read(pace->may[0], &c, 1) != 1)
		_exit(102);
}

static inline void pace_stay(const struct pace *pace)
{
	pace_tell(pace);
	pace_wait(pace);
}

/* In a child, where nothing else can be done about a failure */

static inline int must_open(int box, const char *name, uint32_t rights)
{
	int port = port_open(box, name, rights);

	if (port < 0)
		_exit(103);
	return port;
}

/* Receives a message, or a request, that is there or comes soon: its id. */
static inline uint64_t must_hold(int port)
{
	struct ipcbox_recv recv = { .deadline = in_ns(10 * SEC) };
	char text[16];

	if (msg_recv(port, text, sizeof(text), IPCBOX_LEASE, &recv))
		_exit(104);
	return recv.msg_id;
}

/* In the test: false if the child tells nothing for twenty seconds. */
static inline bool pace_heard(const struct pace *pace)
{
	struct pollfd pollfd = { .fd = pace->told[0], .events = POLLIN };
	char c;

	return poll(&pollfd, 1, 20000) == 1 && read(pace->told[0], &c, 1) == 1;
}

static inline bool pace_go(const struct pace *pace)
{
	return write(pace->may[1], "x", 1) == 1;
}

/* Waits until a child is a zombie, and leaves it one. */
static inline bool wait_for_zombie(pid_t pid)
{
	siginfo_t info;

	return !waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
}

/* Of nobody's child; false after ten seconds. */
static inline bool wait_until_gone(pid_t pid)
{
	uint64_t end = in_ns(10 * SEC);

	while (!kill(pid, 0) && now_ns() < end)
		sleep_ns(MSEC);
	return kill(pid, 0) < 0;
}

#endif /* IPCBOX_ATTACH_H */
