/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams: bytes over a queue, as in a pipe
 *
 * What is written goes through the queue as messages of at most
 * IPCBOX_STREAM_ATOMIC bytes, each of which is sent whole or not at all; a
 * small one joins the last in line. Who reads takes the first message, copies
 * what it wants, and gives back the rest, first in line; a message uses the
 * capacity until all of it has been read. Readers take turns, by thread, so
 * that what one read gets is consecutive.
 */
#ifndef _IPCBOX_STREAM_H
#define _IPCBOX_STREAM_H

#include <linux/fs.h>

extern const struct file_operations ipcbox_stream_fops;

#endif /* _IPCBOX_STREAM_H */
