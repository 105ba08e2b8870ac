/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations about a port and a box that several tests have
 *
 * To be included before the harness, as all headers that need nothing of it.
 */
#ifndef IPCBOX_EXPECT_H
#define IPCBOX_EXPECT_H

#include "ipcbox_test.h"

/* One field of what IPCBOX_STAT says. */
#define EXPECT_STAT(port, field, value) do {				\
	struct ipcbox_stat stat;					\
									\
	EXPECT_EQ(0, port_stat(port, &stat));				\
	EXPECT_EQ((value), stat.field);					\
} while (0)

/* What is in line, what receivers hold, and how many have been received. */
#define EXPECT_MESSAGES(port, in_line, with_receivers, done) do {	\
	struct ipcbox_stat stat;					\
									\
	EXPECT_EQ(0, port_stat(port, &stat));				\
	EXPECT_EQ((in_line), stat.messages);				\
	EXPECT_EQ((with_receivers), stat.held);				\
	EXPECT_EQ((done), stat.received);				\
	EXPECT_EQ(0, stat.taken);					\
} while (0)

/* The user is charged for as much as in self->before. */
#define EXPECT_NOTHING_CHARGED(self) do {				\
	struct ipcbox_info after;					\
									\
	EXPECT_EQ(0, box_info((self)->box, &after));			\
	EXPECT_EQ((self)->before.user_bytes, after.user_bytes);		\
} while (0)

#endif /* IPCBOX_EXPECT_H */
