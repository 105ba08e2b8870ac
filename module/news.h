/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * News: the events that a handle has subscribed to and has yet to receive
 *
 * An event is a message, so that it is received as one. But it is in no queue's
 * line: each subscribed handle has a list of its own, in struct ipcbox_news.
 *
 * Nothing is allocated when something happens. There are two kinds of event:
 *
 *	standing	what happens to the port. There is one message of each
 *			kind, made with the subscription, which counts how often
 *			it has happened and moves to the end of the list
 *	single		what happens to one message. It is made with that message
 *			or with its lease, is attached there, and goes when it
 *			has been received or cannot happen any more
 *
 * A standing event can happen again while a receiver copies it. So the payload
 * is written when it is taken, and from then on the event counts anew:
 *
 *	NEW ---> QUEUED <--> TAKEN ---> NEW, or QUEUED if it has happened again
 *
 * One that has happened again is in the list already, where it belongs, and is
 * passed over until its receiver is done.
 *
 * All of it is guarded by the lock of the queue that the handle receives from.
 */
#ifndef _IPCBOX_NEWS_H
#define _IPCBOX_NEWS_H

#include <linux/list.h>
#include <linux/log2.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <linux/ipcbox.h>

struct ipcbox_filter;
struct ipcbox_message;
struct ipcbox_user;

#define IPCBOX_NEWS_STANDING \
	(IPCBOX_EVENT_SENDER_CAME | IPCBOX_EVENT_SENDER_WENT | \
	 IPCBOX_EVENT_RECEIVER_CAME | IPCBOX_EVENT_RECEIVER_WENT | \
	 IPCBOX_EVENT_LOST | IPCBOX_EVENT_DELETED)
#define IPCBOX_NEWS_SINGLE \
	(IPCBOX_EVENT_DELIVERED | IPCBOX_EVENT_EXPIRED)
#define IPCBOX_NEWS_NR		(ilog2(IPCBOX_NEWS_STANDING) + 1)

/**
 * struct ipcbox_news - the news of one handle
 * @ref: the handle's, and one for each single event
 * @spare: atomic; see ipcbox_message_put()
 * @receives: constant: whether those who receive messages hear of events, too
 * @mask: IPCBOX_EVENT_* that it is told of
 * @node: in queue->news; empty once the handle is closed
 * @waiters: threads that wait for events alone, longest-waiting first
 * @events: those that have happened, in their order
 * @next_seq: place of the next one
 * @standing: by number of bit
 */
struct ipcbox_news {
	refcount_t ref;
	struct ipcbox_message *spare;
	bool receives;
	u64 mask;
	struct list_head node;
	struct list_head waiters;
	struct list_head events;
	u64 next_seq;
	struct ipcbox_message *standing[IPCBOX_NEWS_NR];
};

struct ipcbox_news *ipcbox_news_new(struct ipcbox_user *user, bool receives);
void ipcbox_news_end(struct ipcbox_news *news);

struct ipcbox_message *ipcbox_news_first(struct ipcbox_news *news);
int ipcbox_news_take(struct ipcbox_news *news,
		     const struct ipcbox_filter *filter,
		     struct ipcbox_message **msgp, size_t *needed);

struct ipcbox_message *ipcbox_event_new(struct ipcbox_news *news,
					struct ipcbox_user *user, u64 what,
					u64 id);
int ipcbox_event_attach(struct ipcbox_news *news, struct ipcbox_message *msg);
void ipcbox_event_free(struct ipcbox_message *event);
struct ipcbox_news *ipcbox_event_news(const struct ipcbox_message *event);
u64 ipcbox_event_what(const struct ipcbox_message *event);
const struct ipcbox_event *ipcbox_event_said(const struct ipcbox_message *event);
void ipcbox_event_happen(struct ipcbox_message *event, u64 n);
bool ipcbox_event_settle(struct ipcbox_message *event);
void ipcbox_event_give_back(struct ipcbox_message *event);

#endif /* _IPCBOX_NEWS_H */
