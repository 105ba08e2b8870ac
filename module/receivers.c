// SPDX-License-Identifier: GPL-2.0-only
/* Queues: receivers that begin and end to wait, and those of one type */

#include <linux/list.h>
#include <linux/rbtree.h>

#include "message.h"
#include "news.h"
#include "queue.h"
#include "queue_parts.h"

static bool ipcbox_receiver_less(struct rb_node *node,
				 const struct rb_node *other)
{
	const struct ipcbox_waiter *a = ipcbox_receiver_of(node);
	const struct ipcbox_waiter *b = ipcbox_receiver_of(other);

	if (a->filter->type != b->filter->type)
		return a->filter->type < b->filter->type;
	return a->seq < b->seq;
}

static int ipcbox_receiver_cmp(const void *key, const struct rb_node *node)
{
	u64 type = *(const u64 *)key;
	u64 other = ipcbox_receiver_of(node)->filter->type;

	return type < other ? -1 : type > other;
}

/*
 * Turns want all who wait in one list. And the tree does not tell those who want
 * the messages of one process from each other; in the list each is asked.
 */
static bool ipcbox_receiver_in_tree(const struct ipcbox_queue *queue,
				    const struct ipcbox_waiter *receiver)
{
	return !queue->turn.taken_in_turns && !receiver->filter->from;
}

/* For ipcbox_receivers_add(): one that waits for messages of one type. */
void ipcbox_receivers_add_of_type(struct ipcbox_queue *queue,
				  struct ipcbox_waiter *receiver)
{
	lockdep_assert_held(&queue->lock);
	if (ipcbox_filter_only_hears(receiver->filter)) {
		list_add_tail(&receiver->node,
			      &(*receiver->filter->news)->waiters);
		return;
	}
	if (!ipcbox_receiver_in_tree(queue, receiver)) {
		list_add_tail(&receiver->node, &queue->receivers);
		return;
	}
	INIT_LIST_HEAD(&receiver->node);
	rb_add(&receiver->by_type, &queue->selective, ipcbox_receiver_less);
}

/* For ipcbox_receivers_remove(), likewise. */
void ipcbox_receivers_remove_of_type(struct ipcbox_queue *queue,
				     struct ipcbox_waiter *receiver)
{
	lockdep_assert_held(&queue->lock);
	if (!ipcbox_filter_only_hears(receiver->filter) &&
	    ipcbox_receiver_in_tree(queue, receiver))
		rb_erase(&receiver->by_type, &queue->selective);
}

/**
 * ipcbox_receivers_of_type() - those who wait for messages of this type only
 * @queue: queue
 * @msg: message
 * @after: the last one, NULL to begin
 *
 * Return: the next one, in the order of their coming, or NULL
 */
struct ipcbox_waiter *ipcbox_receivers_of_type(struct ipcbox_queue *queue,
					       const struct ipcbox_message *msg,
					       struct ipcbox_waiter *after)
{
	struct rb_node *node;

	lockdep_assert_held(&queue->lock);
	node = after ? rb_next_match(&msg->type, &after->by_type,
				     ipcbox_receiver_cmp) :
		       rb_find_first(&msg->type, &queue->selective,
				     ipcbox_receiver_cmp);
	return ipcbox_receiver_of(node);
}
