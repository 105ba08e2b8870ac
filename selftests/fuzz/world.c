// SPDX-License-Identifier: GPL-2.0-only
/*
 * The world in which sequences run: users, namespaces with their boxes, the
 * kernel's log; and how one waits in it
 *
 * Box 0 is that of the network namespace of the fuzzer, box 1 that of another
 * one, box 2 that of a user namespace which belongs to alice.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>

#include "run.h"

int world_box[NR_BOXES];
int world_file;		/* to be sent */
int world_inbox[MAX_PROCESSES][2];

static int nets[NR_BOXES], user_ns, pid_ns, kernel_log;

/* Time and waiting */

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SEC + now.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec time = { ns / SEC, ns % SEC };

	nanosleep(&time, NULL);
}

void futex_wake(uint32_t *word, int nr)
{
	syscall(SYS_futex, word, FUTEX_WAKE, nr, NULL, NULL, 0);
}

/* Until the word may have changed, or for so long; 0: for ever. */
void futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
	struct timespec time = { ns / SEC, ns % SEC };

	syscall(SYS_futex, word, FUTEX_WAIT, value, ns ? &time : NULL, NULL, 0);
}

/* Zeroed, and a fork() does not have to copy its page tables. */
void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("fuzz: mmap");
		exit(2);
	}
	return memory;
}

/* Namespaces */

static void world_fail(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int checked(int ret, const char *what)
{
	if (ret < 0)
		world_fail(what);
	return ret;
}

static int ns_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return checked(open(path, O_RDONLY | O_CLOEXEC), path);
}

static void id_map(pid_t pid, const char *file)
{
	char path[64], text[64];
	int fd, len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = checked(open(path, O_WRONLY | O_CLOEXEC), path);
	len = snprintf(text, sizeof(text), "0 %d 1\n", ALICE);
	checked(write(fd, text, len), path);
	close(fd);
}

/* A child that makes the namespaces, and waits until they have been opened. */
static void nested_make(void)
{
	int ready[2], done[2];
	char c = 0;
	pid_t pid;

	if (pipe(ready) || pipe(done))
		world_fail("pipe");
	pid = fork();
	if (!pid) {
		close(done[1]);
		if (setresgid(ALICE, ALICE, ALICE) ||
		    setresuid(ALICE, ALICE, ALICE) ||
		    unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		c = write(ready[1], "x", 1);
		c = read(done[0], &c, 1);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		world_fail("user namespace");
	id_map(pid, "uid_map");
	id_map(pid, "gid_map");
	user_ns = ns_open(pid, "user");
	nets[2] = ns_open(pid, "net");
	close(ready[0]);
	close(done[0]);
	close(done[1]);
	waitpid(pid, NULL, 0);
}

static void boxes_open(void)
{
	unsigned int i;

	for (i = 0; i < NR_BOXES; i++) {
		checked(setns(nets[i], CLONE_NEWNET), "setns");
		world_box[i] = checked(open("/dev/ipcbox", O_RDWR | O_CLOEXEC),
				       "/dev/ipcbox");
	}
	checked(setns(nets[0], CLONE_NEWNET), "setns");
}

/* Before the first process is started. */
void world_init(void)
{
	unsigned int i;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	nets[0] = ns_open(getpid(), "net");
	pid_ns = ns_open(getpid(), "pid");
	checked(unshare(CLONE_NEWNET), "unshare");
	nets[1] = ns_open(getpid(), "net");
	nested_make();
	boxes_open();
	for (i = 0; i < MAX_PROCESSES; i++)
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
			       world_inbox[i]))
			world_fail("socketpair");
	world_file = checked(open("/dev/null", O_RDWR | O_CLOEXEC),
			     "/dev/null");
	kernel_log = checked(open("/dev/kmsg", O_RDONLY | O_NONBLOCK |
				  O_CLOEXEC), "/dev/kmsg");
	world_log_skip();
}

/* Index in world_box of the box that such a process sees. */
unsigned int world_box_of(const struct process_spec *spec)
{
	if (spec->who == WHO_NESTED)
		return spec->net == NET_OTHER ? 0 : 2;
	return spec->net == NET_OTHER ? 1 : 0;
}

static bool become_user(uid_t id)
{
	return !setgroups(0, NULL) && !setresgid(id, id, id) &&
	       !setresuid(id, id, id);
}

/**
 * world_become() - change the calling process
 * @spec: into whom
 *
 * Return: whether it worked
 */
bool world_become(const struct process_spec *spec)
{
	int net = nets[world_box_of(spec)];
	bool ok = true;

	if (spec->who == WHO_NESTED)
		ok = !setns(net, CLONE_NEWNET) && !setns(user_ns, CLONE_NEWUSER) &&
		     become_user(0);
	else
		ok = !setns(net, CLONE_NEWNET) &&
		     (spec->who == WHO_ROOT || become_user(ALICE));
	/* So that it may look at itself in /proc. */
	prctl(PR_SET_DUMPABLE, 1);
	return ok;
}

/* As fork(), perhaps into a new process namespace. */
pid_t world_fork(const struct process_spec *spec)
{
	pid_t pid;

	if (spec->new_pid)
		checked(unshare(CLONE_NEWPID), "unshare");
	pid = fork();
	if (pid && spec->new_pid)
		checked(setns(pid_ns, CLONE_NEWPID), "setns");
	return checked(pid, "fork");
}

/**
 * world_info() - IPCBOX_INFO, as a user would get it
 * @box: index in world_box
 * @uid: user
 * @info: filled in
 */
void world_info(unsigned int box, uid_t uid, struct ipcbox_info *info)
{
	memset(info, 0, sizeof(*info));
	if (uid)
		syscall(SYS_setresuid, uid, -1, -1);
	checked(ioctl(world_box[box], IPCBOX_INFO, info), "IPCBOX_INFO");
	if (uid)
		syscall(SYS_setresuid, 0, -1, -1);
}

/* The kernel's log */

void world_log_skip(void)
{
	lseek(kernel_log, 0, SEEK_END);
}

static bool record_is_report(const char *record)
{
	static const char *const signs[] = {
		"WARNING:", "BUG:", "cut here", "Call Trace:", "UBSAN:",
		"INFO: task", "refcount_t:", "ODEBUG:", "possible ",
		"suspicious RCU", "usercopy:", "corruption",
		"general protection", "nable to handle", "segfault",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(record, signs[i]))
			return true;
	return false;
}

/**
 * world_log() - has the kernel reported something since the last call?
 * @text: the report, as far as it fits
 * @size: room for it
 *
 * Return: whether it has
 */
bool world_log(char *text, size_t size)
{
	char record[2048], *message;
	bool found = false;
	size_t len = 0;
	ssize_t ret;

	for (;;) {
		ret = read(kernel_log, record, sizeof(record) - 1);
		if (ret < 0 && errno == EPIPE)
			continue;	/* overrun */
		if (ret <= 0)
			return found;
		record[ret] = '\0';
		message = strchr(record, ';');
		message = message ? message + 1 : record;
		message[strcspn(message, "\n")] = '\0';
		found |= record_is_report(message);
		if (found && len < size)
			len += snprintf(text + len, size - len, "%s\n",
					message);
	}
}

/* After its first report lockdep finds nothing any more. */
bool world_lockdep_works(void)
{
	char line[128];
	bool works = true;
	FILE *file = fopen("/proc/lockdep_stats", "re");

	if (!file)
		return true;
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "debug_locks:"))
			works = strchr(line, '1');
	fclose(file);
	return works;
}
