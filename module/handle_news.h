/* SPDX-License-Identifier: GPL-2.0-only */
/* What a handle has to do with its news, if it has any; see news.h */
#ifndef _IPCBOX_HANDLE_NEWS_H
#define _IPCBOX_HANDLE_NEWS_H

#include <linux/poll.h>
#include <linux/types.h>

struct ipcbox_handle;
struct ipcbox_ioctl;
struct ipcbox_message;
struct ipcbox_news;
struct iov_iter;

int ipcbox_handle_ioctl_events(struct ipcbox_ioctl *call);
__poll_t ipcbox_handle_poll_news(struct ipcbox_handle *handle);
void ipcbox_handle_end_news(struct ipcbox_handle *handle);

struct ipcbox_news *ipcbox_handle_wants(struct ipcbox_handle *handle, u64 what);
struct ipcbox_message *ipcbox_handle_new_expired(struct ipcbox_handle *handle,
						 u64 id);
int ipcbox_handle_recv_event(struct ipcbox_handle *handle,
			     struct ipcbox_message *event, struct iov_iter *to,
			     struct ipcbox_ioctl *call);

#endif /* _IPCBOX_HANDLE_NEWS_H */
