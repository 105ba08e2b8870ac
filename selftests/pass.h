/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors passed from one process to another, over UNIX sockets */
#ifndef IPCBOX_PASS_H
#define IPCBOX_PASS_H

#include <string.h>
#include <sys/socket.h>

static inline int send_descriptors(int sock, const int *fds, size_t n)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	return sendmsg(sock, &msg, 0);
}

static inline int send_descriptor(int sock, int fd)
{
	return send_descriptors(sock, &fd, 1);
}

/* With MSG_PEEK in flags, a copy of one that stays on its way. */
static inline int recv_descriptor(int sock, int flags)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags) != 1 ||
	    !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

#endif /* IPCBOX_PASS_H */
