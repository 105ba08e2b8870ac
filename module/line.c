// SPDX-License-Identifier: GPL-2.0-only
/* Lines: keeping messages in order, and finding the first */

#include <linux/bitops.h>
#include <linux/pid.h>

#include "line.h"
#include "message.h"

void ipcbox_line_init(struct ipcbox_line *line)
{
	unsigned int i;

	line->by_type = RB_ROOT;
	line->by_sender = RB_ROOT;
	line->returned = RB_ROOT;
	for (i = 0; i < ARRAY_SIZE(line->priority); i++)
		INIT_LIST_HEAD(&line->priority[i]);
}

/* The tree of types */

static struct ipcbox_message *ipcbox_message_of_type(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_message, tree);
}

static bool ipcbox_type_less(struct rb_node *node, const struct rb_node *other)
{
	const struct ipcbox_message *a = ipcbox_message_of_type(node);
	const struct ipcbox_message *b = ipcbox_message_of_type(other);

	if (a->type != b->type)
		return a->type < b->type;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->seq < b->seq;
}

static int ipcbox_type_cmp(const void *key, const struct rb_node *node)
{
	u64 type = *(const u64 *)key, other = ipcbox_message_of_type(node)->type;

	return type < other ? -1 : type > other;
}

/* The tree of senders */

static struct ipcbox_message *ipcbox_message_by_sender(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_message, by_sender);
}

static bool ipcbox_sender_less(struct rb_node *node,
			       const struct rb_node *other)
{
	const struct ipcbox_message *a = ipcbox_message_by_sender(node);
	const struct ipcbox_message *b = ipcbox_message_by_sender(other);

	if (a->sender_pid != b->sender_pid)
		return a->sender_pid < b->sender_pid;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->seq < b->seq;
}

static int ipcbox_sender_cmp(const void *key, const struct rb_node *node)
{
	const struct pid *other = ipcbox_message_by_sender(node)->sender_pid;
	const struct pid *sender = key;

	return sender < other ? -1 : sender > other;
}

static void ipcbox_line_know_senders(struct ipcbox_line *line)
{
	struct ipcbox_message *msg;
	unsigned int i;

	if (line->knows_senders)
		return;
	line->knows_senders = true;
	for (i = 0; i < ARRAY_SIZE(line->priority); i++)
		list_for_each_entry(msg, &line->priority[i], node)
			if (msg->state == IPCBOX_MESSAGE_QUEUED)
				rb_add(&msg->by_sender, &line->by_sender,
				       ipcbox_sender_less);
}

/**
 * ipcbox_line_first_from() - likewise, of the messages of one process
 * @line: line
 * @from: process
 * @type: first of this type; 0 for any
 *
 * Return: a message, or NULL
 */
struct ipcbox_message *ipcbox_line_first_from(struct ipcbox_line *line,
					      const struct pid *from, u64 type)
{
	struct rb_node *node;

	ipcbox_line_know_senders(line);
	rb_for_each(node, from, &line->by_sender, ipcbox_sender_cmp)
		if (!type || ipcbox_message_by_sender(node)->type == type)
			break;
	return ipcbox_message_by_sender(node);
}

