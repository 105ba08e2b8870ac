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
 * All of it is guarded by the lock of the queue.
 */
#ifndef _IPCBOX_LINE_H
#define _IPCBOX_LINE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include <linux/ipcbox.h>

struct ipcbox_message;

struct ipcbox_line {
	u32 ready;		/* bit n: priority[n] may have messages */
	u64 next_seq;		/* place of the next new message */
	u64 messages;
	u64 bytes;		/* of payload, that have not been read */
	struct rb_root by_type;	/* messages with type != 0 */
	struct rb_root returned; /* those in a list, but not since they were new */
	struct list_head priority[IPCBOX_PRIORITIES];
};

void ipcbox_line_init(struct ipcbox_line *line);
struct ipcbox_message *ipcbox_line_first(struct ipcbox_line *line, u64 type);
struct ipcbox_message *ipcbox_line_last(struct ipcbox_line *line);
struct ipcbox_message *ipcbox_line_least(struct ipcbox_line *line);
void ipcbox_line_insert(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_remove(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_take(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_unlink(struct ipcbox_line *line, struct ipcbox_message *msg);
void ipcbox_line_bookmark(struct ipcbox_line *line, struct ipcbox_message *msg);

#endif /* _IPCBOX_LINE_H */
