// SPDX-License-Identifier: GPL-2.0-only
/* Loans: the nice value of a caller, lent to the thread that serves it */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "loan.h"

/**
 * struct ipcbox_loan - a thread that has asked for a loan
 * @node: in ipcbox_loans
 * @task: the thread
 * @requests: for which it has the loan
 * @floor: the lowest value that it may get
 * @own: its value without a loan
 * @lent: its value as it was last set here
 */
struct ipcbox_loan {
	struct hlist_node node;
	struct task_struct *task;
	unsigned int requests;
	int floor;
	int own;
	int lent;
};

/* By thread, of all ports: one may serve several. */
static DEFINE_HASHTABLE(ipcbox_loans, 6);
static DEFINE_SPINLOCK(ipcbox_loans_lock);

static struct ipcbox_loan *ipcbox_loan_find_locked(void)
{
	struct ipcbox_loan *loan;

	lockdep_assert_held(&ipcbox_loans_lock);
	hash_for_each_possible(ipcbox_loans, loan, node, (unsigned long)current)
		if (loan->task == current)
			return loan;
	return NULL;
}

static void ipcbox_loan_add_locked(struct ipcbox_loan *loan)
{
	lockdep_assert_held(&ipcbox_loans_lock);
	loan->task = get_task_struct(current);
	loan->own = task_nice(current);
	loan->lent = loan->own;
	hash_add(ipcbox_loans, &loan->node, (unsigned long)current);
}

/* As far as setpriority(2) would let the caller go. */
static int ipcbox_loan_floor(void)
{
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_NICE))
		return MIN_NICE;
	return rlimit_to_nice(min_t(unsigned long, rlimit(RLIMIT_NICE),
				    NICE_WIDTH));
}

/**
 * ipcbox_loan_begin() - be ready for the nice value of a caller
 *
 * Return: the calling thread's loan, for ipcbox_loan_end(), or -ENOMEM
 */
struct ipcbox_loan *ipcbox_loan_begin(void)
{
	struct ipcbox_loan *fresh, *loan;
	int floor = ipcbox_loan_floor();

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	spin_lock(&ipcbox_loans_lock);
	loan = ipcbox_loan_find_locked();
	if (!loan) {
		loan = fresh;
		fresh = NULL;
		ipcbox_loan_add_locked(loan);
	}
	/* The thread may have other privileges than before. */
	loan->floor = floor;
	loan->requests++;
	spin_unlock(&ipcbox_loans_lock);
	kfree(fresh);
	return loan;
}

/* A thread that has exited needs none. */
static void ipcbox_loan_set_locked(struct ipcbox_loan *loan, int nice)
{
	lockdep_assert_held(&ipcbox_loans_lock);
	loan->lent = nice;
	if (!READ_ONCE(loan->task->exit_state))
		set_user_nice(loan->task, nice);
}

/**
 * ipcbox_loan_take() - go on with a caller's nice value
 * @loan: of the calling thread
 * @nice: the caller's
 */
void ipcbox_loan_take(struct ipcbox_loan *loan, int nice)
{
	spin_lock(&ipcbox_loans_lock);
	if (task_nice(current) != loan->lent)
		loan->own = task_nice(current);
	ipcbox_loan_set_locked(loan, max(nice, min(loan->floor, loan->own)));
	spin_unlock(&ipcbox_loans_lock);
}

/**
 * ipcbox_loan_end() - a request is answered, or has failed
 * @loan: from ipcbox_loan_begin(), perhaps of another thread
 */
void ipcbox_loan_end(struct ipcbox_loan *loan)
{
	bool last;

	spin_lock(&ipcbox_loans_lock);
	last = !--loan->requests;
	if (last) {
		if (task_nice(loan->task) == loan->lent)
			ipcbox_loan_set_locked(loan, loan->own);
		hash_del(&loan->node);
	}
	spin_unlock(&ipcbox_loans_lock);
	if (!last)
		return;
	put_task_struct(loan->task);
	kfree(loan);
}
