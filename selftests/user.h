/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Becoming somebody else, for tests that run as root; there is no way back
 */
#ifndef IPCBOX_USER_H
#define IPCBOX_USER_H

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "ipcbox_test.h"

/* Nobody's; scripts/vm knows the first two as alice and bob. */
#define ALICE	4001
#define BOB	4002
#define CAROL	4003

/* All three ids of both kinds, no further groups. False if not permitted. */
static inline bool user_become(uid_t uid, gid_t gid)
{
	return !setgroups(0, NULL) && !setresgid(gid, gid, gid) &&
	       !setresuid(uid, uid, uid);
}

/* The same, but the one capability stays. */
static inline bool user_become_with_cap(uid_t uid, gid_t gid, int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	data[cap / 32].effective = 1U << cap % 32;
	data[cap / 32].permitted = 1U << cap % 32;
	return !prctl(PR_SET_KEEPCAPS, 1) && user_become(uid, gid) &&
	       !syscall(SYS_capset, &header, data);
}

#endif /* IPCBOX_USER_H */
