/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loans: the nice value of a caller, lent to the thread that serves it
 *
 * As with QNX's message passing, a thread that asks for it works at the caller's
 * nice value from when it receives a request until that is answered or has
 * failed. A thread has one loan however many requests it holds: the one received
 * last says which value, and with the end of the last one the thread has its own
 * value back. What setpriority(2) sets meanwhile is the thread's own, and stays.
 *
 * A caller cannot lend what the server could not take: below its own value a
 * thread gets as far as RLIMIT_NICE or CAP_SYS_NICE allow.
 */
#ifndef _IPCBOX_LOAN_H
#define _IPCBOX_LOAN_H

struct ipcbox_loan;

struct ipcbox_loan *ipcbox_loan_begin(void);
void ipcbox_loan_take(struct ipcbox_loan *loan, int nice);
void ipcbox_loan_end(struct ipcbox_loan *loan);

#endif /* _IPCBOX_LOAN_H */
