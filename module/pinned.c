// SPDX-License-Identifier: GPL-2.0-only
/* Pinned payloads: pinning, copying in steps, revoking */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "pinned.h"

/* Pages copied in one step, which is how long a sender may have to wait. */
#define IPCBOX_PINNED_STEP	16

/* Steps in a row that a page may vanish between its fault and the copy. */
#define IPCBOX_PINNED_TRIES	16

/*
 * Each segment may begin and end in the middle of a page. A plain buffer is
 * one segment, though before 6.4 it has nr_segs == 0.
 */
static unsigned long ipcbox_pinned_segments(const struct iov_iter *from)
{
	return max(from->nr_segs, 1UL);
}

/**
 * ipcbox_pinned_wanted() - is it better to pin this payload than to copy it?
 * @from: the sender's memory
 *
 * Many short segments would pin many times the memory that the sender is
 * charged for.
 */
bool ipcbox_pinned_wanted(const struct iov_iter *from)
{
	return iov_iter_count(from) >= IPCBOX_PIN_MIN &&
	       user_backed_iter(from) &&
	       iov_iter_count(from) / ipcbox_pinned_segments(from) >= PAGE_SIZE;
}

/**
 * ipcbox_pinned_alloc() - make a payload without pages
 * @max: how many it will have at the most
 * @written: they are copied to, not from
 *
 * Return: the payload, or NULL
 */
struct ipcbox_pinned *ipcbox_pinned_alloc(unsigned int max, bool written)
{
	struct ipcbox_pinned *pinned;

	pinned = kvmalloc(struct_size(pinned, pages, max),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pinned)
		return NULL;
	refcount_set(&pinned->ref, 1);
	mutex_init(&pinned->lock);
	pinned->revoked = false;
	pinned->written = written;
	pinned->nr = 0;
	return pinned;
}

/* Pages in a row, of which the first and the last may be used in part. */
void ipcbox_pinned_add(struct ipcbox_pinned *pinned, struct page **pages,
		       size_t offset, size_t bytes)
{
	struct bio_vec *bv;

	for (; bytes; pages++, offset = 0, bytes -= bv->bv_len) {
		bv = &pinned->pages[pinned->nr++];
		bv->bv_page = *pages;
		bv->bv_offset = offset;
		bv->bv_len = min_t(size_t, bytes, PAGE_SIZE - offset);
	}
}

/* The sender may wait for long, so the pages must not stand in the way of CMA. */
static int ipcbox_pinned_add_some(struct ipcbox_pinned *pinned,
				  struct iov_iter *from)
{
	struct page *pages[16];
	unsigned long start;
	size_t bytes, offset;
	int nr;

	ipcbox_compat_iter_segment(from, &start, &bytes);
	offset = offset_in_page(start);
	nr = min_t(size_t, DIV_ROUND_UP(offset + bytes, PAGE_SIZE),
		   ARRAY_SIZE(pages));
	nr = pin_user_pages_fast(start - offset, nr, FOLL_LONGTERM, pages);
	if (nr <= 0)
		return nr ?: -EFAULT;
	bytes = min(bytes, nr * PAGE_SIZE - offset);
	ipcbox_pinned_add(pinned, pages, offset, bytes);
	iov_iter_advance(from, bytes);
	return 0;
}

/**
 * ipcbox_pinned_new() - pin a payload
 * @from: the sender's memory; advanced
 *
 * Return: the payload, or an ERR_PTR with @from where it was; the payload can
 * be copied then (memory of devices and secret memory cannot be pinned)
 */
struct ipcbox_pinned *ipcbox_pinned_new(struct iov_iter *from)
{
	unsigned int max = DIV_ROUND_UP(iov_iter_count(from), PAGE_SIZE) +
			   2 * ipcbox_pinned_segments(from);
	const struct iov_iter start = *from;
	struct ipcbox_pinned *pinned;
	int ret;

	/*
	 * Missing pages come by ordinary faults, which user space may serve
	 * (userfaultfd) at its leisure; those of long-term pinning may not.
	 */
	if (fault_in_iov_iter_readable(from, iov_iter_count(from)))
		return ERR_PTR(-EFAULT);
	pinned = ipcbox_pinned_alloc(max, false);
	if (!pinned)
		return ERR_PTR(-ENOMEM);
	/* Past empty segments, as each later advance does. */
	iov_iter_advance(from, 0);
	while (iov_iter_count(from)) {
		ret = ipcbox_pinned_add_some(pinned, from);
		if (ret)
			goto fail;
	}
	return pinned;

fail:
	ipcbox_pinned_put(pinned);
	*from = start;
	return ERR_PTR(ret);
}

