/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/ipcbox: an open one is a descriptor on the box of its opener */
#ifndef _IPCBOX_CONTROL_H
#define _IPCBOX_CONTROL_H

int ipcbox_control_init(void);
void ipcbox_control_exit(void);

#endif /* _IPCBOX_CONTROL_H */
