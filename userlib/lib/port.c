// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ports come and go: create, open and delete.
 *
 * Each verb exists once, on an open box, and once more for programs that have
 * no box open.
 */
#include <errno.h>

#include <linux/ipcbox_ring.h>

#include "internal.h"

/* The module takes no lane without a size. */
#define IPCBOX_LANE_BYTES	(65536U - IPCBOX_RING_HEADER)

int ipcbox_port_create_at(int box, const char *name,
			  const struct ipcbox_attr *attr)
{
	static const struct ipcbox_attr defaults = IPCBOX_ATTR_INIT;
	struct ipcbox_port_create create = { 0 };
	int err;

	if (!attr)
		attr = &defaults;
	err = ipcbox__name_put(name, create.name);
	if (err)
		return err;
	create.flags = attr->flags;
	create.rights = attr->rights;
	create.kind = attr->kind;
	create.owner = attr->owner;
	create.sharing = attr->sharing;
	create.mode = attr->mode;
	create.max_msgsize = attr->max_msgsize;
	create.uid = attr->uid;
	create.gid = attr->gid;
	create.max_messages = attr->max_messages;
	create.max_bytes = attr->max_bytes;
	if (attr->kind == IPCBOX_KIND_RING && !attr->max_bytes)
		create.max_bytes = IPCBOX_LANE_BYTES;
	return ipcbox__ioctl(box, IPCBOX_PORT_CREATE, &create);
}

int ipcbox_port_create(const char *name, const struct ipcbox_attr *attr)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box, ipcbox_port_create_at(box, name, attr));
}

int ipcbox_port_open_at(int box, const char *name, uint32_t rights,
			uint64_t flags)
{
	struct ipcbox_port_open args = { .flags = flags, .rights = rights };
	int err = ipcbox__ref_put(name, args.name, &args.id);

	if (err)
		return err;
	return ipcbox__ioctl(box, IPCBOX_PORT_OPEN, &args);
}

int ipcbox_port_open(const char *name, uint32_t rights)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box,
				 ipcbox_port_open_at(box, name, rights, 0));
}

int ipcbox_port_delete_at(int box, const char *name)
{
	struct ipcbox_port_delete args = { 0 };
	int err = ipcbox__ref_put(name, args.name, &args.id);

	if (err)
		return err;
	return ipcbox__ioctl(box, IPCBOX_PORT_DELETE, &args);
}

int ipcbox_port_delete(const char *name)
{
	int box = ipcbox_box_open();

	if (box < 0)
		return box;
	return ipcbox__close_box(box, ipcbox_port_delete_at(box, name));
}
