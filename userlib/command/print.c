// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sizes and times as people read them.
 */
#include <time.h>

#include "command.h"

#define NS_PER_SECOND	1000000000ULL

/* With a suffix where that loses nothing: 65536 is 64K, 65537 stays. */
void print_size(uint64_t bytes, char *text, size_t size)
{
	static const char suffixes[] = "KMGT";
	size_t i = 0;

	while (bytes && bytes % 1024 == 0 && i < sizeof(suffixes) - 1) {
		bytes /= 1024;
		i++;
	}
	if (i)
		snprintf(text, size, "%llu%c", (unsigned long long)bytes,
			 suffixes[i - 1]);
	else
		snprintf(text, size, "%llu", (unsigned long long)bytes);
}

void print_time(uint64_t nanoseconds, char *text, size_t size)
{
	time_t seconds = (time_t)(nanoseconds / NS_PER_SECOND);
	struct tm local;

	if (!localtime_r(&seconds, &local) ||
	    !strftime(text, size, "%Y-%m-%d %H:%M:%S", &local))
		snprintf(text, size, "?");
}
