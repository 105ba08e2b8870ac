// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in loading the module: whatever fails in its beginning, nothing is
 * left of it, and it can be loaded the next time
 *
 * The module is unloaded and loaded as module.sh does it, with the same
 * $IPCBOX_KO, and is loaded as it was when this ends.
 */

#include <kselftest_harness.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include "fault.h"
#include "klog.h"
#include "leak.h"

#define SYS_MODULE	"/sys/module/ipcbox"
#define TRACING		"/sys/kernel/tracing/"
#define NAMESPACES	2		/* beyond the first, each with a box */
#define MANY		(1U << 30)

static void __attribute__((constructor)) faults_or_skip(void)
{
	fault_or_skip();
}

FIXTURE(load)
{
	struct fault fault;
	const char *skip;
	char *image;
	size_t size;
	char parameters[1024];
	pid_t namespaces[NAMESPACES];
};

/* Reads the whole file; NULL if that cannot be done. */
static char *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	char *data = NULL;

	if (fd < 0 || fstat(fd, &stat))
		return NULL;
	data = malloc(stat.st_size);
	for (*size = 0; *size < stat.st_size; ) {
		ssize_t len = read(fd, data + *size, stat.st_size - *size);

		if (len <= 0)
			return NULL;
		*size += len;
	}
	close(fd);
	return data;
}

/* As init_module() takes them. */
static void parameters_read(char *text, size_t size)
{
	static const char * const names[] = {
		"max_msgsize", "max_ports_per_user", "max_bytes_per_user",
	};
	char path[128];
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), SYS_MODULE "/parameters/%s",
			 names[i]);
		len += snprintf(text + len, size - len, "%s=%ld ", names[i],
				leak_number(path));
	}
}

static pid_t namespace_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		abort();
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "ipcbox", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *image, size_t size, const char *parameters,
		struct fault *fault, unsigned int n)
{
	fault_arm(fault, n);
	return syscall(SYS_init_module, image, size, parameters) ? -errno : 0;
}

FIXTURE_SETUP(load)
{
	const char *path = getenv("IPCBOX_KO");
	int i;

	if (path)
		self->image = file_read(path, &self->size);
	if (leak_module_references())
		self->skip = "the module is not loaded, or in use";
	else if (!self->image)
		self->skip = "there is no ipcbox.ko, set IPCBOX_KO";
	if (self->skip)
		return;
	ASSERT_TRUE(fault_init(&self->fault));
	parameters_read(self->parameters, sizeof(self->parameters));
	for (i = 0; i < NAMESPACES; i++)
		self->namespaces[i] = namespace_start();
	ASSERT_EQ(0, unload());
}

FIXTURE_TEARDOWN(load)
{
	int i;

	if (self->skip)
		return;
	if (access(SYS_MODULE, F_OK))
		EXPECT_EQ(0, syscall(SYS_init_module, self->image, self->size,
				     self->parameters));
	for (i = 0; i < NAMESPACES; i++) {
		kill(self->namespaces[i], SIGKILL);
		child_wait(self->namespaces[i]);
	}
	free(self->image);
	close(self->fault.nth);
}

static bool file_tells(const char *path, const char *text)
{
	char line[4096];
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, text);
	if (file)
		fclose(file);
	return found;
}

/* Something by which the module can be seen, or NULL. */
static const char *left_over(void)
{
	static const char * const paths[] = {
		IPCBOX_DEV, SYS_MODULE, "/proc/net/ipcbox",
		"/sys/class/misc/ipcbox", LEAK_SLAB "/" LEAK_MESSAGES,
		TRACING "events/ipcbox",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (!access(paths[i], F_OK))
			return paths[i];
	return file_tells("/proc/misc", " ipcbox") ? "/proc/misc" : NULL;
}

/* Loaded is loaded: all of its boxes are there. (The node is not up to us.) */
static bool complete(const pid_t *namespaces)
{
	struct ipcbox_info info;
	char path[64];
	int i, box;

	for (i = 0; i < NAMESPACES; i++) {
		snprintf(path, sizeof(path), "/proc/%d/net/ipcbox",
			 namespaces[i]);
		if (access(path, F_OK))
			return false;
	}
	if (access("/proc/net/ipcbox", F_OK) ||
	    !file_tells("/proc/misc", " ipcbox"))
		return false;
	box = box_open();
	if (box == -ENOENT)
		return true;
	if (box < 0 || box_info(box, &info))
		return false;
	close(box);
	return true;
}

/* True once the kernel has prepared the module and is about to start it. */
static bool trace_started(void)
{
	return file_tells(TRACING "trace", "module_load: ipcbox");
}

static void trace_clear(void)
{
	close(open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/**
 * struct tally - what came of the failures
 * @failed: the module was not loaded
 * @survived: it was, all the same
 */
struct tally {
	unsigned int failed;
	unsigned int survived;
};

/* Lets the n-th fail; false if the kernel has not come to start the module. */
static bool fail_nth(struct __test_metadata *_metadata,
		     FIXTURE_DATA(load) *self, unsigned int n,
		     struct tally *tally)
{
	enum fault_kind kind;
	const char *bad;
	int ret;

	klog_begin();
	trace_clear();
	ret = load(self->image, self->size, self->parameters, &self->fault, n);
	kind = fault_disarm(&self->fault);
	bad = klog_end();
	EXPECT_EQ(NULL, bad)
		TH_LOG("number %u: %s", n, bad);
	if (!trace_started())
		return false;
	if (ret) {
		tally->failed++;
		EXPECT_EQ(-ENOMEM, ret);
	} else {
		tally->survived += kind != FAULT_NONE;
		EXPECT_TRUE(complete(self->namespaces));
		EXPECT_EQ(0, unload());
	}
	EXPECT_EQ(NULL, left_over())
		TH_LOG("number %u leaves %s", n, left_over());
	return true;
}

/*
 * From the last of all things that can fail to the first that comes after the
 * kernel's own preparations.
 */
TEST_F_TIMEOUT(load, each_step_fails_once, 800)
{
	struct tally tally = {};
	unsigned int n;
	int ret;

	if (self->skip)
		SKIP(return, "%s", self->skip);
	leak_write(TRACING "events/module/module_load/enable", "1");
	ret = load(self->image, self->size, self->parameters, &self->fault,
		   MANY);
	n = MANY - fault_counter(&self->fault);
	fault_disarm(&self->fault);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, unload());
	while (n > 0 && _metadata->passed &&
	       fail_nth(_metadata, self, n, &tally))
		n--;
	leak_write(TRACING "events/module/module_load/enable", "0");
	TH_LOG("%u failures made the module not load, %u did not matter",
	       tally.failed, tally.survived);
	/* A cache, a workqueue, boxes, files in /proc, a device. */
	EXPECT_LE(1 + 1 + 2 * (1 + NAMESPACES) + 1, tally.failed);
}

TEST_HARNESS_MAIN
