// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Numbers in arguments: counts, sizes, modes, seconds.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* strtoull(3) without the blanks and signs that it takes. */
static int parse_digits(const char *text, int base, uint64_t *value,
			const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, base);
	*rest = end;
	return -errno;
}

int parse_number(const char *option, const char *text, uint64_t max,
		 uint64_t *value)
{
	const char *rest;

	if (!parse_digits(text, 10, value, &rest) && !*rest && *value <= max)
		return 0;
	if (max == UINT64_MAX)
		return usage("%s takes a number, not '%s'", option, text);
	return usage("%s takes a number up to %llu, not '%s'", option,
		     (unsigned long long)max, text);
}

int parse_priority(const char *text, uint32_t *priority)
{
	uint64_t number = 0;
	int code = parse_number("--priority", text, IPCBOX_PRIORITIES - 1,
				&number);

	if (!code)
		*priority = (uint32_t)number;
	return code;
}

/* The id of a process, of which there is none 0. */
int parse_process(const char *option, const char *text, uint64_t *pid)
{
	int code = parse_number(option, text, INT32_MAX, pid);

	if (!code && !*pid)
		return usage("%s takes the id of a process, not 0", option);
	return code;
}

/* How far a suffix shifts: K is 1024; -1 if it is none. */
static int suffix_shift(const char *suffix)
{
	static const char suffixes[] = "KMGT";
	const char *found;

	if (!*suffix)
		return 0;
	found = strchr(suffixes, toupper((unsigned char)*suffix));
	if (!found || (suffix[1] && strcmp(suffix + 1, "iB")))
		return -1;
	return 10 * (int)(found - suffixes + 1);
}

int parse_size(const char *option, const char *text, uint64_t max,
	       uint64_t *value)
{
	const char *rest = "";
	int shift = -1;

	if (!parse_digits(text, 10, value, &rest))
		shift = suffix_shift(rest);
	if (shift < 0)
		return usage("%s takes a size such as 4096, 64K, 1M or 2G, not '%s'",
			     option, text);
	if (*value > max >> shift)
		return usage("%s: %s is more than %llu bytes", option, text,
			     (unsigned long long)max);
	*value <<= shift;
	return 0;
}

int parse_capacity(const char *option, const char *text, uint64_t *value)
{
	const char *rest;

	if (!strcmp(text, "unlimited")) {
		*value = IPCBOX_UNLIMITED;
		return 0;
	}
	if (!parse_digits(text, 10, value, &rest) && !*rest)
		return 0;
	return usage("%s takes a number of messages or 'unlimited', not '%s'",
		     option, text);
}

int parse_mode(const char *option, const char *text, uint32_t *mode)
{
	const char *rest;
	uint64_t value;

	if (parse_digits(text, 8, &value, &rest) || *rest || value & ~0666ULL)
		return usage("%s takes octal permissions without x, such as 0660, not '%s'",
			     option, text);
	*mode = (uint32_t)value;
	return 0;
}

int parse_seconds(const char *option, const char *text, double *seconds)
{
	char *end = NULL;

	if (isdigit((unsigned char)*text) || *text == '.')
		*seconds = strtod(text, &end);
	if (!end || end == text || *end || !isfinite(*seconds))
		return usage("%s takes seconds such as 10 or 0.25, not '%s'",
			     option, text);
	return 0;
}
