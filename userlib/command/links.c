// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which processes have which ports open, from /proc/PID/fdinfo.
 *
 * A handle that was inherited or passed on is found with each process that has
 * it. Of the processes of others one may not know what they have open; they are
 * counted. (Kernel threads and zombies have nothing. They have no command line
 * either, which anybody may read.)
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

/* What /proc/PID/fd/N of a handle points to. */
#define HANDLE	"anon_inode:[ipcbox:"

/* A file of /proc, as a text. */
static bool read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

static const char *find_value(const char *text, const char *key)
{
	const char *found = strstr(text, key);

	return found ? found + strlen(key) : NULL;
}

static uint32_t rights_of(const char *letters)
{
	return (letters[0] == 'r' ? IPCBOX_RIGHT_RECV : 0) |
	       (letters[0] && letters[1] == 's' ? IPCBOX_RIGHT_SEND : 0) |
	       (letters[0] && letters[1] && letters[2] == 'm' ?
		IPCBOX_RIGHT_MANAGE : 0);
}

static int links_add(struct links *links, pid_t pid, uint64_t port,
		     uint32_t rights)
{
	struct link *link;
	size_t i;

	/* those of a process stand together, at the end */
	for (i = links->count; i && links->links[i - 1].pid == pid; i--) {
		link = &links->links[i - 1];
		if (link->port == port) {
			link->rights |= rights;
			link->handles++;
			return 0;
		}
	}
	link = reallocarray(links->links, links->count + 1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	links->links = link;
	link[links->count++] = (struct link) {
		.pid = pid, .port = port, .rights = rights, .handles = 1,
	};
	return 0;
}

/* One descriptor of a process. */
static int links_look(struct links *links, pid_t pid, int process,
		      const char *fd)
{
	char path[32 + 256], target[sizeof(HANDLE)], text[4096];
	const char *port, *rights, *net;

	snprintf(path, sizeof(path), "fd/%s", fd);
	if (readlinkat(process, path, target, sizeof(target)) !=
	    sizeof(target) || memcmp(target, HANDLE, sizeof(HANDLE) - 1))
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	if (!read_text(process, path, text, sizeof(text)))
		return 0;
	port = find_value(text, "\nipcbox-port:\t");
	rights = find_value(text, "\nipcbox-rights:\t");
	net = find_value(text, "\nipcbox-net:\t");
	if (!port || !rights || find_value(text, "\nipcbox-deleted:\t1"))
		return 0;
	/* ids are those of a box */
	if (net && strtoull(net, NULL, 10) != links->net)
		return 0;
	return links_add(links, pid, strtoull(port, NULL, 10),
			 rights_of(rights));
}

/* 0, or a negative errno; who ends meanwhile has nothing open. */
static int links_process(struct links *links, pid_t pid, int process)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	char first[2] = "";
	int err = 0;
	DIR *dir;

	if (fd < 0) {
		if (errno == EACCES &&
		    read_text(process, "cmdline", first, sizeof(first)) &&
		    first[0])
			links->hidden++;
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = links_look(links, pid, process, entry->d_name);
	closedir(dir);
	return err;
}

static int links_processes(struct links *links, DIR *proc)
{
	struct dirent *entry;
	int process, err = 0;
	pid_t pid;

	while (!err && (entry = readdir(proc))) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		process = openat(dirfd(proc), entry->d_name,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		err = links_process(links, pid, process);
		close(process);
	}
	return err;
}

/* 0, or an exit code after a message; links->links is to be freed. */
int links_read(struct links *links)
{
	struct stat net;
	DIR *proc = opendir("/proc");
	int err;

	*links = (struct links) { 0 };
	if (!proc || stat("/proc/self/ns/net", &net)) {
		err = fail_file(errno, "cannot read /proc");
		if (proc)
			closedir(proc);
		return err;
	}
	links->net = net.st_ino;
	err = links_processes(links, proc);
	closedir(proc);
	return err ? fail_file(-err, "cannot read /proc") : EXIT_OK;
}

/* The name of a process, empty if it has gone. */
void process_name(pid_t pid, char *name, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (!read_text(AT_FDCWD, path, name, size))
		name[0] = '\0';
	else if (name[0])
		name[strlen(name) - 1] = '\0';
}
