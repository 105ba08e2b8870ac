// SPDX-License-Identifier: GPL-2.0-only
/* Quotas: accounts of users, found by kuid, and charges on them */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "quota.h"

unsigned long ipcbox_max_ports_per_user = 1024;
module_param_named(max_ports_per_user, ipcbox_max_ports_per_user, ulong, 0644);
MODULE_PARM_DESC(max_ports_per_user,
		 "Most ports that one user may have created (default 1024)");

unsigned long ipcbox_max_bytes_per_user = 64UL << 20;
module_param_named(max_bytes_per_user, ipcbox_max_bytes_per_user, ulong, 0644);
MODULE_PARM_DESC(max_bytes_per_user,
		 "Most bytes, with the overhead of each message, that one user may have queued (default 64 MiB)");

static DEFINE_SPINLOCK(ipcbox_users_lock);
static DEFINE_HASHTABLE(ipcbox_users, 9);

static struct ipcbox_user *ipcbox_user_find_locked(kuid_t uid)
{
	struct ipcbox_user *user;

	lockdep_assert_held(&ipcbox_users_lock);
	hash_for_each_possible(ipcbox_users, user, node, __kuid_val(uid)) {
		if (uid_eq(user->uid, uid)) {
			user->refs++;
			return user;
		}
	}
	return NULL;
}

/**
 * ipcbox_user_get_current() - the account of the caller's real user id
 *
 * Return: a reference, or NULL when out of memory
 */
struct ipcbox_user *ipcbox_user_get_current(void)
{
	kuid_t uid = current_uid();
	struct ipcbox_user *user, *new;

	spin_lock(&ipcbox_users_lock);
	user = ipcbox_user_find_locked(uid);
	spin_unlock(&ipcbox_users_lock);
	if (user)
		return user;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	new->uid = uid;
	new->refs = 1;
	spin_lock(&ipcbox_users_lock);
	user = ipcbox_user_find_locked(uid);
	if (!user)
		hash_add(ipcbox_users, &new->node, __kuid_val(uid));
	spin_unlock(&ipcbox_users_lock);
	if (!user)
		return new;
	kfree(new);
	return user;
}

static void ipcbox_user_free_if_unused_locked(struct ipcbox_user *user)
{
	lockdep_assert_held(&ipcbox_users_lock);
	if (user->refs || atomic_long_read(&user->bytes))
		return;
	hash_del(&user->node);
	WARN_ON_ONCE(atomic_long_read(&user->ports));
	kfree(user);
}

/*
 * Also frees neighbours whose last messages were received after their last
 * reference was dropped.
 */
void ipcbox_user_put(struct ipcbox_user *user)
{
	struct ipcbox_user *other;
	struct hlist_node *next;

	spin_lock(&ipcbox_users_lock);
	if (!--user->refs)
		hash_for_each_possible_safe(ipcbox_users, other, next, node,
					    __kuid_val(user->uid))
			ipcbox_user_free_if_unused_locked(other);
	spin_unlock(&ipcbox_users_lock);
}

/* The least above a uid, in the order of a bucket; from -1 on all of them. */
static struct ipcbox_user *ipcbox_user_above_locked(unsigned int bucket,
						    s64 uid)
{
	struct ipcbox_user *user, *least = NULL;

	lockdep_assert_held(&ipcbox_users_lock);
	hlist_for_each_entry(user, &ipcbox_users[bucket], node)
		if (__kuid_val(user->uid) > uid &&
		    (!least || uid_lt(user->uid, least->uid)))
			least = user;
	return least;
}

/* In the order of the buckets, and within one of the uids. */
static struct ipcbox_user *ipcbox_user_next_locked(kuid_t after)
{
	struct ipcbox_user *next = NULL;
	unsigned int bucket = 0;
	s64 uid = -1;

	if (uid_valid(after)) {
		uid = __kuid_val(after);
		bucket = hash_min(__kuid_val(after), HASH_BITS(ipcbox_users));
	}
	for (; !next && bucket < HASH_SIZE(ipcbox_users); bucket++, uid = -1)
		next = ipcbox_user_above_locked(bucket, uid);
	return next;
}

