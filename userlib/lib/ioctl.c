// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one place where the library enters the module.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "internal.h"

/* As ioctl(2), with the error as a negative value and errno left alone. */
int ipcbox__ioctl(int fd, unsigned long command, void *arg)
{
	int saved = errno;
	int result = ioctl(fd, command, arg);

	if (result < 0) {
		result = -errno;
		errno = saved;
	}
	return result;
}
