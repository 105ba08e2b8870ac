// SPDX-License-Identifier: GPL-2.0-only
/* Lines: keeping messages in order, and finding the first */

#include <linux/bitops.h>

#include "line.h"
#include "message.h"

void ipcbox_line_init(struct ipcbox_line *line)
{
	unsigned int i;

	line->by_type = RB_ROOT;
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

/* The lists */

/* A bookmark that has come to the front has done its duty. */
static struct ipcbox_message *ipcbox_line_first_of(struct list_head *list)
{
	struct ipcbox_message *msg, *next;

	list_for_each_entry_safe(msg, next, list, node) {
		if (msg->state == IPCBOX_MESSAGE_QUEUED)
			return msg;
		list_del_init(&msg->node);
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
		msg = ipcbox_line_first_of(&line->priority[priority]);
		if (msg)
			return msg;
		line->ready &= ~BIT(priority);
	}
	return NULL;
}

/*
 * A new message has the highest seq of all and belongs at the end, where the
 * search begins. One without a bookmark that is given back was first when it
 * was taken, so it belongs near the front.
 */
static struct list_head *ipcbox_line_place(struct list_head *list,
					   const struct ipcbox_message *msg)
{
	struct ipcbox_message *other;

	if (list_empty(list) ||
	    list_last_entry(list, typeof(*other), node)->seq < msg->seq)
		return list;
	list_for_each_entry(other, list, node)
		if (msg->seq < other->seq)
			return &other->node;
	return list;
}

/**
 * ipcbox_line_insert() - put a message into its place
 * @line: line
 * @msg: message with a seq
 */
void ipcbox_line_insert(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	struct list_head *list = &line->priority[msg->priority];

	/* Unless its bookmark is still there. */
	if (list_empty(&msg->node))
		list_add_tail(&msg->node, ipcbox_line_place(list, msg));
	if (msg->type)
		rb_add(&msg->tree, &line->by_type, ipcbox_type_less);
	line->ready |= BIT(msg->priority);
	line->messages++;
	line->bytes += msg->len;
	msg->state = IPCBOX_MESSAGE_QUEUED;
}

/* Out of line, into a new state, but for the node. */
static void ipcbox_line_leave(struct ipcbox_line *line,
			      struct ipcbox_message *msg,
			      enum ipcbox_message_state state)
{
	if (msg->type)
		rb_erase(&msg->tree, &line->by_type);
	line->messages--;
	line->bytes -= msg->len;
	msg->state = state;
}

/* Takes a message out of line for good. */
void ipcbox_line_remove(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	ipcbox_line_leave(line, msg, IPCBOX_MESSAGE_GONE);
	list_del_init(&msg->node);
}

/* Takes a message out of line for a receiver, who may give it back. */
void ipcbox_line_take(struct ipcbox_line *line, struct ipcbox_message *msg)
{
	ipcbox_line_leave(line, msg, IPCBOX_MESSAGE_TAKEN);
	if (list_is_first(&msg->node, &line->priority[msg->priority]))
		list_del_init(&msg->node);
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
