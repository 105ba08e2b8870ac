// SPDX-License-Identifier: GPL-2.0-only
/* Dead letters: which port they go to, and how they get there */

#include <linux/err.h>
#include <linux/lockdep.h>

#include "box.h"
#include "dead_letter.h"
#include "message.h"
#include "port.h"
#include "queue.h"
#include "trace.h"

/* The port that has them */

/* Messages come back and arrive where there is one line for all receivers. */
static bool ipcbox_dead_letter_suits(const struct ipcbox_port *port)
{
	return port->kind == IPCBOX_KIND_MAILBOX &&
	       !ipcbox_port_broadcasts(port);
}

/* Takes a reference on the port that is wanted. */
static int ipcbox_dead_letter_find(struct ipcbox_port *port, u64 id,
				   struct ipcbox_port **found)
{
	struct ipcbox_port_key key = { .name = "", .id = id };
	struct ipcbox_port *to;
	int ret;

	if (id == port->id)
		return -ELOOP;
	to = ipcbox_box_find(port->box, &key);
	if (IS_ERR(to))
		return PTR_ERR(to);
	ret = ipcbox_port_permit(to, IPCBOX_RIGHT_SEND);
	if (!ret && !ipcbox_dead_letter_suits(to))
		ret = -EOPNOTSUPP;
	if (ret)
		ipcbox_port_put(to);
	else
		*found = to;
	return ret;
}

/**
 * ipcbox_dead_letter_parse() - check what a caller wants and translate it
 * @port: port whose messages are to move
 * @set: argument of IPCBOX_SET with IPCBOX_SET_DEAD_LETTER
 * @dead_letter: result, for ipcbox_dead_letter_swap() and then
 *	ipcbox_dead_letter_put()
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -ELOOP, -ENOENT, -EACCES or -EIDRM
 */
int ipcbox_dead_letter_parse(struct ipcbox_port *port,
			     const struct ipcbox_set *set,
			     struct ipcbox_dead_letter *dead_letter)
{
	if (!set->dead_letter != !set->max_deliveries)
		return -EINVAL;
	if (ipcbox_port_gone(port))
		return -EIDRM;
	if (!set->dead_letter)
		return 0;
	if (!ipcbox_dead_letter_suits(port))
		return -EOPNOTSUPP;
	dead_letter->max_deliveries = set->max_deliveries;
	return ipcbox_dead_letter_find(port, set->dead_letter,
				       &dead_letter->port);
}

/* The two change places; the count stays with the port. */
void ipcbox_dead_letter_swap(struct ipcbox_port *port,
			     struct ipcbox_dead_letter *dead_letter)
{
	spin_lock(&port->queue.lock);
	dead_letter->moved = port->dead_letter.moved;
	swap(port->dead_letter, *dead_letter);
	spin_unlock(&port->queue.lock);
}

void ipcbox_dead_letter_put(const struct ipcbox_dead_letter *dead_letter)
{
	if (dead_letter->port)
		ipcbox_port_put(dead_letter->port);
}

/* The port is deleted, so nothing comes back to its line. */
void ipcbox_dead_letter_end(struct ipcbox_port *port)
{
	struct ipcbox_dead_letter none = {};

	ipcbox_dead_letter_swap(port, &none);
	ipcbox_dead_letter_put(&none);
}

/* The dead-letter port, or NULL if there is none any more. */
static struct ipcbox_port *
ipcbox_dead_letter_port_locked(const struct ipcbox_port *port)
{
	struct ipcbox_port *to = port->dead_letter.port;

	lockdep_assert_held(&port->queue.lock);
	return to && !ipcbox_port_gone(to) ? to : NULL;
}

void ipcbox_dead_letter_stat_locked(struct ipcbox_port *port,
				    struct ipcbox_stat *stat)
{
	struct ipcbox_port *to = ipcbox_dead_letter_port_locked(port);

	stat->dead_letter = to ? to->id : 0;
	stat->dead_lettered = port->dead_letter.moved;
	stat->max_deliveries = port->dead_letter.max_deliveries;
}

/* The messages */

/* Where a held message goes instead of back in line, or NULL. */
static struct ipcbox_port *
ipcbox_dead_letter_of_locked(const struct ipcbox_port *port,
			     const struct ipcbox_message *msg)
{
	struct ipcbox_port *to = ipcbox_dead_letter_port_locked(port);

	if (!to || port->queue.dead ||
	    msg->deliveries - msg->earlier < port->dead_letter.max_deliveries)
		return NULL;
	return to;
}

/**
 * ipcbox_dead_letter_return_locked() - end a hold without the receiver being done
 * @port: port
 * @msg: message that is held
 * @wake: who to wake
 * @left: where to note what is left to be done with it; with nothing yet
 */
void ipcbox_dead_letter_return_locked(struct ipcbox_port *port,
				      struct ipcbox_message *msg,
				      struct ipcbox_wake *wake,
				      struct ipcbox_departure *left)
{
	struct ipcbox_port *to = ipcbox_dead_letter_of_locked(port, msg);

	if (!to) {
		if (!ipcbox_queue_give_back_locked(&port->queue, msg, wake))
			left->msg = msg;
	} else if (ipcbox_queue_give_up_locked(&port->queue, msg, wake)) {
		port->dead_letter.moved++;
		left->msg = msg;
		left->to = ipcbox_port_get(to);
	}
}

/* It is nobody's but the caller's; only those who peek look at it meanwhile. */
static void ipcbox_dead_letter_move(struct ipcbox_port *from,
				    struct ipcbox_port *to,
				    struct ipcbox_message *msg)
{
	trace_ipcbox_message_dead_letter(&from->queue, msg);
	WRITE_ONCE(msg->dead_letter, true);
	WRITE_ONCE(msg->id, atomic64_inc_return(&to->last_message_id));
	msg->earlier = msg->deliveries;
	ipcbox_queue_adopt(&to->queue, msg);
}

/**
 * ipcbox_departure_finish() - what is left to be done with a message
 * @port: port that it was held on
 * @left: message and where it goes; both are given up
 */
void ipcbox_departure_finish(struct ipcbox_port *port,
			     const struct ipcbox_departure *left)
{
	if (left->to) {
		ipcbox_dead_letter_move(port, left->to, left->msg);
		ipcbox_port_put(left->to);
	} else if (left->msg) {
		ipcbox_message_put(left->msg, &port->queue.spare);
	}
}
