/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A test program: a table of functions, and TAP on standard output.
 *
 * The module is a fake one: tests/fake.c stands between the library and open(2),
 * close(2), ioctl(2) and mmap(2), and asks a function of the test for an answer.
 */
#ifndef IPCBOX_TEST_H
#define IPCBOX_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <ipcbox.h>

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(function)	{ #function, function }

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* What the current test found wrong. */
extern int test_failures;

#define CHECK(condition) do {						\
	if (!(condition)) {						\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		test_failures++;					\
	}								\
} while (0)

int test_main(const struct test *tests, int count);

/**
 * struct fake - the fake module
 * @open_errno: what opening the device fails with, 0 for success
 * @ioctl: answers a call: 0 or more, or a negative errno
 * @mmap: maps a part of a handle: where it is, or NULL; NULL for none
 * @calls: ioctls since fake_reset()
 * @opened: descriptors that are open
 */
struct fake {
	int open_errno;
	int (*ioctl)(int fd, unsigned long command, void *arg);
	void *(*mmap)(size_t len, int prot, off_t offset);
	int calls;
	int opened;
};

extern struct fake fake;

void fake_reset(int (*answer)(int fd, unsigned long command, void *arg));

/* Descriptors that the fake gives for boxes; handles are the tests' business. */
#define FAKE_BOX	1000
#define FAKE_PORT	2000

#endif /* IPCBOX_TEST_H */
