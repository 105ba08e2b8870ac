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

static int parse_max_deliveries(const char *text, struct ipcbox_set *set)
{
	uint64_t deliveries = 0;
	int code;

	if (strcmp(text, "unlimited")) {
		code = parse_number("--max-deliveries", text, UINT32_MAX,
				    &deliveries);
		if (code)
			return code;
		if (!deliveries)
			return usage("--max-deliveries takes 1 or more, or 'unlimited'");
	}
	set->max_deliveries = (uint32_t)deliveries;
	return 0;
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
	{ 'D', IPCBOX_SET_DEAD_LETTER, parse_max_deliveries },
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

	if (option == 'd') {
		attributes->dead_letter = text;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(attribute_table); i++) {
		if (attribute_table[i].option != option)
			continue;
		code = attribute_table[i].parse(text, &attributes->set);
		attributes->set.flags |= attribute_table[i].flag;
		return code;
	}
	return -1;
}

/* What goes together, and the id of the dead-letter port: 0, or an exit code. */
int attributes_complete(struct attributes *attributes)
{
	struct ipcbox_set *set = &attributes->set;
	struct ipcbox_stat stat;
	int code;

	if (attributes->dead_letter && !set->max_deliveries)
		return usage("--dead-letter needs --max-deliveries=N: after how many deliveries a message goes there");
	if (!attributes->dead_letter && set->max_deliveries)
		return usage("--max-deliveries needs --dead-letter=PORT: where messages go then");
	if (!attributes->dead_letter)
		return 0;
	code = -find_port(attributes->dead_letter, &stat);
	set->dead_letter = stat.id;
	return code;
}
