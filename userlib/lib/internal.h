/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the library share and nobody else sees.
 */
#ifndef IPCBOX_INTERNAL_H
#define IPCBOX_INTERNAL_H

#include <ipcbox.h>

int ipcbox__ioctl(int fd, unsigned long command, void *arg);
int ipcbox__close_box(int box, int result);
int ipcbox__name_put(const char *name, char field[IPCBOX_NAME_SIZE]);
int ipcbox__send(int fd, unsigned long command, struct ipcbox_send *args,
		 const struct ipcbox_options *options, uint64_t *id);
int ipcbox__recv_options(struct ipcbox_recv *args,
			 const struct ipcbox_options *options);
ssize_t ipcbox__recv_result(const struct ipcbox_recv *args, int err,
			    struct ipcbox_message *msg);
ssize_t ipcbox__recv(int port, struct ipcbox_recv *args,
		     const struct ipcbox_options *options,
		     struct ipcbox_message *msg);
int ipcbox__ref_put(const char *ref, char field[IPCBOX_NAME_SIZE], __u64 *id);

/* A pointer as the ABI carries it. */
static inline __u64 ipcbox__pointer(const void *pointer)
{
	return (__u64)(uintptr_t)pointer;
}

#endif /* IPCBOX_INTERNAL_H */
