/* SPDX-License-Identifier: GPL-2.0-only */
/* Users: who has how much of the quotas, as far as the caller may know */
#ifndef _IPCBOX_USERS_H
#define _IPCBOX_USERS_H

struct ipcbox_ioctl;

int ipcbox_users_ioctl_list(struct ipcbox_ioctl *call);

#endif /* _IPCBOX_USERS_H */
