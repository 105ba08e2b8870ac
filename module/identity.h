/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identities: who did something, and how a caller may see that
 *
 * Most callers live where all live, in the first namespaces of users and of
 * pids, and most threads are alone: those need neither a walk over a map nor a
 * second number.
 */
#ifndef _IPCBOX_IDENTITY_H
#define _IPCBOX_IDENTITY_H

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

/* In the caller's user namespace; the overflow id if it is not mapped there. */
static inline u32 ipcbox_uid_seen(kuid_t uid)
{
	struct user_namespace *ns = current_user_ns();

	if (likely(ns == &init_user_ns && uid_valid(uid)))
		return __kuid_val(uid);
	return from_kuid_munged(ns, uid);
}

static inline u32 ipcbox_gid_seen(kgid_t gid)
{
	struct user_namespace *ns = current_user_ns();

	if (likely(ns == &init_user_ns && gid_valid(gid)))
		return __kgid_val(gid);
	return from_kgid_munged(ns, gid);
}

/* In the caller's pid namespace; 0 if it is not visible there, or is none. */
static inline pid_t ipcbox_pid_seen(struct pid *pid)
{
	return pid_nr_ns(pid, ns_of_pid(task_pid(current)));
}

/* A thread of the process that is seen as @seen. */
static inline pid_t ipcbox_tid_seen(struct pid *tid, struct pid *pid,
				    pid_t seen)
{
	return likely(tid == pid) ? seen : ipcbox_pid_seen(tid);
}

#endif /* _IPCBOX_IDENTITY_H */
