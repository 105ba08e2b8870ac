/* SPDX-License-Identifier: GPL-2.0-only */
/* Pipes: streams without a name, made with both ends */
#ifndef _IPCBOX_PIPE_H
#define _IPCBOX_PIPE_H

struct ipcbox_ioctl;

int ipcbox_pipe_ioctl(struct ipcbox_ioctl *call);

#endif /* _IPCBOX_PIPE_H */
