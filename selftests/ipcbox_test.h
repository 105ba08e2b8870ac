/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the selftests share: the ABI called raw, so that nothing between the
 * test and the module can hide a mistake, and helpers for time and processes
 *
 * All functions return what the system call returns, or -errno.
 */
#ifndef IPCBOX_TEST_H
#define IPCBOX_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcbox.h>

#define IPCBOX_DEV	"/dev/ipcbox"
#define MSEC		1000000ULL
#define SEC		1000000000ULL
#define RIGHTS_ALL \
	(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE)
#define RIGHTS_IO	(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV)

static inline int sys_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static inline ssize_t sys_write(int fd, const void *data, size_t len)
{
	ssize_t ret = write(fd, data, len);

	return ret < 0 ? -errno : ret;
}

static inline ssize_t sys_read(int fd, void *data, size_t len)
{
	ssize_t ret = read(fd, data, len);

	return ret < 0 ? -errno : ret;
}

/* The box */

static inline int box_open(void)
{
	int fd = open(IPCBOX_DEV, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A box of one's own: the caller moves to a new, empty network namespace. */
static inline int box_private(void)
{
	return unshare(CLONE_NEWNET) ? -errno : box_open();
}

/* Into a field of zeros. A name that is too long stays without a NUL. */
static inline void name_copy(char *field, const char *name)
{
	memcpy(field, name, strnlen(name, IPCBOX_NAME_SIZE));
}

/* A mailbox without a name: all rights, mode 0600, no limits. Change and pass
 * to port_create().
 */
static inline struct ipcbox_port_create port_attr(const char *name)
{
	struct ipcbox_port_create attr = {
		.rights = RIGHTS_ALL,
		.mode = 0600,
		.uid = IPCBOX_ID_SELF,
		.gid = IPCBOX_ID_SELF,
		.max_messages = IPCBOX_UNLIMITED,
		.flags = IPCBOX_EXCL,
		.owner = IPCBOX_OWNER_KERNEL,
	};

	if (name)
		name_copy(attr.name, name);
	return attr;
}

static inline int port_create(int box, struct ipcbox_port_create *attr)
{
	return sys_ioctl(box, IPCBOX_PORT_CREATE, attr);
}

/* A nameless port that goes with its last handle, of this capacity. */
static inline int port_temporary(int box, uint64_t max_messages)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = max_messages;
	return port_create(box, &attr);
}

static inline int port_open(int box, const char *name, uint32_t rights)
{
	struct ipcbox_port_open arg = { .rights = rights };

	name_copy(arg.name, name);
	return sys_ioctl(box, IPCBOX_PORT_OPEN, &arg);
}

static inline int port_open_id(int box, uint64_t id, uint32_t rights)
{
	struct ipcbox_port_open arg = { .rights = rights, .id = id };

	return sys_ioctl(box, IPCBOX_PORT_OPEN, &arg);
}

static inline int port_delete(int box, const char *name)
{
	struct ipcbox_port_delete arg = {};

	name_copy(arg.name, name);
	return sys_ioctl(box, IPCBOX_PORT_DELETE, &arg);
}

static inline int port_delete_id(int box, uint64_t id)
{
	struct ipcbox_port_delete arg = { .id = id };

	return sys_ioctl(box, IPCBOX_PORT_DELETE, &arg);
}

static inline int inbox_open(int box)
{
	struct ipcbox_inbox arg = {};

	return sys_ioctl(box, IPCBOX_INBOX, &arg);
}

static inline int box_info(int box, struct ipcbox_info *info)
{
	memset(info, 0, sizeof(*info));
	return sys_ioctl(box, IPCBOX_INFO, info);
}

/* As box_info(), when what an earlier program has left has gone. */
static inline int box_info_settled(int box, struct ipcbox_info *info)
{
	int tries = 5000, ret;

	do {
		ret = box_info(box, info);
	} while (!ret && (info->user_bytes || info->user_ports) &&
		 tries-- && !usleep(1000));
	return ret;
}

/* Handles */

static inline int port_stat(int port, struct ipcbox_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	return sys_ioctl(port, IPCBOX_STAT, stat);
}

static inline uint64_t port_id(int port)
{
	struct ipcbox_stat stat;

	return port_stat(port, &stat) ? 0 : stat.id;
}

static inline int msg_send(int port, const void *data, size_t len,
			   uint64_t type, uint32_t priority, uint64_t flags)
{
	struct ipcbox_send arg = {
		.flags = flags,
		.data = (uintptr_t)data,
		.len = len,
		.type = type,
		.priority = priority,
	};

	return sys_ioctl(port, IPCBOX_SEND, &arg);
}

static inline int msg_send_to(int box, pid_t to, const void *data, size_t len,
			      uint64_t flags)
{
	struct ipcbox_send arg = {
		.flags = flags,
		.data = (uintptr_t)data,
		.len = len,
		.to = to,
	};

	return sys_ioctl(box, IPCBOX_SEND_TO, &arg);
}

/* recv->type, deadline, … as the caller has set them. */
static inline int msg_recv(int port, void *data, size_t len, uint64_t flags,
			   struct ipcbox_recv *recv)
{
	recv->flags = flags;
	recv->data = (uintptr_t)data;
	recv->len = len;
	return sys_ioctl(port, IPCBOX_RECV, recv);
}

static inline int msg_ack(int port, uint64_t id)
{
	struct ipcbox_ack arg = { .id = id };

	return sys_ioctl(port, IPCBOX_ACK, &arg);
}

static inline int msg_nack(int port, uint64_t id)
{
	struct ipcbox_ack arg = { .id = id };

	return sys_ioctl(port, IPCBOX_NACK, &arg);
}

/* Time */

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static inline uint64_t in_ns(uint64_t ns)
{
	return now_ns() + ns;
}

static inline void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / SEC, .tv_nsec = ns % SEC };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Waits until so many threads wait in the port; false after ten seconds. */
static inline bool wait_for_waiters(int port, uint32_t senders,
				    uint32_t receivers)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	while (now_ns() < end) {
		if (port_stat(port, &stat))
			return false;
		if (stat.waiting_senders == senders &&
		    stat.waiting_receivers == receivers)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

/* Waits until receivers hold so many messages; false after ten seconds. */
static inline bool wait_for_held(int port, uint64_t held)
{
	uint64_t end = in_ns(10 * SEC);
	struct ipcbox_stat stat;

	while (now_ns() < end) {
		if (port_stat(port, &stat))
			return false;
		if (stat.held == held)
			return true;
		sleep_ns(MSEC);
	}
	return false;
}

/* Processes: the exit status of a child, or 128 + the signal that ended it. */
static inline int child_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

#endif /* IPCBOX_TEST_H */
