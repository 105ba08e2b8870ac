// SPDX-License-Identifier: GPL-2.0-only
/* News: events, from where they are made to where they are received */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "identity.h"
#include "message.h"
#include "news.h"
#include "waiter.h"

/**
 * struct ipcbox_event_record - the inline data of an event
 * @said: the payload, of who has taken the event
 * @news: constant; whose event it is. A single one has a reference
 * @what: constant; IPCBOX_EVENT_*
 * @count: how often it has happened and nobody has been told
 * @time: the last time, ns
 *
 * Who has brought it about is the sender of the message.
 */
struct ipcbox_event_record {
	struct ipcbox_event said;
	struct ipcbox_news *news;
	u64 what;
	u64 count;
	u64 time;
};

static_assert(sizeof(struct ipcbox_event_record) <= IPCBOX_MESSAGE_INLINE);

static struct ipcbox_event_record *
ipcbox_event_record(const struct ipcbox_message *event)
{
	return event->data;
}

/* Events */

static struct ipcbox_message *ipcbox_event_make(struct ipcbox_news *news,
						struct ipcbox_user *user,
						u64 what)
{
	struct ipcbox_message *event;

	event = ipcbox_message_new_event(user, sizeof(struct ipcbox_event),
					 &news->spare);
	if (!IS_ERR(event))
		*ipcbox_event_record(event) = (struct ipcbox_event_record){
			.news = news,
			.what = what,
		};
	return event;
}

/**
 * ipcbox_event_new() - make a single event that may happen
 * @news: whose
 * @user: account to charge
 * @what: one of IPCBOX_NEWS_SINGLE
 * @id: of the message that it is about
 *
 * Return: the event, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_message *ipcbox_event_new(struct ipcbox_news *news,
					struct ipcbox_user *user, u64 what,
					u64 id)
{
	struct ipcbox_message *event = ipcbox_event_make(news, user, what);

	if (IS_ERR(event))
		return event;
	refcount_inc(&news->ref);
	event->id = id;
	return event;
}

/**
 * ipcbox_event_attach() - let a sender know when its message is received
 * @news: the sender's
 * @msg: new message; whoever is charged for it is for the event, too
 *
 * Return: 0, -EDQUOT or -ENOMEM
 */
int ipcbox_event_attach(struct ipcbox_news *news, struct ipcbox_message *msg)
{
	struct ipcbox_message *event =
		ipcbox_event_new(news, msg->user, IPCBOX_EVENT_DELIVERED,
				 msg->id);

	if (IS_ERR(event))
		return PTR_ERR(event);
	msg->delivered = event;
	return 0;
}

static void ipcbox_news_put(struct ipcbox_news *news)
{
	if (!refcount_dec_and_test(&news->ref))
		return;
	ipcbox_message_free(news->spare);
	kfree(news);
}

/* A single event that is in no list: received, or it will not happen. */
void ipcbox_event_free(struct ipcbox_message *event)
{
	struct ipcbox_news *news = ipcbox_event_record(event)->news;

	ipcbox_message_put(event, &news->spare);
	ipcbox_news_put(news);
}

struct ipcbox_news *ipcbox_event_news(const struct ipcbox_message *event)
{
	return ipcbox_event_record(event)->news;
}

u64 ipcbox_event_what(const struct ipcbox_message *event)
{
	return ipcbox_event_record(event)->what;
}

/* What the one who has taken it is told. */
const struct ipcbox_event *ipcbox_event_said(const struct ipcbox_message *event)
{
	return &ipcbox_event_record(event)->said;
}

/**
 * ipcbox_event_happen() - an event happens, brought about by its sender
 * @event: event of a handle that is open
 * @n: so many times
 */
void ipcbox_event_happen(struct ipcbox_message *event, u64 n)
{
	struct ipcbox_event_record *record = ipcbox_event_record(event);

	record->count += n;
	record->time = ktime_get_ns();
	event->seq = record->news->next_seq++;
	list_move_tail(&event->node, &record->news->events);
	if (event->state == IPCBOX_MESSAGE_NEW)
		event->state = IPCBOX_MESSAGE_QUEUED;
}

/* To the caller, as it may see those who brought it about. */
static void ipcbox_event_say(struct ipcbox_message *event)
{
	struct ipcbox_event_record *record = ipcbox_event_record(event);

	record->said = (struct ipcbox_event){
		.what = record->what,
		.count = record->count,
		.id = event->id,
		.time = record->time,
		.pid = ipcbox_pid_seen(event->sender_pid),
		.tid = ipcbox_pid_seen(event->sender_tid),
		.uid = ipcbox_uid_seen(event->sender_uid),
		.gid = ipcbox_gid_seen(event->sender_gid),
	};
	record->count = 0;
}

