// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Relative times become the absolute ones that the module takes.
 */
#include <time.h>

#include "internal.h"

#define NS_PER_SECOND	1000000000ULL
/* The kernel's clock counts nanoseconds in a signed 64-bit number. */
#define LAST_DEADLINE	((uint64_t)INT64_MAX)

uint64_t ipcbox_deadline_in(double seconds)
{
	struct timespec now;
	uint64_t start;

	/* Cannot fail: the clock exists, the pointer is good. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	start = (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
	if (!(seconds > 0))	/* not a number, too */
		return start ? start : 1;
	/* NOLINTNEXTLINE(bugprone-integer-division): rounded down, to be safe */
	if (seconds >= (double)((LAST_DEADLINE - start) / NS_PER_SECOND))
		return LAST_DEADLINE;
	return start + (uint64_t)(seconds * (double)NS_PER_SECOND);
}
