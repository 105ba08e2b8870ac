/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/net/ipcbox: the ports of a box, for people and scripts */
#ifndef _IPCBOX_PROC_H
#define _IPCBOX_PROC_H

struct net;

int ipcbox_proc_init(struct net *net);
void ipcbox_proc_exit(struct net *net);

#endif /* _IPCBOX_PROC_H */