/* A message of the sender that is next in the tree, or NULL. */
static struct ipcbox_message *
ipcbox_line_next_sender(const struct ipcbox_line *line,
			const struct ipcbox_message *after)
{
	struct rb_node *node = line->by_sender.rb_node;
	struct ipcbox_message *msg, *next = NULL;

	while (node) {
		msg = ipcbox_message_by_sender(node);
		if (!after || msg->sender_pid > after->sender_pid) {
			next = msg;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return next;
}

/**
 * ipcbox_line_sender() - the process of which a message is in line
 * @line: line
 * @nr: its id in the caller's pid namespace
 *
 * A process is known here by its id also after that is free again.
 *
 * Return: the process, which the line keeps, or NULL
 */
struct pid *ipcbox_line_sender(struct ipcbox_line *line, pid_t nr)
{
	struct ipcbox_message *msg = NULL;

	ipcbox_line_know_senders(line);
	while ((msg = ipcbox_line_next_sender(line, msg)))
		if (pid_vnr(msg->sender_pid) == nr)
			return msg->sender_pid;
	return NULL;
}

/* The tree of those that have returned */

static struct ipcbox_message *ipcbox_message_returned(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcbox_message, returned);
}

static bool ipcbox_returned_less(struct rb_node *node,
				 const struct rb_node *other)
{
	const struct ipcbox_message *a = ipcbox_message_returned(node);
	const struct ipcbox_message *b = ipcbox_message_returned(other);

	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->seq < b->seq;
}

/* Returns a message without a bookmark to its list, behind who is before it. */
static void ipcbox_line_return(struct ipcbox_line *line,
			       struct ipcbox_message *msg)
{
	struct ipcbox_message *before;

	rb_add(&msg->returned, &line->returned, ipcbox_returned_less);
	before = ipcbox_message_returned(rb_prev(&msg->returned));
	if (before && before->priority == msg->priority)
		list_add(&msg->node, &before->node);
	else
		list_add(&msg->node, &line->priority[msg->priority]);
}

/* The lists */

/**
 * ipcbox_line_unlink() - remove the node of a message from its list
 * @line: line
 * @msg: message, in line or with a bookmark or without
 */
void ipcbox_line_unlink(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	list_del_init(&msg->node);
	if (RB_EMPTY_NODE(&msg->returned))
		return;
	rb_erase(&msg->returned, &line->returned);
	RB_CLEAR_NODE(&msg->returned);
}

/* A bookmark that has come to the front has done its duty. */
static struct ipcbox_message *ipcbox_line_first_of(struct ipcbox_line *line,
						   struct list_head *list)
{
	struct ipcbox_message *msg, *next;

	list_for_each_entry_safe(msg, next, list, node) {
		if (msg->state == IPCBOX_MESSAGE_QUEUED)
			return msg;
		ipcbox_line_unlink(line, msg);
	}
	return NULL;
}

/**
 * ipcbox_line_first() - the message that is received next
 * @line: line
 * @type: first of this type; 0 for any
 *
 * Return: a message, or NULL
 */
struct ipcbox_message *ipcbox_line_first(struct ipcbox_line *line, u64 type)
{
	struct ipcbox_message *msg;
	unsigned int priority;

	if (type)
		return ipcbox_message_of_type(rb_find_first(&type,
							    &line->by_type,
							    ipcbox_type_cmp));
	while (line->ready) {
		priority = __fls(line->ready);
		msg = ipcbox_line_first_of(line, &line->priority[priority]);
		if (msg)
			return msg;
		line->ready &= ~BIT(priority);
	}
	return NULL;
}

/* The newest, where all have the same priority; NULL if that is taken. */
struct ipcbox_message *ipcbox_line_last(struct ipcbox_line *line)
{
	struct list_head *list = &line->priority[0];
	struct ipcbox_message *msg;

	if (list_empty(list))
		return NULL;
	msg = list_last_entry(list, struct ipcbox_message, node);
	return msg->state == IPCBOX_MESSAGE_QUEUED ? msg : NULL;
}

/* The oldest of the lowest priority, or NULL. */
struct ipcbox_message *ipcbox_line_least(struct ipcbox_line *line)
{
	struct ipcbox_message *msg;
	unsigned int priority;

	while (line->ready) {
		priority = __ffs(line->ready);
		msg = ipcbox_line_first_of(line, &line->priority[priority]);
		if (msg)
			return msg;
		line->ready &= ~BIT(priority);
	}
	return NULL;
}

/**
 * ipcbox_line_insert() - put a message into its place
 * @line: line
 * @msg: message with a seq
 */
void ipcbox_line_insert(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	/* A new one has the highest seq of all. */
	if (msg->state == IPCBOX_MESSAGE_NEW)
		list_add_tail(&msg->node, &line->priority[msg->priority]);
	else if (list_empty(&msg->node))
		ipcbox_line_return(line, msg);
	if (msg->type)
		rb_add(&msg->tree, &line->by_type, ipcbox_type_less);
	if (unlikely(line->knows_senders))
		rb_add(&msg->by_sender, &line->by_sender, ipcbox_sender_less);
	line->ready |= BIT(msg->priority);
	line->messages++;
	line->bytes += ipcbox_message_rest(msg);
	msg->state = IPCBOX_MESSAGE_QUEUED;
}

/* Out of line, into a new state, but for the node. */
static void ipcbox_line_leave(struct ipcbox_line *line,
			      struct ipcbox_message *msg,
			      enum ipcbox_message_state state)
{
	if (msg->type)
		rb_erase(&msg->tree, &line->by_type);
	if (unlikely(line->knows_senders))
		rb_erase(&msg->by_sender, &line->by_sender);
	line->messages--;
	line->bytes -= ipcbox_message_rest(msg);
	msg->state = state;
}

/* Takes a message out of line for good. */
void ipcbox_line_remove(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	ipcbox_line_leave(line, msg, IPCBOX_MESSAGE_GONE);
	ipcbox_line_unlink(line, msg);
}

/* Takes a message out of line for a receiver, who may give it back. */
void ipcbox_line_take(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	ipcbox_line_leave(line, msg, IPCBOX_MESSAGE_TAKEN);
	if (list_is_first(&msg->node, &line->priority[msg->priority]))
		ipcbox_line_unlink(line, msg);
}

/*
 * Marks the place of a new message that goes to a receiver at once. If nobody
 * is before it, it needs no mark.
 */
void ipcbox_line_bookmark(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	struct list_head *list = &line->priority[msg->priority];

	if (!list_empty(list))
		list_add_tail(&msg->node, list);
}
