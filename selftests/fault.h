/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In what this thread does next, the n-th thing that can fail does
 *
 * A kernel with CONFIG_FAULT_INJECTION counts the allocations and user copies
 * of a thread down from what is written to its fail-nth, and fails the one at
 * which it comes to 0. Which kind that was, the "times" of each kind tell: they
 * go down with each failure.
 */
#ifndef IPCBOX_FAULT_H
#define IPCBOX_FAULT_H

#include "ipcbox_test.h"

enum fault_kind {
	FAULT_SLAB,		/* an object of a slab cache */
	FAULT_PAGES,		/* pages */
	FAULT_COPY,		/* a copy from or to user space */
	FAULT_KINDS,
	FAULT_NONE = FAULT_KINDS,	/* there are not so many */
	FAULT_OTHER,		/* not one of ours */
};

/**
 * struct fault - fault injection for one thread
 * @nth: its fail-nth
 * @left: the "times" of each kind
 * @armed: what was counted down from
 * @counted: how many there were to fail, if the n-th has not
 * @leak_checker: some of the objects are not ours, see fault_leak_checker()
 */
struct fault {
	int nth;
	unsigned int armed;
	unsigned int counted;
	bool leak_checker;
	long left[FAULT_KINDS];
};

static const char * const fault_dirs[FAULT_KINDS] = {
	[FAULT_SLAB] = "failslab",
	[FAULT_PAGES] = "fail_page_alloc",
	[FAULT_COPY] = "fail_usercopy",
};

static inline int fault_open(enum fault_kind kind, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s",
		 fault_dirs[kind], name);
	return open(path, flags | O_CLOEXEC);
}

static inline bool fault_set(enum fault_kind kind, const char *name,
			     const char *value)
{
	int fd = fault_open(kind, name, O_WRONLY);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) > 0;

	close(fd);
	return ok;
}

static inline long fault_left(enum fault_kind kind)
{
	int fd = fault_open(kind, "times", O_RDONLY);
	char text[32] = "";

	if (read(fd, text, sizeof(text) - 1) <= 0)
		abort();
	close(fd);
	return atol(text);
}

/* No kind fails by chance, and none says so in the kernel log. */
static inline bool fault_init_kind(struct fault *fault, enum fault_kind kind)
{
	if (!fault_set(kind, "verbose", "0") ||
	    !fault_set(kind, "probability", "0") ||
	    !fault_set(kind, "times", "1000000000"))
		return false;
	fault->left[kind] = fault_left(kind);
	return true;
}

/*
 * The leak checker, unless it is off, takes an object of its own for each, and
 * copes without. (To switch on what is on is an error if it is off.)
 */
static inline bool fault_leak_checker(void)
{
	int fd = open("/sys/kernel/debug/kmemleak", O_WRONLY | O_CLOEXEC);
	bool on = fd >= 0 && write(fd, "stack=on", 8) == 8;

	if (fd >= 0)
		close(fd);
	return on;
}

/* False where the kernel cannot do it, or not for us. */
static inline bool fault_init(struct fault *fault)
{
	enum fault_kind kind;

	fault->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fault->nth < 0)
		return false;
	fault->leak_checker = fault_leak_checker();
	for (kind = 0; kind < FAULT_KINDS; kind++)
		if (!fault_init_kind(fault, kind))
			return false;
	/* Also those that may sleep, and of each size. */
	return fault_set(FAULT_SLAB, "ignore-gfp-wait", "N") &&
	       fault_set(FAULT_PAGES, "ignore-gfp-wait", "N") &&
	       fault_set(FAULT_PAGES, "ignore-gfp-highmem", "N") &&
	       fault_set(FAULT_PAGES, "min-order", "0");
}

/* For a program that is about nothing else: skips all of it. */
static inline void fault_or_skip(void)
{
	struct fault fault;

	if (fault_init(&fault)) {
		close(fault.nth);
		return;
	}
	puts("1..0 # SKIP no fault injection here (CONFIG_FAULT_INJECTION, debugfs, root)");
	exit(4);
}

/* From here on until fault_disarm() the calling thread's n-th fails. */
static inline void fault_arm(struct fault *fault, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	fault->armed = n;
	if (pwrite(fault->nth, text, len, 0) != len)
		abort();
}

/*
 * What is left to count; 0 if the n-th has failed. Reading it is a user copy,
 * too, and fails if it comes as the n-th.
 */
static inline long fault_counter(struct fault *fault)
{
	char text[16] = "";

	if (pread(fault->nth, text, sizeof(text) - 1, 0) > 0)
		return atol(text);
	return 1;
}

/* Returns what has failed. */
static inline enum fault_kind fault_disarm(struct fault *fault)
{
	enum fault_kind kind, found = FAULT_OTHER;
	long counter = fault_counter(fault);
	bool consumed = !counter;

	/* Fails if this is the last one, which disarms as well. */
	if (pwrite(fault->nth, "0", 1, 0) != 1 && errno != EFAULT)
		abort();
	fault->counted = fault->armed - counter;
	if (!consumed)
		found = FAULT_NONE;
	for (kind = 0; kind < FAULT_KINDS; kind++) {
		long left = fault_left(kind);

		if (consumed && left < fault->left[kind])
			found = kind;
		fault->left[kind] = left;
	}
	return found;
}

#endif /* IPCBOX_FAULT_H */
