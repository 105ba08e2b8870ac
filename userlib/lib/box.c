// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The box: the ports that this network namespace sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

/*
 * A missing device is -ENODEV, whatever open(2) says, because for the calls
 * that open the box by themselves -ENOENT means that there is no such port.
 */
int ipcbox_box_open(void)
{
	int saved = errno;
	int box = open(IPCBOX_DEVICE, O_RDWR | O_CLOEXEC);

	if (box < 0) {
		box = -errno;
		errno = saved;
	}
	if (box == -ENOENT || box == -ENXIO)
		return -ENODEV;
	return box;
}

/* Close a box that was opened for one call, and pass on the call's result. */
int ipcbox__close_box(int box, int result)
{
	int saved = errno;

	close(box);
	errno = saved;
	return result;
}

int ipcbox_box_info(int box, struct ipcbox_info *info)
{
	info->flags = 0;
	return ipcbox__ioctl(box, IPCBOX_INFO, info);
}
