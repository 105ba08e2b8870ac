/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line: the messages of a queue in the order in which they are received
 *
 * One list for each priority, and a tree of those messages that have a type,
 * so that finding the first of all, or the first of one type, is no search.
 *
 * A message that a receiver takes while others are before it leaves its node
 * in the list, as a bookmark: giving it back is no search either. A bookmark
 * goes when it comes to the front, or when the receive is over.
 *
 * One without a bookmark had nobody before it when it left. So whoever is before
 * it when it returns has returned, too, without a bookmark and after it left. A
 * second tree has those, and finds the place: a receiver that dies may return
 * as many messages as it likes.
 *
 * A third tree has the messages by their senders, from the first time on that
 * somebody asks for those of one: most queues never need it. (Who asks for one
 * sender and one type searches the messages of that sender.)
 *
 * All of it is guarded by the lock of the queue.
 */
#ifndef _IPCBOX_LINE_H
#define _IPCBOX_LINE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include <linux/ipcbox.h>

#include "waiter.h"

struct ipcbox_message;
struct pid;

struct ipcbox_line {
	u32 ready;		/* bit n: priority[n] may have messages */
	bool knows_senders;	/* by_sender is kept */
	u64 next_seq;		/* place of the next new message */
	u64 messages;
	u64 bytes;		/* of payload, that have not been read */
	struct rb_root by_type;	/* messages with type != 0 */
	struct rb_root by_sender;
	struct rb_root returned; /* those in a list, but not since they were new */
	struct list_head priority[IPCBOX_PRIORITIES];
};

void ipcbox_line_init(struct ipcbox_line *line);
struct ipcbox_message *ipcbox_line_first(struct ipcbox_line *line, u64 type);
struct ipcbox_message *ipcbox_line_first_from(struct ipcbox_line *line,
					      const struct pid *from, u64 type);
struct pid *ipcbox_line_sender(struct ipcbox_line *line, pid_t nr);
struct ipcbox_message *ipcbox_line_last(struct ipcbox_line *line);
struct ipcbox_message *ipcbox_line_least(struct ipcbox_line *line);
void ipcbox_line_insert(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_remove(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_take(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_unlink(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_bookmark(struct ipcbox_line *line, struct ipcbox_message *msg);

/* The first that a filter accepts, or NULL. */
static inline struct ipcbox_message *
ipcbox_line_find(struct ipcbox_line *line, const struct ipcbox_filter *filter)
{
	if (unlikely(filter->from))
		return ipcbox_line_first_from(line, filter->from, filter->type);
	return ipcbox_line_first(line, filter->type);
}

#endif /* _IPCBOX_LINE_H */
