/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory with a twist: that ends early, that cannot be written, or that holds
 * whoever touches it until the test lets go
 */
#ifndef IPCBOX_MEMORY_H
#define IPCBOX_MEMORY_H

#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "ipcbox_test.h"

#define PAGE	4096UL

/* Zeroed pages, with one behind them that nobody may touch. */
static inline char *memory_pages(size_t pages)
{
	char *memory = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED ||
	    mprotect(memory + pages * PAGE, PAGE, PROT_NONE))
		abort();
	return memory;
}

/* Nothing is there. */
static inline void *memory_nowhere(void)
{
	return memory_pages(0);
}

/* @len bytes, and nothing behind. */
static inline void *memory_before_hole(size_t len)
{
	size_t pages = len / PAGE + 1;

	return memory_pages(pages) + pages * PAGE - len;
}

/* A copy of @len bytes, at most a page, that can be read only. */
static inline void *memory_read_only(const void *data, size_t len)
{
	void *memory = memory_pages(1);

	memcpy(memory, data, len);
	if (mprotect(memory, PAGE, PROT_READ))
		abort();
	return memory;
}

/**
 * struct held - pages of which the first holds whoever touches it
 * @uffd: userfaultfd
 * @page: that page; what follows is as memory_pages() makes it
 */
struct held {
	int uffd;
	char *page;
};

/* False if the machine has no userfaultfd for us. */
static inline bool held_init(struct held *held, size_t more_pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.len = PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	held->page = memory_pages(1 + more_pages);
	range.range.start = (uintptr_t)held->page;
	held->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	return held->uffd >= 0 && !ioctl(held->uffd, UFFDIO_API, &api) &&
	       !ioctl(held->uffd, UFFDIO_REGISTER, &range);
}

/* Waits until somebody is held; false after ten seconds. */
static inline bool held_wait(struct held *held)
{
	struct pollfd pollfd = { .fd = held->uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&pollfd, 1, 10000) == 1 &&
	       read(held->uffd, &msg, sizeof(msg)) == sizeof(msg);
}

static inline void held_release(struct held *held)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)held->page, .len = PAGE },
	};

	if (ioctl(held->uffd, UFFDIO_ZEROPAGE, &zero))
		abort();
	close(held->uffd);
}

#endif /* IPCBOX_MEMORY_H */
