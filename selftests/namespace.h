/* SPDX-License-Identifier: GPL-2.0-only */
/* User namespaces with mapped ids */
#ifndef IPCBOX_NAMESPACE_H
#define IPCBOX_NAMESPACE_H

#include "ipcbox_test.h"

static inline bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == strlen(text);

	close(fd);
	return ok;
}

/* In a process that has made a user namespace: it is root there. */
static inline bool userns_map_self(uid_t uid, gid_t gid)
{
	char text[32];
	bool ok;

	snprintf(text, sizeof(text), "0 %u 1", uid);
	ok = file_write("/proc/self/uid_map", text) &&
	     file_write("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", gid);
	return ok && file_write("/proc/self/gid_map", text);
}

#endif /* IPCBOX_NAMESPACE_H */
