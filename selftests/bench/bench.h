/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks share: time, and ports that go with their handles */
#ifndef IPCBOX_BENCH_H
#define IPCBOX_BENCH_H

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/ipcbox.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DIE(...)	err(EXIT_FAILURE, __VA_ARGS__)

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Opened once. */
static inline int bench_box(void)
{
	static int box = -1;

	if (box < 0)
		box = open("/dev/ipcbox", O_RDWR | O_CLOEXEC);
	if (box < 0)
		DIE("/dev/ipcbox");
	return box;
}

/* Without a name; for its id, if that is wanted. */
static inline int bench_port(uint64_t max_messages, uint64_t *id)
{
	struct ipcbox_port_create attr = {
		.rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV,
		.owner = IPCBOX_OWNER_HANDLE,
		.mode = 0600,
		.uid = IPCBOX_ID_SELF,
		.gid = IPCBOX_ID_SELF,
		.max_messages = max_messages,
	};
	int port = ioctl(bench_box(), IPCBOX_PORT_CREATE, &attr);

	if (port < 0)
		DIE("IPCBOX_PORT_CREATE");
	if (id)
		*id = attr.id;
	return port;
}

#endif /* IPCBOX_BENCH_H */
