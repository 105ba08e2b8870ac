/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pinned payload: the sender's own pages, while the sender waits
 *
 * Receivers copy from them directly. They are not the sender's any more to
 * show when its wait is over, for whatever reason, though a receiver may be in
 * the middle of copying then, stopped by a page fault of its own that may never
 * end. So a receiver copies in steps that cannot fault, under a mutex, and the
 * sender revokes the payload under the same mutex before it returns: it waits
 * for one step at the most, and no later step sees its memory.
 *
 * The same serves in the other direction, where the caller of a request waits for
 * a reply: see place.h.
 */
#ifndef _IPCBOX_PINNED_H
#define _IPCBOX_PINNED_H

#include <linux/bvec.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uio.h>

/*
 * From this length on, pinning the sender's pages and copying once costs less
 * than copying twice: 14 % fewer instructions at 16 KiB, 35 % at 1 MiB (3 % at
 * 4 KiB, which the atomic operations take back on real processors). Measured
 * on 6.1 by selftests/bench/, ipc_cost --lengths.
 */
#define IPCBOX_PIN_MIN		(16UL << 10)

struct ipcbox_pinned {
	refcount_t ref;
	struct mutex lock;		/* copying against revoking */
	bool revoked;			/* lock */
	bool written;			/* constant; copied to, not from */
	unsigned int nr;
	struct bio_vec pages[];
};

bool ipcbox_pinned_wanted(const struct iov_iter *from);
struct ipcbox_pinned *ipcbox_pinned_new(struct iov_iter *from);
struct ipcbox_pinned *ipcbox_pinned_alloc(unsigned int max, bool written);
void ipcbox_pinned_add(struct ipcbox_pinned *pinned, struct page **pages,
		       size_t offset, size_t bytes);
void ipcbox_pinned_put(struct ipcbox_pinned *pinned);
int ipcbox_pinned_copy(struct ipcbox_pinned *pinned, struct iov_iter *iter);
void ipcbox_pinned_revoke(struct ipcbox_pinned *pinned);
bool ipcbox_pinned_valid(struct ipcbox_pinned *pinned);

#endif /* _IPCBOX_PINNED_H */
