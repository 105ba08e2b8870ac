// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users: who has how much of the quotas, as far as the caller may know
 *
 * An account is that of a user in all boxes, so a list of them tells what goes
 * on in other namespaces. Hence the rule of quotactl(2): one's own for
 * everybody, those of others with a capability. It is wanted in the user
 * namespace of the caller, not in that of the box, because the first decides
 * which users there are: who makes a namespace has all capabilities in it, and
 * could have a box passed out from there.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include <linux/ipcbox.h>

#include "ioctl.h"
#include "quota.h"
#include "users.h"

/**
 * struct ipcbox_viewer - who looks, and what it may see
 * @ns: whose ids it knows
 * @uid: who it is itself
 * @all: sees others, too
 */
struct ipcbox_viewer {
	struct user_namespace *ns;
	kuid_t uid;
	bool all;
};

static bool ipcbox_viewer_sees(const struct ipcbox_viewer *viewer,
			       const struct ipcbox_usage *usage)
{
	return (usage->ports || usage->bytes) &&
	       (viewer->all || uid_eq(usage->uid, viewer->uid)) &&
	       kuid_has_mapping(viewer->ns, usage->uid);
}

/* The next that may be seen; false after the last. */
static bool ipcbox_viewer_next(const struct ipcbox_viewer *viewer,
			       struct ipcbox_usage *usage)
{
	do {
		cond_resched();
		if (!ipcbox_user_next(usage->uid, usage))
			return false;
	} while (!ipcbox_viewer_sees(viewer, usage));
	return true;
}

/*
 * The cursor is an id of the caller's own namespace, plus one: 0 begins, and it
 * tells nothing of the kernel's ids.
 */
static int ipcbox_viewer_cursor(const struct ipcbox_viewer *viewer, u64 cursor,
				kuid_t *after)
{
	*after = INVALID_UID;
	if (!cursor)
		return 0;
	if (cursor <= U32_MAX)
		*after = make_kuid(viewer->ns, cursor - 1);
	return uid_valid(*after) ? 0 : -EINVAL;
}

static void ipcbox_users_entry(struct ipcbox_user_entry *entry, uid_t uid,
			       const struct ipcbox_usage *usage)
{
	memset(entry, 0, sizeof(*entry));
	entry->uid = uid;
	entry->ports = usage->ports;
	entry->max_ports = READ_ONCE(ipcbox_max_ports_per_user);
	entry->bytes = usage->bytes;
	entry->max_bytes = READ_ONCE(ipcbox_max_bytes_per_user);
}

/* 0, or a negative errno. */
static int ipcbox_users_fill(struct ipcbox_user_list *arg,
			     const struct ipcbox_viewer *viewer, kuid_t after)
{
	void __user *to = u64_to_user_ptr(arg->entries);
	struct ipcbox_usage usage = { .uid = after };
	struct ipcbox_user_entry entry;
	u32 n;
	int ret;

	for (n = 0; n < arg->count; n++, to += arg->entry_size) {
		if (!ipcbox_viewer_next(viewer, &usage))
			break;
		arg->cursor = from_kuid(viewer->ns, usage.uid) + 1ULL;
		ipcbox_users_entry(&entry, arg->cursor - 1, &usage);
		ret = ipcbox_ioctl_put_entry(&entry, sizeof(entry), to,
					     arg->entry_size);
		if (ret)
			return ret;
	}
	arg->count = n;
	return 0;
}

int ipcbox_users_ioctl_list(struct ipcbox_ioctl *call)
{
	struct ipcbox_user_list *arg = &call->arg.user_list;
	struct ipcbox_viewer viewer = {
		.ns = current_user_ns(),
		.uid = current_uid(),
	};
	kuid_t after;
	int ret;

	if (arg->entry_size < offsetofend(struct ipcbox_user_entry,
					  max_bytes) ||
	    arg->entry_size > IPCBOX_IOCTL_ENTRY_MAX)
		return -EINVAL;
	ret = ipcbox_viewer_cursor(&viewer, arg->cursor, &after);
	if (ret)
		return ret;
	/* To be refused is nothing to be reported: there is one's own. */
	viewer.all = ns_capable_noaudit(viewer.ns, CAP_IPC_OWNER);
	ret = ipcbox_users_fill(arg, &viewer, after);
	return ret ?: ipcbox_ioctl_put(call);
}
