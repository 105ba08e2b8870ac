// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The attributes of a port as options: the same for create and set.
 */
#include <string.h>

#include "command.h"

static int parse_bytes(const char *text, struct ipcbox_set *set)
{
	uint64_t bytes = 0;
	int code;

	if (strcmp(text, "unlimited")) {
		code = parse_size("--bytes", text, UINT64_MAX, &bytes);
		if (code)
			return code;
	}
	set->max_bytes = bytes;
	return 0;
}

static int parse_max_msgsize(const char *text, struct ipcbox_set *set)
{
	uint64_t bytes;
	int code = parse_size("--max-msgsize", text, UINT32_MAX, &bytes);

	if (!code)
		set->max_msgsize = (uint32_t)bytes;
	return code;
}

static int parse_messages(const char *text, struct ipcbox_set *set)
{
	uint64_t messages;
	int code = parse_capacity("--capacity", text, &messages);

	if (!code)
		set->max_messages = messages;
	return code;
}

static int parse_perms(const char *text, struct ipcbox_set *set)
{
	return parse_mode("--mode", text, &set->mode);
}

static int parse_uid(const char *text, struct ipcbox_set *set)
{
	return parse_user("--uid", text, &set->uid);
}

static int parse_gid(const char *text, struct ipcbox_set *set)
{
	return parse_group("--gid", text, &set->gid);
}

static const struct {
	int option;
	__u64 flag;
	int (*parse)(const char *text, struct ipcbox_set *set);
} attribute_table[] = {
	{ 'c', IPCBOX_SET_MAX_MESSAGES, parse_messages },
	{ 'b', IPCBOX_SET_MAX_BYTES, parse_bytes },
	{ 's', IPCBOX_SET_MAX_MSGSIZE, parse_max_msgsize },
	{ 'm', IPCBOX_SET_MODE, parse_perms },
	{ 'u', IPCBOX_SET_UID, parse_uid },
	{ 'g', IPCBOX_SET_GID, parse_gid },
};

/*
 * Take one option: 0, an exit code if its argument is bad, or -1 if it is not
 * an attribute.
 */
int attribute_parse(struct attributes *attributes, int option,
		    const char *text)
{
	size_t i;
	int code;

	for (i = 0; i < ARRAY_SIZE(attribute_table); i++) {
		if (attribute_table[i].option != option)
			continue;
		code = attribute_table[i].parse(text, &attributes->set);
		attributes->set.flags |= attribute_table[i].flag;
		return code;
	}
	return -1;
}
