// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fake module, linked in with --wrap, and the loop over the tests.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

struct fake fake;
int test_failures;

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long command, ...);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);

void fake_reset(int (*answer)(int fd, unsigned long command, void *arg))
{
	memset(&fake, 0, sizeof(fake));
	fake.ioctl = answer;
}

static int fail_with(int err)
{
	errno = err;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, IPCBOX_DEVICE))
		return __real_open(path, flags, 0);
	CHECK(flags == (O_RDWR | O_CLOEXEC));
	if (fake.open_errno)
		return fail_with(fake.open_errno);
	fake.opened++;
	return FAKE_BOX;
}

int __wrap_close(int fd)
{
	if (fd < FAKE_BOX)
		return __real_close(fd);
	fake.opened--;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	va_list args;
	void *arg;
	int result;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	fake.calls++;
	result = fake.ioctl(fd, command, arg);
	if (result < 0)
		return fail_with(-result);
	/* a descriptor of a port */
	if (result >= FAKE_PORT)
		fake.opened++;
	return result;
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *memory;

	if (fd < FAKE_BOX)
		return __real_mmap(at, len, prot, flags, fd, offset);
	CHECK(flags == (MAP_SHARED | (at ? MAP_FIXED : 0)));
	memory = fake.mmap ? fake.mmap(len, prot, offset) : NULL;
	if (memory && at)
		return mremap(memory, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			      at);
	if (memory)
		return memory;
	errno = ENOMEM;
	return MAP_FAILED;
}

int test_main(const struct test *tests, int count)
{
	int failed = 0;
	int i;

	printf("1..%d\n", count);
	for (i = 0; i < count; i++) {
		test_failures = 0;
		tests[i].run();
		printf("%sok %d %s\n", test_failures ? "not " : "", i + 1,
		       tests[i].name);
		failed += test_failures != 0;
	}
	return failed != 0;
}
