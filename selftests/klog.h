/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's log, while things fail on purpose: the core kernel shows the
 * stack where some of its own calls fail, which on the console would count as a
 * fault of ours. So it is kept from there, and judged here.
 */
#ifndef IPCBOX_KLOG_H
#define IPCBOX_KLOG_H

#include <sys/klog.h>

#include "ipcbox_test.h"

static int klog_fd = -1;

/* The console off. (The file stays open.) */
static inline void klog_begin(void)
{
	if (klog_fd < 0)
		klog_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (klog_fd < 0 || lseek(klog_fd, 0, SEEK_END) < 0 ||
	    klogctl(6, NULL, 0))
		abort();
}

/* The console on again; a word of what the kernel said, or NULL for nothing bad. */
static inline const char *klog_end(void)
{
	static const char * const reports[] = {
		"WARNING:", "BUG:", "KASAN:", "UBSAN:", "ODEBUG:", "refcount_t:",
		"still has objects", "Objects remaining", "already exists",
		"possible circular", "inconsistent lock", "suspicious RCU",
		NULL
	};
	const char *found = NULL;
	char record[8192];
	ssize_t len;
	int i;

	/* EPIPE: some are lost. */
	while ((len = read(klog_fd, record, sizeof(record) - 1)) > 0 ||
	       errno == EPIPE) {
		record[len > 0 ? len : 0] = '\0';
		for (i = 0; reports[i]; i++)
			if (strstr(record, reports[i]))
				found = reports[i];
	}
	if (klogctl(7, NULL, 0))
		abort();
	return found;
}

#endif /* IPCBOX_KLOG_H */
