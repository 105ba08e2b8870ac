// SPDX-License-Identifier: GPL-2.0-only
/* Handles: subscribing to events, and what their receivers are told */

#include <linux/err.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "handle.h"
#include "handle_news.h"
#include "ioctl.h"
#include "message.h"
#include "news.h"
#include "queue.h"
#include "quota.h"

static struct ipcbox_news *ipcbox_handle_new_news(struct ipcbox_handle *handle)
{
	struct ipcbox_user *payer = ipcbox_user_get_current();
	struct ipcbox_news *news;

	if (!payer)
		return ERR_PTR(-ENOMEM);
	news = ipcbox_news_new(payer, handle->rights & IPCBOX_RIGHT_RECV);
	ipcbox_user_put(payer);
	return news;
}

/* IPCBOX_EVENTS. Two threads may come at the same time; one's news are used. */
int ipcbox_handle_ioctl_events(struct ipcbox_ioctl *call)
{
	struct ipcbox_handle *handle = ipcbox_handle_of(call->file);
	u64 mask = call->arg.events.mask;
	struct ipcbox_news *news;
	int ret;

	if (mask & ~(IPCBOX_NEWS_STANDING | IPCBOX_NEWS_SINGLE))
		return -EINVAL;
	/* Strangers do not make others work. */
	if (!handle->rights)
		return -EBADF;
	ret = ipcbox_queue_hear(handle->rx, &handle->news, NULL, mask);
	if (ret != -ENOENT)
		return ret;
	news = ipcbox_handle_new_news(handle);
	if (IS_ERR(news))
		return PTR_ERR(news);
	ret = ipcbox_queue_hear(handle->rx, &handle->news, news, mask);
	if (ret)
		ipcbox_news_end(news);
	return ret == -EEXIST ? 0 : ret;
}

/* For poll(), whatever the rights of the handle. */
__poll_t ipcbox_handle_poll_news(struct ipcbox_handle *handle)
{
	struct ipcbox_news *news = READ_ONCE(handle->news);

	if (!news || !ipcbox_queue_has_news(handle->rx, news))
		return 0;
	return EPOLLIN | EPOLLRDNORM;
}

/* The handle is closed: nothing that happens from now on reaches it. */
void ipcbox_handle_end_news(struct ipcbox_handle *handle)
{
	if (!handle->news)
		return;
	ipcbox_queue_stop_hearing(handle->rx, handle->news);
	ipcbox_news_end(handle->news);
}

/* The news of a handle that wants to be told of single events, or NULL. */
struct ipcbox_news *ipcbox_handle_wants(struct ipcbox_handle *handle, u64 what)
{
	struct ipcbox_news *news = READ_ONCE(handle->news);

	return news && READ_ONCE(news->mask) & what ? news : NULL;
}

/**
 * ipcbox_handle_new_expired() - make the event for when a lease expires
 * @handle: the lease is taken through this
 * @id: of the message
 *
 * Return: the event, NULL if nobody wants it, or an ERR_PTR: -EDQUOT, -ENOMEM
 */
struct ipcbox_message *ipcbox_handle_new_expired(struct ipcbox_handle *handle,
						 u64 id)
{
	struct ipcbox_news *news =
		ipcbox_handle_wants(handle, IPCBOX_EVENT_EXPIRED);
	struct ipcbox_message *event;
	struct ipcbox_user *payer;

	if (!news)
		return NULL;
	payer = ipcbox_user_get_current();
	if (!payer)
		return ERR_PTR(-ENOMEM);
	event = ipcbox_event_new(news, payer, IPCBOX_EVENT_EXPIRED, id);
	ipcbox_user_put(payer);
	return event;
}

/* What IPCBOX_RECV tells of an event, besides the payload. */
static int ipcbox_handle_describe_event(const struct ipcbox_message *event,
					struct ipcbox_ioctl *call)
{
	const struct ipcbox_event *said = ipcbox_event_said(event);
	struct ipcbox_recv *recv = &call->arg.recv;

	recv->msg_len = event->len;
	recv->msg_type = event->type;
	recv->msg_id = said->id;
	recv->msg_flags = IPCBOX_MSG_EVENT;
	recv->msg_priority = event->priority;
	recv->deliveries = 0;
	recv->nr_fds = 0;
	recv->sender_pid = said->pid;
	recv->sender_tid = said->tid;
	recv->sender_uid = said->uid;
	recv->sender_gid = said->gid;
	return ipcbox_ioctl_put(call);
}

/**
 * ipcbox_handle_recv_event() - receive an event, as any message
 * @handle: through this
 * @event: event from ipcbox_queue_take(); given up
 * @to: destination
 * @call: IPCBOX_RECV, to be told of it, or NULL
 *
 * Return: 0, or with the event as it was -EFAULT or -EINTR
 */
int ipcbox_handle_recv_event(struct ipcbox_handle *handle,
			     struct ipcbox_message *event, struct iov_iter *to,
			     struct ipcbox_ioctl *call)
{
	int ret = ipcbox_message_copy_out(event, to);

	if (!ret && call)
		ret = ipcbox_handle_describe_event(event, call);
	/* Another one may have a use for it. */
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	ipcbox_queue_event_done(handle->rx, event, !ret);
	return ret;
}