/**
 * ipcbox_event_settle() - an event has been received
 * @event: event from ipcbox_news_take()
 *
 * Return: whether it has happened again, and can be received
 */
bool ipcbox_event_settle(struct ipcbox_message *event)
{
	struct ipcbox_event_record *record = ipcbox_event_record(event);

	if (record->what & IPCBOX_NEWS_SINGLE) {
		ipcbox_event_free(event);
		return false;
	}
	event->state = record->count ? IPCBOX_MESSAGE_QUEUED :
				       IPCBOX_MESSAGE_NEW;
	return record->count;
}

/**
 * ipcbox_event_give_back() - an event could not be received
 * @event: event from ipcbox_news_take()
 *
 * It is where it was; or, if it has happened again, where it is then. Those that
 * are before it have been given back as well, or are still taken.
 */
void ipcbox_event_give_back(struct ipcbox_message *event)
{
	struct ipcbox_event_record *record = ipcbox_event_record(event);
	struct ipcbox_message *after;

	record->count += record->said.count;
	event->state = IPCBOX_MESSAGE_QUEUED;
	if (!list_empty(&event->node))
		return;
	list_for_each_entry(after, &record->news->events, node)
		if (after->seq > event->seq)
			break;
	list_add_tail(&event->node, &after->node);
}

/* News */

/* Whoever frees it, nothing is charged any more. */
static void ipcbox_news_free_standing(struct ipcbox_news *news)
{
	int i;

	for (i = 0; i < IPCBOX_NEWS_NR; i++)
		if (news->standing[i])
			ipcbox_message_put(news->standing[i], &news->spare);
}

/**
 * ipcbox_news_new() - make the news of a handle, without any
 * @user: account to charge
 * @receives: whether the handle may receive messages
 *
 * Return: for ipcbox_news_end(), or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_news *ipcbox_news_new(struct ipcbox_user *user, bool receives)
{
	struct ipcbox_news *news = kzalloc(sizeof(*news), GFP_KERNEL_ACCOUNT);
	struct ipcbox_message *event;
	int i;

	if (!news)
		return ERR_PTR(-ENOMEM);
	refcount_set(&news->ref, 1);
	news->receives = receives;
	INIT_LIST_HEAD(&news->node);
	INIT_LIST_HEAD(&news->waiters);
	INIT_LIST_HEAD(&news->events);
	for (i = 0; i < IPCBOX_NEWS_NR; i++) {
		event = ipcbox_event_make(news, user, BIT_ULL(i));
		if (IS_ERR(event)) {
			ipcbox_news_free_standing(news);
			ipcbox_news_put(news);
			return ERR_CAST(event);
		}
		event->id = 0;
		news->standing[i] = event;
	}
	return news;
}

/**
 * ipcbox_news_end() - nobody wants to hear of it any more
 * @news: news that no queue knows any more
 *
 * Events that may still happen have references of their own.
 */
void ipcbox_news_end(struct ipcbox_news *news)
{
	struct ipcbox_message *event, *next;

	list_for_each_entry_safe(event, next, &news->events, node) {
		list_del_init(&event->node);
		if (ipcbox_event_record(event)->what & IPCBOX_NEWS_SINGLE)
			ipcbox_event_free(event);
		cond_resched();
	}
	ipcbox_news_free_standing(news);
	ipcbox_news_put(news);
}

/* The event that is received next, or NULL. */
struct ipcbox_message *ipcbox_news_first(struct ipcbox_news *news)
{
	struct ipcbox_message *event;

	list_for_each_entry(event, &news->events, node)
		if (event->state == IPCBOX_MESSAGE_QUEUED)
			return event;
	return NULL;
}

/**
 * ipcbox_news_take() - take the first event, if it is wanted
 * @news: news
 * @filter: of the caller, which is told what it may see
 * @msgp: the event; it goes to ipcbox_event_settle() or to
 *	ipcbox_event_give_back()
 * @needed: with -EMSGSIZE, its length
 *
 * Return: 0, or with nothing taken: -EAGAIN (there is none for it), -EMSGSIZE
 */
int ipcbox_news_take(struct ipcbox_news *news,
		     const struct ipcbox_filter *filter,
		     struct ipcbox_message **msgp, size_t *needed)
{
	struct ipcbox_message *event;

	if (!ipcbox_filter_hears(filter))
		return -EAGAIN;
	event = ipcbox_news_first(news);
	if (!event)
		return -EAGAIN;
	if (event->len > filter->room) {
		*needed = event->len;
		return -EMSGSIZE;
	}
	list_del_init(&event->node);
	event->state = IPCBOX_MESSAGE_TAKEN;
	ipcbox_event_say(event);
	*msgp = event;
	return 0;
}