static void ipcbox_pinned_unpin(struct ipcbox_pinned *pinned)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < pinned->nr; i++) {
		page = pinned->pages[i].bv_page;
		if (pinned->written)
			unpin_user_pages_dirty_lock(&page, 1, true);
		else
			unpin_user_page(page);
	}
}

void ipcbox_pinned_put(struct ipcbox_pinned *pinned)
{
	if (!refcount_dec_and_test(&pinned->ref))
		return;
	if (!pinned->revoked)
		ipcbox_pinned_unpin(pinned);
	kvfree(pinned);
}

/**
 * struct ipcbox_pinned_cursor - how far a receiver has come
 * @page: index of a page
 * @done: bytes of it that are copied
 */
struct ipcbox_pinned_cursor {
	unsigned int page;
	size_t done;
};

static size_t ipcbox_pinned_copy_page(const struct ipcbox_pinned *pinned,
				      const struct bio_vec *bv, size_t done,
				      struct iov_iter *iter)
{
	return pinned->written ?
	       copy_page_from_iter(bv->bv_page, bv->bv_offset + done,
				   bv->bv_len - done, iter) :
	       copy_page_to_iter(bv->bv_page, bv->bv_offset + done,
				 bv->bv_len - done, iter);
}

/* Copies until it would fault; true if that was not before the end. */
static bool ipcbox_pinned_step(struct ipcbox_pinned *pinned,
			       struct iov_iter *iter,
			       struct ipcbox_pinned_cursor *at)
{
	unsigned int end = min(at->page + IPCBOX_PINNED_STEP, pinned->nr);
	const struct bio_vec *bv;

	lockdep_assert_held(&pinned->lock);
	pagefault_disable();
	while (at->page < end) {
		bv = &pinned->pages[at->page];
		at->done += ipcbox_pinned_copy_page(pinned, bv, at->done, iter);
		if (at->done < bv->bv_len)
			break;
		at->page++;
		at->done = 0;
	}
	pagefault_enable();
	return at->page == end;
}

/* A page of the caller's is missing: let it come, with no lock held. */
static int ipcbox_pinned_fault_in(const struct ipcbox_pinned *pinned,
				  struct iov_iter *iter)
{
	size_t bytes = min_t(size_t, iov_iter_count(iter), PAGE_SIZE), missing;

	missing = pinned->written ? fault_in_iov_iter_readable(iter, bytes) :
				    fault_in_iov_iter_writeable(iter, bytes);
	return missing == bytes ? -EFAULT : 0;
}

/**
 * ipcbox_pinned_copy() - copy the whole payload
 * @pinned: payload
 * @iter: the caller's memory, where it goes or comes from
 *
 * Return: 0, -EFAULT, or -EINTR if the caller is being killed. If the payload
 * is revoked meanwhile it ends early, with 0: then the receive counts for
 * nothing, as ipcbox_queue_settle() or ipcbox_pinned_valid() tells.
 */
int ipcbox_pinned_copy(struct ipcbox_pinned *pinned, struct iov_iter *iter)
{
	struct ipcbox_pinned_cursor at = {};
	bool revoked, whole = true;
	int stuck = 0;
	size_t left;

	while (at.page < pinned->nr) {
		left = iov_iter_count(iter);
		mutex_lock(&pinned->lock);
		revoked = pinned->revoked;
		if (!revoked)
			whole = ipcbox_pinned_step(pinned, iter, &at);
		mutex_unlock(&pinned->lock);
		if (revoked)
			return 0;
		stuck = iov_iter_count(iter) < left ? 0 : stuck + 1;
		if (stuck > IPCBOX_PINNED_TRIES ||
		    (!whole && ipcbox_pinned_fault_in(pinned, iter)))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * ipcbox_pinned_revoke() - end all copying from or to a payload
 * @pinned: payload, whose memory is its owner's again
 *
 * The pages are unpinned, too: one who copies and is stopped by a page fault does
 * not keep them.
 */
void ipcbox_pinned_revoke(struct ipcbox_pinned *pinned)
{
	bool revoked;

	mutex_lock(&pinned->lock);
	revoked = pinned->revoked;
	pinned->revoked = true;
	mutex_unlock(&pinned->lock);
	if (!revoked)
		ipcbox_pinned_unpin(pinned);
}

/* Was what has been copied so far the payload, all of it? */
bool ipcbox_pinned_valid(struct ipcbox_pinned *pinned)
{
	bool valid;

	mutex_lock(&pinned->lock);
	valid = !pinned->revoked;
	mutex_unlock(&pinned->lock);
	return valid;
}
