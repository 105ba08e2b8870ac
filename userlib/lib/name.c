// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of ports, and "@17" for ports by their id.
 *
 * The module judges what a name may contain; here it only has to fit.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Put a name into its field, zeros behind it. */
int ipcbox__name_put(const char *name, char field[IPCBOX_NAME_SIZE])
{
	size_t len = name ? strnlen(name, IPCBOX_NAME_SIZE) : 0;

	if (len == IPCBOX_NAME_SIZE)
		return -EINVAL;
	memset(field, 0, IPCBOX_NAME_SIZE);
	if (len)
		memcpy(field, name, len);
	return 0;
}

/* Digits only: strtoull(3) would take blanks and signs, and set errno. */
static int ipcbox_id_parse(const char *digits, __u64 *id)
{
	__u64 value = 0;

	if (!*digits)
		return -EINVAL;
	for (; *digits; digits++) {
		unsigned int digit = (unsigned int)*digits - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -EINVAL;
	}
	*id = value;
	return value ? 0 : -EINVAL;
}

/* Put what a caller gave to say which port, a name or "@id", into its fields. */
int ipcbox__ref_put(const char *ref, char field[IPCBOX_NAME_SIZE], __u64 *id)
{
	*id = 0;
	if (!ref || !*ref)
		return -EINVAL;
	if (*ref != '@')
		return ipcbox__name_put(ref, field);
	memset(field, 0, IPCBOX_NAME_SIZE);
	return ipcbox_id_parse(ref + 1, id);
}
