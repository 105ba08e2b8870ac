/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: thread groups, as the struct pid of their leader
 *
 * It stays the same across exec, and is never that of another process, so two
 * of them are compared as pointers; whoever keeps one has a reference.
 */
#ifndef _IPCBOX_PROCESS_H
#define _IPCBOX_PROCESS_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct pid;

struct pid *ipcbox_process_find(pid_t nr);
bool ipcbox_process_exited(struct pid *process);
int ipcbox_process_ids(struct pid *process, kuid_t *uid, kgid_t *gid);

#endif /* _IPCBOX_PROCESS_H */
