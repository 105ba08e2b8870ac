/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/net/ipcbox: the ports of a box, for people and scripts */
#ifndef _IPCBOX_PROC_H
#define _IPCBOX_PROC_H

int ipcbox_proc_init(void);
void ipcbox_proc_exit(void);

#endif /* _IPCBOX_PROC_H */
