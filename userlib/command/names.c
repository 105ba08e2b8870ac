// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Users and groups, by name and by number.
 *
 * The statically linked command (IPCBOX_STATIC) knows numbers only, because the
 * C library looks up names through plug-ins that a static program cannot have.
 */
#include <string.h>

#include "command.h"

#ifdef IPCBOX_STATIC

static bool user_lookup(const char *name, uint32_t *uid)
{
	*uid = 0;
	return !strcmp(name, "root");
}

static bool group_lookup(const char *name, uint32_t *gid)
{
	return user_lookup(name, gid);
}

static const char *user_of(uint32_t uid)
{
	return uid ? NULL : "root";
}

static const char *group_of(uint32_t gid)
{
	return user_of(gid);
}

#else

#include <grp.h>
#include <pwd.h>

static bool user_lookup(const char *name, uint32_t *uid)
{
	const struct passwd *user = getpwnam(name);

	if (user)
		*uid = user->pw_uid;
	return user;
}

static bool group_lookup(const char *name, uint32_t *gid)
{
	const struct group *group = getgrnam(name);

	if (group)
		*gid = group->gr_gid;
	return group;
}

static const char *user_of(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? user->pw_name : NULL;
}

static const char *group_of(uint32_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? group->gr_name : NULL;
}

#endif

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* The highest number means "no change" in the ABI, as in chown(2). */
static int parse_id(const char *option, const char *text, uint32_t *id)
{
	uint64_t value;
	int code = parse_number(option, text, IPCBOX_ID_SELF - 1, &value);

	if (!code)
		*id = (uint32_t)value;
	return code;
}

int parse_user(const char *option, const char *text, uint32_t *uid)
{
	if (is_number(text))
		return parse_id(option, text, uid);
	if (user_lookup(text, uid))
		return 0;
	return usage("%s: there is no user '%s'", option, text);
}

int parse_group(const char *option, const char *text, uint32_t *gid)
{
	if (is_number(text))
		return parse_id(option, text, gid);
	if (group_lookup(text, gid))
		return 0;
	return usage("%s: there is no group '%s'", option, text);
}

static void name_or_number(const char *known, uint32_t id, char *name,
			   size_t size)
{
	if (known)
		snprintf(name, size, "%s", known);
	else
		snprintf(name, size, "%u", id);
}

void user_name(uint32_t uid, char *name, size_t size)
{
	name_or_number(user_of(uid), uid, name, size);
}

void group_name(uint32_t gid, char *name, size_t size)
{
	name_or_number(group_of(gid), gid, name, size);
}