/**
 * ipcbox_user_next() - go through the accounts
 * @after: whose account was the last, INVALID_UID to begin; it may be gone
 * @usage: filled in with that of the next
 *
 * The order does not change, so an account that is there all the time is found
 * exactly once.
 *
 * Return: whether there was one
 */
bool ipcbox_user_next(kuid_t after, struct ipcbox_usage *usage)
{
	struct ipcbox_user *user;

	spin_lock(&ipcbox_users_lock);
	user = ipcbox_user_next_locked(after);
	if (user) {
		usage->uid = user->uid;
		usage->ports = atomic_long_read(&user->ports);
		usage->bytes = atomic_long_read(&user->bytes);
	}
	spin_unlock(&ipcbox_users_lock);
	return user;
}

/* Frees all accounts, when no port is left to use them. */
void ipcbox_quota_exit(void)
{
	struct ipcbox_user *user;
	struct hlist_node *next;
	int bucket;

	spin_lock(&ipcbox_users_lock);
	hash_for_each_safe(ipcbox_users, bucket, next, user, node)
		ipcbox_user_free_if_unused_locked(user);
	spin_unlock(&ipcbox_users_lock);
	WARN_ON(!hash_empty(ipcbox_users));
}

/* Whoever does not fit leaves no trace that could make another not fit. */
static int ipcbox_user_charge(atomic_long_t *account, unsigned long amount,
			      unsigned long limit)
{
	unsigned long now = atomic_long_read(account);

	limit = min_t(unsigned long, limit, LONG_MAX / 2);
	do {
		if (now + amount > limit)
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(account, (long *)&now, now + amount));
	return 0;
}

int ipcbox_user_charge_port(struct ipcbox_user *user)
{
	return ipcbox_user_charge(&user->ports, 1,
				  READ_ONCE(ipcbox_max_ports_per_user));
}

void ipcbox_user_uncharge_port(struct ipcbox_user *user)
{
	atomic_long_dec(&user->ports);
}

/**
 * ipcbox_user_charge_bytes() - charge queued bytes, overhead included
 * @user: account
 * @bytes: at most ipcbox_max_msgsize plus overhead
 *
 * Return: 0, or -EDQUOT with nothing charged
 */
int ipcbox_user_charge_bytes(struct ipcbox_user *user, unsigned long bytes)
{
	return ipcbox_user_charge(&user->bytes, bytes,
				  READ_ONCE(ipcbox_max_bytes_per_user));
}

/*
 * As many as UNIX sockets may have on their way, for the same reason: else they
 * would be a way around RLIMIT_NOFILE.
 */
static int ipcbox_user_count_fds(struct ipcbox_user *user, unsigned int nr)
{
	if (!ipcbox_user_charge(&user->fds, nr, rlimit(RLIMIT_NOFILE)))
		return 0;
	if (!capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	return ipcbox_user_charge(&user->fds, nr, ULONG_MAX);
}

/**
 * ipcbox_user_charge_fds() - charge descriptors in a message
 * @user: account
 * @nr: at most IPCBOX_FDS_MAX
 *
 * Return: 0, or with nothing charged -EDQUOT or -ETOOMANYREFS
 */
int ipcbox_user_charge_fds(struct ipcbox_user *user, unsigned int nr)
{
	int ret = ipcbox_user_charge_bytes(user, nr * IPCBOX_FD_CHARGE);

	if (ret)
		return ret;
	ret = ipcbox_user_count_fds(user, nr);
	if (ret)
		ipcbox_user_uncharge_bytes(user, nr * IPCBOX_FD_CHARGE);
	return ret;
}

void ipcbox_user_uncharge_fds(struct ipcbox_user *user, unsigned int nr)
{
	atomic_long_sub(nr, &user->fds);
	ipcbox_user_uncharge_bytes(user, nr * IPCBOX_FD_CHARGE);
}
