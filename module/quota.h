/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quotas: how many ports and how many queued bytes one user may have
 *
 * A user is a kuid, the same in all namespaces: whoever unshares a user and a
 * network namespace gets a new box, but not a new quota. Handles and ports hold
 * references on the account. Messages do not, to save two atomic operations
 * each: an account with queued bytes is never freed, and giving back a charge is
 * the last that is done with it.
 */
#ifndef _IPCBOX_QUOTA_H
#define _IPCBOX_QUOTA_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* Bytes for each descriptor in a message: about what an open file takes. */
#define IPCBOX_FD_CHARGE	256UL

struct ipcbox_user {
	struct hlist_node node;		/* ipcbox_users_lock */
	unsigned int refs;		/* ipcbox_users_lock */
	kuid_t uid;
	atomic_long_t ports;
	atomic_long_t bytes;
	atomic_long_t fds;		/* in messages; each is charged bytes, too */
};

/**
 * struct ipcbox_usage - what a user has, at one moment
 * @uid: who
 * @ports: ports
 * @bytes: queued bytes, overhead included
 */
struct ipcbox_usage {
	kuid_t uid;
	unsigned long ports;
	unsigned long bytes;
};

extern unsigned long ipcbox_max_ports_per_user;
extern unsigned long ipcbox_max_bytes_per_user;

struct ipcbox_user *ipcbox_user_get_current(void);
void ipcbox_user_put(struct ipcbox_user *user);

bool ipcbox_user_next(kuid_t after, struct ipcbox_usage *usage);

int ipcbox_user_charge_port(struct ipcbox_user *user);
void ipcbox_user_uncharge_port(struct ipcbox_user *user);
int ipcbox_user_charge_bytes(struct ipcbox_user *user, unsigned long bytes);
int ipcbox_user_charge_fds(struct ipcbox_user *user, unsigned int nr);
void ipcbox_user_uncharge_fds(struct ipcbox_user *user, unsigned int nr);

static inline void ipcbox_user_uncharge_bytes(struct ipcbox_user *user,
					      unsigned long bytes)
{
	atomic_long_sub(bytes, &user->bytes);
}

void ipcbox_quota_exit(void);

#endif /* _IPCBOX_QUOTA_H */
