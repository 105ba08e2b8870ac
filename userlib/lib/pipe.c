// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pipes: streams without a name, made with both ends.
 */
#include "internal.h"

int ipcbox_pipe_at(int box, int ends[2], uint64_t max_bytes, uint64_t flags)
{
	struct ipcbox_pipe args = { .flags = flags, .max_bytes = max_bytes };
	int err = ipcbox__ioctl(box, IPCBOX_PIPE, &args);

	if (err)
		return err;
	ends[0] = args.fds[0];
	ends[1] = args.fds[1];
	return 0;
}

int ipcbox_pipe(int ends[2], uint64_t max_bytes, uint64_t flags)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box,
				 ipcbox_pipe_at(box, ends, max_bytes, flags));
}
