/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inboxes: direct communication between processes, by their ids
 *
 * An inbox is a port without a name, found in its box by the process that owns
 * it. There is one for each process and box, made when the process asks for it or
 * when somebody sends to it, whichever comes first; it goes with the process. So
 * between two processes there is one link, in both directions, and nobody sets it
 * up.
 */
#ifndef _IPCBOX_INBOX_H
#define _IPCBOX_INBOX_H

struct ipcbox_ioctl;

int ipcbox_inbox_ioctl_inbox(struct ipcbox_ioctl *call);
int ipcbox_inbox_ioctl_send_to(struct ipcbox_ioctl *call);

#endif /* _IPCBOX_INBOX_H */
